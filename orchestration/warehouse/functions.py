"""SQL functions that DuckDB lacks, written in Python: dbt adds them to its connection (``plugins`` in profiles.yml).

Add here how a function is registered; keep out what it computes (``orchestration/identity``). Only tables may call one,
never a view: who opens ``work.duckdb`` outside dbt lacks them.
"""

from __future__ import annotations

import duckdb
import pyarrow as pa
from dbt.adapters.duckdb.plugins import BasePlugin
from duckdb.func import ARROW, SPECIAL
from duckdb.sqltypes import VARCHAR

from orchestration.identity.contacts import phone_numbers


def add_functions(connection: duckdb.DuckDBPyConnection) -> None:
    """Add ``phone_number(text, country_calling_code)`` to a connection."""
    connection.create_function(
        "phone_number", _phone_number, [VARCHAR, VARCHAR], VARCHAR, type=ARROW, null_handling=SPECIAL
    )


def _phone_number(texts: pa.ChunkedArray, codes: pa.ChunkedArray) -> pa.Array:
    code = codes[0].as_py() if len(codes) else ""
    return pa.array(phone_numbers(texts.to_pylist(), code), pa.string())


class Plugin(BasePlugin):
    """The plugin that dbt-duckdb loads."""

    def configure_connection(self, conn: duckdb.DuckDBPyConnection) -> None:
        """Add the functions to dbt's connection."""
        add_functions(conn)

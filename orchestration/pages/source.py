"""What a page reads: the published file, through the queries in ``queries/``.

Add here what every query may use; keep out what a page shows (``topics/``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from orchestration.base.errors import PipelineError
from orchestration.base.paths import DBT_PROJECT
from orchestration.pages.lineage import Lineage

QUERIES = Path(__file__).parent / "queries"
MOST_GROUPS = 12
"""A chart draws at most this many groups, and says how many it leaves out: a page stays small in any company."""
MOST_PERIODS = 13
"""A chart over time draws at most this many periods: a year, and the period of a year before."""

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Source:
    """A published version, and the settings of its deployment that pages depend on.

    Attributes:
        connection: the published file, open for reading.
        manifest: the description of the version.
        currency: the currency of every amount.
        minimum_base: the smallest number of answers or customers that may be shown.
        brief: the names of the figures of the nightly brief.
        lineage: the parent columns of each column, by table and column; empty if it is not asked for.
    """

    connection: duckdb.DuckDBPyConnection
    manifest: Mapping[str, Any]
    deployment: str
    currency: str
    minimum_base: int
    brief: Sequence[str] = ()
    lineage: Lineage = field(default_factory=dict)

    @property
    def as_of_date(self) -> date:
        """The first day that is not in the figures."""
        return date.fromisoformat(self.manifest["as_of_date"])

    def has(self, table: str) -> bool:
        """Return whether the version has this table with at least one row."""
        return bool(self.manifest["tables"].get(table, {}).get("row_count"))

    def rows(self, query: str, **names: str) -> list[Row]:
        """Return the rows of ``queries/<query>.sql``.

        Every query may use ``$minimum_base``, ``$most_groups``, ``$most_periods`` and ``$run_id``.

        Args:
            names: names of the project's tables and columns that the query's template takes.

        Raises:
            PipelineError: the version lacks a table or a column of the query.
        """
        sql = _queries().get_template(f"{query}.sql").render(names)
        known = {
            "minimum_base": self.minimum_base,
            "most_groups": MOST_GROUPS,
            "most_periods": MOST_PERIODS,
            "run_id": self.manifest["run_id"],
        }
        used = {name: value for name, value in known.items() if f"${name}" in sql}
        try:
            found = self.connection.execute(sql, used)
        except (duckdb.CatalogException, duckdb.BinderException) as error:
            raise PipelineError(
                f"Version {self.manifest['version']} has not what the page's query '{query}' reads: {error}\n"
                "It was published by another version of cx360. Publish a new one: cx360 run --full-refresh"
            ) from error
        columns = [column[0] for column in found.description or ()]
        return [dict(zip(columns, row, strict=True)) for row in found.fetchall()]


@cache
def _queries() -> Environment:
    """Return the queries as templates: they use the formulas of dbt's macros, so that each has one home."""
    return Environment(  # noqa: S701 - SQL, in which nothing is delivered text
        loader=FileSystemLoader([QUERIES, DBT_PROJECT / "macros"]), undefined=StrictUndefined
    )

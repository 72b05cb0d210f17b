"""Shared by tests of connectors: a table whose files a test writes, and its pulled rows."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from orchestration.config.deployment import Table, load_deployment
from orchestration.config.files import Files
from orchestration.config.systems import System, TableSettings
from orchestration.connectors.batch import Fault
from orchestration.connectors.sources import pull


def table_of(files: Files, table_name: str = "customers") -> Table:
    """A table of the demo company's CRM, delivered as ``files`` declare, without waiting for files to settle."""
    if "settle_seconds" not in files.model_fields_set:
        files = files.model_copy(update={"settle_seconds": 0})
    settings = TableSettings(description="One row per customer.", key=("id",), delivers=())
    system = System(description="The CRM.", roles=("crm",), files=files, tables={table_name: settings})
    deployment = load_deployment("demo").model_copy(update={"systems": {"crm": system}})
    return Table(deployment=deployment, system_name="crm", table_name=table_name)


@dataclass(frozen=True)
class Pulled:
    """The rows without their file, and the faults."""

    rows: list[dict[str, Any]]
    faults: list[Fault]
    columns: list[str]


def pulled(path: Path, **settings: Any) -> Pulled:
    """Pull the one file at ``path``."""
    table = table_of(Files(history=path.name, **settings))
    batches = list(pull(table, table.deployment.history_load_date, path.parent))
    rows = [row for batch in batches for row in batch.rows.to_pylist()]
    assert {row.pop("_source_file") for row in rows} <= {path.name}
    return Pulled(
        rows=rows,
        faults=[fault for batch in batches for fault in batch.faults],
        columns=batches[0].rows.column_names,
    )

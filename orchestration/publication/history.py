"""The history of runs, their checks and the restated figures. It cannot be derived from the landing.

Each version contains the whole history as tables of its ``quality`` schema. Rows that no version contains yet (of
failed, killed and withdrawn runs) are in ``state/history.duckdb`` until the next publication. Add here how the history
is stored; keep out how its rows are made (``assets/publish.py``, ``runs/recovery.py``).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import duckdb

from orchestration.base.paths import Home, sql_text
from orchestration.base.state import DamagedStateError

if TYPE_CHECKING:
    import pandas as pd

CAUSES = (
    "Differences between the two versions that can change earlier figures: late rows, readmitted rows, repeated "
    "delivery, merged identities, code change; separated by commas; other if none of these applies."
)


@dataclass(frozen=True, eq=False)
class HistoryTable:
    """One table of the history: its columns with their types and what they hold."""

    name: str
    description: str
    columns: Mapping[str, tuple[str, str]]

    def create(self, connection: duckdb.DuckDBPyConnection, relation: str) -> None:
        """Create or replace the table, empty and with its comments."""
        columns = ", ".join(f"{name} {sql_type}" for name, (sql_type, _) in self.columns.items())
        connection.execute(f"create or replace table {relation} ({columns})")
        connection.execute(f"comment on table {relation} is '{_quoted(self.description)}'")
        for name, (_, description) in self.columns.items():
            connection.execute(f"comment on column {relation}.{name} is '{_quoted(description)}'")


RUNS = HistoryTable(
    "quality_runs",
    "One row per run that started a step: when it ran, what it published, how it ended.",
    {
        "run_id": ("varchar not null", "Run in the Dagster UI."),
        "outcome": (
            "varchar not null",
            "published; failed: a step failed; killed: its process ended early; withdrawn: its version is withdrawn.",
        ),
        "version": ("varchar", "Version that the run published; null if it published none."),
        "failed_step": ("varchar", "First step that failed; null if none did."),
        "started_at": ("timestamp not null", "When the run started."),
        "ended_at": ("timestamp", "When the run published, failed, or was found to be killed."),
        "as_of_date": ("date", "End of the newest load window in the version; null if the run published none."),
        "code_revision": ("varchar", "Commit of the project that ran; null if the run published none."),
        "check_count": ("bigint not null", "Checks that the run executed."),
        "warning_count": ("bigint not null", "Checks that warned."),
        "failed_count": ("bigint not null", "Checks that failed."),
    },
)
CHECKS = HistoryTable(
    "quality_checks",
    "One row per run and check that it executed, with the result.",
    {
        "run_id": ("varchar not null", "Run in the Dagster UI."),
        "table_name": ("varchar not null", "Checked asset, as the UI names it."),
        "check_name": ("varchar not null", "Name of the check."),
        "status": ("varchar not null", "passed, warned or failed."),
    },
)
RULE_RESULTS = HistoryTable(
    "quality_rule_results",
    "One row per run and rule of a gate that it evaluated; counts only, never a delivered value.",
    {
        "run_id": ("varchar not null", "Run in the Dagster UI."),
        "table_name": ("varchar not null", "Checked landed table or mart, as the UI names it."),
        "rule": ("varchar not null", "Row rule in words, or the figure of a profile that has bounds."),
        "severity": (
            "varchar not null",
            "What a broken rule does: quarantine (the row is set aside), warn, or error (the gate closes).",
        ),
        "evaluated_count": ("bigint not null", "Rows that a row rule judged; units or marts for other rules."),
        "unexpected_count": ("bigint not null", "Those of them that broke the rule."),
        "status": (
            "varchar not null",
            "passed, quarantined, warned, failed, or not_evaluated where there was nothing to judge.",
        ),
    },
)
RESTATEMENTS = HistoryTable(
    "quality_restatements",
    "One row per published figure of an earlier period that a later version changed.",
    {
        "run_id": ("varchar not null", "Run that changed the figure."),
        "as_of_date": ("date not null", "As-of date of the version that changed it."),
        "previous_version": ("varchar not null", "Version with the old figure."),
        "mart": ("varchar not null", "Mart of the figure."),
        "period_end_date": ("date not null", "Last day of the period of the figure."),
        "row_grain": ("varchar not null", "Key of the row in the mart, as JSON."),
        "figure": ("varchar not null", "Column that changed."),
        "old_value": ("double", "Figure in the previous version; null if it had none."),
        "new_value": ("double", "Figure in this version; null if it has none."),
        "cause": ("varchar not null", CAUSES),
    },
)
TABLES = (RUNS, CHECKS, RULE_RESULTS, RESTATEMENTS)

Rows: TypeAlias = Mapping[HistoryTable, "pd.DataFrame"]


@dataclass(frozen=True)
class History:
    """The history of a deployment's runs."""

    home: Home

    @property
    def file(self) -> Path:
        """The file that holds it between versions."""
        return self.home.state / "history.duckdb"

    def run_ids(self) -> set[str]:
        """Return the runs that it contains."""
        with self._open() as connection:
            return {run_id for (run_id,) in connection.execute("select run_id from quality_runs").fetchall()}

    def absorb(self, published: Path) -> None:
        """Add the runs of a published file that it does not contain yet."""
        with self._open() as connection:
            _attach(connection, published.resolve())
            for table in TABLES:
                if _exists(connection, "published", table):
                    connection.execute(
                        f"""
                        insert into {table.name} by name select * from published.quality.{table.name}
                        where run_id not in (select run_id from known)
                        """
                    )

    def add(self, rows: Rows) -> None:
        """Add the rows of a run."""
        with self._open() as connection:
            for table, table_rows in rows.items():
                _insert(connection, table.name, table_rows)

    def withdraw(self, versions: Collection[str]) -> None:
        """Set the outcome of the runs that published these versions to withdrawn."""
        with self._open() as connection:
            connection.execute(
                "update quality_runs set outcome = 'withdrawn' where list_contains(?, version)", [list(versions)]
            )

    def write(self, connection: duckdb.DuckDBPyConnection, run: Rows) -> None:
        """Write the history and the rows of the current run into the file of the next version.

        Args:
            connection: to the work warehouse, with the next version attached as ``cx360``.
        """
        with self._open():
            pass  # opening migrates the file to the current columns
        connection.execute(f"attach {sql_text(self.file)} as history (read_only)")
        for table in TABLES:
            relation = f"cx360.quality.{table.name}"
            table.create(connection, relation)
            connection.execute(f"insert into {relation} by name from history.{table.name}")
            _insert(connection, relation, run[table])
        connection.execute("detach history")

    @contextmanager
    def _open(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """Open the file for one transaction and migrate its tables; the temporary table ``known`` has its run ids."""
        self.file.parent.mkdir(parents=True, exist_ok=True)
        with self._explaining(), duckdb.connect(self.file) as connection:
            connection.execute("begin")
            for table in TABLES:
                self._migrate(connection, table)
            connection.execute("create temp table known as select run_id from quality_runs")
            yield connection
            connection.execute("commit")

    @contextmanager
    def _explaining(self) -> Iterator[None]:
        """Raise one DamagedStateError for whatever DuckDB finds wrong with the file."""
        try:
            yield
        except duckdb.Error as error:
            raise DamagedStateError(
                f"{self.file} cannot be used: {error}\nIt holds the history of runs since the published version. If"
                " another program has it open, close that. If the disk is full, free space. If the file is damaged,"
                " copy it back from a backup, or move it out of the home with its .wal file: the history then lacks the"
                " failed, killed and withdrawn runs since the published version."
            ) from error

    def _migrate(self, connection: duckdb.DuckDBPyConnection, table: HistoryTable) -> None:
        if not _exists(connection, "history", table):
            table.create(connection, table.name)
            return
        columns = {name for name, *_ in connection.execute(f"describe {table.name}").fetchall()}
        if columns != set(table.columns):
            connection.execute(f"create temp table before as from {table.name}")
            table.create(connection, table.name)
            kept = ", ".join(columns & set(table.columns))
            connection.execute(f"insert into {table.name} by name select {kept} from before")
            connection.execute("drop table before")


def _attach(connection: duckdb.DuckDBPyConnection, published: Path) -> None:
    try:
        connection.execute(f"attach {sql_text(published)} as published (read_only)")
    except duckdb.Error as error:
        raise DamagedStateError(
            f"The version {published.parent.name} cannot be read: {error}\nNothing was changed. Move its folder,"
            f" {published.parent}, out of the home, and run again: readers get the newest whole version."
        ) from error


def _exists(connection: duckdb.DuckDBPyConnection, database: str, table: HistoryTable) -> bool:
    found = connection.execute(
        "select 1 from duckdb_tables() where database_name = ? and table_name = ?", [database, table.name]
    )
    return bool(found.fetchall())


def _insert(connection: duckdb.DuckDBPyConnection, relation: str, rows: pd.DataFrame) -> None:
    if len(rows):
        connection.register("rows", rows)
        connection.execute(f"insert into {relation} by name from rows")
        connection.unregister("rows")


def _quoted(text: str) -> str:
    return text.replace("'", "''")

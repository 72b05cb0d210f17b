"""The history of runs: what ran, what was judged, what was restated. It cannot be derived from the landing.

Each version carries all of it as tables of its ``quality`` schema; what no version carries yet (runs that failed or
were killed, runs whose version was withdrawn) lies in ``state/history.duckdb`` until the next one does. Add here how it
is kept; keep out what a run has to tell (``assets/publish.py``, ``recovery.py``).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pandas as pd

from orchestration.base.paths import Home, sql_text

CAUSES = (
    "What differs between the two versions and can move earlier figures: late rows, released quarantine, repeated "
    "delivery, merged identities, code change; with commas where it is several, other where it is none of them."
)


@dataclass(frozen=True, eq=False)
class HistoryTable:
    """One table of the history: its columns with their types and what they hold."""

    name: str
    description: str
    columns: Mapping[str, tuple[str, str]]

    def create(self, connection: duckdb.DuckDBPyConnection, place: str) -> None:
        """Create the table, empty and with its comments, in place of what is there."""
        columns = ", ".join(f"{name} {sql_type}" for name, (sql_type, _) in self.columns.items())
        connection.execute(f"create or replace table {place} ({columns})")
        connection.execute(f"comment on table {place} is '{_quoted(self.description)}'")
        for name, (_, description) in self.columns.items():
            connection.execute(f"comment on column {place}.{name} is '{_quoted(description)}'")


RUNS = HistoryTable(
    "quality_runs",
    "One row per run that began to load: when it ran, what it covered, how it ended.",
    {
        "run_id": ("varchar not null", "Run in the Dagster UI."),
        "outcome": (
            "varchar not null",
            "published; failed: a step said no; killed: the process ended amid a step; withdrawn: taken back since.",
        ),
        "version": ("varchar", "Version that the run published; null where it published none."),
        "failed_step": ("varchar", "First step that failed; null where none did."),
        "started_at": ("timestamp not null", "When the run began."),
        "ended_at": ("timestamp", "When it published, failed or was found dead."),
        "as_of_date": ("date", "End of the newest load window in the version; null where the run published none."),
        "code_revision": ("varchar", "Commit of the project that ran; null where the run published none."),
        "check_count": ("bigint not null", "Checks that the run judged."),
        "warning_count": ("bigint not null", "Checks that warned."),
        "failed_count": ("bigint not null", "Checks that failed."),
    },
)
CHECKS = HistoryTable(
    "quality_checks",
    "One row per check and run that judged it, with its verdict.",
    {
        "run_id": ("varchar not null", "Run in the Dagster UI."),
        "table_name": ("varchar not null", "Asset that was judged, as the UI names it."),
        "check_name": ("varchar not null", "Check on that asset."),
        "status": ("varchar not null", "passed, warned or failed."),
    },
)
RULE_RESULTS = HistoryTable(
    "quality_rule_results",
    "One row per rule of a gate and run that judged it; counts only, never a delivered value.",
    {
        "run_id": ("varchar not null", "Run in the Dagster UI."),
        "table_name": ("varchar not null", "Landed table or mart that was judged, as the UI names it."),
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
        "previous_version": ("varchar not null", "Version that showed the old figure."),
        "mart": ("varchar not null", "Mart that shows the figure."),
        "period_end_date": ("date not null", "Last day of the period that the figure is about."),
        "row_grain": ("varchar not null", "Row of the mart, by the columns of its grain, as JSON."),
        "figure": ("varchar not null", "Column that changed."),
        "old_value": ("double", "Figure before; null where there was none."),
        "new_value": ("double", "Figure now; null where there is none any more."),
        "cause": (
            "varchar not null",
            CAUSES,
        ),
    },
)
TABLES = (RUNS, CHECKS, RULE_RESULTS, RESTATEMENTS)

Rows = Mapping[HistoryTable, pd.DataFrame]


@dataclass(frozen=True)
class History:
    """The history of a deployment's runs."""

    home: Home

    @property
    def file(self) -> Path:
        """Where it is kept between versions."""
        return self.home.state / "history.duckdb"

    def run_ids(self) -> set[str]:
        """The runs that are in it."""
        with self._open() as connection:
            return {run_id for (run_id,) in connection.execute("select run_id from quality_runs").fetchall()}

    def absorb(self, published: Path) -> None:
        """Keep what a published file tells of its runs."""
        with self._open() as connection:
            connection.execute(f"attach {sql_text(published.resolve())} as published (read_only)")
            for table in TABLES:
                if _exists(connection, "published", table):
                    connection.execute(
                        f"""
                        insert into {table.name} by name select * from published.quality.{table.name}
                        where run_id not in (select run_id from known)
                        """
                    )

    def add(self, rows: Rows) -> None:
        """Keep the rows of a run."""
        with self._open() as connection:
            for table, found in rows.items():
                _insert(connection, table.name, found)

    def withdraw(self, versions: Collection[str]) -> None:
        """Say of the runs that published these versions that they are withdrawn."""
        with self._open() as connection:
            connection.execute(
                "update quality_runs set outcome = 'withdrawn' where list_contains(?, version)", [list(versions)]
            )

    def write(self, connection: duckdb.DuckDBPyConnection, run: Rows) -> None:
        """Write the history and the rows of the run under way into the file that will be published.

        Args:
            connection: to the work warehouse, with that file attached as ``cx360``.
        """
        with self._open():
            pass  # whatever form it had, it has this one now
        connection.execute(f"attach {sql_text(self.file)} as history (read_only)")
        for table in TABLES:
            place = f"cx360.quality.{table.name}"
            table.create(connection, place)
            connection.execute(f"insert into {place} by name from history.{table.name}")
            _insert(connection, place, run[table])
        connection.execute("detach history")

    @contextmanager
    def _open(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """Open the file for one transaction, with every table in the form that it has now; ``known`` are its runs."""
        self.file.parent.mkdir(parents=True, exist_ok=True)
        with duckdb.connect(self.file) as connection:
            connection.execute("begin")
            for table in TABLES:
                self._bring_up_to_date(connection, table)
            connection.execute("create temp table known as select run_id from quality_runs")
            yield connection
            connection.execute("commit")

    def _bring_up_to_date(self, connection: duckdb.DuckDBPyConnection, table: HistoryTable) -> None:
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


def _exists(connection: duckdb.DuckDBPyConnection, database: str, table: HistoryTable) -> bool:
    found = connection.execute(
        "select 1 from duckdb_tables() where database_name = ? and table_name = ?", [database, table.name]
    )
    return bool(found.fetchall())


def _insert(connection: duckdb.DuckDBPyConnection, place: str, rows: pd.DataFrame) -> None:
    if len(rows):
        connection.register("rows", rows)
        connection.execute(f"insert into {place} by name from rows")
        connection.unregister("rows")


def _quoted(text: str) -> str:
    return text.replace("'", "''")

"""The history of runs, with and without a version."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import duckdb
import pandas as pd
import pytest

from orchestration.base.paths import Home
from orchestration.publication.history import CHECKS, RESTATEMENTS, RULE_RESULTS, RUNS, TABLES, History

NO_RESTATEMENT = pd.DataFrame()


def rows(run_id: str, outcome: str, version: str | None = None) -> dict[object, pd.DataFrame]:
    run = {
        "run_id": run_id,
        "outcome": outcome,
        "version": version,
        "started_at": pd.Timestamp("2026-01-05 02:00"),
        "as_of_date": date(2026, 1, 5),
        "check_count": 1,
        "warning_count": 0,
        "failed_count": 0,
    }
    check = {"run_id": run_id, "table_name": "marts/mart_orders", "check_name": "gate", "status": "passed"}
    result = {
        "run_id": run_id,
        "table_name": "marts/mart_orders",
        "rule": "min_nps",
        "severity": "error",
        "evaluated_count": 1,
        "unexpected_count": 0,
        "status": "passed",
    }
    return {
        RUNS: pd.DataFrame([run]),
        CHECKS: pd.DataFrame([check]),
        RULE_RESULTS: pd.DataFrame([result]),
        RESTATEMENTS: NO_RESTATEMENT,
    }


def publish(history: History, run_id: str, version: str) -> Path:
    """Write the history into the file of a version."""
    file = history.home.root / f"{version}.duckdb"
    file.parent.mkdir(parents=True, exist_ok=True)
    with duckdb.connect() as connection:
        connection.execute(f"attach '{file}' as cx360")
        connection.execute("create schema cx360.quality")
        history.write(connection, rows(run_id, "published", version))  # type: ignore[arg-type]
    return file


def recorded(file: Path) -> list[tuple[str, str]]:
    with duckdb.connect(file, read_only=True) as connection:
        found = connection.execute("select run_id, outcome from quality.quality_runs order by all").fetchall()
        for table in ("quality_checks", "quality_rule_results"):
            kept = connection.execute(f"select run_id from quality.{table} order by all").fetchall()
            assert [run_id for (run_id,) in kept] == [run_id for run_id, _ in found]
    return [(str(run_id), str(outcome)) for run_id, outcome in found]


@pytest.fixture
def history(tmp_path: Path) -> History:
    return History(Home(tmp_path))


def test_a_version_contains_every_earlier_run(history: History) -> None:
    first = publish(history, "run-1", "one")
    assert recorded(first) == [("run-1", "published")]
    history.absorb(first)
    history.add(rows("run-2", "failed"))  # type: ignore[arg-type]
    assert recorded(publish(history, "run-3", "three")) == [
        ("run-1", "published"),
        ("run-2", "failed"),
        ("run-3", "published"),
    ]


def test_a_version_is_absorbed_only_once(history: History) -> None:
    file = publish(history, "run-1", "one")
    for _ in range(2):
        history.absorb(file)
    assert history.run_ids() == {"run-1"}
    assert recorded(publish(history, "run-2", "two")) == [("run-1", "published"), ("run-2", "published")]


def test_the_run_of_a_withdrawn_version_stays_and_is_marked(history: History) -> None:
    history.absorb(publish(history, "run-1", "one"))
    history.absorb(publish(history, "run-2", "two"))
    history.withdraw(["two"])
    assert recorded(publish(history, "run-3", "three")) == [
        ("run-1", "published"),
        ("run-2", "withdrawn"),
        ("run-3", "published"),
    ]


def test_the_history_is_restored_from_a_published_file_if_the_state_is_lost(history: History) -> None:
    history.absorb(publish(history, "run-1", "one"))
    second = publish(history, "run-2", "two")
    history.file.unlink()
    history.absorb(second)
    assert history.run_ids() == {"run-1", "run-2"}


def test_a_file_of_an_older_release_keeps_its_common_columns(history: History) -> None:
    history.home.state.mkdir()
    with duckdb.connect(history.file) as connection:
        connection.execute(
            """
            create table quality_runs (run_id varchar, outcome varchar, started_at timestamp, check_count bigint,
                warning_count bigint, failed_count bigint, mood varchar);
            insert into quality_runs values ('run-0', 'failed', timestamp '2025-01-01', 1, 0, 1, 'bad');
            """
        )
    assert history.run_ids() == {"run-0"}


def test_every_table_and_column_has_a_description(history: History) -> None:
    with duckdb.connect(publish(history, "run-1", "one"), read_only=True) as connection:
        lacking = connection.execute(
            "select column_name from duckdb_columns() where not internal and comment is null"
        ).fetchall()
        tables = connection.execute("select comment from duckdb_tables() where comment like 'One row per %'").fetchall()
    assert lacking == []
    assert len(tables) == len(TABLES)

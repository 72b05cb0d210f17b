"""Connections to Dagster's event log: kept open during a run, closed after it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from orchestration.runs.event_files import fast_event_files

EVENTS = sa.Table("events", sa.MetaData(), sa.Column("name", sa.String))

_compiled: list[SQLCompiler] = []


class _Watched(FunctionElement[int]):
    """A number in a statement that records each time the statement is compiled."""

    inherit_cache = True
    type = sa.Integer()


@compiles(_Watched)
def _tell(_: _Watched, compiler: SQLCompiler, **__: Any) -> str:
    _compiled.append(compiler)
    return "42"


@pytest.fixture(autouse=True)
def _nothing_compiled() -> None:
    _compiled.clear()


def engine_of(file: Path) -> sa.Engine:
    return sa.create_engine(f"sqlite:///{file}", poolclass=sa.NullPool)


def answers(file: Path, times: int) -> list[int | None]:
    """Run the same query ``times`` times, each through its own engine, as Dagster does."""
    asked = []
    for _ in range(times):
        with engine_of(file).connect() as connection:
            asked.append(connection.scalar(sa.select(_Watched())))
    return asked


def test_a_statement_is_compiled_once_for_all_engines_of_a_run(tmp_path: Path) -> None:
    with fast_event_files(tmp_path):
        assert answers(tmp_path / "events.db", 3) == [42, 42, 42]
    assert len(_compiled) == 1


def test_after_the_run_each_engine_compiles_again(tmp_path: Path) -> None:
    with fast_event_files(tmp_path):
        answers(tmp_path / "events.db", 1)
    answers(tmp_path / "events.db", 2)
    assert len(_compiled) == 3


def test_each_file_receives_its_own_rows(tmp_path: Path) -> None:
    files = [tmp_path / "index.db", tmp_path / "run.db"]
    with fast_event_files(tmp_path):
        for file in files:
            EVENTS.create(engine_of(file))
            for number in (1, 2):
                with engine_of(file).begin() as connection:
                    connection.execute(EVENTS.insert().values(name=f"{file.stem} {number}"))
    for file in files:
        with engine_of(file).connect() as connection:
            assert list(connection.scalars(sa.select(EVENTS.c.name))) == [f"{file.stem} 1", f"{file.stem} 2"]


def test_a_file_stays_open_for_the_run_and_is_closed_after_it(tmp_path: Path) -> None:
    log = tmp_path / "events.db-wal"
    with fast_event_files(tmp_path):
        with engine_of(tmp_path / "events.db").connect() as connection:
            connection.execute(sa.text("pragma journal_mode = wal"))
        EVENTS.create(engine_of(tmp_path / "events.db"))
        assert log.exists()
    assert not log.exists()


def marks(connection: sa.Connection) -> list[str]:
    """The temporary tables of this connection."""
    return list(connection.scalars(sa.text("select name from sqlite_temp_schema")))


def test_a_closed_connection_is_reused_and_an_open_one_is_not(tmp_path: Path) -> None:
    file = tmp_path / "events.db"
    with fast_event_files(tmp_path):
        with engine_of(file).begin() as first:
            first.execute(sa.text("create temporary table mark (name text)"))
        with engine_of(file).connect() as again, engine_of(file).connect() as beside:
            assert (marks(again), marks(beside)) == (["mark"], [])
        with engine_of(tmp_path / "other.db").connect() as other:
            assert marks(other) == []
    with engine_of(file).connect() as after:
        assert marks(after) == []


def test_a_reused_connection_does_not_see_uncommitted_rows(tmp_path: Path) -> None:
    file = tmp_path / "events.db"
    with fast_event_files(tmp_path):
        EVENTS.create(engine_of(file))
        with engine_of(file).connect() as left:
            left.execute(EVENTS.insert().values(name="half"))
        with engine_of(file).connect() as next_one:
            assert next_one.execute(sa.select(EVENTS)).all() == []


def test_a_source_that_is_a_sqlite_database_is_not_affected(tmp_path: Path) -> None:
    """The file may be replaced during the run: a new engine reads the new file."""
    source, newer = tmp_path / "shop.db", tmp_path / "newer.db"
    with fast_event_files(tmp_path / "dagster"):
        for file in (source, newer):
            EVENTS.create(engine_of(file))
            with engine_of(file).begin() as connection:
                connection.execute(EVENTS.insert().values(name=file.stem))
        newer.replace(source)
        with engine_of(source).connect() as connection:
            assert list(connection.scalars(sa.select(EVENTS.c.name))) == ["newer"]

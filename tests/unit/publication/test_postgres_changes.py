"""The rows that differ from the version on the server: what is written, and when every row is."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestration.publication.postgres.publish import Written
from orchestration.publication.versions import Version
from tests.unit.publication.postgres_versions import WIDER, Database, build, killed_at

pytestmark = pytest.mark.xdist_group("postgres")

SAME_KEYS = "update star.fct_orders set order_key = 'o' || line_count"
NEXT_NIGHT = (
    SAME_KEYS,
    "update star.fct_orders set note = 'refunded' where line_count in (1, 2)",
    "delete from star.fct_orders where line_count = 3",
    "update marts.mart_orders set order_count = order_count - 1",
)
"""Of ten orders two changed and one is gone; the mart has no primary key."""


def two_nights(database: Database, tmp_path: Path) -> tuple[list[Version], Written]:
    """Publish a version, and after it one that differs in a few rows."""
    first = build(tmp_path, "first", 10, SAME_KEYS)
    second = build(tmp_path, "second", 11, *NEXT_NIGHT)
    database.publish(first)
    return [second, first], database.publish(second, [second, first])


def physical(database: Database) -> set[tuple[str, str]]:
    """The orders with the transaction that wrote them."""
    return {(key, by) for key, by in database.query("select order_key, xmin::text from cx360_star.fct_orders")}


def test_only_rows_that_differ_are_written(database: Database, tmp_path: Path) -> None:
    first = build(tmp_path, "first", 10, SAME_KEYS)
    second = build(tmp_path, "second", 11, *NEXT_NIGHT)
    database.publish(first)
    before = physical(database)
    written = database.publish(second, [second, first])
    assert written.is_replaced
    assert written.before == "first"
    assert database.standing() == ("second", 10, 10)
    rewritten = {key for key, _ in physical(database) - before}
    assert rewritten == {"o1", "o2", "o10"}
    assert database.query("select order_key from cx360_star.fct_orders where note = 'refunded' order by 1") == [
        ("o1",),
        ("o2",),
    ]
    assert written.row_count == 3 + 1  # and the mart
    left_over = "select relname from pg_class where relname like 'cx360_gone%'"
    assert database.query(left_over) == []


def test_the_same_version_again_writes_nothing_of_it(database: Database, tmp_path: Path) -> None:
    versions, _ = two_nights(database, tmp_path)
    before = physical(database)
    written = database.publish(versions[0], versions)
    assert written.before == "second"
    assert physical(database) == before


def test_an_earlier_version_comes_back_by_its_differences(database: Database, tmp_path: Path) -> None:
    versions, _ = two_nights(database, tmp_path)
    assert database.publish(versions[1], versions).before == "second"
    assert database.standing() == ("first", 10, 10)
    assert database.query("select count(*) from cx360_star.fct_orders where note is not null") == [(0,)]


def test_every_row_is_written_if_rows_are_missing_on_the_server(database: Database, tmp_path: Path) -> None:
    versions, _ = two_nights(database, tmp_path)
    database.execute("delete from cx360_star.fct_orders where order_key = 'o1'")
    written = database.publish(versions[1], versions)
    assert written.before == ""
    [note] = written.notes
    assert "missing on the server" in note
    assert database.standing() == ("first", 10, 10)


def test_every_row_is_written_if_the_version_on_the_server_is_not_on_disk(database: Database, tmp_path: Path) -> None:
    versions, _ = two_nights(database, tmp_path)
    assert database.publish(versions[1], versions[1:]).before == ""
    assert database.standing() == ("first", 10, 10)


def test_new_columns_make_new_tables(database: Database, tmp_path: Path) -> None:
    versions, _ = two_nights(database, tmp_path)
    wider = build(tmp_path, "third", 12, WIDER)
    written = database.publish(wider, [wider, *versions])
    assert (written.is_replaced, written.before) == (False, "")
    assert database.standing() == ("third", 12, 12)


@pytest.mark.parametrize("point", ["preparing", "1 rows", "keys", "committing", "cleaning"])
def test_a_kill_leaves_a_whole_version_and_the_next_night_goes_on(
    point: str, database: Database, tmp_path: Path
) -> None:
    first = build(tmp_path, "first", 10, SAME_KEYS)
    second = build(tmp_path, "second", 11, *NEXT_NIGHT)
    database.publish(first)
    assert killed_at(point, second, [second, first])
    assert database.standing() == (("second", 10, 10) if point == "cleaning" else ("first", 10, 10))
    database.publish(second, [second, first])
    assert database.standing() == ("second", 10, 10)

"""Drops whose names carry no date: which day each belongs to, for good, and what is taken once."""

from __future__ import annotations

import os
from datetime import date, datetime
from functools import partial
from pathlib import Path

import pytest

from orchestration.base.paths import Home
from orchestration.config.deployment import load_deployment
from orchestration.config.files import Files
from orchestration.connectors.batch import SourceError
from orchestration.connectors.sources import available_load_dates, changed_load_dates
from orchestration.landing.landed_files import landed_files
from orchestration.landing.landing import Landing
from tests.unit.landing.deliveries import Company, messages

pytestmark = pytest.mark.xdist_group("great expectations")

TABLE = "crm__loop_actions"
COLUMNS = "loop_id,customer_id,response_id,told_at,acknowledged_at,acted_at"
MONDAY, TUESDAY = date(2026, 1, 5), date(2026, 1, 6)


@pytest.fixture
def demo(tmp_path: Path) -> Company:
    """The demo company, whose CRM names its drops by a number."""
    deployment = load_deployment("demo")
    crm = deployment.systems["crm"]
    files = Files(format="csv", found="crm/{table}_*.csv", settle_seconds=0)
    tables = {"loop_actions": crm.tables["loop_actions"]}
    deployment = deployment.model_copy(
        update={"systems": {"crm": crm.model_copy(update={"files": files, "tables": tables})}}
    )
    return Company(deployment, Landing(deployment, Home(tmp_path / "home"), tmp_path / "extracts"))


def deliver(demo: Company, number: int, at: str, *loops: str) -> None:
    """A drop that came at a time of the company's clock."""
    lines = [f"{loop},c-1,r-{loop},2026-01-05T01:00:00+01:00,," for loop in loops]
    demo.deliver(f"crm/loop_actions_{number}.csv", "\n".join([COLUMNS, *lines]) + "\n")
    moment = datetime.fromisoformat(at).replace(tzinfo=demo.deployment.zone).timestamp()
    os.utime(demo.landing.extracts / f"crm/loop_actions_{number}.csv", (moment, moment))


def days(demo: Company) -> list[date]:
    return available_load_dates(demo.deployment, demo.landing.extracts, partial(landed_files, demo.landing.home))


def changed(demo: Company) -> list[date]:
    return changed_load_dates(demo.deployment, demo.landing.extracts, partial(landed_files, demo.landing.home))


def loops(demo: Company, day: date) -> list[str]:
    return [row["loop_id"] for row in demo.landed(TABLE, day)]


def test_a_drop_belongs_to_the_day_on_which_it_came_by_the_company_s_clock(demo: Company) -> None:
    deliver(demo, 1, "2026-01-05T00:30:00", "a")
    deliver(demo, 2, "2026-01-05T23:59:59", "b")
    deliver(demo, 3, "2026-01-06T00:00:00", "c")
    assert days(demo) == [MONDAY, TUESDAY]
    demo.admit(TABLE, MONDAY, TUESDAY)
    assert (loops(demo, MONDAY), loops(demo, TUESDAY)) == (["a", "b"], ["c"])


def test_a_day_that_is_pulled_again_takes_the_same_files_whatever_their_times_say_now(demo: Company) -> None:
    deliver(demo, 1, "2026-01-05T10:00:00", "a")
    demo.admit(TABLE, MONDAY)
    before = demo.files()
    deliver(demo, 1, "2026-01-07T10:00:00", "a")
    assert days(demo) == [MONDAY]
    demo.admit(TABLE, MONDAY)
    assert demo.files() == before


def test_a_drop_that_comes_after_its_day_was_taken_makes_the_day_wait_again(demo: Company) -> None:
    deliver(demo, 1, "2026-01-05T02:00:00", "a")
    demo.admit(TABLE, MONDAY)
    assert changed(demo) == []
    deliver(demo, 2, "2026-01-05T14:00:00", "b")
    assert changed(demo) == [MONDAY]
    demo.admit(TABLE, MONDAY)
    assert loops(demo, MONDAY) == ["a", "b"]
    assert changed(demo) == []


def test_the_same_content_on_another_day_is_taken_once_and_told(demo: Company) -> None:
    deliver(demo, 1, "2026-01-05T10:00:00", "a")
    demo.admit(TABLE, MONDAY)
    deliver(demo, 2, "2026-01-06T10:00:00", "a")
    (unit,) = demo.admit(TABLE, TUESDAY)
    assert unit.has_landed
    assert unit.profile["source_row_count"] == 0
    assert messages([unit], "warn") == [
        (
            "crm/loop_actions_2.csv (of crm/loop_actions_1.csv of 2026-01-05): the same content was taken before,"
            " and was not taken again"
        )
    ]
    assert (loops(demo, MONDAY), loops(demo, TUESDAY)) == (["a"], [])
    # and again, whichever day is pulled
    assert days(demo) == [MONDAY, TUESDAY]
    demo.admit(TABLE, MONDAY, TUESDAY)
    assert (loops(demo, MONDAY), loops(demo, TUESDAY)) == (["a"], [])


def test_days_that_are_pulled_together_take_the_same_content_once(demo: Company) -> None:
    deliver(demo, 1, "2026-01-05T10:00:00", "a")
    deliver(demo, 2, "2026-01-06T10:00:00", "a")
    demo.admit(TABLE, MONDAY, TUESDAY)
    assert (loops(demo, MONDAY), loops(demo, TUESDAY)) == (["a"], [])


def test_another_content_under_an_old_name_is_a_new_delivery(demo: Company) -> None:
    deliver(demo, 1, "2026-01-05T10:00:00", "a")
    demo.admit(TABLE, MONDAY)
    deliver(demo, 1, "2026-01-06T10:00:00", "b")
    assert days(demo) == [TUESDAY]
    demo.admit(TABLE, TUESDAY)
    assert (loops(demo, MONDAY), loops(demo, TUESDAY)) == (["a"], ["b"])


def test_another_content_under_an_old_name_on_the_same_day_belongs_to_the_next(demo: Company) -> None:
    deliver(demo, 1, "2026-01-05T02:00:00", "a")
    demo.admit(TABLE, MONDAY)
    deliver(demo, 1, "2026-01-05T14:00:00", "b")
    assert days(demo) == [TUESDAY]
    demo.admit(TABLE, TUESDAY)
    assert (loops(demo, MONDAY), loops(demo, TUESDAY)) == (["a"], ["b"])


def test_a_day_whose_file_was_overwritten_cannot_be_taken_again_and_keeps_what_landed(demo: Company) -> None:
    deliver(demo, 1, "2026-01-05T10:00:00", "a")
    demo.admit(TABLE, MONDAY)
    deliver(demo, 1, "2026-01-06T10:00:00", "b")
    with pytest.raises(SourceError, match=r"loop_actions_1\.csv' landed on 2026-01-05 and has been removed or changed"):
        demo.admit(TABLE, MONDAY)
    assert loops(demo, MONDAY) == ["a"]


def test_without_what_the_state_remembers_files_are_read_once_more_and_nothing_else_changes(demo: Company) -> None:
    deliver(demo, 1, "2026-01-05T10:00:00", "a")
    demo.admit(TABLE, MONDAY)
    before = demo.files()
    for path in (demo.landing.home.state / "file_tags").rglob("*.json"):
        path.unlink()
    assert (days(demo), changed(demo)) == ([MONDAY], [])
    demo.admit(TABLE, MONDAY)
    assert demo.files() == before


def test_a_drop_before_the_history_belongs_to_it(demo: Company) -> None:
    deliver(demo, 1, "2020-01-05T10:00:00", "a")
    assert days(demo) == [demo.history]
    demo.admit(TABLE)
    assert loops(demo, demo.history) == ["a"]


def test_a_day_on_which_nothing_came_is_an_empty_unit(demo: Company) -> None:
    deliver(demo, 1, "2026-01-06T10:00:00", "a")
    demo.admit(TABLE, MONDAY, TUESDAY)
    assert (loops(demo, MONDAY), loops(demo, TUESDAY)) == ([], ["a"])


def test_a_changed_file_that_is_named_by_date_makes_its_day_wait_again(tmp_path: Path) -> None:
    deployment = load_deployment("demo")
    crm = deployment.systems["crm"]
    tables = {"loop_actions": crm.tables["loop_actions"]}
    deployment = deployment.model_copy(update={"systems": {"crm": crm.model_copy(update={"tables": tables})}})
    dated = Company(deployment, Landing(deployment, Home(tmp_path / "home"), tmp_path / "extracts"))
    lines = COLUMNS + "\n{},c-1,r,2026-01-05T10:00:00+01:00,,\n"
    for day in (MONDAY, TUESDAY):
        dated.deliver(f"{day}/crm/loop_actions.csv", lines.format(day.day))
    dated.admit(TABLE, MONDAY, TUESDAY)
    assert changed(dated) == []
    dated.deliver(f"{TUESDAY}/crm/loop_actions.csv", lines.format(day.day))
    assert changed(dated) == []
    dated.deliver(f"{TUESDAY}/crm/loop_actions.csv", lines.format("x"))
    assert changed(dated) == [TUESDAY]
    dated.admit(TABLE, TUESDAY)
    assert (changed(dated), loops(dated, TUESDAY)) == ([], ["x"])

"""Withdrawing a version: readers get the previous one, and its load dates are on hold until they are released."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import duckdb
import pytest

from orchestration.base.errors import PipelineError
from orchestration.config.deployment import load_deployment
from orchestration.publication.holds import Holds
from orchestration.publication.publication import Publication
from orchestration.runs.pending import hold_reason, pending_load_dates, refusal_reason
from tests.unit.publication.publications import FIRST, SECOND, age, build, current_amounts, publication, publish

THIRD = SECOND + timedelta(days=1)
DEMO = load_deployment("demo")


@pytest.fixture
def published(tmp_path: Path) -> Publication:
    """Three nights, each with a unit that landed and rows that were rejected."""
    three = publication(tmp_path / "demo")
    for amount, day in enumerate((FIRST, SECOND, THIRD), start=1):
        for folder in (three.home.landing, three.home.quarantine):
            unit = folder / "crm" / "customers" / f"load_date={day}"
            unit.mkdir(parents=True)
            (unit / "part-00001.parquet").write_text(f"rows of {day}", encoding="utf-8")
        publish(three, day, f"run-{amount}", amount)
    return three


def landed(published: Publication) -> list[str]:
    """The load dates in the landing, which must be those in the quarantine."""
    found = [
        sorted(path.parent.name.removeprefix("load_date=") for path in folder.rglob("part-*.parquet"))
        for folder in (published.home.landing, published.home.quarantine)
    ]
    assert found[0] == found[1]
    return found[0]


def deliver(extracts: Path, *days: date) -> Path:
    for day in days:
        (extracts / day.isoformat() / "crm").mkdir(parents=True)
        (extracts / day.isoformat() / "crm" / "customers.csv").write_text("customer_id\n", encoding="utf-8")
    return extracts


def test_readers_get_the_previous_version_and_the_load_date_is_on_hold(published: Publication, tmp_path: Path) -> None:
    with duckdb.connect((published.current / "cx360.duckdb").resolve(), read_only=True) as reader:
        withdrawn, current = published.withdraw()
        assert reader.execute("select net_amount from star.fct_orders").fetchall() == [(3,)]
    assert ([version.name for version in withdrawn], current.name) == (["2026-01-07-run-3"], "2026-01-06-run-2")
    assert current_amounts(published) == [2]
    assert published.holds.load_dates() == [THIRD]
    assert landed(published) == ["2026-01-05", "2026-01-06"]
    extracts = deliver(tmp_path / "extracts", SECOND, THIRD, THIRD + timedelta(days=1))
    assert pending_load_dates(DEMO, published, extracts) == [THIRD + timedelta(days=1)]


def test_later_versions_are_withdrawn_too(published: Publication) -> None:
    published.withdraw("2026-01-06-run-2")
    assert current_amounts(published) == [1]
    assert published.holds.load_dates() == [SECOND, THIRD]
    assert set(published.holds.withdrawn()) == {"2026-01-06-run-2", "2026-01-07-run-3"}
    assert landed(published) == ["2026-01-05"]


def test_the_reason_of_a_hold_names_load_date_version_and_remedy(published: Publication) -> None:
    assert hold_reason(DEMO, published) is None
    published.withdraw()
    reason = hold_reason(DEMO, published)
    assert reason
    assert all(fact in reason for fact in ("2026-01-07,", "2026-01-07-run-3", "cx360 release --deployment demo"))


def test_a_released_load_date_is_back_in_the_landing_and_pending(published: Publication, tmp_path: Path) -> None:
    published.withdraw("2026-01-06-run-2")
    published.holds.release([SECOND])
    assert landed(published) == ["2026-01-05", "2026-01-06"]
    assert published.holds.load_dates() == [THIRD]
    extracts = deliver(tmp_path / "extracts", FIRST, SECOND, THIRD)
    assert pending_load_dates(DEMO, published, extracts) == [SECOND]
    published.holds.release([THIRD])
    assert landed(published) == ["2026-01-05", "2026-01-06", "2026-01-07"]
    assert hold_reason(DEMO, published) is None


def test_the_next_version_follows_the_withdrawn_one(published: Publication) -> None:
    published.withdraw()
    publish(published, THIRD, "run-4", 4)
    assert current_amounts(published) == [4]
    assert [version.name for version in published.versions()] == [
        "2026-01-07-run-4",
        "2026-01-07-run-3",
        "2026-01-06-run-2",
        "2026-01-05-run-1",
    ]
    published.withdraw()
    assert current_amounts(published) == [2]


def test_a_withdrawn_version_stays_while_it_holds_load_dates(published: Publication) -> None:
    published.withdraw()
    age(published, hours=2)
    publish(published, SECOND, "run-4", 4)
    assert "2026-01-07-run-3" in {version.name for version in published.versions()}
    published.holds.release([THIRD])
    age(published, hours=2)
    publish(published, SECOND, "run-5", 5)
    assert "2026-01-07-run-3" not in {version.name for version in published.versions()}
    assert "2026-01-05-run-1" in {version.name for version in published.versions()}


def test_a_withdrawal_killed_after_it_was_recorded_is_finished(published: Publication) -> None:
    Holds(published.home).withdraw(["2026-01-07-run-3"], {THIRD})  # recorded, and killed before any folder was moved
    assert current_amounts(published) == [3]
    published.settle_versions()
    assert current_amounts(published) == [2]
    assert landed(published) == ["2026-01-05", "2026-01-06"]


def test_a_release_killed_between_two_moves_is_finished(published: Publication) -> None:
    published.withdraw()
    aside = published.home.held / "quarantine" / "crm" / "customers" / "load_date=2026-01-07"
    aside.rename(published.home.quarantine / "crm" / "customers" / "load_date=2026-01-07")
    published.settle_versions()  # the release was not recorded: the load date stays on hold
    assert landed(published) == ["2026-01-05", "2026-01-06"]
    published.holds.release([THIRD])
    assert landed(published) == ["2026-01-05", "2026-01-06", "2026-01-07"]


def test_no_run_starts_while_a_published_load_date_is_on_hold(published: Publication) -> None:
    again = {"load_dates": ["2026-01-05", "2026-01-06", "2026-01-07"], "taken_load_dates": ["2026-01-06"]}
    for run_id in ("run-4", "run-5"):
        build(published.home, 4)
        published.publish(THIRD, run_id, again)
    published.withdraw()
    reason = refusal_reason(DEMO, published)
    assert reason
    assert "current version contains 2026-01-06" in reason
    assert "cx360 run --deployment demo --date 2026-01-06" in reason


def test_the_oldest_version_cannot_be_withdrawn(published: Publication) -> None:
    with pytest.raises(PipelineError, match="'2026-01-05-run-1' is the oldest"):
        published.withdraw("2026-01-05-run-1")
    assert current_amounts(published) == [3]
    assert published.holds.load_dates() == []


@pytest.mark.parametrize(
    ("name", "problem"), [("2026-01-07-run-3", "is already withdrawn"), ("2026-01-07", "does not exist")]
)
def test_the_error_of_an_unknown_version_lists_the_published_ones(
    published: Publication, name: str, problem: str
) -> None:
    published.withdraw()
    with pytest.raises(PipelineError, match=f"'{name}' {problem}.* 2026-01-06-run-2, 2026-01-05-run-1"):
        published.withdraw(name)

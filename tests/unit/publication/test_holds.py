"""Going back: a version is withdrawn, readers get the one before, and what it had loaded waits until it is released."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import duckdb
import pytest

from orchestration.base.errors import PipelineError
from orchestration.config.deployment import load_deployment
from orchestration.publication.holds import Holds
from orchestration.publication.publication import Publication
from orchestration.runs.pending import pending_load_dates, why_held, why_nothing_may_run
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
    """The load dates that a build would find, each with its quarantine beside it."""
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


def test_readers_get_the_version_before_and_the_window_is_held(published: Publication, tmp_path: Path) -> None:
    with duckdb.connect((published.current / "cx360.duckdb").resolve(), read_only=True) as reader:
        withdrawn, current = published.withdraw()
        assert reader.execute("select net_amount from star.fct_orders").fetchall() == [(3,)]
    assert ([version.name for version in withdrawn], current.name) == (["2026-01-07-run-3"], "2026-01-06-run-2")
    assert current_amounts(published) == [2]
    assert published.holds.load_dates() == [THIRD]
    assert landed(published) == ["2026-01-05", "2026-01-06"]
    extracts = deliver(tmp_path / "extracts", SECOND, THIRD, THIRD + timedelta(days=1))
    assert pending_load_dates(DEMO, published, extracts) == [THIRD + timedelta(days=1)]


def test_later_versions_are_withdrawn_with_it(published: Publication) -> None:
    published.withdraw("2026-01-06-run-2")
    assert current_amounts(published) == [1]
    assert published.holds.load_dates() == [SECOND, THIRD]
    assert set(published.holds.withdrawn()) == {"2026-01-06-run-2", "2026-01-07-run-3"}
    assert landed(published) == ["2026-01-05"]


def test_a_held_window_is_told_with_what_to_do(published: Publication) -> None:
    assert why_held(DEMO, published) is None
    published.withdraw()
    assert why_held(DEMO, published) == (
        "Held: 2026-01-07, because 2026-01-07-run-3 was withdrawn. When what was wrong is mended: "
        "cx360 release --deployment demo"
    )


def test_what_is_released_is_landed_again_and_pending(published: Publication, tmp_path: Path) -> None:
    published.withdraw("2026-01-06-run-2")
    published.holds.release([SECOND])
    assert landed(published) == ["2026-01-05", "2026-01-06"]
    assert published.holds.load_dates() == [THIRD]
    extracts = deliver(tmp_path / "extracts", FIRST, SECOND, THIRD)
    assert pending_load_dates(DEMO, published, extracts) == [SECOND]
    published.holds.release([THIRD])
    assert landed(published) == ["2026-01-05", "2026-01-06", "2026-01-07"]
    assert why_held(DEMO, published) is None


def test_the_next_version_comes_after_the_withdrawn_one(published: Publication) -> None:
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


def test_a_withdrawn_version_stays_as_long_as_it_holds_something(published: Publication) -> None:
    published.withdraw()
    age(published, hours=2)
    publish(published, SECOND, "run-4", 4)
    assert "2026-01-07-run-3" in {version.name for version in published.versions()}
    published.holds.release([THIRD])
    age(published, hours=2)
    publish(published, SECOND, "run-5", 5)
    assert "2026-01-07-run-3" not in {version.name for version in published.versions()}
    assert "2026-01-05-run-1" in {version.name for version in published.versions()}


def test_a_withdrawal_that_was_killed_after_its_note_is_finished(published: Publication) -> None:
    Holds(published.home).withdraw(["2026-01-07-run-3"], {THIRD})  # noted, and killed before anything was moved
    assert current_amounts(published) == [3]
    published.settle()
    assert current_amounts(published) == [2]
    assert landed(published) == ["2026-01-05", "2026-01-06"]


def test_a_release_that_was_killed_between_two_moves_is_finished(published: Publication) -> None:
    published.withdraw()
    aside = published.home.held / "quarantine" / "crm" / "customers" / "load_date=2026-01-07"
    aside.rename(published.home.quarantine / "crm" / "customers" / "load_date=2026-01-07")
    published.settle()  # it was not noted: held it stays
    assert landed(published) == ["2026-01-05", "2026-01-06"]
    published.holds.release([THIRD])
    assert landed(published) == ["2026-01-05", "2026-01-06", "2026-01-07"]


def test_nothing_runs_where_the_current_version_shows_a_day_that_cannot_be_rebuilt(published: Publication) -> None:
    again = {"load_dates": ["2026-01-05", "2026-01-06", "2026-01-07"], "taken_load_dates": ["2026-01-06"]}
    for run_id in ("run-4", "run-5"):
        build(published.home, 4)
        published.publish(THIRD, run_id, again)
    published.withdraw()
    told = why_nothing_may_run(DEMO, published)
    assert told is not None
    assert "The current version shows 2026-01-06, which the withdrawn version had taken anew" in told
    assert "cx360 run --deployment demo --date 2026-01-06" in told


def test_there_is_no_going_back_behind_the_oldest_version(published: Publication) -> None:
    with pytest.raises(PipelineError, match="'2026-01-05-run-1' is the oldest there is: nothing is left to go back to"):
        published.withdraw("2026-01-05-run-1")
    assert current_amounts(published) == [3]
    assert published.holds.load_dates() == []


@pytest.mark.parametrize(
    ("name", "why"), [("2026-01-07-run-3", "has been withdrawn already"), ("2026-01-07", "does not exist")]
)
def test_a_version_that_is_not_published_is_refused_with_those_that_are(
    published: Publication, name: str, why: str
) -> None:
    published.withdraw()
    with pytest.raises(PipelineError, match=f"'{name}' {why}. Published are: 2026-01-06-run-2, 2026-01-05-run-1"):
        published.withdraw(name)

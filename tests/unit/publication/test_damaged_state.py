"""Damaged files of the state end in one message that names the file, what it holds and what to do."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import duckdb
import pytest

from orchestration.base.paths import Home
from orchestration.base.state import DamagedStateError
from orchestration.landing.corrections import Correction, corrections_of, keep_release
from orchestration.publication.history import History
from orchestration.publication.holds import Holds
from orchestration.warehouse.fits import FitStore
from tests.unit.publication.publications import FIRST, SECOND, current_amounts, publication, publish

DAY = date(2026, 1, 5)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "demo")


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"v": {}}', '{"v": {"withdrawn_at": "2026-01-05T00:00:00Z", "held_load_dates": ["soon"]}}']
)
def test_a_damaged_list_of_withdrawn_versions_is_named_and_left_as_it_is(home: Home, text: str) -> None:
    Holds(home).withdraw(["v"], [DAY])
    file = home.state / "withdrawn.json"
    file.write_text(text, "utf-8")
    for read in (Holds(home).load_dates, Holds(home).withdrawn, Holds(home).settle_holds):
        with pytest.raises(DamagedStateError) as error:
            read()
        assert all(fact in str(error.value) for fact in (str(file), "versions are withdrawn", "cx360 restore"))
    assert file.read_text("utf-8") == text


def test_a_lost_list_of_withdrawn_versions_is_noticed_by_the_units_on_hold(home: Home) -> None:
    unit = home.landing / "crm" / "customers" / "load_date=2026-01-05"
    unit.mkdir(parents=True)
    Holds(home).withdraw(["v"], [DAY])
    Holds(home).settle_holds()
    (home.state / "withdrawn.json").unlink()
    with pytest.raises(DamagedStateError, match=r"withdrawn\.json is missing"):
        Holds(home).settle_holds()
    assert not unit.exists()


def test_a_unit_on_hold_that_is_also_in_the_landing_is_not_overwritten(home: Home) -> None:
    Holds(home).withdraw(["v"], [])
    for folder in (home.landing, home.held / "landing"):
        unit = folder / "crm" / "customers" / "load_date=2026-01-05"
        unit.mkdir(parents=True)
        (unit / "part-00001.parquet").write_text(str(folder), "utf-8")
    with pytest.raises(DamagedStateError, match=r"load_date=2026-01-05 cannot be moved to .* because both exist"):
        Holds(home).settle_holds()


def garbage(file: Path) -> None:
    file.write_bytes(b"no database" * 2000)


def cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-5000])


def foreign_table(file: Path) -> None:
    with duckdb.connect(file) as connection:
        connection.execute("drop table quality_runs; create table quality_runs as select 1 as mine")


@pytest.mark.parametrize("damage", [garbage, cut, foreign_table])
def test_a_damaged_history_is_named_with_its_remedy(home: Home, damage: Callable[[Path], None]) -> None:
    history = History(home)
    assert history.run_ids() == set()
    damage(history.file)
    with pytest.raises(DamagedStateError) as error:
        history.run_ids()
    message = str(error.value)
    assert all(fact in message for fact in (str(history.file), "history of runs", "backup", "move it out"))


def test_a_published_file_that_cannot_be_read_is_not_taken_for_a_damaged_history(home: Home) -> None:
    published = publication(home.root)
    publish(published, FIRST, "run-1", 3)
    version = publish(published, SECOND, "run-2", 4)
    database = version / "cx360.duckdb"
    database.write_bytes(b"x" * database.stat().st_size)
    with pytest.raises(DamagedStateError) as error:
        History(home).absorb(database)
    assert all(
        fact in str(error.value) for fact in ("2026-01-06-run-2 cannot be read", str(version), "out of the home")
    )
    version.rename(home.root / "aside")  # the remedy of the message
    published.settle_versions()
    assert current_amounts(published) == [3]


def test_damaged_fits_are_named(home: Home) -> None:
    store = FitStore(home)
    store.keep("spend", DAY, [{"p": 1.0}])
    assert store.before("spend", date(2026, 1, 6)) == [{"p": 1.0}]
    (home.state / "fits" / "spend" / "2026-01-05.json").write_text("[{", "utf-8")
    with pytest.raises(DamagedStateError, match=r"spend/2026-01-05\.json is damaged.*fits"):
        store.before("spend", date(2026, 1, 6))


def test_damaged_corrections_are_named_with_their_line(home: Home) -> None:
    correction = Correction("crm__cases", "2026-01-05", "cases.csv", 2, "text", {"id": "1"})
    number = keep_release(home, [correction])
    assert corrections_of(home, "crm__cases", DAY) == {correction.rejected: correction}
    file = home.state / "releases" / f"{number}.jsonl"
    file.write_text(file.read_text("utf-8") + '{"table": "crm__cases"}\n', "utf-8")
    with pytest.raises(DamagedStateError, match=rf"{number}\.jsonl, line 2 is damaged: load_date"):
        corrections_of(home, "crm__cases", DAY)

"""A night that is tried again: what had landed stays as it is, as long as the source and the rules say the same."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from orchestration.base.errors import PipelineError
from orchestration.base.paths import PROJECT
from orchestration.base.progress import Pace
from orchestration.config.deployment import Table, Window
from orchestration.config.settings import Limits, Secret
from orchestration.config.systems import Sql
from orchestration.connectors import files, sources
from orchestration.connectors.batch import Batch
from orchestration.connectors.drops import Landed
from orchestration.landing import admission
from orchestration.landing.pull import forget
from orchestration.landing.quarantine import export, quarantined, release
from orchestration.runs.tags import PENDING, requested_range
from tests.unit.landing.deliveries import CUSTOMERS, Company, company, deliver_customers

pytestmark = pytest.mark.xdist_group("great expectations")

MONDAY = date(2026, 1, 5)
WEEK = [MONDAY + timedelta(days=place) for place in range(7)]


@pytest.fixture
def pulled(monkeypatch: pytest.MonkeyPatch) -> list[date]:
    """The load dates that were pulled, question by question."""
    asked: list[date] = []
    pull = files.pull

    def noted(table: Table, window: Window, extracts: Path, landed: Landed) -> Iterator[Batch]:
        asked.append(window.load_date)
        yield from pull(table, window, extracts, landed)

    monkeypatch.setattr(files, "pull", noted)
    return asked


def week(root: Path, rows: int = 50, bad: int = 0) -> Company:
    demo = company("demo", root)
    for night in WEEK:
        deliver_customers(demo, night, rows, bad)
    return demo


def admit(demo: Company, asked: str = PENDING, days: list[date] = WEEK, table: str = CUSTOMERS) -> None:
    demo.landing.admit(demo.table(table), days, asked)


def test_what_had_landed_is_not_pulled_again(tmp_path: Path, pulled: list[date]) -> None:
    demo = week(tmp_path)
    admit(demo, days=WEEK[:4])
    before = {path: path.stat().st_ino for path in demo.landing.home.landing.rglob("*.parquet")}
    admit(demo)
    assert pulled == WEEK
    assert before.items() <= {path: path.stat().st_ino for path in demo.landing.home.landing.rglob("*.parquet")}.items()


@pytest.mark.parametrize("asked", [requested_range(WEEK[0], WEEK[-1]), requested_range(WEEK[0], None)])
def test_who_asks_for_something_else_has_all_of_it_pulled(tmp_path: Path, pulled: list[date], asked: str) -> None:
    demo = week(tmp_path)
    admit(demo)
    admit(demo, asked)
    assert pulled == WEEK * 2
    admit(demo, asked)
    assert pulled == WEEK * 2
    admit(demo)
    assert pulled == WEEK * 3


def test_a_pull_that_was_published_is_forgotten(tmp_path: Path, pulled: list[date]) -> None:
    demo = week(tmp_path)
    admit(demo)
    forget(demo.landing.home)
    admit(demo)
    assert pulled == WEEK * 2


def test_a_file_delivered_anew_is_pulled_and_the_days_after_it_are_judged_again(
    tmp_path: Path, pulled: list[date]
) -> None:
    demo, undisturbed = week(tmp_path / "again"), week(tmp_path / "once")
    admit(demo)
    for each in (demo, undisturbed):
        deliver_customers(each, WEEK[3], rows=60)
    pulled.clear()
    admit(demo)
    assert pulled == WEEK[3:]
    admit(undisturbed)
    assert demo.files() == undisturbed.files()


def test_a_mended_rule_judges_what_had_landed_anew(tmp_path: Path, pulled: list[date]) -> None:
    demo = week(tmp_path)
    admit(demo)
    limits = demo.deployment.model_copy(update={"limits": Limits(rejected_rate=0.5)})
    table = next(table for table in limits.tables() if table.name == CUSTOMERS)
    demo.landing.admit(table, WEEK, PENDING)
    assert pulled == WEEK * 2


def test_after_a_refused_unit_the_next_try_goes_on_with_it(tmp_path: Path, pulled: list[date]) -> None:
    demo = week(tmp_path)
    deliver_customers(demo, WEEK[2], rows=50, bad=20)
    units = demo.landing.admit(demo.table(CUSTOMERS), WEEK, PENDING)
    assert [unit.has_landed for unit in units].index(False) == 2
    assert pulled == WEEK
    deliver_customers(demo, WEEK[2], rows=50)
    pulled.clear()
    admit(demo)
    assert pulled == WEEK[2:]
    assert [len(demo.landed(CUSTOMERS, night)) for night in WEEK] == [50] * 7


def test_a_source_that_fails_keeps_what_it_had_delivered_whole_and_other_tables_keep_theirs(
    tmp_path: Path, pulled: list[date]
) -> None:
    demo = week(tmp_path)
    header = "activity_id,customer_id,activity_type,occurred_at\n"
    for night in WEEK:
        demo.deliver(f"{night}/crm/activities.csv", header)
    demo.deliver(f"{WEEK[4]}/crm/customers.csv", "")
    with pytest.raises(PipelineError, match=f"{WEEK[4]}/crm/customers.csv': the file has 0 bytes"):
        admit(demo)
    admit(demo, table="crm__activities")
    assert [demo.folders(CUSTOMERS, night)[0].exists() for night in WEEK] == [True] * 4 + [False] * 3
    deliver_customers(demo, WEEK[4], rows=50)
    pulled.clear()
    admit(demo)
    admit(demo, table="crm__activities")
    assert pulled == WEEK[4:]


def test_a_unit_whose_landing_is_gone_is_pulled(tmp_path: Path, pulled: list[date]) -> None:
    demo = week(tmp_path)
    admit(demo)
    landing, _ = demo.folders(CUSTOMERS, WEEK[5])
    landing.rename(tmp_path / "held")
    pulled.clear()
    admit(demo)
    assert pulled == WEEK[5:]


def test_what_is_kept_tells_its_warnings_and_its_figures_again(tmp_path: Path) -> None:
    demo = week(tmp_path, bad=1)
    file = demo.landing.extracts / f"{WEEK[1]}/crm/customers.csv"
    file.write_text(file.read_text(encoding="utf-8").replace("language", "tongue"), encoding="utf-8")
    first = demo.landing.admit(demo.table(CUSTOMERS), WEEK, PENDING)
    kept = demo.landing.admit(demo.table(CUSTOMERS), WEEK, PENDING)
    assert [unit.explain() for unit in kept] == [unit.explain() for unit in first]
    assert any(unit.findings for unit in kept)
    for one, other in zip(kept, first, strict=True):
        assert one.profile.items() <= other.profile.items()
        assert one.profile["duplicate_count"] == 0
        assert one.profile["quarantined_row_count"] == 1


def test_a_release_from_quarantine_between_two_tries_stays(tmp_path: Path, pulled: list[date]) -> None:
    demo = week(tmp_path, bad=1)
    admit(demo)
    rows = tmp_path / "rows.jsonl"
    export(quarantined(demo.deployment, demo.landing.home, CUSTOMERS, WEEK[2]), rows)
    line = json.loads(rows.read_text(encoding="utf-8"))
    line["row"]["updated_at"] = "2026-01-07T10:00:00+01:00"
    rows.write_text(json.dumps(line) + "\n", encoding="utf-8")
    release(demo.deployment, demo.landing.home, rows)
    pulled.clear()
    admit(demo)
    assert pulled == []
    assert len(demo.landed(CUSTOMERS, WEEK[2])) == 50


def test_a_line_that_a_full_disk_cut_off_costs_its_unit_and_those_after_it(tmp_path: Path, pulled: list[date]) -> None:
    demo = week(tmp_path)
    admit(demo)
    noted = demo.landing.home.state / "pull.jsonl"
    noted.write_bytes(noted.read_bytes()[:-20])
    pulled.clear()
    admit(demo)
    assert pulled == WEEK[6:]
    pulled.clear()
    admit(demo)
    assert pulled == []


def test_a_database_is_known_by_what_it_is_asked_once_the_window_has_ended() -> None:
    demo = company("demo", Path("unused"))
    system = demo.deployment.systems["crm"].model_copy(update={"files": None, "sql": Sql(url=Secret(env="CRM_URL"))})
    deployment = demo.deployment.model_copy(update={"systems": {"crm": system}})
    orders, *_ = deployment.tables()
    today = datetime.now(UTC).date()
    monday = sources.fingerprint(orders, MONDAY, Path("unused"))
    assert monday
    assert monday == sources.fingerprint(orders, MONDAY, Path("unused"))
    assert monday != sources.fingerprint(orders, WEEK[1], Path("unused"))
    # its rows are not all there yet
    assert sources.fingerprint(orders, today + timedelta(days=1), Path("unused")) is None


def test_units_land_as_they_are_judged_and_not_all_at_the_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    demo = week(tmp_path)
    monkeypatch.setattr(admission, "ROWS_PER_JUDGEMENT", 100)
    landed: list[int] = []
    shown: list[str] = []

    def look(text: str) -> None:
        shown.append(text)
        landed.append(sum(demo.folders(CUSTOMERS, night)[0].exists() for night in WEEK))

    pace = Pace(look)
    demo.landing.admit(demo.table(CUSTOMERS), WEEK, PENDING, pace)
    # the second of two nights ends with the first batch of the next chunk
    assert landed == [1, 3, 5, 7]
    assert (pace.row_count, pace.done_count, pace.kept_count) == (350, 7, 0)
    assert "350 rows" in shown[-1]
    assert "7 of 7 load dates" in shown[-1]


def test_a_slow_source_lands_what_it_has_delivered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    demo = week(tmp_path)
    monkeypatch.setattr(admission, "SECONDS_PER_JUDGEMENT", 0)
    moved: list[str] = []
    demo.landing.admit(demo.table(CUSTOMERS), WEEK, PENDING, Pace(moved.append))
    assert len(moved) == 14
    assert [words.split(", ")[2] for words in moved[1::2]] == [f"{done} of 7 load dates" for done in range(1, 8)]


BACKFILL = """
import sys
from pathlib import Path
from datetime import date, timedelta
from orchestration.landing import admission
from tests.unit.landing.deliveries import CUSTOMERS, company

admission.ROWS_PER_JUDGEMENT = 1
demo = company("demo", Path(sys.argv[1]))
first, last = date.fromisoformat(sys.argv[2]), date.fromisoformat(sys.argv[3])
days = [first + timedelta(days=place) for place in range((last - first).days + 1)]
demo.landing.admit(demo.table(CUSTOMERS), days, f"{first} to {last}")
"""


def test_a_backfill_that_was_killed_goes_on_where_it_was_and_ends_the_same(tmp_path: Path) -> None:
    # within one month: the units of a past month are compacted
    nights = [MONDAY + timedelta(days=place) for place in range(27)]
    demo, undisturbed = company("demo", tmp_path / "killed"), company("demo", tmp_path / "undisturbed")
    for each in (demo, undisturbed):
        for place, night in enumerate(nights):
            deliver_customers(each, night, rows=100 + place, bad=place % 3)
    command = [sys.executable, "-c", BACKFILL, str(tmp_path / "killed"), str(nights[0]), str(nights[-1])]
    noted = demo.landing.home.state / "pull.jsonl"
    with subprocess.Popen(command, cwd=PROJECT) as process:
        deadline = time.monotonic() + 240
        while process.poll() is None and time.monotonic() < deadline:
            if noted.exists() and noted.read_bytes().count(b"\n") > 5:
                break
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL
    landed = {
        path: (path.stat().st_ino, path.stat().st_mtime_ns)
        for line in noted.read_text(encoding="utf-8").splitlines()[1:]
        for path in demo.folders(CUSTOMERS, date.fromisoformat(json.loads(line)["load_date"]))[0].iterdir()
    }
    assert 10 <= len(landed) < 2 * len(nights)
    subprocess.run(command, cwd=PROJECT, check=True, timeout=240)
    assert {path: (path.stat().st_ino, path.stat().st_mtime_ns) for path in landed} == landed
    undisturbed.admit(CUSTOMERS, *nights)
    assert demo.files() == undisturbed.files()

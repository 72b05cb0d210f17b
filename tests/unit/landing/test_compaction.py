"""The units of a month that has ended share a folder, and each can still be replaced, held, corrected and compared."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

from orchestration.base.paths import PROJECT, Home
from orchestration.config.deployment import Table, load_deployment
from orchestration.connectors.batch import Batch, Delivery
from orchestration.gates.judge import Broken
from orchestration.gates.suites import suite_of
from orchestration.landing.compaction import compact, expand
from orchestration.landing.landed_files import landed_files
from orchestration.landing.quarantine import export, quarantined, release
from orchestration.landing.unit import UnitWriter, rejected_rows
from orchestration.landing.unit_place import UnitFolders, UnitPlace, landed_units, recover_units
from orchestration.landing.unit_profile import read_profile
from orchestration.publication.holds import Holds
from tests.unit.landing.deliveries import CUSTOMERS, Company, company, deliver_customers, messages

pytestmark = pytest.mark.xdist_group("great expectations")

JANUARY = [date(2026, 1, 29), date(2026, 1, 30), date(2026, 1, 31)]
FEBRUARY = date(2026, 2, 1)
DAYS = [*JANUARY, FEBRUARY]
MONTH = "load_date=2026-01"


@pytest.fixture
def table() -> Table:
    """The customers of the demo company's CRM."""
    return next(table for table in load_deployment("demo").tables() if table.name == CUSTOMERS)


@pytest.fixture
def home(tmp_path: Path, table: Table) -> Home:
    """Three days of January and one of February, each of three rows with one of them rejected; not compacted."""
    home = Home(tmp_path / "home")
    for day in DAYS:
        land(home, table, day, [f"{day}-{number}" for number in range(3)])
    return home


def land(home: Home, table: Table, day: date, customers: list[str]) -> None:
    """Land a day whose last row is rejected, as the landing does but for the compaction."""
    writer = UnitWriter(UnitPlace(home, table, day), suite_of(table), {})
    if customers:
        rows = pa.table({"customer_id": customers, "updated_at": [f"{day}T08:00:00Z"] * len(customers)})
        batch = Batch.of(rows, f"{day}.csv", np.arange(len(customers)) + 2)
        writer.tally.files = {f"{day}.csv": Delivery(f"{day}.csv", f"content of {day}")}
        writer.take(batch, {len(customers) - 1: [Broken("segment is known", "'x' is no segment")]})
    writer.close(())
    writer.place.commit()


def contents(home: Home, table: Table) -> dict[date, Any]:
    """What a reader of the landing finds of each unit: rows, rejected rows, profile and files."""
    folders = UnitFolders.of(home, table)
    rows: dict[date, list[dict[str, Any]]] = {}
    for part in folders.landing.glob("load_date=*/*.parquet"):
        for row in pq.ParquetFile(part).read().to_pylist():
            rows.setdefault(row["_load_date"], []).append(row)
    files = landed_files(home, table)
    return {
        place.load_date: (
            sorted(rows.get(place.load_date, []), key=lambda row: row["_source_row"]),
            rejected_rows(place),
            read_profile(place),
            files.get(place.load_date, {}),
        )
        for place in landed_units(home, table)
    }


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def bytes_below(folder: Path, pattern: str) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob(pattern)}


def test_a_month_that_has_ended_is_one_file_of_each_kind_and_reads_as_before(home: Home, table: Table) -> None:
    before = contents(home, table)
    folders = UnitFolders.of(home, table)
    compact(folders)
    assert names(folders.landing) == names(folders.quarantine) == [MONTH, "load_date=2026-02-01"]
    assert names(folders.landing / MONTH) == ["checksums.json", "files.json", "part-00001.parquet", "profile.json"]
    assert names(folders.quarantine / MONTH) == ["part-00001.parquet"]
    assert contents(home, table) == before
    assert [len(before[day][0]) for day in DAYS] == [2, 2, 2, 2]
    assert [unit.load_date for unit in landed_units(home, table)] == [*reversed(DAYS)]


@pytest.mark.parametrize("file", ["intermediate/_landing__sources.yml", "quality/_quality__sources.yml"])
def test_dbt_reads_the_load_date_of_every_unit_in_a_compacted_month(home: Home, table: Table, file: str) -> None:
    compact(UnitFolders.of(home, table))
    [source] = yaml.safe_load((PROJECT / "dbt_project" / "models" / file).read_text(encoding="utf-8"))["sources"]
    location = source["tables"][0]["config"]["meta"]["external_location"]
    for name, folder in (("landing", home.landing), ("quarantine", home.quarantine)):
        location = location.replace(f'{{{{ var("{name}") }}}}', str(folder))
    column = "load_date" if "landing" in file else "_load_date"
    found = duckdb.sql(f"select {column}, count(*) from {location} group by all order by all").fetchall()
    assert found == [(day, 1) for day in DAYS]


def test_the_month_of_the_newest_unit_and_a_month_of_one_unit_stay(home: Home, table: Table) -> None:
    land(home, table, FEBRUARY + timedelta(days=1), ["c"])
    land(home, table, date(2025, 12, 31), ["history", "x"])
    folders = UnitFolders.of(home, table)
    compact(folders)
    expected = ["load_date=2025-12-31", MONTH, "load_date=2026-02-01", "load_date=2026-02-02"]
    assert names(folders.landing) == expected


def test_an_expanded_month_has_every_unit_as_it_landed(home: Home, table: Table) -> None:
    folders = UnitFolders.of(home, table)
    land(home, table, date(2026, 1, 28), [])
    before, texts = contents(home, table), bytes_below(folders.landing, "[fp]*.json")
    compact(folders)
    expand(folders, [FEBRUARY])
    assert MONTH in names(folders.landing)
    expand(folders, [JANUARY[1]])
    assert names(folders.landing) == names(folders.quarantine)
    assert MONTH not in names(folders.landing)
    assert contents(home, table) == before
    assert bytes_below(folders.landing, "[fp]*.json") == texts
    assert len(list(folders.landing.glob("*/*.parquet"))) == 5


def test_columns_keep_the_types_that_each_unit_was_delivered_in(tmp_path: Path) -> None:
    lines = next(table for table in load_deployment("demo").tables() if table.name == "shop__order_lines")
    home, folders = Home(tmp_path), UnitFolders.of(Home(tmp_path), lines)
    deliveries = {
        JANUARY[0]: pa.table({"order_number": ["1"], "quantity": pa.array([7], pa.int32())}),
        JANUARY[1]: pa.table({"quantity": ["seven"], "order_number": ["2"]}),
        JANUARY[2]: pa.table({"quantity": pa.array([8], pa.int32()), "order_number": ["3"]}),
        FEBRUARY: pa.table({"order_number": ["4"]}),
    }
    for day, rows in deliveries.items():
        writer = UnitWriter(UnitPlace(home, lines, day), suite_of(lines), {})
        writer.take(Batch.of(rows, "lines.parquet", np.arange(1) + 1), {})
        writer.close(())
        writer.place.commit()
    compact(folders)
    parts = [pq.ParquetFile(part).read() for part in sorted((folders.landing / MONTH).glob("*.parquet"))]
    assert [(part.schema.field("quantity").type, part["quantity"].to_pylist()) for part in parts] == [
        (pa.int32(), [7, 8]),
        (pa.string(), ["seven"]),
    ]
    expand(folders, JANUARY)
    [part] = (folders.landing / f"load_date={JANUARY[1]}").glob("*.parquet")
    assert pq.ParquetFile(part).read()["quantity"].to_pylist() == ["seven"]


class KilledError(BaseException):
    """Stands for SIGKILL: no code of the pipeline catches it."""


@pytest.mark.parametrize("change", [compact, lambda folders: expand(folders, JANUARY)], ids=["compact", "expand"])
def test_a_kill_before_any_rename_leaves_every_row_once(
    home: Home, table: Table, monkeypatch: pytest.MonkeyPatch, change: Callable[[UnitFolders], None]
) -> None:
    folders = UnitFolders.of(home, table)
    before = contents(home, table)
    rename = Path.rename
    killed = 0
    while True:
        # as before the change
        (expand if change is compact else lambda at, _: compact(at))(folders, JANUARY)
        done: list[Path] = []

        def kill(path: Path, target: Path, done: list[Path] = done, after: int = killed) -> Path:
            if len(done) == after:
                raise KilledError
            done.append(path)
            return rename(path, target)

        with monkeypatch.context() as patch:
            patch.setattr(Path, "rename", kill)
            try:
                change(folders)
            except KilledError:
                killed += 1
            else:
                break
        recover_units(home, table)
        assert contents(home, table) == before
        assert not list(home.root.rglob(".*"))
    # the decision, then for landing and quarantine: the old folders aside, the new ones in their place
    assert killed == 1 + 2 * (3 + 1)


def test_a_day_of_a_compacted_month_that_is_pulled_again_replaces_that_day_alone(tmp_path: Path) -> None:
    demo = company("demo", tmp_path)
    for day in DAYS:
        deliver_customers(demo, day, rows=100, bad=2)
    demo.admit(CUSTOMERS, *DAYS)
    table, home = demo.table(CUSTOMERS), demo.landing.home
    before = contents(home, table)
    assert names(UnitFolders.of(home, table).landing) == [MONTH, "load_date=2026-02-01"]
    deliver_customers(demo, JANUARY[1], rows=90, bad=1)
    demo.admit(CUSTOMERS, JANUARY[1])
    after = contents(home, table)
    assert names(UnitFolders.of(home, table).landing) == [MONTH, "load_date=2026-02-01"]
    assert (len(after[JANUARY[1]][0]), len(after[JANUARY[1]][1])) == (89, 1)
    others = [day for day in DAYS if day != JANUARY[1]]
    assert {day: after[day] for day in others} == {day: before[day] for day in others}
    files = demo.files()
    demo.admit(CUSTOMERS, JANUARY[1])
    assert demo.files() == files


def test_a_unit_is_compared_with_the_last_one_of_a_compacted_month(tmp_path: Path) -> None:
    demo = company("demo", tmp_path)
    for day in JANUARY:
        deliver_customers(demo, day, rows=150)
    deliver_customers(demo, FEBRUARY, rows=150)
    demo.admit(CUSTOMERS, *DAYS)
    stale, fresh = FEBRUARY + timedelta(days=1), date(2026, 3, 1)
    deliver_customers(demo, stale, rows=150)
    demo.admit(CUSTOMERS, stale)
    deliver_customers(demo, fresh, rows=150)
    demo.admit(CUSTOMERS, fresh)
    # the last file of February once more, now that February is compacted
    assert names(UnitFolders.of(demo.landing.home, demo.table(CUSTOMERS)).landing)[1] == "load_date=2026-02"
    old = (demo.landing.extracts / f"{stale}" / "crm" / "customers.csv").read_bytes()
    demo.deliver(f"{fresh}/crm/customers.csv", old)
    [unit] = demo.admit(CUSTOMERS, fresh)
    assert not unit.has_landed
    assert any("stale" in message for message in messages([unit], "error"))


def test_a_day_of_a_compacted_month_is_held_and_comes_back(home: Home, table: Table) -> None:
    folders = UnitFolders.of(home, table)
    before = contents(home, table)
    compact(folders)
    holds = Holds(home)
    holds.withdraw(["a version"], [JANUARY[2]])
    holds.settle_holds()
    compact(folders)
    assert contents(home, table) == {day: before[day] for day in DAYS if day != JANUARY[2]}
    holds.release([JANUARY[2]])
    assert contents(home, table) == before
    compact(folders)
    assert names(folders.landing) == [MONTH, "load_date=2026-02-01"]
    assert contents(home, table) == before


def test_a_rejected_row_of_a_compacted_month_is_listed_and_released(tmp_path: Path) -> None:
    demo = company("demo", tmp_path)
    for day in DAYS:
        deliver_customers(demo, day, rows=100, bad=1)
    demo.admit(CUSTOMERS, *DAYS)
    home, table = demo.landing.home, demo.table(CUSTOMERS)
    units = list(quarantined(demo.deployment, home, CUSTOMERS, JANUARY[0]))
    assert [(unit.load_date, len(unit.rows)) for unit in units] == [(JANUARY[0], 1)]
    export(units, tmp_path / "rows.jsonl")
    line = json.loads((tmp_path / "rows.jsonl").read_text(encoding="utf-8"))
    line["row"]["updated_at"] = datetime(2026, 1, 29, tzinfo=UTC).isoformat()
    (tmp_path / "rows.jsonl").write_text(json.dumps(line), encoding="utf-8")
    release(demo.deployment, home, tmp_path / "rows.jsonl")
    assert [len(contents(home, table)[day][0]) for day in DAYS] == [100, 99, 99, 99]
    assert [len(rejected_rows(place)) for place in landed_units(home, table)] == [1, 1, 1, 0]


def test_a_pull_that_was_interrupted_keeps_its_compacted_units(tmp_path: Path) -> None:
    demo: Company = company("demo", tmp_path)
    for day in DAYS:
        deliver_customers(demo, day, rows=100)
    table = demo.table(CUSTOMERS)
    first = demo.landing.admit(table, DAYS, asked="pending")
    files = {path: path.stat().st_ino for path in demo.landing.home.landing.rglob("*.parquet")}
    again = demo.landing.admit(table, DAYS, asked="pending")
    assert [unit.load_date for unit in again] == [unit.load_date for unit in first]
    assert {path: path.stat().st_ino for path in demo.landing.home.landing.rglob("*.parquet")} == files

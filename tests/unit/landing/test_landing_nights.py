"""The landing over several nights: again, after a crash, many at once."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pyarrow as pa
import pytest

from tests.unit.landing.deliveries import CUSTOMER_COLUMNS, CUSTOMERS, Company, company, deliver_customers, messages

pytestmark = pytest.mark.xdist_group("great expectations")

LINES = "shop__order_lines"
MONDAY = date(2026, 1, 5)
WEEK = [MONDAY + timedelta(days=place) for place in range(7)]
USUAL = " the median of the last loads (200.0), not between 0.2 and 5.0"


def deliver_lines(demo: Company, load_date: date, quantity: pa.Array) -> None:
    """A night of one order's lines with these quantities."""
    count = len(quantity)
    lines = {
        "order_number": ["A-1"] * count,
        "line_number": list(range(1, count + 1)),
        "sku": ["s"] * count,
        "quantity": quantity,
        "net_amount": [1.0] * count,
        "cost_amount": [1.0] * count,
    }
    demo.deliver(f"{load_date}/shop/order_lines.parquet", pa.table(lines))


def test_the_same_unit_again_gives_the_same_files(tmp_path: Path) -> None:
    demo = company("demo", tmp_path)
    deliver_customers(demo, MONDAY, rows=100, bad=2)
    demo.admit(CUSTOMERS, MONDAY)
    before = demo.files()
    demo.admit(CUSTOMERS, MONDAY)
    assert demo.files() == before


def test_a_unit_pulled_again_replaces_its_landing_and_its_quarantine(tmp_path: Path) -> None:
    demo = company("demo", tmp_path)
    deliver_customers(demo, MONDAY, rows=100, bad=2)
    demo.admit(CUSTOMERS, MONDAY)
    deliver_customers(demo, MONDAY, rows=90, bad=1)
    demo.admit(CUSTOMERS, MONDAY)
    assert len(demo.landed(CUSTOMERS, MONDAY)) == 89
    assert [row["_source_row"] for row in demo.quarantined(CUSTOMERS, MONDAY)] == [91]


class KilledError(BaseException):
    """Stands for SIGKILL: nothing in the pipeline catches it."""


@pytest.mark.parametrize("renames", range(6))
def test_a_kill_between_any_two_renames_leaves_the_old_unit_or_the_new_one_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, renames: int
) -> None:
    demo = company("demo", tmp_path)
    deliver_customers(demo, MONDAY, rows=100, bad=2)
    demo.admit(CUSTOMERS, MONDAY)
    old = demo.files()
    deliver_customers(demo, MONDAY, rows=90, bad=3)
    rename = Path.rename
    done: list[Path] = []

    def kill(path: Path, target: Path) -> Path:
        if len(done) == renames:
            raise KilledError
        done.append(path)
        return rename(path, target)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "rename", kill)
        try:
            demo.admit(CUSTOMERS, MONDAY)
        except KilledError:
            assert renames < 5
    demo.landing.recover_units()
    mended = demo.files()
    demo.admit(CUSTOMERS, MONDAY)
    assert mended == (old if renames == 0 else demo.files())
    assert len(demo.landed(CUSTOMERS, MONDAY)) == 87
    assert not [name for name in demo.files() if "/." in name]


def test_what_a_kill_left_half_written_goes_with_the_next_night(tmp_path: Path) -> None:
    demo = company("demo", tmp_path)
    deliver_customers(demo, MONDAY, rows=100, bad=2)
    demo.admit(CUSTOMERS, MONDAY)
    before = demo.files()
    for folder in demo.folders(CUSTOMERS, MONDAY):
        (folder.parent / f".new-{folder.name}").mkdir()
        (folder.parent / f".new-{folder.name}" / "part-00001.parquet").write_bytes(b"half a file")
    deliver_customers(demo, WEEK[1], rows=100)
    demo.admit(CUSTOMERS, WEEK[1])
    files = demo.files()
    assert not [name for name in files if "/.new-" in name]
    assert {name: content for name, content in files.items() if f"load_date={MONDAY}" in name} == before


def test_nights_in_one_call_land_as_if_one_by_one(tmp_path: Path) -> None:
    together, one_by_one = company("demo", tmp_path / "together"), company("demo", tmp_path / "one-by-one")
    for demo in (together, one_by_one):
        for place, night in enumerate(WEEK):
            deliver_customers(demo, night, rows=100 + place, bad=place % 3)
    units = together.admit(CUSTOMERS, *WEEK)
    alone = [unit for night in WEEK for unit in one_by_one.admit(CUSTOMERS, night)]
    assert units == alone
    assert together.files() == one_by_one.files()


@pytest.mark.parametrize(
    "others", [pa.array([1.0, None]), pa.array(["1", "2"]), pa.array([None, None]), pa.array([1, 2], pa.int8())]
)
def test_a_night_whose_columns_have_other_types_changes_nothing_for_the_nights_beside_it(
    tmp_path: Path, others: pa.Array
) -> None:
    together, one_by_one = company("demo", tmp_path / "together"), company("demo", tmp_path / "one-by-one")
    for demo in (together, one_by_one):
        deliver_lines(demo, WEEK[0], pa.array([1, 2], pa.int64()))
        deliver_lines(demo, WEEK[1], others)
        deliver_lines(demo, WEEK[2], pa.array([3, 4], pa.int64()))
    units = together.admit(LINES, *WEEK[:3])
    assert [row["quantity"] for row in together.landed(LINES, WEEK[0])] == [1, 2]
    assert units[:2] == [unit for night in WEEK[:2] for unit in one_by_one.admit(LINES, night)]


def test_nothing_lands_after_a_refused_unit(tmp_path: Path) -> None:
    demo = company("demo", tmp_path)
    deliver_customers(demo, WEEK[0], rows=100)
    deliver_customers(demo, WEEK[1], rows=100, bad=50)
    deliver_customers(demo, WEEK[2], rows=100)
    units = demo.admit(CUSTOMERS, *WEEK[:3])
    assert [unit.has_landed for unit in units] == [True, False, True]
    assert {name.split("/")[3] for name in demo.files()} == {f"load_date={WEEK[0]}", f".refused-load_date={WEEK[1]}"}


@pytest.mark.parametrize("together", [True, False])
@pytest.mark.parametrize(
    ("counts", "refused"),
    [
        (
            [200, 200, 200, 200, 30],
            ["30 rows are 0.15 times" + USUAL],
        ),
        (
            [200, 200, 200, 200, 1100],
            ["1100 rows are 5.5 times" + USUAL],
        ),
        ([200, 200, 200, 200, 40], []),
        ([200, 200, 200, 30], []),
        ([90, 90, 90, 90, 5], []),
    ],
)
def test_an_unusual_volume_is_refused_from_the_fifth_night_on(
    tmp_path: Path, counts: list[int], refused: list[str], together: bool
) -> None:
    demo = company("demo", tmp_path)
    nights = WEEK[: len(counts)]
    for night, rows in zip(nights, counts, strict=True):
        deliver_customers(demo, night, rows)
    calls = [nights] if together else [[night] for night in nights]
    units = [unit for call in calls for unit in demo.admit(CUSTOMERS, *call)]
    assert messages(units, "error") == refused


def test_the_history_is_no_night_to_compare_a_volume_with(tmp_path: Path) -> None:
    demo = company("demo", tmp_path)
    at = "2025-06-01T10:00:00+01:00"
    rows = [f"c{n},,,,{at},{at}{',' * 8}\n" for n in range(5000)]
    demo.deliver("history/crm/customers.csv", CUSTOMER_COLUMNS + "\n" + "".join(rows))
    demo.admit(CUSTOMERS, demo.history)
    for night in WEEK[:5]:
        deliver_customers(demo, night, rows=150)
    assert all(unit.has_landed for unit in demo.admit(CUSTOMERS, *WEEK[:5]))


def test_where_the_deployment_expects_nothing_an_empty_unit_lands(tmp_path: Path) -> None:
    olist = company("olist", tmp_path)
    (unit,) = olist.admit("olist__sellers", date(2018, 11, 1))
    assert unit.has_landed
    assert not unit.findings
    assert olist.landed("olist__sellers", date(2018, 11, 1)) == []

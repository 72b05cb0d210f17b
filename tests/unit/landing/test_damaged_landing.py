"""Files and folders of the landing that are damaged, missing or foreign are found before a run reads them."""

from __future__ import annotations

import errno
import os
import shutil
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from orchestration.base import checksums
from orchestration.base.checksums import Checksum
from orchestration.base.state import DamagedStateError
from orchestration.landing.compaction import compact, expand
from orchestration.landing.landed_files import kept_files
from orchestration.landing.unit_checksums import damaged_landing
from orchestration.landing.unit_place import UnitFolders
from orchestration.landing.verification import landed_load_dates, verify_units
from orchestration.publication.holds import Holds
from tests.unit.landing.deliveries import CUSTOMERS, Company, company, deliver_customers

pytestmark = pytest.mark.xdist_group("great expectations")

JANUARY, FEBRUARY = [date(2026, 1, 30), date(2026, 1, 31)], [date(2026, 2, 1), date(2026, 2, 2)]
MONTH, DAY = "load_date=2026-01", "load_date=2026-02-01"


@pytest.fixture(scope="module")
def landed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The customers of four days; the two of January share a folder. Each has one rejected row."""
    demo = company("demo", tmp_path_factory.mktemp("landed"))
    for day in (*JANUARY, *FEBRUARY):
        deliver_customers(demo, day, rows=40, bad=1)
    demo.admit(CUSTOMERS, *JANUARY, *FEBRUARY)
    return demo.landing.home.root.parent


@pytest.fixture
def demo(landed: Path, tmp_path: Path) -> Company:
    shutil.copytree(landed, tmp_path / "copy")
    return company("demo", tmp_path / "copy")


def found(demo: Company, *, is_whole: bool = False) -> list[str]:
    return [damage.line for damage in verify_units(demo.landing.home, is_whole=is_whole)]


def folder(demo: Company, unit: str = DAY, of: str = "landing") -> Path:
    return demo.landing.home.root / of / "crm" / "customers" / unit


def flip(path: Path) -> None:
    """Change one byte, and give the file its old modification time."""
    before = path.stat()
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def test_what_has_landed_is_sound_also_where_units_share_a_folder(demo: Company) -> None:
    assert sorted(path.name for path in folder(demo).parent.iterdir()) == [MONTH, DAY, "load_date=2026-02-02"]
    assert found(demo) == found(demo, is_whole=True) == []
    assert landed_load_dates(demo.landing.home) == {("crm", "customers", day) for day in (*JANUARY, *FEBRUARY)}


TICK = 0.05
"""Seconds in which the clock of a file system has moved on."""
PART, PROFILE = "part-00001.parquet", "profile.json"
DAMAGES: list[tuple[Callable[[Company], object], str]] = [
    (lambda demo: flip(folder(demo) / PART), f"{DAY}/{PART} has another content"),
    (lambda demo: flip(folder(demo, MONTH) / PART), f"{MONTH}/{PART} has another content"),
    (lambda demo: flip(folder(demo, of="quarantine") / PART), f"quarantine/crm/customers/{DAY}/{PART} has another"),
    (lambda demo: (folder(demo) / PROFILE).write_text("{", "utf-8"), f"{DAY}/{PROFILE} has 1 bytes instead of"),
    (lambda demo: (folder(demo) / PART).unlink(), f"{DAY}/{PART} is missing"),
    (lambda demo: (folder(demo) / "checksums.json").unlink(), f"{DAY}/checksums.json is missing"),
    (lambda demo: (folder(demo) / "checksums.json").write_text("{}", "utf-8"), "checksums.json is damaged: unit"),
    (lambda demo: shutil.rmtree(folder(demo)), f"{DAY} is missing, and its quarantine is there"),
    (lambda demo: shutil.rmtree(folder(demo, of="quarantine")), f"quarantine/crm/customers/{DAY}/{PART} is missing"),
    (lambda demo: shutil.copy(folder(demo) / PART, folder(demo) / "mine.parquet"), f"{DAY}/mine.parquet does not"),
    (lambda demo: (folder(demo, MONTH) / ".hidden.parquet").write_text("", "utf-8"), ".hidden.parquet does not belong"),
    (lambda demo: (folder(demo) / "sub").mkdir(), f"{DAY}/sub does not belong"),
    (lambda demo: (folder(demo, of="quarantine") / "x.parquet").write_text("", "utf-8"), "x.parquet does not belong"),
    (lambda demo: folder(demo, "backup").mkdir(), "customers/backup does not belong"),
    (lambda demo: folder(demo, "load_date=2026-13-01").mkdir(), "load_date=2026-13-01 does not belong"),
    (lambda demo: shutil.copytree(folder(demo), folder(demo, f"{DAY} (copy)")), f"{DAY} (copy) does not belong"),
    (
        lambda demo: shutil.copytree(folder(demo), folder(demo, "load_date=2026-02-03")),
        f"load_date=2026-02-03 does not belong there: it is a copy of crm/customers/{DAY}",
    ),
    (
        lambda demo: shutil.copytree(folder(demo).parent, folder(demo).parent.with_name("customers.bak")),
        f"customers.bak/{DAY} does not belong there: it is a copy of crm/customers/{DAY}",
    ),
]


@pytest.mark.parametrize(("damage", "line"), DAMAGES)
def test_the_next_run_finds_what_is_damaged_missing_or_foreign(
    demo: Company, damage: Callable[[Company], object], line: str
) -> None:
    damage(demo)
    cheap, whole = found(demo), found(demo, is_whole=True)
    assert any(line in one for one in cheap), cheap
    assert whole == cheap == found(demo)


def test_a_day_that_was_copied_back_beside_its_month_stands_twice(demo: Company) -> None:
    home, folders = demo.landing.home, UnitFolders.of(demo.landing.home, demo.table(CUSTOMERS))
    aside = home.root / "aside"
    for of in ("landing", "quarantine"):
        shutil.copytree(folder(demo, MONTH, of), aside / of)
    expand(folders, JANUARY)
    for of in ("landing", "quarantine"):
        (aside / of).rename(folder(demo, MONTH, of))
    twice = [line for line in found(demo) if "stands twice" in line]
    assert [line.split(" ")[0].rsplit("/", 1)[1] for line in twice] == [f"load_date={day}" for day in JANUARY]


def test_only_files_whose_status_has_changed_are_read_again_and_only_once(
    demo: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    time.sleep(TICK)
    found(demo)  # the copy of the home has changed the status of every file
    read: list[str] = []
    checksum = checksums.checksum

    def counted(path: Path) -> Checksum:
        read.append(path.name)
        return checksum(path)

    monkeypatch.setattr(checksums, "checksum", counted)
    assert found(demo) == []
    assert read == []
    time.sleep(TICK)
    (folder(demo) / PART).touch()
    time.sleep(TICK)
    assert found(demo) == found(demo) == []
    assert read == [PART]


def test_a_damaged_month_is_not_rewritten_with_new_checksums(demo: Company) -> None:
    folders = UnitFolders.of(demo.landing.home, demo.table(CUSTOMERS))
    flip(folder(demo, MONTH) / PART)
    with pytest.raises(DamagedStateError, match=f"{MONTH}/{PART} has another content"):
        expand(folders, JANUARY)
    flip(folder(demo, MONTH) / PART)
    expand(folders, JANUARY)
    flip(folder(demo, f"load_date={JANUARY[0]}") / PART)
    with pytest.raises(DamagedStateError, match=f"load_date={JANUARY[0]}/{PART} has another content"):
        compact(folders)


def test_units_on_hold_are_compared_too(demo: Company) -> None:
    home = demo.landing.home
    holds = Holds(home)
    holds.withdraw(["v"], [FEBRUARY[0], JANUARY[1]])
    holds.settle_holds()
    assert found(demo, is_whole=True) == []
    assert ("crm", "customers", FEBRUARY[0]) in landed_load_dates(home)
    flip(home.held / "landing" / "crm" / "customers" / DAY / PART)
    assert [line.split("demo/")[-1] for line in found(demo)] == found(demo)
    assert any(f"held/landing/crm/customers/{DAY}/{PART} has another content" in line for line in found(demo))


def test_the_landing_of_a_table_that_is_not_declared_any_more_stays_and_a_renamed_folder_is_found(
    demo: Company,
) -> None:
    home = demo.landing.home
    assert [damage.line for damage in verify_units(home, is_whole=False)] == []  # reads no declaration
    for of in ("landing", "quarantine"):
        folder(demo, of=of).parent.rename(folder(demo, of=of).parent.with_name("clients"))
    assert [
        f"it is a copy of crm/customers/{unit}" in line
        for unit, line in zip((MONTH, DAY, "load_date=2026-02-02"), found(demo), strict=True)
    ] == [True] * 3


def test_the_message_lists_ten_lines_and_the_remedies() -> None:
    message = damaged_landing([f"file {number} is missing" for number in range(12)])
    assert "file 9 is missing" in message
    assert "file 10 is missing" not in message
    assert all(fact in message for fact in ("2 more: cx360 verify", "backup", "cx360 run --from <day> --to <day>"))


def test_a_damaged_profile_ends_in_one_message_where_it_is_read(demo: Company) -> None:
    (folder(demo) / PROFILE).write_text("{", "utf-8")
    deliver_customers(demo, date(2026, 2, 3), rows=40)
    with pytest.raises(DamagedStateError, match=rf"{DAY}/{PROFILE} is damaged"):
        demo.admit(CUSTOMERS, date(2026, 2, 3))


@pytest.mark.parametrize("unit", [MONTH, DAY])
def test_a_damaged_list_of_delivered_files_ends_in_one_message(demo: Company, unit: str) -> None:
    (folder(demo, unit) / "files.json").write_text("{", "utf-8")
    with pytest.raises(DamagedStateError, match=rf"{unit}/files.json is damaged"):
        kept_files(folder(demo, unit))


def test_a_file_that_the_disk_cannot_read_is_named(demo: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: Path) -> Checksum:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(checksums, "checksum", fail)
    assert f"{folder(demo) / PART} cannot be read: Input/output error" in found(demo, is_whole=True)

"""Order of fsync and rename. A loss of power cannot be tested, so the calls are recorded."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from orchestration.base import durable
from orchestration.base.paths import Home
from orchestration.config.deployment import load_deployment
from orchestration.landing.unit_place import UnitPlace

DAY = date(2026, 1, 1)


@pytest.fixture
def calls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The fsync and rename calls in order, with paths relative to the test's folder."""
    written: list[str] = []
    sync = os.fsync

    def shown(path: Path) -> str:
        return str(path.relative_to(tmp_path))

    def note_sync(descriptor: int) -> None:
        sync(descriptor)
        written.append(f"sync {shown(Path(f'/proc/self/fd/{descriptor}').readlink())}")

    def noting(rename: Callable[[Path, Path], None]) -> Callable[[Path, Path], None]:
        def note_rename(old: Path, new: Path) -> None:
            rename(old, new)
            written.append(f"rename {shown(old)} {shown(new)}")

        return note_rename

    monkeypatch.setattr(os, "fsync", note_sync)
    monkeypatch.setattr(os, "rename", noting(os.rename))
    monkeypatch.setattr(os, "replace", noting(os.replace))
    return written


def test_a_file_is_synced_before_it_replaces_the_old_one(tmp_path: Path, calls: list[str]) -> None:
    durable.write_text(tmp_path / "state" / "built.json", "one")
    durable.write_text(tmp_path / "state" / "built.json", "two")
    assert (tmp_path / "state" / "built.json").read_text(encoding="utf-8") == "two"
    assert calls == 2 * ["sync state/built.new", "rename state/built.new state/built.json", "sync state"]


def test_a_failed_write_leaves_the_old_file(tmp_path: Path) -> None:
    file = tmp_path / "built.json"
    durable.write_text(file, "one")
    with pytest.raises(UnicodeEncodeError):
        durable.write_text(file, "two \ud800")
    assert file.read_text(encoding="utf-8") == "one"


def test_a_unit_is_synced_before_and_after_its_rename(tmp_path: Path, calls: list[str]) -> None:
    place = UnitPlace(Home(tmp_path), next(load_deployment("demo").tables()), DAY)
    place.begin()
    rows, rejected = place.new_landing / "part.parquet", place.new_quarantine / "part.parquet"
    for file in (rows, rejected):
        file.write_bytes(b"rows")
    place.commit()

    [decision] = [number for number, call in enumerate(calls) if ".ready-load_date=2026-01-01" in call.split()[-1]]
    on_disk = {call.removeprefix("sync ") for call in calls[:decision]}
    checksums = place.new_landing / "checksums.json"
    written = (rows, checksums, rejected, place.new_landing, place.new_quarantine)
    assert on_disk == {str(path.relative_to(tmp_path)) for path in written}
    last = max(number for number, call in enumerate(calls) if call.startswith("rename"))
    assert {call.removeprefix("sync ") for call in calls[last + 1 :]} == {
        str(folder.relative_to(tmp_path)) for folder in (place.landing.parent, place.quarantine.parent)
    }

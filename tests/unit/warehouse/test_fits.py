"""The fits of earlier nights: what is stored, what is read, and what a failed write leaves."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from orchestration.base.paths import Home
from orchestration.warehouse.fits import FitStore

MONDAY, TUESDAY, WEDNESDAY = (date(2026, 1, day) for day in (5, 6, 7))


def test_a_night_reads_only_the_fits_of_earlier_nights(tmp_path: Path) -> None:
    store = FitStore(Home(tmp_path))
    for night in (TUESDAY, WEDNESDAY, MONDAY):
        store.keep("purchases", night, [{"fit_id": night.isoformat(), "r": 0.243}])
    store.keep("spend", MONDAY, [{"fit_id": "of another kind"}])
    assert [fit["fit_id"] for fit in store.before("purchases", WEDNESDAY)] == ["2026-01-05", "2026-01-06"]
    assert store.before("purchases", MONDAY) == []


def test_a_night_that_is_run_again_replaces_its_fits(tmp_path: Path) -> None:
    store = FitStore(Home(tmp_path))
    store.keep("purchases", MONDAY, [{"r": 1.0}, {"r": 2.0}])
    store.keep("purchases", MONDAY, [{"r": 3.0}])
    assert store.before("purchases", TUESDAY) == [{"r": 3.0}]


def test_a_failed_write_leaves_the_fits_unchanged(tmp_path: Path) -> None:
    store = FitStore(Home(tmp_path))
    store.keep("purchases", MONDAY, [{"r": 1.0}])
    with pytest.raises(ValueError, match="not JSON compliant"):
        store.keep("purchases", MONDAY, [{"r": 2.0}, {"r": float("nan")}])
    assert store.before("purchases", TUESDAY) == [{"r": 1.0}]
    # the next attempt replaces the incomplete file
    store.keep("purchases", MONDAY, [{"r": 2.0}])
    assert store.before("purchases", TUESDAY) == [{"r": 2.0}]
    assert [path.name for path in (tmp_path / "state" / "fits" / "purchases").iterdir()] == ["2026-01-05.json"]

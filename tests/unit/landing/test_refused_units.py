"""Rejected rows of a delivery that gate 1 refused as a whole: they can be read until the unit lands."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestration.cli.quarantine import explained, quarantine_lines
from orchestration.landing.quarantine import quarantined
from tests.unit.landing.deliveries import company
from tests.unit.landing.test_quarantine import BAD, CASES, GOOD, MONDAY, deliver

pytestmark = pytest.mark.xdist_group("great expectations")


def test_rejected_rows_of_a_refused_delivery_can_be_read_until_the_unit_lands(tmp_path: Path) -> None:
    demo = company("demo", tmp_path)
    deliver(demo, BAD)
    home = demo.landing.home
    [unit] = quarantined(demo.deployment, home)
    assert (unit.table, unit.load_date, unit.has_landed, len(unit.rows)) == (CASES, MONDAY, False, 2)
    assert "customer_id is missing" in unit.rules()
    shown = "\n".join(explained([unit]))
    assert "2 rows of a delivery that gate 1 refused" in shown
    assert f"{MONDAY}/crm/cases.csv, line 3" in shown
    assert "'soon'" in shown

    # a second refusal takes the place of the first
    deliver(demo, BAD.splitlines(keepends=True)[0])
    assert [len(unit.rows) for unit in quarantined(demo.deployment, home)] == [1]

    deliver(demo, GOOD + BAD)
    assert [(unit.has_landed, len(unit.rows)) for unit in quarantined(demo.deployment, home)] == [(True, 2)]


def test_a_refused_delivery_of_a_landed_day_is_shown_beside_it_and_not_exported(tmp_path: Path) -> None:
    demo = company("demo", tmp_path)
    deliver(demo)
    deliver(demo, BAD)
    home = demo.landing.home
    assert [unit.has_landed for unit in quarantined(demo.deployment, home)] == [False, True]
    file = tmp_path / "rows.jsonl"
    lines = list(quarantine_lines(demo.deployment, home, None, None, is_explained=False, export_to=file))
    assert len(file.read_text(encoding="utf-8").splitlines()) == 2
    assert "gate 1 refused" in lines[1]

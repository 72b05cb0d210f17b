"""A row that a person corrected is published by the next run; in a home whose path has letters that SQL uses."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from orchestration.deployment import load_deployment
from orchestration.resources.quarantine import export, quarantined, release
from tests.integration.conftest import HISTORY, company

pytestmark = pytest.mark.long


def test_released_rows_are_published_by_the_next_run_and_wait_no_more(demo_extracts: Path, tmp_path: Path) -> None:
    night = company("demo", tmp_path / "o'brien", tmp_path / "o'brien" / "delivered")
    shutil.copytree(demo_extracts / "history", night.extracts / "history")
    cases = night.extracts / "history" / "crm" / "cases.csv"
    header, first, *rest = cases.read_text(encoding="utf-8").splitlines(keepends=True)
    name, _, others = first.partition(",")
    customer, _, others = others.partition(",")
    cases.write_text("".join([header, f"{name},,{others}", *rest]), encoding="utf-8")
    unit = "from quality.quality_landing_reconciliation where table_name = 'cases'"
    counts = f"select source_row_count, landed_row_count, quarantined_row_count, is_reconciled {unit}"

    night.succeed()
    [(source, landed, rejected, is_whole)] = night.query(counts)
    assert isinstance(source, int)
    assert (rejected, is_whole) == (1, True)

    file = tmp_path / "rows.jsonl"
    export(quarantined(load_deployment("demo"), night.home), file)
    row = json.loads(file.read_text(encoding="utf-8"))
    row["row"]["customer_id"] = customer.strip('"')
    file.write_text(json.dumps(row) + "\n", encoding="utf-8")
    release(night.deployment, night.home, file)
    before = night.published
    assert list(night.succeed().load_dates) == [HISTORY]
    assert night.published != before
    assert night.query(counts) == [(source, source, 0, True)]
    assert landed == source - 1
    manifest = json.loads((night.published.parent / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["releases"] == ["000001"]
    assert night.succeed().run_id is None

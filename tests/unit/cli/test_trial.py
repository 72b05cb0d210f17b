"""The trial of ``cx360 check``: what staging models and doors make of a sample, per table."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from orchestration.cli import trial
from orchestration.cli.check import check_tables
from orchestration.cli.check_table import TableCheck
from orchestration.config.deployment_file import DEPLOYMENTS
from tests.unit.cli.test_check import CUSTOMERS, ROW, deployment, write

pytestmark = pytest.mark.xdist_group("great expectations")
CASES = "case_id,customer_id,channel,opened_at,resolved_at,updated_at,reopen_count\n"
CASE = "T{n},C1,phone,{at},,2025-12-01T10:00:00Z,0\n"


def checked(tmp_path: Path) -> dict[str, TableCheck]:
    """Try a company whose customers are mapped, and whose cases have the demo's staging SQL."""
    staging = (DEPLOYMENTS / "demo" / "staging" / "crm" / "cases.sql").read_text(encoding="utf-8")
    write(tmp_path, "acme/staging/crm/cases.sql", staging)
    cases = {"key": ["case_id"], "delivers": ["cases"]}
    company = deployment(folder=tmp_path / "acme", customers={}, cases=cases)
    return {found.table.table_name: found for found in check_tables(company, tmp_path)}


def test_each_table_is_tried_by_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A rule that is missing lets a value through that the staging model of one table cannot cast."""
    write(tmp_path, "customers.csv", CUSTOMERS + "".join(ROW.format(n=n) for n in range(1, 5)))
    write(tmp_path, "cases.csv", CASES + "".join(CASE.format(n=n, at="2025-12-01T10:00:00Z") for n in range(30)))
    write(tmp_path, "cases.csv", (tmp_path / "cases.csv").read_text(encoding="utf-8") + CASE.format(n=31, at="secret"))
    monkeypatch.setattr(trial, "broken_row_rules", lambda *_: {})
    found = checked(tmp_path)
    customers, cases = found["customers"], found["cases"]
    assert customers.went_through
    assert customers.doors == ("customers",)
    assert customers.fills["registered_at"] == ["customers.registered_at"]
    assert not cases.went_through
    [failure] = [text for text in cases.failures if "stg_crm__cases.sql" in text]
    assert re.search(r"[Cc]onver|timestamp", failure)
    assert "secret" not in failure

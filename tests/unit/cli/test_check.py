"""``cx360 check``: its report on a deployment before the first night; nothing lands."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from orchestration.cli.check_page import show_check
from orchestration.config.deployment import Deployment, load_deployment

pytestmark = pytest.mark.xdist_group("great expectations")

CUSTOMERS = "customer_id,email,phone,segment,registered_at,updated_at\n"
ROW = "C{n},ada{n}@example.com,,retail,2025-12-01T10:00:00Z,2025-12-0{n}T10:00:00Z\n"


def deployment(system: str = "crm", files: dict[str, Any] | None = None, **tables: dict[str, Any]) -> Deployment:
    """A company with one system of CSV files."""
    demo = load_deployment("demo").model_dump()
    defaults = {"description": "A table.", "key": ["customer_id"], "delivers": ["customers"]}
    source = files or {"files": {"format": "csv", "history": "{table}.csv", "daily": "{load_date}/{table}.csv"}}
    demo["systems"] = {
        system: {
            "description": "A system.",
            "roles": ["crm"],
            **source,
            "tables": {name: defaults | table for name, table in tables.items()},
        }
    }
    return Deployment.model_validate(demo)


def shown(company: Deployment, extracts: Path) -> tuple[bool, str]:
    """Whether it would go through, and all that is said."""
    page = io.StringIO()
    passes = show_check(company, extracts, Console(file=page, width=200))
    return passes, page.getvalue()


def write(folder: Path, name: str, text: str) -> None:
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(text, encoding="utf-8")


def test_a_sound_table_is_mapped_and_nothing_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CX360_HOME", str(tmp_path / "home"))
    write(tmp_path, "customers.csv", CUSTOMERS + "".join(ROW.format(n=n) for n in range(1, 5)))
    before = sorted(tmp_path.rglob("*"))
    passes, page = shown(deployment(customers={}), tmp_path)
    assert passes
    assert "4 rows of load date 2025-12-31 · key customer_id · delivers customers" in page
    assert "email          →  email          text   required" in page
    assert "make run DEPLOYMENT=demo would succeed" in page
    assert sorted(tmp_path.rglob("*")) == before


def test_the_newest_night_is_looked_at(tmp_path: Path) -> None:
    write(tmp_path, "customers.csv", CUSTOMERS + ROW.format(n=1))
    write(tmp_path, "2026-01-03/customers.csv", CUSTOMERS + ROW.format(n=2) + ROW.format(n=3))
    assert "2 rows of load date 2026-01-03" in shown(deployment(customers={}), tmp_path)[1]


def test_every_problem_is_reported_and_no_value_is_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CRM_HOOK", raising=False)
    header = CUSTOMERS.replace("updated_at", "changed,loyalty").replace("email", "e_mail")
    rows = [f"C{n},ada@example.com,,retail,yesterday,2025-12-0{n}T10:00:00Z,gold\n" for n in range(1, 4)]
    write(tmp_path, "customers.csv", header + "".join(rows))
    company = deployment(customers={}, cases={"key": ["case_id"], "delivers": ["cases"]})
    company = company.model_copy(
        update={"alerts": company.alerts.model_validate({"webhook": {"url": {"env": "CRM_HOOK"}}})}
    )
    passes, page = shown(company, tmp_path)
    assert not passes
    assert "CRM_HOOK is not set; deployments/demo.yml, alerts.webhook.url names it" in page
    assert "system 'crm', table 'cases': no file 'cases.csv'" in page or "nothing was delivered yet" in page
    assert "the required columns email, updated_at are missing" in page
    assert "rename: {e_mail: email, changed: updated_at}" in page
    assert "3 of 3 rows: registered_at is no time with an offset" in page
    assert "3 of 3 rows are rejected" in page
    assert "loyalty" in page
    assert "yesterday" not in page
    assert "ada@example.com" not in page


def test_an_unknown_rename_is_reported_with_the_other_problems(tmp_path: Path) -> None:
    write(
        tmp_path, "customers.csv", CUSTOMERS.replace("phone,", "") + "C1,a@example.com,retail,x,2025-12-01T10:00:00Z\n"
    )
    passes, page = shown(deployment(customers={"rename": {"kunde": "customer_id"}}), tmp_path)
    assert not passes
    assert "'kunde' is not delivered" in page
    assert "the required columns phone are missing" in page
    assert "1 of 1 rows: registered_at" in page


def test_a_file_without_a_header_is_not_shown(tmp_path: Path) -> None:
    write(tmp_path, "customers.csv", "C1,ada@example.com,1,retail,2025-12-01,2025-12-02\n" * 3)
    passes, page = shown(deployment(customers={}), tmp_path)
    assert not passes
    assert "is there a header?" in page
    assert "ada@example.com" not in page


def test_a_new_system_is_given_a_suite_and_a_staging_model_to_begin_with(tmp_path: Path) -> None:
    rows = [f"K{n},ada{n}@example.com,trade,2025-12-0{n} 10:00:00\n" for n in range(1, 5)]
    write(tmp_path, "kunden.csv", "customer_no,email,customer_group,registered\n" + "".join(rows))
    passes, page = shown(deployment("till", kunden={"key": ["customer_no"]}), tmp_path)
    assert not passes
    assert "expectations/raw/till.py: the RawSuite of the table 'till__kunden' is missing" in page
    assert "stg_till__customers.sql: the model is missing" in page
    assert "till: {+enabled:" in page
    assert 'required=("customer_no", "email", "customer_group", "registered",)' in page
    assert '*required("customer_no")' in page
    assert '*wall_clock("registered")' in page
    assert "{{ record_key('till', 'kunden') }} as source_id," in page
    assert "email as email," in page
    assert "{{ utc_from_local('registered') }} as registered_at," in page
    assert "ada1@example.com" not in page


def test_a_database_that_cannot_be_reached_does_not_hide_the_next_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CRM_DB", f"sqlite:///{tmp_path}/none/at/all.db")
    company = deployment(files={"sql": {"url": {"env": "CRM_DB"}}}, customers={}, cases={"delivers": ["cases"]})
    passes, page = shown(company, tmp_path)
    assert not passes
    assert "2 tables would not land (crm__customers, crm__cases)" in page

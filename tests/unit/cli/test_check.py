"""``cx360 check``: its report on a deployment before the first night; nothing lands."""

from __future__ import annotations

import io
import re
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from orchestration.cli import check_keys
from orchestration.cli.check import first_rows, key_problem
from orchestration.cli.check_keys import KeyTest, key_test
from orchestration.cli.check_page import checked, record, show_check
from orchestration.config.deployment import Deployment, load_deployment

pytestmark = pytest.mark.xdist_group("great expectations")

CUSTOMERS = "customer_id,email,phone,segment,registered_at,updated_at\n"
ROW = "C{n},ada{n}@example.com,,retail,2025-12-01T10:00:00Z,2025-12-0{n}T10:00:00Z\n"


MAP = {"email": "email", "phone": "phone", "segment": "segment"}
MAP |= {"registered_at": "registered_at", "updated_at": "updated_at"}


def deployment(
    system: str = "crm", source: dict[str, Any] | None = None, folder: Path | None = None, **tables: dict[str, Any]
) -> Deployment:
    """A company with one system of CSV files: the table ``customers`` is mapped, and all have the rules of the demo.

    Args:
        folder: the deployment's own, for staging SQL and reference data.
    """
    demo = load_deployment("demo").model_dump()
    rules = {name: {"rules": table["rules"]} for name, table in demo["systems"]["crm"]["tables"].items()}
    known = {name: {"key": ["customer_id"], **rules.get(name, {})} for name in tables}
    if "customers" in tables:
        known["customers"]["customers"] = MAP
    demo["folders"] = (folder,) if folder else ()
    demo["systems"] = {
        system: {
            "roles": ["crm"],
            **(source or {"files": {"format": "csv", "history": "{table}.csv", "daily": "{load_date}/{table}.csv"}}),
            "tables": {name: known[name] | table for name, table in tables.items()},
        }
    }
    return Deployment.model_validate(demo)


def shown(company: Deployment, extracts: Path) -> tuple[bool, str]:
    """Whether it would go through, and all that is said."""
    page = io.StringIO()
    found = checked(company, extracts)
    show_check(company, found, Console(file=page, width=200))
    assert record(company, found)["would_pass"] == found.would_pass
    return found.would_pass, page.getvalue()


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
    assert re.search(r"^email .*required +customers\.email", page, re.MULTILINE)
    assert re.search(r"^updated_at .*customers\.updated_at", page, re.MULTILINE)
    assert "key    customer_id identifies all 4 rows of load date 2025-12-31" in page
    assert "goes through  gate 1, staging and doors: customers" in page
    assert "1 of 1 tables: crm__customers" in page
    assert "What comes after them was not tried: make run DEPLOYMENT=demo" in page
    assert sorted(tmp_path.rglob("*")) == before


def test_the_newest_night_is_looked_at(tmp_path: Path) -> None:
    write(tmp_path, "customers.csv", CUSTOMERS + ROW.format(n=1))
    write(tmp_path, "2026-01-03/customers.csv", CUSTOMERS + ROW.format(n=2) + ROW.format(n=3))
    sample = first_rows(next(deployment(customers={}).tables()), tmp_path)
    assert sample
    assert (sample.load_date, sample.rows.num_rows) == (date(2026, 1, 3), 2)


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
    assert "CRM_HOOK is not set; deployments/demo/deployment.yml, alerts.webhook.url names it" in page
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


def test_a_new_system_is_told_what_it_lacks_and_goes_through_once_it_is_mapped(tmp_path: Path) -> None:
    rows = [f"K{n},ada{n}@example.com,trade,2025-12-0{n} 10:00:00\n" for n in range(1, 5)]
    write(tmp_path, "kunden.csv", "customer_no,email,customer_group,registered\n" + "".join(rows))
    kunden: dict[str, Any] = {"key": ["customer_no"], "delivers": ["customers"]}
    passes, page = shown(deployment("till", kunden=kunden), tmp_path)
    assert not passes
    assert "missing  deployments/demo/deployment.yml: till delivers customers, and nothing says how: map it" in page
    assert "A night would fail: 1 parts are missing" in page
    assert "ada1@example.com" not in page

    kunden["customers"] = {"email": "email", "segment": "customer_group", "registered_at": "registered"}
    passes, page = shown(deployment("till", kunden=kunden), tmp_path)
    assert passes
    assert re.search(r"^registered .*required +customers\.registered_at", page, re.MULTILINE)
    assert "goes through  gate 1, staging and doors: customers" in page
    assert "ada1@example.com" not in page


def test_the_settings_that_would_read_a_file_are_proposed_where_something_is_wrong(tmp_path: Path) -> None:
    write(tmp_path, "customers.csv", "sep=;\n" + (CUSTOMERS + ROW.format(n=1)).replace(",", ";"))
    passes, page = shown(deployment(customers={}), tmp_path)
    assert not passes
    assert "systems: crm: tables: customers:" in page
    assert "files: {delimiter: ;}" in page
    passes, page = shown(deployment(customers={"files": {"delimiter": ";"}}), tmp_path)
    assert passes
    assert "delimiter" not in page


def test_a_database_that_cannot_be_reached_does_not_hide_the_next_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CRM_DB", f"sqlite:///{tmp_path}/none/at/all.db")
    company = deployment(source={"sql": {"url": {"env": "CRM_DB"}}}, customers={}, cases={"delivers": ["cases"]})
    passes, page = shown(company, tmp_path)
    assert not passes
    assert "2 tables would not pass (crm__customers, crm__cases)" in page
    assert "goes through" not in page


def test_a_table_without_rows_is_not_said_to_go_through(tmp_path: Path) -> None:
    write(tmp_path, "customers.csv", CUSTOMERS)
    passes, page = shown(deployment(customers={}), tmp_path)
    assert not passes
    assert "Not tried   crm__customers" in page
    assert "no table has rows to try" in page
    assert "goes through" not in page


def key_of(tmp_path: Path, rows: str, key: list[str], changed_at: tuple[str, ...] = ()) -> KeyTest:
    write(tmp_path, "customers.csv", rows)
    [table] = deployment(customers={"key": key}).tables()
    return key_test(table, date(2025, 12, 31), tmp_path, changed_at)


def test_a_key_is_tested_on_the_whole_file(tmp_path: Path) -> None:
    lines = [f"{n % 1500},{n % 1500},x\n" for n in range(3000)]
    lines[2999] = "1499,7,x\n"
    tested = key_of(tmp_path, "a,b,c\n" + "".join(lines), ["A"])
    assert (tested.row_count, tested.is_whole, tested.hidden_count, tested.empty_count) == (3000, True, 1, 0)


def test_versions_of_a_record_are_told_apart_by_the_time_of_their_change(tmp_path: Path) -> None:
    rows = "id,name,changed\n1,a,2026-01-01\n1,b,2026-01-02\n2,a,2026-01-01\n2,b,2026-01-01\n"
    assert key_of(tmp_path, rows, ["id"]).hidden_count == 2
    assert key_of(tmp_path, rows, ["id"], ("changed",)).hidden_count == 1


def test_a_key_column_that_is_not_delivered_is_named(tmp_path: Path) -> None:
    assert key_of(tmp_path, "id,name\n1,a\n", ["id", "line"]).missing == ("line",)


def test_rows_without_a_key_are_counted(tmp_path: Path) -> None:
    assert key_of(tmp_path, "id,name\n1,a\n,b\n,c\n", ["id"]).empty_count == 2


def test_a_part_of_a_file_is_said_to_be_a_part(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(check_keys, "MOST_SECONDS", -1)
    tested = key_of(tmp_path, "id,name\n1,a\n2,b\n", ["id"])
    assert not tested.is_whole
    assert tested.read == "the first 2 rows of load date 2025-12-31"


def test_a_wrong_key_stops_the_check_and_a_row_among_many_warns() -> None:
    [table] = deployment(customers={}).tables()
    few, many = (KeyTest(date(2025, 12, 31), rows, True, hidden_count=2) for rows in (2000, 1999))
    (warned, is_failure), (failed, fails) = key_problem(table, few), key_problem(table, many)
    assert (is_failure, fails) == (False, True)
    for said in (warned, failed):
        assert "the key customer_id does not identify rows" in said
        assert "deployments/demo/deployment.yml" in said
        assert "2 rows" in said

"""What a deployment's file may say of a system's tables: columns by other names, and tables that come whole."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from pydantic import ValidationError

from orchestration.config.deployment import Deployment
from orchestration.connectors.drops import files_of

CUSTOMERS = {"description": "One row per record.", "key": ["id"], "delivers": ["customers"]}


def company(files: dict[str, str] | None = None, **tables: dict[str, Any]) -> Deployment:
    """A company whose CRM delivers these tables as files."""
    patterns = files or {"daily": "{load_date}/{table}.csv"}
    crm = {"description": "The CRM.", "roles": ["crm"], "files": {"format": "csv", **patterns}, "tables": tables}
    settings = {
        "name": "acme",
        "timezone": "Europe/Berlin",
        "currency": "EUR",
        "history_load_date": date(2025, 12, 31),
        "owner": "someone@acme.example",
        "identity": {"country_calling_code": "49"},
        "systems": {"crm": crm},
    }
    return Deployment.model_validate(settings)


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (
            {"rename": {"a": "id", "b": "id"}},
            "'id' is empty or appears twice",
        ),
        ({"rename": {"a": "id", "A": "name"}}, "'A' is empty or appears twice"),
        ({"rename": {" ": "id"}}, "' ' is empty or appears twice"),
        ({"limits": {"snapshot_loss": 1.5}}, "snapshot_loss"),
        ({"whole_per": ["id"], "snapshot": True}, "table 'customers' has whole_per and is a snapshot"),
        ({"whole_per": ["id"], "delivers": []}, "table 'customers' has whole_per and delivers no entity"),
    ],
)
def test_contradictory_settings_of_a_table_are_refused(table: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError) as refused:
        company(customers=CUSTOMERS | table)
    assert message in str(refused.value)


def test_a_snapshot_of_files_needs_a_file_every_night() -> None:
    with pytest.raises(ValidationError, match="'customers' is a snapshot without daily files"):
        company({"history": "{table}.csv"}, customers=CUSTOMERS | {"snapshot": True})


def test_an_entity_is_delivered_by_snapshots_or_by_changes_never_by_both() -> None:
    whole = CUSTOMERS | {"snapshot": True}
    with pytest.raises(ValidationError, match="delivers customers by snapshot tables and by other tables"):
        company(customers=CUSTOMERS, everybody=whole)
    acme = company(everybody=whole)
    assert acme.snapshots() == [{"entity": "customers", "system": "crm", "table": "everybody"}]


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"files": {"delimiter": "||"}}, "is not one ASCII character"),
        ({"files": {"delimiter": ";", "quote": ";"}}, "cannot both separate and quote"),
        ({"files": {"quote": "ab"}}, "is not one ASCII character that can quote fields, nor 'none'"),
        ({"files": {"nulls": [None]}}, 'write "NULL" in quotes'),
        ({"files": {"nulls": ["\x85"]}}, "single quotes"),
        ({"files": {"columns": ["id", "ID"]}}, "every column needs a name of its own"),
        ({"files": {"url": "s3://elsewhere"}}, "url"),
        ({"numbers": {"columns": ["total"], "decimal": ",", "thousands": ","}}, "cannot be both"),
        ({"numbers": {"columns": []}}, "columns"),
        ({"times": {"at": "DD.MM.YYYY"}}, "is not a time format"),
    ],
)
def test_a_shape_that_no_file_can_have_is_refused(table: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError) as refused:
        company(customers=CUSTOMERS | table)
    assert message in str(refused.value)


def test_a_table_overrides_how_the_files_of_its_system_are_written_and_nothing_else() -> None:
    files = {"daily": "{load_date}/{table}.csv", "delimiter": ";", "encoding": "cp1252"}
    acme = company(files, customers=CUSTOMERS, surveys=CUSTOMERS | {"files": {"skip_rows": 2, "encoding": "utf-8"}})
    customers, surveys = (files_of(table) for table in acme.tables())
    assert (customers.delimiter, customers.encoding, customers.skip_rows) == (";", "cp1252", 0)
    assert (surveys.delimiter, surveys.encoding, surveys.skip_rows) == (";", "utf-8", 2)
    assert surveys.daily == customers.daily


def test_the_shape_of_delimited_text_is_refused_for_other_formats() -> None:
    files = {"daily": "{load_date}/{table}.jsonl", "format": "jsonl"}
    assert files_of(next(company(files, customers=CUSTOMERS | {"files": {"nulls": ["NULL"]}}).tables())).nulls == (
        "NULL",
    )
    with pytest.raises(ValidationError, match="skip_rows is for csv; its files are jsonl"):
        company(files, customers=CUSTOMERS | {"files": {"skip_rows": 2}})
    with pytest.raises(ValidationError, match="delimiter is for csv; these files are jsonl"):
        company({**files, "delimiter": ";"}, customers=CUSTOMERS)


@pytest.mark.parametrize(
    "url",
    [
        "local:///etc",
        "asynclocal:///etc",
        "dir:///etc",
        "simplecache:///etc",
        "zip:///etc/drops.zip",
        "git:///srv/drops",
        "file://etc",
        "file://localhost/etc",
        "file:///srv/../etc",
    ],
)
def test_a_folder_of_this_machine_has_one_way_to_be_written(url: str) -> None:
    with pytest.raises(ValidationError, match="file:///the/folder"):
        company({"daily": "{load_date}/{table}.csv", "url": url}, customers=CUSTOMERS)
    company({"daily": "{load_date}/{table}.csv", "url": "file:///srv/drops"}, customers=CUSTOMERS)

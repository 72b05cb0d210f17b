"""What a deployment's file may say of a system's tables: columns by other names, and tables that come whole."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from pydantic import ValidationError

from orchestration.config.deployment import Deployment

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

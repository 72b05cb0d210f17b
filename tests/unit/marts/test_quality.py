"""What gate 2 says of references to unknown records, and of contact values that many records hold."""

from __future__ import annotations

import pytest

from expectations.marts.quality import QUALITY_CONTACTS, QUALITY_REFERENCES
from tests.unit.marts.warehouses import Warehouses

pytestmark = pytest.mark.xdist_group("great expectations")

_COLUMNS = (
    "load_date, severity, is_newest_load, unresolved_row_count, unresolved_rate, usual_unresolved_rate,"
    " unresolved_amount, hint"
)


def references(*rows: str) -> str:
    return f"""quality.quality_references as select 'shop' as system, 'orders' as table_name,
        'customer_source_id' as reference, 'customers' as target_entity, 50 as row_count, 10 as missing_row_count,
        * from (values {", ".join(rows)}) as loads({_COLUMNS})"""


OLD = "(date '2026-01-05', 'red', false, 40, 1.0, null, null, null)"
GOOD = "(date '2026-02-11', 'ok', true, 0, 0, 0.5, 0, null)"
RED = "(date '2026-02-11', 'red', true, 40, 1.0, 0.025, 2800.00, '39 of 40 would match with leading zeros')"
WARNED = "(date '2026-02-11', 'warn', true, 3, 0.075, null, null, null)"
FIRST_OF_TWO = "(date '2026-02-11', 'red', false, 40, 1.0, 0, null, null)"
SECOND_OF_TWO = "(date '2026-02-12', 'ok', true, 0, 0, 0, null, null)"


def test_a_red_load_names_system_table_load_figures_cause_and_limits(warehouses: Warehouses) -> None:
    warehouses.build(references(RED))
    [finding] = warehouses.found(QUALITY_REFERENCES)
    assert finding.severity == "error"
    for fact in ("shop", "orders", "2026-02-11", "40 of 40 rows", "customer_source_id", "100.0 %", "2.5 %", "2800.00"):
        assert fact in finding.message
    assert "39 of 40 would match with leading zeros" in finding.message
    assert "limits.unresolved_rise" in finding.message


def test_a_share_above_the_limit_is_a_warning(warehouses: Warehouses) -> None:
    warehouses.build(references(WARNED))
    [finding] = warehouses.found(QUALITY_REFERENCES)
    assert finding.severity == "warn"
    assert "3 of 40 rows" in finding.message
    assert "limits.unresolved_rate" in finding.message


def test_loads_of_before_the_published_version_are_not_judged_again(warehouses: Warehouses) -> None:
    warehouses.publish(references(OLD))
    warehouses.build(references(OLD, GOOD))
    assert not warehouses.found(QUALITY_REFERENCES)


def test_every_load_since_the_published_version_is_judged(warehouses: Warehouses) -> None:
    warehouses.publish(references(OLD))
    warehouses.build(references(OLD, FIRST_OF_TWO, SECOND_OF_TWO))
    assert [finding.severity for finding in warehouses.found(QUALITY_REFERENCES)] == ["error"]


def test_a_company_without_references_passes(warehouses: Warehouses) -> None:
    warehouses.build(f"{references(GOOD)} where false")
    assert not warehouses.found(QUALITY_REFERENCES)


def test_a_value_on_many_records_is_a_warning_that_shows_no_value(warehouses: Warehouses) -> None:
    warehouses.build(
        """quality.quality_contacts as select * from (values ('till', 'phone', 1, 30, 30), ('crm', 'email', 0, 0, 2))
        as contacts(system, link_type, crowded_value_count, crowded_record_count, most_records_per_value)"""
    )
    [finding] = warehouses.found(QUALITY_CONTACTS)
    assert finding.severity == "warn"
    for fact in ("till", "phone", "30 records", "identity.placeholders"):
        assert fact in finding.message
    assert "crm" not in finding.message

"""What a key loses: rows of one key and different content in one delivery, and ids that stand for several."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pydantic import ValidationError

from orchestration.config.settings import Limits
from orchestration.config.systems import TableSettings
from orchestration.landing.unit import Unit
from tests.unit.landing.deliveries import CUSTOMER_COLUMNS, Company, company, messages

pytestmark = pytest.mark.xdist_group("great expectations")

LINES = "shop__order_lines"
CUSTOMERS = "crm__customers"
AT = "2025-12-31T10:00:00+01:00"
LATER = "2025-12-31T11:00:00+01:00"


@pytest.fixture
def demo(tmp_path: Path) -> Company:
    """The demo company without a landing."""
    return company("demo", tmp_path)


def lines(demo: Company, *rows: tuple[str, int, float], limits: Limits | None = None) -> Unit:
    """The unit of order lines, each with its order, number and amount."""
    demo.deliver(
        "history/shop/order_lines.parquet",
        pa.table(
            {
                "order_number": [order for order, _, _ in rows],
                "line_number": pa.array([number for _, number, _ in rows], pa.int32()),
                "sku": ["s"] * len(rows),
                "quantity": pa.array([1] * len(rows), pa.int32()),
                "net_amount": [amount for _, _, amount in rows],
                "cost_amount": [0.0] * len(rows),
                "created_at": [AT] * len(rows),
            }
        ),
    )
    if limits:
        demo = Company(demo.deployment.model_copy(update={"limits": limits}), demo.landing)
    [unit] = demo.landing.admit(demo.table(LINES), [demo.history])
    return unit


def customers(demo: Company, *rows: dict[str, Any]) -> Unit:
    """The unit of customers; what a row does not say is empty."""
    text = io.StringIO()
    writer = csv.DictWriter(text, CUSTOMER_COLUMNS.split(","), restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    demo.deliver("history/crm/customers.csv", text.getvalue())
    [unit] = demo.admit(CUSTOMERS)
    return unit


def test_a_key_that_does_not_identify_the_rows_stops_the_batch_with_the_amount_that_would_vanish(demo: Company) -> None:
    unit = lines(demo, ("A", 1, 10.0), ("A", 1, 20.0), ("A", 1, 5.5), ("B", 1, 64.5))

    [message] = messages([unit], "error")
    assert not unit.has_landed
    assert "2 rows have the key (order_number, line_number)" in message
    # the last row is kept: 10.00 and 20.00 of 100.00 vanish, and 2 of 4 rows
    assert "30.00 of net_amount" in message
    assert "the share 0.5 is above 0.001" in message
    assert "order_lines.parquet, line 1 is replaced by history/shop/order_lines.parquet, line 3" in message
    assert messages([unit], "warn") == []


def test_the_share_of_an_amount_counts_where_that_of_the_rows_is_small(demo: Company) -> None:
    rows = [("A", 1, 50.0), ("A", 1, 20.0), *((f"B{number}", 1, 0.01) for number in range(3000))]
    [message] = messages([lines(demo, *rows)], "error")
    # 50.00 of 100.00
    assert "the share 0.5 " in message


def test_below_the_limit_the_rows_land_with_a_warning(demo: Company) -> None:
    unit = lines(demo, ("A", 1, 10.0), ("A", 1, 20.0), ("B", 1, 70.0), limits=Limits(key_conflict_rate=0.5))

    [message] = messages([unit], "warn")
    assert unit.has_landed
    assert "1 rows have the key" in message
    assert "10.00 of net_amount" in message
    assert unit.profile["replaced_row_count"] == 1


def test_a_row_that_is_delivered_twice_is_no_conflict(demo: Company) -> None:
    unit = lines(demo, ("A", 1, 10.0), ("A", 1, 10.0), ("B", 1, 70.0))
    assert unit.has_landed
    assert messages([unit], "warn") == []


def test_dated_changes_of_a_record_are_its_versions(demo: Company) -> None:
    first = {"customer_id": "c1", "segment": "retail", "updated_at": AT}
    unit = customers(demo, first, {**first, "segment": "premium", "updated_at": LATER})
    assert unit.has_landed
    assert unit.profile["replaced_row_count"] == 0


def test_two_contents_of_one_change_time_are_none(demo: Company) -> None:
    first = {"customer_id": "c1", "segment": "retail", "updated_at": AT}
    unit = customers(demo, first, {**first, "segment": "premium"})
    [message] = messages([unit], "error")
    assert "1 rows have the key (customer_id)" in message


def test_ids_that_a_spreadsheet_has_rounded_are_rejected_one_by_one(demo: Company) -> None:
    rounded = ("1.00123E+15", "1,00123E+15", "1e+15")
    sound = ("1E15", "12E5", "1.5", "E+15", "1.00123E-15", *(f"c{number}" for number in range(100)))
    customers(demo, *({"customer_id": number, "updated_at": AT} for number in (*rounded, *sound)))
    rejected = demo.quarantined(CUSTOMERS)
    assert {row["customer_id"] for row in demo.landed(CUSTOMERS)} == set(sound)
    assert len(rejected) == len(rounded)
    assert all("scientific notation" in reason for row in rejected for reason in row["reasons"])


@pytest.mark.parametrize("blank", [" ", "\u00a0", "\t"])
def test_a_blank_id_is_rejected(demo: Company, blank: str) -> None:
    customers(demo, {"customer_id": blank, "updated_at": AT}, {"customer_id": "c1", "updated_at": AT})
    [rejected] = demo.quarantined(CUSTOMERS)
    assert any("customer_id is blank" in reason for reason in rejected["reasons"])


def test_a_single_bad_row_of_a_small_delivery_does_not_stop_it(demo: Company) -> None:
    unit = customers(demo, {"customer_id": "c1", "updated_at": AT}, {"customer_id": "c2", "updated_at": "soon"})
    assert unit.has_landed
    assert len(demo.quarantined(CUSTOMERS)) == 1


def test_a_table_without_a_natural_key_has_no_column_that_identifies() -> None:
    settings = TableSettings(description="Visits.", key=("_source_row",), delivers=())
    assert settings.key_columns == ()


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ({"key": ["_source_row", "id"]}, "stands alone"),
        ({"key": ["_source_row"], "snapshot": True}, "need a key"),
        ({"key": ["_source_row"], "lookback_days": 2}, "need a key"),
    ],
)
def test_a_table_without_a_key_cannot_have_records_that_come_again(settings: dict[str, Any], problem: str) -> None:
    with pytest.raises(ValidationError, match=problem):
        TableSettings.model_validate({"description": "Visits.", "delivers": [], **settings})

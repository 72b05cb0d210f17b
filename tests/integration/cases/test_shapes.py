"""Times, numbers and texts in unusual shapes: read as they are meant, or refused with their reason."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import pyarrow.parquet as pq

from tests.integration.company import Delivery

if TYPE_CHECKING:
    from tests.integration.cases.conftest import Runs


def _sale(number: str, at: str, amount: str = "12.50") -> dict[str, str]:
    return {"order_id": f"shape-{number}", "email": f"shape-{number}@example.com", "amount": amount, "ordered_at": at}


HISTORY: Delivery = {
    "market_till__orders": [
        _sale("minutes", "2026-09-02T10:00Z"),
        _sale("utc", "2026-09-02 10:23:45 UTC"),
        _sale("zone", "2026-09-02T10:23:45 Europe/Berlin"),
        _sale("blank", "2026-09-02 10:23:45 +0200"),
        _sale("summer", "2026-09-02 10:23:45 CEST"),
        _sale("thousand", "2026-09-02T10:00:00Z", amount="1.234"),
    ],
    "market_help__tickets": [
        {"id": "shape-nul", "user_id": "plain", "reason": "a\0b", "opened_at": "2026-10-02T10:00:00Z"},
    ],
}


def test_minutes_offsets_after_a_blank_and_zones_are_read_as_written(runs: Runs) -> None:
    found = runs.after_history(
        "select source_id, ordered_at from star.fct_orders where source_id like 'shape-%' order by source_id"
    )
    assert found == [
        ("shape-blank", datetime.fromisoformat("2026-09-02 08:23:45")),
        ("shape-minutes", datetime.fromisoformat("2026-09-02 10:00:00")),
        ("shape-utc", datetime.fromisoformat("2026-09-02 10:23:45")),
        ("shape-zone", datetime.fromisoformat("2026-09-02 08:23:45")),
    ]


def test_an_abbreviated_zone_and_an_amount_that_may_be_a_thousand_are_quarantined(runs: Runs) -> None:
    folder = runs.market.copy.root / "data" / "market" / "quarantine" / "market_till" / "orders"
    refused = [row for path in folder.rglob("*.parquet") for row in pq.ParquetFile(path).read().to_pylist()]
    reasons = {
        name: [reason for row in refused if f'"shape-{name}"' in row["row_text"] for reason in row["reasons"]]
        for name in ("summer", "thousand")
    }
    assert "no time with an offset" in reasons["summer"][0]
    assert "may be in thousands" in reasons["thousand"][0]


def test_a_text_with_a_character_of_no_width_lands_as_delivered(runs: Runs) -> None:
    assert runs.after_history("select reason from star.fct_cases where source_id = 'shape-nul'") == [("a\0b",)]

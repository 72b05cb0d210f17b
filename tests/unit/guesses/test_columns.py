"""What the values of a column are taken for, and how they are written."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest

from orchestration.guesses.columns import columns_of
from tests.unit.guesses.tables import column_of, rows_of


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (["1", "20", "-3"], {"kind": "whole", "lowest": -3, "highest": 20}),
        (["1.5", "20"], {"kind": "amount", "marks": None}),
        (["1.234,50", "12,5"], {"kind": "amount", "marks": (",", "."), "highest": 1234.5}),
        (["9,0", "10,0"], {"kind": "whole", "marks": (",", None)}),
        (["0001", "0023"], {"kind": "text"}),
        (["17850.0", "12346.0", None], {"kind": "whole", "filled_count": 2}),
        (["A1", "7"], {"kind": "text"}),
        (["true", "False"], {"kind": "boolean"}),
        (["", None], {"kind": "empty"}),
        (["1", "NULL", "3"], {"kind": "whole", "tokens": ("NULL",), "highest": 3}),
        (["DE", "NA"], {"kind": "text", "tokens": ()}),
        (["2026-09-02", "2026-09-13"], {"kind": "time", "format": None, "newest": date(2026, 9, 13)}),
        (["2026-09-02T10:00:00Z", "2026-09-03T11:00:00+02:00"], {"kind": "time", "has_offset": True}),
        (["19970101", "19980630"], {"kind": "time", "format": "%Y%m%d", "newest": date(1998, 6, 30)}),
        (["19970101", "19971345"], {"kind": "whole"}),
        (["12/1/2010 8:26", "12/13/2010 8:26"], {"format": "%m/%d/%Y %H:%M", "newest": date(2010, 12, 13)}),
        (["02/09/2026", "13/09/2026"], {"format": "%d/%m/%Y", "is_ambiguous": False}),
        (["02/09/2026", "03/04/2026"], {"format": "%d/%m/%Y", "is_ambiguous": True}),
        (["02.09.2026 10:00"], {"format": "%d.%m.%Y %H:%M"}),
        (pa.array([Decimal("1.50")]), {"kind": "amount"}),
        (pa.array([1.0, None]), {"kind": "whole", "filled_count": 1}),
        (pa.array([datetime(2026, 9, 2, tzinfo=UTC)]), {"kind": "time", "has_offset": True}),
        (pa.array([date(2026, 9, 2)]), {"kind": "time", "has_offset": False, "newest": date(2026, 9, 2)}),
        (pa.array([[1]]), {"kind": "other"}),
    ],
)
def test_the_kind_and_the_form_of_values_are_recognised(values: Any, expected: dict[str, Any]) -> None:
    [found] = columns_of(rows_of({"value": values}))
    assert {name: getattr(found, name) for name in expected} == expected


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (["1767225600", "1767312000"], ("epoch_seconds", date(2026, 1, 2))),
        (["1767225600000", "1767312000000"], ("epoch_milliseconds", date(2026, 1, 2))),
        (["17", "18"], None),
    ],
)
def test_whole_numbers_may_be_seconds_or_milliseconds(values: list[str], expected: tuple[str, date] | None) -> None:
    found = column_of(*values).as_time()
    assert (found and (found.format, found.newest)) == expected


def test_a_day_is_that_of_the_time_zone() -> None:
    rows = rows_of({"at": ["2026-09-02T23:30:00Z"]})
    assert [columns_of(rows, zone)[0].newest for zone in ("UTC", "Europe/Paris")] == [
        date(2026, 9, 2),
        date(2026, 9, 3),
    ]


def test_addresses_are_recognised_by_their_form() -> None:
    assert column_of("ada@example.com", "bob@example.com").holds_addresses
    assert not column_of("ada@example.com", "see above").holds_addresses

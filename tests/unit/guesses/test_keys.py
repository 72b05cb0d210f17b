"""The key is the smallest set of columns that is unique and named like ids."""

from __future__ import annotations

import pytest

from orchestration.guesses.columns import columns_of
from orchestration.guesses.keys import smallest_key
from tests.unit.guesses.tables import Delivery, rows_of

THREE = ["1", "2", "3"]


@pytest.mark.parametrize(
    ("columns", "key"),
    [
        ({"customer_no": ["A", "A", "B"], "order_no": THREE}, ("order_no",)),
        ({"order_no": ["1", "1", "2"], "line": ["1", "2", "1"], "sku": ["x", "y", "x"]}, ("order_no", "line")),
        (
            {"shop_id": ["1", "1", "2", "2"], "order_no": ["1", "1", "1", "1"], "line": ["1", "2", "1", "2"]},
            ("shop_id", "line"),
        ),
        (
            {"a_id": ["1", "1", "1", "2"], "b_id": ["1", "1", "2", "1"], "c_id": ["1", "2", "1", "1"]},
            ("a_id", "b_id", "c_id"),
        ),
        # unique by chance: an amount, a measure, a time, a name
        ({"order_no": ["1", "1", "2"], "amount": ["1.5", "2.5", "3.5"], "quantity": THREE}, ()),
        ({"name": ["Ada", "Bob", "Cy"], "created": ["2026-01-01", "2026-01-02", "2026-01-03"]}, ()),
        ({"customer_no": ["A", "A", "B"], "date": ["2026-01-01", "2026-01-02", "2026-01-01"]}, ("customer_no", "date")),
        ({"order_no": ["1", None, "3"]}, ()),
        ({"order_no": ["1", "1", "2"], "line": ["1", "1", "1"]}, ()),
    ],
)
def test_the_smallest_set_of_ids_is_the_key(columns: Delivery, key: tuple[str, ...]) -> None:
    rows = rows_of(columns)
    assert smallest_key(rows, columns_of(rows)) == key


def test_the_id_of_another_record_is_no_key_alone() -> None:
    rows = rows_of({"customer_id": THREE, "score": ["9", "3", "4"]})
    assert smallest_key(rows, columns_of(rows), ["customer_id"]) == ()
    assert smallest_key(rows, columns_of(rows)) == ("customer_id",)


def test_a_record_may_come_again_in_the_file_of_another_night() -> None:
    rows = rows_of({"order_no": ["1", "2", "1"]}, ["a", "a", "b"])
    assert smallest_key(rows, columns_of(rows)) == ("order_no",)


def test_without_names_only_a_single_column_is_a_key() -> None:
    rows = rows_of({"column_1": ["A", "A", "B"], "column_2": ["2026-01-01", "2026-01-02", "2026-01-01"]})
    assert smallest_key(rows, columns_of(rows), has_names=False) == ()
    rows = rows_of({"column_1": ["A", "C", "B"]})
    assert smallest_key(rows, columns_of(rows), has_names=False) == ("column_1",)

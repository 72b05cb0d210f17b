"""How delivered names and numbers are written on a page."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from orchestration.pages import words


@pytest.mark.parametrize(
    ("delivered", "shown"),
    [
        ("Premium", "Premium"),
        ("evil\u202egnp.exe", "evilgnp.exe"),
        ("a\u2066b\u2069\u200f", "ab"),
        ("a\x00b\x1b[31m", "ab[31m"),
        ("two\nlines\tand  spaces", "two lines and spaces"),
        ("zero\u200bwidth\ufeff", "zerowidth"),
        ("<script>alert(1)</script>", "<script>alert(1)</script>"),
        ("\ud800", ""),
        (7, "7"),
    ],
)
def test_a_name_is_one_line_without_invisible_characters(delivered: object, shown: str) -> None:
    assert words.clean(delivered) == shown


def test_a_long_name_is_cut() -> None:
    assert len(words.clean("x" * 10_000)) == words.LONGEST_NAME


def test_a_code_is_written_in_words() -> None:
    assert words.label("at_risk") == "at risk"


@pytest.mark.parametrize(
    ("value", "digits", "shown"),
    [
        (1234.5, 0, "1,234"),
        (Decimal("-0.04"), 1, "0.0"),
        (-7, 0, "−7"),
        (None, 0, "–"),
        (float("nan"), 0, "–"),
        (float("inf"), 0, "–"),
    ],
)
def test_a_number_has_separators_and_a_true_minus(value: float | Decimal | None, digits: int, shown: str) -> None:
    assert words.number(value, digits) == shown


def test_amounts_shares_and_periods() -> None:
    assert words.money(Decimal("1234.56"), "EUR") == "1,235 EUR"
    assert words.money(Decimal("-0.637"), "EUR") == "\u22120.64 EUR"
    assert words.money(0, "EUR") == "0 EUR"
    assert words.percent(0.125) == "12.5\u202f%"
    assert words.quarter(date(2026, 3, 31)) == "Q1 2026"
    assert words.quarter(date(2025, 10, 1)) == "Q4 2025"
    assert words.month(date(2025, 10, 1)) == "Oct 2025"

"""How codes, names, numbers and periods are written on a page.

Names come from deliveries and are untrusted: ``clean`` takes away what could change the text around them. Keep out
sentences (``sentences.py``).
"""

from __future__ import annotations

import math
import unicodedata
from datetime import date
from decimal import Decimal

LONGEST_NAME = 60
MINUS = "\N{MINUS SIGN}"
MISSING = "\N{EN DASH}"
LEAST_WITHOUT_CENTS = 100

Number = int | float | Decimal


def clean(text: object) -> str:
    """Return a delivered name as one short line, without control, direction or other invisible characters."""
    shown = "".join(
        " " if character.isspace() else character
        for character in str(text)
        if character.isspace() or unicodedata.category(character)[0] != "C"
    )
    shown = " ".join(shown.split())
    return shown if len(shown) <= LONGEST_NAME else shown[: LONGEST_NAME - 1] + "\N{HORIZONTAL ELLIPSIS}"


def label(code: object) -> str:
    """Return a code in words: ``at_risk`` is 'at risk'."""
    return clean(str(code).replace("_", " "))


def number(value: Number | None, digits: int = 0) -> str:
    """Return a number with thousands separators; a dash where it is missing or not finite."""
    if value is None or not math.isfinite(value):
        return MISSING
    rounded = round(float(value), digits)
    return f"{rounded + 0:,.{digits}f}".replace("-", MINUS)


def signed(value: Number, digits: int = 1) -> str:
    """Return a change with its sign; without one where it rounds to zero."""
    sign = "+" if round(float(value), digits) > 0 else ""
    return sign + number(value, digits)


def percent(value: Number | None, digits: int = 1) -> str:
    """Return a share of 0 to 1 in percent."""
    return MISSING if value is None or not math.isfinite(value) else number(float(value) * 100, digits) + "\u202f%"


def money(value: Number | None, currency: str) -> str:
    """Return an amount with its currency; with cents below 100."""
    if value is None:
        return MISSING
    return f"{number(value, 2 if 0 < abs(float(value)) < LEAST_WITHOUT_CENTS else 0)} {currency}"


def counted(value: int, singular: str, plural: str | None = None) -> str:
    """Return a count with its noun: 1 answer, 32 answers."""
    return f"{number(value)} {singular if value == 1 else plural or singular + 's'}"


def month(day: date) -> str:
    """Return a month as 'Jan 2026'."""
    return f"{day:%b %Y}"


def quarter(day: date) -> str:
    """Return a quarter as 'Q1 2026'."""
    return f"Q{(day.month + 2) // 3} {day.year}"

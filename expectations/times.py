"""How a delivered time becomes an instant, in DuckDB's SQL: the text of the macro ``utc`` in ``dbt_project/macros``.

DuckDB reads neither minutes without seconds before an offset, nor an offset after a blank, nor a zone in brackets. A
test compares both texts.
"""

from __future__ import annotations

REWRITES = (
    # 10:00Z: the seconds are missing
    (r"^([0-9]{4}-[0-9]{1,2}-[0-9]{1,2}[Tt ] *[0-9]{1,2}:[0-9]{2}) *([A-Za-z+\[-])", r"\1:00 \2"),
    # UTC+02:00, GMT+0200
    (r"(?:UTC|GMT)([+-][0-9])", r"\1"),
    # +02:00[Europe/Berlin]: the offset decides
    (r"([+-][0-9]{2}:?[0-9]{2}|[Zz])\[[A-Za-z_/+-]+[0-9]*\]$", r"\1"),
    (r"(:[0-9.]+) *\[?([A-Za-z_]+/[A-Za-z_/+-]+[0-9]*)\]?$", r"\1 \2"),
    (r"(:[0-9.]+) *(?:[Zz]|UTC|GMT|utc|gmt)$", r"\1+00"),
    (r"(:[0-9.]+) +([+-])", r"\1\2"),
)
HAS_OFFSET = (
    r":[0-9.]+ *([Zz]|UTC|GMT|utc|gmt|(UTC|GMT)?[+-][0-9:]{2,8}|\[?[A-Za-z_]+/[A-Za-z_/+-]+[0-9]*\]?)"
    r"(\[[A-Za-z_/+-]+[0-9]*\])?$"
)
"""Abbreviations such as CEST or BST are not among them: several zones share one."""


def instant_of(value: str) -> str:
    """Return ``value`` as a timestamp with time zone, null if it is not a time; without an offset it counts as UTC."""
    text = f"trim(cast({value} as varchar))"
    for pattern, replacement in REWRITES:
        text = f"regexp_replace({text}, '{pattern}', '{replacement}')"
    return f"coalesce(try_cast({value} as timestamptz), try_cast({text} as timestamptz))"

"""Delivered columns as the SQL of rules names them."""

from __future__ import annotations

import re


def quoted(column: str) -> str:
    """A delivered column in SQL: its name may have blanks and signs."""
    return '"' + column.replace('"', '""') + '"'


def as_name(column: str) -> str:
    """A delivered column as a part of a figure's name, which messages refer to."""
    return re.sub(r"\W", "_", column)

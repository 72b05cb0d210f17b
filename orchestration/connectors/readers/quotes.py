"""Checks the quotes of one record of delimited text: the last one closes, and none is followed by text.

A quote opens a field only as its first character. Arrow and Python's ``csv`` accept text after a closing quote; in a
record of several lines such text means that a quote closed late and swallowed other rows.
"""

from __future__ import annotations

import re


class Quotes:
    """The rules of quoting for one delimiter."""

    def __init__(self, delimiter: str) -> None:
        self.delimiter = delimiter
        mark = re.escape(delimiter)
        quoted = '"[^"]*+(?:""[^"]*+)*+"'
        bare = rf'(?:[^"{mark}\r\n][^{mark}\r\n]*+)?+'
        closed = rf"(?:{quoted}[^{mark}\r\n]*+|{bare})"
        self._closed_fields = re.compile(rf"(?:{closed}{mark})*+(?:{quoted})?+")
        self._regular = re.compile(rf"(?:{quoted}|{bare})(?:{mark}(?:{quoted}|{bare}))*+(?:\r\n|\r|\n)?")

    def open_at(self, record: str) -> int | None:
        """Return the position of the quote that ``record`` does not close; None if all are closed."""
        match = self._closed_fields.match(record)
        end = match.end() if match else 0
        return end if record.startswith('"', end) else None

    def are_regular(self, record: str) -> bool:
        """Whether each closing quote is followed by a delimiter or by the end of ``record``."""
        return self._regular.fullmatch(record) is not None

"""The quotes of one record of delimited text: whether the last one closes, and whether all stand where they may.

A quote opens a field only as its first character. Arrow and Python's ``csv`` read on where text follows the closing
quote; in a record of several lines such text means that a quote closed late and swallowed other rows.
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
        """Where the quote stands that ``record`` opens and does not close; None where all are closed."""
        match = self._closed_fields.match(record)
        end = match.end() if match else 0
        return end if record.startswith('"', end) else None

    def are_regular(self, record: str) -> bool:
        """Whether each closing quote is followed by a delimiter or by the end of ``record``."""
        return self._regular.fullmatch(record) is not None

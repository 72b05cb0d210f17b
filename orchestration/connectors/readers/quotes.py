"""Checks the quotes of one record of delimited text: the last one closes, and none is followed by text.

A quote opens a field only as its first character. Arrow and Python's ``csv`` accept text after a closing quote; in a
record of several lines such text means that a quote closed late and swallowed other rows.
"""

from __future__ import annotations

import csv
import re
from typing import Any

from orchestration.config.shapes import BLANKS, NO_QUOTE, FileShape


class Quotes:
    """The rules of quoting for one delimiter and one quote.

    Attributes:
        delimiter: the character between fields in ``plain`` text.
        quote: the character around fields; empty if fields are never quoted.
        escape: the character before a quote, a delimiter or itself that belongs to a field.
        undeclared: what quotes look like that are escaped instead of doubled, if no escape is declared.
    """

    def __init__(self, shape: FileShape) -> None:
        self.has_blanks = shape.delimiter == BLANKS
        self.delimiter = "\t" if self.has_blanks else shape.delimiter
        self.quote = "" if shape.quote == NO_QUOTE else shape.quote
        self.escape = shape.escape
        self.undeclared = f"\\{self.quote}" if self.quote and not self.escape else ""
        mark, quote = re.escape(self.delimiter), re.escape(self.quote or "\0")
        escape = re.escape(self.escape or "\0")
        inner = rf"(?:[^{quote}{escape}]++|{quote}{quote}|{escape}(?s:.))*+"
        rest = rf"(?:[^{mark}{escape}\r\n]++|{escape}(?s:.))*+"
        quoted = f"{quote}{inner}{quote}"
        bare = rf"(?:(?!{quote}){rest})"
        closed = rf"(?:{quoted}{rest}|{bare})"
        self._closed_fields = re.compile(rf"(?:{closed}{mark})*+(?:{quoted})?+")
        self._regular = re.compile(rf"(?:{quoted}|{bare})(?:{mark}(?:{quoted}|{bare}))*+(?:\r\n|\r|\n)?")
        self._blanks = re.compile(
            rf"(?P<quoted>(?<![^ \t\r\n]){quoted[: -len(quote)]}{quote}?)"
            r"|(?P<edge>(?<![^\r\n])[ \t]+|[ \t]+(?![^\r\n]))|[ \t]+"
        )

    def plain(self, text: str) -> str:
        """``text`` with one delimiter between two fields, and none at the ends of a line, where blanks separate."""
        return self._blanks.sub(self._delimited, text) if self.has_blanks else text

    def fields(self, record: str) -> list[str]:
        """Return the fields of one record."""
        quoting: Any = csv.QUOTE_MINIMAL if self.quote else csv.QUOTE_NONE
        plain = self.plain(record)
        return next(
            csv.reader(
                [plain], delimiter=self.delimiter, quotechar=self.quote or None, quoting=quoting, escapechar=self.escape
            ),
            [],
        )

    def open_at(self, record: str) -> int | None:
        """Return the position of the quote that ``record``, plain text, does not close; None if all are closed."""
        if not self.quote or record.count(self.quote) == 0:
            return None
        match = self._closed_fields.match(record)
        end = match.end() if match else 0
        return end if record.startswith(self.quote, end) else None

    def are_regular(self, record: str) -> bool:
        """Whether each closing quote is followed by a delimiter or by the end of ``record``."""
        return not self.quote or self._regular.fullmatch(self.plain(record)) is not None

    def _delimited(self, found: re.Match[str]) -> str:
        return found[0] if found["quoted"] else "" if found["edge"] else self.delimiter

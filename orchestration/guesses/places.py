"""The patterns of delivered files by their names: which files are one table, and where the date of a night stands.

Keep out what the files hold (``cli/new_files.py``).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from orchestration.base.errors import PipelineError
from orchestration.guesses.names import slug, words_of_entities

FORMATS = {
    "csv": "csv", "tsv": "csv", "txt": "csv", "dat": "csv", "jsonl": "jsonl", "ndjson": "jsonl", "parquet": "parquet",
}  # fmt: skip
SUFFIX = re.compile(rf"\.({'|'.join(FORMATS)})(\.(gz|zst|zstd))?$", re.IGNORECASE)
DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
NUMBERED = re.compile(r"(?<=[_. -])\d+(?=$|[_. -])|\d{4,}")
LOAD_DATE = "{load_date}"
ANY_NUMBER = "[0-9]*"
SHARE_OF_TABLES = 0.6
"""A word that so many names begin or end with says nothing about a table."""


@dataclass(frozen=True)
class Place:
    """Where the files of one table lie.

    Attributes:
        history: pattern of the files without a date in their names; with none of them the pattern of ``daily``.
        daily: pattern of the files with one.
        names: of its files, the newest last.
    """

    table: str
    history: str
    daily: str | None
    names: tuple[str, ...]

    @property
    def days(self) -> list[date]:
        """The dates in the names of files."""
        return sorted(day for name in self.names for day in days_in(name))

    @property
    def has_history(self) -> bool:
        """Whether a file without a date holds the history."""
        return self.history != self.daily


def days_in(name: str) -> list[date]:
    """Return the dates in a file's name."""
    found = []
    for text in DAY.findall(name):
        try:
            found.append(date.fromisoformat(text))
        except ValueError:  # digits such as 2026-13-45
            continue
    return found[:1]


def places(names: Sequence[str]) -> list[Place]:
    """Return one place per table, in the order of their first files.

    Args:
        names: of the files, relative to the folder that holds all of them.

    Raises:
        PipelineError: a name does not end like a file that can be read, or two files are one table in two ways.
    """
    shapes: dict[str, list[str]] = {}
    for name in names:
        if not SUFFIX.search(name):
            raise PipelineError(
                f"'{name}' does not end like a file that can be read ({', '.join(f'.{end}' for end in FORMATS)},"
                " also with .gz or .zst). Export it as CSV."
            )
        days = days_in(name)
        shapes.setdefault(name.replace(days[0].isoformat(), LOAD_DATE) if days else name, []).append(name)
    shapes = _numbered_together(shapes)
    tables: dict[str, list[str]] = {}
    for shape, table in zip(shapes, _table_names(list(shapes)), strict=True):
        tables.setdefault(table, []).append(shape)
    return [_place(table, known, shapes) for table, known in tables.items()]


def _numbered_together(shapes: dict[str, list[str]]) -> dict[str, list[str]]:
    """Files that differ only in a number are parts of one table."""
    parts: dict[str, list[str]] = {}
    for shape in shapes:
        pattern = shape if LOAD_DATE in shape else NUMBERED.sub(ANY_NUMBER, _stem(shape)) + shape[len(_stem(shape)) :]
        parts.setdefault(pattern, []).append(shape)
    found: dict[str, list[str]] = {}
    for pattern, same in parts.items():
        found[pattern if len(same) > 1 else same[0]] = sorted(name for shape in same for name in shapes[shape])
    return found


def _place(table: str, known: list[str], shapes: dict[str, list[str]]) -> Place:
    dated = [shape for shape in known if LOAD_DATE in shape]
    others = [shape for shape in known if LOAD_DATE not in shape]
    if len(dated) > 1 or len(others) > 1:
        files = " and ".join(f"'{shapes[shape][0]}'" for shape in (dated if len(dated) > 1 else others)[:2])
        raise PipelineError(
            f"{files} would both be the table '{table}'. Give one of them another name, or name only one of them."
        )
    daily = next(iter(dated), None)
    history = next(iter(others), None) or daily or ""
    names = [*(shapes[others[0]] if others else []), *(sorted(shapes[daily]) if daily else [])]
    return Place(table, history, daily, tuple(names))


def _stem(shape: str) -> str:
    return SUFFIX.sub("", shape)


def _table_names(shapes: Sequence[str]) -> list[str]:
    """The name of each table: of its file without date and number, and without what most files have in common."""
    words = [_words(shape) for shape in shapes]
    for end in (0, -1):
        while (common_word := _common_word([*dict.fromkeys(map(tuple, words))], end)) is not None:
            has_it = [each[end] == common_word and len(each) > 1 for each in words]
            kept = [each[1:] if end == 0 else each[:-1] for each in words]
            words = [short if is_cut else each for each, short, is_cut in zip(words, kept, has_it, strict=True)]
    return ["_".join(each) for each in words]


def _common_word(tables: Sequence[tuple[str, ...]], end: int) -> str | None:
    """The word at one end of the names of most tables, unless it says what a table holds."""
    counts = Counter(words[end] for words in tables if len(words) > 1)
    word, count = next(iter(counts.most_common(1)), ("", 0))
    is_common = count > 1 and count >= SHARE_OF_TABLES * len(tables)
    return word if is_common and word not in words_of_entities() else None


def _words(shape: str) -> list[str]:
    bare = _stem(shape).replace(LOAD_DATE, "").replace(ANY_NUMBER, "")
    parts = [part for part in bare.split("/") if re.search(r"\w", part)]
    return slug(parts[-1] if parts else "records").split("_")


def common(patterns: dict[str, str]) -> str | None:
    """Return the pattern with {table} that most tables share; None if it holds for none of them.

    Args:
        patterns: by table.
    """
    general = [made for table, pattern in patterns.items() if (made := with_table(pattern, table))]
    return Counter(general).most_common(1)[0][0] if general else None


def with_table(pattern: str, table: str) -> str | None:
    """Return the pattern with {table} in place of the table's name; None if that is not in it once."""
    found = re.split(rf"(?<![A-Za-z0-9]){re.escape(table)}(?![A-Za-z0-9])", pattern)
    return "{table}".join(found) if len(found) == 2 else None

"""Connector for web services: requests a table's window and reads the records of its responses.

Pages are fetched by ``services``.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import numpy as np

from orchestration.base.errors import PipelineError
from orchestration.config.deployment import Table, Window
from orchestration.config.web_services import EVERY, RestTable, steps_of
from orchestration.connectors.batch import (
    Batch,
    Fault,
    SourceError,
    SourceUnavailableError,
    UnavailableError,
    UnreadableError,
)
from orchestration.connectors.readers.json_values import (
    BATCH_CHARACTERS,
    BATCH_ROWS,
    Keys,
    NoRecordError,
    Record,
    as_json,
    as_text,
    batch_of,
    record_of,
)
from orchestration.connectors.services.pages import responses
from orchestration.connectors.services.window import lies_in, parameters_of

_NOTHING = object()
"""The value at a path that a response does not have."""


def pull(table: Table, window: Window) -> Iterator[Batch]:
    """Yield the records of the window in page order; at least one batch.

    A record's ``_source_file`` is the request and its ``_source_row`` is its number among the window's records, so the
    landed rows do not depend on page size or cursor. A record that is returned twice lands twice: gate 1 counts
    repeats, and the union keeps the latest version per key.

    Raises:
        SourceError: a response is unusable; batches yielded before remain valid.
        SourceUnavailableError: the service does not answer, or its data changed while the pages were read.
    """
    rest, settings = table.system.rest, table.settings.rest
    if rest is None or settings is None:
        raise TypeError(f"{table.label} is not pulled from a web service")
    parameters = parameters_of(settings.window, window, table.deployment)
    question = f"{settings.method} {settings.path}" + (f"?{urlencode(parameters, safe=':')}" if parameters else "")
    reading = _Reading(settings, window, question, table.delivered_key)
    try:
        for response in responses(rest, settings, parameters):
            reading.take(response.document, response.text)
            if reading.is_full:
                yield reading.batch()
        reading.check_total()
        if reading.is_due:
            yield reading.batch()
    except UnavailableError as error:
        raise SourceUnavailableError(f"{table.label}, {question}, {reading.where}: {error}.") from None
    except UnreadableError as error:
        raise SourceError(f"{table.label}, {question}, {reading.where}: {error}.") from None
    except PipelineError as error:  # the environment variable of a secret is not set
        raise SourceError(f"{table.label}: {error}") from None


class _Reading:
    """Collects the records of a window's pages into batches."""

    def __init__(self, settings: RestTable, window: Window, question: str, key: tuple[str, ...]) -> None:
        self.settings, self.window, self.question, self.key = settings, window, question, key
        self.changed_at = settings.window and settings.window.changed_at
        self.segments = _segments(settings.records)
        self.columns = {name: _segments(path) for name, path in settings.columns.items()}
        self.keys = Keys()
        self.where = "page 1"
        self.page_count = self.row_count = self.batch_count = 0
        self.totals: set[int] = set()
        self.identities = array("q")
        self._clear()

    def _clear(self) -> None:
        self.records: list[Record] = []
        self.row_numbers: list[int] = []
        self.faults: list[Fault] = []
        self.character_count = 0

    @property
    def is_full(self) -> bool:
        """Whether the collected records fill a batch."""
        return len(self.records) + len(self.faults) >= BATCH_ROWS or self.character_count >= BATCH_CHARACTERS

    @property
    def is_due(self) -> bool:
        """Whether a last batch is needed: records are left, or no batch was yielded."""
        return bool(self.records or self.faults) or not self.batch_count

    def batch(self) -> Batch:
        """Return the records since the last batch."""
        batch = batch_of(self.records, self.question, self.row_numbers, self.faults)
        self._clear()
        self.batch_count += 1
        return batch

    def take(self, document: Any, text: str) -> None:
        """Read the records of a page.

        Raises:
            UnreadableError: the records are not at the declared path.
        """
        has_escapes = "\\u" in text
        for path_taken in _paths_to_records((document,), self.segments):
            value = path_taken[-1]
            try:
                record = self._with_columns(record_of(value, self.keys, has_escapes=has_escapes), path_taken)
                if self.changed_at and not lies_in(self.window, record.get(self.changed_at)):
                    continue
                self.row_count += 1
                self.records.append(record)
                self.row_numbers.append(self.row_count)
            except NoRecordError as error:
                self.row_count += 1
                self.faults.append(Fault(self.question, self.row_count, str(error), _shown(value)))
        self.character_count += len(text)
        self.page_count += 1
        self.where = f"page {self.page_count + 1}"
        if self.settings.total_path:
            self._count(document)

    def _with_columns(self, record: Record, path_taken: tuple[Any, ...]) -> Record:
        """The record with the columns that the deployment takes from its parents."""
        if not self.columns:
            return record
        delivered = {name.lower() for name in record}
        twice = [name for name in self.columns if name.lower() in delivered]
        if twice:
            raise UnreadableError(
                f"the records already have a column '{min(twice)}'", "Give the column in rest.columns another name"
            )
        values = {name: _at(path_taken[len(path) - 1], path[-1]) for name, path in self.columns.items()}
        return record | {name: None if value is _NOTHING else as_text(value) for name, value in values.items()}

    def _count(self, document: Any) -> None:
        """Collect the page's total and the identities of its elements."""
        total = _at(document, steps_of(self.settings.total_path or "$"))
        if total is not _NOTHING and total is not None:
            try:
                self.totals.add(int(total))
            except (TypeError, ValueError):
                raise UnreadableError("the total is not a whole number", "Check rest.total_path") from None
        for *_, element in _paths_to_records((document,), [self.segments[0], ()]):
            values = [element.get(name) for name in self.key] if isinstance(element, dict) else []
            self.identities.append(hash(as_json(element if None in values or not values else values)))

    def check_total(self) -> None:
        """Compare the number of different elements with the service's total.

        Raises:
            UnreadableError: no page had a total.
            UnavailableError: the numbers differ, or the total changed while the pages were read.
        """
        if not self.settings.total_path:
            return
        self.where = f"{self.page_count} pages"
        if not self.totals:
            raise UnreadableError("no response has the total", "Check rest.total_path")
        count = len(np.unique(np.array(self.identities)))
        if self.totals != {count}:
            totals = " and then ".join(f"{total:,}" for total in sorted(self.totals))
            raise UnavailableError(
                f"the service reports {totals} records and returned {count:,} different ones",
                "Records move between pages if the data changes meanwhile: run again at a quieter time",
            )


def _segments(path: str) -> list[tuple[str, ...]]:
    """The names of a path, split at its lists."""
    segments: list[tuple[str, ...]] = [()]
    for step in steps_of(path):
        if step is EVERY:
            segments.append(())
        else:
            segments[-1] += (step,)
    return segments


def _paths_to_records(path_taken: tuple[Any, ...], segments: list[tuple[str, ...]]) -> Iterator[tuple[Any, ...]]:
    """Yield for every record its parents (the document, an element of each list on the path) and the record itself.

    Raises:
        UnreadableError: the path does not exist, or is not a list.
    """
    value = _at(path_taken[-1], segments[0])
    if len(segments) == 1:
        yield (*path_taken, None if value is _NOTHING else value)
        return
    is_inner = len(path_taken) > 1 and isinstance(path_taken[-1], dict)
    if value is None or path_taken[-1] is None or (value is _NOTHING and is_inner):
        return
    if not isinstance(value, list):
        raise UnreadableError(
            f"the response has {'nothing' if value is _NOTHING else 'no list'} at {'.'.join(('$', *segments[0]))}",
            "Check rest.records; some services report errors with status 200",
        )
    for element in value:
        yield from _paths_to_records((*path_taken, element), segments[1:])


def _at(value: Any, names: tuple[str | None, ...]) -> Any:
    """The value at the path ``names`` below ``value``."""
    for name in names:
        if not isinstance(value, dict) or name not in value:
            return _NOTHING
        value = value[name]
    return value


def _shown(value: Any) -> str:
    """A value as JSON for people, a lone surrogate as its escape."""
    return as_json(value).encode("utf-8", "backslashreplace").decode()

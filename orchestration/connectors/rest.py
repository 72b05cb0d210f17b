"""A web service: what is asked for a table's window, and the records in its answers.

Add here what a record is; how a service is asked for its pages stands in ``services``.
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
    NoRecordError,
    Record,
    as_json,
    as_text,
    batch_of,
    record_of,
)
from orchestration.connectors.services.pages import answers
from orchestration.connectors.services.window import lies_in, parameters_of

_NOTHING = object()
"""What a path leads to where an answer has nothing."""


def pull(table: Table, window: Window) -> Iterator[Batch]:
    """Yield what the service holds for the window, in the order of its pages; at least one batch.

    A record's ``_source_file`` names the question and its ``_source_row`` is its place among the window's records, so
    that neither a page's size nor a cursor changes what lands. A record that is answered twice lands twice: gate 1
    counts repeats, and the union takes one version of each record by its key.

    Raises:
        SourceError: an answer cannot be taken as it is; batches before it stand.
        SourceUnavailableError: the service does not answer, or changed what it holds while it was read.
    """
    rest, asked = table.system.rest, table.settings.rest
    if rest is None or asked is None:
        raise TypeError(f"{table.told} is not pulled from a web service")
    parameters = parameters_of(asked.window, window, table.deployment)
    question = f"{asked.method} {asked.path}" + (f"?{urlencode(parameters, safe=':')}" if parameters else "")
    reading = _Reading(asked, window, question, table.delivered_key)
    try:
        for answer in answers(rest, asked, parameters):
            reading.take(answer.document, answer.text)
            if reading.is_full:
                yield reading.batch()
        reading.check_total()
        if reading.is_due:
            yield reading.batch()
    except UnavailableError as error:
        raise SourceUnavailableError(f"{table.told}, {question}, {reading.where}: {error}.") from None
    except UnreadableError as error:
        raise SourceError(f"{table.told}, {question}, {reading.where}: {error}.") from None
    except PipelineError as error:  # a secret that is not set
        raise SourceError(f"{table.told}: {error}") from None


class _Reading:
    """The records of a window as its pages come, until they are as many as a batch may hold."""

    def __init__(self, asked: RestTable, window: Window, question: str, key: tuple[str, ...]) -> None:
        self.asked, self.window, self.question, self.key = asked, window, question, key
        self.changed_at = asked.window and asked.window.changed_at
        self.segments = _segments(asked.records)
        self.columns = {name: _segments(path) for name, path in asked.columns.items()}
        self.where = "page 1"
        self.page_count = self.row_count = self.batch_count = 0
        self.totals: set[int] = set()
        self.identities = array("q")
        self._clear()

    def _clear(self) -> None:
        self.records: list[Record] = []
        self.places: list[int] = []
        self.faults: list[Fault] = []
        self.character_count = 0

    @property
    def is_full(self) -> bool:
        """Whether what is read is a batch."""
        return len(self.records) + len(self.faults) >= BATCH_ROWS or self.character_count >= BATCH_CHARACTERS

    @property
    def is_due(self) -> bool:
        """Whether a last batch is missing, be it one without rows: the window was asked for."""
        return bool(self.records or self.faults) or not self.batch_count

    def batch(self) -> Batch:
        """What was read since the last batch."""
        batch = batch_of(self.records, self.question, self.places, self.faults)
        self._clear()
        self.batch_count += 1
        return batch

    def take(self, document: Any, text: str) -> None:
        """Read a page.

        Raises:
            UnreadableError: its records are not where they should be.
        """
        has_escapes = "\\u" in text
        for way in _ways((document,), self.segments):
            value = way[-1]
            try:
                record = self._with_columns(record_of(value, has_escapes=has_escapes), way)
                if self.changed_at and not lies_in(self.window, record.get(self.changed_at)):
                    continue
                self.row_count += 1
                self.records.append(record)
                self.places.append(self.row_count)
            except NoRecordError as error:
                self.row_count += 1
                self.faults.append(Fault(self.question, self.row_count, str(error), _shown(value)))
        self.character_count += len(text)
        self.page_count += 1
        self.where = f"page {self.page_count + 1}"
        if self.asked.total_path:
            self._count(document)

    def _with_columns(self, record: Record, way: tuple[Any, ...]) -> Record:
        """The record and what the deployment takes from around it."""
        if not self.columns:
            return record
        twice = self.columns.keys() & record.keys()
        if twice:
            raise UnreadableError(
                f"the records have a column '{min(twice)}' of their own", "Give the one in rest.columns another name"
            )
        values = {name: _at(way[len(path) - 1], path[-1]) for name, path in self.columns.items()}
        return record | {name: None if value is _NOTHING else as_text(value) for name, value in values.items()}

    def _count(self, document: Any) -> None:
        """Note how many elements the page says there are, and which ones it has."""
        total = _at(document, steps_of(self.asked.total_path or "$"))
        if total is not _NOTHING and total is not None:
            try:
                self.totals.add(int(total))
            except (TypeError, ValueError):
                raise UnreadableError("the total is no whole number", "Check rest.total_path") from None
        for *_, element in _ways((document,), [self.segments[0], ()]):
            values = [element.get(name) for name in self.key] if isinstance(element, dict) else []
            self.identities.append(hash(as_json(element if None in values or not values else values)))

    def check_total(self) -> None:
        """Hold the elements that came against the number that the service said there are.

        Raises:
            UnreadableError: it said none.
            UnavailableError: they are not as many, or the number changed while the pages were read.
        """
        if not self.asked.total_path:
            return
        self.where = f"{self.page_count} pages"
        if not self.totals:
            raise UnreadableError("no answer has the total", "Check rest.total_path")
        count = len(np.unique(np.array(self.identities)))
        if self.totals != {count}:
            told = " and then ".join(f"{total:,}" for total in sorted(self.totals))
            raise UnavailableError(
                f"the service counts {told} records and gave {count:,} different ones",
                "Data that changes while its pages are read moves between them: run again, at a quieter time",
            )


def _segments(path: str) -> list[tuple[str, ...]]:
    """The names between the lists of a path: before the first one, between two, after the last."""
    segments: list[tuple[str, ...]] = [()]
    for step in steps_of(path):
        if step is EVERY:
            segments.append(())
        else:
            segments[-1] += (step,)
    return segments


def _ways(way: tuple[Any, ...], segments: list[tuple[str, ...]]) -> Iterator[tuple[Any, ...]]:
    """Every way to a record: the whole answer, the element of each list passed, and in the end the record itself.

    Raises:
        UnreadableError: the answer has nothing there, or no list.
    """
    value = _at(way[-1], segments[0])
    if len(segments) == 1:
        yield (*way, None if value is _NOTHING else value)
        return
    is_inner = len(way) > 1 and isinstance(way[-1], dict)
    if value is None or way[-1] is None or (value is _NOTHING and is_inner):
        return
    if not isinstance(value, list):
        raise UnreadableError(
            f"the answer has {'nothing' if value is _NOTHING else 'no list'} at {'.'.join(('$', *segments[0]))}",
            "Check rest.records; an error that is told with status 200 looks like this, too",
        )
    for element in value:
        yield from _ways((*way, element), segments[1:])


def _at(value: Any, names: tuple[str | None, ...]) -> Any:
    """What stands at ``names`` below ``value``."""
    for name in names:
        if not isinstance(value, dict) or name not in value:
            return _NOTHING
        value = value[name]
    return value


def _shown(value: Any) -> str:
    """A value for people, half a character as its escape."""
    return as_json(value).encode("utf-8", "backslashreplace").decode()

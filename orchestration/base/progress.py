"""Progress of a run: its steps with their seconds, and the rows and load dates of a step.

Steps report to the listener of the process, from whatever thread: dbt reports from threads of its own.
``cli/console.py`` draws the reports. Without a listener, as under the scheduler, the reports are dropped: Dagster's
event log has the same facts.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial

LOG_EVERY_SECONDS = 30


@dataclass(frozen=True)
class Report:
    """A step began or moved (``seconds`` is None), or ended; of parts of steps only the summed seconds are shown."""

    step: str
    detail: str = ""
    seconds: float | None = None
    has_failed: bool = False
    is_part: bool = False


Listener = Callable[[Report], None]
_listeners: list[Listener] = []


@contextmanager
def listening(listener: Listener) -> Iterator[None]:
    """Send every report made by the process inside to ``listener``."""
    _listeners.append(listener)
    try:
        yield
    finally:
        _listeners.remove(listener)


def report(made: Report) -> None:
    """Send a report to the listener of the process."""
    for listener in _listeners[-1:]:
        listener(made)


@dataclass
class Step:
    """A running step; ``log`` receives the detail of a long step every 30 seconds."""

    name: str
    log: Callable[[str], None] | None = None
    last: str = ""
    logged_at: float = field(default_factory=time.monotonic)

    def detail(self, text: str) -> None:
        """Report how far the step is."""
        self.last = text
        if self.log and time.monotonic() - self.logged_at >= LOG_EVERY_SECONDS:
            self.logged_at = time.monotonic()
            self.log(f"{self.name}: {text}")
        report(Report(self.name, text))


@contextmanager
def step(name: str, log: Callable[[str], None] | None = None, *, is_part: bool = False) -> Iterator[Step]:
    """Report the beginning and the end of a step, with its seconds of wall time."""
    started, running, has_failed = time.monotonic(), Step(name, log), True
    report(Report(name, is_part=is_part))
    try:
        yield running
        has_failed = False
    finally:
        report(Report(name, running.last, time.monotonic() - started, has_failed, is_part))


part = partial(step, is_part=True)


@dataclass
class Pace:
    """Counts the rows and load dates of a step, and passes the count in words to ``show``."""

    show: Callable[[str], None] = lambda _: None
    load_date_count: int = 0
    kept_count: int = 0
    """Load dates that had landed before."""
    done_count: int = 0
    row_count: int = 0
    started: float = field(default_factory=time.monotonic)

    @property
    def rows_per_second(self) -> int:
        """The mean since the step began."""
        return round(self.row_count / max(time.monotonic() - self.started, 0.001))

    def move(self, row_count: int, done_count: int) -> None:
        """Add rows, and load dates that are complete."""
        self.row_count += row_count
        self.done_count += done_count
        text = f"{self.row_count:,} rows, {self.rows_per_second:,} rows/s"
        if self.load_date_count > 1:
            text += f", {self.kept_count + self.done_count} of {self.load_date_count} load dates"
        self.show(text)

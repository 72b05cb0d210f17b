"""What a person sees while the night runs: one line per step, with the time it took.

Steps report here; ``cx360`` decides how it looks. Under the scheduler nobody listens and the lines go nowhere: the
same facts stand in Dagster's event log.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass


@dataclass(frozen=True)
class Report:
    """A step began (``seconds`` is None), moved (``detail``) or ended; or a part of steps took its time."""

    step: str
    detail: str = ""
    seconds: float | None = None
    has_failed: bool = False
    is_part: bool = False


Listener = Callable[[Report], None]
_listener: ContextVar[Listener | None] = ContextVar("progress_listener", default=None)


def _tell(report: Report) -> None:
    listener = _listener.get()
    if listener:
        listener(report)


@contextmanager
def listening(listener: Listener) -> Iterator[None]:
    """Send every report made inside to ``listener``."""
    token = _listener.set(listener)
    try:
        yield
    finally:
        _listener.reset(token)


class Step:
    """A step under way; ``detail`` is shown beside it."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.last = ""

    def detail(self, text: str) -> None:
        """Say how far the step is."""
        self.last = text
        _tell(Report(self.name, text))


@contextmanager
def step(name: str) -> Iterator[Step]:
    """Report the beginning and the end of a step, with its seconds of wall time."""
    started = time.monotonic()
    under_way = Step(name)
    _tell(Report(name))
    try:
        yield under_way
    except BaseException:
        _tell(Report(name, under_way.last, time.monotonic() - started, has_failed=True))
        raise
    _tell(Report(name, under_way.last, time.monotonic() - started))


@contextmanager
def part(name: str) -> Iterator[None]:
    """Report the seconds that a part of a step takes, which is told only as a sum over the night."""
    started = time.monotonic()
    try:
        yield
    finally:
        _tell(Report(name, seconds=time.monotonic() - started, is_part=True))

"""What a person sees while the night runs: one line per step, with the time it took.

Steps report here; ``cx360`` decides how it looks. Under the scheduler nobody listens and the lines go nowhere: the
same facts stand in Dagster's event log.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import date

SECONDS_PER_LINE = 30
"""So often a log is told how far a long step is."""


@dataclass(frozen=True)
class Report:
    """A step began (``seconds`` is None), moved (``detail``) or ended; or a part of steps took its time.

    Attributes:
        is_due: the step has been silent so long that a log should have a line of it.
    """

    step: str
    detail: str = ""
    seconds: float | None = None
    has_failed: bool = False
    is_part: bool = False
    is_due: bool = False


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
    """A step under way; ``detail`` is shown beside it.

    Args:
        log: told now and then how far a long step is, for those who do not watch.
    """

    def __init__(self, name: str, log: Callable[[str], None] | None) -> None:
        self.name, self.log = name, log
        self.last = ""
        self.logged = time.monotonic()

    def detail(self, text: str) -> None:
        """Say how far the step is."""
        self.last = text
        is_due = time.monotonic() - self.logged >= SECONDS_PER_LINE
        if is_due:
            self.logged = time.monotonic()
            if self.log:
                self.log(f"{self.name}: {text}")
        _tell(Report(self.name, text, is_due=is_due))


@contextmanager
def step(name: str, log: Callable[[str], None] | None = None) -> Iterator[Step]:
    """Report the beginning and the end of a step, with its seconds of wall time."""
    started = time.monotonic()
    under_way = Step(name, log)
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


def _unheard(_: str) -> None:
    """Nobody asks how far it is."""


@dataclass
class Pace:
    """How far a step is that takes one load date after the other, how fast, and how long it will take.

    Attributes:
        history: the load date of the history drop: no measure for how long a day takes.
        tell: told in words whenever it moves.
        kept_count: load dates that had been taken before.
    """

    history: date
    tell: Callable[[str], None] = _unheard
    load_date_count: int = 0
    kept_count: int = 0
    done_count: int = 0
    row_count: int = 0
    started: float = field(default_factory=time.monotonic)
    _days_done: int = 0
    _days_since: float = 0.0
    _share: float = 0.0
    _share_since: float = 0.0

    def begin(self, load_date_count: int, kept_count: int) -> None:
        """So much is to be done, and so much of it has been."""
        self.load_date_count, self.kept_count = load_date_count, kept_count
        self._days_since = self._share_since = time.monotonic()

    def move(self, row_count: int, ended: Sequence[date], share: float | None = None) -> None:
        """Count rows, and load dates that ended with them.

        Args:
            share: how much of the load date that has not ended yet has come, where its source can tell.
        """
        self.row_count += row_count
        if ended:
            self._share_since = time.monotonic()
        self._share = share if share and share < 1 else 0.0
        self.done_count += len(ended)
        self._days_done += sum(load_date > self.history for load_date in ended)
        if self.history in ended:
            self._days_since = time.monotonic()
        self.tell(self.told())

    @property
    def seconds(self) -> float:
        """What it has taken."""
        return time.monotonic() - self.started

    @property
    def rows_per_second(self) -> int:
        """The pace so far."""
        return round(self.row_count / max(self.seconds, 0.001))

    @property
    def seconds_left(self) -> int | None:
        """What is left will take: the rest of a load date by what came of it, the others by those that were done.

        None where there is nothing yet to go by.
        """
        now = time.monotonic()
        left = self.load_date_count - self.kept_count - self.done_count - bool(self._share)
        if left and not self._days_done:
            return None
        of_days = left * (self._share_since - self._days_since) / self._days_done if left else 0.0
        of_this = (now - self._share_since) * (1 - self._share) / self._share if self._share else 0.0
        return round(of_days + of_this)

    def told(self) -> str:
        """All of it, in words."""
        words = [f"{self.row_count:,} rows, {self.rows_per_second:,} rows/s"]
        if self.load_date_count > 1:
            words.append(f"{self.kept_count + self.done_count} of {self.load_date_count} load dates")
        if self._share:
            words.append(f"{self._share:.0%} of the next one" if self.done_count else f"{self._share:.0%}")
        if self.seconds_left:
            words.append(f"about {_duration(self.seconds_left)} left")
        return ", ".join(words)


def _duration(seconds: int) -> str:
    minutes, rest = divmod(seconds, 60)
    if minutes >= 60:
        return f"{minutes // 60} h {minutes % 60} min"
    return f"{minutes} min" if minutes else f"{rest} s"

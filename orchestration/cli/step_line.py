"""The line of a running step on a terminal: total, step, elapsed, time left and detail, cut at the terminal's width.

The time left comes from the last published run of the same kind, which ``StepSeconds`` keeps; without one, the line
says nothing about it. Keep out what is printed of finished steps (``console.py``).
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from pydantic import TypeAdapter
from rich.progress import ProgressColumn, Task
from rich.table import Column
from rich.text import Text

from orchestration.base import durable
from orchestration.base.paths import Home
from orchestration.base.state import DamagedStateError, as_json, read_json

KEPT_KINDS = 10
_CONTENT = TypeAdapter(dict[str, dict[str, float]])


@dataclass
class StepSeconds:
    """The seconds that each step took in the last published run of each kind.

    A kind is the work that a run takes on: ``1 load date``, ``31 load dates``, ``rebuild``. A step of a history of
    two years says nothing about the same step of one night.
    """

    home: Home
    kind: str = ""
    seconds: dict[str, float] = field(default_factory=dict)
    """Of this run."""

    @property
    def file(self) -> Path:
        """The file of the home that holds them; a run works without it."""
        return self.home.state / "step_seconds.json"

    @cached_property
    def earlier(self) -> dict[str, dict[str, float]]:
        """The seconds of earlier runs by kind and step; empty if there are none, or the file is damaged."""
        try:
            return read_json(self.file, _CONTENT, "how long the steps of earlier runs took")
        except (OSError, DamagedStateError):
            return {}

    def expected(self) -> Mapping[str, float]:
        """Return the seconds of the last published run of this run's kind."""
        return self.earlier.get(self.kind, {})

    def save(self) -> None:
        """Write the seconds of this run, which has published."""
        kept = {kind: seconds for kind, seconds in self.earlier.items() if kind != self.kind}
        newest = dict(list(kept.items())[1 - KEPT_KINDS :])
        rounded = {step: round(seconds, 1) for step, seconds in self.seconds.items()}
        durable.write_text(self.file, as_json({**newest, self.kind: rounded}) + "\n")


class StepLine(ProgressColumn):
    """Draws the line; the fields of its task are ``step``, ``detail`` and ``expected`` (seconds, or None)."""

    def __init__(self) -> None:
        super().__init__(Column(no_wrap=True, overflow="ellipsis"))
        self.started = time.monotonic()

    def render(self, task: Task) -> Text:
        """Return the line of this moment."""
        elapsed, expected = task.elapsed or 0.0, task.fields.get("expected")
        words = [f"{task.fields['step']}  {duration(elapsed)}"]
        if expected and expected - elapsed >= 1:
            words.append(f"about {duration(expected - elapsed)} left")
        if task.fields.get("detail"):
            words.append(task.fields["detail"])
        total = Text(f"{time.monotonic() - self.started:5.0f} s", style="yellow")
        return Text("  ", no_wrap=True, overflow="ellipsis").join([total, Text("  ".join(words))])


def duration(seconds: float) -> str:
    """Return seconds in words: ``45 s``, ``12 min 5 s``, ``2 h 10 min``."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"

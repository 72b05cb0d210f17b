"""What a run shows: one line per finished step, and on a terminal a moving line for the running one.

On a pipe there are only whole lines. Keep out the moving line itself (``step_line.py``).
"""

from __future__ import annotations

import os
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console
from rich.progress import Progress, TaskID
from rich.table import Table

from orchestration.base.paths import Home
from orchestration.base.progress import Report, listening
from orchestration.cli.group import Answer
from orchestration.cli.step_line import StepLine, StepSeconds
from orchestration.cli.terminal import console_on
from orchestration.config.deployment import Deployment

if TYPE_CHECKING:
    from orchestration.run import Outcome

START = "start"
"""What a run does before its first step: imports, the load dates, the definitions."""
BEFORE_START = {"wait", "recover"}
"""Steps that interrupt the start."""


@dataclass
class Watch:
    """Shows the reports of one run on a console."""

    console: Console
    seconds_of: StepSeconds
    started: float = field(default_factory=time.monotonic)
    seconds: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))
    """By the first word of the step."""
    parts: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))
    has_started: bool = False

    def __post_init__(self) -> None:
        self.line = Progress(
            StepLine(),
            console=self.console,
            transient=True,
            refresh_per_second=2,
            redirect_stdout=False,
            disable=not self.console.is_terminal,
        )
        self.task: TaskID = self.line.add_task("", step=START)

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Show what the process reports inside."""
        with listening(self.show), self.line:
            yield

    def show(self, report: Report) -> None:
        """Show one report."""
        if report.is_part:
            self.parts[report.step] += report.seconds or 0.0
        elif report.step == START:
            self.seconds_of.kind = report.detail
            self._move(START, report.detail)
        elif report.seconds is not None:
            self._finished(report.step, report.seconds, report.detail, has_failed=report.has_failed)
            self._move("next step" if self.has_started else START, begins=True)
        elif report.detail:
            self._move(report.step, report.detail)
        else:
            if not self.has_started and report.step not in BEFORE_START:
                self._end_start()
            self._move(report.step, begins=True)

    def _end_start(self) -> None:
        self.has_started = True
        interrupted = sum(self.seconds.values())
        self._finished(START, time.monotonic() - self.started - interrupted, self.seconds_of.kind)

    def _move(self, step: str, detail: str = "", *, begins: bool = False) -> None:
        expected = self.seconds_of.expected().get(step)
        (self.line.reset if begins else self.line.update)(self.task, step=step, detail=detail, expected=expected)

    def _finished(self, step: str, seconds: float, detail: str, *, has_failed: bool = False) -> None:
        self.seconds[step.split(maxsplit=1)[0]] += seconds
        self.seconds_of.seconds[step] = seconds
        mark, style = ("failed", "red") if has_failed else ("done", "")
        total, taken = f"{time.monotonic() - self.started:5.0f} s", f"{seconds:6.1f} s"
        if not self.console.is_terminal:
            self.console.print(f"{total}  {mark:<6} {step:<38} {taken}  {detail}".rstrip(), markup=False)
            return
        # a long detail goes on below itself
        row = Table.grid(padding=(0, 2, 0, 0))
        for width in (len(total), len(mark), 37, len(taken)):
            row.add_column(width=width, overflow="fold")
        row.add_column(overflow="fold")
        row.add_row(total, mark, step, taken, detail, style=style)
        self.console.print(row)


def run_watched(
    deployment: Deployment,
    extracts: Path | None,
    first: date | None,
    last: date | None,
    *,
    is_json: bool = False,
    **options: Any,
) -> Answer:
    """Run the night for a command and show it (see ``run_night``)."""
    # a copy of the descriptor: Dagster swaps stdout and stderr during a step to keep the step's output
    console = console_on(os.fdopen(os.dup(2 if is_json else 1), "w"))
    console.soft_wrap = not console.is_terminal
    watch = Watch(console, StepSeconds(Home.of(deployment.name)))
    with watch.watching():
        from orchestration.run import run_night

        log_level = "DEBUG" if click.get_current_context().find_root().params["trace"] else "CRITICAL"
        outcome = run_night(deployment, extracts=extracts, first=first, last=last, log_level=log_level, **options)
    total = time.monotonic() - watch.started
    if outcome.run_id and not outcome.problems:
        watch.seconds_of.save()
    code = 1 if outcome.problems else 0
    if is_json:
        return Answer(_record(deployment, outcome, watch, total), code)
    from orchestration.cli.summary import print_outcome

    console.soft_wrap = True  # the terminal itself breaks the lines of the summary: a path can be copied
    print_outcome(console, deployment, outcome)
    if outcome.run_id and not outcome.problems:
        shares = {**watch.seconds, "other": total - sum(watch.seconds.values())}
        console.soft_wrap = not console.is_terminal
        console.print(f"Time        {total:.1f} s: {', '.join(f'{name} {each:.1f}' for name, each in shares.items())}")
        console.print(f"Gates       {watch.parts['gates']:.1f} s of it, {100 * watch.parts['gates'] / total:.0f} %")
    return Answer(None, code)


def _record(deployment: Deployment, outcome: Outcome, watch: Watch, total: float) -> dict[str, Any]:
    """The outcome for ``--json`` (docs/command-line.md)."""
    from orchestration.publication.publication import Publication

    manifest = Publication(Home.of(deployment.name), deployment.retention).manifest() or {}
    result = "failed" if outcome.problems else "published" if outcome.run_id else "nothing_pending"
    return {
        "deployment": deployment.name,
        "outcome": result,
        "run_id": outcome.run_id,
        "load_dates": [day.isoformat() for day in outcome.load_dates],
        "undelivered_load_dates": [day.isoformat() for day in outcome.undelivered_days],
        "problems": [*outcome.problems],
        "unsent_alerts": [*outcome.unsent_alerts],
        "version": manifest.get("version"),
        "as_of_date": manifest.get("as_of_date"),
        "checks": manifest.get("checks"),
        "seconds": round(total, 1),
        "step_seconds": {step: round(seconds, 1) for step, seconds in watch.seconds_of.seconds.items()},
    }

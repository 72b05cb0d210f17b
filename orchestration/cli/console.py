"""What a run shows: one line per finished step, and on a terminal a moving line for the running one."""

from __future__ import annotations

import os
import time
from collections import defaultdict
from datetime import date
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.progress import Progress, TextColumn, TimeElapsedColumn

from orchestration.base.progress import Report, listening, step
from orchestration.config.deployment import Deployment


def run_watched(
    deployment: Deployment, extracts: Path | None, first: date | None, last: date | None, **options: Any
) -> int:
    """Run the night for a command and show it (see ``run_night``); returns the exit code."""
    started, seconds, parts = time.monotonic(), defaultdict[str, float](float), defaultdict[str, float](float)
    # a copy of stdout: Dagster swaps file descriptor 1 during a step to keep the step's output
    console = Console(file=os.fdopen(os.dup(1), "w"), highlight=False, soft_wrap=True)
    columns = (TimeElapsedColumn(), TextColumn("{task.description}", markup=False))
    line = Progress(
        *columns,
        console=console,
        transient=True,
        refresh_per_second=2,
        redirect_stdout=False,
        disable=not console.is_terminal,
    )
    task = line.add_task("starting")

    def show(report: Report) -> None:
        if report.is_part:
            parts[report.step] += report.seconds or 0.0
        elif report.seconds is not None:
            seconds[report.step.split()[0]] += report.seconds
            mark, style = ("failed", "red") if report.has_failed else ("done", None)
            text = f"{mark:<6} {report.step:<38} {report.seconds:6.1f} s  {report.detail}"
            console.print(f"{time.monotonic() - started:5.0f} s  {text}", style=style, markup=False)
            line.reset(task, description="next step")
        elif report.detail:
            line.update(task, description=f"{report.step}  {report.detail}")
        else:
            line.reset(task, description=report.step)

    with listening(show), line:
        with step("start"):
            from orchestration.cli.summary import print_outcome
            from orchestration.run import run_night
        log_level = "DEBUG" if click.get_current_context().find_root().params["trace"] else "CRITICAL"
        outcome = run_night(deployment, extracts=extracts, first=first, last=last, log_level=log_level, **options)
    print_outcome(console, deployment, outcome)
    if outcome.run_id and not outcome.problems:
        total = time.monotonic() - started
        seconds["other"] = total - sum(seconds.values())
        console.print(f"Time        {total:.1f} s: {', '.join(f'{name} {each:.1f}' for name, each in seconds.items())}")
        console.print(f"Gates       {parts['gates']:.1f} s of it, {100 * parts['gates'] / total:.0f} %")
    return 1 if outcome.problems else 0

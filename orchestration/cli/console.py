"""What a person sees of a run in the terminal: a line per finished step, a moving one on a terminal, and the outcome.

Colour and movement on a terminal only; the same lines without them in a log.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import click
from rich.console import Console
from rich.status import Status

from orchestration.base.paths import Home
from orchestration.base.progress import Report, listening, step
from orchestration.config.deployment import Deployment

if TYPE_CHECKING:
    from orchestration.run import Outcome


class Night:
    """Shows one run as it goes."""

    def __init__(self, deployment: Deployment) -> None:
        self.deployment = deployment
        self.console = Console(highlight=False, soft_wrap=True)
        self.started = time.monotonic()
        self.finished: list[Report] = []
        self.parts: dict[str, float] = {}
        self.status: Status | None = None
        self._listening = listening(self._show)

    def __enter__(self) -> Self:
        self._listening.__enter__()
        if self.console.is_terminal:
            self.status = self.console.status("starting")
            self.status.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.status:
            self.status.stop()
        self._listening.__exit__(kind, error, trace)

    @contextmanager
    def watching(self, name: str) -> Iterator[None]:
        """Report what is done before the run's own steps, such as loading the libraries."""
        with step(name):
            yield

    def _show(self, report: Report) -> None:
        if report.is_part:
            self.parts[report.step] = self.parts.get(report.step, 0.0) + (report.seconds or 0.0)
            return
        elapsed = f"{time.monotonic() - self.started:5.0f} s"
        if report.seconds is None:
            if self.status:
                self.status.update(f"{elapsed}  {report.step}  [dim]{report.detail}[/dim]")
            elif report.is_due:
                self.console.print(f"{elapsed}  {'':<6} {report.step:<38} {'':>8}  {report.detail}")
            return
        self.finished.append(report)
        style = "red" if report.has_failed else None
        mark = "failed" if report.has_failed else "done"
        self.console.print(
            f"{elapsed}  {mark:<6} {report.step:<38} {report.seconds:6.1f} s  {report.detail}", style=style
        )

    def tell(self, outcome: Outcome) -> None:
        """Print what the run came to: the published figures, or what must be mended."""
        from orchestration.cli.summary import published
        from orchestration.publication.publication import Publication
        from orchestration.runs.pending import why_held

        if self.status:
            self.status.stop()
        home = Home.of(self.deployment.name)
        publication = Publication(home, self.deployment.retention)
        for problem in outcome.untold:
            self.console.print(f"\n{problem}", style="yellow", markup=False)
        if outcome.problems:
            for problem in outcome.problems:
                self.console.print(f"\n{problem}", style="red", markup=False)
            manifest = publication.manifest()
            still = f"Version {manifest['version']} stays published." if manifest else "Nothing is published yet."
            self.console.print(f"\nThe night has failed. {still} Details: make ui DEPLOYMENT={self.deployment.name}")
            return
        self.console.print()
        self.console.print(published(self.deployment, publication))
        if outcome.undelivered:
            days = outcome.undelivered
            self.console.print(
                f"Nothing was delivered of {len(days)} of the load dates asked for, {days[0]} to {days[-1]}."
            )
        if outcome.run_id is None:
            self.console.print("Nothing was pending: every load date with extracts is published or held.")
        held = why_held(self.deployment, publication)
        if held:
            self.console.print(held, style="yellow", markup=False)
        if outcome.run_id:
            whole = time.monotonic() - self.started
            gates = self.parts.get("gates", 0.0)
            self.console.print(f"Time        {whole:.1f} s: {self._where_time_went()}")
            self.console.print(f"Gates       {gates:.1f} s of it, {100 * gates / whole:.0f} %")

    def _where_time_went(self) -> str:
        spent: dict[str, float] = {}
        for report in self.finished:
            name = report.step.split()[0]
            spent[name] = spent.get(name, 0.0) + (report.seconds or 0.0)
        rest = time.monotonic() - self.started - sum(spent.values())
        return ", ".join([*(f"{name} {seconds:.1f}" for name, seconds in spent.items()), f"the rest {rest:.1f}"])


def run_watched(
    deployment: Deployment, extracts: Path | None, first: date | None, last: date | None, **how: Any
) -> int:
    """Run the night for a command and show it (see ``run_night``).

    Returns:
        The exit code: 1 if something went wrong.
    """
    with Night(deployment) as night:
        with night.watching("start"):
            from orchestration.run import run_night
        log_level = "DEBUG" if click.get_current_context().find_root().params["trace"] else "CRITICAL"
        outcome = run_night(deployment, extracts=extracts, first=first, last=last, log_level=log_level, **how)
        night.tell(outcome)
    return 1 if outcome.problems else 0

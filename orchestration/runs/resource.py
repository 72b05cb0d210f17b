"""The run's resource: every asset requires it, so that it lasts as long as the run.

Keep out what a run recovers from (``recovery.py``).
"""

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from functools import partial
from pathlib import Path
from typing import Self

import dagster as dg

from orchestration.base.paths import Home
from orchestration.publication.publication import Publication
from orchestration.runs.event_files import fast_event_files
from orchestration.runs.lock import hold, under_way
from orchestration.runs.origin import show_in_ui
from orchestration.runs.readiness import make_ready
from orchestration.runs.recovery import recover_runs
from orchestration.runs.tags import is_requested


class RunLock(dg.ConfigurableResource):
    """Holds the run lock, recovers from killed runs, and interrupts a run that exceeds its time limit."""

    home_root: str
    timeout_minutes: int
    is_held: bool = False
    """Whether the process that started the run already holds the lock and has recovered: ``cx360 run`` does."""

    @contextmanager
    def yield_for_execution(self, context: dg.InitResourceContext) -> Iterator[Self]:
        """Hold the lock for the run; interrupt the run's main thread at its time limit."""

        def end() -> None:
            if context.log:
                context.log.error(f"The run is interrupted: it exceeds its limit of {self.timeout_minutes} minutes.")
            # the signal of ctrl-c also interrupts a blocking system call
            os.kill(os.getpid(), signal.SIGINT)

        home = Home(Path(self.home_root))
        if self.is_held and context.instance and context.run:
            show_in_ui(context.instance, context.run)
        with nullcontext() if self.is_held else _ready(home, context):
            if context.instance and not self.is_held:
                recover_runs(home, context.instance, context.run.run_id if context.run else None)
            timer = threading.Timer(self.timeout_minutes * 60, end)
            timer.daemon = True
            timer.start()
            try:
                yield self
            finally:
                timer.cancel()


@contextmanager
def _ready(home: Home, context: dg.InitResourceContext) -> Iterator[None]:
    """Prepare the process for a run that Dagster started, as ``run.py`` does for the command line."""
    tags = context.run.tags if context.run else {}
    with hold(home), under_way(home), fast_event_files(home.dagster):
        for note in make_ready(home, Publication(home), partial(is_requested, tags)):
            if context.log:
                context.log.warning(note)
        yield

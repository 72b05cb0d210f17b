"""The run's resource: every asset names it, so that it surrounds the whole run.

Add here what holds while a run lasts; keep out what a run recovers from (``recovery.py``).
"""

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Self

import dagster as dg

from orchestration.base.paths import Home
from orchestration.runs.lock import hold
from orchestration.runs.recovery import recover


class RunLock(dg.ConfigurableResource):
    """Holds the run lock, recovers from runs that died, and ends a run that exceeds its time."""

    home_root: str
    timeout_minutes: int
    is_held: bool = False
    """Whether the process that started the run holds the lock and has recovered already, as ``cx360 run`` does."""

    @contextmanager
    def yield_for_execution(self, context: dg.InitResourceContext) -> Iterator[Self]:
        """Hold the lock for the run; interrupt the run's main thread when its time is over."""

        def end() -> None:
            if context.log:
                context.log.error(f"The run has taken more than {self.timeout_minutes} minutes and is ended.")
            # the signal that ctrl-c sends also ends a wait for the system
            os.kill(os.getpid(), signal.SIGINT)

        home = Home(Path(self.home_root))
        with nullcontext() if self.is_held else hold(home):
            if context.instance and not self.is_held:
                recover(home, context.instance, context.run.run_id if context.run else None)
            timer = threading.Timer(self.timeout_minutes * 60, end)
            timer.daemon = True
            timer.start()
            try:
                yield self
            finally:
                timer.cancel()

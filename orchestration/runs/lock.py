"""One run at a time, for a bounded time.

The lock is the kernel's: it dies with its process, so a killed run leaves nothing to clear.
"""

import fcntl
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Self

import dagster as dg

from orchestration.base.errors import PipelineError
from orchestration.base.paths import Home
from orchestration.base.progress import step
from orchestration.runs.event_files import fast_event_files
from orchestration.runs.garbage import collect_rarely
from orchestration.runs.recovery import recover


class AlreadyRunningError(PipelineError):
    """Another run holds the lock of this deployment."""


@contextmanager
def hold(home: Home, *, wait: bool = False) -> Iterator[None]:
    """Hold the deployment's lock.

    Args:
        wait: wait until another process gives it back, instead of refusing.

    Raises:
        AlreadyRunningError: another process holds it; the message names it.
    """
    home.state.mkdir(parents=True, exist_ok=True)
    with (home.state / "run.lock").open("a+", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if not wait:
                raise AlreadyRunningError(
                    f"Another run of '{home.root.name}' is under way ({_holder(file)}). Wait until it ends "
                    "(cx360 run --wait does): this one has changed nothing."
                ) from None
            with step("wait") as progress:  # told at once, also where only finished steps are shown
                progress.detail(f"until another run ends ({_holder(file)})")
            fcntl.flock(file, fcntl.LOCK_EX)
        file.truncate(0)
        file.write(f"process {os.getpid()}, since {datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC")
        file.flush()
        yield


@contextmanager
def _begun(home: Home) -> Iterator[None]:
    """What ``cx360 run`` does for its run, done for one that the UI or the schedule launched: a process of its own."""
    collect_rarely()
    with hold(home), fast_event_files(home.dagster):
        yield


def _holder(file: IO[str]) -> str:
    file.seek(0)
    return file.read() or "process unknown"


class RunLock(dg.ConfigurableResource):
    """Holds the lock while a run lasts, mends what killed runs left, and ends a run that outlasts its time."""

    home_root: str
    timeout_minutes: int
    is_held: bool = False
    """Whether who started the run holds the lock already, as ``cx360 run`` does, and has mended what there was."""

    @contextmanager
    def yield_for_execution(self, context: dg.InitResourceContext) -> Iterator[Self]:
        """Hold the lock for the run; interrupt the run's main thread when its time is over."""

        def end() -> None:
            if context.log:
                context.log.error(f"The run has taken more than {self.timeout_minutes} minutes and is ended.")
            # a real signal, which also ends a wait for the system; the same that ctrl-c sends
            os.kill(os.getpid(), signal.SIGINT)

        home = Home(Path(self.home_root))
        with nullcontext() if self.is_held else _begun(home):
            if context.instance and not self.is_held:
                recover(home, context.instance, context.run.run_id if context.run else None)
            timer = threading.Timer(self.timeout_minutes * 60, end)
            timer.daemon = True
            timer.start()
            try:
                yield self
            finally:
                timer.cancel()

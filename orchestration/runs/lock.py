"""The run lock: one run of a deployment at a time.

The lock is the kernel's and dies with its process, so a killed run leaves nothing to clear. Keep out what a run
does under the lock (``readiness.py``, ``recovery.py``).
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from orchestration.base.errors import PipelineError
from orchestration.base.layout import keep_private, refuse_unfit
from orchestration.base.paths import Home
from orchestration.base.progress import step


class AlreadyRunningError(PipelineError):
    """Another run holds the lock of this deployment."""


@contextmanager
def hold(home: Home, *, wait: bool = False, fit: bool = True) -> Iterator[None]:
    """Hold the deployment's lock.

    Args:
        wait: wait until another process releases it instead of raising.
        fit: refuse a home that this version must not write to (``base/layout.py``).

    Raises:
        AlreadyRunningError: another process holds it; the message names it.
        PipelineError: the home is half restored, or a newer version wrote it.
    """
    keep_private()
    home.state.mkdir(parents=True, exist_ok=True)
    with (home.state / "run.lock").open("a+", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if not wait:
                raise AlreadyRunningError(
                    f"Another run of '{home.root.name}' is under way ({_holder(file)}). This run has changed nothing: "
                    "start it again when the other one has ended, or use cx360 run --wait."
                ) from None
            with step("wait") as progress:
                progress.detail(f"until another run ends ({_holder(file)})")
            fcntl.flock(file, fcntl.LOCK_EX)
        file.truncate(0)
        file.write(f"process {os.getpid()}, since {datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC")
        file.flush()
        if fit:
            refuse_unfit(home)
        yield


@contextmanager
def under_way(home: Home) -> Iterator[None]:
    """Mark the home while a run writes to Dagster's log: a killed process leaves the mark (``was_killed``)."""
    _mark(home).touch()
    try:
        yield
    finally:
        _mark(home).unlink(missing_ok=True)


def was_killed(home: Home) -> bool:
    """Return whether a run was killed that no run has recovered since. The caller holds the lock."""
    return _mark(home).exists()


def _mark(home: Home) -> Path:
    return home.state / "run.under-way"


def _holder(file: IO[str]) -> str:
    file.seek(0)
    return file.read() or "process unknown"

"""The start of the program ``cx360``: a signal to end ends it within ten seconds, at any moment.

Ctrl-c says ``interrupted`` and ends with exit code 130; SIGTERM says ``terminated`` and ends with 143. Nothing of the
project is imported before the signals are watched for. Libraries may catch the exception of a signal or replace its
handler, as Dagster does during a run: so a thread learns of the signal itself, and ends the process if nothing else
does. That is safe at every moment, as a kill is (docs/runbook.md). Keep out the commands (``main.py``).
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable
from functools import partial
from os import _exit as end_process  # the only way to end a process while its threads run
from types import FrameType

INTERRUPTED = 130
WORDS = {INTERRUPTED: "interrupted", 128 + signal.SIGTERM: "terminated"}
"""By exit code, what a command says that a signal has ended."""
SECONDS_TO_END = 8
"""How long such a command may take to end by itself: its run is marked as failed, its processes end."""
SECONDS_TO_REPEAT = 2

_IMPORT = "<frozen importlib"


class Ended(threading.Event):
    """Set once a signal to end has come; ``code`` is the exit code that it asks for."""

    code = INTERRUPTED
    is_handled = False
    """Whether the main thread knows of it: the thread that watches may be faster."""


def main() -> None:
    """Run the command of the command line, and end the process."""
    ended = _watch()
    # the fits solve systems of four equations, thousands of them: threads of BLAS cost them far more than they save
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    # a process that helps multiprocessing warns of what a command leaves that a signal ends
    os.environ.setdefault("PYTHONWARNINGS", "ignore:resource_tracker")
    code: str | int | None = 0
    try:
        from orchestration.cli.main import main as command

        command()
    except KeyboardInterrupt:
        code = INTERRUPTED
    except SystemExit as end_of_command:
        code = end_of_command.code
    if code == INTERRUPTED or ended.wait(0.05 if code else 0):
        # threads of libraries that are still at work abort a process that ends in the usual way
        _end(ended)
    sys.exit(code)


def _watch() -> Ended:
    """Watch for ctrl-c and SIGTERM."""
    read_end, write_end = os.pipe()
    os.set_blocking(write_end, False)
    ended = Ended()

    def wait_for_signals() -> None:
        while number := os.read(read_end, 1):
            code = 128 + number[0]
            if code in WORDS and not ended.is_set():
                ended.code = code
                ended.set()
                _later(SECONDS_TO_END, partial(_end, ended))
                _later(SECONDS_TO_REPEAT, partial(repeat, code - 128))

    def repeat(number: int) -> None:
        # the exception of a library's handler is lost if it is raised in a callback of the garbage collector
        if signal.getsignal(number) is not interrupt:
            os.kill(os.getpid(), number)

    def interrupt(number: int, frame: FrameType | None) -> None:
        # an import that is interrupted may swallow the exception, and has nothing to clean up
        ended.code = 128 + number
        if ended.is_handled or _is_import(frame):
            _end(ended)
        ended.is_handled = True
        raise KeyboardInterrupt

    _hide_lost(ended)
    threading.Thread(target=wait_for_signals, daemon=True).start()
    signal.set_wakeup_fd(write_end, warn_on_full_buffer=False)
    for watched in (signal.SIGINT, signal.SIGTERM):
        signal.signal(watched, interrupt)
    return ended


def _hide_lost(ended: Ended) -> None:
    """Do not print an exception that is lost because of the signal."""

    def show(lost: sys.UnraisableHookArgs) -> None:
        if not ended.is_set():
            sys.__unraisablehook__(lost)

    sys.unraisablehook = show


def _is_import(frame: FrameType | None) -> bool:
    while frame is not None:
        if frame.f_code.co_filename.startswith(_IMPORT):
            return True
        frame = frame.f_back
    return False


def _later(seconds: float, act: Callable[[], None]) -> None:
    timer = threading.Timer(seconds, act)
    timer.daemon = True
    timer.start()


def _end(ended: Ended) -> None:
    """Say so and end at once, whatever other threads still do."""
    try:
        sys.stdout.flush()
        sys.stderr.write(f"{WORDS[ended.code]}\n")
        sys.stderr.flush()
    except (OSError, ValueError, RuntimeError):
        pass  # the reader of a pipe has ended, too, or the stream was being written to
    end_process(ended.code)

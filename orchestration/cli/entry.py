"""The start of the program ``cx360``: ctrl-c at any moment says ``interrupted`` and ends with exit code 130.

It imports nothing of the project before it watches for the signal. Libraries may catch the exception of ctrl-c or
replace its handler, as Dagster does during a run: so a thread learns of the signal itself, and ends the process if
nothing else does. That is safe at every moment, as a kill is (docs/runbook.md). Keep out the commands (``main.py``).
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from os import _exit as end_process  # the only way to end a process while its threads run
from types import FrameType

INTERRUPTED = 130
SECONDS_TO_END = 30
"""How long an interrupted command may take to end by itself."""

_IMPORT = "<frozen importlib"


def main() -> None:
    """Run the command of the command line, and end the process."""
    is_interrupted = _watch()
    # the fits solve systems of four equations, thousands of them: threads of BLAS cost them far more than they save
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    code: str | int | None = 0
    try:
        from orchestration.cli.main import main as command

        command()
    except KeyboardInterrupt:
        code = INTERRUPTED
    except SystemExit as end_of_command:
        code = end_of_command.code
    if code == INTERRUPTED or is_interrupted.wait(0.05 if code else 0):
        _end_interrupted()
    sys.exit(code)


def _watch() -> threading.Event:
    """Watch for ctrl-c; the event is set once it has come."""
    read_end, write_end = os.pipe()
    os.set_blocking(write_end, False)
    is_interrupted = threading.Event()

    def wait_for_signals() -> None:
        while number := os.read(read_end, 1):
            if number[0] == signal.SIGINT and not is_interrupted.is_set():
                is_interrupted.set()
                threading.Timer(SECONDS_TO_END, _end_interrupted).start()

    def interrupt(_number: int, frame: FrameType | None) -> None:
        # an import that is interrupted may swallow the exception, and has nothing to clean up
        if is_interrupted.is_set() or _is_import(frame):
            _end_interrupted()
        raise KeyboardInterrupt

    threading.Thread(target=wait_for_signals, daemon=True).start()
    signal.set_wakeup_fd(write_end, warn_on_full_buffer=False)
    signal.signal(signal.SIGINT, interrupt)
    return is_interrupted


def _is_import(frame: FrameType | None) -> bool:
    while frame is not None:
        if frame.f_code.co_filename.startswith(_IMPORT):
            return True
        frame = frame.f_back
    return False


def _end_interrupted() -> None:
    """Say so and end at once, whatever other threads still do."""
    try:
        sys.stdout.flush()
        sys.stderr.write("interrupted\n")
        sys.stderr.flush()
    except (OSError, ValueError, RuntimeError):
        pass  # the reader of a pipe has ended, too, or the stream was being written to
    end_process(INTERRUPTED)

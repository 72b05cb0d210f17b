"""Ctrl-c and SIGTERM say so and end a command with their exit code, at any moment: real processes, real signals."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from orchestration.base.paths import PROJECT

START = "from orchestration.cli.entry import main; main()"
EXTRACTS = PROJECT / "tests" / "integration" / "olist" / "synthetic"
RUN = ("run", "--deployment", "olist", "--extracts", str(EXTRACTS))


def started(tmp_path: Path, code: str, *arguments: str) -> subprocess.Popen[str]:
    """A process of ``cx360``, or of a stand-in for its commands; it has printed ``ready`` where it says so."""
    return subprocess.Popen(
        [sys.executable, "-c", code, *arguments],
        cwd=PROJECT,
        env={**os.environ, "CX360_HOME": str(tmp_path)},
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def interrupted(
    process: subprocess.Popen[str], times: int = 1, sent: signal.Signals = signal.SIGINT
) -> tuple[int, str, float]:
    """Exit code, stderr and seconds to the end of a process that is interrupted."""
    since = time.monotonic()
    for number in range(times):
        process.send_signal(sent)
        if number < times - 1:
            time.sleep(0.5)
    try:
        _, errors = process.communicate(timeout=60)
    finally:
        process.kill()
    return process.returncode, errors, time.monotonic() - since


def wait_for(process: subprocess.Popen[str], line: str) -> None:
    assert process.stdout is not None
    for printed in process.stdout:
        if line in printed:
            return
    pytest.fail(f"the process ended without '{line}': {process.communicate()[1]}")


@pytest.mark.parametrize("seconds", [0.0, 0.1, 0.3, 1.0, 2.0, 4.0])
def test_while_it_imports_and_starts(tmp_path: Path, seconds: float) -> None:
    process = started(tmp_path, f"print('ready', flush=True); {START}", *RUN)
    wait_for(process, "ready")
    # the statement after it must have begun
    time.sleep(0.05 + seconds)
    assert interrupted(process)[:2] == (130, "interrupted\n")


def test_while_it_pulls(tmp_path: Path) -> None:
    process = started(tmp_path, START, *RUN)
    wait_for(process, "done   start")
    code, errors, _ = interrupted(process)
    assert code == 130
    assert errors.endswith("interrupted\n")
    assert "Traceback" not in errors


STAND_IN = """
import sys, time, types
command = types.ModuleType("orchestration.cli.main")
def main():
    print("ready", flush=True)
{body}
command.main = main
sys.modules["orchestration.cli.main"] = command
from orchestration.cli import entry
entry.SECONDS_TO_END = 1
entry.main()
"""
SWALLOWS = """
    while True:
        try:
            time.sleep(60)
        except BaseException:
            pass
"""
REPLACES_THE_HANDLER = """
    import signal
    signal.signal(signal.SIGINT, lambda *_: None)
    time.sleep(60)
"""
IS_ENDED_BY_ANOTHER_ERROR = """
    try:
        time.sleep(60)
    except KeyboardInterrupt:
        sys.exit(1)
"""
LEAVES_A_THREAD = """
    import threading
    threading.Thread(target=time.sleep, args=[60]).start()
    time.sleep(60)
"""


LOSES_THE_EXCEPTION_ONCE = """
    import signal
    seen = []
    def handler(*_):
        seen.append(1)
        if len(seen) > 1:
            raise KeyboardInterrupt
    entry.SECONDS_TO_END = 60
    signal.signal(signal.SIGINT, handler)
    signal.signal(signal.SIGTERM, handler)
    time.sleep(60)
"""
ENDS = [(signal.SIGINT, (130, "interrupted\n")), (signal.SIGTERM, (143, "terminated\n"))]


@pytest.mark.parametrize(("sent", "end"), ENDS)
@pytest.mark.parametrize(
    "body",
    [SWALLOWS, REPLACES_THE_HANDLER, IS_ENDED_BY_ANOTHER_ERROR, LEAVES_A_THREAD, LOSES_THE_EXCEPTION_ONCE],
)
def test_whatever_a_library_makes_of_the_signal(
    tmp_path: Path, body: str, sent: signal.Signals, end: tuple[int, str]
) -> None:
    process = started(tmp_path, STAND_IN.format(body=body))
    wait_for(process, "ready")
    code, errors, seconds = interrupted(process, sent=sent)
    assert (code, errors) == end
    assert seconds < 10


TIDIES_UP = """
    try:
        time.sleep(60)
    finally:
        print("tidied up", flush=True)
"""


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_the_command_may_tidy_up_first(tmp_path: Path, sent: signal.Signals) -> None:
    for _ in range(5):  # the thread that watches for signals may be faster than the handler
        process = started(tmp_path, STAND_IN.format(body=TIDIES_UP))
        wait_for(process, "ready")
        time.sleep(0.2)
        process.send_signal(sent)
        assert process.communicate(timeout=30)[0] == "tidied up\n"


def test_a_second_time_ends_at_once(tmp_path: Path) -> None:
    code = STAND_IN.format(body=SWALLOWS).replace("SECONDS_TO_END = 1", "SECONDS_TO_END = 60")
    process = started(tmp_path, code)
    wait_for(process, "ready")
    code_and_errors = interrupted(process, times=2)
    assert code_and_errors[:2] == (130, "interrupted\n")
    assert code_and_errors[2] < 10


def test_a_command_that_is_not_interrupted_keeps_its_exit_code(tmp_path: Path) -> None:
    process = started(tmp_path, START, "run", "--deployment", "olits")
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "interrupted" not in errors

"""One run at a time, seen from other processes."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

import pytest

from orchestration.base.paths import PROJECT, Home
from orchestration.runs.lock import AlreadyRunningError, hold

HOLD = """
import sys
from pathlib import Path
from orchestration.base.paths import Home
from orchestration.runs.lock import hold
with hold(Home(Path(sys.argv[1]))):
    print("held", flush=True)
    sys.stdin.read()
"""
WAIT = """
import sys
from pathlib import Path
from orchestration.base.paths import Home
from orchestration.base.progress import listening
from orchestration.runs.lock import hold
with listening(lambda report: report.seconds is not None and print(report.detail, flush=True)):
    with hold(Home(Path(sys.argv[1])), wait=True):
        print("held", flush=True)
"""
OUTLAST = """
import signal, sys, time
import dagster as dg
from orchestration.runs.resource import RunLock
signal.signal(signal.SIGINT, signal.default_int_handler)  # background jobs ignore it
lock = RunLock(home_root=sys.argv[1], timeout_minutes=0)
with lock.yield_for_execution(dg.build_init_resource_context()):
    time.sleep(600)
"""

Start = Callable[[Path], "subprocess.Popen[str]"]


@pytest.fixture
def start() -> Iterator[Start]:
    """Start processes that hold the lock of a home until the test ends."""
    started: list[subprocess.Popen[str]] = []

    def holder(root: Path) -> subprocess.Popen[str]:
        command = [sys.executable, "-c", HOLD, str(root)]
        process = subprocess.Popen(command, cwd=PROJECT, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        started.append(process)
        assert _of(process.stdout).readline() == "held\n"
        return process

    yield holder
    for process in started:
        process.kill()
        process.wait()
        _of(process.stdin).close()
        _of(process.stdout).close()


def _of(stream: IO[str] | None) -> IO[str]:
    assert stream is not None
    return stream


def test_the_error_names_the_process_that_holds_the_lock(tmp_path: Path, start: Start) -> None:
    holder = start(tmp_path / "demo")
    message = rf"'demo' .*process {holder.pid}, since \d{{4}}-\d\d-\d\d .* UTC.*cx360 run --wait"
    with pytest.raises(AlreadyRunningError, match=message), hold(Home(tmp_path / "demo")):
        pass


def test_a_run_that_waits_starts_when_the_other_run_ends(tmp_path: Path, start: Start) -> None:
    holder = start(tmp_path)
    waiting = subprocess.Popen(
        [sys.executable, "-c", WAIT, str(tmp_path)], cwd=PROJECT, text=True, stdout=subprocess.PIPE
    )
    with waiting:
        output = _of(waiting.stdout)
        assert output.readline().startswith(f"until another run ends (process {holder.pid}, since ")
        assert waiting.poll() is None
        holder.kill()
        assert output.readline() == "held\n"


def test_another_deployment_has_its_own_lock(tmp_path: Path, start: Start) -> None:
    holder = start(tmp_path / "demo")
    with hold(Home(tmp_path / "olist")):
        assert holder.poll() is None


def test_a_killed_holder_leaves_no_lock(tmp_path: Path, start: Start) -> None:
    holder = start(tmp_path)
    with pytest.raises(AlreadyRunningError), hold(Home(tmp_path)):
        pass
    holder.kill()
    assert holder.wait() == -signal.SIGKILL
    with hold(Home(tmp_path)):
        pass


def test_a_run_that_ends_or_fails_releases_the_lock(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="broke"), hold(Home(tmp_path)):
        raise ValueError("broke")
    with hold(Home(tmp_path)), pytest.raises(AlreadyRunningError), hold(Home(tmp_path)):
        pass
    with hold(Home(tmp_path)):
        pass


def test_a_run_beyond_its_time_limit_is_interrupted_and_releases_the_lock(tmp_path: Path) -> None:
    command = [sys.executable, "-c", OUTLAST, str(tmp_path)]
    ended = subprocess.run(command, cwd=PROJECT, text=True, capture_output=True, check=False, timeout=300)
    assert "KeyboardInterrupt" in ended.stderr
    assert "limit of 0 minutes" in ended.stderr
    with hold(Home(tmp_path)):
        pass

"""The command ``cx360 ui``: the web server, the daemon of the schedule and their code server, which end together.

``dagster dev`` starts the same three, without a place for the guard (``webserver.py``).
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import yaml

from orchestration.base.errors import PipelineError
from orchestration.base.paths import PROJECT
from orchestration.runs.origin import LOCATION

SECONDS_TO_END = 6
"""How long the processes may take to end; the command itself has eight seconds (``entry.py``)."""
SECONDS_AFTER_KILL = 1
"""How long a killed run may take to let go of the deployment's lock."""
POLL_SECONDS = 0.5


def serve(host: str, port: int, allowed_hosts: Sequence[str]) -> None:
    """Run the UI until one of its processes ends or this one is interrupted.

    The environment names the deployment and the Dagster instance.

    Raises:
        PipelineError: one of the processes ended by itself.
        KeyboardInterrupt: ctrl-c, or a request to terminate.
    """
    with tempfile.TemporaryDirectory(prefix="cx360-ui-") as folder, _ended_together() as processes:
        socket = Path(folder) / "code.sock"
        workspace = Path(folder) / "workspace.yaml"
        location = {"grpc_server": {"socket": str(socket), "location_name": LOCATION}}
        workspace.write_text(yaml.safe_dump({"load_from": [location]}), encoding="utf-8")
        processes["code server"] = _started(*_code_server(socket))
        while not socket.exists():
            _check(processes, port)
        allowed = [f"--allow={name}" for name in (*allowed_hosts, *_listening(host))]
        listen = ["--", "-h", host, "-p", str(port), "-w", str(workspace)]
        processes["web server"] = _started(sys.executable, "-m", "orchestration.cli.webserver", *allowed, *listen)
        processes["daemon"] = _started(_program("dagster-daemon"), "run", "-w", str(workspace))
        while True:
            _check(processes, port)


def _code_server(socket: Path) -> list[str]:
    definitions = ["--module-name", "orchestration.definitions", "--attribute", "defs", "--location-name", LOCATION]
    return [
        _program("dagster"),
        "code-server",
        "start",
        "--socket",
        str(socket),
        "--log-level",
        "warning",
        *definitions,
    ]


def _program(name: str) -> str:
    return str(Path(sys.executable).with_name(name))


def _started(*command: str) -> subprocess.Popen[bytes]:
    # a group of its own: the code server starts further processes, and a run is one of them
    return subprocess.Popen(command, cwd=PROJECT, env=os.environ, start_new_session=True)


def _check(processes: dict[str, subprocess.Popen[bytes]], port: int) -> None:
    """Wait a moment, and raise if a process has ended."""
    time.sleep(POLL_SECONDS)
    for name, process in processes.items():
        if process.poll() is not None:
            raise PipelineError(
                f"The {name} of the UI ended with exit code {process.returncode}; its reason is above. If the port is"
                f" taken, choose another: cx360 ui --port {port + 1}."
            )


def _listening(host: str) -> list[str]:
    """The address that the UI listens on, as a name that it may be opened by; none if it listens on all."""
    return [] if host in {"0.0.0.0", "::"} else [host.lower()]  # noqa: S104 - compared, not listened on


@contextmanager
def _ended_together() -> Iterator[dict[str, subprocess.Popen[bytes]]]:
    """Processes that are ended at the end of the block, each with all that it has started."""
    processes: dict[str, subprocess.Popen[bytes]] = {}
    try:
        yield processes
    finally:
        deadline = time.monotonic() + SECONDS_TO_END
        for process in processes.values():
            _signal_group(process, signal.SIGINT)
        _wait_for_end(processes.values(), deadline)
        for process in processes.values():
            _signal_group(process, signal.SIGKILL)
            process.wait()
        _wait_for_end(processes.values(), time.monotonic() + SECONDS_AFTER_KILL)


def _wait_for_end(processes: Collection[subprocess.Popen[bytes]], deadline: float) -> None:
    while time.monotonic() < deadline and any(map(_is_there, processes)):
        time.sleep(0.1)


def _is_there(process: subprocess.Popen[bytes]) -> bool:
    """Return whether any process of the group is left."""
    process.poll()  # an ended process stays in its group until it is waited for
    return _signal_group(process, 0)


def _signal_group(process: subprocess.Popen[bytes], number: int) -> bool:
    try:
        os.killpg(process.pid, number)
    except ProcessLookupError:
        return False
    return True

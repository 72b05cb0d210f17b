"""Nights that are disturbed on purpose: killed at a moment or at a file operation, or left without disk.

Each night is a process of its own, forked from one that has loaded every library: what a night costs here is the
night. A disturbance is set from outside the pipeline, which knows nothing of it.
"""

from __future__ import annotations

import json
import os
import re
import resource
import shutil
import signal
import sqlite3
import sys
import time
import traceback
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb

from demo.generate import generate
from orchestration.base.paths import Home
from orchestration.config.deployment import load_deployment

STEP = re.compile(r"^ *\d+ s  (done|failed) +(.+?)  +[\d.]+ s", re.MULTILINE)
# what changes the disk, as Python tells it before it happens
CHANGES = {"os.rename", "os.symlink", "os.remove", "os.rmdir", "os.mkdir", "os.truncate"}
# what a run is called, whole or as a version's last part
RUN = re.compile(r"\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b|\b[0-9a-f]{8}\b")
NO_CHANGE = "none"
ENDED = ("SUCCESS", "FAILURE", "CANCELED")
NIGHT_SECONDS = 1200


def load_libraries() -> None:
    """Load what a night loads, so that forked nights have it already."""
    import dagster_dbt  # noqa: F401
    import dbt.cli.main  # noqa: F401
    import great_expectations  # noqa: F401
    from dbt.adapters.duckdb import Plugin  # noqa: F401


@dataclass(frozen=True)
class Disturbance:
    """What is done to a night: one of these.

    Attributes:
        after_step, seconds: kill it so long after the line of this step; after its start where there is none.
        change: kill it before this change of files or folders.
        file_bytes: let no file grow beyond this size, as a full disk would not.
        reached: when an undisturbed night is where this hits, in seconds; a night that is killed there has what is
            later still to do.
    """

    after_step: str | None = None
    seconds: float | None = None
    change: str | None = None
    file_bytes: int | None = None
    reached: float = 0.0


@dataclass(frozen=True)
class Change:
    """A change of files or folders that must stay whole.

    Attributes:
        name: what is done to which path, and, as one may recur, which time it is: ``os.rename /state/pull.new 7``.
        seconds: when it was made, since the night began.
    """

    name: str
    seconds: float

    @property
    def kind(self) -> str:
        """The change without what differs from table to table: ``os.rename landing .new-load_date``."""
        operation, path, _ = self.name.split()
        top, *folders, name = path.strip("/").split("/")
        # what is remembered of each table, mart or run has a folder of its own
        told = [top, folders[0]] if top == "state" and folders else [top, re.sub(r"[0-9].*", "", name)]
        return " ".join([operation, *told])


@dataclass
class Ended:
    """How a night ended."""

    code: int
    seconds: float
    output: str
    steps: list[tuple[str, float]] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)

    @property
    def was_killed(self) -> bool:
        """Whether the disturbance killed it."""
        return self.code == -signal.SIGKILL

    @property
    def where(self) -> str:
        """Where it was killed: before which change of files, or after which step."""
        if not self.was_killed:
            return "had ended before" if self.code == 0 else "no disk was left"
        after = f"after {self.steps[-1][0].split()[0]}" if self.steps else "at the beginning"
        return f"{after}, before {self.changes[-1].kind}" if self.changes else after


class Company:
    """A small demo company in a home of its own: published up to its last night but one."""

    def __init__(self, root: Path, customers: int = 60, nights: int = 2) -> None:
        self.root, self.deployment = root, load_deployment("demo")
        self.home, self.extracts, self.base = Home(root / "home" / "demo"), root / "extracts", root / "base"
        history = self.deployment.history_load_date
        generate(self.extracts, customers=customers, nights=nights, seed=5, history_load_date=history)
        waiting = max(path for path in self.extracts.iterdir() if re.fullmatch(r"\d{4}-\d\d-\d\d", path.name))
        aside = root / waiting.name
        waiting.rename(aside)
        prepared = self.night()
        _must_succeed(prepared)
        aside.rename(waiting)
        shutil.copytree(self.home.root, self.base, symlinks=True)
        self.before = self.published()
        self.undisturbed = self.night(Disturbance(change=NO_CHANGE))
        _must_succeed(self.undisturbed)
        self.after = self.published()

    def restore(self) -> None:
        """Be again as before the last night."""
        shutil.rmtree(self.home.root)
        shutil.copytree(self.base, self.home.root, symlinks=True)

    def night(self, disturbance: Disturbance | None = None, *arguments: str) -> Ended:
        """Run ``cx360 run``, disturbed or not, and wait until it ends."""
        told = self.root / "output.txt"
        command = ["run", "--deployment", "demo", "--extracts", str(self.extracts), *arguments]
        started = time.monotonic()
        pid = start(lambda: _cx360(command), self.home, told, disturbance)
        code, steps = _watch(pid, told, started, disturbance)
        output = told.read_text(encoding="utf-8")
        noted = told.with_name("changes.txt")
        lines = noted.read_text(encoding="utf-8").splitlines() if disturbance and disturbance.change else []
        changes = [Change(name, float(at) - started) for at, name in (line.split(" ", 1) for line in lines)]
        return Ended(code, time.monotonic() - started, output, steps, changes)

    def published(self) -> dict[str, tuple[int, str]]:
        """Row count and checksum of every published table, read as a reader would, but for the history of runs."""
        current = (self.home.published / "current").resolve()
        manifest: dict[str, Any] = json.loads((current / "manifest.json").read_text(encoding="utf-8"))
        with duckdb.connect(current / "cx360.duckdb", read_only=True, config={"threads": 1}) as connection:
            for name, facts in manifest["tables"].items():
                [(row_count,)] = connection.execute(f"select count(*) from {name}").fetchall()
                if row_count != facts["row_count"]:
                    raise ValueError(f"{name} has {row_count} rows, and the manifest tells of {facts['row_count']}")
        return {
            name: (facts["row_count"], facts["checksum"])
            for name, facts in manifest["tables"].items()
            if name not in manifest["history"]
        }

    def problems(self, recovered: Ended) -> list[str]:
        """What is not as it must be after the normal command that followed a disturbed night."""
        found = self.leftovers()
        if recovered.code:
            found.append(f"it failed: {recovered.output[-2000:]}")
        published = self.published()
        differing = [name for name, facts in self.after.items() if published.get(name) != facts]
        if differing:
            found.append(f"differs in {', '.join(differing)}")
        return found

    def leftovers(self) -> list[str]:
        """What a killed night may leave and the next one must have put in order."""
        found = [str(path) for kind in ("new", "old") for path in self.home.root.rglob(f".{kind}-*")]
        versions = [path.name for path in (self.home.published / "versions").iterdir()]
        if len(versions) != 2:
            found.append(f"versions {', '.join(versions)}")
        with sqlite3.connect(self.home.dagster / "history" / "runs.db") as connection:
            runs = connection.execute("select run_id, status from runs").fetchall()
        found += [f"run {run_id} is {status}" for run_id, status in runs if status not in ENDED]
        return found


def _must_succeed(night: Ended) -> None:
    if night.code:
        raise ValueError(f"an undisturbed night failed:\n{night.output}")


def start(work: Callable[[], None], home: Home, told: Path, disturbance: Disturbance | None = None) -> int:
    """Fork a process that does ``work`` for the home's deployment and writes what it prints to ``told``."""
    sys.stdout.flush()
    sys.stderr.flush()
    told.write_bytes(b"")
    pid = os.fork()
    if pid:
        return pid
    code = 1
    try:
        file = os.open(told, os.O_WRONLY | os.O_APPEND)
        os.dup2(file, 1)
        os.dup2(file, 2)
        sys.stdout = open(1, "w", buffering=1, encoding="utf-8", closefd=False)  # noqa: SIM115
        sys.stderr = open(2, "w", buffering=1, encoding="utf-8", closefd=False)  # noqa: SIM115
        os.environ["CX360_HOME"] = str(home.root.parent)
        os.environ["DAGSTER_HOME"] = str(home.dagster)
        if disturbance and disturbance.file_bytes:
            resource.setrlimit(resource.RLIMIT_FSIZE, (disturbance.file_bytes, disturbance.file_bytes))
        if disturbance and disturbance.change:
            _kill_before(disturbance.change, home, told.with_name("changes.txt"))
        work()
        code = 0
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else 1
    except BaseException:  # noqa: BLE001  nothing of the child may run on in the parent's code
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _cx360(command: list[str]) -> None:
    from orchestration.cli.main import main

    main(command, standalone_mode=False)


def _kill_before(change: str, home: Home, noted: Path) -> None:
    """Kill this process before this change of what must stay whole, and note those before it."""
    guarded = tuple(f"{folder}/" for folder in (home.landing, home.quarantine, home.published, home.state))
    file = os.open(noted, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    made: Counter[str] = Counter()

    def note(event: str, arguments: tuple[Any, ...]) -> None:
        opens = event == "open" and isinstance(arguments[1], str) and arguments[1][:1] in "wax"
        if (opens or event in CHANGES) and str(arguments[0]).startswith(guarded):
            # a run and its version have another name each night
            what = RUN.sub("run", f"{event} {str(arguments[0]).removeprefix(str(home.root))}")
            made[what] += 1
            name = f"{what} {made[what]}"
            os.write(file, f"{time.monotonic()} {name}\n".encode())
            if name == change:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(note)


def _watch(
    pid: int, told: Path, started: float, disturbance: Disturbance | None
) -> tuple[int, list[tuple[str, float]]]:
    """Wait for a night to end, note when each step was told, and kill it when its time has come."""
    steps: list[tuple[str, float]] = []
    deadline = started + NIGHT_SECONDS
    while True:
        ended, status = os.waitpid(pid, os.WNOHANG)
        found = [match[2] for match in STEP.finditer(told.read_text(encoding="utf-8", errors="replace"))]
        steps += [(name, time.monotonic() - started) for name in found[len(steps) :]]
        if ended:
            return os.waitstatus_to_exitcode(status), steps
        if disturbance and disturbance.seconds is not None:
            since = dict(steps).get(disturbance.after_step) if disturbance.after_step else 0.0
            if since is not None and time.monotonic() - started >= since + disturbance.seconds:
                os.kill(pid, signal.SIGKILL)
                _, status = os.waitpid(pid, 0)
                return os.waitstatus_to_exitcode(status), steps
        if time.monotonic() > deadline:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            raise AssertionError(f"a night hangs:\n{told.read_text(encoding='utf-8')}")
        time.sleep(0.01)

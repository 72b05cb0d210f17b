"""Disturbed nights: killed at a random moment or before a file operation, or run on a full disk.

Each night is forked from a process that has loaded every library, so that its time is that of the night alone. The
disturbance comes from outside the pipeline.
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
from orchestration.base.layout import RESTORING
from orchestration.base.paths import Home
from orchestration.config.deployment import load_deployment

STEP = re.compile(r"^ *\d+ s  (done|failed) +(.+?)  +[\d.]+ s", re.MULTILINE)
# audit events of Python before a change of files or folders
CHANGES = {"os.rename", "os.symlink", "os.remove", "os.rmdir", "os.mkdir", "os.truncate"}
# the id of a run, whole or as the suffix of a version
RUN = re.compile(r"\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b|\b[0-9a-f]{8}\b")
NO_CHANGE = "none"
ENDED = ("SUCCESS", "FAILURE", "CANCELED")
NIGHT_SECONDS = 1200


def load_libraries() -> None:
    """Import what a night imports, so that forked nights have it already."""
    import dagster_dbt  # noqa: F401
    import dbt.cli.main  # noqa: F401
    import great_expectations  # noqa: F401
    from dbt.adapters.duckdb import Plugin  # noqa: F401


@dataclass(frozen=True)
class Disturbance:
    """What is done to a night: one of three.

    Attributes:
        after_step, seconds: kill it this many seconds after the line of this step; after its start without a step.
        change: kill it before this change of files or folders.
        file_bytes: limit the size of its files, like a full disk.
        reached: when an undisturbed night reaches this point, in seconds.
    """

    after_step: str | None = None
    seconds: float | None = None
    change: str | None = None
    file_bytes: int | None = None
    reached: float = 0.0


@dataclass(frozen=True)
class Change:
    """A change of guarded files or folders.

    Attributes:
        name: operation, path, and how often the two have occurred: ``os.rename /state/pull.new 7``.
        seconds: when it was made, since the start of the night.
    """

    name: str
    seconds: float

    @property
    def kind(self) -> str:
        """The change without its table, date and number: ``os.rename landing .new-load_date``."""
        operation, path, _ = self.name.split()
        top, *folders, name = path.strip("/").split("/")
        # each kind of state has a folder of its own
        words = [top, folders[0]] if top == "state" and folders else [top, re.sub(r"[0-9].*", "", name)]
        return " ".join([operation, *words])


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
        """Whether it was killed."""
        return self.code == -signal.SIGKILL

    @property
    def where(self) -> str:
        """Where it was killed: after which step, before which change of files."""
        if not self.was_killed:
            return "ended before" if self.code == 0 else "the disk was full"
        after = f"after {self.steps[-1][0].split()[0]}" if self.steps else "at the start"
        return f"{after}, before {self.changes[-1].kind}" if self.changes else after


class Company:
    """A small demo company in a home of its own; its last night is pending."""

    def __init__(self, root: Path, customers: int = 60, nights: int = 2) -> None:
        self.root, self.deployment = root, load_deployment("demo")
        self.home, self.extracts, self.base = Home(root / "home" / "demo"), root / "extracts", root / "base"
        history = self.deployment.history_load_date
        generate(self.extracts, customers=customers, nights=nights, seed=5, history_load_date=history)
        pending = max(path for path in self.extracts.iterdir() if re.fullmatch(r"\d{4}-\d\d-\d\d", path.name))
        aside = root / pending.name
        pending.rename(aside)
        prepared = self.night()
        _must_succeed(prepared)
        aside.rename(pending)
        shutil.copytree(self.home.root, self.base, symlinks=True)
        self.before = self.published()
        self.undisturbed = self.night(Disturbance(change=NO_CHANGE))
        _must_succeed(self.undisturbed)
        self.after = self.published()

    def restore(self) -> None:
        """Restore the home as it was before the last night."""
        shutil.rmtree(self.home.root)
        shutil.copytree(self.base, self.home.root, symlinks=True)

    def night(self, disturbance: Disturbance | None = None, *arguments: str) -> Ended:
        """Run ``cx360 run``, disturbed or not, to its end."""
        return self.command(["run", "--deployment", "demo", "--extracts", str(self.extracts), *arguments], disturbance)

    def back_up(self) -> Path:
        """Back up the home as it was before the last night; return the backup."""
        self.restore()
        _must_succeed(self.command(["backup", "--deployment", "demo", "--to", str(self.root / "backups")]))
        [backup] = (self.root / "backups").iterdir()
        return backup

    def restore_backup(self, backup: Path, disturbance: Disturbance | None = None) -> Ended:
        """Run ``cx360 restore``, disturbed or not, to its end."""
        return self.command(["restore", "--deployment", "demo", "--from", str(backup)], disturbance)

    def command(self, command: list[str], disturbance: Disturbance | None = None) -> Ended:
        """Run a command of ``cx360``, disturbed or not, to its end."""
        output = self.root / "output.txt"
        started = time.monotonic()
        pid = start(lambda: _cx360(command), self.home, output, disturbance)
        code, steps = _watch(pid, output, started, disturbance)
        recorded = output.with_name("changes.txt")
        lines = recorded.read_text(encoding="utf-8").splitlines() if disturbance and disturbance.change else []
        changes = [Change(name, float(at) - started) for at, name in (line.split(" ", 1) for line in lines)]
        return Ended(code, time.monotonic() - started, output.read_text(encoding="utf-8"), steps, changes)

    def published(self) -> dict[str, tuple[int, str]]:
        """Return row count and checksum of every published table except the history, checked as a reader."""
        current = (self.home.published / "current").resolve()
        manifest: dict[str, Any] = json.loads((current / "manifest.json").read_text(encoding="utf-8"))
        with duckdb.connect(current / "cx360.duckdb", read_only=True, config={"threads": 1}) as connection:
            for name, facts in manifest["tables"].items():
                [(row_count,)] = connection.execute(f"select count(*) from {name}").fetchall()
                if row_count != facts["row_count"]:
                    raise ValueError(f"{name} has {row_count} rows, its manifest says {facts['row_count']}")
        return {
            name: (facts["row_count"], facts["checksum"])
            for name, facts in manifest["tables"].items()
            if name not in manifest["history"]
        }

    def problems(self, recovered: Ended) -> list[str]:
        """Return what is wrong after the normal command that followed a disturbed night."""
        found = self.leftovers()
        if recovered.code:
            found.append(f"the command failed: {recovered.output[-2000:]}")
        published = self.published()
        differing = [name for name, facts in self.after.items() if published.get(name) != facts]
        if differing:
            found.append(f"different rows in {', '.join(differing)}")
        return found

    def leftovers(self) -> list[str]:
        """Return what killed nights left and the next one did not remove."""
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
        raise ValueError(f"The undisturbed night failed:\n{night.output}")


def start(work: Callable[[], None], home: Home, output: Path, disturbance: Disturbance | None = None) -> int:
    """Fork a process that does ``work`` in this home and prints to ``output``; return its id."""
    sys.stdout.flush()
    sys.stderr.flush()
    output.write_bytes(b"")
    pid = os.fork()
    if pid:
        return pid
    code = 1
    try:
        file = os.open(output, os.O_WRONLY | os.O_APPEND)
        os.dup2(file, 1)
        os.dup2(file, 2)
        sys.stdout = open(1, "w", buffering=1, encoding="utf-8", closefd=False)  # noqa: SIM115
        sys.stderr = open(2, "w", buffering=1, encoding="utf-8", closefd=False)  # noqa: SIM115
        os.environ["CX360_HOME"] = str(home.root.parent)
        os.environ["DAGSTER_HOME"] = str(home.dagster)
        if disturbance and disturbance.file_bytes:
            resource.setrlimit(resource.RLIMIT_FSIZE, (disturbance.file_bytes, disturbance.file_bytes))
        if disturbance and disturbance.change:
            _kill_before(disturbance.change, home, output.with_name("changes.txt"))
        work()
        code = 0
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else 1
    except BaseException:  # noqa: BLE001  the child must not continue in the parent's code
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _cx360(command: list[str]) -> None:
    from orchestration.cli.main import main

    main(command, standalone_mode=False)


def _kill_before(change: str, home: Home, recorded: Path) -> None:
    """Record the changes of guarded folders, and kill this process before ``change``."""
    folders = (home.landing, home.quarantine, home.published, home.state, home.root / RESTORING)
    guarded = tuple(f"{folder}/" for folder in folders)
    file = os.open(recorded, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    made: Counter[str] = Counter()

    def record(event: str, arguments: tuple[Any, ...]) -> None:
        opens = event == "open" and isinstance(arguments[1], str) and arguments[1][:1] in "wax"
        if (opens or event in CHANGES) and str(arguments[0]).startswith(guarded):
            # each night, the run and its version have another id
            what = RUN.sub("run", f"{event} {str(arguments[0]).removeprefix(str(home.root))}")
            made[what] += 1
            name = f"{what} {made[what]}"
            os.write(file, f"{time.monotonic()} {name}\n".encode())
            if name == change:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(record)


def _watch(
    pid: int, output: Path, started: float, disturbance: Disturbance | None
) -> tuple[int, list[tuple[str, float]]]:
    """Wait for a night to end, record when each step was printed, and kill it at its time."""
    steps: list[tuple[str, float]] = []
    deadline = started + NIGHT_SECONDS
    while True:
        ended, status = os.waitpid(pid, os.WNOHANG)
        found = [match[2] for match in STEP.finditer(output.read_text(encoding="utf-8", errors="replace"))]
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
            raise AssertionError(f"The night hangs:\n{output.read_text(encoding='utf-8')}")
        time.sleep(0.01)

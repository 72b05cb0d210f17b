"""Kills a restore or a publication before each change of files or folders in turn; run as a program.

Prints how many kills there were. Ends with an error if readers ever find half a version, or if the same command does
not finish what the kill left.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import duckdb

from orchestration.base.errors import PipelineError
from orchestration.base.layout import refuse_unfit
from orchestration.base.paths import Home
from orchestration.publication.backup import back_up, read_backup, restore
from orchestration.publication.publication import Publication
from tests.unit.publication.homes import files_of, filled_home
from tests.unit.publication.publications import SECOND, WINDOWS, build, current_amounts, publication

THIRD = SECOND + timedelta(days=1)
CHANGES = {"os.rename", "os.symlink", "os.remove", "os.rmdir", "os.mkdir", "open"}


def killed(work: Callable[[], object], below: Path, number: int) -> bool:
    """Do the work in a fork that is killed before its change of this number; return whether it was killed."""
    pid = os.fork()
    if pid:
        _, status = os.waitpid(pid, 0)
        if os.WIFSIGNALED(status):
            return True
        if os.waitstatus_to_exitcode(status):
            raise SystemExit(f"The work failed before change {number}.")
        return False
    made = 0

    def count(event: str, arguments: tuple[Any, ...]) -> None:
        nonlocal made
        writes = event != "open" or (isinstance(arguments[1], str) and arguments[1][:1] in "wax")
        if event in CHANGES and writes and str(arguments[0]).startswith(str(below)):
            made += 1
            if made > number:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(count)
    try:
        work()
    except BaseException as error:  # noqa: BLE001  the child must not continue in the parent's code
        sys.stderr.write(f"{error}\n")
        os._exit(1)
    os._exit(0)


def kill_restores(root: Path) -> int:
    """Kill a restore before each of its changes."""
    original = filled_home(root / "demo")
    backup = read_backup(back_up(original, Publication(original), root / "backups").folder)
    expected = files_of(original)
    number = 0
    while True:
        home = Home(root / str(number) / "demo")
        if not killed(lambda home=home: restore(home, backup), home.root, number):  # type: ignore[misc]
            return number
        if _is_refused(home) or not files_of(home):
            restore(home, backup)
        if files_of(home) != expected or current_amounts(publication(home.root)) != [4] or _is_refused(home):
            raise SystemExit(f"The restore killed before change {number} is not finished.")
        if [path.name for path in home.root.glob(".*") if any(path.iterdir())]:
            raise SystemExit(f"The restore killed before change {number} left files.")
        number += 1


def _is_refused(home: Home) -> bool:
    try:
        refuse_unfit(home)
    except PipelineError:
        return True
    return False


def kill_publications(root: Path) -> int:
    """Kill a publication before each of its changes."""
    original = filled_home(root / "demo")
    build(original, 5)
    number = 0
    while True:
        home = Home(root / str(number) / "demo")
        shutil.copytree(original.root, home.root, symlinks=True)
        published = Publication(home)
        before = [version.name for version in published.versions()]
        was_killed = killed(
            lambda published=published: published.publish(THIRD, "run-3", WINDOWS),  # type: ignore[misc]
            home.root,
            number,
        )
        if not was_killed:
            return number
        if current_amounts(published) not in ([4], [5]):
            raise SystemExit(f"Readers find half a version before change {number}.")
        published.settle_versions()
        if current_amounts(published) == [4]:
            build(home, 5)
            published.publish(THIRD, "run-4", WINDOWS)
        names = [version.name for version in published.versions()]
        if current_amounts(published) != [5] or names[1:] != before or published.damaged():
            raise SystemExit(f"The publication killed before change {number} is not finished: {names}")
        if [*home.published.rglob(".new-*"), *home.published.rglob(".old-*"), *home.published.glob(".current*")]:
            raise SystemExit(f"The publication killed before change {number} left files.")
        number += 1


if __name__ == "__main__":
    duckdb.connect().close()
    kills = {"restore": kill_restores, "publish": kill_publications}[sys.argv[1]](Path(sys.argv[2]))
    sys.stdout.write(f"{kills} kills\n")

"""A page of the documentation, done as it says in a copy of the project: its files written, its commands run."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import duckdb

from orchestration.base.paths import PROJECT

PAGE = "your-own-data.md"

# a file's path above the block that holds it; a block without a path is commands or an example
BLOCK = re.compile(
    r"^(?:`(?P<path>[\w./-]+)`\n\n)?```(?P<kind>\w+)\n(?P<text>.*?)^```$", flags=re.MULTILINE | re.DOTALL
)


@dataclass(frozen=True)
class Block:
    """A block of a page: a file, commands, or an example."""

    kind: str
    text: str
    path: str | None = None


def blocks(heading: str, page: str = PAGE) -> Iterator[Block]:
    """The blocks of the section of a page whose heading begins with ``heading``, in their order."""
    sections = re.split(r"^## ", (PROJECT / "docs" / page).read_text(encoding="utf-8"), flags=re.MULTILINE)
    [section] = [text for text in sections if text.startswith(heading)]
    for found in BLOCK.finditer(section):
        yield Block(found["kind"], found["text"], found["path"])


@dataclass
class Copy:
    """A copy of what is committed, with this project's environment: what a new user has after ``git clone``."""

    root: Path
    environment: dict[str, str] = field(default_factory=dict)

    @classmethod
    def made(cls, root: Path) -> Copy:
        """Copy the project to ``root``."""
        listed = subprocess.run(
            ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
            cwd=PROJECT,
            check=True,
            capture_output=True,
            text=True,
        )
        for name in listed.stdout.splitlines():
            if (PROJECT / name).is_file():
                (root / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(PROJECT / name, root / name)
        (root / ".venv").mkdir()
        (root / ".venv" / "bin").symlink_to(Path(sys.executable).parent)
        return cls(root)

    def follow(self, heading: str, addresses: Mapping[str, str] | None = None, page: str = PAGE) -> list[str]:
        """Do what a section says from top to bottom; what each of its commands printed.

        Args:
            addresses: the real address of each example address on the page.
        """
        output = []
        for block in blocks(heading, page):
            if block.path is not None:
                self.write(block, addresses)
            elif block.kind == "sh":
                output += [self.run(line) for line in block.text.splitlines()]
        assert output, f"the section '{heading}' has no command"
        return output

    def write(self, block: Block, addresses: Mapping[str, str] | None = None) -> None:
        """Write the file of a block."""
        path = self.root / str(block.path)
        text = block.text
        for written, real in (addresses or {}).items():
            text = text.replace(written, real)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def run(self, command: str, *, fails: bool = False) -> str:
        """Run one command of a person, which must succeed unless it ``fails``; what it printed."""
        program, *arguments = shlex.split(command)
        assert program in {"make", ".venv/bin/cx360"}, command
        # the environment is there: nothing is installed into it
        ready = ["-o", ".venv/.ready", "-o", ".venv/bin/uv"] if program == "make" else []
        # without the settings of the tests, or of the make that runs them
        others = ("CX360_", "DAGSTER_", "MAKE", "MFLAGS", "PYTHONDONTWRITEBYTECODE")
        known = {name: value for name, value in os.environ.items() if not name.startswith(others)}
        done = subprocess.run(
            [program, *ready, *arguments],
            cwd=self.root,
            env=known | {"PYTHONPATH": str(self.root), "COLUMNS": "200"} | dict(self.environment),
            check=False,
            capture_output=True,
            text=True,
            timeout=900,
        )
        output = done.stdout + done.stderr
        assert (done.returncode != 0) == fails, f"{command}\n{output}"
        return output

    def query(self, deployment: str, sql: str) -> list[tuple[object, ...]]:
        """Ask what is published."""
        file = (self.root / "data" / deployment / "published" / "current").resolve() / "cx360.duckdb"
        with duckdb.connect(file, read_only=True) as connection:
            return connection.execute(sql).fetchall()

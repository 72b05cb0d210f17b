"""A pseudo-terminal: what a person sees of a command, redraw by redraw."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import struct
import subprocess
import termios
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

CONTROL = re.compile(r"\x1b\[([?\d;]*)([A-Za-z])|([\r\n])")


@dataclass
class Screen:
    """The lines that a terminal of a width shows; it knows the few control sequences that progress lines use."""

    width: int
    lines: list[str] = field(default_factory=lambda: [""])
    row: int = 0
    column: int = 0

    def write(self, text: str) -> None:
        """Show text with its control sequences."""
        at = 0
        for found in CONTROL.finditer(text):
            self._put(text[at : found.start()])
            at = found.end()
            self._control(found[1], found[2] or found[3])
        self._put(text[at:])

    def _put(self, text: str) -> None:
        for letter in text:
            if self.column == self.width:  # the terminal goes on in its next line
                self._line_feed()
                self.column = 0
            line = self.lines[self.row].ljust(self.column)
            self.lines[self.row] = line[: self.column] + letter + line[self.column + 1 :]
            self.column += 1

    def _control(self, number: str | None, kind: str) -> None:
        if kind == "\r":
            self.column = 0
        elif kind == "\n":
            self._line_feed()
        elif kind == "A":
            self.row = max(self.row - int(number or 1), 0)
        elif kind == "K":
            self.lines[self.row] = "" if number == "2" else self.lines[self.row][: self.column]
        elif kind not in "mhl":  # colours, and the cursor shown or hidden
            raise AssertionError(f"an unknown control sequence: {number}{kind}")

    def _line_feed(self) -> None:
        self.row += 1
        if self.row == len(self.lines):
            self.lines.append("")


@dataclass
class Recording:
    """What a command wrote to its terminal, piece by piece, and how it ended."""

    pieces: Sequence[str]
    exit_code: int
    seconds_to_end: float
    """From the signal to the end of the process; 0 without a signal."""

    def screens(self, width: int) -> list[list[str]]:
        """The lines on the screen after each piece."""
        screen, seen = Screen(width), []
        for piece in self.pieces:
            screen.write(piece)
            seen.append([line.rstrip() for line in screen.lines])
        return seen


def recorded(
    command: Sequence[str],
    width: int,
    environment: Mapping[str, str],
    end: Callable[[str], int | None] = lambda _: None,
) -> Recording:
    """Run a command in a terminal; ``end`` looks at all that it wrote and returns a signal to send, once."""
    ours, its = pty.openpty()
    fcntl.ioctl(its, termios.TIOCSWINSZ, struct.pack("HHHH", 50, width, 0, 0))
    unset = {"COLUMNS", "LINES", "NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE"}
    inherited = {name: value for name, value in os.environ.items() if name not in unset}
    process = subprocess.Popen(
        command, stdin=its, stdout=its, stderr=its, env={**inherited, "TERM": "xterm-256color", **environment}
    )
    os.close(its)
    pieces: list[str] = []
    sent = 0.0
    with os.fdopen(ours, "rb", buffering=0) as terminal:
        while piece := _read(terminal.fileno()):
            pieces.append(piece)
            number = None if sent else end("".join(pieces))
            if number is not None:
                sent = time.monotonic()
                process.send_signal(number)
    code = process.wait(timeout=60)
    return Recording(pieces, code, time.monotonic() - sent if sent else 0.0)


def _read(terminal: int) -> str:
    """The next bytes as text; nothing when the process has ended. A letter is never split: rich writes whole lines."""
    try:
        return os.read(terminal, 65536).decode(errors="replace")
    except OSError:
        return ""


def program(name: str, python: str) -> str:
    """The path of a program of the environment that runs the tests."""
    return str(Path(python).with_name(name))

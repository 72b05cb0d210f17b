"""The console of a command: a terminal of its width, or a pipe that gets whole lines."""

from __future__ import annotations

from typing import TextIO

from rich.console import Console

WHOLE_LINES = 2000
"""Characters of a line that is not on a terminal: longer than any row."""


def console_on(file: TextIO | None = None) -> Console:
    """Return the console of a file, by default stdout; a pipe or a file never breaks a row."""
    console = Console(file=file, highlight=False)
    return console if console.is_terminal else Console(file=file, highlight=False, width=WHOLE_LINES)

"""What a machine that loses its power finds again: files and folders that have reached the disk before they count.

Add here how something reaches the disk; keep out what is written and where (``resources/``).
"""

from __future__ import annotations

import os
from pathlib import Path


def write_text(path: Path, text: str) -> None:
    """Write a file in place of the one before: whoever looks, after whatever happened, finds the one or the other."""
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_suffix(".new")
    new.write_text(text, encoding="utf-8")
    settle(new)
    new.replace(path)
    settle(path.parent)


def settle(*paths: Path) -> None:
    """Wait until files, and the names in folders, are on the disk; not what is below a folder."""
    for path in paths:
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def settle_all(folder: Path) -> None:
    """Wait until a folder is on the disk, with everything below it."""
    settle(*folder.rglob("*"), folder)

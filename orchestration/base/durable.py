"""Writes that survive a loss of power: files and folders reach the disk before they are renamed into place."""

from __future__ import annotations

import os
from pathlib import Path


def write_text(path: Path, text: str) -> None:
    """Replace a file atomically: readers find the old or the new content, also after a crash."""
    path.parent.mkdir(parents=True, exist_ok=True)
    new = new_of(path)
    new.write_text(text, encoding="utf-8")
    sync(new)
    new.replace(path)
    sync(path.parent)


def new_of(path: Path) -> Path:
    """Return the file that ``write_text`` writes before it takes the place of ``path``."""
    return path.with_suffix(".new")


def sync(*paths: Path) -> None:
    """Wait until files, and the entries of folders, are on the disk; not the content of a folder's files."""
    for path in paths:
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def sync_tree(folder: Path) -> None:
    """Wait until a folder and everything below it are on the disk."""
    sync(*folder.rglob("*"), folder)

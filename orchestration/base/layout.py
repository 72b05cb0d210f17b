"""The layout of a home: which version of this project wrote it, and who may read it.

``state/layout.json`` has the number of the layout. A home without it is empty, or was made before layouts had numbers
(layout 1): ``runs/readiness.py`` brings it to the current one. Add here what makes a home unfit for this version.
"""

from __future__ import annotations

import os
from pathlib import Path

from pydantic import TypeAdapter

from orchestration.base import durable
from orchestration.base.errors import PipelineError
from orchestration.base.paths import Home
from orchestration.base.state import as_json, read_json

LAYOUT = 2
"""The layout that this version writes: 2 adds the checksums of landed files."""

RESTORING = ".restore"
"""The folder below a home into which a backup is restored before it counts."""


def marker(home: Home) -> Path:
    """Return the file with the number of the layout."""
    return home.state / "layout.json"


def layout_of(home: Home) -> int:
    """Return the layout of a home; 1 if it has no number, also for an empty home."""
    path = marker(home)
    if not path.exists():
        return 1
    remedy = "If no newer version of cx360 wrote this home, remove the file: the next run writes it again."
    return read_json(path, TypeAdapter(dict[str, int]), "the layout of this home", remedy).get("layout", 1)


def write_layout(home: Home) -> None:
    """Record that the home has the layout of this version."""
    durable.write_text(marker(home), as_json({"layout": LAYOUT}) + "\n")


def refuse_unfit(home: Home) -> None:
    """Refuse a home that this version must not write to.

    Raises:
        PipelineError: a restore was interrupted, or a newer version of the project wrote the home.
    """
    restoring = home.root / RESTORING
    if restoring.exists() and any(restoring.iterdir()):
        raise PipelineError(
            f"{home.root} is not complete: a restore was interrupted. Nothing was changed. Run it again: "
            f"cx360 restore --deployment {home.root.name} --from <backup>"
        )
    layout = layout_of(home)
    if layout > LAYOUT:
        raise PipelineError(
            f"{home.root} was written by a newer version of cx360: it has layout {layout}, and this version knows "
            f"layouts up to {LAYOUT}. Nothing was changed. Use the newer version, or restore a backup of the older one "
            f"into an empty home: cx360 restore --deployment {home.root.name} --from <backup>"
        )


def keep_private() -> None:
    """Let this process and its children create files that only their owner may read (600, folders 700)."""
    os.umask(0o077)


def tighten(home: Home) -> int:
    """Take the permissions of group and others from everything below a home that another umask created.

    The files in ``extracts/`` stay as the source systems delivered them. If others may write to that folder, it stays
    as it is too, and the home's own folder lets them pass through to it.

    Returns:
        The number of files and folders whose permissions changed.
    """
    extracts = home.extracts
    is_shared = extracts.is_dir() and (extracts.stat().st_mode & 0o022 or extracts.stat().st_uid != os.geteuid())
    changed = int(_tightened(home.root, 0o066 if is_shared else 0o077))
    for folder, folders, files in os.walk(home.root):
        if Path(folder) == home.root:
            folders[:] = [name for name in folders if name != extracts.name]
            changed += 0 if is_shared else _tightened(extracts, 0o077)
        changed += sum(_tightened(Path(folder, name), 0o077) for name in (*folders, *files))
    return changed


def _tightened(path: Path, taken: int) -> bool:
    """Take these permissions from a file or folder of this user; return whether it had one of them."""
    try:
        found = path.lstat()
        if not found.st_mode & taken or path.is_symlink() or found.st_uid != os.geteuid():
            return False
        path.chmod(found.st_mode & 0o7777 & ~taken)
    except FileNotFoundError:  # a temporary file of another process, such as the daemon's
        return False
    return True

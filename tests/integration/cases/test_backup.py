"""The restore drill: a home is rebuilt from its backup, at another path, without the extracts it was made from."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.integration.company import NAME, Delivery
from tests.integration.own_data import Copy

if TYPE_CHECKING:
    from tests.integration.cases.conftest import Runs

HISTORY: Delivery = {}


def manifest(version: Path) -> dict[str, Any]:
    read: dict[str, Any] = json.loads((version / "manifest.json").read_text(encoding="utf-8"))
    return read


def checksums(version: Path) -> dict[str, Any]:
    """Row count and checksum of every table that depends on landing and state alone."""
    facts = manifest(version)
    return {name: table for name, table in facts["tables"].items() if name not in facts["history"]}


def test_a_home_rebuilt_from_its_backup_has_every_checksum(runs: Runs, tmp_path: Path) -> None:
    original = runs.market.copy
    original.run(f"make verify DEPLOYMENT={NAME}")
    original.run(f"make backup DEPLOYMENT={NAME} TO={tmp_path / 'backups'}")
    [backup] = (tmp_path / "backups").iterdir()
    moved = Copy(original.root, {"CX360_HOME": str(tmp_path / "homes")})
    moved.run(f"make restore DEPLOYMENT={NAME} FROM={backup}")
    moved.run(f"make verify DEPLOYMENT={NAME}")
    current = tmp_path / "homes" / NAME / "published" / "current"
    restored = current.resolve()
    assert restored.name == runs.night.name
    assert manifest(restored) == manifest(runs.night)

    moved.run(f"make run DEPLOYMENT={NAME} ARGS=--full-refresh")
    rebuilt = current.resolve()
    assert rebuilt != restored
    assert checksums(rebuilt)
    assert checksums(rebuilt) == checksums(runs.night)

    # the same home, as a version of this project left it that knew neither layouts nor checksums, and damaged besides
    home = tmp_path / "homes" / NAME
    (home / "state" / "layout.json").unlink()
    for path in (home / "landing").rglob("checksums.json"):
        path.unlink()
    current.unlink()
    shutil.copytree(rebuilt, current)
    (restored / "manifest.json").write_text("{", encoding="utf-8")
    extracts = original.root / "data" / NAME / "extracts"
    output = moved.run(f"make run DEPLOYMENT={NAME} EXTRACTS={extracts}")
    assert "Nothing was pending" in output
    assert f"Version {restored.name} is damaged" in output
    assert current.is_symlink()
    assert current.resolve() == rebuilt
    assert restored.name in moved.run(f"make verify DEPLOYMENT={NAME}", fails=True)

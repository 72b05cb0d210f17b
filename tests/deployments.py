"""Folders of deployments that tests write."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from orchestration.config import deployment_file

LINES_WRITTEN = "lines written"
"""The property of a test that says how many lines a company had to write; shown at the end of the tests."""


def write_deployment(
    root: Path, name: str, settings: Mapping[str, Any] | str, files: Mapping[str, str] | None = None
) -> Path:
    """Write the folder of a deployment below ``root``, and return it.

    Args:
        settings: the content of ``deployment.yml``, or its text.
        files: the texts of further files, by their path in the folder.
    """
    folder = root / name
    text = settings if isinstance(settings, str) else yaml.safe_dump(dict(settings), sort_keys=False)
    for path, content in {deployment_file.FILE: text, **(files or {})}.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(content, encoding="utf-8")
    return folder


def search_only(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Find deployments below ``root`` alone until the test ends."""
    monkeypatch.delenv("CX360_DEPLOYMENTS", raising=False)
    monkeypatch.setattr(deployment_file, "DEPLOYMENTS", root)

"""The revision of the code that runs."""

from __future__ import annotations

import subprocess

from orchestration.base.paths import PROJECT


def code_revision() -> str:
    """Return the commit of the checkout, or 'unknown' outside a repository."""
    answer = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], cwd=PROJECT, capture_output=True, text=True, check=False
    )
    return answer.stdout.strip() or "unknown"

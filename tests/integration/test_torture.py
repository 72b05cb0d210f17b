"""A dozen killed nights, the small brother of ``make torture``: see ``bench/torture.py``."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from orchestration.base.paths import PROJECT

pytestmark = pytest.mark.long


def test_a_dozen_killed_nights_publish_what_undisturbed_ones_do(capsys: pytest.CaptureFixture[str]) -> None:
    # in a process of its own: it forks nights, which a process with the threads of other tests should not
    command = [sys.executable, "-m", "bench.torture", "12", "--in-a-row", "3"]
    ended = subprocess.run(command, cwd=PROJECT, text=True, capture_output=True, check=False, timeout=1800)
    with capsys.disabled():
        sys.stdout.write(f"\n{ended.stdout}")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "4 of 4 nights published what an undisturbed one does, after 13 disturbances" in ended.stdout
    kills = re.findall(r"^ +\d+  (after \w+|at the beginning)", ended.stdout, flags=re.MULTILINE)
    assert len(kills) >= 11

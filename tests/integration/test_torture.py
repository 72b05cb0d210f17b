"""A dozen killed nights: a small ``make torture`` (``bench/torture.py``)."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from orchestration.base.paths import PROJECT

pytestmark = pytest.mark.long


def test_a_dozen_killed_nights_publish_the_figures_of_an_undisturbed_one(capsys: pytest.CaptureFixture[str]) -> None:
    # in its own process: it forks, which a process with other threads should not
    command = [sys.executable, "-m", "bench.torture", "12", "--in-a-row", "3"]
    ended = subprocess.run(command, cwd=PROJECT, text=True, capture_output=True, check=False, timeout=1800)
    with capsys.disabled():
        sys.stdout.write(f"\n{ended.stdout}")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "5 of 5 nights published" in ended.stdout
    assert "after 15 disturbances" in ended.stdout
    assert "2 of 2 killed restores were finished" in ended.stdout
    kills = re.findall(r"^ +\d+  (after \w+|at the start)", ended.stdout, flags=re.MULTILINE)
    assert len(kills) >= 13

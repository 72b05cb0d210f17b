"""A folder that cannot be written: readers keep the previous version, and the error gives the remedy."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from orchestration.base.errors import PipelineError
from orchestration.base.paths import PROJECT
from tests.unit.publication.publications import FIRST, SECOND, WINDOWS, build, current_amounts, publication, publish

# Publishes once, and once more without write permission. Root has to drop its rights in between.
READ_ONLY = """
import os, sys
from pathlib import Path
from orchestration.base.errors import PipelineError
from tests.unit.publication.publications import FIRST, SECOND, WINDOWS, build, current_amounts, publication, publish

published = publication(Path(sys.argv[1]))
publish(published, FIRST, "run-1", 3)
build(published.home, 4)
for folder, _, files in os.walk(sys.argv[1]):
    for name in files:
        os.chmod(Path(folder) / name, 0o444)
    os.chmod(folder, 0o555)
if os.getuid() == 0:
    os.setuid(65534)
try:
    published.publish(SECOND, "run-2", WINDOWS)
except PipelineError as error:
    print(error)
print(current_amounts(published))
"""


@contextmanager
def full_disk() -> Iterator[None]:
    """Limit files to 20,000 bytes: a write beyond fails like one to a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_full_disk_leaves_the_previous_version_and_the_next_run_publishes(tmp_path: Path) -> None:
    published = publication(tmp_path)
    publish(published, FIRST, "run-1", 3)
    build(published.home, *range(50_000))
    message = r"(?s)2026-01-06-run-2 could not be written .* run again"
    with full_disk(), pytest.raises(PipelineError, match=message):
        published.publish(SECOND, "run-2", WINDOWS)
    assert current_amounts(published) == [3]
    assert [path.name for path in (published.home.published / "versions").iterdir()] == ["2026-01-05-run-1"]
    published.publish(SECOND, "run-3", WINDOWS)
    assert len(current_amounts(published)) == 50_000


def test_a_read_only_folder_leaves_the_previous_version(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    reachable = [folder for folder in (home, *home.parents) if folder.stat().st_uid == os.getuid()]
    modes = {folder: folder.stat().st_mode for folder in reachable}
    for folder in reachable:
        folder.chmod(modes[folder] | 0o011)
    try:
        ended = subprocess.run(
            [sys.executable, "-c", READ_ONLY, str(home)], cwd=PROJECT, text=True, capture_output=True, check=False
        )
    finally:
        for folder in reachable:
            folder.chmod(modes[folder])
    assert "Version 2026-01-06-run-2 could not be written below" in ended.stdout, ended.stderr
    assert "Permission denied" in ended.stdout
    assert ended.stdout.endswith("[3]\n")

"""A backfill of published load dates, killed and resumed, publishes the same figures."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path

import dagster as dg
import pytest

from orchestration.base.paths import PROJECT, Home
from orchestration.runs.instance import open_instance
from tests.integration.conftest import NIGHTS, Company

pytestmark = [pytest.mark.long, pytest.mark.xdist_group("demo nights")]

FIRST, LAST = NIGHTS[:2]
SECONDS = 1200


def landed_rows(home: Home) -> dict[str, bytes]:
    """The content of every file of the landing and the quarantine."""
    paths = [path for folder in (home.landing, home.quarantine) for path in folder.rglob("*") if path.is_file()]
    return {path.relative_to(home.root).as_posix(): path.read_bytes() for path in paths}


def test_the_same_command_resumes_a_killed_backfill_and_pulls_nothing_twice(
    demo_night: Company, tmp_path: Path
) -> None:
    night = demo_night.copied(tmp_path)
    home = night.home
    command = [str(Path(sys.executable).with_name("cx360")), "backfill", "--extracts", str(night.extracts)]
    command += ["--from", FIRST.isoformat(), "--to", LAST.isoformat()]
    environment = {**os.environ, "CX360_HOME": str(tmp_path)}
    recorded = home.state / "pull.jsonl"
    with subprocess.Popen(command, cwd=PROJECT, env=environment, stdout=subprocess.DEVNULL) as process:
        deadline = time.monotonic() + SECONDS
        while process.poll() is None and time.monotonic() < deadline:
            if recorded.exists() and recorded.read_bytes().count(b"\n") > 10:
                break
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL
    lines = [json.loads(line) for line in recorded.read_text(encoding="utf-8").splitlines()]
    assert lines[0] == {"asked": f"{FIRST} to {LAST}"}
    units = [
        home.landing / line["table"].replace("__", "/") / f"load_date={line['load_date']}" / "part-00001.parquet"
        for line in lines[1:]
    ]
    before = {path: path.stat().st_ino for path in units}
    assert night.figures() == demo_night.figures()

    outcome = night.succeed(first=FIRST, last=LAST)

    assert {path: path.stat().st_ino for path in units} == before
    assert not recorded.exists()
    assert landed_rows(home) == landed_rows(demo_night.home)
    assert night.figures() == demo_night.figures()
    manifest = night.manifest()
    assert manifest["taken_load_dates"] == [FIRST.isoformat(), LAST.isoformat()]
    assert manifest["as_of_date"] == (NIGHTS[-1] + timedelta(days=1)).isoformat()
    assert night.query("select outcome from quality.quality_runs order by started_at") == [
        ("published",),
        ("killed",),
        ("published",),
    ]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DAGSTER_HOME", str(home.dagster))
        event = open_instance(home).get_latest_materialization_event(dg.AssetKey(["landing", lines[1]["table"]]))
    assert event
    assert event.run_id == outcome.run_id
    assert event.asset_materialization
    metadata = {name: value.value for name, value in event.asset_materialization.metadata.items()}
    assert (metadata["load_dates"], metadata["kept_load_dates"], metadata["pulled_rows"]) == (2, 2, 0)

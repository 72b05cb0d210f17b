"""A run of the command line in the UI: on the timeline of the first page, executed again, and ended with the UI."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest
from playwright.sync_api import expect, sync_playwright

from tests.integration.conftest import Company
from tests.integration.test_ui import BROWSER, FLAGS, answers, graphql, in_browser, runs, visit, wait_for

pytestmark = [pytest.mark.long, pytest.mark.xdist_group("demo nights")]

ORIGINS = "{ runsOrError { ... on Runs { results { runId repositoryOrigin { repositoryLocationName } } } } }"
CHECKS = """
{ assetNodes { assetChecksOrError { ... on AssetChecks { checks { name description } } } groupName } }
"""


@pytest.fixture(scope="module")
def night(demo_night: Company, tmp_path_factory: pytest.TempPathFactory) -> Company:
    """A copy of a night that the command line has published."""
    return demo_night.copied(tmp_path_factory.mktemp("in-ui"))


@pytest.fixture(scope="module")
def server(night: Company) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """The UI as ``cx360 ui`` starts it, and its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    options = ["ui", "--port", str(port), "--extracts", str(night.extracts)]
    command = [str(Path(sys.executable).with_name("cx360")), *options]
    process = subprocess.Popen(
        command, env={**os.environ, "CX360_HOME": str(night.home.root.parent)}, stdout=subprocess.DEVNULL
    )
    address = f"http://127.0.0.1:{port}"
    try:
        wait_for(lambda: answers(address), 300, "the UI to answer")
        yield process, address
    finally:
        process.terminate()
        process.wait(timeout=30)


def test_it_has_the_origin_of_a_scheduled_run(night: Company, server: tuple[subprocess.Popen[bytes], str]) -> None:
    [run] = graphql(server[1], ORIGINS)["runsOrError"]["results"]
    assert run["runId"] == night.manifest()["run_id"]
    assert run["repositoryOrigin"] == {"repositoryLocationName": "cx360"}


def test_every_check_of_the_ui_says_what_it_checks(server: tuple[subprocess.Popen[bytes], str]) -> None:
    nodes = graphql(server[1], CHECKS)["assetNodes"]
    checks = [check for node in nodes for check in node["assetChecksOrError"].get("checks", ())]
    assert len(checks) > 200
    assert [check["name"] for check in checks if not (check["description"] or "").strip()] == []
    assert {"nps", "nps_steps", "retention", "clv", "customer_360"} <= {node["groupName"] for node in nodes}


def processes_below(process: int) -> set[int]:
    """The process and all that it has started, by their parents in /proc."""
    parents = {}
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            parents[int(status.parent.name)] = int(status.read_text(encoding="utf-8").rsplit(")", 1)[1].split()[1])
        except OSError:
            continue  # it has ended
    found = {process}
    while more := {child for child, parent in parents.items() if parent in found} - found:
        found |= more
    return found


def is_running(process: int) -> bool:
    """Whether a process is there, and has not ended without anybody having waited for it."""
    try:
        state = Path(f"/proc/{process}/stat").read_text(encoding="utf-8").rsplit(")", 1)[1].split()[0]
    except OSError:
        return False
    return state != "Z"


def has_begun(night: Company, run_id: str) -> bool:
    """Whether a step of the run has begun. A run that is ended earlier is marked by the next start (recovery.py)."""
    with dg.DagsterInstance.from_config(str(night.home.dagster)) as instance:
        return bool(instance.get_run_step_stats(run_id))


@in_browser
def test_it_is_on_the_timeline_executed_again_and_ended_with_the_ui(
    night: Company, server: tuple[subprocess.Popen[bytes], str]
) -> None:
    process, address = server
    published = night.manifest()["run_id"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=BROWSER, args=FLAGS)
        page = browser.new_page(viewport={"width": 1800, "height": 1000})
        page.set_default_timeout(60_000)
        visit(page, address)
        expect(page).to_have_url(f"{address}/overview/activity/timeline", timeout=60_000)
        # the timeline lists the jobs that have runs in its hours
        expect(page.get_by_role("link", name="nightly").first).to_be_visible(timeout=60_000)
        page.goto(f"{address}/runs/{published}")
        page.get_by_role("button", name="Re-execute all").click()
        [again] = wait_for(lambda: set(runs(address)) - {published}, 120, "the run to be executed again")
        wait_for(lambda: has_begun(night, again), 120, "the first step of the second run")
        browser.close()

    started = processes_below(process.pid)
    since = time.monotonic()
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=60) == 128 + signal.SIGTERM
    assert time.monotonic() - since < 10
    wait_for(lambda: not any(map(is_running, started)), 5, "every process of the UI to be gone")
    with dg.DagsterInstance.from_config(str(night.home.dagster)) as instance:
        ended = instance.get_run_by_id(again)
        assert ended is not None
        assert ended.status.value == "FAILURE"
    assert night.manifest()["run_id"] == published

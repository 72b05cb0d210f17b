"""A run of the UI's daemon: launched over the API, killed, retried, and shown in a real browser."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Error, Page, expect, sync_playwright

from orchestration.runs.tags import RANGE_END, RANGE_START
from tests.integration.conftest import HISTORY, Company, company

pytestmark = [pytest.mark.long, pytest.mark.xdist_group("demo nights")]

LAUNCH = """
mutation Launch($params: ExecutionParams!) {
  launchRun(executionParams: $params) {
    __typename
    ... on LaunchRunSuccess { run { runId } }
    ... on PythonError { message }
    ... on RunConfigValidationInvalid { errors { message } }
  }
}
"""
RUNS = "{ runsOrError { ... on Runs { results { runId status rootRunId tags { key value } } } } }"
FRESHNESS = """
query Freshness($path: [String!]!) {
  assetNodeOrError(assetKey: {path: $path}) { ... on AssetNode { freshnessStatusInfo { freshnessStatus } } }
}
"""
REPOSITORIES = "{ repositoriesOrError { ... on RepositoryConnection { nodes { name location { name } } } } }"

BROWSER = shutil.which("chromium") or shutil.which("chromium-browser")
in_browser = pytest.mark.skipif(BROWSER is None, reason="no Chromium is installed on this machine")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
GROUPS = (
    "extract",
    "reference",
    "staging",
    "intermediate",
    "identity",
    "star",
    "star_steps",
    "nps",
    "nps_steps",
    "retention",
    "clv",
    "quality",
)


@pytest.fixture(scope="module")
def night(demo_extracts: Path, tmp_path_factory: pytest.TempPathFactory) -> Company:
    return company("demo", tmp_path_factory.mktemp("daemon"), demo_extracts)


@pytest.fixture(scope="module")
def ui(night: Company) -> Iterator[str]:
    """The UI with its daemon, as ``cx360 ui`` starts them."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = subprocess.Popen(
        [Path(sys.executable).with_name("cx360"), "ui", "--port", str(port), "--extracts", str(night.extracts)],
        env={**os.environ, "CX360_HOME": str(night.home.root.parent)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    try:
        address = f"http://127.0.0.1:{port}"
        wait_for(lambda: answers(address), 300, "the UI to answer")
        yield address
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        try:
            server.wait(timeout=60)
        except subprocess.TimeoutExpired:
            os.killpg(server.pid, signal.SIGKILL)
            server.wait()


def wait_for(happens: Callable[[], Any], seconds: int, what: str) -> Any:
    """Wait until ``happens`` returns a true value, and return it."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = happens()
        if found:
            return found
        time.sleep(1)
    return pytest.fail(f"waited {seconds} s for {what}")


def answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(f"{address}/server_info", timeout=5):  # noqa: S310  our own server on loopback
            return True
    except OSError:
        return False


def graphql(address: str, query: str, **variables: Any) -> Any:
    """Send a query to the UI's API and return its data."""
    body = json.dumps({"query": query, "variables": variables}).encode()
    request = urllib.request.Request(f"{address}/graphql", body, {"Content-Type": "application/json"})  # noqa: S310
    with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310  our own server on loopback
        return json.load(answer)["data"]


def runs(address: str) -> dict[str, str]:
    """Every run and its status."""
    return {run["runId"]: run["status"] for run in graphql(address, RUNS)["runsOrError"]["results"]}


def is_fresh(address: str, path: list[str]) -> bool:
    """Whether the UI shows an asset as fresh."""
    info = graphql(address, FRESHNESS, path=path)["assetNodeOrError"]["freshnessStatusInfo"]
    return bool(info["freshnessStatus"] == "HEALTHY")


def holder(night: Company) -> int | None:
    """The process of the run, once it has started to build."""
    lock = night.home.state / "run.lock"
    if not night.home.work_db.exists() or not lock.exists():
        return None
    found = re.match(r"process (\d+)", lock.read_text(encoding="utf-8"))
    return int(found[1]) if found else None


@pytest.fixture(scope="module")
def runs_of_night(ui: str, night: Company) -> tuple[str, str]:
    """The run that was launched over the API and killed while it built, and its retry."""
    [repository] = graphql(ui, REPOSITORIES)["repositoriesOrError"]["nodes"]
    last = max(path.name for path in night.extracts.glob("2*"))
    launched = graphql(
        ui,
        LAUNCH,
        params={
            "selector": {
                "repositoryName": repository["name"],
                "repositoryLocationName": repository["location"]["name"],
                "jobName": "nightly",
            },
            "executionMetadata": {
                "tags": [
                    {"key": RANGE_START, "value": HISTORY.isoformat()},
                    {"key": RANGE_END, "value": last},
                ]
            },
        },
    )["launchRun"]
    assert launched["__typename"] == "LaunchRunSuccess", launched
    first = launched["run"]["runId"]

    os.kill(wait_for(lambda: holder(night), 300, "the night to build"), signal.SIGKILL)
    [again] = wait_for(lambda: set(runs(ui)) - {first}, 300, "the daemon to launch the run again")
    wait_for(lambda: runs(ui)[again] in {"SUCCESS", "FAILURE"}, 600, "the second run to end")
    return first, again


def test_the_daemon_retries_a_killed_run(ui: str, night: Company, runs_of_night: tuple[str, str]) -> None:
    first, again = runs_of_night
    assert runs(ui) == {first: "FAILURE", again: "SUCCESS"}
    assert night.query("select run_id, outcome from quality.quality_runs order by started_at") == [
        (first, "killed"),
        (again, "published"),
    ]
    assert night.run().run_id is None  # nothing is pending
    for path in (["marts", "mart_customer_360"], ["published", "version"]):
        wait_for(partial(is_fresh, ui, path), 120, f"{'/'.join(path)} to be shown as fresh")


def test_another_web_page_can_neither_read_nor_change(ui: str) -> None:
    body = json.dumps({"query": REPOSITORIES}).encode()
    for foreign in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}, {"Host": "evil.example"}):
        request = urllib.request.Request(f"{ui}/graphql", body, {"Content-Type": "application/json", **foreign})  # noqa: S310
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(request, timeout=60)  # noqa: S310  our own server on loopback
        assert refused.value.code == 403


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=BROWSER, args=FLAGS)
        opened = browser.new_page(viewport={"width": 1800, "height": 1000})
        opened.set_default_timeout(60_000)
        yield opened
        browser.close()


def visit(page: Page, address: str) -> None:
    """Open a page and close the UI's welcome dialog."""
    page.goto(address)
    try:
        page.get_by_text("Skip", exact=True).click(timeout=5_000)
    except Error:
        return  # the dialog is shown once


@in_browser
@pytest.mark.usefixtures("runs_of_night")
def test_the_lineage_page_shows_the_groups_of_the_flow(ui: str, page: Page) -> None:
    visit(page, f"{ui}/asset-groups")
    for group in GROUPS:
        expect(page.get_by_text(group, exact=True).first).to_be_visible(timeout=60_000)


@in_browser
@pytest.mark.usefixtures("runs_of_night")
def test_a_marts_page_shows_its_description_its_columns_and_its_checks(ui: str, page: Page) -> None:
    visit(page, f"{ui}/assets/marts/mart_nps_by_segment_stage")
    expect(page.get_by_text("One row per month, survey type", exact=False).first).to_be_visible(timeout=60_000)
    expect(page.get_by_text("promoter_count", exact=True).first).to_be_visible()
    expect(page.get_by_text("customer-experience@demo.example").first).to_be_visible()
    visit(page, f"{ui}/assets/marts/mart_nps_by_segment_stage?view=checks")
    expect(page.get_by_text("gate", exact=True).first).to_be_visible()
    expect(page.get_by_text("Passed", exact=False).first).to_be_visible()


@in_browser
def test_the_killed_run_is_listed_as_a_failure_and_its_retry_as_a_success(
    ui: str, runs_of_night: tuple[str, str], page: Page
) -> None:
    visit(page, f"{ui}/runs")
    killed, published = (run_id[:8] for run_id in runs_of_night)
    for run_id, other, status in ((killed, published, "Failure"), (published, killed, "Success")):
        row = page.locator(f"xpath=//*[contains(., '{run_id}') and not(contains(., '{other}'))]")
        expect(row.get_by_text(status, exact=True).first).to_be_visible(timeout=60_000)

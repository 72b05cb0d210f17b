"""A night that the UI's daemon runs: launched over its API, killed, done again by itself, and shown as what it was."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from orchestration.nightly import RANGE_END, RANGE_START
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
    """Wait until something is true, and give it back."""
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


def ask(address: str, query: str, **variables: Any) -> Any:
    """Ask the UI's API."""
    body = json.dumps({"query": query, "variables": variables}).encode()
    request = urllib.request.Request(f"{address}/graphql", body, {"Content-Type": "application/json"})  # noqa: S310
    with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310  our own server on loopback
        return json.load(answer)["data"]


def runs(address: str) -> dict[str, str]:
    """Every run and its status."""
    return {run["runId"]: run["status"] for run in ask(address, RUNS)["runsOrError"]["results"]}


def is_fresh(address: str, path: list[str]) -> bool:
    """Whether the UI says that an asset is as new as it should be."""
    info = ask(address, FRESHNESS, path=path)["assetNodeOrError"]["freshnessStatusInfo"]
    return bool(info["freshnessStatus"] == "HEALTHY")


def holder(night: Company) -> int | None:
    """The process that runs the night and has begun to build."""
    lock = night.home.state / "run.lock"
    if not night.home.work_db.exists() or not lock.exists():
        return None
    found = re.match(r"process (\d+)", lock.read_text(encoding="utf-8"))
    return int(found[1]) if found else None


def test_a_run_that_was_launched_in_the_ui_and_killed_is_done_again_by_the_daemon(ui: str, night: Company) -> None:
    [repository] = ask(ui, REPOSITORIES)["repositoriesOrError"]["nodes"]
    last = max(path.name for path in night.extracts.glob("2*"))
    launched = ask(
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

    assert runs(ui) == {first: "FAILURE", again: "SUCCESS"}
    assert night.query("select run_id, outcome from quality.quality_runs order by started_at") == [
        (first, "killed"),
        (again, "published"),
    ]
    assert night.run().run_id is None  # the normal command finds nothing left to do
    for path in (["marts", "mart_customer_360"], ["published", "version"]):
        wait_for(partial(is_fresh, ui, path), 120, f"{'/'.join(path)} to be shown as fresh")

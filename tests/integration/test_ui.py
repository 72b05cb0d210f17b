"""What a data engineer sees: the real Dagster UI in a real browser, after a real night."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Error, Page, expect, sync_playwright

from tests.integration.conftest import Company

BROWSER = shutil.which("chromium") or shutil.which("chromium-browser")

pytestmark = [
    pytest.mark.long,
    pytest.mark.xdist_group("demo nights"),
    pytest.mark.skipif(BROWSER is None, reason="no Chromium is installed on this machine"),
]

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
GROUPS = ("extract", "reference", "staging", "intermediate", "identity", "star", "marts", "quality", "publish")


@pytest.fixture(scope="module")
def ui(demo_night: Company) -> Iterator[str]:
    """The address of the UI that `cx360 ui` opens on the instance of the demo's night."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    program = [str(Path(sys.executable).with_name("cx360")), "ui", "--port", str(port)]
    environment = {**os.environ, "CX360_HOME": str(demo_night.home.root.parent)}
    server = subprocess.Popen(
        [*program, "--extracts", str(demo_night.extracts)],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        text=True,
    )
    address = f"http://127.0.0.1:{port}"
    try:
        _wait_for(f"{address}/server_info", server)
        yield address
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        try:
            server.communicate(timeout=30)
        except subprocess.TimeoutExpired:
            os.killpg(server.pid, signal.SIGKILL)
            server.communicate()


def _wait_for(address: str, server: subprocess.Popen[str], seconds: int = 180) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        assert server.poll() is None, server.stdout.read() if server.stdout else "the UI ended"
        try:
            with urllib.request.urlopen(address, timeout=5):  # noqa: S310  our own server on loopback
                return
        except OSError:
            time.sleep(1)
    pytest.fail(f"the UI did not answer at {address} within {seconds} s")


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=BROWSER, args=FLAGS)
        opened = browser.new_page(viewport={"width": 1800, "height": 1000})
        opened.set_default_timeout(60_000)
        yield opened
        browser.close()


def visit(page: Page, address: str) -> None:
    """Open a page, and close the greeting that the UI shows to newcomers."""
    page.goto(address)
    try:
        page.get_by_text("Skip", exact=True).click(timeout=5_000)
    except Error:
        return  # no greeting: it is shown once


def test_the_lineage_page_shows_the_groups_of_the_flow(ui: str, page: Page) -> None:
    visit(page, f"{ui}/asset-groups")
    for group in GROUPS:
        expect(page.get_by_text(group, exact=True).first).to_be_visible(timeout=60_000)


def test_a_marts_page_shows_its_description_its_columns_and_its_checks(ui: str, page: Page) -> None:
    visit(page, f"{ui}/assets/marts/mart_nps_by_segment_stage")
    expect(page.get_by_text("One row per period", exact=False).first).to_be_visible(timeout=60_000)
    expect(page.get_by_text("promoter_count", exact=True).first).to_be_visible()
    expect(page.get_by_text("customer-experience@demo.example").first).to_be_visible()
    visit(page, f"{ui}/assets/marts/mart_nps_by_segment_stage?view=checks")
    expect(page.get_by_text("gate", exact=True).first).to_be_visible()
    expect(page.get_by_text("Passed", exact=False).first).to_be_visible()


def test_the_run_of_the_night_is_listed_as_a_success(ui: str, page: Page, demo_night: Company) -> None:
    [run_id] = [outcome.run_id for outcome in demo_night.outcomes if outcome.run_id]
    visit(page, f"{ui}/runs")
    expect(page.get_by_text(run_id[:8]).first).to_be_visible(timeout=60_000)
    expect(page.get_by_text("Success", exact=True).first).to_be_visible()

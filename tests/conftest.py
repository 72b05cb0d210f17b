"""The distribution of the tests over the workers of `cx360 test`, and fixtures of several folders."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from demo.generate import generate
from orchestration.base.paths import Home
from orchestration.config.deployment import load_deployment
from tests.deployments import LINES_WRITTEN
from tests.postgres import Postgres, postgres
from tests.unit.landing.thirty_nights import DAYS, HISTORY, Landed

TESTS = Path(__file__).parent


def pytest_configure() -> None:
    """Restore Python's handling of ctrl-c.

    A background job ignores the signal, and so would every process that a test starts. Dagster ends runs with it.
    """
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Show how many lines the companies of the tests had to write; the workers' own output is not shown."""
    reports = terminalreporter.getreports("passed")
    written = [value for report in reports for name, value in report.user_properties if name == LINES_WRITTEN]
    if written:
        terminalreporter.section("lines written for a company")
        for line in written:
            terminalreporter.line(str(line))


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep tests with a common costly fixture on one worker, so that it is built once.

    A group is formed by the architecture tests, by the integration tests of a file or folder, and by the long tests of
    a file. Files with a common session fixture name their group: ``pytest.mark.xdist_group("demo nights")``.
    """
    for item in items:
        if not item.get_closest_marker("xdist_group") and (group := _group(item)):
            item.add_marker(pytest.mark.xdist_group(group))


def _group(item: pytest.Item) -> str | None:
    path = item.path.relative_to(TESTS)
    match path.parts:
        case ("architecture", *_):
            return "architecture"
        case ("integration", folder, _):
            return f"integration/{folder}"
        case ("unit", *_) if not item.get_closest_marker("long"):
            return None
    return path.as_posix()


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Postgres]:
    """A PostgreSQL server, started at most once per worker; most of its tests are in the group "postgres"."""
    with postgres() as server:
        yield server


@pytest.fixture(scope="session")
def by_files(tmp_path_factory: pytest.TempPathFactory) -> Landed:
    """Thirty demo nights from files, the reference of the group "thirty nights"."""
    root = tmp_path_factory.mktemp("thirty-nights")
    generate(root / "extracts", customers=300, nights=len(DAYS) - 1, seed=11, history_load_date=HISTORY)
    return Landed(load_deployment("demo"), Home(root / "home"), root / "extracts")

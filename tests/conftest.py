"""How the tests are spread over the workers of `cx360 test`, and the server and the company that some of them share."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from demo.generate import generate
from orchestration.base.paths import Home
from orchestration.config.deployment import load_deployment
from tests.postgres import Postgres, postgres
from tests.unit.landing.thirty_nights import DAYS, HISTORY, Landed

TESTS = Path(__file__).parent


def pytest_configure() -> None:
    """Run as a night's command in a terminal does, whatever started the tests.

    A job in the background ignores ctrl-c, Dagster turns a request to end into the same signal, and every process that
    a test starts would inherit both.
    """
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep tests that share a costly fixture on one worker, so that it is built once.

    These are the architecture tests, the integration tests of a file, or of a folder in ``integration``, and the long
    tests of a file. Files that share a session's fixture with others name their group themselves:
    ``pytestmark = pytest.mark.xdist_group("demo nights")``.
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
    """A PostgreSQL, which each worker starts once at most: tests that need little else share the group "postgres"."""
    with postgres() as server:
        yield server


@pytest.fixture(scope="session")
def by_files(tmp_path_factory: pytest.TempPathFactory) -> Landed:
    """Thirty demo nights by files, which others are compared with; shared by the group "thirty nights"."""
    root = tmp_path_factory.mktemp("thirty-nights")
    generate(root / "extracts", customers=300, nights=len(DAYS) - 1, seed=11, history_load_date=HISTORY)
    return Landed(load_deployment("demo"), Home(root / "home"), root / "extracts")

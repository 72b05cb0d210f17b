"""How the tests are spread over the workers of `cx360 test`, and the server that some of them share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.postgres import Postgres, postgres

TESTS = Path(__file__).parent


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep tests that share a costly fixture on one worker, so that it is built once.

    These are the architecture tests, and the integration tests of one folder. Files that share a session's fixture with
    others name their group themselves: ``pytestmark = pytest.mark.xdist_group("demo nights")``.
    """
    for item in items:
        path = item.path.relative_to(TESTS)
        if item.get_closest_marker("xdist_group") or path.parts[0] == "unit":
            continue
        group = "architecture" if path.parts[0] == "architecture" else path.parent.as_posix()
        item.add_marker(pytest.mark.xdist_group(group))


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Postgres]:
    """A PostgreSQL for tests that share the group "postgres": one worker starts it, once."""
    with postgres() as server:
        yield server

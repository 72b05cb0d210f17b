"""How the tests are spread over the workers of `cx360 test`."""

from __future__ import annotations

from pathlib import Path

import pytest

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

"""Thirty demo nights by files, which the tests of the other kinds of source compare with."""

from __future__ import annotations

import pytest

from orchestration.demo.generate import generate
from orchestration.deployment import load_deployment
from orchestration.home import Home
from tests.unit.resources.thirty_nights import DAYS, HISTORY, Landed


@pytest.fixture(scope="session")
def by_files(tmp_path_factory: pytest.TempPathFactory) -> Landed:
    """The demo company as it delivers files; shared by the group "thirty nights"."""
    root = tmp_path_factory.mktemp("thirty-nights")
    generate(root / "extracts", customers=300, nights=len(DAYS) - 1, seed=11, history_load_date=HISTORY)
    return Landed(load_deployment("demo"), Home(root / "home"), root / "extracts")

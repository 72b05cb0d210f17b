"""A warehouse for the tests of gate 2."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestration.base.paths import Home
from tests.unit.marts.warehouses import Warehouses


@pytest.fixture
def warehouses(tmp_path: Path) -> Warehouses:
    return Warehouses(Home(tmp_path / "demo"))

"""The models of lifetime value, compiled once for every test of this folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestration.base.paths import Home
from orchestration.config.deployment import Deployment
from tests.integration.clv.small_company import Model, SmallCompany, compiled


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> tuple[Deployment, list[Model]]:
    """A deployment with few customers per fit, and its models in order."""
    return compiled(tmp_path_factory.mktemp("compiled"))


@pytest.fixture
def small_company(models: tuple[Deployment, list[Model]], tmp_path: Path) -> SmallCompany:
    """A company without a night yet."""
    return SmallCompany(Home(tmp_path / "demo"), *models)

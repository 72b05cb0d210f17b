"""The project as dbt sees it, parsed once for every test of the session."""

from __future__ import annotations

import json

import pytest

from orchestration.base.paths import Home
from orchestration.config.deployment import load_deployment
from orchestration.config.deployment_file import deployment_names
from orchestration.warehouse.dbt import run_dbt
from tests.architecture.project import Manifest


@pytest.fixture(scope="session")
def manifests(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Manifest]:
    """The manifest of every deployment."""
    parsed = {}
    for name in deployment_names():
        home = Home(tmp_path_factory.mktemp(name))
        result = run_dbt(load_deployment(name), home, ["parse", "--quiet"])
        assert result.success, f"dbt cannot parse the project for {name}: {result.exception}"
        parsed[name] = json.loads(home.manifest.read_text(encoding="utf-8"))
    return parsed


@pytest.fixture(scope="session")
def manifest(manifests: dict[str, Manifest]) -> Manifest:
    """The manifest of the demo, whose models are all but other companies' staging."""
    return manifests["demo"]


@pytest.fixture(scope="session")
def olist_manifest(manifests: dict[str, Manifest]) -> Manifest:
    """The manifest of Olist."""
    return manifests["olist"]

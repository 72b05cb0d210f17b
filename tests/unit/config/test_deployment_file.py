"""Which of several folders a deployment is read from, and what its files add up to."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestration.base.errors import PipelineError
from orchestration.config.deployment import load_deployment
from orchestration.config.deployment_file import deployment_names, folder_of
from tests.deployments import search_only, write_deployment
from tests.unit.config.test_deployment import loaded, settings, system


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Deployments are read from the test's own folder."""
    search_only(tmp_path, monkeypatch)


def test_a_path_names_the_deployment_in_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = write_deployment(tmp_path / "elsewhere", "acme", settings())
    assert load_deployment(str(folder)).folders == (folder,)
    monkeypatch.chdir(folder)
    assert load_deployment(".").name == "acme"
    assert deployment_names() == []
    with pytest.raises(PipelineError, match="A deployment elsewhere is named by the path of its folder"):
        load_deployment("acme")


def test_the_folders_of_the_environment_come_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    loaded(tmp_path)
    write_deployment(tmp_path, "globex", settings())
    own = write_deployment(tmp_path / "own", "acme", settings(currency="CHF"))
    monkeypatch.setenv("CX360_DEPLOYMENTS", str(own.parent))
    assert folder_of("acme") == own
    assert load_deployment("acme").currency == "CHF"
    assert deployment_names() == ["acme", "globex"]


def test_rules_of_the_folder_are_added_to_those_of_the_tables(tmp_path: Path) -> None:
    company = settings(systems__crm__tables__customers__rules={"required": ["id"], "text_at_most": {"mail": 100}})
    rules = "crm:\n  customers:\n    required: [id, mail]\n    text_at_most: {mail: 254}\n    instant: [changed]\n"
    write_deployment(tmp_path, "acme", company, {"rules.yml": rules})
    [table] = load_deployment("acme").tables()
    assert table.settings.rules.required == ("id", "mail")
    assert table.settings.rules.text_at_most == {"mail": 254}
    assert table.settings.rules.instant == ("changed",)


def test_a_deployment_reads_the_folder_of_the_one_that_it_extends_after_its_own(tmp_path: Path) -> None:
    base = write_deployment(tmp_path, "acme", settings(), {"rules.yml": "crm: {customers: {required: [id]}}"})
    till = {"till": system("transactions", "sales")}
    own = write_deployment(tmp_path, "other", {"extends": "acme", "systems": till})
    other = load_deployment("other")
    assert other.folders == (own, base)
    assert {table.name: table.settings.rules.required for table in other.tables()} == {
        "crm__customers": ("id",),
        "till__sales": (),
    }

"""What a deployment takes over from the one that it extends."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from orchestration.base.errors import PipelineError
from orchestration.config.deployment import load_deployment
from tests.deployments import search_only, write_deployment
from tests.unit.config.test_deployment import loaded, system


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Deployments are read from the test's own folder."""
    search_only(tmp_path, monkeypatch)


def extending(tmp_path: Path, name: str, base: str, **changes: Any) -> None:
    """Write a deployment that says what differs from another one."""
    write_deployment(tmp_path, name, {"extends": base, **changes})


def test_a_deployment_that_extends_another_says_only_what_differs(tmp_path: Path) -> None:
    acme = loaded(tmp_path)
    extending(tmp_path, "acme_and_more", "acme", currency="CHF", systems={"till": system("transactions", "sales")})
    both = load_deployment("acme_and_more")
    assert (both.name, both.currency, both.timezone) == ("acme_and_more", "CHF", acme.timezone)
    assert [table.name for table in both.tables()] == ["crm__customers", "till__sales"]
    assert both.systems["crm"] == acme.systems["crm"]


def test_a_system_of_the_same_name_replaces_the_base_system(tmp_path: Path) -> None:
    loaded(tmp_path)
    extending(tmp_path, "other", "acme", systems={"crm": system("crm", "people")})
    assert [table.name for table in load_deployment("other").tables()] == ["crm__people"]


@pytest.mark.parametrize("base", ["nobody", "second"])
def test_a_deployment_extends_an_existing_one_that_extends_none(tmp_path: Path, base: str) -> None:
    loaded(tmp_path)
    extending(tmp_path, "second", "acme")
    extending(tmp_path, "third", base)
    message = {
        "nobody": r"There is no deployment 'nobody' \(.*nobody/deployment\.yml\)",
        "second": r"third/deployment\.yml has invalid settings:\n  extends: second itself extends acme\. Extend acme",
    }
    with pytest.raises(PipelineError, match=message[base]):
        load_deployment("third")


def test_an_invalid_setting_is_reported_with_its_file(tmp_path: Path) -> None:
    loaded(tmp_path)
    extending(tmp_path, "other", "acme", timzone="Europe/Rome")
    with pytest.raises(
        PipelineError, match=r"other/deployment\.yml has invalid settings:\n  timzone: unknown key, did you"
    ):
        load_deployment("other")

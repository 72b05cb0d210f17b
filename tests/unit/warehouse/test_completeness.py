"""What a person is told who has written a deployment's file and not yet all that goes with it."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestration.base.errors import PipelineError
from orchestration.config.deployment import Deployment, deployment_names, load_deployment
from orchestration.warehouse import completeness as wiring
from orchestration.warehouse import dbt
from orchestration.warehouse.completeness import check_wiring


def company(system: str, *entities: str) -> Deployment:
    """A company with one system, of one table."""
    return Deployment.model_validate(
        {
            "name": "acme",
            "timezone": "Europe/Berlin",
            "currency": "EUR",
            "history_load_date": "2025-12-31",
            "owner": "someone@acme.example",
            "identity": {"country_calling_code": "49"},
            "systems": {
                system: {
                    "description": "The shop.",
                    "roles": ["transactions"],
                    "files": {"format": "csv", "history": "{table}.csv"},
                    "tables": {"orders": {"description": "Orders.", "key": ["id"], "delivers": entities}},
                }
            },
        }
    )


def told(deployment: Deployment) -> list[str]:
    """What is missing, a line each."""
    with pytest.raises(PipelineError, match="Deployment 'acme' is not complete") as error:
        check_wiring(deployment)
    return str(error.value).splitlines()[1:-1]


@pytest.fixture
def references(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of reference data of the test's own."""
    for name in ("defaults", "acme"):
        (tmp_path / name).mkdir()
    for name in ("segments", "touchpoints"):
        (tmp_path / "defaults" / f"{name}.csv").touch()
    for module in (wiring, dbt):
        monkeypatch.setattr(module, "REFERENCE", tmp_path)
    return tmp_path / "acme"


def missing_model(entity: str) -> str:
    return (
        f"  dbt_project/models/staging/till/stg_till__{entity}.sql: the model is missing, and till delivers {entity}."
        f" Its columns are those of dbt_project/models/intermediate/int_{entity}__unioned.yml."
    )


STAGING_LINE = """\
  dbt_project/dbt_project.yml: add to models.cx360.staging: till: {+enabled: "{{ 'till' in var('systems') }}"}"""
SEEDS_LINE = """\
  dbt_project/dbt_project.yml: add to seeds.cx360: acme: {+enabled: "{{ var('deployment') == 'acme' }}"}"""


@pytest.mark.parametrize("name", deployment_names())
def test_the_deployments_of_the_project_are_complete(name: str) -> None:
    check_wiring(load_deployment(name))


def test_everything_that_a_new_system_needs_is_told_at_once_with_its_place() -> None:
    assert told(company("till", "orders", "order_lines")) == [
        missing_model("orders"),
        missing_model("order_lines"),
        "  dbt_project/models/staging/till/_till__sources.yml: there is no source for the table 'till__orders'.",
        "  expectations/raw/till.py: there is no RawSuite for the table 'till__orders'.",
        STAGING_LINE,
    ]


def test_an_entity_that_is_none_is_answered_with_the_nearest_one() -> None:
    assert told(company("shop", "order")) == [
        "  deployments/acme.yml: 'order', which shop delivers, is no entity. Did you mean 'orders'?"
    ]


def test_codes_of_its_own_need_their_enable_line(references: Path) -> None:
    (references / "segments.csv").touch()
    assert told(company("shop", "orders")) == [SEEDS_LINE]


def test_a_file_of_codes_that_nothing_reads_is_told(references: Path) -> None:
    (references / "touchpoint.csv").touch()
    assert told(company("shop", "orders")) == [
        SEEDS_LINE,
        "  seeds/reference/acme/touchpoint.csv: nothing reads it. Did you mean 'touchpoints'?",
    ]


@pytest.mark.usefixtures("references")
def test_a_company_without_codes_of_its_own_needs_none() -> None:
    check_wiring(company("shop", "orders"))

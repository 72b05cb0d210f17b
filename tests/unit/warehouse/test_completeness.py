"""Which missing entries of a deployment are reported."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestration.base.errors import PipelineError
from orchestration.config.deployment import Deployment, deployment_names, load_deployment
from orchestration.warehouse import completeness, dbt
from orchestration.warehouse.completeness import check_completeness


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


def missing(deployment: Deployment) -> list[str]:
    """The reported entries, one line each."""
    with pytest.raises(PipelineError, match="Deployment 'acme' is not complete") as error:
        check_completeness(deployment)
    return str(error.value).splitlines()[1:]


@pytest.fixture
def references(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of acme's reference data, beside two default files."""
    for name in ("defaults", "acme"):
        (tmp_path / name).mkdir()
    for name in ("segments", "touchpoints"):
        (tmp_path / "defaults" / f"{name}.csv").touch()
    for module in (completeness, dbt):
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
    check_completeness(load_deployment(name))


def test_every_missing_entry_of_a_new_system_is_reported_with_its_file() -> None:
    assert missing(company("till", "orders", "order_lines")) == [
        missing_model("orders"),
        missing_model("order_lines"),
        "  dbt_project/models/staging/till/_till__sources.yml: the source of the table 'till__orders' is missing.",
        "  expectations/raw/till.py: the RawSuite of the table 'till__orders' is missing.",
        STAGING_LINE,
    ]


def test_an_unknown_entity_is_reported_with_the_nearest_known_one() -> None:
    assert missing(company("shop", "order")) == [
        "  deployments/acme.yml: 'order', which shop delivers, is not an entity. Did you mean 'orders'?"
    ]


def test_own_reference_data_requires_an_enable_line(references: Path) -> None:
    (references / "segments.csv").touch()
    assert missing(company("shop", "orders")) == [SEEDS_LINE]


def test_a_reference_file_that_no_model_reads_is_reported(references: Path) -> None:
    (references / "touchpoint.csv").touch()
    assert missing(company("shop", "orders")) == [
        SEEDS_LINE,
        "  seeds/reference/acme/touchpoint.csv: no model reads it. Did you mean 'touchpoints'?",
    ]


@pytest.mark.usefixtures("references")
def test_a_deployment_without_own_reference_data_is_complete() -> None:
    check_completeness(company("shop", "orders"))

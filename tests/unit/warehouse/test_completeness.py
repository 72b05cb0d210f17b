"""Which missing, wrong and unread entries of a deployment's folder are reported."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from orchestration.base.errors import PipelineError
from orchestration.config.deployment import Deployment, load_deployment
from orchestration.config.deployment_file import deployment_names
from orchestration.warehouse.completeness import check_completeness
from tests.deployments import search_only, write_deployment

MAPPED = {"orders": {"customer_source_id": "customer", "order_status": "state", "ordered_at": "placed"}}
"""The map of an entity that names columns only."""


@pytest.fixture(autouse=True)
def _folder(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Deployments are read from the test's own folder, unless it is about those of the project."""
    if "name" not in request.fixturenames:
        search_only(tmp_path, monkeypatch)


def settings(**table: Any) -> dict[str, Any]:
    """A company with one system, the till, of one table of orders."""
    till = {
        "files": {"format": "csv", "history": "{table}.csv"},
        "tables": {"orders": {"key": ["order_number"], **table}},
    }
    return {
        "timezone": "Europe/Berlin",
        "currency": "EUR",
        "history_load_date": "2025-12-31",
        "owner": "someone@acme.example",
        "identity": {"country_calling_code": "49"},
        "systems": {"till": till},
    }


def company(root: Path, *, files: dict[str, str] | None = None, **table: Any) -> Deployment:
    """The company as its folder ``acme`` has it, with further files."""
    write_deployment(root, "acme", settings(**table), files)
    return load_deployment("acme")


def missing(deployment: Deployment) -> list[str]:
    """The reported entries, one line each."""
    with pytest.raises(PipelineError, match=f"Deployment '{deployment.name}' is not complete") as error:
        check_completeness(deployment)
    return str(error.value).splitlines()[1:]


@pytest.mark.parametrize("name", deployment_names())
def test_the_deployments_of_the_project_are_complete(name: str) -> None:
    check_completeness(load_deployment(name))


def test_every_entity_that_nothing_maps_is_reported_with_both_ways_to_build_it(tmp_path: Path) -> None:
    acme = tmp_path / "acme"
    assert missing(company(tmp_path, delivers=["orders", "order_lines"])) == [
        f"  {acme}/deployment.yml: till delivers {entity}, and nothing says how: map it below its table"
        f" ({entity}: ...), or write {acme}/staging/till/{entity}.sql. Its columns are those of"
        f" dbt_project/models/intermediate/int_{entity}__unioned.yml."
        for entity in ("orders", "order_lines")
    ]


@pytest.mark.parametrize(
    ("table", "files"),
    [(MAPPED, {}), ({"delivers": ["orders"]}, {"staging/till/orders.sql": "select 1"})],
    ids=["a map", "staging SQL"],
)
def test_an_entity_is_built_by_a_map_or_by_staging_sql(
    tmp_path: Path, table: dict[str, Any], files: dict[str, str]
) -> None:
    check_completeness(company(tmp_path, files=files, **table))


def test_an_unknown_entity_is_reported_with_the_nearest_known_one(tmp_path: Path) -> None:
    assert missing(company(tmp_path, delivers=["order"])) == [
        f"  {tmp_path}/acme/deployment.yml: 'order', which till delivers, is not an entity. Did you mean 'orders'?"
    ]


def test_a_map_without_what_the_door_requires_is_refused(tmp_path: Path) -> None:
    partial = {"orders": {"order_status": "state"}}
    with pytest.raises(
        PipelineError, match="table 'orders': orders: the map lacks ordered_at, which the door requires"
    ):
        check_completeness(company(tmp_path, **partial))


@pytest.mark.parametrize(
    ("files", "line"),
    [
        ({"reference/touchpoint.csv": ""}, "reference/touchpoint.csv: nothing reads it. Did you mean 'touchpoints'?"),
        ({"reference/states.csv": "delivered,code\n"}, "reference/states.csv: nothing reads it. "),
        ({"staging/tll/orders.sql": ""}, "staging/tll/orders.sql: {file} has no system 'tll'. Did you mean 'till'?"),
        ({"staging/till/refunds.sql": ""}, "staging/till/refunds.sql: no table of till delivers 'refunds'. Add it to"),
    ],
    ids=lambda value: str(*value) if isinstance(value, dict) else "",
)
def test_a_file_that_nothing_reads_is_reported(tmp_path: Path, files: dict[str, str], line: str) -> None:
    acme = tmp_path / "acme"
    [reported] = missing(company(tmp_path, files=files, **MAPPED))
    assert reported.startswith(f"  {acme}/{line.format(file=acme / 'deployment.yml')}")


def test_own_reference_data_and_the_code_map_of_a_map_are_read(tmp_path: Path) -> None:
    files = {
        "reference/states.csv": "delivered,code\npaid,placed\n",
        "reference/segments.csv": "segment,segment_name\nretail,Retail\n",
    }
    orders = {**MAPPED["orders"], "order_status": {"column": "state", "codes": "states.csv"}}
    check_completeness(company(tmp_path, files=files, orders=orders))


def test_reference_data_with_other_columns_is_refused(tmp_path: Path) -> None:
    files = {"reference/segments.csv": "segment,title\nretail,Retail\n"}
    with pytest.raises(PipelineError, match=r"segments\.csv has the columns segment,title, not segment,segment_name\."):
        check_completeness(company(tmp_path, files=files, **MAPPED))


@pytest.mark.parametrize(
    ("changes", "named", "hint"),
    [
        ({"key": ["order_numbr"]}, "key of the table 'till__orders' names 'order_numbr'", "[_source_row]."),
        (
            {"whole_per": ["basket"]},
            "whole_per of the table 'till__orders' names 'basket'",
            "Did you mean 'basket_number'?",
        ),
    ],
    ids=["key", "whole_per"],
)
def test_a_column_of_the_key_or_the_parent_that_no_rule_promises_is_reported(
    tmp_path: Path, changes: dict[str, Any], named: str, hint: str
) -> None:
    rules = {"columns": ["order_number", "basket_number"]}
    files = {"staging/till/orders.sql": ""}
    [line] = missing(company(tmp_path, files=files, delivers=["orders"], rules=rules, **changes))
    assert line.startswith(f"  {tmp_path}/acme/deployment.yml: {named}")
    assert line.endswith(hint)


def test_the_rules_of_a_mapped_table_need_not_repeat_the_columns_of_its_key_and_map(tmp_path: Path) -> None:
    check_completeness(company(tmp_path, whole_per=["customer"], rules={"columns": ["remark"]}, **MAPPED))
    [line] = missing(company(tmp_path, whole_per=["custmer"], rules={"columns": ["remark"]}, **MAPPED))
    assert "whole_per of the table 'till__orders' names 'custmer'" in line
    assert line.endswith("Did you mean 'customer'?")


@pytest.mark.parametrize(
    "rules",
    [
        {"required": ["custmer"]},
        {"not_before": {"placed": ["custmer"]}},
        {"scores_like_recent_loads": {"custmer": "1"}},
        {"changed_at": "custmer"},
    ],
    ids=lambda rules: str(*rules),
)
def test_a_rule_over_a_column_that_nothing_promises_is_reported(tmp_path: Path, rules: dict[str, Any]) -> None:
    [line] = missing(company(tmp_path, rules=rules, **MAPPED))
    assert line.startswith(f"  {tmp_path}/acme/deployment.yml: a rule of the table 'till__orders' names 'custmer'")
    assert line.endswith("Did you mean 'customer'?")


def test_a_file_of_the_extended_deployment_belongs_to_a_system_that_is_replaced(tmp_path: Path) -> None:
    company(tmp_path, files={"staging/till/orders.sql": ""}, delivers=["orders"])
    tills = settings(customers={"source_id": "customer"})["systems"]
    write_deployment(tmp_path, "other", {"extends": "acme", "systems": tills})
    check_completeness(load_deployment("other"))

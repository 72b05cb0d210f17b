"""The journey map of a deployment: which rows its tests refuse, and how they name them."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from orchestration.config.deployment import load_deployment
from tests.models import Models, Table, compile_models

MAP = "map_version varchar, valid_from date, valid_to date, touchpoint varchar, journey_stage varchar, is_basic boolean"
OVERLAP = "assert_rows_of_the_journey_map_do_not_overlap"
JULY = date(2026, 7, 1)
CHAT = {"touchpoint": "chat", "journey_stage": "use", "is_basic": True}
OLD = {**CHAT, "map_version": "old", "valid_to": JULY}
NEW = {**CHAT, "map_version": "new", "valid_from": JULY}


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Models:
    names = ["journey_maps_rules", "journey_maps_keys", OVERLAP]
    return compile_models(load_deployment("demo"), tmp_path_factory.mktemp("journey_maps"), names)


def refused(models: Models, name: str, rows: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    """Return the failing rows of a test over a map; the deployment knows one touchpoint and one stage."""
    given: dict[str, Table] = {
        "journey_maps": (MAP, rows),
        "touchpoints": ("touchpoint varchar", [{"touchpoint": "chat"}]),
        "journey_stages": ("journey_stage varchar", [{"journey_stage": "use"}]),
    }
    with models.build([name], given) as connection:
        return connection.table(name).fetchall()


@pytest.mark.parametrize("name", ["journey_maps_rules", "journey_maps_keys", OVERLAP])
def test_versions_that_follow_each_other_pass(models: Models, name: str) -> None:
    assert refused(models, name, [OLD, NEW]) == []
    assert refused(models, name, []) == []


def test_an_unknown_touchpoint_or_stage_is_named(models: Models) -> None:
    rows = [{**OLD, "touchpoint": "fax"}, {**NEW, "journey_stage": "usage"}]
    assert sorted(refused(models, "journey_maps_keys", rows)) == [
        ("journey_stage refers to journey_stages.journey_stage", 1, "usage"),
        ("touchpoint refers to touchpoints.touchpoint", 1, "fax"),
    ]


@pytest.mark.parametrize(
    ("earlier", "later"),
    [
        ({"valid_to": date(2026, 7, 2)}, {}),
        ({"valid_to": None}, {}),
        ({}, {"valid_from": None}),
    ],
)
def test_versions_of_a_touchpoint_that_overlap_are_named(
    models: Models, earlier: dict[str, Any], later: dict[str, Any]
) -> None:
    [row] = refused(models, OVERLAP, [{**OLD, **earlier}, {**NEW, **later}])
    assert {row[0], row[1], row[3]} == {"chat", "old", "new"}


def test_a_version_ends_after_it_begins(models: Models) -> None:
    rows = [{**OLD, "valid_from": JULY}]
    assert refused(models, "journey_maps_rules", rows) == [("valid_from < valid_to", 1, "old, chat")]

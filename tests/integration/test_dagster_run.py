"""Dagster after a run: the metadata of every asset, every test as a check, the schedule."""

from __future__ import annotations

import base64
import re
from collections import Counter
from datetime import UTC, datetime, timedelta

import dagster as dg
import pytest

from orchestration.assets.identity import IDENTITIES
from orchestration.definitions import build, resources
from orchestration.runs.tags import RANGE_END, RANGE_START
from tests.integration.conftest import Company

pytestmark = pytest.mark.xdist_group("demo nights")

GROUPS = {
    "extract",
    "reference",
    "staging",
    "intermediate",
    "identity",
    "star",
    "star_steps",
    "science",
    "nps",
    "nps_steps",
    "retention",
    "retention_steps",
    "clv",
    "clv_steps",
    "customer_360",
    "customer_360_steps",
    "journey",
    "quality",
    "publish",
}
MOST_TABLES = 30
"""A group that is larger than this cannot be read on one page of the UI."""


@pytest.fixture(scope="module")
def definitions(demo_night: Company) -> dg.Definitions:
    return build(demo_night.deployment, resources(demo_night.deployment, demo_night.home, demo_night.extracts))


@pytest.fixture(scope="module")
def records(demo_night: Company) -> list[dg.EventLogEntry]:
    [run_id] = [outcome.run_id for outcome in demo_night.outcomes if outcome.run_id]
    with dg.DagsterInstance.from_config(str(demo_night.home.dagster)) as instance:
        return list(instance.all_logs(run_id))


def materializations(records: list[dg.EventLogEntry]) -> dict[dg.AssetKey, dg.AssetMaterialization]:
    events = [record.dagster_event for record in records if record.dagster_event]
    return {
        event.asset_key: event.step_materialization_data.materialization
        for event in events
        if event.is_step_materialization and event.asset_key
    }


def test_every_asset_has_a_group_of_the_flow_a_description_an_owner_and_kinds(definitions: dg.Definitions) -> None:
    graph = definitions.resolve_asset_graph()
    specs = [spec for key in graph.get_all_asset_keys() for spec in [graph.get(key)]]
    groups = Counter(spec.group_name for spec in specs)
    assert set(groups) == GROUPS
    assert max(groups.values()) <= MOST_TABLES
    lacking = [spec.key.to_user_string() for spec in specs if not (spec.description and spec.owners and spec.kinds)]
    assert lacking == []


def test_every_check_says_what_it_checks(definitions: dg.Definitions) -> None:
    graph = definitions.resolve_asset_graph()
    descriptions = {key: graph.get_check_spec(key).description or "" for key in graph.asset_check_keys}
    assert [key.to_user_string() for key, text in descriptions.items() if not text.strip()] == []
    texts = {f"{key.asset_key.path[-1]}:{key.name}": text for key, text in descriptions.items()}
    assert "- order_number is missing" in texts["shop__orders:gate"]
    assert "- max_nps is at most 100" in texts["mart_stage_overview:gate"]
    assert "- customer_id is unique and not null" in texts["mart_customer_360:mart_customer_360_keys"]
    statements = [text for name, text in texts.items() if ":assert_" in name]
    assert statements
    assert all(text.startswith("A failing row") for text in statements)


def test_a_run_materializes_every_asset_and_executes_every_check(
    definitions: dg.Definitions, records: list[dg.EventLogEntry]
) -> None:
    graph = definitions.resolve_asset_graph()
    assert graph.materializable_asset_keys <= set(materializations(records))
    evaluated = {
        record.dagster_event.asset_check_evaluation_data.asset_check_key
        for record in records
        if record.dagster_event and record.dagster_event.event_type == dg.DagsterEventType.ASSET_CHECK_EVALUATION
    }
    assert set(graph.asset_check_keys) <= evaluated


def test_every_materialization_has_row_count_and_columns(records: list[dg.EventLogEntry]) -> None:
    lacking = [
        key.to_user_string()
        for key, materialization in materializations(records).items()
        if key.path[0] != "published"
        and not {"dagster/row_count", "dagster/column_schema"} <= set(materialization.metadata)
    ]
    assert lacking == []


def test_a_mart_has_column_lineage(records: list[dg.EventLogEntry]) -> None:
    def sources(table: str) -> set[tuple[str, str]]:
        lineage = materializations(records)[dg.AssetKey(["marts", table])].metadata["dagster/column_lineage"].value
        assert isinstance(lineage, dg.TableColumnLineage)
        return {(dep.asset_key.path[-1], dep.column_name) for dep in lineage.deps_by_column["revenue_amount"]}

    assert sources("mart_customer_lifetime_value") == {("customer_lifetime_value__orders", "revenue_amount")}
    assert ("fct_orders", "net_amount") in sources("customer_lifetime_value__orders")


def test_a_fit_shows_its_parameters_and_a_tracking_plot(records: list[dg.EventLogEntry]) -> None:
    metadata = materializations(records)[dg.AssetKey(["science", "purchase_fits"])].metadata
    assert "| pooled/bg_nbd/2026-01-05 |" in str(metadata["fits"].value)
    first_plot = str(metadata["tracking"].value).split("\n\n")[0]
    title, picture = first_plot.removesuffix(")").split("](data:image/svg+xml;base64,")
    assert title.endswith("repeat purchases by week")
    drawn = base64.b64decode(picture).decode()
    # two years of history: a dot and a point of the line for each whole week
    assert 100 <= drawn.count("<circle") <= 106
    [line] = re.findall('<polyline points="(.*?)"', drawn)
    assert len(line.split()) == drawn.count("<circle")


def test_the_row_count_of_the_identity_step_is_that_of_the_published_map(
    demo_night: Company, records: list[dg.EventLogEntry]
) -> None:
    row_count = materializations(records)[IDENTITIES].metadata["dagster/row_count"].value
    [(mapped,)] = demo_night.query("select count(*) from star.map_customer_identities")
    assert row_count == mapped


def test_the_schedule_finds_nothing_pending_after_the_night(definitions: dg.Definitions) -> None:
    answer = _evaluate(definitions)
    assert answer.run_requests == []
    assert answer.skip_message
    assert "Nothing is pending" in answer.skip_message


def test_the_schedule_requests_one_run_for_all_pending_load_dates(
    demo_night: Company, tmp_path_factory: pytest.TempPathFactory
) -> None:
    from orchestration.base.paths import Home

    fresh = Home(tmp_path_factory.mktemp("fresh") / "demo")
    definitions = build(demo_night.deployment, resources(demo_night.deployment, fresh, demo_night.extracts))
    [request] = _evaluate(definitions).run_requests or []
    assert (request.tags[RANGE_START], request.tags[RANGE_END]) == ("2025-12-31", "2026-01-04")


def _evaluate(definitions: dg.Definitions) -> dg.ScheduleExecutionData:
    schedule = definitions.resolve_schedule_def("nightly")
    context = dg.build_schedule_context(scheduled_execution_time=datetime(2026, 1, 4, 1, tzinfo=UTC))
    return schedule.evaluate_tick(context)


def test_the_schedule_runs_at_two_in_the_deployments_time_zone(definitions: dg.Definitions) -> None:
    schedule = definitions.resolve_schedule_def("nightly")
    assert (schedule.cron_schedule, schedule.execution_timezone) == ("0 2 * * *", "Europe/Berlin")


def test_marts_and_version_have_the_deployments_freshness_policy(
    demo_night: Company, definitions: dg.Definitions
) -> None:
    graph = definitions.resolve_asset_graph()
    policies = {key: graph.get(key).freshness_policy for key in graph.materializable_asset_keys}
    expected = dg.FreshnessPolicy.time_window(fail_window=timedelta(hours=demo_night.deployment.stale_after_hours))
    kept_fresh = {key for key, policy in policies.items() if policy == expected}
    assert {key.path[0] for key in kept_fresh} == {"marts", "published"}
    assert {key for key in policies if key.path[0] in {"marts", "published"}} == kept_fresh

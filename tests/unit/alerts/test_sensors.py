"""What the daemon's sensors tell, through a real web server."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import dagster as dg
import pytest

from orchestration.alerts.sensors import alert_sensors
from orchestration.base.paths import Home
from orchestration.config.deployment import Deployment, load_deployment
from orchestration.config.settings import AlertSettings, Secret, Webhook
from orchestration.nightly import nightly
from orchestration.publication.publication import Publication
from orchestration.runs.tags import RANGE_END, RANGE_START, command_tags
from tests.unit.alerts.servers import Posts, published_units, web_server
from tests.unit.publication.publications import put_version


@pytest.fixture
def posts(monkeypatch: pytest.MonkeyPatch) -> Iterator[Posts]:
    with web_server() as made:
        monkeypatch.setenv("ALERT_WEBHOOK", made.url)
        yield made


@pytest.fixture
def deployment() -> Deployment:
    alerts = AlertSettings(webhook=Webhook(url=Secret(env="ALERT_WEBHOOK")))
    return load_deployment("demo").model_copy(update={"alerts": alerts})


@pytest.fixture
def publication(tmp_path: Path) -> Publication:
    return Publication(Home(tmp_path / "demo"))


@pytest.fixture
def sensors(deployment: Deployment, publication: Publication) -> dict[str, dg.SensorDefinition]:
    return {sensor.name: sensor for sensor in alert_sensors(deployment, publication, nightly)}


def test_a_stale_version_raises_one_alert(
    sensors: dict[str, dg.SensorDefinition], publication: Publication, posts: Posts
) -> None:
    cursor = None
    for version in ("2026-01-30-0a", "2026-01-30-0a", "2026-01-31-0b"):
        put_version(publication, version, f"{version[:10]}T02:10:00")
        context = dg.build_sensor_context(cursor=cursor)
        sensors["alert_when_stale"](context)
        cursor = context.cursor
    assert len(posts.bodies) == 2
    assert "version 2026-01-30-0a" in posts.bodies[0]["text"]
    assert "version 2026-01-31-0b" in posts.bodies[1]["text"]


RUN = "6c1a2f5e-8b3d-4d57-9d8f-0c2b7a6e1f43"


@pytest.mark.parametrize(
    ("tags", "expected_count"),
    # the UI copies the tags of a run that it executes again
    [({}, 1), (command_tags(RUN), 0), (command_tags("that was executed again"), 1)],
)
def test_the_sensor_reports_a_failed_run_unless_a_command_did(
    tags: dict[str, str], expected_count: int, sensors: dict[str, dg.SensorDefinition], posts: Posts
) -> None:
    with dg.DagsterInstance.ephemeral() as instance:

        @dg.asset
        def broken() -> None:
            raise ValueError("no")

        job = dg.Definitions([broken], jobs=[dg.define_asset_job("job")]).resolve_job_def("job")
        result = job.execute_in_process(instance=instance, raise_on_error=False, tags=tags, run_id=RUN)
        [event] = [event for event in result.all_events if event.event_type == dg.DagsterEventType.RUN_FAILURE]
        context = dg.build_run_status_sensor_context(
            "alert_on_failure", event, instance, result.dagster_run
        ).for_run_failure()
        sensors["alert_on_failure"](context)
    assert len(posts.bodies) == expected_count
    assert all("step broken" in body["text"] for body in posts.bodies)


def test_a_quarantine_above_its_limit_raises_an_alert_after_a_scheduled_run(
    sensors: dict[str, dg.SensorDefinition], publication: Publication, posts: Posts
) -> None:
    published_units(publication, [("shop", "orders", date(2026, 1, 30), 100, 4)])
    with dg.DagsterInstance.ephemeral() as instance:

        @dg.asset
        def fine() -> None:
            pass

        tags = {RANGE_START: "2026-01-29", RANGE_END: "2026-01-30"}
        result = dg.materialize([fine], instance=instance)
        run = result.dagster_run.with_tags(tags)
        [event] = [event for event in result.all_events if event.event_type == dg.DagsterEventType.RUN_SUCCESS]
        sensors["alert_on_quarantine"](dg.build_run_status_sensor_context("alert_on_quarantine", event, instance, run))
    [body] = posts.bodies
    assert "shop__orders: 4 of 100 rows" in body["text"]


def test_a_deployment_without_channels_has_no_sensors(publication: Publication) -> None:
    assert alert_sensors(load_deployment("demo"), publication, nightly) == []

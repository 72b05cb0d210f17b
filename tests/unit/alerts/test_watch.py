"""What is worth an alert, and that no alert carries what was delivered."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import dagster as dg
import pytest

from orchestration.alerts import watch
from orchestration.alerts.alert import Alert
from orchestration.base.paths import Home
from orchestration.config.deployment import Deployment, load_deployment
from orchestration.publication.publication import Publication
from tests.unit.alerts.servers import published_units
from tests.unit.publication.publications import put_version

DAY = date(2026, 1, 30)
NOW = datetime(2026, 1, 31, 9, 0, tzinfo=UTC)
PERSONAL = "jane.doe@mail.example"


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as made:
        yield made


@pytest.fixture
def deployment() -> Deployment:
    return load_deployment("demo")


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "demo")


@dg.asset
def broken() -> None:
    raise ValueError(PERSONAL)


@dg.asset(check_specs=[dg.AssetCheckSpec("gate", asset="gated"), dg.AssetCheckSpec("unique", asset="gated")])
def gated(context: dg.AssetExecutionContext) -> Iterator[dg.AssetCheckResult | dg.MaterializeResult[None]]:
    is_gate_open = context.run.tags.get("gate") == "open"
    yield dg.MaterializeResult()
    yield dg.AssetCheckResult(check_name="gate", passed=is_gate_open, metadata={"value": PERSONAL})
    yield dg.AssetCheckResult(check_name="unique", passed=False, description=PERSONAL)
    raise dg.Failure(PERSONAL)


def _failed(deployment: Deployment, instance: dg.DagsterInstance, asset: dg.AssetsDefinition, **tags: str) -> Alert:
    result = dg.materialize([asset], instance=instance, raise_on_error=False, tags=tags)
    run = instance.get_run_by_id(result.run_id)
    assert run is not None
    assert run.status == dg.DagsterRunStatus.FAILURE
    return watch.of_failed_run(deployment, instance, run)


@pytest.mark.parametrize(
    ("asset", "tags", "what", "where"),
    [
        (broken, {}, "The night failed, nothing is published", ("step broken",)),
        (gated, {}, "A gate is closed, nothing is published", ("gate of gated",)),
        (gated, {"gate": "open"}, "A check failed, nothing is published", ("gated: unique",)),
    ],
)
def test_the_alert_of_a_failed_run_names_failed_checks_and_no_value(
    asset: dg.AssetsDefinition,
    tags: dict[str, str],
    what: str,
    where: tuple[str, ...],
    deployment: Deployment,
    instance: dg.DagsterInstance,
) -> None:
    alert = _failed(deployment, instance, asset, **tags)
    assert (alert.what, alert.where) == (what, where)
    assert PERSONAL not in alert.text
    assert "make run DEPLOYMENT=demo" in alert.what_to_do
    assert abs(alert.since - datetime.now(UTC)) < timedelta(minutes=1)


@dg.asset(key=["published", "version"])
def published_version() -> None:
    """A version that was published."""


@dg.asset(deps=[published_version])
def later() -> None:
    raise ValueError(PERSONAL)


def test_a_step_that_fails_after_the_publication_is_told_as_that(
    deployment: Deployment, instance: dg.DagsterInstance
) -> None:
    result = dg.materialize([published_version, later], instance=instance, raise_on_error=False)
    run = instance.get_run_by_id(result.run_id)
    assert run is not None
    alert = watch.of_failed_run(deployment, instance, run)
    assert alert.what == "The night was published, and a step after it failed"
    assert alert.where == ("step later",)
    assert "Readers have the new version." in alert.what_to_do
    assert PERSONAL not in alert.text


def test_a_run_whose_process_is_gone_is_said_to_be_cut_off(
    deployment: Deployment, instance: dg.DagsterInstance
) -> None:
    run = instance.create_run_for_job(dg.job(name="nightly")(lambda: None))
    instance.report_run_failed(run, "gone")
    assert watch.of_failed_run(deployment, instance, run).what == "The night was interrupted, nothing is published"


def test_a_quarantine_above_its_limit_is_said_by_table_with_its_counts(deployment: Deployment, home: Home) -> None:
    publication = Publication(home)
    published_units(
        publication,
        [
            ("crm", "cases", DAY, 1_000, 20),
            ("crm", "cases", DAY - timedelta(1), 1_000, 0),
            ("shop", "orders", DAY, 100, 1),
        ],
    )
    one_day = watch.of_quarantine(deployment, publication, [DAY], NOW, "run")
    assert one_day
    assert one_day.where == ("crm__cases: 20 of 1,000 rows",)
    # over two days it is the limit's one in a hundred, and not above it
    assert watch.of_quarantine(deployment, publication, [DAY, DAY - timedelta(days=1)], NOW, "run") is None


@pytest.mark.parametrize(("hours", "is_stale"), [(29, False), (31, True)])
def test_a_publication_is_stale_after_the_hours_of_the_deployment(
    hours: int, is_stale: bool, deployment: Deployment, home: Home
) -> None:
    publication = Publication(home)
    assert watch.of_stale_publication(deployment, publication, NOW) is None, "nothing is published yet"
    published_at = NOW - timedelta(hours=hours)
    put_version(publication, "2026-01-30-0f1e2d3c", published_at.replace(tzinfo=None).isoformat())
    alert = watch.of_stale_publication(deployment, publication, NOW)
    assert (alert is not None) == is_stale
    if alert:
        assert alert.since == published_at
        assert alert.where == ("version 2026-01-30-0f1e2d3c, as of 2026-01-30",)

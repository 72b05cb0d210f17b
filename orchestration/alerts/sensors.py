"""Sensors that send alerts about scheduled runs and about a stale publication.

A run from the command line sends its own alerts (``run.py``); the sensors skip runs with its tag.
"""

from datetime import UTC, datetime
from typing import Any

import dagster as dg

from orchestration.alerts import watch
from orchestration.alerts.alert import Alert
from orchestration.alerts.brief import mail_brief
from orchestration.alerts.senders import senders_of, tell
from orchestration.base.errors import PipelineError
from orchestration.config.deployment import Deployment
from orchestration.publication.publication import Publication
from orchestration.runs.tags import covered_load_dates, is_of_command

SECONDS_BETWEEN_LOOKS = 900


def alert_sensors(deployment: Deployment, publication: Publication, job: Any) -> list[dg.SensorDefinition]:
    """Build the sensors of a deployment with a channel of alerts; none otherwise.

    Args:
        job: the nightly job, as ``dg.define_asset_job`` returns it (Dagster does not export its type).
    """
    if not senders_of(deployment.alerts):
        return []
    return [
        _on_failure(deployment, publication, job),
        _on_quarantine(deployment, publication, job),
        _when_stale(deployment, publication),
        *([_brief(deployment, publication, job)] if deployment.brief.recipients else []),
    ]


def _on_failure(deployment: Deployment, publication: Publication, job: Any) -> dg.SensorDefinition:
    @dg.run_failure_sensor(
        name="alert_on_failure",
        monitored_jobs=[job],
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Sends an alert if a night failed or a gate closed.",
    )
    def on_failure(context: dg.RunFailureSensorContext) -> None:
        run = context.dagster_run
        if is_of_command(run.run_id, run.tags):
            return
        _send(deployment, watch.of_failed_run(deployment, context.instance, run))
        if watch.has_published(publication, run.run_id):
            # what a run tells that published, although a later step failed
            _tell_quarantine(deployment, publication, run)
            if problems := mail_brief(deployment, publication, run.run_id):
                raise PipelineError("\n".join(problems))

    return on_failure


def _on_quarantine(deployment: Deployment, publication: Publication, job: Any) -> dg.SensorDefinition:
    @dg.run_status_sensor(
        name="alert_on_quarantine",
        run_status=dg.DagsterRunStatus.SUCCESS,
        monitored_jobs=[job],
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Sends an alert if a published night put more rows into quarantine than allowed.",
    )
    def on_quarantine(context: dg.RunStatusSensorContext) -> None:
        run = context.dagster_run
        if not is_of_command(run.run_id, run.tags):
            _tell_quarantine(deployment, publication, run)

    return on_quarantine


def _brief(deployment: Deployment, publication: Publication, job: Any) -> dg.SensorDefinition:
    @dg.run_status_sensor(
        name="brief_after_publication",
        run_status=dg.DagsterRunStatus.SUCCESS,
        monitored_jobs=[job],
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Mails the nightly brief of a published night.",
    )
    def on_success(context: dg.RunStatusSensorContext) -> None:
        if is_of_command(context.dagster_run.run_id, context.dagster_run.tags):
            return
        if problems := mail_brief(deployment, publication, context.dagster_run.run_id):
            raise PipelineError("\n".join(problems))

    return on_success


def _when_stale(deployment: Deployment, publication: Publication) -> dg.SensorDefinition:
    @dg.sensor(
        name="alert_when_stale",
        minimum_interval_seconds=SECONDS_BETWEEN_LOOKS,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Sends an alert, once per version, if nothing new has been published for too long.",
    )
    def when_stale(context: dg.SensorEvaluationContext) -> dg.SkipReason:
        alert = watch.of_stale_publication(deployment, publication, datetime.now(UTC))
        if alert is None:
            return dg.SkipReason("The published version is fresh, or there is none yet.")
        (version,) = alert.where
        if context.cursor != version:
            _send(deployment, alert)
            context.update_cursor(version)
        return dg.SkipReason(f"{alert.what}: alert sent.")

    return when_stale


def _tell_quarantine(deployment: Deployment, publication: Publication, run: dg.DagsterRun) -> None:
    load_dates = covered_load_dates(run.tags)
    alert = watch.of_quarantine(deployment, publication, load_dates, datetime.now(UTC), run.run_id)
    if alert:
        _send(deployment, alert)


def _send(deployment: Deployment, alert: Alert) -> None:
    """Send the alert; a failure fails the sensor's tick, which the UI shows."""
    problems = tell([alert], senders_of(deployment.alerts))
    if problems:
        raise PipelineError("\n".join(problems))

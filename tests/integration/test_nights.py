"""Nights in sequence: the order of delivery does not matter, and a failed night changes nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from itertools import pairwise
from pathlib import Path

import dagster as dg
import pandas as pd
import pytest

from orchestration.config.settings import AlertSettings, Presence, Secret, Webhook
from orchestration.runs.lock import under_way, was_killed
from tests.integration.conftest import HISTORY, NIGHTS, Company
from tests.unit.alerts.servers import Posts, web_server

pytestmark = pytest.mark.xdist_group("demo nights")


@pytest.fixture
def posts(monkeypatch: pytest.MonkeyPatch) -> Iterator[Posts]:
    """A web server that receives alerts."""
    with web_server() as made:
        monkeypatch.setenv("ALERT_WEBHOOK", made.url)
        yield made


@pytest.fixture(scope="module")
def night_by_night(history_night: Company, demo_extracts: Path, tmp_path_factory: pytest.TempPathFactory) -> Company:
    """The demo company in three runs: its history, the second night, then the other nights and the second one again."""
    night = history_night.copied(tmp_path_factory.mktemp("night-by-night"))
    night.deliver(demo_extracts, NIGHTS[1])
    night.succeed()
    night.deliver(demo_extracts, *NIGHTS)
    night.succeed(first=NIGHTS[0], last=NIGHTS[-1])
    return night


def test_a_run_takes_the_pending_load_dates_or_the_requested_range(night_by_night: Company) -> None:
    assert [list(outcome.load_dates) for outcome in night_by_night.outcomes[:3]] == [[HISTORY], [NIGHTS[1]], NIGHTS]


def test_every_published_table_has_rows(demo_night: Company) -> None:
    empty = [name for name, (row_count, _) in demo_night.figures().items() if row_count == 0]
    # the demo without faults has no rejected rows
    assert empty == ["quality.quality_quarantine"]


def test_runs_in_another_order_equal_one_run_over_all_nights(night_by_night: Company, demo_night: Company) -> None:
    assert night_by_night.figures() == demo_night.figures()


def test_gate_2_passes_every_mart_of_every_run(night_by_night: Company) -> None:
    found = night_by_night.query(
        """
        select distinct runs.version is not null, checks.status
        from quality.quality_checks as checks inner join quality.quality_runs as runs using (run_id)
        where checks.check_name = 'gate' and checks.table_name like 'marts/%'
        """
    )
    assert found == [(True, "passed")]


def test_a_changed_figure_of_an_ended_month_is_a_restatement(night_by_night: Company) -> None:
    versions = sorted((night_by_night.home.published / "versions").iterdir())
    expected = set()
    for before, after in pairwise(versions):
        as_of_date = json.loads((before / "manifest.json").read_text(encoding="utf-8"))["as_of_date"]
        old, new = (
            pd.read_parquet(version / "parquet" / "mart_retention_cohorts.parquet") for version in (before, after)
        )
        grain = ["cohort_month_start_date", "age_months", "segment"]
        both = old.merge(new, on=grain, how="outer", suffixes=("_old", "_new"))
        month = both["month_start_date_new"].fillna(both["month_start_date_old"])
        both = both[pd.to_datetime(month) + pd.offsets.MonthEnd(0) < pd.Timestamp(as_of_date)]
        for figure in ("order_count", "revenue_amount", "active_customer_count"):
            was, now = (both[f"{figure}_{side}"].astype(float).fillna(0) for side in ("old", "new"))
            changed = both[was != now]
            expected |= {
                (after.name, str(row["cohort_month_start_date"])[:10], row["age_months"], row["segment"], figure)
                for row in changed.to_dict("records")
            }
    listed = night_by_night.query(
        """
        select runs.version, row_grain ->> 'cohort_month_start_date', cast(row_grain ->> 'age_months' as integer),
            row_grain ->> 'segment', figure, cause
        from quality.quality_restatements inner join quality.quality_runs as runs using (run_id)
        where mart = 'mart_retention_cohorts'
            and figure in ('order_count', 'revenue_amount', 'active_customer_count')
        """
    )
    assert {row[:5] for row in listed} == expected
    assert expected
    assert all("late rows" in str(row[5]) for row in listed)


def test_a_full_refresh_pulls_nothing_and_publishes_the_same_figures(night_by_night: Company) -> None:
    before = night_by_night.figures()
    outcome = night_by_night.succeed(full_refresh=True)
    assert outcome.load_dates == []
    assert night_by_night.figures() == before


def test_without_pending_load_dates_nothing_is_published(night_by_night: Company) -> None:
    version = night_by_night.manifest()["version"]
    outcome = night_by_night.succeed()
    assert outcome.run_id is None
    assert night_by_night.manifest()["version"] == version


def test_a_killed_run_is_marked_as_failed_even_if_nothing_is_pending(night_by_night: Company) -> None:
    killed = dg.DagsterRun("nightly", status=dg.DagsterRunStatus.STARTED)
    with dg.DagsterInstance.from_config(str(night_by_night.home.dagster)) as instance:
        instance.add_run(killed)
    left = under_way(night_by_night.home)
    left.__enter__()  # and never left, like a process that was killed
    assert night_by_night.succeed().run_id is None
    with dg.DagsterInstance.from_config(str(night_by_night.home.dagster)) as instance:
        [run] = instance.get_runs(dg.RunsFilter(run_ids=[killed.run_id]))
    assert run.status == dg.DagsterRunStatus.FAILURE
    assert not was_killed(night_by_night.home)


@pytest.fixture(scope="module")
def stopped(history_night: Company, demo_extracts: Path, tmp_path_factory: pytest.TempPathFactory) -> Company:
    """The demo company after its history, with one night pending, which the tests fail in different steps."""
    night = history_night.copied(tmp_path_factory.mktemp("stopped"))
    night.deliver(demo_extracts, NIGHTS[0])
    return night


def test_a_renamed_key_column_closes_gate_1_sends_an_alert_and_publishes_nothing(
    stopped: Company, history_night: Company, posts: Posts
) -> None:
    alerts = AlertSettings(webhook=Webhook(url=Secret(env="ALERT_WEBHOOK")))
    night = replace(stopped, deployment=stopped.deployment.model_copy(update={"alerts": alerts}))
    customers = night.extracts / NIGHTS[0].isoformat() / "crm" / "customers.csv"
    intact = customers.read_text(encoding="utf-8")
    customers.write_text(intact.replace('"customer_id"', '"client_id"', 1), encoding="utf-8")

    outcome = night.run()

    [problem] = outcome.problems
    assert "crm__customers" in problem
    assert "customer_id" in problem
    assert "demo" in problem
    assert "Traceback" not in problem
    assert night.manifest() == history_night.manifest()
    assert not (night.home.landing / "crm" / "customers" / f"load_date={NIGHTS[0]}").exists()
    [alert] = posts.bodies
    assert "gate of landing/crm__customers" in alert["text"]
    assert str(outcome.run_id) in alert["text"]

    customers.write_text(intact, encoding="utf-8")


def test_a_failed_data_test_publishes_nothing(stopped: Company, history_night: Company) -> None:
    events = stopped.extracts / NIGHTS[0].isoformat() / "tracking" / "events.jsonl"
    intact = events.read_text(encoding="utf-8")
    line = json.loads(intact.splitlines()[0])
    # gate 1 accepts touchpoints that the reference data does not contain; the limit of unknown codes does not
    unknown = [json.dumps({**line, "event_id": f"new {number}", "touchpoint": "hologram"}) for number in (1, 2)]
    events.write_text(intact + "".join(f"{row}\n" for row in unknown), encoding="utf-8")
    limits = stopped.deployment.limits.model_copy(update={"unknown_code_rate": 0.0})
    strict = replace(stopped, deployment=stopped.deployment.model_copy(update={"limits": limits}))

    outcome = strict.run()

    [problem] = outcome.problems
    assert "assert_every_delivered_code_is_in_the_reference" in problem
    assert "hologram" in problem
    assert stopped.manifest() == history_night.manifest()
    events.write_text(intact, encoding="utf-8")


def test_a_failed_check_of_gate_2_publishes_nothing(stopped: Company, history_night: Company) -> None:
    """The demo has no survey on social media: with presence at severity red, gate 2 closes."""
    strict = stopped.deployment.model_copy(update={"presence": Presence(severity="red")})

    [problem] = replace(stopped, deployment=strict).run().problems

    assert "Gate 2 is closed" in problem
    assert "mart_survey_blind_spots: social: channels without an answer in a year" in problem
    assert stopped.manifest() == history_night.manifest()


def test_the_corrected_night_is_published_with_the_history_of_its_failures(stopped: Company) -> None:
    assert list(stopped.succeed().load_dates) == [NIGHTS[0]]
    runs = stopped.query("select outcome, failed_step, failed_count from quality.quality_runs order by started_at")
    assert runs == [
        ("published", None, 0),
        ("failed", "landing__crm__customers", 1),
        ("failed", "stage", 1),
        ("failed", "marts_gate", 1),
        ("published", None, 0),
    ]
    failed = stopped.query("select table_name, check_name from quality.quality_checks where status = 'failed'")
    assert sorted(failed) == [
        ("intermediate/int_interactions__unioned", "assert_every_delivered_code_is_in_the_reference"),
        ("landing/crm__customers", "gate"),
        ("marts/mart_survey_blind_spots", "gate"),
    ]


def test_the_error_of_a_day_without_extracts_names_the_available_days(demo_night: Company) -> None:
    with pytest.raises(Exception, match="from 2025-12-31 to 2026-01-04"):
        demo_night.run(first=date(2030, 1, 1), last=date(2030, 1, 2))

"""Nights one after the other: idempotent, rebuildable, and never half published."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from itertools import pairwise
from pathlib import Path

import pandas as pd
import pytest

from orchestration.config.settings import AlertSettings, Presence, Secret, Webhook
from tests.integration.conftest import HISTORY, NIGHTS, Company
from tests.unit.alerts.servers import Posts, web_server

pytestmark = pytest.mark.xdist_group("demo nights")


@pytest.fixture
def posts(monkeypatch: pytest.MonkeyPatch) -> Iterator[Posts]:
    """A web server that alerts are posted to."""
    with web_server() as made:
        monkeypatch.setenv("ALERT_WEBHOOK", made.url)
        yield made


@pytest.fixture(scope="module")
def night_by_night(history_night: Company, demo_extracts: Path, tmp_path_factory: pytest.TempPathFactory) -> Company:
    """The demo company after its history and each of four nights, run as they were delivered; one comes twice."""
    night = history_night.copied(tmp_path_factory.mktemp("night-by-night"))
    for day in NIGHTS[:-1]:
        night.deliver(demo_extracts, day)
        night.succeed()
    night.deliver(demo_extracts, NIGHTS[-1])
    night.succeed(first=NIGHTS[-2], last=NIGHTS[-1])
    return night


def test_each_run_takes_what_is_pending_and_nothing_else_unless_asked(night_by_night: Company) -> None:
    assert [list(outcome.load_dates) for outcome in night_by_night.outcomes[:5]] == [
        [HISTORY],
        *([day] for day in NIGHTS[:-1]),
        NIGHTS[-2:],
    ]


def test_every_table_of_the_star_has_rows(demo_night: Company) -> None:
    empty = [name for name, (row_count, _) in demo_night.figures().items() if row_count == 0]
    # a clean company has nothing in quarantine
    assert empty == ["quality.quality_quarantine"]


def test_nights_one_by_one_equal_one_run_over_all_of_them(night_by_night: Company, demo_night: Company) -> None:
    assert night_by_night.figures() == demo_night.figures()


def test_a_clean_company_moves_nothing_too_far_and_lacks_nothing(night_by_night: Company) -> None:
    """Of each night gate 2 has judged every mart, the later ones against the version before."""
    found = night_by_night.query(
        """
        select distinct runs.version is not null, checks.status
        from quality.quality_checks as checks inner join quality.quality_runs as runs using (run_id)
        where checks.check_name = 'gate' and checks.table_name like 'marts/%'
        """
    )
    assert found == [(True, "passed")]


def test_a_figure_of_an_ended_month_that_a_later_night_changed_is_a_restatement(night_by_night: Company) -> None:
    versions = sorted((night_by_night.home.published / "versions").iterdir())
    expected = set()
    for before, after in pairwise(versions):
        as_of_date = json.loads((before / "manifest.json").read_text(encoding="utf-8"))["as_of_date"]
        old, new = (pd.read_parquet(place / "parquet" / "mart_retention_cohorts.parquet") for place in (before, after))
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


def test_a_full_refresh_gives_the_same_rows(night_by_night: Company) -> None:
    before = night_by_night.figures()
    outcome = night_by_night.succeed(full_refresh=True)
    assert outcome.load_dates == []
    assert night_by_night.figures() == before


def test_nothing_pending_is_said_and_publishes_nothing(night_by_night: Company) -> None:
    version = night_by_night.manifest()["version"]
    outcome = night_by_night.succeed()
    assert outcome.run_id is None
    assert night_by_night.manifest()["version"] == version


@pytest.fixture(scope="module")
def stopped(history_night: Company, demo_extracts: Path, tmp_path_factory: pytest.TempPathFactory) -> Company:
    """The demo company after its history, whose first night is delivered and stopped for one reason after the other."""
    night = history_night.copied(tmp_path_factory.mktemp("stopped"))
    night.deliver(demo_extracts, NIGHTS[0])
    return night


def test_a_source_that_breaks_its_promise_stops_the_night_tells_somebody_and_yesterday_stays(
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
    [told] = posts.bodies
    assert "gate of landing/crm__customers" in told["text"]
    assert str(outcome.run_id) in told["text"]

    customers.write_text(intact, encoding="utf-8")


def test_a_red_check_in_the_warehouse_leaves_yesterday_published(stopped: Company, history_night: Company) -> None:
    events = stopped.extracts / NIGHTS[0].isoformat() / "tracking" / "events.jsonl"
    intact = events.read_text(encoding="utf-8")
    line = json.loads(intact.splitlines()[0])
    # a touchpoint that the reference does not know is usable row by row, but no category of the star
    unknown = {**line, "event_id": "new", "touchpoint": "hologram"}
    events.write_text(f"{intact}{json.dumps(unknown)}\n", encoding="utf-8")

    outcome = stopped.run()

    [problem] = outcome.problems
    assert "assert_every_delivered_code_is_in_the_reference" in problem
    assert "hologram" in problem
    assert stopped.manifest() == history_night.manifest()
    events.write_text(intact, encoding="utf-8")


def test_a_figure_that_is_not_fit_to_show_leaves_yesterday_published(stopped: Company, history_night: Company) -> None:
    """Nobody is asked on social media: where the deployment is strict and does not say so, the night stops."""
    strict = stopped.deployment.model_copy(update={"presence": Presence(severity="red")})

    [problem] = replace(stopped, deployment=strict).run().problems

    assert "Gate 2 is closed" in problem
    assert "mart_survey_blind_spots: social: channels without an answer in a year" in problem
    assert stopped.manifest() == history_night.manifest()


def test_a_night_whose_faults_are_mended_is_published_and_tells_what_had_stopped_it(stopped: Company) -> None:
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


def test_a_day_without_extracts_is_refused_with_the_days_there_are(demo_night: Company) -> None:
    with pytest.raises(Exception, match="extracts are there from 2025-12-31 to 2026-01-04"):
        demo_night.run(first=date(2030, 1, 1), last=date(2030, 1, 2))

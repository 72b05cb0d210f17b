"""The pages for own data work as they stand: a new user who follows them gets marts with the right figures."""

from __future__ import annotations

import json
import re
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import duckdb
import numpy as np
import pandas as pd
import pytest
import yaml

from tests.integration.own_data import Copy, blocks
from tests.integration.survey_service import TOKEN, survey_service
from tests.postgres import Postgres

pytestmark = pytest.mark.long

NPS_ALL = "from marts.mart_nps_by_segment_stage"


@pytest.fixture
def project(tmp_path: Path) -> Copy:
    """The project as a new user has it."""
    return Copy.made(tmp_path / "cx360")


def rows(project: Copy, deployment: str, mart: str) -> int:
    [(count,)] = project.query(deployment, f"select count(*) from marts.{mart}")
    assert isinstance(count, int)
    return count


def published_texts(project: Copy, deployment: str) -> set[str]:
    """Every text in any table that readers get, except the owner that the deployment names."""
    file = (project.root / "data" / deployment / "published" / "current").resolve() / "cx360.duckdb"
    with duckdb.connect(file, read_only=True) as connection:
        columns = connection.execute(
            """
            select schema_name || '.' || table_name, column_name from duckdb_columns()
            where not internal and data_type = 'VARCHAR' and column_name <> 'owner'
            """
        ).fetchall()
        assert columns
        return {
            str(text)
            for table, column in columns
            for (text,) in connection.execute(f'select distinct "{column}" from {table}').fetchall()
        }


@pytest.mark.xdist_group("acme")
def test_what_is_guessed_of_three_files_needs_the_five_changes_of_the_page(project: Copy) -> None:
    for block in blocks("Acme"):
        if re.fullmatch(r"data/acme/extracts/\w+\.csv", block.path or ""):
            project.write(block)
    [command] = [line for block in blocks("Acme") for line in block.text.splitlines() if "cx360 new" in line]
    project.run(command)

    file = project.root / "deployments" / "acme" / "deployment.yml"
    guessed = leaves(yaml.safe_load(file.read_text(encoding="utf-8")))
    [page] = [block.text for block in blocks("Acme") if block.path == "deployments/acme/deployment.yml"]
    completed = leaves(yaml.safe_load(page))
    assert {name for name in {*guessed, *completed} if guessed.get(name) != completed.get(name)} == {
        "identity.country_calling_code",
        "systems.acme_shop.files.daily",
        "systems.acme_shop.tables.customers.customers.segment",
        "systems.acme_shop.tables.order_lines.whole_per",
        "systems.acme_shop.tables.orders.orders.channel",
    }


def leaves(settings: dict[str, Any], above: str = "") -> dict[str, Any]:
    """Every setting that holds no other, by its path."""
    found: dict[str, Any] = {}
    for name, value in settings.items():
        found |= leaves(value, f"{above}{name}.") if isinstance(value, dict) else {f"{above}{name}": value}
    return found


@pytest.mark.xdist_group("acme")
def test_three_files_become_marts_and_the_next_night_follows(project: Copy) -> None:
    output = project.follow("Acme")

    customers = project.query(
        "acme",
        """
        select segment, lifecycle_stage, order_count, revenue_amount, last_order_date from marts.mart_customer_360
        order by last_order_date
        """,
    )
    # 1006 was canceled; 1005 came twice and counts once; between orders no gap is longer than a year
    assert customers == [
        ("retail", "lapsed", 1, Decimal("9.90"), date(2025, 6, 11)),
        ("retail", "active", 3, Decimal("105.30"), date(2026, 10, 30)),
        ("trade", "active", 2, Decimal("392.00"), date(2026, 11, 1)),
    ]
    revenue = project.query(
        "acme",
        """
        select month_start_date, sum(closing_amount) from marts.mart_revenue_bridge
        group by all having sum(closing_amount) > 0 order by 1
        """,
    )
    assert revenue == [
        (date(2025, 2, 1), Decimal("32.30")),
        (date(2025, 6, 1), Decimal("9.90")),
        (date(2025, 12, 1), Decimal("48.00")),
        (date(2026, 1, 1), Decimal("178.00")),
        (date(2026, 10, 1), Decimal("25.00")),
        (date(2026, 11, 1), Decimal("214.00")),
    ]
    assert project.query("acme", "select order_status from star.fct_orders where source_id = '1005'") == [
        ("delivered",)
    ]
    # no system delivers surveys or contacts: their marts are empty, and no check fails
    assert [rows(project, "acme", mart) for mart in ("mart_nps_by_segment_stage", "mart_survey_blind_spots")] == [0, 0]
    assert (
        project.query("acme", "select table_name, check_name from quality.quality_checks where status = 'warned'") == []
    )
    assert "2026-11-02" in output[-1]


@pytest.mark.xdist_group("acme_parcels")
def test_staging_sql_wins_over_maps_and_the_file_is_published_while_postgres_is_away(project: Copy) -> None:
    for block in blocks("Acme"):
        if block.path and not re.search(r"/extracts/\d{4}-", block.path):
            project.write(block)
    staging = project.root / "deployments" / "acme" / "staging" / "acme_shop"
    project.follow("cx360 eject", page="staging-sql.md")
    assert {path.stem for path in staging.glob("*.sql")} == {"customers", "orders", "order_lines"}

    page = [*blocks("Staging SQL", "staging-sql.md")]
    for block in page:
        if block.path:
            project.write(block)
    file = project.root / "deployments" / "acme" / "deployment.yml"
    settings = yaml.safe_load(file.read_text(encoding="utf-8"))
    [tables] = [yaml.safe_load(block.text) for block in page if block.kind == "yaml"]
    settings["systems"]["acme_shop"]["tables"] |= tables
    settings["postgres_publication"] = {"url": {"env": "ACME_POSTGRES"}}
    file.write_text(yaml.safe_dump(settings), encoding="utf-8")
    project.environment["ACME_POSTGRES"] = "postgresql://cx360:a-password@127.0.0.1:9/bi"
    output = project.run("make run DEPLOYMENT=acme", fails=True)
    assert "cannot be reached" in output
    assert re.search(r"Version \S+ is published, and a step after it has failed", output)
    assert "a-password" not in output

    # the last parcel of each order, in UTC
    assert project.query(
        "acme",
        """
        select source_id, cast(delivered_at as varchar) from star.fct_orders
        where delivered_at is not null order by source_id
        """,
    ) == [("1001", "2025-02-06 10:30:00"), ("1002", "2025-06-13 07:00:00"), ("1004", "2026-01-23 15:45:00")]
    # 1006 was canceled
    assert project.query("acme", "select sum(revenue_amount) from marts.mart_customer_360") == [(Decimal("293.20"),)]


@pytest.mark.xdist_group("kiosk")
def test_orders_alone_become_marts_and_the_buyers_addresses_stay_behind(project: Copy) -> None:
    project.follow("One table", page="maps.md")

    buyers = project.query(
        "kiosk",
        "select order_count, revenue_amount, historic_value_amount from marts.mart_customer_360 order by order_count",
    )
    assert buyers == [(1, Decimal("8.00"), Decimal("3.20")), (2, Decimal("32.50"), Decimal("13.00"))]
    assert project.query("kiosk", "select sum(net_amount) from star.fct_orders") == [(Decimal("45.50"),)]
    assert not [text for text in published_texts(project, "kiosk") if "@" in text]

    orders = kiosk_night(project.root / "data" / "kiosk" / "extracts")
    project.run("make run DEPLOYMENT=kiosk")

    by_buyer = orders.dropna(subset="email").groupby("email")["amount"].agg(["size", "sum"])
    published = project.query("kiosk", "select order_count, revenue_amount from marts.mart_customer_360")
    assert sorted(published) == sorted(by_buyer.itertuples(index=False, name=None))
    by_month = orders.dropna(subset="email").groupby("month")["amount"].sum()
    revenue = project.query(
        "kiosk",
        """
        select strftime(month_start_date, '%Y-%m'), sum(closing_amount) from marts.mart_revenue_bridge
        group by all having sum(closing_amount) > 0
        """,
    )
    assert sorted(revenue) == sorted(by_month.items())


def kiosk_night(extracts: Path) -> pd.DataFrame:
    """Deliver one more night of 400 orders by 60 buyers; every order there is then, with its buyer and month."""
    chance = np.random.default_rng(5)
    placed = pd.to_datetime("2025-07-01 12:00") + pd.to_timedelta(chance.integers(0, 330, 400), unit="D")
    buyers = chance.integers(0, 60, 400)
    night = pd.DataFrame(
        {
            "order_id": [f"B{number}" for number in range(400)],
            "email": [f"buyer{number}@example.com" for number in buyers],
            "amount": [f"{cents / 100:.2f}" for cents in chance.integers(100, 9_000, 400)],
            "ordered_at": placed.strftime("%Y-%m-%dT%H:%M:%SZ"),
        }
    )
    night.to_csv(extracts / "2026-06-01.csv", index=False)
    every = pd.concat([pd.read_csv(extracts / "orders.csv", dtype=str), night], ignore_index=True)
    every["month"] = every["ordered_at"].str[:7]
    every["email"] = every["email"].str.lower()
    every["amount"] = every["amount"].map(Decimal)
    return every


@pytest.mark.xdist_group("panel")
def test_answers_alone_become_scores(project: Copy) -> None:
    project.follow("Panel")

    # ten answers: six promoters, two passives, two detractors
    assert project.query("panel", f"select sum(answer_count), sum(nps_sum), max(nps) {NPS_ALL}") == [
        (10, 4, Decimal("40.00"))
    ]
    latest = project.query("panel", "select latest_nps_answer from marts.mart_customer_360 order by all")
    assert [answer for (answer,) in latest] == [0, 3, 7, 8, 9, 9, 9, 10, 10, 10]
    assert project.query("panel", "select distinct order_count, revenue_amount from marts.mart_customer_360") == [
        (0, Decimal("0.00"))
    ]
    for mart in ("mart_retention_cohorts", "mart_revenue_bridge", "mart_survey_blind_spots"):
        assert rows(project, "panel", mart) == 0
    assert not [text for text in published_texts(project, "panel") if "@" in text]


@pytest.mark.xdist_group("bistro")
def test_a_web_service_becomes_scores_of_a_touchpoint(project: Copy) -> None:
    [data] = [block.text for block in blocks("Bistro") if block.kind == "json"]
    with survey_service(json.loads(data)["data"]) as (address, queries):
        project.environment |= {"BISTRO_SURVEY_TOKEN": TOKEN}
        [_, output] = project.follow("Bistro", {"https://surveys.bistro.example": address})

    # the check before it requested yesterday
    assert [parse_qs(query) for query in queries[-2:]] == [
        {"until": ["2026-10-31T23:00:00Z"], "page": ["1"]},
        {"since": ["2026-10-31T23:00:00Z"], "until": ["2026-11-01T23:00:00Z"], "page": ["1"]},
    ]
    # five stars are satisfied, two are not
    assert project.query(
        "bistro",
        """
        select touchpoint, sum(answer_count), sum(satisfied_count) from marts.mart_csat_scores group by all
        """,
    ) == [("visit", 2, 1)]
    stage = "select journey_stage from star.dim_touchpoints where touchpoint = 'visit'"
    assert project.query("bistro", stage) == [("use",)]
    customers = "select latest_csat_answer from marts.mart_customer_360 order by 1"
    assert project.query("bistro", customers) == [(2,), (5,)]
    assert not [text for text in published_texts(project, "bistro") if "@" in text]
    assert TOKEN not in output


@pytest.mark.xdist_group("postgres")
def test_two_ready_systems_of_a_database_become_one_customer(project: Copy, postgres_server: Postgres) -> None:
    [data] = [block.text for block in blocks("Outfitter") if block.kind == "sql"]
    postgres_server.execute("create database outfitter")
    postgres_server.execute(*data.split(";\n"), database="outfitter")
    project.environment |= {"OUTFITTER_DATABASE": postgres_server.url("outfitter")}
    project.follow("Outfitter")

    # Ada's third order came on the second night; buyer and requester are one, whatever the case of the address
    assert project.query(
        "outfitter",
        """
        select order_count, revenue_amount, latest_csat_answer, system_count from marts.mart_customer_360
        order by order_count
        """,
    ) == [(1, Decimal("45.50"), 0, 2), (2, Decimal("170.00"), 1, 2)]
    # a good rating is satisfied, a bad one is not
    assert project.query(
        "outfitter",
        """
        select touchpoint, sum(answer_count), sum(satisfied_count) from marts.mart_csat_scores group by all
        """,
    ) == [("support_ticket", 2, 1)]
    assert project.query("outfitter", "select count(*) from star.fct_cases") == [(2,)]
    assert not [text for text in published_texts(project, "outfitter") if "@" in text]

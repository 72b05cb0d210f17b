"""``docs/your-own-data.md`` works as it stands: a new user who follows it gets marts with the right figures."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

import duckdb
import numpy as np
import pandas as pd
import pytest

from tests.integration.own_data import Copy, blocks
from tests.postgres import Postgres

pytestmark = pytest.mark.long

NPS_ALL = "from marts.mart_nps_by_segment_stage where period_type = 'month'"


@pytest.fixture
def project(tmp_path: Path) -> Copy:
    """The project as a new user has it."""
    return Copy.made(tmp_path / "cx360")


def rows(project: Copy, deployment: str, mart: str) -> int:
    [(count,)] = project.query(deployment, f"select count(*) from marts.{mart}")
    assert isinstance(count, int)
    return count


def published_texts(project: Copy, deployment: str) -> set[str]:
    """Every text in any table that readers get."""
    file = (project.root / "data" / deployment / "published" / "current").resolve() / "cx360.duckdb"
    with duckdb.connect(file, read_only=True) as connection:
        columns = connection.execute(
            """
            select schema_name || '.' || table_name, column_name from duckdb_columns()
            where not internal and data_type = 'VARCHAR'
            """
        ).fetchall()
        assert columns
        return {
            str(text)
            for table, column in columns
            for (text,) in connection.execute(f'select distinct "{column}" from {table}').fetchall()
        }


@pytest.mark.xdist_group("acme")
def test_three_files_become_marts_and_the_next_night_follows(project: Copy) -> None:
    for block in blocks("Before you commit"):
        project.write(block)
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
        select period_start_date, sum(closing_amount) from marts.mart_revenue_bridge
        where period_type = 'month' group by all having sum(closing_amount) > 0 order by 1
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


@pytest.mark.xdist_group("kiosk")
def test_orders_alone_become_marts_and_the_buyers_addresses_stay_behind(project: Copy) -> None:
    project.follow("Kiosk")

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
        select strftime(period_start_date, '%Y-%m'), sum(closing_amount) from marts.mart_revenue_bridge
        where period_type = 'month' group by all having sum(closing_amount) > 0
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


TOKEN = "t0ken-of-the-survey-tool"


@contextmanager
def survey_service(responses: list[dict[str, Any]]) -> Iterator[tuple[str, list[str]]]:
    """Provide a service with one response per page; yields its address and the list of received queries."""
    queries: list[str] = []

    class Service(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            given = {name: values[0] for name, values in parse_qs(parts.query).items()}
            since, until = (datetime.fromisoformat(given.get(name, "1970-01-01T00:00Z")) for name in ("since", "until"))
            found = [row for row in responses if since <= datetime.fromisoformat(row["given_at"]) < until]
            page = int(given["page"])
            allowed = self.headers["Authorization"] == f"Bearer {TOKEN}" and parts.path == "/responses"
            body = json.dumps({"data": found[page - 1 : page], "more": page < len(found)}).encode()
            queries.append(parts.query)
            self.send_response(200 if allowed else 401)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(body)

        def log_request(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Service)
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", queries
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.mark.xdist_group("postgres")
def test_a_database_and_a_service_become_marts_of_one_customer(project: Copy, postgres_server: Postgres) -> None:
    data = {block.kind: block.text for block in blocks("Outfitter") if block.path is None}
    postgres_server.execute("create database outfitter")
    postgres_server.execute(*data["sql"].split(";\n"), database="outfitter")
    with survey_service(json.loads(data["json"])["data"]) as (address, queries):
        project.environment |= {
            "OUTFITTER_DATABASE": postgres_server.url("outfitter"),
            "OUTFITTER_SURVEY_TOKEN": TOKEN,
        }
        [_, output] = project.follow("Outfitter", {"https://surveys.outfitter.example": address})

    customers = project.query(
        "outfitter",
        """
        select segment, order_count, revenue_amount, latest_csat_answer, system_count from marts.mart_customer_360
        order by order_count
        """,
    )
    # the third order changed on the second night; buyer and respondent are one, whatever the case of the address
    assert customers == [("guest", 1, Decimal("45.50"), 2, 2), ("club", 2, Decimal("170.00"), 5, 2)]
    # the check before it requested yesterday
    assert [parse_qs(query) for query in queries[-3:]] == [
        {"until": ["2026-10-31T23:00:00Z"], "page": ["1"]},
        {"until": ["2026-10-31T23:00:00Z"], "page": ["2"]},
        {"since": ["2026-10-31T23:00:00Z"], "until": ["2026-11-01T23:00:00Z"], "page": ["1"]},
    ]
    scores = project.query(
        "outfitter",
        "select touchpoint, segment, answer_count, score_sum from marts.mart_experience_scores where metric = 'csat'",
    )
    # five stars are satisfied, two are not
    assert sorted(scores) == [("delivery", "club", 1, Decimal(1)), ("delivery", "guest", 1, Decimal(0))]
    assert project.query(
        "outfitter",
        """
        select count(*) from star.fct_survey_answers as answers
        inner join star.fct_orders as orders on answers.order_key = orders.order_key
        """,
    ) == [(2,)]
    assert not [text for text in published_texts(project, "outfitter") if "@" in text]
    assert TOKEN not in output

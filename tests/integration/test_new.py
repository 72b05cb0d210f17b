"""``cx360 new`` on companies that the project has never seen: each publishes after at most five edited lines.

The deliveries are made here, in the shapes of public data: CDNOW's purchases, UCI's Online Retail, a French survey. The
figures expected are those that pandas computes from the same rows.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest

from orchestration.base.paths import PROJECT
from tests.deployments import LINES_WRITTEN

pytestmark = pytest.mark.long

MOST_EDITS = 5
MOST_LINES = {"cdnow": 30, "retail": 50, "enquete": 50, "kiosk": 40, "tea": 60}


@dataclass(frozen=True)
class Company:
    """A company with a folder of files, a deployment elsewhere and a home."""

    root: Path
    name: str
    note: Callable[[str, object], None]

    @property
    def extracts(self) -> Path:
        """The folder of its files; its path has a blank."""
        folder = self.root / "the extracts"
        folder.mkdir(exist_ok=True)
        return folder

    @property
    def file(self) -> Path:
        """The file that is guessed."""
        return self.root / "deployments" / self.name / "deployment.yml"

    def run(self, *arguments: str) -> str:
        """Run the command ``cx360``; what it printed."""
        done = subprocess.run(
            [sys.executable, "-c", "from orchestration.cli.main import main; main()", *arguments],
            cwd=PROJECT,
            env=os.environ | {"CX360_HOME": str(self.root / "data"), "PYTHONPATH": str(PROJECT), "COLUMNS": "200"},
            check=False,
            capture_output=True,
            text=True,
            timeout=900,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def publish(self, edits: Mapping[str, str], *options: str) -> str:
        """Guess the deployment, edit lines of its file and run its night; the text of the file as guessed.

        Args:
            edits: the new line by what an old one says.
        """
        assert len(edits) <= MOST_EDITS
        self.run("new", str(self.file.parent), "--files", str(self.extracts), *options)
        guessed = self.file.read_text(encoding="utf-8")
        lines = guessed.splitlines()
        for old, new in edits.items():
            [place] = [number for number, line in enumerate(lines) if line.split("  # ")[0].strip() == old]
            lines[place] = lines[place].replace(old, new)
        self.file.write_text("\n".join(lines) + "\n", encoding="utf-8")
        count = sum(bool(line.split("#")[0].strip()) for line in lines)
        assert count <= MOST_LINES[self.name]
        self.note(LINES_WRITTEN, f"{self.name}: {count} lines, of which {len(edits)} were edited")
        self.run("run", "--deployment", str(self.file.parent))
        return guessed

    def query(self, sql: str) -> list[tuple[object, ...]]:
        """Ask what is published."""
        file = (self.root / "data" / self.name / "published" / "current").resolve() / "cx360.duckdb"
        with duckdb.connect(file, read_only=True) as connection:
            return connection.execute(sql).fetchall()

    def buyers(self) -> list[tuple[object, ...]]:
        """Orders and revenue of each buyer, sorted."""
        return self.query(
            "select order_count, revenue_amount from marts.mart_customer_360 where order_count > 0 order by all"
        )


Made = Callable[[str], Company]


@pytest.fixture
def made(tmp_path: Path, record_property: Callable[[str, object], None]) -> Made:
    return lambda name: Company(tmp_path, name, record_property)


def amounts(cents: pd.Series) -> pd.Series:
    return cents.map(lambda count: Decimal(int(count)) / 100)


def by_buyer(orders: pd.DataFrame) -> list[tuple[int, Decimal]]:
    """Orders and revenue of each buyer of orders with the columns buyer, order and cents."""
    grouped = orders.groupby("buyer").agg(orders=("order", "nunique"), cents=("cents", "sum"))
    return sorted(zip(grouped["orders"].tolist(), amounts(grouped["cents"]), strict=True))


def test_purchases_without_a_header_become_revenue(made: Made) -> None:
    company, chance = made("cdnow"), np.random.default_rng(1)
    rows = pd.DataFrame(
        {
            "buyer": chance.integers(1, 60, 500),
            "day": pd.Timestamp("1997-01-01") + pd.to_timedelta(chance.integers(0, 540, 500), unit="D"),
            "pieces": chance.integers(1, 6, 500),
            "cents": chance.integers(0, 12_000, 500),
        }
    ).sort_values(["buyer", "day"])
    rows["order"] = range(500)
    columns = (rows[name].tolist() for name in ("buyer", "day", "pieces", "cents"))
    written = [
        f" {buyer:05d} {buyer:04d} {day:%Y%m%d} {pieces:2d} {cents / 100:7.2f}"
        for buyer, day, pieces, cents in zip(*columns, strict=True)
    ]
    (company.extracts / "CDNOW_sample.txt").write_text("\n".join(written) + "\n", encoding="utf-8")

    company.publish({"currency: EUR": "currency: USD"}, "--timezone", "America/New_York")

    assert company.buyers() == by_buyer(rows)
    pieces = company.query("select count(*), sum(quantity) from star.fct_order_lines")
    assert pieces == [(500, rows["pieces"].sum())]
    months = company.query(
        """
        select strftime(month_start_date, '%Y-%m'), sum(closing_amount) from marts.mart_revenue_bridge
        group by all having sum(closing_amount) > 0 order by 1
        """
    )
    expected = rows.groupby(rows["day"].dt.strftime("%Y-%m"))["cents"].sum()
    assert months == list(zip(expected.index, amounts(expected), strict=True))


def test_lines_with_cancellations_become_orders_and_refunds(made: Made) -> None:
    company, chance = made("retail"), np.random.default_rng(2)
    invoices = pd.DataFrame(
        {
            "number": range(536_365, 536_765),
            "buyer": np.where(chance.random(400) < 0.2, 0, chance.integers(12_346, 12_400, 400)),
            "at": pd.Timestamp("2010-12-01 08:26") + pd.to_timedelta(chance.integers(0, 500_000, 400), unit="min"),
            "is_canceled": chance.random(400) < 0.08,
        }
    )
    lines = invoices.loc[invoices.index.repeat(chance.integers(1, 6, 400))].reset_index(drop=True)
    lines["pieces"] = chance.integers(1, 40, len(lines)) * np.where(lines["is_canceled"], -1, 1)
    lines["price"] = chance.integers(5, 2_000, len(lines))
    lines["cents"] = lines["pieces"] * lines["price"]
    lines["order"] = np.where(lines["is_canceled"], "C", "") + lines["number"].astype(str).to_numpy(dtype=object)
    pd.DataFrame(
        {
            "InvoiceNo": lines["order"],
            "StockCode": chance.choice(["85123A", "71053", "84406B", "POST"], len(lines)),
            "Description": "HEART, WHITE",
            "Quantity": lines["pieces"],
            "InvoiceDate": [f"{at.month}/{at.day}/{at.year} {at.hour}:{at.minute:02d}" for at in lines["at"]],
            "UnitPrice": lines["price"] / 100,
            "CustomerID": lines["buyer"].astype(float).where(lines["buyer"] > 0),
            "Country": "United Kingdom",
        }
    ).to_csv(company.extracts / "Online Retail.csv", index=False)

    company.publish({"timezone: UTC": "timezone: Europe/London", "currency: EUR": "currency: GBP"})

    sold, returned = lines[~lines["is_canceled"]], lines[lines["is_canceled"]]
    orders = company.query("select count(*), sum(net_amount) from star.fct_orders")
    assert orders == [(sold["order"].nunique(), Decimal(int(sold["cents"].sum())) / 100)]
    refunds = company.query("select count(*), sum(refund_amount) from star.fct_refunds")
    assert refunds == [(len(returned), Decimal(-int(returned["cents"].sum())) / 100)]
    # revenue of a customer is net of what was given back; an order without a customer is of none
    known = lines[lines["buyer"] > 0]
    net = known.groupby("buyer")["cents"].sum()
    buyers = sold[sold["buyer"] > 0].groupby("buyer")["order"].nunique()
    assert company.buyers() == sorted((buyers[buyer], Decimal(int(net[buyer])) / 100) for buyer in buyers.index)
    assert company.query("select count(*) from star.dim_products where product_name = 'HEART, WHITE'") == [(4,)]


def test_a_french_survey_becomes_scores(made: Made) -> None:
    company, chance = made("enquete"), np.random.default_rng(3)
    answers = pd.DataFrame(
        {
            "Adresse e-mail": [f"client{number}@exemple.fr" for number in chance.integers(0, 150, 240)],
            "Prénom": "Zoé",
            "Note de recommandation (0-10)": chance.integers(0, 11, 240),
            "Date de réponse": [f"{day:02d}/09/2026" for day in chance.integers(2, 30, 240)],
            "Panier moyen": [f"{cents // 100},{cents % 100:02d}" for cents in chance.integers(100, 99_000, 240)],
            "Commentaire": "très bien ; merci",
        }
    )
    answers.to_csv(company.extracts / "réponses.csv", sep=";", encoding="latin-1", index=False)

    company.publish(
        {
            "timezone: UTC": "timezone: Europe/Paris",
            "country_calling_code: '1'": "country_calling_code: '33'",
            "survey_name: {value: reponses}": "survey_name: {value: Recommandation}",
        }
    )

    scores = answers["Note de recommandation (0-10)"]
    nps = 100 * ((scores >= 9).sum() - (scores <= 6).sum()) / len(scores)
    [(count, published)] = company.query(
        """
        select sum(answer_count), 100 * sum(nps_sum) / sum(answer_count) from marts.mart_nps_by_segment_stage
        """
    )
    assert (count, published) == (240, pytest.approx(nps))
    assert company.query("select survey_name from star.dim_surveys where survey_name = 'Recommandation'") != []
    respondents = answers["Adresse e-mail"].nunique()
    assert company.query("select count(*) from marts.mart_customer_360") == [(respondents,)]


def test_orders_alone_become_revenue_with_one_line_each(made: Made) -> None:
    company, chance = made("kiosk"), np.random.default_rng(4)
    days = pd.Timestamp("2025-07-01 12:00") + pd.to_timedelta(chance.integers(0, 330, 300), unit="D")
    orders = pd.DataFrame(
        {
            "order": [f"A{number}" for number in range(300)],
            "buyer": [f"buyer{number}@example.com" for number in chance.integers(0, 50, 300)],
            "cents": chance.integers(100, 9_000, 300),
        }
    )
    pd.DataFrame(
        {
            "order_id": orders["order"],
            "email": orders["buyer"],
            "total": orders["cents"] / 100,
            "created_at": days.strftime("%Y-%m-%dT%H:%M:%S+01:00"),
        }
    ).to_csv(company.extracts / "orders.csv", index=False)

    guessed = company.publish({"currency: EUR": "currency: CHF", "timezone: UTC": "timezone: Europe/Zurich"})

    assert company.buyers() == by_buyer(orders)
    assert company.query("select distinct line_count, item_count from star.fct_orders") == [(1, 1)]
    assert f"history_load_date: {days.max():%Y-%m-%d}" in guessed


def test_four_tables_become_one_shop(made: Made) -> None:
    company, chance = made("tea"), np.random.default_rng(5)
    orders = pd.DataFrame(
        {
            "order": range(1_000, 1_250),
            "buyer": [f"K{number}" for number in chance.integers(0, 40, 250)],
            "status": chance.choice(["complete", "cancelled", "processing"], 250),
            "at": pd.Timestamp("2026-01-05 12:00") + pd.to_timedelta(chance.integers(0, 240, 250), unit="D"),
        }
    )
    lines = orders.loc[orders.index.repeat(chance.integers(1, 4, 250))].reset_index(drop=True)
    lines["line"] = lines.groupby("order").cumcount() + 1
    lines["cents"] = chance.integers(100, 5_000, len(lines))
    tables = {
        "customers": pd.DataFrame({"customer_no": [f"K{number}" for number in range(40)], "country": "DE"}).assign(
            mail=lambda table: table["customer_no"].str.lower() + "@example.com", created="2025-02-03 09:15:00"
        ),
        "orders": pd.DataFrame(
            {
                "order_no": orders["order"],
                "customer_no": orders["buyer"],
                "status": orders["status"],
                "placed_at": orders["at"].dt.strftime("%Y-%m-%d %H:%M:%S"),
            }
        ),
        "order_items": pd.DataFrame(
            {
                "order_no": lines["order"],
                "line": lines["line"],
                "sku": chance.choice(["TEA", "CUP"], len(lines)),
                "qty": chance.integers(1, 5, len(lines)),
                "line_total": lines["cents"] / 100,
            }
        ),
        "products": pd.DataFrame({"sku": ["TEA", "CUP"], "title": ["Tea", "Cup"], "category": ["food", "home"]}),
    }
    for name, table in tables.items():
        table.to_csv(company.extracts / f"{name}.csv", index=False)

    company.publish({"timezone: UTC": "timezone: Europe/Berlin"})

    assert company.buyers() == by_buyer(lines[lines["status"] != "cancelled"])
    states = company.query("select order_status, count(*) from star.fct_orders group by all order by all")
    named = orders["status"].map({"complete": "delivered", "cancelled": "canceled", "processing": "placed"})
    assert states == sorted(named.value_counts().items())
    products = company.query("select product_name from star.dim_products where source_id in ('TEA', 'CUP') order by 1")
    assert products == [("Cup",), ("Tea",)]

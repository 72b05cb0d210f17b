"""The deployment of ``docs/ready-systems.md``, as it stands there: four ready systems in one PostgreSQL database."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pandas as pd
import pytest
import sqlalchemy as sa
import yaml

from orchestration.base.paths import Home
from orchestration.config.deployment import load_deployment
from tests.deployments import LINES_WRITTEN
from tests.integration.conftest import Company
from tests.integration.own_data import blocks
from tests.integration.systems import shopify_company, shopify_oracle, stripe_company, stripe_oracle
from tests.integration.systems.qualtrics_company import write_programme
from tests.integration.systems.qualtrics_oracle import answers_of
from tests.integration.systems.zendesk_company import write_desk
from tests.postgres import Postgres

pytestmark = [pytest.mark.long, pytest.mark.xdist_group("postgres")]
MOST_LINES = 40
FOLDERS = {"shopify": "shop/history"}
"""The folders of schemas that are not named like them: the shop's oracle reads drops by name."""


def page() -> str:
    """The deployment on the page."""
    [text] = [block.text for block in blocks("Using one", "ready-systems.md") if block.kind == "yaml"]
    return text


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the made-up companies' connectors deliver, a folder per schema."""
    root = tmp_path_factory.mktemp("four-systems")
    shop = shopify_company.Shop(seed=1, customer_count=120, first_id=1_000_000)
    shopify_company.write(shop.history, root / FOLDERS["shopify"])
    stripe_company.write(stripe_company.Billing(seed=7, customer_count=120), root / "stripe")
    write_desk(root / "zendesk")
    write_programme(root / "programme")
    (root / "programme" / "voice").rename(root / "qualtrics")
    return root


@pytest.fixture(scope="module")
def night(files: Path, postgres_server: Postgres, tmp_path_factory: pytest.TempPathFactory) -> Company:
    """One night of the page's deployment over the database."""
    postgres_server.execute("create database four_systems")
    url = postgres_server.url("four_systems")
    engine = sa.create_engine(url.replace("postgresql://", "postgresql+psycopg://"))
    for schema in yaml.safe_load(page())["systems"].values():
        name = schema["sql"]["schema"]
        with engine.begin() as connection:
            connection.execute(sa.schema.CreateSchema(name))
            for path in sorted((files / FOLDERS.get(name, name)).iterdir()):
                is_typed = path.suffix == ".parquet"
                rows = pd.read_parquet(path) if is_typed else pd.read_csv(path, dtype=str, keep_default_na=False)
                rows.mask(rows == "").to_sql(path.stem, connection, schema=name, index=False)
    root = tmp_path_factory.mktemp("of-the-page")
    folder = root / "deployments" / "acme"
    folder.mkdir(parents=True)
    # the companies were made for tests of their own: a few rows are bad on purpose
    settings = "limits: {rejected_rate: 0.2, unknown_code_rate: 1}\npresence: {severity: off}\n"
    (folder / "deployment.yml").write_text(page() + settings, encoding="utf-8")
    company = Company(load_deployment(str(folder)), Home(root / "acme"), root / "extracts")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WAREHOUSE_URL", url)
        company.succeed(last=date(2026, 10, 31))
    return company


def test_the_deployment_is_short(record_property: Callable[[str, object], None]) -> None:
    count = sum(bool(line.split("#")[0].strip()) for line in page().splitlines())
    assert count <= MOST_LINES
    record_property(LINES_WRITTEN, f"Shopify, Stripe, Zendesk and Qualtrics: {count} lines")


def test_orders_of_shop_and_billing_are_those_of_the_files(night: Company, files: Path) -> None:
    shop = shopify_oracle.read(files / "shop", "USD").orders
    billing = stripe_oracle.read(files / "stripe", "usd").orders
    # beside a shop, a charge without an invoice is a payment of the shop
    billing = billing[billing.index.str.startswith("in_")]
    expected = {
        (system, status): (len(orders), int(orders["net"].sum()))
        for system, all_orders in (("shop", shop), ("billing", billing))
        for status, orders in all_orders.groupby("order_status")
    }
    found = night.query(
        "select system, order_status, count(*), cast(sum(net_amount) * 100 as bigint) from star.fct_orders group by all"
    )
    assert {(row[0], row[1]): (row[2], row[3]) for row in found} == expected


def test_scores_of_help_desk_and_survey_tool_stand_side_by_side(night: Company, files: Path) -> None:
    ratings = pd.read_csv(files / "zendesk" / "satisfaction_rating.csv", dtype=str)
    voice = {path.stem: pd.read_parquet(path) for path in (files / "qualtrics").glob("*.parquet")}
    nps = answers_of(voice).query("metric == 'nps' and value == value")
    rows = night.query("select metric, count(answer_value) from star.fct_survey_answers group by all")
    found = {str(metric): int(str(count)) for metric, count in rows}
    assert found["nps"] == len(nps)
    assert 0 < found["csat"] <= ratings["score"].isin(["good", "bad"]).sum()

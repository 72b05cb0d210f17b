"""The demo company's extracts: deterministic, complete and consistent."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pa_parquet
import pytest

from demo import write
from demo.generate import generate
from orchestration.base.paths import PROJECT
from orchestration.config.deployment import load_deployment
from tests.unit.demo.companies import HISTORY, NIGHTS, Extracts, contents, make

REFERENCE = PROJECT / "deployments" / "demo" / "reference"
SHARED = PROJECT / "seeds" / "reference"


@pytest.fixture(scope="module")
def extracts(tmp_path_factory: pytest.TempPathFactory) -> Extracts:
    return Extracts(make(tmp_path_factory.mktemp("demo") / "extracts"))


def test_the_same_arguments_give_the_same_bytes(extracts: Extracts, tmp_path: Path) -> None:
    assert contents(make(tmp_path / "again")) == contents(extracts.folder)


def test_another_seed_gives_other_rows(extracts: Extracts, tmp_path: Path) -> None:
    ours, others = contents(extracts.folder), contents(make(tmp_path / "other", seed=8))
    assert ours.keys() == others.keys()
    assert {name for name in ours if name.startswith("history") and ours[name] == others[name]} == {
        "history/survey_tool/surveys.jsonl.gz"
    }


def test_parameters_do_not_depend_on_the_seed(extracts: Extracts, tmp_path: Path) -> None:
    ours, others = contents(extracts.folder), contents(make(tmp_path / "other", seed=8))
    assert ours["truth/parameters.json"] == others["truth/parameters.json"]
    assert ours["truth/people.csv"] != others["truth/people.csv"]


def test_more_nights_do_not_change_earlier_drops(extracts: Extracts, tmp_path: Path) -> None:
    fewer, more = contents(extracts.folder), contents(make(tmp_path / "more", nights=NIGHTS + 3))
    fewer = {
        name: content for name, content in fewer.items() if name != write.MARKER and not name.startswith(write.TRUTH)
    }
    assert fewer.items() <= more.items()


def test_a_longer_history_begins_earlier(tmp_path: Path) -> None:
    generate(tmp_path / "three", customers=300, nights=0, seed=7, history_load_date=HISTORY, history_days=1096)
    three = Extracts(tmp_path / "three")
    first_days = {
        "shop orders": three.drop("shop", "orders")["ordered_at"].min(),
        "invitations": pd.to_datetime(three.drop("survey_tool", "invitations")["sent_at"]).min(),
        "contacts": pd.to_datetime(three.drop("tracking", "events")["occurred_at"]).min(),
    }
    assert {name: day.tz_convert("Europe/Berlin").year for name, day in first_days.items()} == dict.fromkeys(
        first_days, 2023
    )


def test_every_load_date_has_exactly_the_tables_of_the_deployment(extracts: Extracts) -> None:
    deployment = load_deployment("demo")
    days = [deployment.history_load_date + timedelta(days=night) for night in range(NIGHTS + 1)]
    expected = {table.pattern(day) for table in deployment.tables() for day in days}
    delivered = {name for name in contents(extracts.folder) if not name.startswith(write.TRUTH)}
    assert delivered - {write.MARKER} == expected


@pytest.mark.parametrize("seed", [0, 1, 7])
def test_a_company_may_have_one_customer(tmp_path: Path, seed: int) -> None:
    one = Extracts(make(tmp_path / "one", customers=1, nights=1, seed=seed))
    assert one.until("survey_tool", "contacts", night=1)["contact_id"].nunique() == 1
    assert b"" not in contents(one.folder).values()


REFERENCES = [
    ("crm", "cases", "customer_id", "crm", "customers", "customer_id"),
    ("crm", "cases", "order_number", "shop", "orders", "order_number"),
    ("crm", "activities", "customer_id", "crm", "customers", "customer_id"),
    ("crm", "activities", "case_id", "crm", "cases", "case_id"),
    ("crm", "activities", "order_number", "shop", "orders", "order_number"),
    ("crm", "accounts", "parent_account_id", "crm", "accounts", "account_id"),
    ("crm", "account_contacts", "account_id", "crm", "accounts", "account_id"),
    ("crm", "account_contacts", "customer_id", "crm", "customers", "customer_id"),
    ("crm", "acquisitions", "referrer_customer_id", "crm", "customers", "customer_id"),
    ("crm", "consents", "customer_id", "crm", "customers", "customer_id"),
    ("crm", "loop_actions", "customer_id", "crm", "customers", "customer_id"),
    ("shop", "accounts", "crm_customer_id", "crm", "customers", "customer_id"),
    ("shop", "orders", "buyer_id", "shop", "accounts", "buyer_id"),
    ("shop", "order_lines", "order_number", "shop", "orders", "order_number"),
    ("shop", "order_lines", "sku", "shop", "products", "sku"),
    ("shop", "refunds", "order_number", "shop", "order_lines", "order_number"),
    ("shop", "payments", "order_number", "shop", "orders", "order_number"),
    ("survey_tool", "contacts", "crm_customer_id", "crm", "customers", "customer_id"),
    ("survey_tool", "invitations", "contact_id", "survey_tool", "contacts", "contact_id"),
    ("survey_tool", "invitations", "survey_id", "survey_tool", "surveys", "survey_id"),
    ("survey_tool", "invitations", "order_number", "shop", "orders", "order_number"),
    ("survey_tool", "responses", "invitation_id", "survey_tool", "invitations", "invitation_id"),
    ("survey_tool", "responses", "contact_id", "survey_tool", "contacts", "contact_id"),
    ("tracking", "visitors", "account_id", "shop", "accounts", "buyer_id"),
    ("tracking", "events", "order_number", "shop", "orders", "order_number"),
    ("tracking", "events", "case_id", "crm", "cases", "case_id"),
]


@pytest.mark.parametrize(("system", "table", "column", "to_system", "to_table", "to_column"), REFERENCES)
def test_references_are_delivered_by_the_same_night(
    extracts: Extracts, system: str, table: str, column: str, to_system: str, to_table: str, to_column: str
) -> None:
    for night in range(NIGHTS + 1):
        named = extracts.values(system, table, column, night)
        assert named
        assert named <= extracts.values(to_system, to_table, to_column, night)


@pytest.mark.parametrize(
    ("system", "table", "key"),
    [
        ("crm", "cases", ["case_id"]),
        ("crm", "activities", ["activity_id"]),
        ("crm", "accounts", ["account_id"]),
        ("crm", "account_contacts", ["account_id", "customer_id"]),
        ("crm", "consents", ["consent_id"]),
        ("crm", "loop_actions", ["loop_id"]),
        ("shop", "orders", ["order_number"]),
        ("shop", "order_lines", ["order_number", "line_number"]),
        ("shop", "refunds", ["refund_id"]),
        ("shop", "payments", ["payment_id"]),
        ("shop", "products", ["sku"]),
        ("survey_tool", "surveys", ["survey_id"]),
        ("survey_tool", "invitations", ["invitation_id"]),
        ("survey_tool", "responses", ["response_id"]),
        ("tracking", "visitors", ["visitor_id"]),
        ("tracking", "events", ["event_id"]),
    ],
)
def test_a_record_is_delivered_once_per_window(extracts: Extracts, system: str, table: str, key: list[str]) -> None:
    rows = extracts.until(system, table)
    assert not rows.duplicated(["night", *key]).any()
    assert rows[key].notna().all(axis=None)


def test_order_totals_equal_their_lines_and_payments_to_the_cent(extracts: Extracts) -> None:
    orders = extracts.until("shop", "orders").drop_duplicates("order_number", keep="last").set_index("order_number")
    lines = extracts.until("shop", "order_lines").groupby("order_number")["net_amount"].sum()
    assert (orders["net_amount"] == lines.reindex(orders.index)).all()
    assert (orders["net_amount"] > 0).all()
    total = orders["net_amount"] + orders["freight_amount"] + orders["tax_amount"]
    assert (orders["total_amount"] == total).all()

    payments = extracts.until("shop", "payments").groupby("order_number")["payment_amount"].sum()
    assert (payments <= orders["total_amount"].reindex(payments.index)).all()
    assert "canceled" not in set(orders["status"].reindex(payments.index))


def test_refunds_do_not_exceed_their_line(extracts: Extracts) -> None:
    lines = extracts.until("shop", "order_lines").set_index(["order_number", "line_number"])["net_amount"]
    refunds = extracts.until("shop", "refunds").groupby(["order_number", "line_number"])["refund_amount"].sum()
    assert (refunds > 0).all()
    assert (refunds <= lines.reindex(refunds.index)).all()


def test_shop_files_are_typed(extracts: Extracts) -> None:
    schema = pa_parquet.read_schema(extracts.folder / "2026-01-01" / "shop" / "orders.parquet")
    assert schema.field("net_amount").type == pa.decimal128(18, 2)
    assert schema.field("ordered_at").type == pa.timestamp("us", "UTC")


CHANGES: list[tuple[str, str, str]] = [
    ("crm", "customers", "updated_at"),
    ("crm", "cases", "updated_at"),
    ("crm", "activities", "occurred_at"),
    ("shop", "accounts", "updated_at"),
    ("shop", "orders", "updated_at"),
    ("shop", "payments", "paid_at"),
    ("survey_tool", "contacts", "updated_at"),
    ("survey_tool", "invitations", "updated_at"),
    ("tracking", "visitors", "identified_at"),
]


@pytest.mark.parametrize(("system", "table", "column"), CHANGES)
def test_a_change_is_delivered_by_the_window_it_falls_in(
    extracts: Extracts, system: str, table: str, column: str
) -> None:
    rows = extracts.until(system, table)
    days = pd.to_datetime(rows[column], utc=True).dt.tz_convert(ZoneInfo("Europe/Berlin")).dt.date
    assert (days[rows["night"] == 0] <= HISTORY).all()
    for night in range(1, NIGHTS + 1):
        assert set(days[rows["night"] == night]) <= {HISTORY + timedelta(days=night)}


def test_crm_times_carry_the_offset_of_the_season(extracts: Extracts) -> None:
    registered = extracts.drop("crm", "customers", 0)["registered_at"]
    months, offsets = registered.str[5:7], registered.str[19:]
    assert set(offsets[months == "07"]) == {"+02:00"}
    assert set(offsets[months == "01"]) == {"+01:00"}


def test_the_first_row_of_a_customer_is_the_registration(extracts: Extracts) -> None:
    customers = extracts.until("crm", "customers")
    first = customers.drop_duplicates("customer_id")
    assert (first["registered_at"] == first["updated_at"]).all()
    assert customers.groupby("customer_id")["registered_at"].nunique().max() == 1
    assert customers.groupby("customer_id")["segment"].nunique().max() > 1


def test_a_later_night_delivers_a_link_between_two_customers(extracts: Extracts) -> None:
    accounts = extracts.until("shop", "accounts").sort_values("night", kind="stable")
    history = accounts[accounts["night"] == 0].set_index("buyer_id")["crm_customer_id"]
    later = accounts[accounts["night"] > 0].set_index("buyer_id")["crm_customer_id"].dropna()
    by_account = {buyer for buyer in later.index if buyer in history.index and pd.isna(history[buyer])}
    visitors = extracts.until("tracking", "visitors")
    by_visitor = visitors[visitors["account_id"].notna() & visitors["email"].notna() & (visitors["night"] > 0)]
    assert by_account or len(by_visitor)


def test_some_visitors_stay_anonymous(extracts: Extracts) -> None:
    seen = extracts.values("tracking", "events", "visitor_id")
    identified = extracts.values("tracking", "visitors", "visitor_id")
    assert 0.2 < len(seen - identified) / len(seen) < 0.8


def test_answers_are_within_their_scales(extracts: Extracts) -> None:
    responses = extracts.until("survey_tool", "responses")
    answers = [answer for nested in responses["answers"] for answer in nested]
    assert {answer["metric"] for answer in answers} == {
        "nps", "csat", "ces", "vs_expectation", "expectation", "perception", "importance",
    }  # fmt: skip
    assert all(answer["scale_min"] <= answer["value"] <= answer["scale_max"] for answer in answers)
    assert responses["comment"].notna().mean() == pytest.approx(0.35, abs=0.15)


def test_delivery_and_response_are_incomplete(extracts: Extracts) -> None:
    statuses = extracts.until("survey_tool", "invitations").drop_duplicates("invitation_id", keep="last")["status"]
    shares = statuses.value_counts(normalize=True)
    assert 0.15 < shares["answered"] < 0.4
    assert 0 < shares["undeliverable"] < 0.1


def _delivered_touchpoints(extracts: Extracts) -> set[str]:
    return (
        extracts.values("tracking", "events", "touchpoint")
        | extracts.values("crm", "activities", "activity_type")
        | extracts.values("crm", "cases", "touchpoint")
        | extracts.values("survey_tool", "surveys", "touchpoint")
    )


def _delivered_channels(extracts: Extracts) -> set[str]:
    return extracts.values("tracking", "events", "channel") | extracts.values("crm", "activities", "channel")


@pytest.mark.parametrize(
    ("reference", "delivered"),
    [
        (REFERENCE / "touchpoints.csv", _delivered_touchpoints),
        (REFERENCE / "segments.csv", lambda extracts: extracts.values("crm", "customers", "segment")),
        (REFERENCE / "order_statuses.csv", lambda extracts: extracts.values("shop", "orders", "status")),
        (SHARED / "channels.csv", _delivered_channels),
    ],
    ids=lambda value: value.stem if isinstance(value, Path) else "",
)
def test_every_code_of_the_reference_occurs_and_no_other(
    extracts: Extracts, reference: Path, delivered: Callable[[Extracts], set[str]]
) -> None:
    codes = set(pd.read_csv(reference).iloc[:, 0])
    assert delivered(extracts) == codes


def test_the_touchpoints_cover_every_journey_stage_and_channel() -> None:
    touchpoints = pd.read_csv(REFERENCE / "touchpoints.csv")
    assert set(touchpoints["journey_stage"]) == set(pd.read_csv(SHARED / "journey_stages.csv")["journey_stage"])
    assert set(touchpoints["channel"]) == set(pd.read_csv(SHARED / "channels.csv")["channel"])

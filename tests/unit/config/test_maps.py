"""What a map may say, what it means, and how a mistake in it is told."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import yaml

from orchestration.base.errors import PipelineError
from orchestration.config.deployment import Deployment, load_deployment
from orchestration.config.maps import Value
from orchestration.config.records import check_maps, records_of
from orchestration.gates.judge import broken_row_rules
from orchestration.gates.suites import suite_of

COLUMNS = ["order_no", "customer", "date", "state", "pieces", "price"]
ORDERS = {"source_id": "order_no", "customer_source_id": "customer", "order_status": "delivered", "ordered_at": "date"}


def company(folder: Path, table: dict[str, Any], **settings: Any) -> Deployment:
    """A company of one system with one CSV table, whose file has no header."""
    written = {
        "timezone": "Europe/Berlin",
        "currency": "EUR",
        "history_load_date": "2026-10-31",
        "owner": "you@acme.example",
        "identity": {"country_calling_code": "49"},
        "systems": {
            "till": {
                "files": {"format": "csv", "history": "{table}.csv"},
                "tables": {"sales": {"columns": COLUMNS, "key": ["order_no"], **table}},
                **settings,
            }
        },
    }
    place = folder / "acme"
    place.mkdir()
    (place / "deployment.yml").write_text(yaml.safe_dump(written, sort_keys=False), encoding="utf-8")
    return load_deployment(str(place))


def values(deployment: Deployment, entity: str) -> dict[str, Value]:
    """What the columns of an entity are made of."""
    [table] = deployment.tables()
    [record] = [record for record in records_of(table) if record.entity == entity]
    return dict(record.values)


def refusal(folder: Path, table: dict[str, Any]) -> str:
    """What is said against a table."""
    with pytest.raises(PipelineError) as error:
        check_maps(company(folder, table))
    return str(error.value)


def test_a_word_is_a_column_or_a_code_of_the_door(tmp_path: Path) -> None:
    found = values(company(tmp_path, {"orders": {**ORDERS, "channel": "web"}}), "orders")
    assert found["customer_source_id"].column == "customer"
    assert (found["order_status"].value, found["channel"].value) == ("delivered", "web")
    assert found["currency"].value == "EUR"


def test_a_column_wins_over_a_code_of_the_same_name(tmp_path: Path) -> None:
    columns = ["order_no", "customer", "date", "delivered"]
    found = values(company(tmp_path, {"columns": columns, "orders": ORDERS}), "orders")
    assert found["order_status"].column == "delivered"


def test_a_system_that_only_names_its_customers_delivers_them(tmp_path: Path) -> None:
    deployment = company(tmp_path, {"orders": ORDERS})
    assert deployment.entities() == {"orders": ["till"], "customers": ["till"]}
    assert values(deployment, "customers")["source_id"].column == "customer"
    assert deployment.systems["till"].roles == ("transactions",)


def test_formats_and_marks_become_those_of_the_table(tmp_path: Path) -> None:
    lines = {
        "order_source_id": "order_no",
        "quantity": "pieces",
        "net_amount": {"column": "price", "decimal": ",", "thousands": "."},
    }
    dated = {**ORDERS, "ordered_at": {"column": "date", "format": "%d.%m.%Y"}}
    [table] = company(tmp_path, {"orders": dated, "order_lines": lines}).tables()
    assert table.settings.times == {"date": ("%d.%m.%Y",)}
    assert table.settings.numbers is not None
    assert (table.settings.numbers.columns, table.settings.numbers.decimal) == (("price",), ",")


def test_an_entry_names_its_question_and_its_part_of_the_id(tmp_path: Path) -> None:
    answers = {
        "survey_source_id": {"value": "stars"},
        "answered_at": "date",
        "each": {
            "recommend": {"metric": "nps", "scale_min": 0, "scale_max": 10, "answer_value": "pieces"},
            "satisfied": {"metric": "csat", "scale_min": 1, "scale_max": 5, "answer_value": "price"},
        },
    }
    [table] = company(tmp_path, {"survey_answers": answers}).tables()
    records = [record for record in records_of(table) if record.entity == "survey_answers"]
    assert [record.entry for record in records] == ["recommend", "satisfied"]
    assert [record.values["question"].value for record in records] == ["recommend", "satisfied"]
    bounds = [rule.reason for rule in suite_of(table).rows if "at least" in rule.reason]
    assert [re.findall(r"at least (\d+) and at most (\d+)", reason) for reason in bounds] == [
        [("0", "10")],
        [("1", "5")],
    ]


def test_the_rules_of_gate_1_follow_from_the_map(tmp_path: Path) -> None:
    mapped = {
        **ORDERS,
        "order_status": {"column": "state", "codes": {"paid": "delivered", "void": "canceled"}},
        "excluded_reason": {"sql": "case when customer = 'TEST' then 'test order' end"},
    }
    [table] = company(tmp_path, {"orders": mapped}).tables()
    suite = suite_of(table)
    assert set(suite.required) == {"order_no", "customer", "date", "state"}
    names = {rule.name for rule in suite.rows}
    assert {"date is no time", "date is missing", "order_no is missing", "state is none of paid, void"} <= names
    assert any("excluded_reason cannot be computed" in name for name in names)


def test_without_a_word_for_the_rest_an_unknown_code_is_rejected_and_with_one_it_is_not(tmp_path: Path) -> None:
    mapped = {**ORDERS, "order_status": {"column": "state", "codes": {"paid": "delivered"}, "otherwise": "placed"}}
    [table] = company(tmp_path, {"orders": mapped}).tables()
    assert not [rule for rule in suite_of(table).rows if "none of" in rule.name]


@pytest.mark.parametrize(
    ("table", "parts"),
    [
        ({"orders": {**ORDERS, "order_staus": "state"}}, ("orders", "order_staus", "did you mean 'order_status'?")),
        ({"orders": {**ORDERS, "ordered_at": "dat"}}, ("orders.ordered_at", "'dat'", "Did you mean 'date'?")),
        ({"orders": {**ORDERS, "order_status": "deliverd"}}, ("order_status", "'deliverd'", "'delivered'")),
        ({"orders": {"source_id": "order_no", "ordered_at": "date"}}, ("the map lacks order_status",)),
        ({"ordrs": ORDERS}, ("tables.sales.ordrs", "did you mean 'orders'?")),
        ({"orders": {**ORDERS, "ordered_at": {"column": "date", "frmat": "%Y"}}}, ("frmat", "did you mean 'format'?")),
        ({"orders": {**ORDERS, "ordered_at": {"format": "%Y"}}}, ("exactly one of column, value and sql",)),
        ({"orders": {**ORDERS, "channel": {"value": "web", "codes": {"a": "b"}}}}, ("codes translate a column",)),
        (
            {"orders": {**ORDERS, "order_status": {"column": "state", "codes": "states.csv"}}},
            ("states.csv", "not exist"),
        ),
        ({"orders": {**ORDERS, "each": {"one": {"each": {}}}}}, ("no further each",)),
        ({"orders": "as_name"}, ("as_named",)),
    ],
)
def test_a_mistake_is_told_with_its_place_and_what_may_be_meant(
    tmp_path: Path, table: dict[str, Any], parts: tuple[str, ...]
) -> None:
    said = refusal(tmp_path, table)
    assert [part for part in parts if part not in said] == []


@pytest.mark.parametrize(
    ("sql", "parts"),
    [
        ("pieces * price", ("not understood", "cast(pieces as decimal(18, 2))")),
        ("price", ("is VARCHAR", "decimal(18, 2)")),
        ("cast(prise as decimal(18, 2))", ("'prise'", "Did you mean 'price'?")),
        ("cast(price as", ("cannot be read",)),
    ],
)
def test_an_expression_over_text_must_have_the_type_of_the_door(
    tmp_path: Path, sql: str, parts: tuple[str, ...]
) -> None:
    lines = {"order_source_id": "order_no", "quantity": "pieces", "net_amount": {"sql": sql}}
    said = refusal(tmp_path, {"order_lines": lines})
    assert [part for part in ("order_lines.net_amount", *parts) if part not in said] == []


def test_what_is_named_as_the_door_is_taken_where_it_is_delivered(tmp_path: Path) -> None:
    [table] = company(tmp_path, {"columns": [], "key": ["source_id"], "orders": "as_named"}).tables()
    suite = suite_of(table)
    assert set(suite.required) == {"source_id", "order_status", "ordered_at"}
    assert {"customer_source_id", "shipped_at", "deleted_at", "excluded_reason"} <= {*suite.possible}
    assert suite.optional == ()


def test_codes_of_an_expression_reject_what_is_not_listed(tmp_path: Path) -> None:
    status = {"sql": "lower(state)", "codes": {"paid": "delivered"}}
    [table] = company(tmp_path, {"orders": {**ORDERS, "order_status": status}}).tables()
    rows = pa.table({name: ["1", "2"] for name in COLUMNS} | {"state": ["PAID", "void"], "date": ["2026-01-01"] * 2})
    broken = broken_row_rules(table.name, suite_of(table).rows, rows)
    assert [reason.rule for reason in broken[1]] == ["order_status computed from state is none of paid"]
    assert 0 not in broken


def test_a_column_with_two_formats_and_numbers_written_in_two_ways_are_refused(tmp_path: Path) -> None:
    first = {"column": "date", "format": "%Y%m%d"}
    mapped = {**ORDERS, "ordered_at": first, "shipped_at": {"column": "date", "format": "%d.%m.%Y"}}
    assert "two formats" in refusal(tmp_path, {"orders": mapped})
    lines = {
        "order_source_id": "order_no",
        "quantity": 1,
        "net_amount": {"column": "price", "decimal": ","},
        "freight_amount": {"column": "pieces", "decimal": ".", "thousands": ","},
    }
    (tmp_path / "other").mkdir()
    assert "another way" in refusal(tmp_path / "other", {"order_lines": lines})

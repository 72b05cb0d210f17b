"""Which entities a table delivers, and what fills their doors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from orchestration.guesses.delivered import Delivered
from orchestration.guesses.maps import Map, maps_of_all
from orchestration.guesses.names import metric_of, plain, table_entity
from tests.unit.guesses.tables import Delivery, table_of

DAYS = ["2026-01-01", "2026-01-02", "2026-01-03"]
LINES: dict[str, list[Any]] = {
    "InvoiceNo": ["1", "1", "2"],
    "StockCode": ["A", "B", "A"],
    "Description": ["Tea", "Cup", "Tea"],
    "Quantity": ["1", "2", "3"],
    "InvoiceDate": DAYS,
    "UnitPrice": ["1.5", "2.5", "1.5"],
    "CustomerID": ["17850.0", "17850.0", None],
}
PRODUCT = "cast(cast(Quantity as integer) * cast(UnitPrice as decimal(18, 4)) as decimal(18, 2))"


def written(maps: Mapping[str, Map]) -> dict[str, dict[str, Any]]:
    return {entity: {name: value.written for name, value in found.values.items()} for entity, found in maps.items()}


def guessed(name: str, columns: Delivery, *others: Delivered, has_names: bool = True) -> dict[str, dict[str, Any]]:
    """The maps of the first table, as they would be written."""
    return written(maps_of_all([table_of(name, columns, has_names=has_names), *others])[0])


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("CustomerID", "customer_id"),
        ("Date de réponse", "date_de_reponse"),
        ("customer-no", "customer_no"),
        ("Straße", "strasse"),
        ("Note (0-10)", "note_0_10"),
        ("HTTPStatus", "http_status"),
    ],
)
def test_names_are_compared_without_accents_case_and_signs(name: str, words: str) -> None:
    assert plain(name) == words


@pytest.mark.parametrize(
    ("name", "entity"),
    [
        ("orders", "orders"),
        ("olist_order_items_dataset", "order_lines"),
        ("Kunden", "customers"),
        ("enquete_2026", "survey_answers"),
        ("cdnow_sample", None),
    ],
)
def test_a_table_may_be_named_after_its_entity(name: str, entity: str | None) -> None:
    assert table_entity(name) == entity


@pytest.mark.parametrize(
    ("name", "metric"),
    [
        ("Note de recommandation (0-10)", "nps"),
        ("likelihood_to_recommend", "nps"),
        ("Zufriedenheit", "csat"),
        ("effort", "ces"),
        ("nps", "nps"),
        ("comment", None),
        ("synopsis", None),
    ],
)
def test_a_question_says_what_it_measures(name: str, metric: str | None) -> None:
    assert metric_of(name) == metric


def test_lines_deliver_their_orders_and_products() -> None:
    assert guessed("export", LINES) == {
        "orders": {
            "source_id": "InvoiceNo",
            "customer_source_id": "CustomerID",
            "order_status": "delivered",
            "ordered_at": "InvoiceDate",
        },
        "order_lines": {
            "order_source_id": "InvoiceNo",
            "product_source_id": "StockCode",
            "quantity": "Quantity",
            "net_amount": {"sql": PRODUCT},
        },
        "products": {"source_id": "StockCode", "product_name": "Description"},
    }


def test_negative_pieces_are_given_back() -> None:
    maps = guessed("export", {**LINES, "Quantity": ["1", "-2", "3"]})
    assert maps["orders"]["when"] == maps["order_lines"]["when"] == "cast(Quantity as integer) >= 0"
    assert maps["refunds"] == {
        "when": "cast(Quantity as integer) < 0",
        "customer_source_id": "CustomerID",
        "refund_amount": {"sql": PRODUCT.replace("cast(cast", "cast(-cast", 1)},
        "refunded_at": "InvoiceDate",
    }


def test_orders_with_a_total_deliver_one_line_each_and_their_buyers() -> None:
    orders = {
        "id": ["A", "B", "C"],
        "email": ["a@x.de", "b@x.de", "a@x.de"],
        "total": ["1.5", "2", "3"],
        "created": DAYS,
    }
    buyer = {"sql": "md5(lower(trim(email)))"}
    assert guessed("orders", orders) == {
        "customers": {"source_id": buyer, "email": "email"},
        "orders": {"customer_source_id": buyer, "order_status": "delivered", "ordered_at": "created"},
        "order_lines": {"order_source_id": "id", "quantity": 1, "net_amount": "total"},
    }


def test_orders_deliver_no_lines_where_another_table_does() -> None:
    orders = {"order_no": ["1", "2"], "customer": ["K1", "K2"], "total": ["1.5", "2"], "date": DAYS[:2]}
    lines = {"order_no": ["1", "1", "2"], "pos": ["1", "2", "1"], "qty": ["1", "1", "1"], "price": ["1.5", "2", "3"]}
    maps = maps_of_all([table_of("orders", orders), table_of("order_items", lines)])
    assert [list(found) for found in maps] == [["orders"], ["order_lines"]]
    assert written(maps[1])["order_lines"]["line_number"] == "pos"


def test_only_the_table_of_that_name_delivers_an_entity_that_several_resemble() -> None:
    orders = {"order_id": ["1", "2"], "customer_id": ["a", "b"], "created_at": DAYS[:2], "total": ["1.5", "2"]}
    copies = {"order_id": ["1", "2"], "processed_at": DAYS[:2], "amount": ["1.5", "2"]}
    maps = maps_of_all([table_of("tax_of_order", copies), table_of("order", orders)])
    assert [list(found) for found in maps] == [[], ["orders", "order_lines"]]


def test_customers_in_orders_have_only_columns_that_are_not_of_the_order() -> None:
    orders = {"order_id": ["1", "2"], "email": ["a@x.de", "b@x.de"], "state": ["paid", "sent"],
              "created_at": DAYS[:2], "total": ["1.5", "2"]}  # fmt: skip
    assert set(guessed("orders", {**orders, "customer_city": ["Bonn", "Köln"]})["customers"]) == {
        "source_id",
        "email",
        "city",
    }


def test_a_file_without_names_is_guessed_by_its_values() -> None:
    purchases = {
        "column_1": ["00004", "00004", "00021"],
        "column_2": ["19970101", "19970118", "19970101"],
        "column_3": ["2", "1", "2"],
        "column_4": ["29.33", "14.96", "63.34"],
    }
    assert guessed("cdnow", purchases, has_names=False) == {
        "orders": {
            "source_id": "_source_row",
            "customer_source_id": "column_1",
            "order_status": "delivered",
            "ordered_at": {"column": "column_2", "format": "%Y%m%d"},
        },
        "order_lines": {"order_source_id": "_source_row", "quantity": "column_3", "net_amount": "column_4"},
    }


def test_answers_deliver_survey_and_respondents() -> None:
    answers = {
        "Adresse e-mail": ["a@x.fr", "b@x.fr", "c@x.fr"],
        "Note de recommandation (0-10)": ["10", "9", "3"],
        "Date de réponse": ["02/09/2026", "13/09/2026", "14/09/2026"],
    }
    person = {"sql": 'md5(lower(trim("Adresse e-mail")))'}
    assert guessed("enquete", answers) == {
        "customers": {"source_id": person, "email": "Adresse e-mail"},
        "surveys": {
            "source_id": {"value": "enquete"},
            "survey_name": {"value": "enquete"},
            "survey_type": "relational",
        },
        "survey_answers": {
            "response_source_id": "_source_row",
            "survey_source_id": {"value": "enquete"},
            "customer_source_id": person,
            "question": {"value": "note_de_recommandation_0_10"},
            "metric": "nps",
            "scale_min": 0,
            "scale_max": 10,
            "answer_value": "Note de recommandation (0-10)",
            "answered_at": {"column": "Date de réponse", "format": "%d/%m/%Y"},
        },
    }


def test_several_questions_are_one_record_each() -> None:
    answers = {"response_id": ["1", "2", "3"], "nps": ["10", "0", "7"], "satisfaction": ["5", "1", "2"], "date": DAYS}
    maps = guessed("survey", answers)
    assert maps["survey_answers"]["response_source_id"] == "response_id"
    assert maps["survey_answers"]["each"] == {
        "nps": {"metric": "nps", "scale_min": 0, "scale_max": 10, "answer_value": "nps"},
        "satisfaction": {"metric": "csat", "scale_min": 1, "scale_max": 5, "answer_value": "satisfaction"},
    }


@pytest.mark.parametrize(
    ("states", "value"),
    [
        (["placed", "delivered"], "status"),
        (["complete", "Cancelled"],
         {"column": "status", "codes": {"Cancelled": "canceled", "complete": "delivered"}}),
        (["complete", "odd"],
         {"column": "status", "codes": {"complete": "delivered"}, "otherwise": "placed"}),
        (["x", "y"], "delivered"),
    ],
)  # fmt: skip
def test_states_become_our_codes(states: Sequence[str], value: Any) -> None:
    orders = {"order_no": ["1", "2"], "status": states, "total": ["1.5", "2"], "date": DAYS[:2]}
    assert guessed("orders", orders)["orders"]["order_status"] == value


@pytest.mark.parametrize(
    ("name", "columns", "missing"),
    [
        ("orders", {"order_no": ["1", "2"], "customer": ["a", "b"]},
         {"orders": ["ordered_at"], "order_lines": ["net_amount"]}),
        ("refunds", {"refund_id": ["1", "2"], "refund_amount": ["1.5", "2"]}, {"refunds": ["refunded_at"]}),
    ],
)  # fmt: skip
def test_what_a_door_requires_and_nothing_fills_is_missing(
    name: str, columns: Delivery, missing: dict[str, list[str]]
) -> None:
    [maps] = maps_of_all([table_of(name, columns)])
    assert {entity: found.missing for entity, found in maps.items()} == missing


def test_a_table_of_something_else_delivers_nothing() -> None:
    assert guessed("weather", {"station": ["a", "b"], "degrees": ["1.5", "2.5"]}) == {}

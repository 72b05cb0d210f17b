"""Codes that the reference data does not know: which are found, and above which share they are an error."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from tests.models import Models, Row

TEST = "assert_every_delivered_code_is_in_the_reference"
CODES = {
    "int_interactions__unioned": "system varchar, touchpoint varchar, channel varchar",
    "int_cases__unioned": "system varchar, touchpoint varchar, channel varchar",
    "int_surveys__unioned": "system varchar, touchpoint varchar",
    "int_orders__unioned": "system varchar, channel varchar, order_status varchar, currency varchar",
    "int_subscriptions__unioned": "system varchar, currency varchar",
    "int_survey_invitations__unioned": "system varchar, channel varchar",
    "int_survey_answers__unioned": "system varchar, channel varchar, metric varchar",
    "int_customers__unioned": "system varchar, segment varchar",
    "int_records__left_out": "entity varchar, system varchar, source_id varchar, reason varchar",
    "touchpoints": "touchpoint varchar",
    "channels": "channel varchar",
    "order_statuses": "order_status varchar",
    "segments": "segment varchar",
}
REFERENCE = {
    "touchpoints": [{"touchpoint": "visit"}],
    "channels": [{"channel": "web"}],
    "order_statuses": [{"order_status": "delivered"}],
    "segments": [{"segment": "retail"}],
}
SOUND = {"system": "shop", "channel": "web", "order_status": "delivered", "currency": "EUR"}


def found(models: Models, **delivered: Sequence[Row]) -> set[tuple[object, ...]]:
    """Entity, kind of code, code, records and whether they are above the limit, of each failing row."""
    rows = {**REFERENCE, **delivered}
    given = {name: (columns, rows.get(name, [])) for name, columns in CODES.items()}
    with models.build([TEST], given) as connection:
        return set(connection.sql(f"select entity, code_of, code, record_count, is_above_limit from {TEST}").fetchall())


def test_known_codes_and_missing_ones_are_fine(models: Models) -> None:
    assert found(models, int_orders__unioned=[SOUND, {"system": "shop"}]) == set()


@pytest.mark.parametrize("code", ["Web", "web ", "hologram", "web\u200b"])
def test_one_record_of_an_unknown_code_is_a_warning(models: Models, code: str) -> None:
    orders = [SOUND, {**SOUND, "channel": code}]
    assert found(models, int_orders__unioned=orders) == {("orders", "channel", code, 1, False)}


def test_several_records_above_the_share_are_an_error(models: Models) -> None:
    """Two of 39 records are more than 5 %, two of 40 are not."""
    unknown = [{**SOUND, "order_status": status} for status in ("Delivered", "geliefert")]
    many = found(models, int_orders__unioned=[*unknown, *[SOUND] * 37])
    few = found(models, int_orders__unioned=[*unknown, *[SOUND] * 38])
    assert {is_above for *_, is_above in many} == {True}
    assert {is_above for *_, is_above in few} == {False}


def test_records_in_another_currency_count_though_they_are_left_out(models: Models) -> None:
    foreign = [{"entity": "orders", "system": "shop", "source_id": str(n), "reason": "other_currency"} for n in (1, 2)]
    assert found(models, int_orders__unioned=[SOUND] * 9, int_records__left_out=foreign) == {
        ("orders", "currency", "not EUR", 2, True)
    }

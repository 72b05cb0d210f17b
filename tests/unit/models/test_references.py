"""References to unknown records: how they are counted, when they stop a night, and which cause is named."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

import pytest

from orchestration.config.deployment import load_deployment
from tests.models import Models, Table, compile_models

IDS = "system varchar, source_id varchar"
RECORD = f"{IDS}, order_source_id varchar, _load_date date"
DAY = date(2026, 1, 1)
NEXT_DAY = DAY + timedelta(days=1)
GUID = "0f8fad5b-d9cb-469f-a165-70867728950e"


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Models:
    """A shop that delivers no products, and the macro of ids over a table of texts."""
    demo = load_deployment("demo")
    shop = demo.systems["shop"]
    tables = {
        name: table.model_copy(update={"delivers": tuple(set(table.delivers) & {"customers", "orders", "order_lines"})})
        for name, table in shop.tables.items()
    }
    deployment = demo.model_copy(update={"systems": {"shop": shop.model_copy(update={"tables": tables})}})
    ids = """
        select {{ record_id('id') }} as own, {{ reference_id('id') }} as reference,
            {{ external_id('cast(id as varchar)') }} as shared
        from texts
    """
    return compile_models(deployment, tmp_path_factory.mktemp("references"), ["quality_references"], {"ids": ids})


def ids(models: Models, column: str, *written: object, sql_type: str = "varchar") -> list[str | None]:
    """Ids in one notation, in the order in which they are written."""
    rows = [{"id": value} for value in written]
    with models.build(["ids"], {"texts": (f"id {sql_type}", rows)}) as connection:
        return [value for (value,) in connection.sql(f"select {column} from ids").fetchall()]


Rows = list[dict[str, Any]]


def references(models: Models, customers: Sequence[str], orders: Mapping[date, Sequence[str | None]]) -> Rows:
    """The rows on the buyers of orders of 10.00 each, by load date; the order's id is its place."""
    rows = [
        {"system": "shop", "source_id": f"{load}/{place}", "customer_source_id": buyer, "_load_date": load}
        for load, buyers in orders.items()
        for place, buyer in enumerate(buyers)
    ]
    lines = [{**row, "order_source_id": row["source_id"], "product_source_id": "sku", "net_amount": 10} for row in rows]
    lines.append({"system": "shop", "source_id": "of a deleted order", "order_source_id": "D", "_load_date": DAY})
    gone = [{"entity": "orders", "system": "shop", "source_id": "D", "is_deleted": True}] * 2
    given: dict[str, Table] = {
        # every version of a customer stays behind the door
        "int_customers__unioned": (IDS, [{"system": "shop", "source_id": name} for name in customers] * 2),
        "int_orders__unioned": (f"{IDS}, customer_source_id varchar, _load_date date", rows),
        "orders__amounts": (f"{IDS}, net_amount decimal(18,2)", [{**row, "net_amount": 10} for row in rows]),
        "int_order_lines__unioned": (f"{RECORD}, product_source_id varchar, net_amount decimal(18,2)", lines),
        "int_products__unioned": (IDS, []),
        "int_cases__unioned": (IDS, []),
        "int_surveys__unioned": (IDS, []),
        "int_survey_invitations__unioned": (IDS, []),
        "int_records__deleted": (f"entity varchar, {IDS}, is_deleted boolean", gone),
    }
    with models.build(["quality_references"], given) as connection:
        query = connection.sql("select * from quality_references order by load_date")
        built = [dict(zip(query.columns, row, strict=True)) for row in query.fetchall()]
    assert {row["reference"] for row in built} == {"customer_source_id", "order_source_id"}, "no sku"
    assert all(row["unresolved_row_count"] == 0 for row in built if row["reference"] == "order_source_id")
    return [row for row in built if row["reference"] == "customer_source_id"]


@pytest.mark.parametrize(
    ("written", "one"),
    [
        ("77.0", "77"),
        ("77.00", "77"),
        ("-5.0", "-5"),
        ("0.0", "0"),
        (" 77\u00a0", "77"),
        ("77\u200b", "77"),
        (GUID.upper(), GUID),
        (f"{{{GUID.upper()}}}", GUID),
        (GUID.replace("-", "").upper(), GUID.replace("-", "")),
        ("Mu\u0308ller", "M\u00fcller"),
        # what differs otherwise is another id
        ("007", "007"),
        ("007.0", "007.0"),
        ("77.5", "77.5"),
        ("c77", "c77"),
        ("C77", "C77"),
        ("1.00123E+15", "1.00123E+15"),
        ("C-77.0", "C-77.0"),
    ],
)
def test_one_id_has_one_text(models: Models, written: str, one: str) -> None:
    assert ids(models, "own", written) == ids(models, "reference", written) == [one]


@pytest.mark.parametrize("sql_type", ["double", "float", "decimal(9,2)", "bigint", "utinyint"])
def test_whole_floats_and_decimals_are_whole_numbers(models: Models, sql_type: str) -> None:
    assert ids(models, "own", 77, sql_type=sql_type) == ["77"]


def test_a_blank_or_missing_float_is_no_reference(models: Models) -> None:
    assert ids(models, "reference", "  ", "nan", None) == [None] * 3


def test_a_shared_id_keeps_its_system_and_loses_what_ids_lose(models: Models) -> None:
    written = [f"crm: {GUID.upper()}", "crm:77.0", "crm:", "77.0"]
    assert ids(models, "shared", *written) == [f"crm:{GUID}", "crm:77", None, "77"]


def test_guests_are_not_unresolved(models: Models) -> None:
    [row] = references(models, ["1", "2"], {DAY: ["1", "2", None, "1", "9"]})
    assert (row["row_count"], row["missing_row_count"], row["unresolved_row_count"]) == (5, 1, 1)
    assert (float(row["unresolved_rate"]), row["amount"], row["unresolved_amount"]) == (0.25, 50, 10)
    assert row["severity"] == "warn"


NUMBERS = [f"{number:05d}" for number in range(1, 41)]


@pytest.mark.parametrize(
    ("known", "named", "cause"),
    [
        (NUMBERS, [name.lstrip("0") for name in NUMBERS], "40 of 40 would match with leading zeros"),
        ([name.lstrip("0") for name in NUMBERS], NUMBERS, "40 of 40 would match without leading zeros"),
        ([f"c{name}" for name in NUMBERS], [f"C{name}" for name in NUMBERS], "40 of 40 would match in the other case"),
        (["1234"], ["1.234"] * 3, "3 of 3 would match as whole numbers"),
        (["77"], ["77,0"], "1 of 1 would match as whole numbers"),
        ([GUID], [GUID.replace("-", "")], "1 of 1 would match without punctuation"),
        (["1"], ["1.00123E+15", "7"], "1 of 2 are in scientific notation, so their digits are lost"),
        (["1"], ["NULL", "x"], "1 of 2 are a text for no value"),
        ([*NUMBERS[1:], "x"], [name.lstrip("0") for name in NUMBERS], "39 of 40 would match with leading zeros"),
    ],
)
def test_the_likely_cause_is_counted_in_the_data(
    models: Models, known: list[str], named: list[str], cause: str
) -> None:
    [row] = references(models, known, {DAY: named})
    assert row["unresolved_row_count"] == len(named)
    assert row["hint"] == cause


def test_no_cause_is_invented(models: Models) -> None:
    [row] = references(models, ["1"], {DAY: ["8", "9"]})
    assert row["hint"] is None


def test_a_rise_above_the_usual_share_is_red_and_the_first_load_is_a_warning(models: Models) -> None:
    half = ["1"] * 20 + ["9"] * 20
    first, second = references(models, ["1"], {DAY: half, NEXT_DAY: half})
    assert (first["severity"], second["severity"]) == ("warn", "warn"), "half is usual here"
    assert float(second["usual_unresolved_rate"]) == 0.5
    _, worse = references(models, ["1"], {DAY: ["1"] * 40, NEXT_DAY: half})
    assert (worse["severity"], worse["is_newest_load"]) == ("red", True)


def test_a_few_rows_never_stop_a_night(models: Models) -> None:
    _, row = references(models, ["1"], {DAY: ["1"] * 40, NEXT_DAY: ["9"] * 19})
    assert row["severity"] == "warn"
    [row] = references(models, ["1"], {DAY: ["1"] * 99 + ["9"]})
    assert row["severity"] == "ok", "1 % is below the limit"

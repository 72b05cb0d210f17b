"""Rules whose condition names several columns: expressions that staging computes, and rules for some of the rows."""

from __future__ import annotations

import pyarrow as pa
import pytest

from expectations import rules
from expectations.suite import RowRule
from orchestration.base.errors import InfrastructureError
from orchestration.gates.judge import broken_row_rules
from orchestration.gates.rule_results import row_results

TOTAL = "cast(quantity as integer) * cast(unit_price as decimal(18, 2))"
OVER = ("quantity", "unit_price")


def texts(**columns: list[str | None]) -> pa.Table:
    """Rows as text formats deliver them."""
    return pa.table({name: pa.array(values, pa.string()) for name, values in columns.items()})


def reasons(judged: tuple[RowRule, ...], rows: pa.Table) -> dict[int, list[str]]:
    """The reasons against each row, by its number."""
    return {row: [one.reason for one in broken] for row, broken in broken_row_rules("demo", judged, rows).items()}


ROWS = texts(quantity=["2", "two", None, "3", "2147483648"], unit_price=["1.50", "1", "1", None, "1"])


def test_an_expression_that_fails_on_a_row_refuses_the_row_and_null_is_a_result() -> None:
    told = ["net_amount cannot be computed from quantity, unit_price"]
    assert reasons(rules.computable("net_amount", TOTAL, OVER), ROWS) == {1: told, 4: told}


def test_an_expression_that_must_have_a_value_refuses_null_with_another_reason_than_an_error() -> None:
    error, null = (
        ["net_amount cannot be computed from quantity, unit_price"],
        ["net_amount computed from quantity, unit_price is missing"],
    )
    judged = rules.computable("net_amount", TOTAL, OVER, may_be_null=False)
    assert reasons(judged, ROWS) == {1: error, 2: null, 3: null, 4: error}


def test_expressions_with_parts_in_common_are_judged_beside_each_other() -> None:
    # the optimizer of DuckDB would take the cast that both share out of try()
    judged = (
        *rules.computable("double", "cast(quantity as integer) * 2", ("quantity",), may_be_null=False),
        *rules.computable("squared", "cast(quantity as integer) * cast(quantity as integer)", ("quantity",)),
        *rules.whole_number("quantity"),
    )
    assert reasons(judged, texts(quantity=["2", "two"])) == {
        1: [
            "double cannot be computed from quantity",
            "squared cannot be computed from quantity",
            "quantity 'two' is no whole number",
        ]
    }


def test_an_expression_may_read_nested_typed_values() -> None:
    rows = pa.table({"item": [{"price": "1"}, {"price": "free"}, None]})
    judged = rules.computable("price", "cast(item.price as integer)", ("item",))
    assert reasons(judged, rows) == {1: ["price cannot be computed from item"]}


def test_a_column_of_an_expression_that_is_not_delivered_is_null() -> None:
    judged = rules.computable("amount", "cast(coalesce(net, gross) as decimal(18, 2))", ("net", "gross"))
    assert reasons(judged, texts(gross=["1.5", "much", None])) == {1: ["amount cannot be computed from net, gross"]}
    # without any of them there is nothing to judge
    assert reasons(judged, texts(id=["1"])) == {}


@pytest.mark.parametrize("name", ["value", "other", "Unit Price", 'a "b"'])
def test_the_columns_of_an_expression_may_have_any_name(name: str) -> None:
    quoted = '"' + name.replace('"', '""') + '"'
    judged = (*rules.computable("price", f"cast({quoted} as integer)", (name,)), *rules.whole_number("id"))
    assert list(reasons(judged, pa.table({"id": ["1", "2"], name: ["1", "x"]}))) == [1]
    guarded = rules.when(f"{quoted} = 'x'", (name,), rules.whole_number("id", high=0))
    assert list(reasons(guarded, pa.table({"id": ["1", "2"], name: ["1", "x"]}))) == [1]


def test_an_expression_may_end_in_a_comment() -> None:
    judged = rules.computable("x", "cast(a as integer) -- whole", ("a",), may_be_null=False)
    assert list(reasons(rules.when("a <> '1' -- not one", ("a",), judged), texts(a=["1", "2", "b"]))) == [2]


def test_an_expression_that_names_an_unknown_column_is_a_fault_of_the_rule() -> None:
    with pytest.raises(InfrastructureError, match=r"(?s)the rule 'x cannot be computed from a'.*nowhere"):
        reasons(rules.computable("x", "nowhere + 1", ("a",)), texts(a=["1"]))


CALLS = texts(
    type=["CALL", "CALL", "MAIL", "MAIL", None],
    duration=["5", None, None, "long", "long"],
)
OF_CALLS = (*rules.required("duration"), *rules.whole_number("duration", low=0))


def test_rules_with_a_condition_judge_only_the_rows_that_meet_it() -> None:
    judged = rules.when("type = 'CALL'", ("type",), OF_CALLS)
    assert reasons(judged, CALLS) == {1: ["duration is missing, where type = 'CALL'"]}
    negated = rules.when("type <> 'CALL'", ("type",), OF_CALLS)
    assert reasons(negated, CALLS) == {
        2: ["duration is missing, where type <> 'CALL'"],
        3: ["duration 'long' is no whole number, where type <> 'CALL'"],
    }


def test_a_condition_within_a_condition_judges_the_rows_that_meet_both() -> None:
    inner = rules.when("duration is not null or type is null", ("duration", "type"), OF_CALLS)
    judged = rules.when("type = 'MAIL' or type is null", ("type",), inner)
    assert list(reasons(judged, CALLS)) == [3, 4]
    assert judged[0].when is not None
    assert judged[0].when.over == ("duration", "type")


def test_a_condition_that_cannot_be_computed_judges_no_row_and_stops_nothing() -> None:
    judged = rules.when("cast(duration as integer) >= 0", ("duration",), rules.one_of("type", "MAIL"))
    assert list(reasons(judged, CALLS)) == [0]


def test_a_condition_over_a_column_that_is_not_delivered_is_not_met() -> None:
    rows = texts(duration=["long"])
    assert reasons(rules.when("type = 'CALL'", ("type",), OF_CALLS), rows) == {}
    assert list(reasons(rules.when("type is null", ("type",), OF_CALLS), rows)) == [0]


def test_an_expression_is_judged_only_where_its_condition_holds() -> None:
    judged = rules.when("type = 'CALL'", ("type",), rules.computable("x", "cast(duration as integer)", ("duration",)))
    assert reasons(judged, texts(type=["CALL", "MAIL"], duration=["long", "long"])) == {
        0: ["x cannot be computed from duration, where type = 'CALL'"]
    }


def test_rows_are_evaluated_where_a_column_of_the_expression_was_delivered() -> None:
    judged = rules.computable("net_amount", TOTAL, OVER)
    profiles = [
        {"source_row_count": 7, "columns": {"quantity": "text"}},
        {"source_row_count": 5, "columns": {"order_number": "text"}},
    ]
    assert row_results(judged, profiles)[1].evaluated_count == 7

"""The rules of a table as data: what each key promises, and how a mistake in it is told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import yaml

from expectations.suite import RawSuite
from orchestration.base.errors import PipelineError
from orchestration.config.table_rules import TableRules, rules_by_system, rules_by_table, suite_of_rules
from orchestration.gates.judge import broken_row_rules

TABLE = "till__sales"


def suite(text: str) -> RawSuite:
    """The suite of rules that are written in YAML."""
    return suite_of_rules(TABLE, TableRules.model_validate(yaml.safe_load(text)))


def refused(text: str, currency: str | None = None, **columns: list[Any]) -> dict[int, list[str]]:
    """What is told of each row that the rules refuse, by its number."""
    broken = broken_row_rules(TABLE, suite(text).rows, pa.table(columns), currency=currency)
    return {row: [one.reason for one in told] for row, told in broken.items()}


@pytest.mark.parametrize(
    ("text", "values", "bad"),
    [
        ("required: [x]", ["a", None], [1]),
        ("instant: [x]", ["2026-01-31T10:00Z", "2026-01-31 10:00"], [1]),
        ("wall_clock: [x]", ["2026-01-31T10:00Z", "2026-01-31 10:00"], [0]),
        ("moment: [x]", ["2026-01-31T10:00Z", "2026-01-31 10:00", "31.01.2026"], [2]),
        ("boolean: [x]", ["true", "0", "perhaps"], [2]),
        ("currency: [x]", ["EUR", "USD"], [1]),
        ("whole_number: [x]", ["-3", "1.5"], [1]),
        ("whole_number: {x: {}}", ["-3", "1.5"], [1]),
        ("whole_number: {x: {low: 1, high: 5}}", ["0", "1", "5", "6"], [0, 3]),
        ("amount: [x]", ["-1.50", "1,50"], [1]),
        ("amount: {x: {low: 0.5}}", ["0.49", "0.50", "9"], [0]),
        ("amount_with_comma: [x]", ["-1,50", "1.50"], [1]),
        ("amount_with_comma: {x: {high: 10}}", ["10,00", "10,01"], [1]),
        ("one_of: {x: [open, it's shut]}", ["open", "it's shut", "shut"], [2]),
        ("text_at_most: {x: 3}", ["abc", "abcd"], [1]),
        ("filled_list: [x]", ["[1]", "[]"], [1]),
        ("distinct_elements: {x: n}", ['[{"n": 1}, {"n": 2}]', '[{"n": 1}, {"n": 1}]'], [1]),
        ("each: {x: [{condition: cast(element as integer) > 1, reason: too low}]}", ["[2]", "[2, 1]"], [1]),
        ("expression: [{column: x, condition: value like 'A%', reason: no A}]", ["A1", "B1"], [1]),
    ],
)
def test_a_key_refuses_the_rows_that_break_its_rule(text: str, values: list[str | None], bad: list[int]) -> None:
    rows = [None, *values] if "required" not in text else values
    shift = len(rows) - len(values)
    assert sorted(refused(text, currency="EUR", x=rows)) == [row + shift for row in bad]


def test_no_later_time_lies_before_the_first() -> None:
    rules = "not_before: {ordered: [sent, arrived], sent: [arrived]}"
    assert refused(
        rules, ordered=["2026-01-02"] * 2, sent=["2026-01-01", "2026-01-04"], arrived=["2026-01-03"] * 2
    ) == {
        0: ["sent '2026-01-01' lies before ordered"],
        1: ["arrived '2026-01-03' lies before sent"],
    }


def test_a_reason_of_the_file_is_told_with_the_delivered_value() -> None:
    rules = "expression: [{column: x, condition: value like 'A%', reason: \"x '{value}' is no code\"}]"
    assert refused(rules, x=["B1"]) == {0: ["x 'B1' is no code"]}
    each = """
        each:
          x:
            - {condition: cast(element as integer) > 1, reason: an element is too low}
            - {condition: cast(element as integer) < 9, reason: an element is too high}
    """
    assert refused(each, x=["[1]", "[9]", "[5]"]) == {0: ["an element is too low"], 1: ["an element is too high"]}


def test_every_table_has_the_standard_rules_of_a_batch_and_others_where_they_are_named() -> None:
    def figures(text: str) -> set[str]:
        return {rule.figure for rule in suite(text).batch}

    standard = figures("{}")
    assert {"missing_column_count", "rejected_rate", "duplicate_rate", "replaced_rate", "snapshot_loss"} <= standard
    assert figures("changes_of_the_night: t") - standard == {
        "row_count",
        "repeated_rate",
        "new_row_count",
        "days_behind",
        "days_ahead",
    }
    assert figures("no_misread_text: [name]") - standard == {"misread_count"}
    assert figures("amounts_like_recent_loads: [a, b]") - standard == {"mean_a", "median_a", "mean_b", "median_b"}
    assert figures("scores_like_recent_loads: {stars: stars / 5}") - standard == {"mean_stars"}


def test_amounts_are_compared_as_the_rules_of_their_column_read_them() -> None:
    rules = "{amount: [net], amount_with_comma: [gross], amounts_like_recent_loads: [net, gross]}"
    figures = {name: sql for rule in suite(rules).batch for name, sql in rule.figures.items()}
    assert "replace(\"gross\", ',', '.')" in figures["median_gross"]
    assert "replace" not in figures["median_net"]


def test_the_columns_of_the_file_are_those_that_are_promised() -> None:
    made = suite("{columns: [id, t], optional: [x], changed_at: t}")
    assert (made.table, made.required, made.optional, made.changed_at) == (TABLE, ("id", "t"), ("x",), "t")


def test_every_column_that_a_rule_judges_is_known_by_name() -> None:
    rules = TableRules.model_validate(
        yaml.safe_load("""
            columns: [id]
            changed_at: changed
            changes_of_the_night: booked
            whole_number: {pieces: {low: 1}}
            not_before: {ordered: [sent]}
            expression: [{column: code, condition: value > '', reason: empty}]
            no_misread_text: [name]
            scores_like_recent_loads: {stars: stars / 5}
        """)
    )
    assert sorted(rules.judged) == [
        "booked",
        "changed",
        "code",
        "name",
        "ordered",
        "pieces",
        "sent",
        "stars",
    ]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("requierd: [id]", "sales.requierd: unknown key, did you mean 'required'?"),
        ("whole_numbers: [id]", "sales.whole_numbers: unknown key, did you mean 'whole_number'?"),
        ("currencies: [id]", "sales.currencies: unknown key, did you mean 'currency'?"),
        ("amount: {net: {lo: 0}}", "sales.amount.net.lo: unknown key, did you mean 'low'?"),
        (
            "each: {x: [{condition: 'true', reasons: no}]}",
            "sales.each.x.0.reasons: unknown key, did you mean 'reason'?",
        ),
        ("required: id", "sales.required: write a list, as in [email, phone]"),
        ("instant: {created_at: UTC}", "sales.instant: write a list, as in [email, phone]"),
        ("required: [id, id]", "sales.required: 'id' is listed twice"),
        ("required: [on]", "sales.required.0: True is not text: write it in quotes"),
        ("required: ['']", "sales.required.0: the text is empty"),
        ("whole_number: id", "sales.whole_number: write a list, as in [quantity], or with bounds {quantity: {low: 1}}"),
        ("whole_number: {low: 1}", "sales.whole_number.low: write a mapping, as in {low: 0, high: 10}"),
        ("whole_number: {id: {low: one}}", "sales.whole_number.id.low"),
        ("amount: {net: {low: 5, high: 1}}", "sales.amount.net: low must not be above high"),
        ("one_of: [state]", "sales.one_of: write a mapping, as in {status: [open, closed]}"),
        ("one_of: {state: open}", "sales.one_of.state: write a list, as in [open, closed]"),
        ("one_of: {state: [1, 2]}", "sales.one_of.state.0: 1 is not text: write it in quotes"),
        ("one_of: {state: []}", "sales.one_of.state"),
        ("text_at_most: [email]", "sales.text_at_most: write a mapping, as in {email: 254}"),
        ("text_at_most: {email: 0}", "sales.text_at_most.email"),
        ("not_before: {a: b}", "sales.not_before.a: write a list, as in [shipped_at, delivered_at]"),
        ("expression: [{column: a}]", "sales.expression.0.condition: Field required"),
        ("scores_like_recent_loads: [stars]", "sales.scores_like_recent_loads: write a mapping, as in {stars: "),
        ("{columns: [a, b], optional: [b]}", "sales: 'b' is in columns and in optional: keep one of them"),
    ],
)
def test_a_mistake_is_told_with_its_place_and_what_to_write(tmp_path: Path, text: str, told: str) -> None:
    (tmp_path / "rules.yml").write_text(f"sales: {text if text.startswith('{') else '{' + text + '}'}\n")
    with pytest.raises(PipelineError) as raised:
        rules_by_table(tmp_path / "rules.yml", "systems/till/rules.yml")
    header, *problems = str(raised.value).split("\n  ")
    assert header == "systems/till/rules.yml has invalid rules:"
    assert any(problem.startswith(told) for problem in problems)


def test_a_file_holds_the_rules_of_one_system_or_of_several(tmp_path: Path) -> None:
    path = tmp_path / "rules.yml"
    path.write_text("till: {sales: {required: [id]}}\nshop: {orders: {}, lines: {columns: [id]}}\n")
    rules = rules_by_system(path, "rules.yml")
    assert rules["till"]["sales"].required == ("id",)
    assert rules["shop"] == {"orders": TableRules(), "lines": TableRules(columns=("id",))}
    path.write_text("# none yet\n")
    assert rules_by_system(path, "rules.yml") == {}
    assert rules_by_table(path, "rules.yml") == {}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("till: {sales: {required: [id], required: [no]}}", "line 1: the key 'required' stands twice"),
        ("till: {sales: {requierd: [id]}}", "till.sales.requierd: unknown key, did you mean 'required'?"),
        ("till: sales", "till: "),
        ("sales", "the file: "),
    ],
)
def test_a_file_that_is_no_mapping_of_rules_is_refused(tmp_path: Path, text: str, told: str) -> None:
    (tmp_path / "rules.yml").write_text(text)
    with pytest.raises(PipelineError, match=r"^rules\.yml ") as raised:
        rules_by_system(tmp_path / "rules.yml", "rules.yml")
    assert told in str(raised.value)

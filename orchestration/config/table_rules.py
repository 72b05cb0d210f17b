"""The rules of a delivered table as data (``rules.yml``, or ``rules:`` of a table), and the suite that they make.

Add here keys of rules and how they are written; keep out what a rule means (``expectations/``) and rules that follow
from the deployment's file (``gates/suites.py``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import BeforeValidator, Field, StrictFloat, StrictInt, TypeAdapter, ValidationError, model_validator

from expectations import batch_rules, compared_values, nested_rules
from expectations import rules as row_rules
from expectations.suite import ProfileRule, RawSuite, RowRule
from orchestration.base.errors import PipelineError
from orchestration.config.mistakes import explain
from orchestration.config.settings import Strict
from orchestration.config.yaml_file import FileProblemError, read_yaml

Rules = TypeVar("Rules")


def _is_text(value: object) -> object:
    if not isinstance(value, str):
        raise ValueError(f"{value!r} is not text: write it in quotes")  # noqa: TRY004 - pydantic reports value errors
    if not value.strip():
        raise ValueError("the text is empty")
    return value


def _is_list(example: str) -> Callable[[object], object]:
    def checked(value: object) -> object:
        if not isinstance(value, list | tuple):
            raise ValueError(f"write a list, as in {example}")  # noqa: TRY004 - likewise
        for place, one in enumerate(value):
            if one in value[:place]:
                raise ValueError(f"{one!r} is listed twice")
        return value

    return checked


def _is_mapping(example: str) -> Callable[[object], object]:
    def checked(value: object) -> object:
        if not isinstance(value, dict):
            raise ValueError(f"write a mapping, as in {example}")  # noqa: TRY004 - likewise
        return value

    return checked


def _with_bounds(value: Any) -> Any:
    """A list of columns as columns without bounds."""
    if isinstance(value, dict):
        return value
    _is_list("[quantity], or with bounds {quantity: {low: 1}}")(value)
    return {_is_text(column): {} for column in value}


class Bounds(Strict):
    """The bounds of a number; both are within."""

    low: StrictInt | StrictFloat | None = None
    high: StrictInt | StrictFloat | None = None

    @model_validator(mode="after")
    def _are_ordered(self) -> Bounds:
        if self.low is not None and self.high is not None and self.low > self.high:
            raise ValueError("low must not be above high")
        return self


class ElementRule(Strict):
    """What every element of a nested list meets."""

    condition: str = Field(min_length=1, description="SQL over element, which is JSON.")
    reason: str = Field(min_length=1)


class ExpressionRule(Strict):
    """What a column meets, as SQL."""

    column: str = Field(min_length=1)
    condition: str = Field(min_length=1, description="SQL over value; a missing value is not judged.")
    reason: str = Field(min_length=1, description="Why a row is refused; {value} is replaced by the delivered value.")


def _are_bounds(value: object) -> object:
    return value if isinstance(value, Bounds) else _is_mapping("{low: 0, high: 10}")(value)


Text = Annotated[str, BeforeValidator(_is_text)]
Columns = Annotated[tuple[Text, ...], BeforeValidator(_is_list("[email, phone]"))]
Numbers = Annotated[dict[Text, Annotated[Bounds, BeforeValidator(_are_bounds)]], BeforeValidator(_with_bounds)]


class TableRules(Strict):
    """The rules of one table."""

    columns: Columns = Field((), description="Columns that must be delivered.")
    optional: Columns = Field((), description="Columns that may be missing; they land as nulls.")
    changed_at: Text | None = Field(None, description="Column that dates the changes of a record.")
    changes_of_the_night: Text | None = Field(
        None, description="Column whose time puts a row into the window: the rows are the changes of the window."
    )

    required: Columns = Field((), description="Columns that have a value.")
    one_of: Annotated[
        dict[Text, Annotated[tuple[Text, ...], BeforeValidator(_is_list("[open, closed]")), Field(min_length=1)]],
        BeforeValidator(_is_mapping("{status: [open, closed]}")),
    ] = Field({}, description="The values that a column may have.")
    currency: Columns = Field((), description="The currency of the deployment.")
    boolean: Columns = Field((), description="True or false.")
    whole_number: Numbers = Field({}, description="Whole numbers, within bounds where given.")
    amount: Numbers = Field({}, description="Numbers with decimals.")
    amount_with_comma: Numbers = Field({}, description="The same with a decimal comma.")
    instant: Columns = Field((), description="Times with an offset.")
    wall_clock: Columns = Field((), description="Times without an offset.")
    moment: Columns = Field((), description="Times with an offset or without.")
    not_before: Annotated[
        dict[
            Text,
            Annotated[tuple[Text, ...], BeforeValidator(_is_list("[shipped_at, delivered_at]")), Field(min_length=1)],
        ],
        BeforeValidator(_is_mapping("{ordered_at: [shipped_at, delivered_at]}")),
    ] = Field({}, description="The times that do not lie before another, by that other.")
    text_at_most: Annotated[
        dict[Text, Annotated[StrictInt, Field(ge=1)]], BeforeValidator(_is_mapping("{email: 254}"))
    ] = Field({}, description="The greatest length of a text, in characters.")
    filled_list: Columns = Field((), description="Nested lists with at least one element.")
    each: Annotated[
        dict[
            Text,
            Annotated[tuple[ElementRule, ...], BeforeValidator(_is_list("[{condition: ..., reason: ...}]"))],
        ],
        BeforeValidator(_is_mapping("{answers: [{condition: ..., reason: ...}]}")),
    ] = Field({}, description="What the elements of a nested list meet.")
    distinct_elements: Annotated[dict[Text, Text], BeforeValidator(_is_mapping("{answers: question}"))] = Field(
        {}, description="The name in the elements of a nested list under which no value repeats."
    )
    expression: Annotated[
        tuple[ExpressionRule, ...], BeforeValidator(_is_list("[{column: ..., condition: ..., reason: ...}]"))
    ] = ()

    no_misread_text: Columns = Field((), description="Columns where UTF-8 that was read as Latin-1 is a warning.")
    amounts_like_recent_loads: Columns = Field((), description="Amounts whose mean and median are compared.")
    scores_like_recent_loads: Annotated[
        dict[Text, Text], BeforeValidator(_is_mapping("{stars: (cast(stars as double) - 1) / 4}"))
    ] = Field({}, description="SQL for where on its scale a row's score lies (0 to 1), by the column of the score.")

    @model_validator(mode="after")
    def _promises_a_column_once(self) -> TableRules:
        if both := sorted({*self.columns} & {*self.optional}):
            raise ValueError(f"'{both[0]}' is in columns and in optional: keep one of them")
        return self

    @property
    def judged(self) -> tuple[str, ...]:
        """Every column that a rule judges by its name: one that is not promised would be judged nowhere."""
        of_batch = (self.changes_of_the_night, *self.no_misread_text, *self.amounts_like_recent_loads)
        of_rows = (name for rule in _row_rules(self) for name in rule.columns)
        named = (self.changed_at, *of_rows, *of_batch, *self.scores_like_recent_loads)
        return tuple(dict.fromkeys(name for name in named if name))


def suite_of_rules(table_name: str, rules: TableRules) -> RawSuite:
    """Return the suite of gate 1 that the rules make.

    Args:
        table_name: the landed table, ``<system>__<table>``.
    """
    return RawSuite(
        table=table_name,
        required=rules.columns,
        optional=rules.optional,
        rows=_row_rules(rules),
        batch=tuple(_batch_rules(rules)),
        changed_at=rules.changed_at,
    )


def _row_rules(rules: TableRules) -> tuple[RowRule, ...]:
    bounded = {
        key: [(column, of.low, of.high) for column, of in getattr(rules, key).items()]
        for key in ("whole_number", "amount", "amount_with_comma")
    }
    calls: tuple[tuple[Callable[..., tuple[RowRule, ...]], Iterable[tuple[Any, ...]]], ...] = (
        (row_rules.required, [rules.required]),
        (row_rules.one_of, ((column, *values) for column, values in rules.one_of.items())),
        (row_rules.currency, zip(rules.currency)),
        (row_rules.boolean, zip(rules.boolean)),
        (row_rules.whole_number, bounded["whole_number"]),
        (row_rules.amount, bounded["amount"]),
        (row_rules.amount_with_comma, bounded["amount_with_comma"]),
        (row_rules.instant, zip(rules.instant)),
        (row_rules.wall_clock, zip(rules.wall_clock)),
        (row_rules.moment, zip(rules.moment)),
        (row_rules.not_before, ((first, *later) for first, later in rules.not_before.items())),
        (row_rules.text_at_most, rules.text_at_most.items()),
        (nested_rules.filled_list, zip(rules.filled_list)),
        (nested_rules.each, ((name, of.condition, of.reason) for name, all_of in rules.each.items() for of in all_of)),
        (nested_rules.distinct_elements, rules.distinct_elements.items()),
        (_expression, zip(rules.expression)),
    )
    return tuple(rule for make, given in calls for arguments in given for rule in make(*arguments))


def _expression(rule: ExpressionRule) -> tuple[RowRule, ...]:
    return (RowRule(rule.column, rule.reason, rule.condition),)


def _batch_rules(rules: TableRules) -> Iterator[ProfileRule]:
    yield from batch_rules.STANDARD
    if rules.changes_of_the_night:
        yield from batch_rules.changes_of_the_night(rules.changes_of_the_night)
    if rules.no_misread_text:
        yield from batch_rules.no_misread_text(*rules.no_misread_text)
    for column in rules.amounts_like_recent_loads:
        yield from compared_values.amounts_like_recent_loads(column, decimal_comma=column in rules.amount_with_comma)
    for column, share_of_scale in rules.scores_like_recent_loads.items():
        yield from compared_values.scores_like_recent_loads(column, share_of_scale)


def rules_by_table(path: Path, shown: str) -> dict[str, TableRules]:
    """Read the rules of one system's tables: ``<table>: {...}``.

    Args:
        shown: the file's name in messages.

    Raises:
        PipelineError: the file cannot be read, or has an invalid value or key.
    """
    return _read(path, shown, TypeAdapter(dict[str, TableRules]), {})


def rules_by_system(path: Path, shown: str) -> dict[str, dict[str, TableRules]]:
    """Read the rules of a deployment's tables: ``<system>: <table>: {...}``.

    Args:
        shown: the file's name in messages.

    Raises:
        PipelineError: the file cannot be read, or has an invalid value or key.
    """
    return _read(path, shown, TypeAdapter(dict[str, dict[str, TableRules]]), {})


def _read(path: Path, shown: str, kind: TypeAdapter[Rules], empty: Rules) -> Rules:
    try:
        content: Any = read_yaml(path)
    except FileProblemError as error:
        raise PipelineError(f"{shown} is not valid YAML: {error}") from error
    try:
        return empty if content is None else kind.validate_python(content)
    except ValidationError as error:
        known = (TableRules, Bounds, ElementRule, ExpressionRule)
        problems = "\n".join(f"  {explain(problem, known)}" for problem in error.errors())
        raise PipelineError(f"{shown} has invalid rules:\n{problems}") from error

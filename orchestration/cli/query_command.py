"""The command ``cx360 query``. Keep out how a query is answered (``query.py``)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click

from orchestration.cli.group import Answer, json_option
from orchestration.cli.options import deployment_option
from orchestration.config.deployment import load_deployment

WHOLE_LINES = 2000
"""Characters of a line that is not on a terminal: longer than any row."""

GRAINS = ("day", "week", "month", "quarter", "year")


def _names(texts: tuple[str, ...]) -> tuple[str, ...]:
    """The names in texts with commas, each once."""
    return tuple(dict.fromkeys(name.strip() for text in texts for name in text.split(",") if name.strip()))


@click.command()
@deployment_option
@click.argument("metrics", nargs=-1)
@click.option("--by", multiple=True, help="Group by these dimensions, for example segment,journey_stage.")
@click.option("--grain", type=click.Choice(GRAINS), help="Group by time at this grain.")
@click.option("--where", multiple=True, help="A condition on dimensions, for example \"segment = 'premium'\".")
@click.option("--order", multiple=True, help="Order by these columns; -nps is descending  [default: the groups]")
@click.option("--limit", type=click.IntRange(min=1), help="Show at most this many rows.")
@json_option
@click.option("--explain", is_flag=True, help="Print the SQL instead of its answer.")
@click.option("--list", "is_list", is_flag=True, help="List the metrics, or those with METRICS in their name.")
def query(
    deployment: str,
    metrics: tuple[str, ...],
    by: tuple[str, ...],
    grain: str | None,
    where: tuple[str, ...],
    order: tuple[str, ...],
    limit: int | None,
    is_json: bool,
    explain: bool,
    is_list: bool,
) -> Answer:
    """Answer from the published version: METRICS of the semantic layer, for example: cx360 query nps --by segment."""
    names = _names(metrics)
    if not names and not is_list:
        raise click.UsageError("Name a metric, or see them all with --list.")
    settings = load_deployment(deployment)
    from rich.console import Console

    from orchestration.cli.query import current_version, listed, listed_record, record, semantics_of, show
    from orchestration.warehouse.semantic_query import Query, rows_of, statement_of

    version = current_version(settings)
    semantics = semantics_of(version)
    if is_list:
        word = names[0] if names else ""
        known = {"metrics": listed_record(semantics, word)}
        return _answer("\n".join(listed(semantics, word)), known, is_json=is_json)
    groups = tuple(dict.fromkeys(([grain] if grain else []) + list(_names(by))))
    asked = Query(names, groups, where, _names(order), limit)
    statement = statement_of(semantics, asked, settings.minimum_base)
    if explain:
        return _answer(statement.sql, {"sql": statement.sql}, is_json=is_json)
    rows = rows_of(version.database, statement, asked)
    if is_json:
        return Answer(record(version, statement.columns, rows, settings.minimum_base))
    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=WHOLE_LINES)
    show(console, statement.columns, rows)
    return Answer(None)


def _answer(text: str, content: Mapping[str, Any], *, is_json: bool) -> Answer:
    """Print the text, or return the content for a program."""
    if is_json:
        return Answer(content)
    click.echo(text)
    return Answer(None)

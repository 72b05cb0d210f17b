"""The command ``cx360 query``. Keep out how a query is answered (``query.py``)."""

from __future__ import annotations

import click

from orchestration.cli.group import Answer, json_option
from orchestration.cli.options import deployment_option
from orchestration.config.deployment import load_deployment

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
    from orchestration.cli.query import content, current_version, listed, show, wanted
    from orchestration.publication.versions import SEMANTICS
    from orchestration.warehouse.semantic_query import Query, rows_of, statement_of
    from orchestration.warehouse.semantics import Semantics

    version = current_version(settings)
    semantics = Semantics((version.folder / SEMANTICS).read_text(encoding="utf-8"))
    about = {"deployment": settings.name, "version": version.name, "as_of_date": version.as_of_date.isoformat()}
    if is_list:
        metrics_listed = wanted(semantics, names[0] if names else "")
        if not is_json:
            click.echo("\n".join(listed(metrics_listed)))
        return Answer({**about, "metrics": metrics_listed})
    groups = tuple(dict.fromkeys(([grain] if grain else []) + list(_names(by))))
    asked = Query(names, groups, where, _names(order), limit)
    statement = statement_of(semantics, asked, settings.minimum_base)
    if explain:
        if not is_json:
            click.echo(statement.sql)
        return Answer({**about, "sql": statement.sql})
    rows = rows_of(version.database, statement, asked)
    if not is_json:
        show(statement.columns, rows)
    return Answer({**about, "minimum_base": settings.minimum_base, "rows": content(statement.columns, rows)})

"""The command ``cx360 new`` and its options; part of ``main.py``. Keep out what it does (``new.py``)."""

from __future__ import annotations

import os
import re
from datetime import datetime
from pathlib import Path

import click

from orchestration.base.errors import PipelineError
from orchestration.config.deployment_file import roots
from orchestration.config.settings import Strict, Timezone


class _Zone(Strict):
    """A time zone that was named on the command line."""

    name: Timezone


@click.command()
@click.argument("name")
@click.argument("more_files", nargs=-1)
@click.option("--files", multiple=True, help="Files, folders or patterns; several may follow: --files extracts/*.csv")
@click.option("--postgres", metavar="VARIABLE", help="The environment variable with the URL of a PostgreSQL database.")
@click.option("--schema", default="public", show_default=True, help="The schema of the database's tables.")
@click.option("--timezone", help="The company's time zone, such as Europe/Berlin  [default: UTC]")
@click.option("--currency", help="The currency of all amounts, ISO 4217  [default: a guess]")
@click.option(
    "--history-load-date",
    type=click.DateTime(formats=["%Y-%m-%d"]),
    help="The last day of the first delivery  [default: the day of the newest time in it]",
)
@click.option("--owner", help="An e-mail address, or a team written team:<name>  [default: team:<the deployment>]")
def new(
    name: str,
    more_files: tuple[str, ...],
    files: tuple[str, ...],
    postgres: str | None,
    schema: str,
    timezone: str | None,
    currency: str | None,
    history_load_date: datetime | None,
    owner: str | None,
) -> None:
    """Look at data and write a deployment that reads them: deployments/NAME/, or the folder that NAME is a path of.

    Every guess that a person should check has a comment. Nothing that exists is overwritten.
    """
    if bool(files or more_files) == bool(postgres) or (more_files and not files):
        raise click.UsageError("Name the data: --files with files or folders, or --postgres with a variable.")
    from orchestration.cli.new import Options, new_from_files, new_from_postgres

    place = _place(name)
    if timezone:
        _check_timezone(timezone)
    if currency and not re.fullmatch("[A-Z]{3}", currency):
        raise click.UsageError(f"'{currency}' is not a currency such as EUR.")
    options = Options(timezone, currency, history_load_date.date() if history_load_date else None, owner)
    told = (
        new_from_postgres(place, postgres, schema, options)
        if postgres
        else new_from_files(place, (*files, *more_files), options)
    )
    for line in told:
        click.echo(line)


def _place(name: str) -> Path:
    """The folder of the deployment, and its name is a plain word."""
    place = Path(name).expanduser().resolve() if os.sep in name else roots()[0] / name
    if not re.fullmatch("[A-Za-z0-9][A-Za-z0-9_-]*", place.name):
        raise PipelineError(f"'{place.name}' cannot name a deployment: use letters, digits, - and _.")
    return place


def _check_timezone(timezone: str) -> None:
    try:
        _Zone(name=timezone)
    except ValueError:
        raise click.UsageError(f"'{timezone}' is not an IANA time zone (such as Europe/Berlin).") from None

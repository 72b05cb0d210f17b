"""The ``cx360`` command line. Every make target is an alias of one of these commands.

Add here options; keep out what a command does. Heavy modules are imported inside the commands, so that every command
starts quickly.
"""

from __future__ import annotations

import os
import shutil
import sys
import traceback
from datetime import date
from pathlib import Path
from typing import Any

import click

from orchestration.base.errors import PipelineError
from orchestration.base.layout import keep_private
from orchestration.base.paths import Home
from orchestration.cli.entry import INTERRUPTED
from orchestration.cli.home_commands import HOME_COMMANDS, deployment_option
from orchestration.cli.new_command import new
from orchestration.cli.query_command import query
from orchestration.config.deployment import load_deployment


class _Commands(click.Group):
    """Prints a ``PipelineError`` as one message, with ``--trace`` also its stack; ctrl-c ends with exit code 130.

    What a command writes is private.
    """

    def invoke(self, ctx: click.Context) -> object:
        keep_private()
        try:
            return super().invoke(ctx)
        except PipelineError as error:
            if ctx.params.get("trace"):
                traceback.print_exc()
            click.secho(str(error), fg="red", err=True)
            sys.exit(1)
        except KeyboardInterrupt:
            sys.exit(INTERRUPTED)


_extracts = click.option(
    "--extracts",
    type=click.Path(path_type=Path),
    envvar="CX360_EXTRACTS",
    help="The folder of the extracts  [default: data/<deployment>/extracts]",
)


class _Day(click.DateTime):
    """A day, as a date."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        return super().convert(value, param, ctx).date()


_day = _Day(formats=["%Y-%m-%d"])
_repull = click.option("--repull", is_flag=True, help="Pull again what an earlier try of the same command had landed.")
_wait = click.option("--wait", is_flag=True, help="Wait for another run to end, instead of refusing.")


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--trace", is_flag=True, help="Show the stack of an error, and Dagster's log of a run.")
def main(trace: bool) -> None:
    """The customer-experience warehouse: pull extracts, check rows, build tables, check figures, publish.

    All output is written below data/<deployment> (or $CX360_HOME/<deployment>).
    """


@main.command()
@deployment_option
@_extracts
@click.option("--date", "day", type=_day, help="Take this load date only, also when it is published.")
@click.option("--from", "first", type=_day, help="Take the load dates from this one on.")
@click.option("--to", "last", type=_day, help="Take the load dates up to this one.")
@click.option("--full-refresh", is_flag=True, help="Build and publish from the landing even if nothing is pending.")
@_repull
@_wait
def run(
    deployment: str,
    extracts: Path | None,
    day: date | None,
    first: date | None,
    last: date | None,
    full_refresh: bool,
    repull: bool,
    wait: bool,
) -> None:
    """Run the night: every load date that has extracts and is not published, as one run."""
    settings = load_deployment(deployment)
    if day and (first or last):
        raise click.UsageError("--date stands alone: it cannot be combined with --from or --to.")
    if settings.is_demo and extracts is None and not Home.of(settings.name).extracts.exists():
        click.get_current_context().invoke(demo, deployment=deployment)
    from orchestration.cli.console import run_watched

    days = (day or first, day or last)
    sys.exit(run_watched(settings, extracts, *days, full_refresh=full_refresh, repull=repull, wait=wait))


@main.command()
@deployment_option
@_extracts
@click.option("--from", "first", type=_day, required=True, help="The first load date.")
@click.option("--to", "last", type=_day, required=True, help="The last load date.")
@_repull
@_wait
def backfill(deployment: str, extracts: Path | None, first: date, last: date, repull: bool, wait: bool) -> None:
    """Pull a range of load dates again, published or not, as one run; a killed run is resumed."""
    from orchestration.cli.console import run_watched

    sys.exit(run_watched(load_deployment(deployment), extracts, first, last, repull=repull, wait=wait))


@main.command()
@deployment_option
@click.option("--date", "days", type=_day, multiple=True, help="Only this load date; may be repeated.")
def release(deployment: str, days: tuple[date, ...]) -> None:
    """Release load dates on hold after a rollback: the next run loads them again."""
    from orchestration.cli.versions import release as release_holds

    click.echo(release_holds(load_deployment(deployment), days))


@main.command()
@deployment_option
@click.option("--customers", default=10_000, show_default=True, help="Number of customers.")
@click.option("--nights", default=30, show_default=True, help="Number of nightly drops after the history.")
@click.option("--seed", default=7, show_default=True, help="The same seed gives the same files, byte for byte.")
@click.option("--world", default="full", show_default=True, help="full, or plain for a company without effects.")
@click.option(
    "--dirt", default="late_rows", show_default=True, help="all, none, or a comma-separated list of kinds of faults."
)
@click.option("--out", type=click.Path(path_type=Path), help="Output folder  [default: data/<deployment>/extracts]")
def demo(deployment: str, customers: int, nights: int, seed: int, world: str, dirt: str, out: Path | None) -> None:
    """Generate the extracts of the demo company, for the systems that the deployment names."""
    settings = load_deployment(deployment)
    if not settings.is_demo:
        raise PipelineError(
            f"Deployment '{deployment}' is not a demo company (is_demo is false): its systems deliver real extracts."
        )
    from demo.dirt import KINDS
    from demo.make import make_demo

    kinds = {"all": tuple(KINDS), "none": ()}.get(dirt, tuple(dirt.split(",")))
    folder = out or Home.of(settings.name).extracts
    make_demo(settings, folder, customers=customers, nights=nights, seed=seed, world=world, dirt=kinds)


@main.command()
@deployment_option
@_extracts
def check(deployment: str, extracts: Path | None) -> None:
    """Take a sample of each table through gate 1, staging and doors, and test its key. Nothing lands."""
    settings = load_deployment(deployment)
    from rich.console import Console

    from orchestration.cli.check_page import show_check

    folder = extracts or Home.of(settings.name).extracts
    console = Console(highlight=False, soft_wrap=True)
    sys.exit(0 if show_check(settings, folder, console) else 1)


@main.command()
@deployment_option
@click.argument("system")
def eject(deployment: str, system: str) -> None:
    """Write the staging models that the maps of SYSTEM make into the deployment's folder, to go on by hand."""
    from orchestration.cli.eject import eject as lines

    for line in lines(load_deployment(deployment), system):
        click.echo(line)


@main.command()
@deployment_option
@click.option("--table", help="Only this table, <system>__<table>.")
@click.option("--date", "day", type=_day, help="Only this load date.")
@click.option("--explain", is_flag=True, help="Show each row with its reasons and delivered text.")
@click.option("--export", type=click.Path(path_type=Path), help="Export the rows to this file for correction.")
@click.option("--release", type=click.Path(path_type=Path), help="Readmit the corrected rows of this file.")
def quarantine(
    deployment: str, table: str | None, day: date | None, explain: bool, export: Path | None, release: Path | None
) -> None:
    """List the rows in quarantine: units, and the number of rows per broken rule."""
    settings = load_deployment(deployment)
    home = Home.of(settings.name)
    if release and (table or day or explain or export):
        raise click.UsageError("--release cannot be combined with other options: the file names the rows.")
    from orchestration.cli.quarantine import quarantine_lines, released

    lines = (
        released(settings, home, release)
        if release
        else quarantine_lines(settings, home, table, day, is_explained=explain, export_to=export)
    )
    for line in lines:
        click.echo(line)


@main.command()
@deployment_option
@_extracts
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option("--port", default=3000, show_default=True, help="The port to listen on.")
def ui(deployment: str, extracts: Path | None, host: str, port: int) -> None:
    """Start the Dagster UI and the daemon of the schedule."""
    settings = load_deployment(deployment)
    from orchestration.runs.instance import open_instance
    from orchestration.runs.owner import claim

    home = Home.of(settings.name)
    claim(home, settings)
    open_instance(home)
    os.environ["CX360_DEPLOYMENT"] = str(settings.folders[0])
    if extracts:
        os.environ["CX360_EXTRACTS"] = str(extracts.resolve())
    click.echo(f"The Dagster UI of '{settings.name}' will be at http://{host}:{port} (ctrl-c ends it)")
    from orchestration.cli.ui import serve

    serve(host, port, settings.ui.allowed_hosts)


@main.command()
@deployment_option
@click.option("--port", default=8080, show_default=True, help="The port to serve on.")
@click.option("--serve/--no-serve", default=True, help="Serve the site after making it.")
def docs(deployment: str, port: int, serve: bool) -> None:
    """Make the documentation of every table and every check, and serve it on 127.0.0.1."""
    from orchestration.cli.docs import make_docs, server_of

    settings = load_deployment(deployment)
    click.echo(f"Made: {make_docs(settings, Home.of(settings.name))}")
    if serve:
        with server_of(Home.of(settings.name).docs, port) as server:
            click.echo(f"http://127.0.0.1:{server.server_port} (ctrl-c ends it)")
            server.serve_forever()


@main.command(context_settings={"ignore_unknown_options": True})
@deployment_option
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def dbt(deployment: str, arguments: tuple[str, ...]) -> None:
    """Call dbt on the deployment's warehouse, for example: cx360 dbt build --select star."""
    from orchestration.publication.publication import Publication
    from orchestration.warehouse.dbt import run_outside_a_night

    settings = load_deployment(deployment)
    home = Home.of(settings.name)
    result = run_outside_a_night(settings, home, Publication(home).current / "cx360.duckdb", arguments)
    sys.exit(0 if result.success else 1)


@main.command()
@deployment_option
def clean(deployment: str) -> None:
    """Remove everything that the pipeline wrote for a deployment: extracts made, landing, warehouse, versions, runs."""
    home = Home.of(load_deployment(deployment).name)
    from orchestration.runs.lock import hold

    if not home.root.exists():
        click.echo(f"Nothing to remove: {home.root} does not exist.")
        return
    with hold(home, fit=False):
        shutil.rmtree(home.root)
    click.echo(f"Removed {home.root}")


@main.command()
@click.argument("tools", nargs=-1)
@click.option("--fix", is_flag=True, help="Apply the automatic fixes of ruff and sqlfluff.")
def lint(tools: tuple[str, ...], fix: bool) -> None:
    """Run every linter, or only TOOLS: ruff, mypy, yamllint, dbt, sqlfluff."""
    from orchestration.cli.dev import lint as check

    sys.exit(check(tools, fix=fix))


@main.command(context_settings={"ignore_unknown_options": True})
@click.option("--long", "is_long", is_flag=True, help="Run the tests marked long instead of the others.")
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def test(is_long: bool, arguments: tuple[str, ...]) -> None:
    """Run the tests with ARGUMENTS for pytest, for example: cx360 test -k nps."""
    from orchestration.cli.dev import test as check

    sys.exit(check(is_long, arguments))


for command in (new, query, *HOME_COMMANDS):
    main.add_command(command)

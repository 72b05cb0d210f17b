"""The ``cx360`` command line. Every make target is an alias of one of these commands.

Add here options; keep out what a command does. Heavy modules are imported inside the commands, so that every command
starts quickly.
"""

from __future__ import annotations

import os
import shutil
import sys
from contextlib import suppress
from datetime import date
from pathlib import Path

import click

from orchestration.base.paths import Home
from orchestration.cli.group import Answer, Commands, json_option
from orchestration.cli.home_commands import HOME_COMMANDS
from orchestration.cli.new_command import new
from orchestration.cli.options import DAY, deployment_option, extracts_option
from orchestration.cli.query_command import query
from orchestration.cli.run_commands import RUN_COMMANDS
from orchestration.cli.version import print_version
from orchestration.config.deployment import load_deployment


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=print_version,
    help="Show the version and end.",
)
@click.option("--trace", is_flag=True, help="Show the stack of an error, and Dagster's log of a run.")
def main(trace: bool) -> None:
    """The customer-experience warehouse: pull extracts, check rows, build tables, check figures, publish.

    All output is written below data/<deployment> (or $CX360_HOME/<deployment>).
    """


@main.command()
@deployment_option
@click.option("--date", "days", type=DAY, multiple=True, help="Only this load date; may be repeated.")
def release(deployment: str, days: tuple[date, ...]) -> None:
    """Release load dates on hold after a rollback: the next run loads them again."""
    from orchestration.cli.versions import release as release_holds

    click.echo(release_holds(load_deployment(deployment), days))


@main.command()
@deployment_option
@extracts_option
@json_option
def check(deployment: str, extracts: Path | None, is_json: bool) -> Answer:
    """Take a sample of each table through gate 1, staging and doors, and test its key. Nothing lands."""
    settings = load_deployment(deployment)
    from rich.console import Console

    from orchestration.cli.check_page import checked, record, show_check

    found = checked(settings, extracts or Home.of(settings.name).extracts)
    if is_json:
        return Answer(record(settings, found), 0 if found.would_pass else 1)
    show_check(settings, found, Console(highlight=False, soft_wrap=True))
    return Answer(None, 0 if found.would_pass else 1)


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
@click.option("--date", "day", type=DAY, help="Only this load date.")
@click.option("--explain", is_flag=True, help="Show each row with its reasons and delivered text.")
@click.option("--export", type=click.Path(path_type=Path), help="Export the rows to this file for correction.")
@click.option("--release", type=click.Path(path_type=Path), help="Readmit the corrected rows of this file.")
@json_option
def quarantine(
    deployment: str,
    table: str | None,
    day: date | None,
    explain: bool,
    export: Path | None,
    release: Path | None,
    is_json: bool,
) -> Answer:
    """List the rows in quarantine: units, and the number of rows per broken rule."""
    settings = load_deployment(deployment)
    home = Home.of(settings.name)
    if release and (table or day or explain or export):
        raise click.UsageError("--release cannot be combined with other options: the file names the rows.")
    from orchestration.cli.quarantine import quarantine_lines, quarantine_record, released

    if is_json:
        if release or export:
            raise click.UsageError("--json lists the quarantine: it cannot be combined with --release or --export.")
        return Answer(quarantine_record(settings, home, table, day, is_explained=explain))
    lines = (
        released(settings, home, release)
        if release
        else quarantine_lines(settings, home, table, day, is_explained=explain, export_to=export)
    )
    for line in lines:
        click.echo(line)
    return Answer(None)


@main.command()
@deployment_option
@extracts_option
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option("--port", default=3000, show_default=True, help="The port to listen on.")
def ui(deployment: str, extracts: Path | None, host: str, port: int) -> None:
    """Start the Dagster UI and the daemon of the schedule."""
    settings = load_deployment(deployment)
    from orchestration.runs.instance import open_instance
    from orchestration.runs.lock import AlreadyRunningError, hold
    from orchestration.runs.owner import claim
    from orchestration.runs.recovery import fail_runs_of_ui

    home = Home.of(settings.name)
    claim(home, settings)
    open_instance(home)
    os.environ["CX360_DEPLOYMENT"] = str(settings.folders[0])
    if extracts:
        os.environ["CX360_EXTRACTS"] = str(extracts.resolve())
    click.echo(f"The Dagster UI of '{settings.name}' will be at http://{host}:{port} (ctrl-c ends it)")
    from orchestration.cli.ui import serve

    try:
        serve(host, port, settings.ui.allowed_hosts)
    finally:
        # a run in progress elsewhere holds the lock, and is left alone
        with open_instance(home) as instance, suppress(AlreadyRunningError), hold(home, fit=False):
            fail_runs_of_ui(instance)


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


for command in (*RUN_COMMANDS, new, query, *HOME_COMMANDS):
    main.add_command(command)

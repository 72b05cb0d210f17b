"""The ``cx360`` command: what a person types. Every make target is an alias of one of these.

Add here options and what is printed; keep out what is done (``run.py``, ``demo/``, ``dev.py``). Imports of the heavy
libraries stand inside the commands, so that ``--help`` answers at once.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
import traceback
from datetime import date
from pathlib import Path
from typing import Any

import click

from orchestration.base.errors import PipelineError
from orchestration.base.paths import PROJECT, Home
from orchestration.config.deployment import load_deployment


class _Commands(click.Group):
    """Prints what a person must mend as one message; the stack only where it is asked for."""

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except PipelineError as error:
            if ctx.params.get("trace"):
                traceback.print_exc()
            click.secho(str(error), fg="red", err=True)
            sys.exit(1)


_deployment = click.option(
    "--deployment",
    default="demo",
    envvar="CX360_DEPLOYMENT",
    show_default=True,
    help="The file deployments/<name>.yml.",
)
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
_anew = click.option("--anew", is_flag=True, help="Pull also what landed before the same command failed or was killed.")
_wait = click.option("--wait", is_flag=True, help="Wait for another run to end, instead of refusing.")


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--trace", is_flag=True, help="Show the stack of an error, and Dagster's log of a run.")
def main(trace: bool) -> None:
    """The customer-experience warehouse: pull, judge, build, judge again, publish.

    Everything that is written lies below data/<deployment> (or $CX360_HOME/<deployment>).
    """


@main.command()
@_deployment
@_extracts
@click.option("--date", "day", type=_day, help="Take this load date only, also when it is published.")
@click.option("--from", "first", type=_day, help="Take the load dates from this one on.")
@click.option("--to", "last", type=_day, help="Take the load dates up to this one.")
@click.option("--full-refresh", is_flag=True, help="Build and publish from the landing even if nothing is pending.")
@_anew
@_wait
def run(
    deployment: str,
    extracts: Path | None,
    day: date | None,
    first: date | None,
    last: date | None,
    full_refresh: bool,
    anew: bool,
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
    sys.exit(run_watched(settings, extracts, *days, full_refresh=full_refresh, is_anew=anew, wait=wait))


@main.command()
@_deployment
@_extracts
@click.option("--from", "first", type=_day, required=True, help="The first load date.")
@click.option("--to", "last", type=_day, required=True, help="The last load date.")
@_anew
@_wait
def backfill(deployment: str, extracts: Path | None, first: date, last: date, anew: bool, wait: bool) -> None:
    """Pull a range of load dates again, published or not, as one run; what was killed goes on where it was."""
    from orchestration.cli.console import run_watched

    sys.exit(run_watched(load_deployment(deployment), extracts, first, last, is_anew=anew, wait=wait))


@main.command()
@_deployment
def versions(deployment: str) -> None:
    """List the published versions: which is current, which were withdrawn."""
    from orchestration.cli.versions import listed

    click.echo(listed(load_deployment(deployment)))


@main.command()
@_deployment
@click.option("--version", help="The version to withdraw, with every later one  [default: the current one]")
def rollback(deployment: str, version: str | None) -> None:
    """Withdraw a version: readers get the one before, and what it had loaded is held until it is released."""
    from orchestration.cli.versions import roll_back

    click.echo(roll_back(load_deployment(deployment), version))


@main.command()
@_deployment
@click.option("--date", "days", type=_day, multiple=True, help="This load date only; may be given again.")
def release(deployment: str, days: tuple[date, ...]) -> None:
    """Let go the load dates that a withdrawn version holds: the next run takes them again."""
    from orchestration.cli.versions import release as let_go

    click.echo(let_go(load_deployment(deployment), days))


@main.command()
@_deployment
@click.option("--customers", default=10_000, show_default=True, help="How many customers the company has.")
@click.option("--nights", default=30, show_default=True, help="How many nightly drops follow the history.")
@click.option("--seed", default=7, show_default=True, help="The same seed gives the same files, byte for byte.")
@click.option("--world", default="full", show_default=True, help="full, or plain where nothing acts on anything.")
@click.option("--dirt", default="late_rows", show_default=True, help="all, none, or kinds of faults with commas.")
@click.option("--out", type=click.Path(path_type=Path), help="Where to  [default: data/<deployment>/extracts]")
def demo(deployment: str, customers: int, nights: int, seed: int, world: str, dirt: str, out: Path | None) -> None:
    """Make the extracts of the demo company, as far as the deployment names its systems."""
    settings = load_deployment(deployment)
    if not settings.is_demo:
        raise PipelineError(
            f"Deployment '{deployment}' is no demo company (is_demo): its systems deliver by themselves."
        )
    from demo.dirt import KINDS
    from demo.make import make_demo

    kinds = {"all": tuple(KINDS), "none": ()}.get(dirt, tuple(dirt.split(",")))
    folder = out or Home.of(settings.name).extracts
    make_demo(settings, folder, customers=customers, nights=nights, seed=seed, world=world, dirt=kinds)


@main.command()
@_deployment
@_extracts
def check(deployment: str, extracts: Path | None) -> None:
    """Try every connection and judge ten rows of each table: what maps to what, what would fail. Nothing lands."""
    settings = load_deployment(deployment)
    from rich.console import Console

    from orchestration.cli.check_page import show_check

    folder = extracts or Home.of(settings.name).extracts
    sys.exit(0 if show_check(settings, folder, Console(highlight=False, soft_wrap=True)) else 1)


@main.command()
@_deployment
@click.option("--table", help="Only this table, <system>__<table>.")
@click.option("--date", "day", type=_day, help="Only this load date.")
@click.option("--explain", is_flag=True, help="Show each row with its reasons and what was delivered.")
@click.option("--export", type=click.Path(path_type=Path), help="Write the rows to this file, to correct them there.")
@click.option("--release", type=click.Path(path_type=Path), help="Bring back the corrected rows of this file.")
def quarantine(
    deployment: str, table: str | None, day: date | None, explain: bool, export: Path | None, release: Path | None
) -> None:
    """List what the row rules rejected: its units, and how many rows break each rule."""
    settings = load_deployment(deployment)
    home = Home.of(settings.name)
    if release and (table or day or explain or export):
        raise click.UsageError("--release stands alone: the file says which rows it corrects.")
    from orchestration.cli.quarantine import answer, released

    lines = (
        released(settings, home, release)
        if release
        else answer(settings, home, table, day, is_explained=explain, export_to=export)
    )
    for line in lines:
        click.echo(line)


@main.command()
@_deployment
@_extracts
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option("--port", default=3000, show_default=True, help="The port to listen on.")
def ui(deployment: str, extracts: Path | None, host: str, port: int) -> None:
    """Open the Dagster UI, with the schedule's daemon, on the instance that the runs used."""
    settings = load_deployment(deployment)
    from orchestration.runs.instance import open_instance

    home = Home.of(settings.name)
    open_instance(home)
    os.environ["CX360_DEPLOYMENT"] = settings.name
    if extracts:
        os.environ["CX360_EXTRACTS"] = str(extracts.resolve())
    click.echo(f"The Dagster UI of '{settings.name}' will be at http://{host}:{port} (ctrl-c ends it)")
    arguments = ["-w", str(PROJECT / "workspace.yaml"), "-h", host, "-p", str(port)]
    program = Path(sys.executable).with_name("dagster")
    os.execv(program, [str(program), "dev", *arguments])


@main.command()
@_deployment
@click.option("--port", default=8080, show_default=True, help="The port to serve on.")
@click.option("--serve/--no-serve", default=True, help="Serve the site after making it.")
def docs(deployment: str, port: int, serve: bool) -> None:
    """Make the documentation of every table and every check, and serve it on 127.0.0.1."""
    from orchestration.cli.docs import make_docs, server_of

    settings = load_deployment(deployment)
    click.echo(f"Made: {make_docs(settings, Home.of(settings.name))}")
    if serve:
        with server_of(Home.of(settings.name), port) as server, contextlib.suppress(KeyboardInterrupt):
            click.echo(f"http://127.0.0.1:{server.server_port} (ctrl-c ends it)")
            server.serve_forever()


@main.command(context_settings={"ignore_unknown_options": True})
@_deployment
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def dbt(deployment: str, arguments: tuple[str, ...]) -> None:
    """Call dbt on the deployment's warehouse, for example: cx360 dbt build --select star."""
    from orchestration.warehouse.dbt import run_by_hand

    settings = load_deployment(deployment)
    result = run_by_hand(settings, Home.of(settings.name), arguments)
    sys.exit(0 if result.success else 1)


@main.command()
@_deployment
def clean(deployment: str) -> None:
    """Remove everything that the pipeline wrote for a deployment: extracts made, landing, warehouse, versions, runs."""
    home = Home.of(load_deployment(deployment).name)
    from orchestration.runs.lock import hold

    if not home.root.exists():
        click.echo(f"Nothing to remove: {home.root} does not exist.")
        return
    with hold(home):
        shutil.rmtree(home.root)
    click.echo(f"Removed {home.root}")


@main.command()
@click.argument("tools", nargs=-1)
@click.option("--fix", is_flag=True, help="Let ruff and sqlfluff mend what they can.")
def lint(tools: tuple[str, ...], fix: bool) -> None:
    """Check style and types with every linter, or with TOOLS of them: ruff, mypy, yamllint, dbt, sqlfluff."""
    from orchestration.cli.dev import lint as check

    sys.exit(check(tools, fix=fix))


@main.command(context_settings={"ignore_unknown_options": True})
@click.option("--long", "is_long", is_flag=True, help="Run the tests marked long instead of the others.")
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def test(is_long: bool, arguments: tuple[str, ...]) -> None:
    """Run the tests, or pass ARGUMENTS on to pytest: cx360 test -k nps."""
    from orchestration.cli.dev import test as check

    sys.exit(check(is_long, arguments))

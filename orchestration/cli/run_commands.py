"""The commands ``cx360 run``, ``backfill`` and ``demo``, and their options; part of ``main.py``.

Keep out what a run does (``run.py``) and shows (``console.py``). Heavy modules are imported inside the commands.
"""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import click

from orchestration.base.errors import PipelineError
from orchestration.base.paths import Home
from orchestration.cli.group import Answer, json_option
from orchestration.cli.options import DAY, deployment_option, extracts_option
from orchestration.config.deployment import Deployment, load_deployment

_repull = click.option("--repull", is_flag=True, help="Pull again what an earlier try of the same command had landed.")
_wait = click.option("--wait", is_flag=True, help="Wait for another run to end, instead of refusing.")


@click.command()
@deployment_option
@extracts_option
@click.option("--date", "day", type=DAY, help="Take this load date only, also when it is published.")
@click.option("--from", "first", type=DAY, help="Take the load dates from this one on.")
@click.option("--to", "last", type=DAY, help="Take the load dates up to this one.")
@click.option("--full-refresh", is_flag=True, help="Build and publish from the landing even if nothing is pending.")
@click.option("--customers", type=click.IntRange(1), help="Make a demo company of this size first, if there is none.")
@_repull
@_wait
@json_option
def run(
    deployment: str,
    extracts: Path | None,
    day: date | None,
    first: date | None,
    last: date | None,
    full_refresh: bool,
    customers: int | None,
    repull: bool,
    wait: bool,
    is_json: bool,
) -> Answer:
    """Run the night: every load date that has extracts and is not published, as one run."""
    settings = load_deployment(deployment)
    if day and (first or last):
        raise click.UsageError("--date stands alone: it cannot be combined with --from or --to.")
    if customers:
        _refuse_customers(settings, extracts, customers)
    if settings.is_demo and extracts is None and not Home.of(settings.name).extracts.exists():
        size = {"customers": customers} if customers else {}
        click.get_current_context().invoke(demo, deployment=deployment, **size)
    from orchestration.cli.console import run_watched

    days = (day or first, day or last)
    return run_watched(settings, extracts, *days, is_json=is_json, full_refresh=full_refresh, repull=repull, wait=wait)


def _refuse_customers(deployment: Deployment, extracts: Path | None, customers: int) -> None:
    """Refuse a size for extracts that are there, unless they have it."""
    if not deployment.is_demo or extracts:
        source = "the extracts that were named" if extracts else "real extracts"
        raise PipelineError(
            f"--customers (CUSTOMERS=) is the size of a demo company that cx360 makes, and deployment"
            f" '{deployment.name}' reads {source}. Leave it out."
        )
    made = Home.of(deployment.name).extracts / "demo.json"
    if not made.parent.exists():
        return
    known = json.loads(made.read_text(encoding="utf-8")).get("customers") if made.exists() else None
    if known != customers:
        raise PipelineError(
            f"{made.parent} holds a demo company already"
            f"{f' of {known:,} customers' if known else ''}: --customers (CUSTOMERS=) cannot change its size. Leave it"
            f" out, or remove the company first: cx360 clean --deployment {deployment.argument}"
        )


@click.command()
@deployment_option
@extracts_option
@click.option("--from", "first", type=DAY, required=True, help="The first load date.")
@click.option("--to", "last", type=DAY, required=True, help="The last load date.")
@_repull
@_wait
@json_option
def backfill(
    deployment: str, extracts: Path | None, first: date, last: date, repull: bool, wait: bool, is_json: bool
) -> Answer:
    """Pull a range of load dates again, published or not, as one run; a killed run is resumed."""
    from orchestration.cli.console import run_watched

    settings = load_deployment(deployment)
    return run_watched(settings, extracts, first, last, is_json=is_json, repull=repull, wait=wait)


@click.command()
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


RUN_COMMANDS = (run, backfill, demo)

"""The command ``cx360 demo``: generates the extracts and reports the time.

Keep out the behavior of the company (``company.py``) and the writing of files (``generate.py``).
"""

from __future__ import annotations

import time
from pathlib import Path

import click

from demo.generate import generate
from orchestration.config.deployment import Deployment


def make_demo(
    settings: Deployment,
    out: Path,
    *,
    customers: int,
    nights: int,
    seed: int,
    world: str,
    dirt: tuple[str, ...],
) -> None:
    """Write the extracts of the deployment's systems to the folder ``out``."""
    started = time.monotonic()
    click.echo(f"Making the demo company: {customers:,} customers, {nights} nights after the history ...")
    generate(
        out,
        customers=customers,
        nights=nights,
        seed=seed,
        history_load_date=settings.history_load_date,
        world=world,
        dirt=dirt,
        systems=tuple(settings.systems),
    )
    click.echo(f"Made in {time.monotonic() - started:.1f} s: {out}")

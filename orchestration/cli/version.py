"""The option ``--version``: the version of the package and the revision of the code."""

from __future__ import annotations

from importlib.metadata import version

import click

from orchestration.base.revision import code_revision


def print_version(ctx: click.Context, _: click.Parameter, is_asked: bool) -> None:
    """Print the version and end, if it is asked for."""
    if is_asked and not ctx.resilient_parsing:
        click.echo(f"cx360 {version('cx360')}, revision {code_revision()}")
        ctx.exit()

"""The options that several commands have. Keep out what a command does with them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

deployment_option = click.option(
    "--deployment",
    default="demo",
    envvar="CX360_DEPLOYMENT",
    show_default=True,
    help="The name of the deployment, or the path of its folder.",
)
extracts_option = click.option(
    "--extracts",
    type=click.Path(path_type=Path),
    envvar="CX360_EXTRACTS",
    help="The folder of the extracts  [default: data/<deployment>/extracts]",
)


class _Day(click.DateTime):
    """A day, as a date."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        return super().convert(value, param, ctx).date()


DAY = _Day(formats=["%Y-%m-%d"])

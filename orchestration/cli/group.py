"""The group of all commands: how an answer, an error and an interruption reach the terminal or a program.

With ``--json`` a command prints one JSON object on stdout and nothing else, also for an error; everything meant for
people goes to stderr. Keep out the commands (``main.py``).
"""

from __future__ import annotations

import sys
import traceback
from collections.abc import Mapping
from contextlib import nullcontext, redirect_stdout
from dataclasses import dataclass
from typing import Any

import click

from orchestration.base.errors import PipelineError
from orchestration.base.layout import keep_private
from orchestration.cli.entry import INTERRUPTED

IS_JSON = "cx360.is_json"

json_option = click.option("--json", "is_json", is_flag=True, help="Print one JSON object, for a program.")


@dataclass(frozen=True)
class Answer:
    """What a command returns: its exit code, and with ``--json`` the object to print."""

    content: Mapping[str, Any] | None
    exit_code: int = 0


class Commands(click.Group):
    """Prints a ``PipelineError`` as one message, with ``--trace`` also its stack; ctrl-c ends with exit code 130.

    What a command writes is private.
    """

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Note whether the command is to answer in JSON, before its own options are read."""
        ctx.meta[IS_JSON] = "--json" in args
        return super().parse_args(ctx, args)

    def invoke(self, ctx: click.Context) -> object:
        """Call the command, print its answer and end with its exit code."""
        keep_private()
        is_json = bool(ctx.meta[IS_JSON])
        try:
            with redirect_stdout(sys.stderr) if is_json else nullcontext():
                answer = super().invoke(ctx)
        except PipelineError as error:
            if ctx.params.get("trace"):
                traceback.print_exc()
            if not is_json:
                click.secho(str(error), fg="red", err=True)
            answer = Answer({"error": str(error)}, 1)
        except click.ClickException as error:
            if not is_json:
                raise
            answer = Answer({"error": error.format_message()}, error.exit_code)
        except KeyboardInterrupt:
            sys.exit(INTERRUPTED)
        if not isinstance(answer, Answer):
            return answer
        if is_json and answer.content is not None:
            from orchestration.base.state import as_json

            click.echo(as_json({**answer.content, "exit_code": answer.exit_code}))
        sys.exit(answer.exit_code)

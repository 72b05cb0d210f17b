"""Dagster's own web server, with the guard in front of its app: ``python -m orchestration.cli.webserver``.

``ui.py`` starts it as a process. Everything but the guard is Dagster's own command ``dagster-webserver``.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import click
from dagster_webserver import app, cli

from orchestration.cli.web_guard import Guard


@click.command(context_settings={"ignore_unknown_options": True})
@click.option("--allow", "allowed_hosts", multiple=True, help="A name that the UI is served under.")
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def main(allowed_hosts: tuple[str, ...], arguments: tuple[str, ...]) -> None:
    """Run ``dagster-webserver`` with ARGUMENTS behind the guard."""
    create = app.create_app_from_workspace_process_context

    def guarded(*context: Any, **settings: Any) -> Any:
        return Guard(create(*context, **settings), allowed_hosts)

    # Dagster has no setting for a middleware: its command takes the app from this name of its module
    name = create.__name__
    if getattr(cli, name, None) is not create:
        raise click.ClickException("This version of dagster-webserver makes its app in another way: it is not guarded.")
    setattr(cli, name, guarded)
    settings = {"prog_name": "dagster-webserver", "auto_envvar_prefix": "DAGSTER_WEBSERVER"}
    with suppress(KeyboardInterrupt, click.Abort):  # cx360 ui says that it was interrupted
        cli.dagster_webserver.main(list(arguments), standalone_mode=False, **settings)


if __name__ == "__main__":
    main()

"""The commands for the home of a deployment and its versions.

Part of ``main.py``. Heavy modules are imported inside the commands.
"""

from __future__ import annotations

import sys
from pathlib import Path

import click

from orchestration.cli.group import Answer, json_option
from orchestration.cli.options import deployment_option
from orchestration.config.deployment import load_deployment


@click.command()
@deployment_option
@json_option
def versions(deployment: str, is_json: bool) -> Answer:
    """List the published versions, with the current and the withdrawn ones."""
    from orchestration.cli.versions import listed, record

    settings = load_deployment(deployment)
    if is_json:
        return Answer(record(settings))
    click.echo(listed(settings))
    return Answer(None)


@click.command()
@deployment_option
@click.option("--version", help="Withdraw this version and every later one  [default: the current one]")
def rollback(deployment: str, version: str | None) -> None:
    """Withdraw a version: readers get the previous one, and its load dates are on hold until released."""
    from orchestration.cli.versions import roll_back

    click.echo(roll_back(load_deployment(deployment), version))


@click.command()
@deployment_option
def verify(deployment: str) -> None:
    """Compare every landed file and version with its checksum, and read all state; exit code 1 if one is damaged."""
    from orchestration.cli.backup import verify as damage_of

    damage = damage_of(load_deployment(deployment))
    click.echo("\n".join(damage) or "Everything is as the pipeline wrote it.")
    sys.exit(1 if damage else 0)


@click.command()
@deployment_option
@click.option("--to", "target", type=click.Path(path_type=Path), required=True, help="The folder of the backups.")
def backup(deployment: str, target: Path) -> None:
    """Back up landing, quarantine, held units, state and versions into a new folder, with checksums."""
    from orchestration.cli.backup import backup as back_up

    click.echo(back_up(load_deployment(deployment), target))


@click.command()
@deployment_option
@click.option("--from", "folder", type=click.Path(path_type=Path), required=True, help="The folder of one backup.")
def restore(deployment: str, folder: Path) -> None:
    """Restore a backup into an empty home, and compare every file with its checksum."""
    from orchestration.cli.backup import restore as restore_home

    click.echo(restore_home(load_deployment(deployment), folder))


@click.command()
@deployment_option
@click.option("--port", default=8081, show_default=True, help="The port to serve on.")
@click.option("--serve/--no-serve", default=True, help="Serve the site, instead of printing its folder only.")
def site(deployment: str, port: int, serve: bool) -> None:
    """Serve the pages of the current version on 127.0.0.1; a version without pages gets them first."""
    from orchestration.cli.docs import server_of
    from orchestration.cli.site import current_site

    folder = current_site(load_deployment(deployment))
    click.echo(f"Pages: {folder / 'index.html'}")
    if serve:
        with server_of(folder, port) as server:
            click.echo(f"http://127.0.0.1:{server.server_port} (ctrl-c ends it)")
            server.serve_forever()


@click.command("publish-postgres")
@deployment_option
def publish_postgres(deployment: str) -> None:
    """Write the current version into the deployment's PostgreSQL, as a night does: after a rollback or a failure."""
    from orchestration.cli.postgres import publish_current

    for line in publish_current(load_deployment(deployment)):
        click.echo(line)


@click.command()
@deployment_option
@click.option("--excel", "file", type=click.Path(path_type=Path), required=True, help="The workbook to write.")
def export(deployment: str, file: Path) -> None:
    """Write the marts of the current version into an Excel workbook, except tables with a row per customer."""
    from orchestration.cli.export import export_workbook

    for line in export_workbook(load_deployment(deployment), file):
        click.echo(line)


HOME_COMMANDS = (versions, rollback, verify, backup, restore, site, publish_postgres, export)

"""The documentation as a local site: dbt's page of every table, column and test, as dbt makes it."""

from __future__ import annotations

import shutil
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from orchestration.base.errors import PipelineError
from orchestration.base.paths import Home
from orchestration.config.deployment import Deployment
from orchestration.publication.publication import Publication
from orchestration.warehouse.dbt import run_outside_a_night


def make_docs(deployment: Deployment, home: Home) -> Path:
    """Make the page, in a folder that holds nothing else.

    Raises:
        PipelineError: dbt cannot describe the tables.
    """
    current = Publication(home).current / "cx360.duckdb"
    if not run_outside_a_night(deployment, home, current, ["docs", "generate", "--static"]).success:
        raise PipelineError("dbt could not make the documentation; its messages above say why.")
    home.docs.mkdir(parents=True, exist_ok=True)
    page = home.docs / "index.html"
    shutil.copyfile(home.dbt / "target" / "static_index.html", page)
    return page


def server_of(folder: Path, port: int) -> ThreadingHTTPServer:
    """A server of the files in a folder on 127.0.0.1; any free port where ``port`` is 0."""
    handler = partial(SimpleHTTPRequestHandler, directory=str(folder))
    return ThreadingHTTPServer(("127.0.0.1", port), handler)

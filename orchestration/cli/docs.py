"""The documentation as a local site: dbt's pages of every table and column, Data Docs of every check.

Add here what the site is made of; keep out the texts, which stand in the models' yml and in the suites.
"""

from __future__ import annotations

import shutil
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from orchestration.base.errors import PipelineError
from orchestration.base.paths import Home
from orchestration.config.deployment import Deployment
from orchestration.gates.judgements import make_site
from orchestration.warehouse.dbt import run_dbt

FIRST_PAGE = """\
<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>cx360: {deployment}</title>
<h1>cx360: {deployment}</h1>
<ul>
<li><a href="tables.html">Tables</a>: every model and column, its description, its tests and where it comes from</li>
<li><a href="checks/index.html">Checks</a>: every rule of both gates, and what it found in each of the last runs</li>
</ul>
</html>
"""


def make_docs(deployment: Deployment, home: Home) -> Path:
    """Make the site.

    Returns:
        Its first page.

    Raises:
        PipelineError: dbt cannot describe the tables.
    """
    if not run_dbt(deployment, home, ["docs", "generate", "--static"]).success:
        raise PipelineError("dbt could not make the documentation; its messages above say why.")
    home.docs.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(home.dbt / "target" / "static_index.html", home.docs / "tables.html")
    make_site(home)
    page = home.docs / "index.html"
    page.write_text(FIRST_PAGE.format(deployment=deployment.name), encoding="utf-8")
    return page


def server_of(home: Home, port: int) -> ThreadingHTTPServer:
    """A server of the site on 127.0.0.1; any free port where ``port`` is 0."""
    handler = partial(SimpleHTTPRequestHandler, directory=str(home.docs))
    return ThreadingHTTPServer(("127.0.0.1", port), handler)

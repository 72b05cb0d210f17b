"""Which deployment a home belongs to: two folders of one name must not share their data.

``state/deployment.json`` names it: by its name where it is found by name, so that two checkouts may share a home,
else by its path. Keep out the layout of a home (``base/layout.py``).
"""

from __future__ import annotations

from pathlib import Path

from pydantic import TypeAdapter

from orchestration.base import durable
from orchestration.base.errors import PipelineError
from orchestration.base.paths import Home
from orchestration.base.state import as_json, read_json
from orchestration.config.deployment import Deployment
from orchestration.config.deployment_file import folder_of


def claim(home: Home, deployment: Deployment) -> None:
    """Record that the home belongs to the deployment; a folder that was moved keeps its home.

    Raises:
        PipelineError: it belongs to another folder of the same name, which is still there.
    """
    if not deployment.folders:
        return
    own = deployment.folders[0]
    name = deployment.name if deployment.is_found_by_name else str(own)
    file = home.state / "deployment.json"
    if file.exists():
        remedy = "Remove the file: the next run writes it again."
        kind = TypeAdapter(dict[str, str])
        known = read_json(file, kind, "which deployment the home belongs to", remedy).get("deployment", name)
        if known == name:
            return
        if (other := _there(known)) and not own.samefile(other):
            raise PipelineError(
                f"{home.root} holds the data of the deployment in {other}, and {own} has the same name. Nothing was"
                " changed. Rename one of the folders, or set CX360_HOME to another folder for one of them."
            )
    file.parent.mkdir(parents=True, exist_ok=True)
    durable.write_text(file, as_json({"deployment": name}) + "\n")


def _there(name: str) -> Path | None:
    try:
        return folder_of(name)
    except PipelineError:
        return None

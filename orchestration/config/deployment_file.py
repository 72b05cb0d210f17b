"""Finds the folder of a deployment and reads its settings: ``deployment.yml``, ``rules.yml``, ready systems.

A deployment is named by its folder below ``deployments/`` or ``$CX360_DEPLOYMENTS``, or by a path. Keep out what the
settings mean (``deployment.py``).
"""

from __future__ import annotations

import difflib
import os
import re
import shlex
from pathlib import Path
from typing import Any

from orchestration.base.errors import PipelineError
from orchestration.base.paths import PROJECT
from orchestration.config import ready_systems
from orchestration.config.secrets import refuse_secrets
from orchestration.config.table_rules import rules_by_system
from orchestration.config.yaml_file import FileProblemError, read_yaml

DEPLOYMENTS = PROJECT / "deployments"
FILE, RULES, BRIEF = "deployment.yml", "rules.yml", "brief.yml"


def deployment_names() -> list[str]:
    """Return the names of all deployments below the folders that are searched."""
    return sorted({path.parent.name for root in roots() for path in root.glob(f"*/{FILE}")})


def folder_of(name: str) -> Path:
    """Return the folder of a deployment, which is given by its name or as a path.

    Raises:
        PipelineError: there is none, or it is a single file as in older versions.
    """
    if os.sep in name or name in {".", ".."}:
        folder = Path(name).expanduser().resolve()
        if (folder / FILE).is_file():
            return folder
        if not folder.is_dir():
            raise PipelineError(f"There is no deployment at {folder}: the folder does not exist.")
        raise PipelineError(f"There is no deployment at {folder}: the folder has no file {FILE}.")
    for root in roots():
        if (root / name / FILE).is_file():
            return root / name
        if (root / f"{name}.yml").is_file():
            raise PipelineError(_moved(root, name))
    known = deployment_names()
    guess = difflib.get_close_matches(name, known, n=1)
    hint = f"Did you mean '{guess[0]}'?" if guess else f"Existing deployments: {', '.join(known)}."
    raise PipelineError(
        f"There is no deployment '{name}' ({' or '.join(shown(root / name / FILE) for root in roots())}). {hint}"
        " A deployment elsewhere is named by the path of its folder."
    )


def settings_of(folder: Path) -> tuple[dict[str, Any], tuple[Path, ...]]:
    """Return the settings of a deployment with those that it extends, and the folders of both, its own first.

    Raises:
        PipelineError: a file is missing or is not YAML, or a secret stands in it.
    """
    settings = _read(folder)
    base = settings.get("extends")
    if not base:
        return settings, (folder,)
    if not isinstance(base, str):
        raise PipelineError(f"{shown(folder / FILE)} has invalid settings:\n  extends: name one deployment")
    base_folder = folder_of(str((folder / base).resolve()) if os.sep in base else base)
    extended = _read(base_folder)
    if "extends" in extended:
        raise PipelineError(
            f"{shown(folder / FILE)} has invalid settings:\n  extends: {base} itself extends"
            f" {extended['extends']}. Extend {extended['extends']}, and set here what differs."
        )
    systems = [held for held in (extended.get("systems"), settings.get("systems")) if isinstance(held, dict)]
    merged = {**extended, **settings, "systems": {key: system for held in systems for key, system in held.items()}}
    return merged, (folder, base_folder)


def shown(path: Path) -> str:
    """Return a path as messages show it: within the project if it is there."""
    return path.relative_to(PROJECT).as_posix() if path.is_relative_to(PROJECT) else str(path)


def roots() -> list[Path]:
    """Return the folders that deployments are searched in, the company's own first."""
    own = os.environ.get("CX360_DEPLOYMENTS", "").split(os.pathsep)
    return [*(Path(folder).expanduser().resolve() for folder in own if folder), DEPLOYMENTS]


def _read(folder: Path) -> dict[str, Any]:
    """The settings of the files in one folder, with the ready systems and the rules in their tables."""
    file = folder / FILE
    settings = _yaml(file)
    refuse_secrets(shown(file), settings)
    if not isinstance(settings, dict) or "name" in settings:
        raise PipelineError(
            f"{shown(file)} must be a mapping of settings without 'name', which is the name of the folder."
        )
    if (folder / BRIEF).is_file():
        settings = {**settings, "brief": _yaml(folder / BRIEF) or {}}
        refuse_secrets(shown(folder / BRIEF), settings["brief"])
    systems = settings.get("systems")
    if not isinstance(systems, dict):
        return settings
    completed = {
        name: ready_systems.completed(system, shown(file), name) if isinstance(system, dict) else system
        for name, system in systems.items()
    }
    if not (folder / RULES).is_file():
        return {**settings, "systems": completed}
    rules_by_system(folder / RULES, shown(folder / RULES))
    for name, tables in (_yaml(folder / RULES) or {}).items():
        if not isinstance(completed.get(name), dict):
            raise PipelineError(
                f"{shown(folder / RULES)}: '{name}' is not a system of {shown(file)}. It has: {', '.join(completed)}."
            )
        ready_systems.add_rules(completed[name], tables, f"{shown(folder / RULES)}, {name}")
    return {**settings, "systems": completed}


def _yaml(path: Path) -> Any:
    try:
        return read_yaml(path)
    except FileProblemError as error:
        raise PipelineError(f"{shown(path)} is not valid YAML: {error}") from error


def _moved(root: Path, name: str) -> str:
    """What to do with a deployment of an older version, which was spread over the project."""
    new = root / name
    systems = re.findall(
        r"^  (\w+):\s*$", (root / f"{name}.yml").read_text(encoding="utf-8").partition("systems:")[2], re.MULTILINE
    )
    lines = [f"mkdir -p {_quoted(new)}", f"mv {_quoted(root / f'{name}.yml')} {_quoted(new / FILE)}"]
    for system in systems:
        old = PROJECT / "dbt_project" / "models" / "staging" / system
        if old.is_dir():
            lines.append(f"mkdir -p {_quoted(new / 'staging' / system)}")
            lines += [
                f"mv {_quoted(model)} {_quoted(new / 'staging' / system / model.name.removeprefix(f'stg_{system}__'))}"
                for model in sorted(old.glob("stg_*.sql"))
            ]
            lines.append(f"rm -r {_quoted(old)}")
    if (PROJECT / "seeds" / "reference" / name).is_dir():
        lines.append(f"mv {_quoted(PROJECT / 'seeds' / 'reference' / name)} {_quoted(new / 'reference')}")
    commands = "\n".join(f"  {line}" for line in lines)
    return (
        f"The deployment '{name}' is written for an older version: a deployment is a folder now, which holds everything"
        f" that is its own. Move it:\n{commands}\nThen take its lines out of dbt_project/dbt_project.yml. Its models"
        " and its suites in expectations/raw/ are read as they are (docs/your-own-data.md)."
    )


def _quoted(path: Path) -> str:
    return shlex.quote(shown(path))

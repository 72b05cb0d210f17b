"""Ready systems: what ``use: <name>`` in a deployment stands for, as ``systems/<name>/system.yml`` has it.

Keep out what a system's settings mean (``systems.py``).
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import Any

from orchestration.base.errors import PipelineError
from orchestration.base.paths import PROJECT
from orchestration.config.doors import entities
from orchestration.config.table_rules import rules_by_table
from orchestration.config.yaml_file import FileProblemError, read_yaml

SYSTEMS = PROJECT / "systems"
FILE, RULES = "system.yml", "rules.yml"


def ready_system_names() -> list[str]:
    """Return the names of all ready systems."""
    return sorted(path.parent.name for path in SYSTEMS.glob(f"*/{FILE}"))


def completed(system: Mapping[str, Any], where: str, name: str) -> dict[str, Any]:
    """Return a deployment's system with the tables of the ready system that it uses; what it sets itself wins.

    Args:
        where: the deployment's file, for messages.
        name: the system's name there.

    Raises:
        PipelineError: the ready system does not exist.
    """
    used = system.get("use")
    if used is None:
        return dict(system)
    known = ready_system_names()
    if used not in known:
        guess = difflib.get_close_matches(str(used), known, n=1)
        raise PipelineError(
            f"{where} has invalid settings:\n  systems.{name}.use: there is no ready system '{used}'."
            + (f" Did you mean '{guess[0]}'?" if guess else "")
            + f" There are: {', '.join(known)}."
        )
    ready = _read(used, FILE)
    if (rules := SYSTEMS / used / RULES).is_file():
        rules_by_table(rules, f"systems/{used}/{RULES}")
    add_rules(ready, _read(used, RULES), f"systems/{used}/{RULES}")
    # a company has the tables of a system that it uses
    tables = {table: {"optional": True, **settings} for table, settings in ready["tables"].items()}
    own = system.get("tables")
    for table, settings in own.items() if isinstance(own, dict) else ():
        tables[table] = _overridden(tables.get(table, {}), settings) if isinstance(settings, dict) else settings
    return {**ready, **system, "tables": tables}


def add_rules(system: dict[str, Any], rules: object, where: str) -> None:
    """Add rules to the tables of a system: lists add up, bounds and lists of values of one column are replaced.

    Raises:
        PipelineError: there are rules for a table that the system does not have.
    """
    tables = system.get("tables")
    if not isinstance(rules, Mapping) or not isinstance(tables, dict):
        return
    for table, added in rules.items():
        if table not in tables:
            guess = difflib.get_close_matches(str(table), list(tables), n=1)
            hint = f"Did you mean '{guess[0]}'?" if guess else f"It has: {', '.join(tables)}."
            raise PipelineError(f"{where}: '{table}' is not a table of the system. {hint}")
        if isinstance(tables[table], dict):
            tables[table] = {**tables[table], "rules": _added(tables[table].get("rules") or {}, added)}


def _added(rules: Mapping[str, Any], own: Any) -> Any:
    """Rules with those of another file: of one kind, all hold; the bounds of one column are the last ones."""
    if not isinstance(own, Mapping):
        return own
    both = dict(rules)
    for kind, columns in own.items():
        known = both.get(kind)
        if isinstance(known, list) and isinstance(columns, list):
            both[kind] = [*known, *(column for column in columns if column not in known)]
        elif isinstance(known, list | dict) and isinstance(columns, list | dict):
            both[kind] = {**_by_column(known), **_by_column(columns)}
        else:
            both[kind] = columns
    return both


def _by_column(columns: list[Any] | dict[str, Any]) -> dict[str, Any]:
    return columns if isinstance(columns, dict) else {column: {} for column in columns}


def _overridden(table: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """A table with a deployment's own settings: rules add up, a value of a map is replaced whole."""
    both = {**table, **own}
    for name, value in own.items():
        known = table.get(name)
        if name == "rules":
            both[name] = _added(known or {}, value)
        elif isinstance(known, dict) and isinstance(value, dict):
            both[name] = {**known, **value} if name in entities() else merged(known, value)
    return both


def merged(settings: Any, own: Any) -> Any:
    """Return settings overridden by a deployment's own, key by key."""
    if isinstance(settings, dict) and isinstance(own, dict):
        return {
            **settings,
            **{name: merged(settings[name], value) if name in settings else value for name, value in own.items()},
        }
    return own


def _read(name: str, file: str) -> Any:
    path = SYSTEMS / name / file
    if not path.is_file():
        return {}
    try:
        return read_yaml(path)
    except FileProblemError as error:
        raise PipelineError(f"systems/{name}/{file} is not valid YAML: {error}") from error

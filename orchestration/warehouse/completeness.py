"""Completeness of a deployment: its folder has what it names, and no file that nothing reads.

Add here what a deployment requires; keep out its settings (``config/``) and the content of models (dbt and the gates
check it).
"""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterator
from pathlib import Path

from orchestration.base.errors import PipelineError
from orchestration.config.deployment import Deployment
from orchestration.config.deployment_file import FILE, shown
from orchestration.config.doors import CONTRACTS, entities
from orchestration.config.records import check_maps
from orchestration.config.reference import FOLDER, reference, reference_names
from orchestration.gates.suites import suite_of
from orchestration.warehouse.staging import FOLDER as STAGING
from orchestration.warehouse.staging import mapped_records, own_sql


def check_completeness(deployment: Deployment) -> None:
    """Raise unless the deployment has every entry that it requires.

    Raises:
        PipelineError: lists every missing entry with its file; or says which map is wrong.
    """
    missing = missing_entries(deployment)
    if missing:
        lines = "\n".join(f"  {entry}" for entry in missing)
        raise PipelineError(
            f"Deployment '{deployment.name}' is not complete. Add what is missing (docs/your-own-data.md):\n{lines}"
        )
    check_maps(deployment)
    for name in reference_names():
        reference(deployment, name)


def missing_entries(deployment: Deployment) -> list[str]:
    """Return one line per missing entry: its file, and what is missing or wrong there."""
    return [
        *_of_entities(deployment),
        *_of_columns(deployment),
        *_of_rules(deployment),
        # the files of a deployment that it extends may be for a system that it replaces
        *(entry for folder in deployment.folders[:1] for entry in _of_files(deployment, folder)),
    ]


def _of_entities(deployment: Deployment) -> Iterator[str]:
    """Yield entities that do not exist, and those that nothing maps."""
    for entity, systems in deployment.entities().items():
        if entity not in entities():
            yield (
                f"{deployment.file}: '{entity}', which {', '.join(systems)} delivers, is not an entity."
                f" {_suggest(entity, entities())}"
            )
            continue
        for system in systems:
            if not own_sql(deployment, system, entity) and not mapped_records(deployment, system, entity):
                model = deployment.folders[0] / STAGING / system / f"{entity}.sql" if deployment.folders else entity
                yield (
                    f"{deployment.file}: {system} delivers {entity}, and nothing says how: map it below its table"
                    f" ({entity}: ...), or write {shown(model) if isinstance(model, Path) else model}. Its columns are"
                    f" those of {shown(CONTRACTS / f'int_{entity}__unioned.yml')}."
                )


def _of_columns(deployment: Deployment) -> Iterator[str]:
    """Yield columns of keys and of parents (``whole_per``) that the rules of the table do not know."""
    for table in deployment.tables():
        # a map names columns beside those of the rules
        listed = () if table.settings.maps else table.settings.rules.columns
        known = listed or suite_of(table).required
        for setting, columns in (("key", table.settings.key_columns), ("whole_per", table.settings.whole_per)):
            for column in columns:
                if column not in known:
                    yield (
                        f"{deployment.file}: {setting} of the table '{table.name}' names '{column}', which is not"
                        f" among the columns of its rules. {_suggest(column, known)}"
                        + (" A table without a natural key has key: [_source_row]." if setting == "key" else "")
                    )


def _of_rules(deployment: Deployment) -> Iterator[str]:
    """Yield columns that a rule names and nothing promises: the rule would judge nothing."""
    for table in deployment.tables():
        promised = suite_of(table).promised
        for column in table.settings.rules.judged:
            if column not in promised:
                yield (
                    f"{deployment.file}: a rule of the table '{table.name}' names '{column}', which is neither in"
                    f" columns or optional of its rules nor in a map. {_suggest(column, promised)}"
                )


def _of_files(deployment: Deployment, folder: Path) -> Iterator[str]:
    """Yield files of the folder that nothing reads."""
    delivered = deployment.entities()
    maps = {
        value.codes
        for table in deployment.tables()
        for mapped in table.settings.maps.values()
        for part in (mapped, *mapped.each.values())
        for value in part.columns.values()
        if isinstance(value.codes, str)
    }
    for path in sorted((folder / FOLDER).glob("*.csv")):
        if path.stem not in reference_names() and path.name not in maps:
            yield f"{shown(path)}: nothing reads it. {_suggest(path.stem, reference_names())}"
    for path in sorted((folder / STAGING).rglob("*.sql")):
        system, entity = path.parent.name, path.stem
        if system not in deployment.systems:
            hint = _suggest(system, deployment.systems)
            yield f"{shown(path)}: {shown(folder / FILE)} has no system '{system}'. {hint}"
        elif system not in delivered.get(entity, []):
            yield (
                f"{shown(path)}: no table of {system} delivers '{entity}'. Add it to delivers of the table that it"
                f" reads. {_suggest(entity, delivered)}"
            )


def _suggest(name: str, known: Collection[str]) -> str:
    near = difflib.get_close_matches(name, sorted(known), n=1)
    return f"Did you mean '{near[0]}'?" if near else f"There are: {', '.join(sorted(known))}."

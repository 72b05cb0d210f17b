"""The doors: the columns that every system delivers of an entity, as the contracts of dbt have them.

``dbt_project/models/intermediate/int_<entity>__unioned.yml`` is the only place that lists them. Keep out what a
deployment maps to them (``maps.py``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType

import yaml

from orchestration.base.paths import DBT_PROJECT

CONTRACTS = DBT_PROJECT / "models" / "intermediate"
_START, _END = "int_", "__unioned"


@dataclass(frozen=True)
class DoorColumn:
    """A column of a door.

    Attributes:
        data_type: the type of the contract, such as ``varchar`` or ``decimal(18, 2)``.
        is_required: every record must have a value.
    """

    name: str
    data_type: str
    is_required: bool
    description: str


EVERYWHERE = (
    DoorColumn("deleted_at", "timestamp", False, "When the source deleted the record; null while it exists."),
    DoorColumn("excluded_reason", "varchar", False, "Why the record is left out on purpose; null where it counts."),
)
"""What a record of any entity may say of itself."""


@cache
def entities() -> tuple[str, ...]:
    """Return the names of all entities."""
    found = (path.stem for path in CONTRACTS.glob(f"{_START}*{_END}.yml"))
    return tuple(sorted(name.removeprefix(_START).removesuffix(_END) for name in found))


@cache
def door(entity: str) -> Mapping[str, DoorColumn]:
    """Return the columns that a system may deliver of an entity, by name, in the order of the contract."""
    path = CONTRACTS / f"{_START}{entity}{_END}.yml"
    [model] = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)["models"]
    columns = [
        DoorColumn(
            column["name"],
            column["data_type"],
            any(constraint["type"] == "not_null" for constraint in column.get("constraints", ())),
            " ".join(column["description"].split()),
        )
        for column in model["columns"]
        if column["name"] != "system" and not column["name"].startswith("_")
    ]
    return MappingProxyType({column.name: column for column in (*columns, *EVERYWHERE)})

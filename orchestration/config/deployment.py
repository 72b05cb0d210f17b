"""A deployment: one company's configuration, read from ``deployments/<name>.yml``.

Add here what the settings come to together; keep out the settings of one part (``settings.py``).
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, get_args
from zoneinfo import ZoneInfo

import yaml
from pydantic import Field, ValidationError, field_validator, model_validator

from orchestration.base.errors import PipelineError
from orchestration.base.paths import PROJECT
from orchestration.config.secrets import refuse_secrets
from orchestration.config.settings import (
    AlertSettings,
    Identity,
    Lifecycle,
    LifetimeValue,
    Limits,
    Movement,
    Presence,
    Retention,
    RetentionPeriods,
    Role,
    Strict,
    Surveys,
    Timezone,
)
from orchestration.config.systems import System, SystemName, TableSettings

DEPLOYMENTS = PROJECT / "deployments"


class Deployment(Strict):
    """One company: its clock, its money, its systems and its thresholds."""

    name: str
    timezone: Timezone
    currency: str = Field(pattern="^[A-Z]{3}$")
    history_load_date: date
    history_start_date: date | None = Field(
        None, description="First day that the extracts cover; without it, the day of the first order or subscription."
    )
    owner: str
    extends: str | None = Field(None, description="The deployment whose file says what this one leaves out.")
    is_demo: bool = Field(False, description="Its extracts are made where there are none, and by make demo.")
    assumed_margin_rate: float | None = Field(None, gt=0, le=1)
    survivorship: tuple[Role, ...] = ("crm", "transactions", "surveys", "interactions")
    minimum_base: int = Field(10, ge=1, description="Below this many answers a score is not shown.")
    flagged_base: int = Field(30, ge=1, description="Below this many answers a score is flagged.")
    schedule: str = "0 2 * * *"
    run_timeout_minutes: int = Field(240, ge=1)
    stale_after_hours: int = Field(30, ge=1, description="Hours after which what is published is stale, in the UI too.")
    memory_limit: str = "8GB"
    identity: Identity
    lifecycle: Lifecycle = Lifecycle()
    retention_periods: RetentionPeriods = RetentionPeriods()
    surveys: Surveys = Surveys()
    retention: Retention = Retention()
    lifetime_value: LifetimeValue = LifetimeValue()
    alerts: AlertSettings = AlertSettings()
    limits: Limits = Field(Limits(), description="Limits of gate 1 for every table.")
    movement: Movement = Field(Movement(), description="Limits of gate 2 for what moves between versions.")
    presence: Presence = Presence()
    systems: dict[SystemName, System] = Field(min_length=1)

    @field_validator("owner")
    @classmethod
    def _is_an_owner_that_dagster_knows(cls, value: str) -> str:
        if not re.fullmatch(r"[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+\.[A-Za-z]{2,7}|team:\S+", value):
            raise ValueError(f"'{value}' is neither an e-mail address nor a team, written team:<name>")
        return value

    @field_validator("survivorship")
    @classmethod
    def _names_every_role_once(cls, value: tuple[Role, ...]) -> tuple[Role, ...]:
        if sorted(value) != sorted(get_args(Role)):
            raise ValueError(f"every role must stand in it once: {', '.join(get_args(Role))}")
        return value

    @model_validator(mode="after")
    def _history_has_days(self) -> Deployment:
        if self.history_start_date and self.history_start_date > self.history_load_date:
            raise ValueError("history_start_date must not lie after history_load_date")
        return self

    @model_validator(mode="after")
    def _bases_are_ordered(self) -> Deployment:
        if self.flagged_base < self.minimum_base:
            raise ValueError("flagged_base must not be below minimum_base")
        return self

    @model_validator(mode="after")
    def _delivers_an_entity_in_one_way(self) -> Deployment:
        ways: dict[tuple[str, str], bool] = {}
        for table in self.tables():
            for entity in table.settings.delivers:
                if ways.setdefault((table.system_name, entity), table.settings.snapshot) != table.settings.snapshot:
                    raise ValueError(
                        f"system '{table.system_name}' delivers {entity} by tables of which some are snapshots and"
                        " some are not: nobody could tell what was deleted"
                    )
        return self

    @property
    def zone(self) -> ZoneInfo:
        """The time zone that load dates and months are in."""
        return ZoneInfo(self.timezone)

    def tables(self) -> Iterator[Table]:
        """Every table of every system, in the order of the deployment's file."""
        for system_name, system in self.systems.items():
            for table_name in system.tables:
                yield Table(deployment=self, system_name=system_name, table_name=table_name)

    def entities(self) -> dict[str, list[str]]:
        """The systems that deliver each entity, in the deployment's order."""
        delivered: dict[str, list[str]] = {}
        for table in self.tables():
            for entity in table.settings.delivers:
                systems = delivered.setdefault(entity, [])
                if table.system_name not in systems:
                    systems.append(table.system_name)
        return delivered

    def snapshots(self) -> list[dict[str, str]]:
        """Which table of which system delivers an entity whole every night, by their names."""
        return [
            {"entity": entity, "system": table.system_name, "table": table.table_name}
            for table in self.tables()
            if table.settings.snapshot
            for entity in table.settings.delivers
        ]

    def system_ranks(self) -> dict[str, int]:
        """The place of each system when systems disagree about a person: 1 is believed first."""
        ranked = sorted(
            self.systems, key=lambda name: min(self.survivorship.index(role) for role in self.systems[name].roles)
        )
        return {name: rank for rank, name in enumerate(ranked, start=1)}


@dataclass(frozen=True)
class Window:
    """What a unit covers: what changed from ``start`` on and before ``end``, in UTC; the history drop has no start."""

    load_date: date
    start: datetime | None
    end: datetime


@dataclass(frozen=True)
class Table:
    """One table of one system: what an extract asset lands."""

    deployment: Deployment
    system_name: str
    table_name: str

    @property
    def name(self) -> str:
        """The name of the landed table, as dbt's source and the asset have it."""
        return f"{self.system_name}__{self.table_name}"

    @property
    def told(self) -> str:
        """How messages name the table."""
        return f"Deployment '{self.deployment.name}', system '{self.system_name}', table '{self.table_name}'"

    @property
    def system(self) -> System:
        """The system that the table belongs to."""
        return self.deployment.systems[self.system_name]

    @property
    def settings(self) -> TableSettings:
        """What the deployment says of the table."""
        return self.system.tables[self.table_name]

    @property
    def delivered_key(self) -> tuple[str, ...]:
        """The key by the names that the system itself has for its columns."""
        theirs = {ours: name for name, ours in self.settings.rename.items()}
        return tuple(theirs.get(name, name) for name in self.settings.key)

    @property
    def limits(self) -> Limits:
        """The limits of gate 1: the deployment's, save where the table sets its own."""
        return self.deployment.limits.model_copy(update=self.settings.limits.model_dump(exclude_unset=True))

    @property
    def found(self) -> str | None:
        """The pattern of drops whose names carry no date; None where they do."""
        files = self.system.files
        if files is None or self.settings.daily:
            return None
        pattern = self.settings.found or files.found
        return pattern and pattern.format(table=self.table_name)

    def window(self, load_date: date) -> Window:
        """The load date's day in the deployment's time zone, and as many days before it as the table looks back."""
        start = None
        if load_date > self.deployment.history_load_date:
            start = self._midnight(load_date - timedelta(days=self.settings.lookback_days))
        return Window(load_date, start, self._midnight(load_date + timedelta(days=1)))

    def _midnight(self, day: date) -> datetime:
        return datetime.combine(day, time(), self.deployment.zone).astimezone(UTC)

    def pattern(self, load_date: date) -> str | None:
        """The file pattern of one load window below the extracts folder; None where nothing is ever delivered."""
        files = self.system.files
        if files is None:
            return None
        if load_date == self.deployment.history_load_date:
            pattern = self.settings.history or files.history
        else:
            pattern = None if self.found else self.settings.daily or files.daily
        return pattern and pattern.format(table=self.table_name, load_date=load_date.isoformat())


def deployment_names() -> list[str]:
    """Every deployment that has a file."""
    return sorted(path.stem for path in DEPLOYMENTS.glob("*.yml"))


def load_deployment(name: str) -> Deployment:
    """Read ``deployments/<name>.yml``.

    Raises:
        PipelineError: the file is missing, is no YAML, or holds a value or key that is not allowed.
    """
    settings = _read(name)
    if base := settings.get("extends"):
        settings = _extended(name, _read(base), settings)
    try:
        return Deployment.model_validate({"name": name, **settings})
    except ValidationError as error:
        problems = "\n".join(f"  {_explain(problem)}" for problem in error.errors())
        raise PipelineError(f"deployments/{name}.yml cannot be used:\n{problems}") from error


def _read(name: str) -> dict[str, Any]:
    """What the file says, by its names."""
    path = DEPLOYMENTS / f"{name}.yml"
    known = deployment_names()
    if name not in known:
        guess = difflib.get_close_matches(name, known, n=1)
        hint = f"Did you mean '{guess[0]}'?" if guess else f"There are: {', '.join(known)}."
        raise PipelineError(f"There is no deployment '{name}' (deployments/{name}.yml). {hint}")
    try:
        settings = yaml.safe_load(path.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        raise PipelineError(f"deployments/{name}.yml is no valid YAML: {_explain_yaml(error)}") from error
    refuse_secrets(name, settings)
    if not isinstance(settings, dict) or "name" in settings:
        raise PipelineError(f"deployments/{name}.yml must hold settings by their names; 'name' is the file's own.")
    return settings


def _extended(name: str, base: dict[str, Any], settings: dict[str, Any]) -> dict[str, Any]:
    """The settings of the file over those of the one it extends, and the systems of both, the base's first."""
    if "extends" in base:
        raise PipelineError(
            f"deployments/{name}.yml cannot be used:\n  extends: {settings['extends']} itself extends"
            f" {base['extends']}. Extend that, and say here what differs."
        )
    systems = [held for held in (base.get("systems"), settings.get("systems")) if isinstance(held, dict)]
    return {**base, **settings, "systems": {key: system for held in systems for key, system in held.items()}}


def _explain_yaml(error: yaml.YAMLError) -> str:
    """Where the file is no YAML and why, without the lines there: one of them may be a secret."""
    mark = getattr(error, "problem_mark", None)
    where = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
    return where + str(getattr(error, "problem", None) or "it cannot be read")


def _explain(problem: Any) -> str:
    where = ".".join(str(part) for part in problem["loc"]) or "the file"
    if problem["type"] != "extra_forbidden":
        return f"{where}: {problem['msg'].removeprefix('Value error, ')}"
    key, known = str(problem["loc"][-1]), sorted(_known_keys())
    guess = [name for name in known if name.startswith(key)] or difflib.get_close_matches(key, known, n=1)
    return f"{where}: unknown key" + (f", did you mean '{guess[0]}'?" if guess else "")


def _known_keys() -> set[str]:
    return {key for settings in Strict.__subclasses__() for key in settings.model_fields}

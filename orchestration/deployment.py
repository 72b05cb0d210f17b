"""A deployment: one company's configuration, read from ``deployments/<name>.yml``.

Add here what a company may set; keep out rules (they stand in SQL) and secrets (they are named by their environment
variable). Unknown keys are refused with a suggestion, so that a typing error never silently means a default.
"""

from __future__ import annotations

import difflib
import re
import string
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal, get_args
from zoneinfo import ZoneInfo, available_timezones

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from orchestration.errors import PipelineError
from orchestration.limits import Limits

PROJECT = Path(__file__).resolve().parent.parent
DEPLOYMENTS = PROJECT / "deployments"

_SECRET_KEY = re.compile(r"(password|passwd|secret|token|api_?key|credential|private_key)s?$", re.IGNORECASE)
_SECRET_IN_URL = re.compile(r"://[^/@\s]*:[^/@\s]+@")

Role = Literal["surveys", "crm", "transactions", "interactions"]
Format = Literal["csv", "jsonl", "parquet"]
SystemName = Annotated[str, Field(pattern="^[a-z0-9_]+$")]


def _is_pattern(value: str) -> str:
    """A pattern of file names, in which {table} and {load_date} are filled in."""
    if not value.strip():
        raise ValueError("the pattern is empty")
    try:
        found = {name for _, name, _, _ in string.Formatter().parse(value) if name is not None}
    except ValueError as error:
        raise ValueError(f"the pattern '{value}' cannot be read: {error}") from None
    unknown = sorted(found - {"table", "load_date"})
    if unknown:
        raise ValueError(f"the pattern '{value}' has the unknown placeholder {{{unknown[0]}}}")
    return value


def _names_its_night(value: str) -> str:
    if "{load_date}" not in value:
        raise ValueError(f"the pattern '{value}' lacks {{load_date}}: every night would take the same file")
    return value


Pattern = Annotated[str, AfterValidator(_is_pattern)]
DailyPattern = Annotated[Pattern, AfterValidator(_names_its_night)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Files(_Strict):
    """Where the files of a system lie, below the extracts folder, and how they are written."""

    format: Format
    history: Pattern | None = Field(None, description="Pattern of the one drop that holds the past.")
    daily: DailyPattern | None = Field(None, description="Pattern of a night's drop.")
    delimiter: str = ","
    encoding: str = "utf-8"
    unpacked_gigabytes: float = Field(20, gt=0, description="A compressed file that unpacks to more is refused.")
    unpacked_ratio: float = Field(250, ge=1, description="The same for one that unpacks to more times its own size.")

    @field_validator("delimiter")
    @classmethod
    def _is_one_character(cls, value: str) -> str:
        if len(value) != 1 or not value.isascii() or value in '"\r\n':
            raise ValueError(f'{value!r} is not one ASCII character that may part fields (a tab is "\\t")')
        return value

    @field_validator("encoding")
    @classmethod
    def _is_an_encoding(cls, value: str) -> str:
        try:
            "text".encode(value)
        except (LookupError, UnicodeError):
            raise ValueError(f"'{value}' is no encoding that Python knows (like utf-8 or latin-1)") from None
        return value


class TableSettings(_Strict):
    """What the deployment says of one table of a system."""

    description: str
    key: tuple[str, ...] = Field(min_length=1)
    delivers: tuple[str, ...] = Field(description="Entities whose staging models read this table.")
    history: Pattern | None = None
    daily: DailyPattern | None = None
    limits: Limits = Field(Limits(), description="Limits of gate 1 that differ from the deployment's.")


class System(_Strict):
    """A source system: the roles it serves, where its extracts are, and its tables."""

    description: str
    roles: tuple[Role, ...] = Field(min_length=1)
    files: Files
    tables: dict[SystemName, TableSettings] = Field(min_length=1)

    @model_validator(mode="after")
    def _delivers_every_table(self) -> System:
        for name, table in self.tables.items():
            if not (table.history or table.daily or self.files.history or self.files.daily):
                raise ValueError(f"table '{name}' has no pattern: name its files by history, daily or both")
        return self


class Identity(_Strict):
    """How records of different systems are linked to one customer."""

    max_people_per_value: int = Field(10, ge=2, description="An e-mail or phone that more people share links nobody.")
    country_calling_code: str = Field(pattern="^[1-9][0-9]{0,2}$", description="Read into phone numbers without one.")


class Lifecycle(_Strict):
    """Days since an order that divide the lifecycle stages (docs/metrics.md)."""

    new_days: int = Field(90, ge=1)
    active_days: int = Field(180, ge=1)
    lapsed_days: int = Field(365, ge=1)

    @model_validator(mode="after")
    def _are_ordered(self) -> Lifecycle:
        if not self.new_days <= self.active_days <= self.lapsed_days:
            raise ValueError("new_days, active_days and lapsed_days must not fall")
        return self


class Retention(_Strict):
    """How many versions stay published."""

    daily_versions: int = Field(7, ge=1)
    weekly_versions: int = Field(4, ge=0)


class Deployment(_Strict):
    """One company: its clock, its money, its systems and its thresholds."""

    name: str
    timezone: str
    currency: str = Field(pattern="^[A-Z]{3}$")
    history_load_date: date
    owner: str
    assumed_margin_rate: float | None = Field(None, gt=0, le=1)
    survivorship: tuple[Role, ...] = ("crm", "transactions", "surveys", "interactions")
    minimum_base: int = Field(10, ge=1, description="Below this many answers a score is not shown.")
    flagged_base: int = Field(30, ge=1, description="Below this many answers a score is flagged.")
    schedule: str = "0 2 * * *"
    run_timeout_minutes: int = Field(240, ge=1)
    memory_limit: str = "8GB"
    identity: Identity
    lifecycle: Lifecycle = Lifecycle()
    retention: Retention = Retention()
    limits: Limits = Field(Limits(), description="Limits of gate 1 for every table.")
    systems: dict[SystemName, System] = Field(min_length=1)

    @field_validator("timezone")
    @classmethod
    def _is_a_timezone(cls, value: str) -> str:
        if value not in available_timezones():
            raise ValueError(f"'{value}' is no IANA time zone (like Europe/Berlin)")
        return value

    @field_validator("survivorship")
    @classmethod
    def _names_every_role_once(cls, value: tuple[Role, ...]) -> tuple[Role, ...]:
        if sorted(value) != sorted(get_args(Role)):
            raise ValueError(f"every role must stand in it once: {', '.join(get_args(Role))}")
        return value

    @model_validator(mode="after")
    def _bases_are_ordered(self) -> Deployment:
        if self.flagged_base < self.minimum_base:
            raise ValueError("flagged_base must not be below minimum_base")
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

    def system_ranks(self) -> dict[str, int]:
        """The place of each system when systems disagree about a person: 1 is believed first."""
        ranked = sorted(
            self.systems, key=lambda name: min(self.survivorship.index(role) for role in self.systems[name].roles)
        )
        return {name: rank for rank, name in enumerate(ranked, start=1)}


class Table(_Strict):
    """One table of one system: what an extract asset lands."""

    deployment: Deployment
    system_name: str
    table_name: str

    @property
    def name(self) -> str:
        """The name of the landed table, as dbt's source and the asset have it."""
        return f"{self.system_name}__{self.table_name}"

    @property
    def system(self) -> System:
        """The system that the table belongs to."""
        return self.deployment.systems[self.system_name]

    @property
    def settings(self) -> TableSettings:
        """What the deployment says of the table."""
        return self.system.tables[self.table_name]

    @property
    def limits(self) -> Limits:
        """The limits of gate 1: the deployment's, save where the table sets its own."""
        return self.deployment.limits.model_copy(update=self.settings.limits.model_dump(exclude_unset=True))

    def pattern(self, load_date: date) -> str | None:
        """The file pattern of one load window below the extracts folder; None where nothing is ever delivered."""
        files = self.system.files
        if load_date == self.deployment.history_load_date:
            pattern = self.settings.history or files.history
        else:
            pattern = self.settings.daily or files.daily
        return pattern and pattern.format(table=self.table_name, load_date=load_date.isoformat())


def deployment_names() -> list[str]:
    """Every deployment that has a file."""
    return sorted(path.stem for path in DEPLOYMENTS.glob("*.yml"))


def load_deployment(name: str) -> Deployment:
    """Read ``deployments/<name>.yml``.

    Raises:
        PipelineError: the file is missing, is no YAML, or holds a value or key that is not allowed.
    """
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
    _refuse_secrets(name, settings)
    if not isinstance(settings, dict) or "name" in settings:
        raise PipelineError(f"deployments/{name}.yml must hold settings by their names; 'name' is the file's own.")
    try:
        return Deployment.model_validate({"name": name, **settings})
    except ValidationError as error:
        problems = "\n".join(f"  {_explain(problem)}" for problem in error.errors())
        raise PipelineError(f"deployments/{name}.yml cannot be used:\n{problems}") from error


def _explain_yaml(error: yaml.YAMLError) -> str:
    """Where the file is no YAML and why, without the lines there: one of them may be a secret."""
    mark = getattr(error, "problem_mark", None)
    where = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
    return where + str(getattr(error, "problem", None) or "it cannot be read")


def _refuse_secrets(name: str, settings: object, *where: str) -> None:
    """Refuse a value that looks like a secret; a secret is named by its environment variable, ``{env: NAME}``.

    Raises:
        PipelineError: the message names the key, never the value.
    """
    if isinstance(settings, dict):
        for key, value in settings.items():
            _refuse_secrets(name, value, *where, str(key))
    elif isinstance(settings, list):
        for place, value in enumerate(settings):
            _refuse_secrets(name, value, *where, str(place))
    elif settings is not None and where:
        is_secret = _SECRET_KEY.search(where[-1]) or (isinstance(settings, str) and _SECRET_IN_URL.search(settings))
        if is_secret:
            raise PipelineError(
                f"deployments/{name}.yml cannot be used:\n  {'.'.join(where)}: looks like a secret, and no file holds"
                " one. Put it into an environment variable and name that: {env: NAME_OF_THE_VARIABLE}."
            )


def _explain(problem: Any) -> str:
    where = ".".join(str(part) for part in problem["loc"]) or "the file"
    if problem["type"] != "extra_forbidden":
        return f"{where}: {problem['msg'].removeprefix('Value error, ')}"
    guess = difflib.get_close_matches(str(problem["loc"][-1]), _known_keys(), n=1)
    return f"{where}: unknown key" + (f", did you mean '{guess[0]}'?" if guess else "")


def _known_keys() -> set[str]:
    models: list[type[BaseModel]] = [Deployment, System, Files, TableSettings, Identity, Lifecycle, Retention, Limits]
    return {key for model in models for key in model.model_fields}

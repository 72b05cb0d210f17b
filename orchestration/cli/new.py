"""``cx360 new``: looks at a company's data and writes ``deployments/<name>/deployment.yml`` with its guesses.

Keep out how data are read (``new_sources.py``), what they are taken for (``guesses/``) and the text (``new_text.py``).
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from phonenumbers import COUNTRY_CODE_TO_REGION_CODE, PhoneNumberMatcher, country_code_for_region

from orchestration.base.errors import PipelineError
from orchestration.base.paths import Home
from orchestration.cli import new_postgres
from orchestration.cli.new_sources import Source, folder_of, named_files, sources_of
from orchestration.cli.new_text import Company, text_of
from orchestration.config.deployment_file import FILE, roots
from orchestration.config.doors import door
from orchestration.config.ready_systems import completed, ready_system_names
from orchestration.config.systems import ROLES
from orchestration.guesses.delivered import Delivered
from orchestration.guesses.maps import Map, maps_of_all
from orchestration.guesses.names import slug
from orchestration.guesses.values import Value

LIKE_A_SYSTEM = 3
"""So many tables with the names and keys of a ready system are probably that system's."""
FUTURE = {"promised_at", "ends_at"}
"""Times that may lie after the day of the data."""
SYSTEM_NAMES = {"transactions": "shop", "surveys": "surveys", "crm": "crm", "interactions": "contacts"}
"""What the system of a company is called after its main role: ``acme_shop``."""


@dataclass(frozen=True)
class Options:
    """What a person said on the command line; the rest is guessed."""

    timezone: str | None = None
    currency: str | None = None
    history_load_date: date | None = None
    owner: str | None = None


def new_from_files(place: Path, patterns: Sequence[str], options: Options) -> Iterator[str]:
    """Write the deployment's folder for files, and yield what to tell about it.

    Raises:
        PipelineError: the folder exists, or a file is missing, unreadable or empty.
    """
    _refuse_existing(place)
    files = named_files(patterns)
    folder = folder_of(files)
    sources = list(sources_of(files, folder, options.timezone or "UTC"))
    formats = {source.file_format for source in sources}
    if len(formats) > 1:
        raise PipelineError(
            f"The files are {' and '.join(sorted(formats))}, and a system has one format. Name those of one format"
            " first, and add a second system to the file that is written."
        )
    settings: dict[str, Any] = {"format": formats.pop()}
    if folder != Home.of(place.name).extracts.resolve():
        settings["url"] = f"file://{folder.as_posix()}"
    yield from write(place, sources, {"files": settings}, options)


def new_from_postgres(place: Path, variable: str, schema: str, options: Options) -> Iterator[str]:
    """Write the deployment's folder for the tables of a schema, and yield what to tell about it.

    Raises:
        PipelineError: the folder exists, or the database or a table cannot be read.
    """
    _refuse_existing(place)
    # a database is pulled for days that have ended
    zone = ZoneInfo(options.timezone or "UTC")
    day = options.history_load_date or datetime.now(zone).date() - timedelta(days=1)
    sources = list(new_postgres.sources_of(variable, schema, day, zone.key))
    where = {"sql": {"url": {"env": variable}, "schema": schema}}
    yield from write(place, sources, where, replace(options, history_load_date=day))


def write(place: Path, sources: Sequence[Source], where: Mapping[str, Any], options: Options) -> Iterator[str]:
    """Write the file, and yield what to tell about it."""
    tables = [source.delivered for source in sources]
    maps = maps_of_all(tables)
    entities = {entity for mapped in maps for entity in mapped}
    roles = [role for role, known in ROLES.items() if entities & known] or ["crm"]
    system = f"{slug(place.name)}_{next(name for role, name in SYSTEM_NAMES.items() if role in roles)}"
    argument = place.name if place.parent in roots() else shlex.quote(str(place))
    company = Company(argument, settings_of(place.name, sources, maps, options), system, where)
    text = text_of(company, sources, maps)
    try:
        place.mkdir(parents=True)
        file = place / FILE
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise PipelineError(f"'{error.filename}' cannot be written: {error.strerror}.") from error
    yield f"Written  {file}"
    yield from _told(sources, maps)
    yield from _ready_systems(tables)
    checks = sum("# check: " in line for line in text.splitlines())
    yield f"Read the {checks} lines that say 'check', then: make check DEPLOYMENT={argument}"


def _refuse_existing(place: Path) -> None:
    if place.exists():
        raise PipelineError(f"'{place}' exists already, and is not changed. Choose another name, or remove it.")


def _told(sources: Sequence[Source], maps: Sequence[Mapping[str, Map]]) -> Iterator[str]:
    for source, mapped in zip(sources, maps, strict=True):
        key = ", ".join(source.delivered.key) or "every row"
        delivers = ", ".join(mapped) or "no entity: map it, or leave it as it lands"
        yield f"  {source.delivered.name}: {source.row_count:,} rows, key {key}, delivers {delivers}"
    for source, mapped in zip(sources, maps, strict=True):
        for entity, guess in mapped.items():
            for name in guess.missing:
                what = f"{name} ({door(entity)[name].data_type}), {door(entity)[name].description}"
                yield f"Not guessed  {source.delivered.name}, {entity}: {what}"


def _ready_systems(tables: Sequence[Delivered]) -> Iterator[str]:
    """The ready systems that have the names and keys of most tables, or most of whose tables are there."""
    for name in ready_system_names():
        known = completed({"use": name}, "", name)["tables"]
        alike = [
            table.name
            for table in tables
            if table.name in known and {*known[table.name].get("key", ())} <= {column.name for column in table.columns}
        ]
        if len(alike) >= LIKE_A_SYSTEM and 2 * len(alike) >= min(len(tables), len(known)):
            yield (
                f"The tables {', '.join(alike)} look like those of the ready system '{name}'"
                f" (systems/{name}/README.md): 'use: {name}' in place of the tables maps them"
            )


def settings_of(
    name: str, sources: Sequence[Source], maps: Sequence[Mapping[str, Map]], options: Options
) -> dict[str, Value]:
    """Return the settings of the company; those that are not given are guessed."""
    zone = Value(options.timezone) if options.timezone else Value("UTC", "of days, months and times without an offset")
    code, why = _calling_code(sources)
    return {
        "timezone": zone,
        "currency": Value(options.currency) if options.currency else _currency(sources, maps),
        "history_load_date": _history(sources, maps, options.history_load_date),
        "owner": Value(options.owner) if options.owner else Value(f"team:{slug(name)}", "an e-mail address or a team"),
        "identity": Value({"country_calling_code": code}, why),
    }


def _currency(sources: Sequence[Source], maps: Sequence[Mapping[str, Map]]) -> Value:
    for source, mapped in zip(sources, maps, strict=True):
        for guess in mapped.values():
            if value := guess.values.get("currency"):
                column = next(each for each in source.delivered.columns if each.name == value.written)
                if len(column.values) == 1:
                    return Value(next(iter(column.values)))
                return Value(min(column.values), f"'{column.name}' has several: {', '.join(sorted(column.values)[:5])}")
    return Value("EUR", "the currency of all amounts; no column says it")


def _calling_code(sources: Sequence[Source]) -> tuple[str, str]:
    """The country of phone numbers without a calling code, by columns of country codes, else of phone numbers."""
    for source in sources:
        country = source.delivered.filled("customers", "country")
        codes = sorted(country.values) if country else []
        if codes and all(len(code) == 2 for code in codes) and (known := country_code_for_region(codes[0].upper())):
            return str(known), f"of phone numbers without a calling code, as in {codes[0].upper()}"
    for source in sources:
        phone = source.delivered.filled("customers", "phone")
        for value in sorted(phone.values)[:20] if phone else []:
            for match in PhoneNumberMatcher(value, None):
                if match.number.country_code in COUNTRY_CODE_TO_REGION_CODE:
                    return str(match.number.country_code), "of phone numbers without a calling code"
    return "1", "the country of phone numbers without a calling code"


def _history(sources: Sequence[Source], maps: Sequence[Mapping[str, Map]], given: date | None) -> Value:
    """The day of the newest time in the data, before the first file with a date in its name."""
    if given:
        return Value(given)
    dated = [day for source in sources if source.place for day in source.place.days]
    if dated and not any(source.place and source.place.has_history for source in sources):
        return Value(min(dated), "the first file is taken as the history")
    newest = [day for source, mapped in zip(sources, maps, strict=True) for day in _newest(source, mapped)]
    day = max(newest, default=date.today())  # noqa: DTZ011 - a day to start with, for a person to check
    if dated and day >= min(dated):
        day = min(dated) - timedelta(days=1)
    return Value(day, "the last day of the history: the newest time in the data" if newest else "no time in the data")


def _newest(source: Source, mapped: Mapping[str, Map]) -> Iterator[date]:
    for guess in mapped.values():
        for name, value in guess.values.items():
            if name.endswith("_at") and name not in FUTURE:
                column = value.written["column"] if isinstance(value.written, Mapping) else value.written
                known = {each.name: each for each in source.delivered.columns}
                time = known[column].as_time() if column in known else None
                if time and time.newest:
                    yield time.newest

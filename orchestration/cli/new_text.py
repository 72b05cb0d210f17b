"""The text of a guessed ``deployment.yml``: every guess that a person should check has a comment.

Keep out the guesses (``guesses/``) and how data are read (``new_sources.py``).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import yaml

from orchestration.cli.new_sources import Source
from orchestration.config.doors import door
from orchestration.guesses.maps import Map
from orchestration.guesses.places import common, with_table
from orchestration.guesses.values import ROW, Value

WIDEST_LINE = 120
CHECK = "  # check: "


@dataclass(frozen=True)
class Company:
    """What the file says beside its system.

    Attributes:
        argument: what names the deployment on the command line.
        values: the deployment's settings, with what to check about them.
        place: the settings of the system that say where its data lie.
    """

    argument: str
    values: Mapping[str, Value]
    system: str
    place: Mapping[str, Any]


def text_of(company: Company, sources: Sequence[Source], maps: Sequence[Mapping[str, Map]]) -> str:
    """Return the file."""
    lines = [
        "# Guessed by cx360 new. Read the lines with a comment, complete those that say 'required', then:",
        f"# make check DEPLOYMENT={company.argument}",
        *(line for name, value in company.values.items() for line in _lines(name, value, "")),
        "",
        "systems:",
        f"  {company.system}:",
        *_system(company, sources),
        "    tables:",
    ]
    for source, mapped in zip(sources, maps, strict=True):
        lines += _table(source, mapped, sources)
    return "\n".join(lines) + "\n"


def _system(company: Company, sources: Sequence[Source]) -> Iterator[str]:
    for name, value in company.place.items():
        yield f"    {name}: {_flow(value)}" if not isinstance(value, Mapping) else f"    {name}:"
        if isinstance(value, Mapping):
            yield from (f"      {key}: {_flow(each)}" for key, each in value.items())
    if "files" in company.place:
        yield from (f"      {name}: {_flow(value)}" for name, value in shared_files(sources).items())
        if not any(source.place and source.place.daily for source in sources):
            history = str(shared_files(sources).get("history", "{table}.csv"))
            yield f"      # daily: {_flow('{load_date}/' + history)}  # where the files of later nights will lie"


def shared_files(sources: Sequence[Source]) -> dict[str, Any]:
    """Return the patterns of most tables, and the shape that all of them have."""
    patterns = {
        kind: common({s.place.table: p for s in sources if s.place and (p := getattr(s.place, kind))})
        for kind in ("history", "daily")
    }
    shapes = [source.shape for source in sources]
    first = {name: value for name, value in shapes[0].items() if name != "columns"} if shapes else {}
    same = {name: value for name, value in first.items() if all(shape.get(name) == value for shape in shapes)}
    return {name: pattern for name, pattern in patterns.items() if pattern} | same


def _table(source: Source, maps: Mapping[str, Map], sources: Sequence[Source]) -> Iterator[str]:
    delivered = source.delivered
    yield f"      {delivered.name}:"
    pad = " " * 8
    yield from _written(source, shared_files(sources), pad)
    if delivered.key:
        check = "" if len(delivered.key) == 1 else f"{CHECK}these columns together are unique in the data"
        yield f"{pad}key: {_flow(list(delivered.key))}{check}"
    elif source.place is None:
        yield f"{pad}# key: []  # required: the table has no primary key, and no columns together are unique"
    else:
        yield f"{pad}key: [{ROW}]{CHECK}no columns together are unique, so every row is a record of its own"
    for name, value in source.settings.items():
        yield f"{pad}{name}: {_flow(value)}"
    yield from _numbers(source, pad)
    if not maps:
        yield f"{pad}# It delivers no entity yet, and lands as it is. Columns: " + ", ".join(
            column.name for column in delivered.columns
        )
    for entity, mapped in maps.items():
        yield from _map(entity, mapped, pad)


def _written(source: Source, shared: Mapping[str, Any], pad: str) -> Iterator[str]:
    """Where the table's files lie and how they are written, unless all tables share it."""
    if source.place:
        for kind in ("history", "daily"):
            pattern = getattr(source.place, kind)
            general = with_table(pattern, source.place.table) if pattern else None
            if pattern and (general is None or general != shared.get(kind)):
                yield f"{pad}{kind}: {_flow(pattern)}"
        if columns := source.shape.get("columns"):
            yield f"{pad}columns: {_flow(list(columns))}{CHECK}the file has no header"
    own = {name: value for name, value in source.shape.items() if name != "columns" and shared.get(name) != value}
    if own:
        yield f"{pad}files: {_flow(own)}"


def _numbers(source: Source, pad: str) -> Iterator[str]:
    marked = Counter(column.marks for column in source.delivered.columns if column.marks)
    for marks, _ in marked.most_common(1):
        columns = [column.name for column in source.delivered.columns if column.marks == marks]
        decimal, thousands = marks
        written = {"columns": columns, "decimal": decimal} | ({"thousands": thousands} if thousands else {})
        yield f"{pad}numbers: {_flow(written)}{CHECK}how numbers are written"


def _map(entity: str, mapped: Map, pad: str) -> Iterator[str]:
    nothing = "" if mapped.values else " {}"
    yield f"{pad}{entity}:{nothing}" + (f"{CHECK}{mapped.remark}" if mapped.remark else "")
    for name, value in mapped.values.items():
        yield from _lines(name, value, f"{pad}  ")
    for name in mapped.missing:
        column = door(entity)[name]
        yield f"{pad}  # {name}:  # required, {column.data_type}: {column.description}"


def _lines(name: str, value: Value, pad: str) -> Iterator[str]:
    """A setting in one line, or nested where that would be too wide."""
    line = f"{pad}{name}: {_flow(value.written)}"
    check = f"{CHECK}{value.remark}" if value.remark else ""
    if isinstance(value.written, Mapping) and (len(line) > WIDEST_LINE or name in {"each", "identity"}):
        yield f"{pad}{name}:{check}"
        for key, each in value.written.items():
            yield f"{pad}  {_flow(key)}: {_flow(each)}"
    else:
        yield line + check


def _flow(value: Any) -> str:
    """A value in one line of YAML."""
    written = yaml.safe_dump(value, default_flow_style=True, allow_unicode=True, sort_keys=False, width=float("inf"))
    return written.removesuffix("\n").removesuffix("\n...").strip()

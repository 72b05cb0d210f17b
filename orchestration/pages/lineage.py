"""The column lineage of a version as HTML: for each published column where it comes from, and what is made of it.

The open-source UI of Dagster keeps column lineage and does not draw it. A reader finds a column by the index of names
and follows links, without a script. A pure function: keep out how lineage is traced (``warehouse/lineage.py``).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

Lineage = Mapping[str, Mapping[str, Sequence[str]]]
"""The parent columns, ``schema.table.column``, of each column by table (``schema.table``) and name."""

MOST_ORIGINS = 8
"""A figure that rests on more columns than these has no origins: its parents say more."""
TEMPLATES = Path(__file__).parent / "templates"


@dataclass(frozen=True)
class Column:
    """One column of a table.

    Attributes:
        path: ``schema.table.column``, which is also its anchor.
        parents: the columns that it is made of directly.
        origins: the columns at the far end of its parents, if they are other ones and few.
        children: the columns that are made of it directly.
    """

    path: str
    parents: Sequence[str]
    origins: Sequence[str]
    children: Sequence[str]

    @property
    def name(self) -> str:
        """Its name within its table."""
        return self.path.rsplit(".", 1)[1]


def lineage_page(lineage: Lineage, published: Collection[str]) -> Markup:
    """Return the index of column names, the published tables, and the tables that they are made of.

    Args:
        published: the tables that readers have, ``schema.table``; the others are folded away below them.
    """
    tables = _tables(lineage)
    known = {column.path for columns in tables.values() for column in columns}
    ordered = sorted(tables, key=lambda table: (table not in published, table))
    # pages/templating.py has more than this fragment needs
    templates = Environment(loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined)
    text = templates.get_template("lineage.html.j2").render(
        index=_index(tables, published),
        published={table: tables[table] for table in ordered if table in published},
        steps={table: tables[table] for table in ordered if table not in published},
        known=known,
    )
    return Markup(text)  # noqa: S704 - made by a template that escapes


def _tables(lineage: Lineage) -> dict[str, list[Column]]:
    """The columns of every table, also of those that only serve as parents."""
    parents = {f"{table}.{name}": [*found] for table, columns in lineage.items() for name, found in columns.items()}
    children: defaultdict[str, list[str]] = defaultdict(list)
    for path, found in parents.items():
        for parent in found:
            children[parent].append(path)
    tables: defaultdict[str, list[Column]] = defaultdict(list)
    for path in dict.fromkeys([*parents, *children]):
        direct = parents.get(path, [])
        origins = sorted({*_origins(path, parents)} - {path, *direct})
        few = origins if len(origins) <= MOST_ORIGINS else []
        tables[path.rsplit(".", 1)[0]].append(Column(path, direct, few, sorted(children[path])))
    return dict(tables)


def _origins(path: str, parents: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """Yield the columns at the far end of a column's parents."""
    waiting, seen = [path], set()
    while waiting:
        current = waiting.pop()
        if current in seen:
            continue
        seen.add(current)
        if found := parents.get(current):
            waiting += found
        else:
            yield current


def _index(tables: Mapping[str, Sequence[Column]], published: Collection[str]) -> dict[str, dict[str, list[str]]]:
    """The published columns by the first letter and by name."""
    by_name: defaultdict[str, list[str]] = defaultdict(list)
    for table in sorted(published):
        for column in tables.get(table, ()):
            by_name[column.name].append(column.path)
    letters: defaultdict[str, dict[str, list[str]]] = defaultdict(dict)
    for name in sorted(by_name):
        letters[name[:1]][name] = by_name[name]
    return dict(letters)

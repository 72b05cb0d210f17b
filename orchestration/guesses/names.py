"""Names of tables and columns, compared with those that an entity is usually delivered under (``synonyms.yml``).

Add a name to the file, not here.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import yaml

ENDS_OF_IDS = {
    "id",
    "no",
    "nr",
    "num",
    "number",
    "code",
    "key",
    "ref",
    "uuid",
    "guid",
    "sku",
    "nummer",
    "numero",
    "sequence",
    "sequential",
    "position",
    "line",
}
HUMAN = re.compile(r"\s")
"""A header with blanks is a phrase for people: the name may stand anywhere in it."""


@cache
def synonyms() -> Mapping[str, Any]:
    """Return the usual names, as the file has them."""
    loaded: dict[str, Any] = yaml.safe_load(Path(__file__).with_name("synonyms.yml").read_text(encoding="utf-8"))
    return loaded


def plain(name: str) -> str:
    """Return a name as words joined by underscores: without accents, case and signs."""
    bare = unicodedata.normalize("NFKD", name.replace("ß", "ss"))
    bare = "".join(character for character in bare if not unicodedata.combining(character))
    bare = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", bare)
    return re.sub(r"[^a-z0-9]+", "_", bare.lower()).strip("_")


def slug(name: str) -> str:
    """Return a name for a system or table: small letters, digits and underscores."""
    return plain(name) or "table"


def holds(name: str, words: str) -> bool:
    """Whether a name has the words in a row, as whole words."""
    return f"_{words}_" in f"_{plain(name)}_"


def best(names: Sequence[str], wanted: Sequence[str]) -> str | None:
    """Return the first name that is one of ``wanted``, tried in their order; else a phrase that holds one."""
    known: dict[str, str] = {}
    for name in names:
        known.setdefault(plain(name), name)
    exact = next((known[words] for words in wanted if words in known), None)
    phrases = [name for name in names if HUMAN.search(name.strip())]
    held = (name for words in wanted for name in phrases if len(words) > 3 and holds(name, words))
    return exact or next(held, None)


def table_entity(name: str) -> str | None:
    """Return the entity that a table's name names; the longest name wins, as order items over orders."""
    kinds = {entity: settings["tables"] for entity, settings in synonyms()["entities"].items()}
    kinds["survey_answers"] = synonyms()["survey_tables"]
    found = [(len(words), entity) for entity, known in kinds.items() for words in known if holds(name, words)]
    return max(found, key=lambda each: each[0])[1] if found else None


def rank(name: str, entity: str) -> int:
    """Return how well a table's name fits an entity: 0 if it is its name, 1 if it holds it, 2 otherwise."""
    known = synonyms()["entities"][entity]["tables"]
    return 0 if plain(name) in known else 1 if any(holds(name, words) for words in known) else 2


@cache
def words_of_entities() -> frozenset[str]:
    """Return the words that names of tables are made of."""
    kinds = [settings["tables"] for settings in synonyms()["entities"].values()]
    return frozenset(
        word for known in (*kinds, synonyms()["survey_tables"]) for name in known for word in name.split("_")
    )


def looks_like_an_id(name: str) -> bool:
    """Whether a column's name is that of an id or of a part of one."""
    entities = synonyms()["entities"]
    lines = entities["order_lines"]["columns"]
    known = {
        *(name for column, names in synonyms()["shared"].items() if _is_id(column) for name in names),
        *lines["line_number"],
        *lines["product_source_id"],
        *entities["subscriptions"]["columns"]["subscription_source_id"],
        *entities["subscriptions"]["columns"]["period_number"],
    }
    words = plain(name)
    return words in known or words.split("_")[-1] in ENDS_OF_IDS or words.startswith("id_")


def _is_id(column: str) -> bool:
    return column.endswith("_source_id") or column == "record"


def metric_of(name: str) -> str | None:
    """Return what a survey's question measures by its name."""
    return next(
        (metric for metric, words in synonyms()["metrics"].items() if any(holds(name, word) for word in words)), None
    )


def code_of(value: str, kind: str) -> str | None:
    """Return our code of a delivered one; ``kind`` is ``order_statuses`` or ``channels``."""
    words = plain(value)
    return next((code for code, known in synonyms()[kind].items() if words in known), None)

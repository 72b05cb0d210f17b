"""What the manifest of a version carries of dbt's: the keys of tables as tests state them, the questions of marts.

Keep out how readers use it (``postgres/layout.py``, ``workbook.py``).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

_MART_PATH = ("project", "marts", "question", "mart")
_REF = re.compile(r"ref\(\s*['\"](\w+)['\"]\s*\)")


def published_keys(manifest: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the unique columns of each tested table, and its columns that always arrive at a row of another table.

    Returns:
        By ``schema.table``: ``unique``, lists of columns; ``references``, records of ``column``, ``table``, ``field``.
        A reference with exceptions, or to a column that is not unique, is none.
    """
    nodes = manifest["nodes"].values()
    tables = {node["name"]: f"{node['schema']}.{node['name']}" for node in nodes if node["resource_type"] == "model"}
    tests = [
        (manifest["nodes"][node["attached_node"]]["name"], node["test_metadata"]["kwargs"])
        for node in nodes
        if node["resource_type"] == "test"
        and node.get("test_metadata", {}).get("name") == "keys"
        and node.get("attached_node") in manifest["nodes"]
    ]
    unique: dict[str, list[list[str]]] = {}
    for name, arguments in tests:
        unique.setdefault(name, []).extend(arguments.get("unique", []))
    keys: dict[str, dict[str, Any]] = {}
    for name, arguments in tests:
        if name in tables:
            entry = keys.setdefault(tables[name], {"unique": unique[name], "references": []})
            entry["references"] += _references(arguments, tables, unique)
    return keys


def mart_questions(manifest: Mapping[str, Any]) -> dict[str, list[str]]:
    """Return the marts of each question, which is the folder that they are in."""
    questions: dict[str, list[str]] = {}
    for node in manifest["nodes"].values():
        # the path of a mart below the project: marts, question, name; that of a step has one folder more
        if node["resource_type"] == "model" and node["schema"] == "marts" and len(node["fqn"]) == len(_MART_PATH):
            questions.setdefault(node["fqn"][-2], []).append(node["name"])
    return {question: sorted(questions[question]) for question in sorted(questions)}


def _references(
    arguments: Mapping[str, Any], tables: Mapping[str, str], unique: Mapping[str, list[list[str]]]
) -> list[dict[str, str]]:
    found = []
    for reference in arguments.get("references", []):
        target, field = _REF.search(str(reference["to"])), reference.get("field") or reference["column"]
        is_whole = not reference.get("except") and not reference.get("of")
        if target and is_whole and target[1] in tables and [field] in unique.get(target[1], []):
            found.append({"column": reference["column"], "table": tables[target[1]], "field": field})
    return found

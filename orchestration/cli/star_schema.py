"""The page of the star schema, ``docs/star-schema.md``, from what dbt's manifest says of the star.

Add here how the page shows a table; keep out what a table is: that stands in its yml, and nowhere else. The page is
written anew by ``python -m orchestration.cli.star_schema``; a test holds the committed one against the manifest.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from orchestration.base.errors import PipelineError
from orchestration.base.paths import PROJECT, Home
from orchestration.config.deployment import load_deployment
from orchestration.warehouse.dbt import run_dbt

PAGE = PROJECT / "docs" / "star-schema.md"

INTRODUCTION = """\
# Star schema

Every table that marts and BI tools may join: what one row of it is, and what its columns mean. Keys (`_key`) are
hashes; where a fact does not know a member, it holds the key of the dimension's unknown row, never null. `_at` columns
are UTC; `_date` columns are in the deployment's time zone; amounts are in its one currency.

This page is generated from the models' yml files by `python -m orchestration.cli.star_schema`: change those, then run
it.
"""


@dataclass(frozen=True)
class Reference:
    """A column whose every value is found in another table, as a ``keys`` test checks each night."""

    table: str
    column: str
    target: str


def star_schema_page(manifest: Mapping[str, Any]) -> str:
    """Draw and describe the star tables of ``manifest`` in Markdown: facts with their diagrams, then dimensions."""
    tables = sorted(
        (
            node
            for node in manifest["nodes"].values()
            if node["resource_type"] == "model" and node["schema"] == "star" and "__" not in node["name"]
        ),
        key=lambda node: str(node["name"]),
    )
    references = sorted(
        _references(manifest, {node["unique_id"]: node["name"] for node in tables}),
        key=lambda reference: (reference.table, reference.target, reference.column),
    )
    facts = [node for node in tables if "facts" in node["fqn"]]
    dimensions = [node for node in tables if "facts" not in node["fqn"]]
    parts = [INTRODUCTION, "## Facts\n"]
    parts += [_section(node, references, with_diagram=True) for node in facts]
    parts += ["## Dimensions and maps\n"]
    parts += [_section(node, references, with_diagram=False) for node in dimensions]
    return "\n".join(parts)


def _references(manifest: Mapping[str, Any], star: Mapping[str, str]) -> Iterator[Reference]:
    for test in manifest["nodes"].values():
        if (test.get("test_metadata") or {}).get("name") != "keys" or test["attached_node"] not in star:
            continue
        for reference in test["test_metadata"]["kwargs"].get("references", ()):
            target = reference["to"].split("'")[1]
            if target in star.values():
                yield Reference(table=star[test["attached_node"]], column=reference["column"], target=target)


def _section(node: Mapping[str, Any], references: list[Reference], *, with_diagram: bool) -> str:
    own = [reference for reference in references if reference.table == node["name"]]
    targets = {reference.column: reference.target for reference in own}
    lines = [f"### {node['name']}", "", _one_line(node["description"]), ""]
    if with_diagram and own:
        lines += ["```mermaid", "erDiagram"]
        lines += [f"    {reference.target} ||--o{{ {reference.table} : {reference.column}" for reference in own]
        lines += ["```", ""]
    lines += ["| column | type | what it says | found in |", "|---|---|---|---|"]
    for column in node["columns"].values():
        target = targets.get(column["name"])
        link = f"[{target}](#{target})" if target else ""
        description = _one_line(column["description"]).replace("|", "\\|")
        lines.append(f"| `{column['name']}` | {column['data_type']} | {description} | {link} |")
    return "\n".join([*lines, ""])


def _one_line(text: str) -> str:
    return " ".join(text.split())


def main() -> None:
    """Write the page anew, from the models as they are."""
    with tempfile.TemporaryDirectory() as folder:
        home = Home(Path(folder))
        result = run_dbt(load_deployment("demo"), home, ["parse", "--quiet"])
        if not result.success:
            raise PipelineError(f"dbt cannot read the models: {result.exception}")
        manifest = json.loads(home.manifest.read_text(encoding="utf-8"))
    PAGE.write_text(star_schema_page(manifest), encoding="utf-8")


if __name__ == "__main__":
    main()

"""The reference pages of a deployment: their examples load, and every key of its files stands on a page."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import BaseModel

from orchestration.base.paths import PROJECT
from orchestration.config.deployment import load_deployment
from orchestration.config.doors import entities
from orchestration.config.maps import EntityMap, Value
from orchestration.config.ready_systems import ready_system_names
from orchestration.config.reference import DEFAULTS, reference_names
from orchestration.config.systems import System, TableSettings
from orchestration.config.table_rules import Bounds, ElementRule, ExpressionRule, TableRules, rules_by_system
from orchestration.warehouse.completeness import check_completeness
from tests.architecture.project import assert_none
from tests.integration.own_data import BLOCK, Block

COMPANY: dict[str, Any] = {
    "timezone": "Europe/Berlin",
    "currency": "EUR",
    "history_load_date": "2026-10-31",
    "owner": "you@acme.example",
    "identity": {"country_calling_code": "49"},
}
PLACE = {"files": {"format": "csv", "history": "{table}.csv"}}
READ_OTHERWISE = {"word", "maps", "columns", "as_named"}
"""Fields that stand for what is written without a key; the columns of a map are those of the doors."""


def page(name: str) -> str:
    return (PROJECT / "docs" / name).read_text(encoding="utf-8")


def blocks(name: str) -> list[Block]:
    return [Block(found["kind"], found["text"], found["path"]) for found in BLOCK.finditer(page(name))]


def examples() -> list[Any]:
    """Every example of the pages: the settings of a deployment, its systems, or the tables of a system."""
    return [
        pytest.param(name, yaml.safe_load(block.text), id=f"{name}-{number}")
        for name in ("maps.md", "ready-systems.md")
        for number, block in enumerate(blocks(name))
        if block.kind == "yaml"
    ]


@pytest.mark.parametrize(("name", "example"), examples())
def test_an_example_of_a_page_is_a_complete_deployment(tmp_path: Path, name: str, example: dict[str, Any]) -> None:
    written = example if "systems" in example else {"systems": {"shop": {**PLACE, "tables": example}}}
    (tmp_path / "deployment.yml").write_text(yaml.safe_dump({**COMPANY, **written}), encoding="utf-8")
    for block in blocks(name):
        # a file that nothing reads is refused
        if block.path and block.path.startswith("reference/") and Path(block.path).name in str(example):
            (tmp_path / "reference").mkdir()
            (tmp_path / block.path).write_text(block.text, encoding="utf-8")

    deployment = load_deployment(str(tmp_path))
    check_completeness(deployment)

    assert set(deployment.systems) == set(written["systems"])
    assert deployment.entities()


def test_the_examples_of_rules_are_rules(tmp_path: Path) -> None:
    [file, table] = [block.text for block in blocks("rules.md") if block.kind == "yaml"]
    (tmp_path / "rules.yml").write_text(file, encoding="utf-8")
    rules = rules_by_system(tmp_path / "rules.yml", "rules.yml")
    assert {system: set(tables) for system, tables in rules.items()} == {"shop": {"orders", "order_lines"}}
    settings = TableSettings.model_validate(yaml.safe_load(table)["responses"])
    assert (len(settings.rules.expression), len(settings.rules.each["answers"])) == (1, 1)


def keys(name: str) -> list[str]:
    """The keys that a page explains: in the first column of a table, or in a heading."""
    first_cells = re.findall(r"^\| (.+?) \|", page(name), flags=re.MULTILINE)
    headings = re.findall(r"^##+ (.+)$", page(name), flags=re.MULTILINE)
    return [key for text in (*first_cells, *headings) for key in re.findall("`([a-z_]+)`", text)]


def fields(*models: type[BaseModel]) -> set[str]:
    return {field.alias or name for model in models for name, field in model.model_fields.items()} - READ_OTHERWISE


def test_every_setting_of_systems_tables_and_maps_is_explained() -> None:
    explained = {*keys("maps.md")}
    offences = fields(System, TableSettings, EntityMap, Value) - explained
    assert_none(sorted(offences), "Explain these keys in a table or a heading of docs/maps.md:")
    assert "columns" in explained
    assert_none(
        sorted(entity for entity in entities() if f"`{entity}`" not in page("maps.md")), "Name them in docs/maps.md:"
    )


def test_the_keys_of_rules_are_those_of_the_page() -> None:
    assert sorted(keys("rules.md")) == sorted(TableRules.model_fields)
    text = page("rules.md")
    assert_none(
        sorted(name for name in fields(Bounds, ElementRule, ExpressionRule) if f"{name}:" not in text),
        "Show these keys in an example of docs/rules.md:",
    )


def test_every_file_of_reference_data_is_listed_with_its_columns() -> None:
    offences = []
    for name in reference_names():
        [header, *_] = (DEFAULTS / f"{name}.csv").read_text(encoding="utf-8").splitlines()
        if f"| `{name}.csv` | `{header}` |" not in page("maps.md"):
            offences.append(f"{name}.csv: {header}")
    assert_none(offences, "List these files in docs/maps.md, below Codes:")


def test_every_ready_system_is_listed_with_its_page() -> None:
    text = page("ready-systems.md")
    assert sorted(re.findall(r"^\| `(\w+)` \| [^|]+ \| \[", text, flags=re.MULTILINE)) == ready_system_names()
    links = re.findall(r"\]\(\.\./(systems/[\w/.-]+)\)", text)
    assert_none([link for link in links if not (PROJECT / link).is_file()], "These pages do not exist:")


def test_links_between_pages_lead_somewhere() -> None:
    offences = []
    for path in sorted((PROJECT / "docs").rglob("*.md")):
        text = re.sub(r"^```.*?^```$", "", path.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)
        for target, anchor in re.findall(r"\]\(([\w./-]*\.md)?(?:#([\w-]+))?\)", text):
            there = path.parent / target if target else path
            if not there.is_file():
                offences.append(f"{path.name}: {target}")
            elif anchor and anchor not in anchors(there.read_text(encoding="utf-8")):
                offences.append(f"{path.name}: {target}#{anchor}")
    assert_none(offences, "These links lead nowhere:")


def anchors(text: str) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", text, flags=re.MULTILINE)
    plain = (re.sub(r"\[([^]]+)\]\([^)]*\)", r"\1", heading).lower() for heading in headings)
    return {re.sub(r"[^\w\- ]", "", heading).replace(" ", "-") for heading in plain}

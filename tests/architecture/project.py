"""The project as the architecture tests read it: files, Python modules, dbt models.

A rule is a list of offences that must be empty, with a remedy.
"""

from __future__ import annotations

import ast
import re
import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from orchestration.base.paths import PROJECT

Manifest = dict[str, Any]
Node = dict[str, Any]

PACKAGES = ("orchestration", "expectations")
# The layers of the published file, except the steps of marts.
PUBLISHED_LAYERS = ("star", "marts", "quality")


def assert_none(offences: Iterable[str], remedy: str) -> None:
    """Fail with the remedy and the offences, unless there are none."""
    __tracebackhide__ = True
    found = sorted(set(offences))
    assert not found, f"{remedy}\n  " + "\n  ".join(found)


@cache
def project_files() -> tuple[Path, ...]:
    """Return every file that is committed or not ignored."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=PROJECT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout.splitlines()
    return tuple(sorted(PROJECT / name for name in listed if (PROJECT / name).is_file()))


@dataclass(frozen=True)
class Module:
    """One Python file of the project."""

    path: Path
    source: str
    tree: ast.Module

    @property
    def name(self) -> str:
        """Its import name."""
        parts = self.path.relative_to(PROJECT).with_suffix("").parts
        return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)

    @property
    def place(self) -> str:
        """Its path in the project."""
        return self.path.relative_to(PROJECT).as_posix()

    def imports(self) -> Iterator[str]:
        """Yield every module that it imports, also inside functions; ``from x import y`` gives ``x`` and ``x.y``."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                yield from (alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module:
                yield node.module
                yield from (f"{node.module}.{alias.name}" for alias in node.names)


@cache
def modules(*folders: str) -> tuple[Module, ...]:
    """Return the Python modules below these folders; of both packages by default."""
    wanted = folders or PACKAGES
    return tuple(
        Module(path, source := path.read_text(encoding="utf-8"), ast.parse(source))
        for path in project_files()
        if path.suffix == ".py"
        and path.relative_to(PROJECT).as_posix().startswith(tuple(f"{name}/" for name in wanted))
    )


def models(manifest: Manifest) -> list[Node]:
    """Return every model of the project."""
    return [node for node in manifest["nodes"].values() if node["resource_type"] == "model"]


def layer(node: Node) -> str:
    """Return the layer of a model, seed or source: its schema."""
    return str(node["schema"])


def is_door(node: Node) -> bool:
    """Whether the model is a door: the union of all systems for an entity."""
    return bool(node["name"].endswith("__unioned"))


def is_step(node: Node) -> bool:
    """Whether the model is a step of a star table or mart (``<table>__<step>``), which is not published."""
    return layer(node) in {"star", "marts"} and "__" in node["name"]


def data_tests_on(manifest: Manifest, node: Node, *names: str) -> list[Node]:
    """Return the generic data tests of these names on a model."""
    return [
        found
        for found in manifest["nodes"].values()
        if found["resource_type"] == "test"
        and found.get("attached_node") == node["unique_id"]
        and found["test_metadata"]["name"] in names
    ]


def unique_keys(manifest: Manifest, node: Node) -> list[list[str]]:
    """The columns that identify a row of the model, as its data tests check them."""
    keys = [test["test_metadata"]["kwargs"] for test in data_tests_on(manifest, node, "keys")]
    return [columns for test in keys for columns in test.get("unique", [test.get("columns")])] + [
        [test["column_name"]] for test in data_tests_on(manifest, node, "unique")
    ]


def references(manifest: Manifest, node: Node) -> set[str]:
    """The columns of the model of which a data test checks that their values arrive."""
    return {
        reference["column"]
        for test in data_tests_on(manifest, node, "keys")
        for reference in test["test_metadata"]["kwargs"].get("references", [])
    }


def sql(node: Node) -> str:
    """Return a model's SQL without comments."""
    code = re.sub(r"\{#.*?#\}", "", node["raw_code"], flags=re.DOTALL)
    return re.sub(r"--[^\n]*", "", code).lower()

"""The project as the architecture tests read it: its files, its Python modules, its models.

A rule is a list of offences that must be empty, said with what to do about them.
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
# The layers that stand in the file which is published, but for the steps of a mart.
PUBLISHED_LAYERS = ("star", "marts", "quality")


def assert_none(offences: Iterable[str], remedy: str) -> None:
    """Fail with what to do, and where, unless there are no offences."""
    __tracebackhide__ = True
    found = sorted(set(offences))
    assert not found, f"{remedy}\n  " + "\n  ".join(found)


@cache
def project_files() -> tuple[Path, ...]:
    """Every file that is or will be committed."""
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
        """The name it is imported by."""
        parts = self.path.relative_to(PROJECT).with_suffix("").parts
        return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)

    @property
    def place(self) -> str:
        """Its path in the project."""
        return self.path.relative_to(PROJECT).as_posix()

    def imports(self) -> Iterator[str]:
        """Every module that it imports, at its top or later; ``from x import y`` counts as ``x`` and ``x.y``."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                yield from (alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module:
                yield node.module
                yield from (f"{node.module}.{alias.name}" for alias in node.names)


@cache
def modules(*folders: str) -> tuple[Module, ...]:
    """The Python modules below the folders of the project; below both packages where none is named."""
    wanted = folders or PACKAGES
    return tuple(
        Module(path, source := path.read_text(encoding="utf-8"), ast.parse(source))
        for path in project_files()
        if path.suffix == ".py"
        and path.relative_to(PROJECT).as_posix().startswith(tuple(f"{name}/" for name in wanted))
    )


def models(manifest: Manifest) -> list[Node]:
    """Every model of the project."""
    return [node for node in manifest["nodes"].values() if node["resource_type"] == "model"]


def layer(node: Node) -> str:
    """The layer of a model, seed or source: its schema, which is the model's layer folder."""
    return str(node["schema"])


def is_door(node: Node) -> bool:
    """Whether the model is the union of the systems for an entity."""
    return bool(node["name"].endswith("__unioned"))


def is_step(node: Node) -> bool:
    """Whether the model is a step of a star table or a mart (``<table>__<step>``), which is not published by itself."""
    return layer(node) in {"star", "marts"} and "__" in node["name"]


def data_tests_on(manifest: Manifest, node: Node, *names: str) -> list[Node]:
    """The data tests of these generic kinds on a model."""
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
    """A model's SQL as written, without its comments."""
    code = re.sub(r"\{#.*?#\}", "", node["raw_code"], flags=re.DOTALL)
    return re.sub(r"--[^\n]*", "", code).lower()

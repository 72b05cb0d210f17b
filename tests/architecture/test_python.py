"""What Python modules may import, write and do: the boundaries of docs/architecture.md for orchestration."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from collections.abc import Iterator

import pytest

from orchestration.base.paths import PROJECT
from tests.architecture.project import Manifest, Module, assert_none, models, modules

NEITHER_DAGSTER_NOR_DBT = ("orchestration.connectors", "orchestration.identity", "orchestration.science")

# The modules that may name a guarded folder of a deployment's home. Units are written by unit_place and moved by holds;
# verification, dbt and publish only read.
LANDING = (
    "orchestration/landing/unit_place.py",
    "orchestration/landing/verification.py",
    "orchestration/publication/holds.py",
)
MAY_NAME = {
    "published": {"orchestration/base/paths.py", "orchestration/publication/publication.py"},
    "quarantine": {"orchestration/base/paths.py", "orchestration/warehouse/dbt.py", *LANDING},
    "landing": {
        "orchestration/assets/publish.py",
        "orchestration/base/paths.py",
        "orchestration/warehouse/dbt.py",
        *LANDING,
    },
}

LONGEST_MODULE = 300


def first_party(module: Module) -> set[str]:
    known = {found.name for found in modules()}
    return {name for name in module.imports() if name in known}


def reached(start: Module) -> Iterator[Module]:
    """Yield the module and every project module that it imports, directly or not."""
    by_name = {module.name: module for module in modules()}
    waiting, seen = [start.name], set()
    while waiting:
        name = waiting.pop()
        if name not in seen:
            seen.add(name)
            yield by_name[name]
            waiting += first_party(by_name[name])


def test_connectors_identity_and_science_import_neither_dagster_nor_dbt() -> None:
    offences = []
    for start in modules():
        if not start.name.startswith(NEITHER_DAGSTER_NOR_DBT):
            continue
        for module in reached(start):
            roots = {name.split(".")[0] for name in module.imports()}
            offences += [
                f"{start.place} imports {root}" + ("" if module is start else f" through {module.place}")
                for root in roots
                if root == "dbt" or root.startswith(("dagster", "dbt_"))
            ]
    assert_none(offences, "Keep these plain functions, and use Dagster and dbt in the asset that calls them:")


def test_only_public_modules_of_dagster_and_dbt_are_imported() -> None:
    offences = [
        f"{module.place} imports {name}"
        for module in modules("orchestration", "expectations", "tests")
        for name in module.imports()
        if name.split(".")[0].startswith(("dagster", "dbt")) and any(part.startswith("_") for part in name.split("."))
    ]
    assert_none(offences, "Use the public API (`import dagster as dg`):")


def is_private(node: ast.Attribute) -> bool:
    """Whether the attribute is private to another object than the one, or the class, that the code belongs to."""
    return (
        node.attr.startswith("_")
        and not (node.attr.startswith("__") and node.attr.endswith("__"))
        and ast.unparse(node.value) not in {"self", "cls"}
    )


def test_only_public_attributes_of_other_objects_are_used() -> None:
    offences = [
        f"{module.place}:{node.lineno} uses {ast.unparse(node)}"
        for module in modules("orchestration", "expectations", "demo")
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Attribute) and is_private(node)
    ]
    assert_none(offences, "Use the public API, or give the attribute a public name where it is the project's own:")


@pytest.mark.parametrize(
    ("code", "is_offence"),
    [("other._x", True), ("self.client._x = 1", True), ("self._x", False), ("cls._x", False), ("x.__doc__", False)],
)
def test_a_private_attribute_is_recognised(code: str, is_offence: bool) -> None:
    attributes = [node for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Attribute)]
    assert any(map(is_private, attributes)) is is_offence


def test_every_module_has_a_docstring() -> None:
    every = modules("orchestration", "expectations", "tests")
    assert_none(
        (module.place for module in every if not (ast.get_docstring(module.tree) or "").strip()),
        "Begin the module with a docstring: its purpose, what to add, what to keep out:",
    )


def test_an_init_file_has_only_a_docstring() -> None:
    offences = [
        module.place for module in modules() if module.path.name == "__init__.py" and len(module.tree.body) != 1
    ]
    assert_none(offences, "Move the code to a module with a name:")


def test_no_module_is_too_long() -> None:
    lengths = {
        module.place: len(module.source.splitlines()) for module in modules("orchestration", "expectations", "tests")
    }
    offences = [f"{place}: {length} lines" for place, length in lengths.items() if length > LONGEST_MODULE]
    assert_none(offences, f"Split the module by responsibility (at most {LONGEST_MODULE} lines):")


def test_only_its_own_modules_name_a_guarded_folder() -> None:
    offences = [
        f"{module.place}:{node.lineno} uses .{node.attr}"
        for module in modules()
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Attribute)
        and node.attr in MAY_NAME
        and isinstance(node.value, ast.Name | ast.Attribute)
        and ast.unparse(node.value).endswith("home")
        and module.place not in MAY_NAME[node.attr]
    ]
    assert_none(offences, "Call publication/publication.py or landing/unit_place.py instead:")


def test_no_python_code_lists_model_names(manifests: dict[str, Manifest]) -> None:
    names = {model["name"] for manifest in manifests.values() for model in models(manifest)}

    def is_model(node: ast.expr | None) -> bool:
        return isinstance(node, ast.Constant) and node.value in names

    offences = []
    for module in modules():
        for node in ast.walk(module.tree):
            listed = isinstance(node, ast.List | ast.Tuple | ast.Set) and sum(map(is_model, node.elts)) > 1
            mapped = isinstance(node, ast.Dict) and sum(map(is_model, node.keys)) > 1
            compared = isinstance(node, ast.Compare) and any(map(is_model, [node.left, *node.comparators]))
            if listed or mapped or compared:
                offences.append(f"{module.place}:{node.lineno}")  # type: ignore[attr-defined]
    assert_none(offences, "Put the setting into the model's yml (config, meta) and read it from the manifest:")


def test_no_business_rule_is_in_sql_in_python() -> None:
    rule = re.compile(r"\bcase\s+when\b|\bover\s*\(|\bleft join\b", re.IGNORECASE)
    offences = [
        f"{module.place}:{node.lineno}"
        for module in modules("orchestration")
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and rule.search(node.value)
    ]
    assert_none(offences, "Move the rule to a dbt model and read its result:")


def test_no_module_reads_the_environment_at_import() -> None:
    def at_import(node: ast.AST) -> Iterator[ast.AST]:
        for child in ast.iter_child_nodes(node):
            if not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
                yield child
                yield from at_import(child)

    offences = [
        f"{module.place}:{node.lineno}"
        for module in modules()
        if module.place != "orchestration/definitions.py"
        for node in at_import(module.tree)
        if isinstance(node, ast.Attribute) and ast.unparse(node) in {"os.environ", "os.getenv", "os.environb"}
    ]
    assert_none(offences, "Read the environment in the function that needs it:")


# Runs in its own process: imports every module and reports each file, program or address that a line of the project
# opens. Files that the import system opens do not count.
WATCHED_IMPORT = """
import importlib, sys

import pydantic

# the first model of a process makes pydantic search for plugins on the disk
pydantic.create_model("First")

project, watched = sys.argv[1], ("open", "os.mkdir", "os.listdir", "os.scandir", "socket.connect", "subprocess.Popen")

def watch(event, arguments):
    if event not in watched:
        return
    frame = sys._getframe(1)
    while frame is not None:
        where = frame.f_code.co_filename
        if where.startswith("<frozen importlib"):
            return
        if where.startswith((project + "/orchestration/", project + "/expectations/")):
            print(f"{where.removeprefix(project + '/')}:{frame.f_lineno} {event} {arguments[0]}")
            return
        frame = frame.f_back

sys.addaudithook(watch)
for name in sys.argv[2:]:
    importlib.import_module(name)
"""


def test_unit_tests_mirror_the_packages() -> None:
    packages = {module.path.parent.name for module in modules("orchestration") if module.path.name == "__init__.py"}
    top_level = {path.name for path in (PROJECT / "orchestration").iterdir()} & packages
    tested = {module.path.relative_to(PROJECT).parts[2] for module in modules("tests/unit")}
    # these test the demo company and dbt's models
    other = {"demo", "marts", "models"}
    assert_none(
        [f"tests/unit/{name}" for name in top_level ^ (tested - other)],
        "Put the unit tests of a package of orchestration into the folder of its name:",
    )


def test_import_does_no_work() -> None:
    names = [module.name for module in modules() if module.place != "orchestration/definitions.py"]
    done = subprocess.run(
        [sys.executable, "-c", WATCHED_IMPORT, str(PROJECT), *names],
        cwd=PROJECT,
        env={**os.environ, "PYTHONWARNINGS": "ignore"},
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, f"A module cannot be imported:\n{done.stderr}"
    assert_none(done.stdout.splitlines(), "Move this into the function that needs it:")

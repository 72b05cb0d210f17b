"""The pages match the project, and no committed file depends on one machine."""

from __future__ import annotations

import re
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

from orchestration.base.paths import PROJECT
from tests.architecture.project import assert_none, modules, project_files

MACHINE_PATHS = re.compile(r"/home/\w+|/Users/\w+|/root/|/work/|/tmp/\w+|[A-Z]:\\\\")
REGISTRY_HOSTS = re.compile(r"\bpypi\.|pythonhosted|index[-_]url|find[-_]links|artifactory|\bnexus\b", re.IGNORECASE)


def texts() -> dict[str, str]:
    found = {}
    for path in project_files():
        if path != Path(__file__) and path.suffix not in {".png", ".parquet", ".gz"}:
            found[path.relative_to(PROJECT).as_posix()] = path.read_text(encoding="utf-8", errors="replace")
    return found


def drawn_tree() -> list[str]:
    """Return the paths of the drawn tree: one per line, folders end with a slash, two spaces per level."""
    page = (PROJECT / "docs" / "architecture.md").read_text(encoding="utf-8")
    drawing = re.search(r"^## The tree$.*?^```text\n(.*?)^```$", page, flags=re.DOTALL | re.MULTILINE)
    assert drawing, "docs/architecture.md lacks the drawing: a ```text block under '## The tree'"
    paths: list[str] = []
    above: list[str] = []
    for line in filter(str.strip, drawing[1].splitlines()):
        depth = (len(line) - len(line.lstrip())) // 2
        above = [*above[:depth], line.split()[0]]
        paths.append("".join(above))
    return paths


def stands_for(entry: str, path: str) -> bool:
    """Whether the drawn entry matches the path; ``<system>/`` matches any one name."""
    return re.fullmatch(re.sub("<[^>]+>", "[^/]+", re.escape(entry)), path) is not None


def test_the_drawn_tree_is_the_real_one() -> None:
    files = {path.relative_to(PROJECT).as_posix() for path in project_files()}
    folders = {f"{parent.as_posix()}/" for name in files for parent in Path(name).parents if parent.name}
    drawn = drawn_tree()
    opened = {re.sub("[^/]+/?$", "", entry) for entry in drawn}
    offences = [
        f"{entry} is drawn and does not exist"
        for entry in drawn
        if not any(stands_for(entry, path) for path in files | folders)
    ]
    offences += [
        f"{path} exists and is not drawn"
        for path in folders
        if any(stands_for(folder, re.sub("[^/]+/$", "", path)) for folder in opened)
        and not any(stands_for(entry, path) for entry in drawn)
    ]
    assert_none(offences, "Correct docs/architecture.md (a folder is drawn closed, or with all its folders):")


def test_no_committed_file_has_a_path_of_one_machine() -> None:
    offences = [
        f"{place}: {found[0]}"
        for place, text in texts().items()
        for found in MACHINE_PATHS.finditer(text.replace(str(PROJECT), "/work/"))
    ]
    assert_none(offences, "Use a path relative to the project, or a variable:")


def test_no_committed_file_names_a_package_registry() -> None:
    offences = [
        f"{place}: {found[0]}"
        for place, text in texts().items()
        if place != "Makefile"  # compiles the lock without index lines
        for found in REGISTRY_HOSTS.finditer(text)
    ]
    assert_none(offences, "Remove it: the machine's configuration names the registry:")


def declared_dependencies() -> set[str]:
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    lines = [*project["dependencies"], *project["optional-dependencies"]["dev"]]
    return {re.split(r"[=<>~!\[ ]", line, maxsplit=1)[0] for line in lines}


def test_every_dependency_has_a_reason() -> None:
    page = (PROJECT / "docs" / "decisions" / "dependencies.md").read_text(encoding="utf-8")
    offences = [name for name in declared_dependencies() if f"`{name}`" not in page]
    assert_none(offences, "Give the reason in docs/decisions/dependencies.md, or remove the dependency:")


def test_every_imported_package_is_a_declared_dependency() -> None:
    installed = packages_distributions()
    known = {*sys.stdlib_module_names, "demo", "orchestration", "expectations", "tests"}
    offences = []
    for module in modules("orchestration", "expectations", "demo", "tests"):
        for package in {name.split(".")[0] for name in module.imports()} - known:
            distributions = {name.lower().replace("_", "-") for name in installed.get(package, [])}
            if not distributions & declared_dependencies():
                offences.append(f"{module.place} imports {package}")
    assert_none(offences, "Declare it in pyproject.toml and run make lock; another package may stop bringing it:")

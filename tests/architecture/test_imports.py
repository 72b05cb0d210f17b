"""The direction of imports: no package of ``orchestration/`` imports one that comes later in the flow."""

from __future__ import annotations

from tests.architecture.project import Module, assert_none, modules

# A package may import itself and the packages of earlier lines.
FLOW = (
    {"base"},
    {"config", "identity", "science"},
    {"connectors", "gates"},
    {"landing", "guesses"},
    {"warehouse", "publication", "pages"},
    {"runs"},
    {"alerts", "assets", "nightly"},
    {"definitions"},
    {"run"},
    {"cli"},
)
LINE = {name: line for line, names in enumerate(FLOW) for name in names}

AT_THE_ROOT = {"__init__", "definitions", "nightly", "run"}


def package(name: str) -> str:
    """Return the package of a module of ``orchestration/``, or the file at its root."""
    return name.split(".")[1] if "." in name else ""


def imported(module: Module) -> set[str]:
    known = {found.name for found in modules("orchestration")}
    return {package(name) for name in module.imports() if name in known and package(name)}


def test_imports_follow_the_order_of_the_packages() -> None:
    offences = [
        f"{module.place} imports orchestration.{other}"
        for module in modules("orchestration")
        if package(module.name)
        for other in imported(module)
        if other != package(module.name) and LINE[other] >= LINE[package(module.name)]
    ]
    assert_none(offences, "Move what is shared to the earlier package, or pass it as an argument:")


def test_the_root_of_orchestration_has_only_the_pipeline() -> None:
    found = {module.path.stem for module in modules("orchestration") if module.path.parent.name == "orchestration"}
    assert_none(
        [f"orchestration/{name}.py" for name in found - AT_THE_ROOT],
        "Move the module to the package whose docstring covers it:",
    )


def test_expectations_and_the_demo_do_not_import_the_pipeline() -> None:
    allowed = {"expectations": {"expectations"}, "demo": {"demo", "base", "config"}}
    offences = [
        f"{module.place} imports {name}"
        for folder, may in allowed.items()
        for module in modules(folder)
        for name in module.imports()
        if name.startswith("orchestration.") and package(name) not in may
    ]
    assert_none(offences, "Pass it as an argument: suites are plain data, the demo may import base and config only:")

"""The commands ``cx360 lint`` and ``cx360 test``.

Add here tools that check the project; keep out rules about its architecture (``tests/architecture``).
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from orchestration.base.errors import PipelineError
from orchestration.base.paths import PROJECT, Home
from orchestration.config.deployment import Deployment, load_deployment
from orchestration.config.deployment_file import deployment_names, shown
from orchestration.config.ready_systems import completed, ready_system_names
from orchestration.warehouse.dbt import dbt_vars, ready_for_dbt, run_dbt
from orchestration.warehouse.project import STAGING, write_project
from orchestration.warehouse.staging import own_sql

SHARED_LAYERS = ("intermediate", "star", "marts", "quality")


def lint(tools: Sequence[str] = (), *, fix: bool = False) -> int:
    """Run the linters and print the result and seconds of each.

    Args:
        tools: names of ``LINTERS``; all where empty.
        fix: also apply the automatic fixes of ruff and sqlfluff.

    Returns:
        0 if no linter complains, else 1.

    Raises:
        PipelineError: an unknown linter is named.
    """
    unknown = sorted(set(tools) - set(LINTERS))
    if unknown:
        raise PipelineError(f"Unknown linter: {', '.join(unknown)}. Linters: {', '.join(LINTERS)}.")
    lanes = [[name for name in tools or LINTERS if (name in IN_PROCESS) == is_here] for is_here in (True, False)]
    with ThreadPoolExecutor(len(lanes)) as side_by_side:
        return max(side_by_side.map(partial(_lint, fix=fix), lanes))


def _lint(tools: Sequence[str], *, fix: bool) -> int:
    """Run linters one after the other; 0 if none complains, else 1."""
    failed = 0
    for name in tools:
        started = time.monotonic()
        complaints = LINTERS[name](fix)
        verdict = "FAILED" if complaints else "ok"
        lines = f"{name:<10} {verdict:<7} {time.monotonic() - started:5.1f} s\n"
        if complaints:
            lines += complaints.rstrip() + "\n\n"
            failed = 1
        print(lines, end="", flush=True)
    return failed


def test(long: bool, arguments: Sequence[str]) -> int:
    """Run the tests on two workers: all but the long ones, or only these; ``arguments`` go to pytest."""
    selected = ["-m", "long" if long else "not long"]
    # in the order of the files, so that the slow integration tests start before the unit tests
    spread = ["-n", "2", "--dist", "loadgroup", "--no-loadscope-reorder"]
    command = [sys.executable, "-m", "pytest", *selected, *spread, "--durations", "10", *arguments]
    return subprocess.run(command, cwd=PROJECT, check=False).returncode


def _tool(*arguments: str) -> str:
    """The complaints of a tool, or nothing."""
    done = subprocess.run([sys.executable, "-m", *arguments], cwd=PROJECT, check=False, capture_output=True, text=True)
    return (done.stdout + done.stderr or f"exit code {done.returncode}") if done.returncode else ""


def _ruff(fix: bool) -> str:
    if fix:
        return _tool("ruff", "format") + _tool("ruff", "check", "--fix", "--output-format", "concise")
    return _tool("ruff", "check", "--output-format", "concise") + _tool("ruff", "format", "--diff")


def _mypy(_fix: bool) -> str:
    return _tool("mypy")


def _yamllint(_fix: bool) -> str:
    return _tool("yamllint", "--strict", ".")


def _sqlfluff(fix: bool) -> str:
    """Lint every model and singular test as dbt compiles it, without a warehouse."""
    judged: set[Path] = set()
    complaints: list[str] = []
    with tempfile.TemporaryDirectory() as folder:
        for deployment in _deployments():
            home = Home(Path(folder).resolve() / deployment.name)
            waiting = {path: file for path, file in _sql_files(deployment, home).items() if file not in judged}
            judged |= {*waiting.values()}
            if waiting:
                complaints += _lint_sql(deployment, home, waiting, fix)
    return "\n".join(complaints)


def _lint_sql(deployment: Deployment, home: Home, files: Mapping[Path, Path], fix: bool) -> Iterator[str]:
    """Lint files of the deployment's dbt project, which are given with the files that they stand for."""
    from dbt.adapters.factory import reset_adapters
    from sqlfluff.core import FluffConfig, Linter, SQLFluffUserError

    reset_adapters()  # an adapter in use refers to its own warehouse
    with ready_for_dbt(deployment, home):
        config = FluffConfig.from_path(str(PROJECT))
        config.get_section(("templater", "dbt"))["context"] = dbt_vars(deployment, home)
        try:
            result = Linter(config).lint_paths(tuple(map(str, sorted(files))), fix=fix, apply_fixes=fix)
        except SQLFluffUserError as error:
            yield str(error)
            return
    for file in result.as_records():
        path = Path(file["filepath"])
        place = shown(files[path])
        if fix and not files[path].samefile(path):
            files[path].write_text(path.read_text(encoding="utf-8"), encoding="utf-8")
        for found in file["violations"]:
            if not (fix and found["fixes"]):
                yield f"{place}:{found['start_line_no']}: {found['name'] or found['code']}: {found['description']}"


def _sql_files(deployment: Deployment, home: Home) -> dict[Path, Path]:
    """The SQL files of a deployment's dbt project that are not generated, each with its original."""
    project = write_project(deployment, home)
    # sqlfluff looks for its settings beside each file
    (project / ".sqlfluff").symlink_to(PROJECT / ".sqlfluff")
    shared = [path for layer in SHARED_LAYERS for path in (project / "models" / layer).rglob("*.sql")]
    shared += (project / "data_tests").glob("*.sql")
    files = {path: path.resolve() for path in shared}
    for entity, systems in deployment.entities().items():
        for system in systems:
            if own := own_sql(deployment, system, entity):
                files[project / STAGING / system / f"stg_{system}__{entity}.sql"] = own
    return files


def _deployments() -> Iterator[Deployment]:
    """The deployments of the project, and a company that uses every ready system."""
    yield from map(load_deployment, deployment_names())
    demo = load_deployment("demo").model_dump(exclude={"name", "folders", "systems"})
    place = {"files": {"format": "csv", "history": "{table}.csv"}}
    used = {name: completed({"use": name, **place}, name, name) for name in ready_system_names()}
    yield Deployment.model_validate({**demo, "name": "every_ready_system", "systems": used})


def _dbt(_fix: bool) -> str:
    """Parse every deployment with all of dbt's warnings and deprecations as errors."""
    complaints = []
    for deployment in _deployments():
        with tempfile.TemporaryDirectory() as folder:
            arguments = ["parse", "--quiet", "--no-partial-parse", "--warn-error-options", '{"error": "all"}']
            result = run_dbt(deployment, Home(Path(folder)), arguments)
        if not result.success:
            complaints.append(f"{deployment.name}: {result.exception}")
    return "\n".join(complaints)


LINTERS: dict[str, Callable[[bool], str]] = {
    "ruff": _ruff,
    "mypy": _mypy,
    "yamllint": _yamllint,
    "dbt": _dbt,
    "sqlfluff": _sqlfluff,
}
IN_PROCESS = ("dbt", "sqlfluff")
"""The linters that use dbt in this process, one after the other; the others run as subprocesses meanwhile."""

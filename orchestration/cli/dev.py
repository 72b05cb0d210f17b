"""The commands ``cx360 lint`` and ``cx360 test``.

Add here tools that check the project; keep out rules about its architecture (``tests/architecture``).
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from orchestration.base.errors import PipelineError
from orchestration.base.paths import PROJECT, Home
from orchestration.config.deployment import Deployment, deployment_names, load_deployment
from orchestration.warehouse.dbt import DBT_PROJECT, dbt_vars, ready_for_dbt, run_dbt

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
    with tempfile.TemporaryDirectory() as folder:
        home = Home(Path(folder))
        return "\n".join(
            found for deployment, paths in _sql_paths() for found in _lint_sql(deployment, home, paths, fix)
        )


def _lint_sql(deployment: Deployment, home: Home, paths: Sequence[str], fix: bool) -> Iterator[str]:
    from dbt.adapters.factory import reset_adapters
    from sqlfluff.core import FluffConfig, Linter, SQLFluffUserError

    reset_adapters()  # an adapter in use refers to its own warehouse
    with ready_for_dbt(deployment, home):
        config = FluffConfig.from_path(str(PROJECT))
        config.get_section(("templater", "dbt"))["context"] = dbt_vars(deployment, home)
        try:
            result = Linter(config).lint_paths(tuple(paths), fix=fix, apply_fixes=fix)
        except SQLFluffUserError as error:
            yield str(error)
            return
    for file in result.as_records():
        place = Path(file["filepath"]).relative_to(PROJECT)
        for found in file["violations"]:
            if not (fix and found["fixes"]):
                yield f"{place}:{found['start_line_no']}: {found['name'] or found['code']}: {found['description']}"


def _sql_paths() -> Iterator[tuple[Deployment, tuple[str, ...]]]:
    """The SQL files to lint per deployment, each file once: staging models, and shared models and tests."""
    models = DBT_PROJECT / "models"
    shared = [path for layer in SHARED_LAYERS for path in (models / layer).rglob("*.sql")]
    shared += (DBT_PROJECT / "data_tests").glob("*.sql")
    judged: set[Path] = set()
    for name in deployment_names():
        deployment = load_deployment(name)
        staging = [path for system in deployment.systems for path in (models / "staging" / system).glob("*.sql")]
        waiting = {*shared, *staging} - judged
        judged |= waiting
        if waiting:
            yield deployment, tuple(str(path) for path in sorted(waiting))


def _dbt(_fix: bool) -> str:
    """Parse every deployment with all of dbt's warnings and deprecations as errors."""
    complaints = []
    for name in deployment_names():
        with tempfile.TemporaryDirectory() as folder:
            arguments = ["parse", "--quiet", "--no-partial-parse", "--warn-error-options", '{"error": "all"}']
            result = run_dbt(load_deployment(name), Home(Path(folder)), arguments)
        if not result.success:
            complaints.append(f"{name}: {result.exception}")
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

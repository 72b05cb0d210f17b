"""What ``cx360`` answers to a person, before any night runs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from orchestration.base.paths import PROJECT, Home
from orchestration.cli.main import main
from orchestration.runs.lock import hold

COMMANDS = (
    "run",
    "backfill",
    "check",
    "eject",
    "new",
    "quarantine",
    "query",
    "export",
    "publish-postgres",
    "site",
    "versions",
    "rollback",
    "release",
    "verify",
    "backup",
    "restore",
    "demo",
    "ui",
    "docs",
    "dbt",
    "clean",
    "lint",
    "test",
)
LIGHT = """
import sys
from click.testing import CliRunner
from orchestration.cli.main import main
assert CliRunner().invoke(main, ["--help"]).exit_code == 0
heavy = {"dagster", "dbt", "duckdb", "great_expectations", "pandas", "pyarrow", "rich", "sqlglot"}
print(sorted(heavy & set(sys.modules)))
"""


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands find no data but the test's own, and no settings of whoever runs the tests."""
    for name in ("CX360_DEPLOYMENT", "CX360_EXTRACTS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("CX360_HOME", str(tmp_path / "home"))


def cx360(*arguments: str) -> Result:
    """Call a command that answers without the heavy libraries."""
    return CliRunner().invoke(main, arguments)


def cx360_in_a_process(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Call a command that loads the heavy libraries and changes how they log."""
    command = [sys.executable, "-c", "from orchestration.cli.main import main; main()", *arguments]
    return subprocess.run(command, cwd=PROJECT, text=True, capture_output=True, check=False, env=os.environ)


def test_help_lists_every_command_with_a_line_about_it() -> None:
    answer = cx360("--help")
    assert answer.exit_code == 0
    lines = answer.output[answer.output.index("Commands:") :].splitlines()[1:]
    listed = {line.split()[0]: line.split()[1:] for line in lines if line.startswith("  ") and line[2] != " "}
    assert sorted(listed) == sorted(COMMANDS) == sorted(main.commands)
    assert all(listed.values())


def test_help_loads_none_of_the_heavy_libraries() -> None:
    answer = subprocess.run([sys.executable, "-c", LIGHT], cwd=PROJECT, text=True, capture_output=True, check=True)
    assert answer.stdout.strip() == "[]"


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_and_option_says_what_it_does(command: str) -> None:
    answer = cx360(command, "-h")
    assert answer.exit_code == 0
    assert main.commands[command].help
    for parameter in main.commands[command].params:
        if parameter.param_type_name == "option":
            assert parameter.to_info_dict()["help"], f"{command} {parameter.name}"


@pytest.mark.parametrize(
    "command", ["run", "quarantine", "versions", "rollback", "release", "demo", "ui", "docs", "dbt", "clean"]
)
def test_an_unknown_deployment_is_one_line_and_no_stack(command: str) -> None:
    answer = cx360(command, "--deployment", "olits", *(["parse"] if command == "dbt" else []))
    assert answer.exit_code == 1
    assert "no deployment 'olits'" in answer.output
    assert "Did you mean 'olist'?" in answer.output


def test_trace_shows_the_stack() -> None:
    answer = cx360("--trace", "run", "--deployment", "olits")
    assert answer.exit_code == 1
    assert "Traceback (most recent call last)" in answer.output
    message = "Did you mean 'olist'? A deployment elsewhere is named by the path of its folder.\n"
    assert answer.output.endswith(message)


def test_the_deployment_may_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CX360_DEPLOYMENT", "olits")
    assert "no deployment 'olits'" in cx360("run").output


@pytest.mark.parametrize("other", ["--from", "--to"])
def test_one_date_beside_a_range_is_a_usage_error(other: str) -> None:
    answer = cx360("run", "--date", "2026-01-01", other, "2026-01-02")
    assert answer.exit_code == 2
    assert "--date stands alone: it cannot be combined with --from or --to." in answer.output


@pytest.mark.parametrize("day", ["yesterday", "01.02.2026", "2026-02-30"])
def test_a_date_that_is_none_is_a_usage_error(day: str) -> None:
    answer = cx360("run", "--date", day)
    assert answer.exit_code == 2
    assert f"'{day}' does not match the format '%Y-%m-%d'" in answer.output


def test_extracts_are_made_for_demo_companies_alone() -> None:
    answer = cx360("demo", "--deployment", "olist")
    assert answer.exit_code == 1
    assert "Deployment 'olist'" in answer.output
    assert "is_demo is false" in answer.output


def test_a_demo_company_is_made_where_its_deployment_looks_for_it(tmp_path: Path) -> None:
    answer = cx360_in_a_process("demo", "--deployment", "demo_two_shops", "--customers", "3", "--nights", "1")
    assert answer.returncode == 0, answer.stderr
    extracts = tmp_path / "home" / "demo_two_shops" / "extracts"
    delivered = {path.name for path in (extracts / "2026-01-01").iterdir()}
    assert delivered == {"crm", "shop", "survey_tool", "tracking", "outlet", "panel"}


def test_a_run_without_extracts_says_where_to_put_them(tmp_path: Path) -> None:
    answer = cx360_in_a_process("run", "--deployment", "olist")
    output = answer.stdout + answer.stderr
    assert answer.returncode == 1
    assert f"Deployment 'olist' has no extracts in {tmp_path / 'home' / 'olist' / 'extracts'}. Put them there" in output
    assert "EXTRACTS=<folder>" in output
    assert "Traceback" not in output


def test_a_second_run_at_the_same_time_says_so_and_ends(tmp_path: Path) -> None:
    with hold(Home(tmp_path / "home" / "olist")):
        answer = cx360_in_a_process("run", "--deployment", "olist")
    assert answer.returncode == 1
    assert f"Another run of 'olist' is under way (process {os.getpid()}, since" in answer.stderr
    assert "cx360 run --wait" in answer.stderr


def test_a_full_disk_is_one_message_and_no_stack(tmp_path: Path) -> None:
    run = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, -1)); "
    command = [
        sys.executable,
        "-c",
        run + "from orchestration.cli.main import main; main()",
        "run",
        "--deployment",
        "olist",
        "--extracts",
        str(PROJECT / "tests" / "integration" / "olist" / "synthetic"),
    ]
    answer = subprocess.run(command, cwd=PROJECT, text=True, capture_output=True, check=False, env=os.environ)
    assert answer.returncode == 1
    assert f"The run could not write below {tmp_path / 'home' / 'olist'}: " in answer.stderr
    assert "The published version stays." in answer.stderr
    assert "Traceback" not in answer.stderr


def test_the_version_names_the_package_and_the_revision_of_the_code() -> None:
    head = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], cwd=PROJECT, capture_output=True, text=True, check=False
    )
    answer = cx360("--version")
    assert answer.exit_code == 0
    assert answer.output.startswith("cx360 0.1.0, revision ")
    assert answer.output.strip().endswith(head.stdout.strip() or "unknown")


@pytest.mark.parametrize(
    ("arguments", "exit_code", "error"),
    [
        (["run", "--deployment", "olits"], 1, "There is no deployment 'olits'"),
        (["run", "--deployment", "olist"], 1, "has no extracts"),
        (["run", "--date", "2026-01-01", "--from", "2026-01-01"], 2, "--date stands alone"),
        (["versions", "--colour"], 2, "No such option '--colour'"),
        (["check", "--deployment", "olits"], 1, "There is no deployment"),
        (["quarantine", "--export", "rows.jsonl"], 2, "cannot be combined"),
    ],
)
def test_a_program_gets_errors_as_json_with_their_exit_code(arguments: list[str], exit_code: int, error: str) -> None:
    answer = cx360(*arguments, "--json")
    assert answer.exit_code == exit_code
    content = json.loads(answer.stdout)
    assert set(content) == {"error", "exit_code"}
    assert content["exit_code"] == exit_code
    assert error in content["error"]


def test_a_program_gets_the_versions_and_the_quarantine_of_an_empty_home() -> None:
    assert json.loads(cx360("versions", "--json").stdout) == {"deployment": "demo", "versions": [], "exit_code": 0}
    assert json.loads(cx360("quarantine", "--json").stdout) == {"deployment": "demo", "units": [], "exit_code": 0}


def test_a_size_is_refused_where_no_demo_company_is_made(tmp_path: Path) -> None:
    assert "reads real extracts" in cx360("run", "--deployment", "olist", "--customers", "5").stderr
    named = cx360("run", "--customers", "5", "--extracts", str(tmp_path))
    assert "reads the extracts that were named" in named.stderr
    made = tmp_path / "home" / "demo" / "extracts"
    made.mkdir(parents=True)
    (made / "demo.json").write_text('{"customers": 3000}', encoding="utf-8")
    refused = cx360("run", "--customers", "5")
    assert refused.exit_code == 1
    assert "a demo company already of 3,000 customers" in refused.stderr


def test_make_refuses_a_variable_that_it_does_not_know() -> None:
    def make(*arguments: str) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, "CUSTOMER": "3"}
        return subprocess.run(
            ["make", "-n", *arguments], cwd=PROJECT, env=environment, capture_output=True, text=True, check=False
        )

    refused = make("run", "CUSTOMER=5", "date=2026-01-01")
    assert refused.returncode == 2
    assert "Unknown variable: " in refused.stderr
    assert {"CUSTOMER", "date"} <= set(refused.stderr.split("Unknown variable: ")[1].split(".")[0].split())
    assert "CUSTOMERS" in refused.stderr
    assert '--customers "500"' in make("run", "CUSTOMERS=500").stdout


def test_cleaning_removes_the_deployments_data_and_nothing_else(tmp_path: Path) -> None:
    for name in ("olist", "demo"):
        (tmp_path / "home" / name / "landing").mkdir(parents=True)
    assert cx360("clean", "--deployment", "olist").output == f"Removed {tmp_path / 'home' / 'olist'}\n"
    assert [path.name for path in (tmp_path / "home").iterdir()] == ["demo"]
    again = cx360("clean", "--deployment", "olist")
    assert again.exit_code == 0
    assert again.output.startswith("Nothing to remove")

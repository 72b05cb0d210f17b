"""What a person sees of a run in a terminal, what a program gets, and how SIGTERM ends a run: real processes."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import dagster as dg
import pytest

from tests.integration.conftest import Company
from tests.terminal import Recording, program, recorded

pytestmark = [pytest.mark.long, pytest.mark.xdist_group("demo nights")]

CX360 = program("cx360", sys.executable)
MOVING = re.compile(r"^ +(\d+) s  (?!done|failed)(\S.*?)  (?:\d+ s|\d+ min)")
FINISHED = re.compile(r"^ *\d+ s +(done|failed) +(\S.*?)  +[\d.]+ s")


@pytest.fixture(scope="module")
def night(demo_night: Company, tmp_path_factory: pytest.TempPathFactory) -> Company:
    """A copy of a published night, to be built again."""
    return demo_night.copied(tmp_path_factory.mktemp("terminal"))


def environment(night: Company) -> dict[str, str]:
    return {"CX360_HOME": str(night.home.root.parent), "CX360_EXTRACTS": str(night.extracts)}


REBUILD = [CX360, "run", "--full-refresh"]


@pytest.fixture(scope="module")
def terminated(night: Company) -> Recording:
    """A run in a terminal of 120 columns that SIGTERM ends while dbt builds."""

    def end(shown: str) -> int | None:
        return signal.SIGTERM if re.search(r"stage  \d+ s  [1-9]\d* of", shown) else None

    return recorded(REBUILD, 120, environment(night), end)


@pytest.fixture(scope="module")
def recording(night: Company, terminated: Recording) -> Recording:  # noqa: ARG001  it comes first
    """The same command again, in a terminal of 80 columns."""
    return recorded(REBUILD, 80, environment(night))


def dagster_runs(night: Company) -> list[dg.DagsterRun]:
    with dg.DagsterInstance.from_config(str(night.home.dagster)) as instance:
        return list(instance.get_runs())


def test_sigterm_ends_a_run_within_ten_seconds_and_marks_it(night: Company, terminated: Recording) -> None:
    published = night.published.parent.name
    assert terminated.exit_code == 128 + signal.SIGTERM
    assert terminated.seconds_to_end < 10
    shown = "".join(terminated.pieces)
    assert "Step 'stage' was interrupted" in shown
    assert "terminated" in shown
    assert "Traceback" not in shown
    assert shown.endswith("terminated\r\n")  # no library has the last word
    assert dagster_runs(night)[0].status == dg.DagsterRunStatus.FAILURE
    assert night.published.parent.name == published


def test_the_same_command_completes_what_was_terminated(night: Company, recording: Recording) -> None:
    assert recording.exit_code == 0
    assert dagster_runs(night)[0].status == dg.DagsterRunStatus.SUCCESS
    outcomes = night.query("select outcome from quality.quality_runs order by started_at")
    assert outcomes[-2:] == [("failed",), ("published",)]


@pytest.mark.parametrize(("name", "width"), [("terminated", 120), ("recording", 80)])
def test_one_line_moves_below_the_finished_steps(name: str, width: int, request: pytest.FixtureRequest) -> None:
    screens = request.getfixturevalue(name).screens(width)
    steps = [screen for screen in screens if not any(line.startswith("Step ") or "rows" in line for line in screen)]
    moving = [[line for line in screen if MOVING.match(line)] for screen in steps]
    assert max(map(len, moving)) == 1  # one at a time: none is left behind, none is glued to another line
    totals = [int(MOVING.match(lines[0])[1]) for lines in moving if lines]  # type: ignore[index]
    assert totals == sorted(totals)
    # it moves, also while definitions load and while dbt builds: a busy machine may hold it up for some seconds
    assert all(later - earlier <= 10 for earlier, later in pairwise(totals))
    for lines in moving:
        assert all(len(line) <= width for line in lines)


def test_the_line_names_the_models_of_a_step_as_they_are_built(recording: Recording) -> None:
    moving = [[line for line in screen if MOVING.match(line)] for screen in recording.screens(80)]
    stages = {lines[0].split("  ")[-1] for lines in moving if lines and " stage  " in lines[0]}
    assert len(stages) > 5


def test_the_start_shows_its_true_seconds(recording: Recording) -> None:
    [start] = [line for line in recording.screens(80)[-1] if re.match(r"^ *\d+ s +done +start ", line)]
    total, seconds = (float(found) for found in re.findall(r"([\d.]+) s", start)[:2])
    assert seconds > 1
    assert abs(total - seconds) <= 1  # nothing ran before it


def test_each_step_is_shown_once_within_the_width(recording: Recording) -> None:
    lines = recording.screens(80)[-1]
    steps = [found[2] for line in lines if (found := FINISHED.match(line))]
    assert steps[:3] == ["start", "stage", "identity"]
    assert len(steps) == len(set(steps)) >= 10
    assert all(len(line) <= 80 for line in lines[: len(steps)])


def test_the_time_left_is_that_of_the_last_published_run(night: Company, recording: Recording) -> None:
    assert not any(" left" in piece for piece in recording.pieces)  # no run before it has published a rebuild here
    seconds = json.loads((night.home.state / "step_seconds.json").read_text(encoding="utf-8"))
    assert seconds["rebuild"]["marts"] > 1


def test_a_pipe_gets_whole_lines_and_a_program_json_alone(night: Company, recording: Recording) -> None:  # noqa: ARG001
    def piped(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [CX360, *arguments],
            env={**os.environ, **environment(night)},
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )

    people = piped("run")
    assert people.returncode == 0
    assert "Nothing was pending" in people.stdout
    assert not {"\r", "\x1b"} & set(people.stdout + people.stderr)
    lines = people.stdout.splitlines()
    figures = lines[next(number for number, line in enumerate(lines) if line.startswith("figure ")) + 1 :]
    figures = figures[: figures.index("")]
    labels = [line.split("  ")[0] for line in figures]
    assert "" not in labels, "a row is broken over several lines"
    assert "Customers at risk" in labels

    answer = piped("run", "--json")
    assert json.loads(answer.stdout) == {
        "deployment": "demo",
        "outcome": "nothing_pending",
        "run_id": None,
        "load_dates": [],
        "undelivered_load_dates": [],
        "problems": [],
        "unsent_alerts": [],
        "version": night.manifest()["version"],
        "as_of_date": night.manifest()["as_of_date"],
        "checks": night.manifest()["checks"],
        "seconds": json.loads(answer.stdout)["seconds"],
        "step_seconds": {},
        "exit_code": 0,
    }
    versions = json.loads(piped("versions", "--json").stdout)
    assert [version["state"] for version in versions["versions"]].count("current") == 1
    assert json.loads(piped("quarantine", "--json").stdout)["units"] == []

    refused = piped("run", "--json", "--date", "2020-01-01")
    assert (refused.returncode, json.loads(refused.stdout)["exit_code"]) == (1, 1)
    assert "2020-01-01" in json.loads(refused.stdout)["error"]


def test_a_run_of_the_command_line_has_the_origin_of_a_scheduled_one(night: Company, recording: Recording) -> None:  # noqa: ARG001
    origin = dagster_runs(night)[0].remote_job_origin
    assert origin is not None
    assert origin.repository_origin.get_label() == "__repository__@cx360"


def test_the_home_is_left_whole(night: Company, terminated: Recording, recording: Recording) -> None:  # noqa: ARG001
    verified = subprocess.run(
        [CX360, "verify"], env={**os.environ, **environment(night)}, capture_output=True, text=True, check=False
    )
    assert verified.stdout == "Everything is as the pipeline wrote it.\n"
    assert not Path(night.home.state / "run.under-way").exists()

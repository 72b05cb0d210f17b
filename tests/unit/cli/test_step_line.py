"""The moving line of a run: elapsed, time left and detail, and the seconds that earlier runs took."""

from __future__ import annotations

import io
import re
import threading
import time
from pathlib import Path

import pytest
from rich.console import Console

from orchestration.base.paths import Home
from orchestration.base.progress import Report, report, step
from orchestration.cli.console import Watch
from orchestration.cli.step_line import KEPT_KINDS, StepSeconds, duration
from tests.terminal import Screen


@pytest.mark.parametrize(
    ("seconds", "words"), [(0.4, "0 s"), (59.4, "59 s"), (59.6, "1 min 0 s"), (725, "12 min 5 s"), (7800, "2 h 10 min")]
)
def test_a_duration_in_words(seconds: float, words: str) -> None:
    assert duration(seconds) == words


def watched(home: Home, width: int) -> tuple[str, Watch]:
    """What a terminal of this width gets of a short run, piece by piece."""
    written = io.StringIO()
    console = Console(file=written, force_terminal=True, width=width, highlight=False)
    watch = Watch(console, StepSeconds(home))
    with watch.watching():
        report(Report("start", "31 load dates"))
        with step("extract survey_tool__employee_answers") as progress:
            # dbt and the readers report from threads of their own
            reporter = threading.Thread(
                target=progress.detail, args=["9,000,000 rows, 120,000 rows/s, 3 of 31 load dates, and more" * 3]
            )
            reporter.start()
            reporter.join()
            time.sleep(1.2)
        with step("stage"):
            time.sleep(0.6)
    return written.getvalue(), watch


@pytest.mark.parametrize("width", [80, 120])
def test_the_line_is_cut_at_the_width_and_shows_what_a_thread_reports(tmp_path: Path, width: int) -> None:
    written, _ = watched(Home(tmp_path), width)
    moving = re.findall(r"s\x1b\[0m  (extract [^\r\n]*)", written)
    assert any("9,000,000 rows, 120,000" in line for line in moving)
    assert all(len("    0 s  " + line) <= width for line in moving)
    screen = Screen(width)
    screen.write(written)
    done = [re.match(r" *\d+ s +done +(\w+)", line) for line in screen.lines]
    assert [found[1] for found in done if found] == ["start", "extract", "stage"]


def test_the_time_left_is_shown_where_a_run_of_the_same_kind_was_published(tmp_path: Path) -> None:
    home = Home(tmp_path)
    written, watch = watched(home, 120)
    assert " left" not in written
    watch.seconds_of.seconds["stage"] = 100
    watch.seconds_of.save()
    written, _ = watched(home, 120)
    assert re.search(r"stage  0 s  about 1 min 40 s left", written)
    assert not re.search(r"extract \S+  1 s  about", written)  # it took no longer than that


def test_the_seconds_of_the_last_kinds_are_kept_and_a_damaged_file_is_none(tmp_path: Path) -> None:
    home = Home(tmp_path)
    for kind in range(KEPT_KINDS + 5):
        StepSeconds(home, f"{kind} load dates", {"stage": kind}).save()
    kept = StepSeconds(home).earlier
    assert [*kept] == [f"{kind} load dates" for kind in range(5, KEPT_KINDS + 5)]
    StepSeconds(home).file.write_text("{", encoding="utf-8")
    assert StepSeconds(home, "7 load dates").expected() == {}


def test_a_pipe_gets_a_whole_line_per_finished_step(tmp_path: Path) -> None:
    written = io.StringIO()
    watch = Watch(Console(file=written, width=40, soft_wrap=True), StepSeconds(Home(tmp_path)))
    with watch.watching(), step("stage") as progress:
        progress.detail("52 tables, 41 tests")
    lines = written.getvalue().splitlines()
    assert [line.split()[2:4] for line in lines] == [["done", "start"], ["done", "stage"]]
    assert lines[1].endswith("52 tables, 41 tests")
    assert "\r" not in written.getvalue()

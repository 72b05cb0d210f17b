"""What is kept of the gates' verdicts, and the site that is made of it."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from expectations.suite import ProfileRule, RowRule
from orchestration.base.paths import Home
from orchestration.gates.judge import broken_profile_rules, broken_row_rules
from orchestration.gates.judgements import RUNS_KEPT, Judgements, make_site

pytestmark = pytest.mark.xdist_group("great expectations")

SCORE = RowRule(
    "score",
    "score '{value}' is not between 0 and 10",
    "ExpectColumnValuesToBeBetween",
    {"min_value": 0, "max_value": 10},
)
VOLUME = ProfileRule("row_count", "{row_count} rows are too few", arguments={"min_value": 3})
PERSONAL = "<script>jane.doe@mail.example</script>"


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "demo")


def judged(home: Home, run_id: str, *chunks: list[float]) -> None:
    """Judge the chunks of a table and its profile, as a run does."""
    judgements = Judgements()
    for scores in chunks:
        frame = pd.DataFrame({"score": scores, "comment": [PERSONAL] * len(scores)})
        broken_row_rules("survey_tool__responses", [SCORE], frame, judgements)
    profile = {"row_count": sum(len(scores) for scores in chunks)}
    broken_profile_rules("survey_tool__responses", [VOLUME], [profile], kept=judgements)
    judgements.keep(home, run_id)


def test_what_is_kept_is_added_up_over_the_chunks_and_holds_no_value(home: Home) -> None:
    judged(home, "a", [3, 77.5], [12.25, 9, 8])
    text = (home.state / "judgements" / "a" / "survey_tool__responses.json").read_text(encoding="utf-8")
    counts = [(rule["rule"], rule["judged"], rule["broken"]) for rule in json.loads(text)["rules"]]
    assert counts == [("score is not between 0 and 10", 5, 2), ("{row_count} rows are too few", 1, 0)]
    assert not any(value in text for value in ("77.5", "12.25", "jane.doe"))


def test_the_oldest_runs_are_forgotten(home: Home) -> None:
    for number in range(RUNS_KEPT + 2):
        judgements = Judgements(tables={"t": {}})
        judgements.keep(home, f"{number:02d}")
    assert sorted(path.name for path in (home.state / "judgements").iterdir()) == [
        f"{number:02d}" for number in range(2, RUNS_KEPT + 2)
    ]


def test_the_site_has_a_page_per_run_and_table_and_shows_no_value(home: Home) -> None:
    judged(home, "first", [3, 9, 8])
    judged(home, "second", [3, 77.5, 8])
    site = make_site(home).parent
    pages = {
        path.relative_to(site).parts[2]: path for path in site.glob("validations/survey_tool__responses/*/*/*.html")
    }
    assert set(pages) == {"first", "second"}
    told = {run: page.read_text(encoding="utf-8") for run, page in pages.items()}
    assert "score is not between 0 and 10" in told["second"]
    assert "text-danger" in told["second"]
    assert "text-danger" not in told["first"]
    assert not any(
        value in page.read_text(encoding="utf-8") for page in site.rglob("*.html") for value in ("77.5", "jane")
    )

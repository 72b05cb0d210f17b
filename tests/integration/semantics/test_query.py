"""``cx360 query`` against the published file: names, filters, bases, output and refusals."""

from __future__ import annotations

import json
import shlex
import shutil
import socket
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from orchestration.base.paths import PROJECT
from orchestration.cli.main import main
from orchestration.warehouse.semantics import GroupBy, Semantics
from tests.integration.conftest import Company

pytestmark = pytest.mark.xdist_group("demo nights")


@pytest.fixture(autouse=True)
def _in_the_home(demo_night: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands read the night of the demo, and no network is reached."""
    monkeypatch.setenv("CX360_HOME", str(demo_night.home.root.parent))

    def refuse(*_arguments: object) -> None:
        raise AssertionError("the network was used")

    monkeypatch.setattr(socket.socket, "connect", refuse)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["query", *arguments])


def rows(*arguments: str) -> list[dict[str, Any]]:
    """The rows of a query as a program reads them."""
    result = run(*arguments, "--json")
    assert result.exit_code == 0, result.output
    answer: dict[str, Any] = json.loads(result.stdout)
    found: list[dict[str, Any]] = answer["rows"]
    return found


def refused(*arguments: str) -> str:
    """The message of a query that is refused."""
    result = run(*arguments)
    assert result.exit_code == 1, result.output
    return result.stderr


def test_a_short_name_needs_no_knowledge_of_keys(demo_night: Company) -> None:
    found = rows("case_count", "--by", "segment,channel")
    expected = demo_night.query(
        """
        select segment, channel, count(*) from star.fct_cases
        join star.dim_customers using (customer_key) join star.dim_channels using (channel_key)
        group by all order by all
        """
    )
    assert [tuple(row.values()) for row in found] == expected
    assert list(found[0]) == ["segment", "channel", "case_count"]


def test_metrics_of_different_tables_stand_side_by_side(demo_night: Company) -> None:
    """NPS reaches the journey stage by the touchpoint's code, cases by its key."""
    found = {
        row["journey_stage"]: (row["transactional_answer_count"], row["case_count"])
        for row in rows("transactional_nps,case_count", "--by", "journey_stage")
    }
    counted = demo_night.query(
        "select journey_stage, count(*) from star.fct_cases join star.dim_touchpoints using (touchpoint_key)"
        " group by all"
    )
    cases = {row[0]: row[1] for row in counted}
    assert cases
    assert {stage: count for stage, (_, count) in found.items() if count} == cases
    counted = demo_night.query(
        "select journey_stage, sum(answer_count) from marts.mart_nps_by_segment_stage"
        " where survey_type = 'transactional' group by all having sum(answer_count) > 0"
    )
    answers = {row[0]: row[1] for row in counted}
    assert {stage: count for stage, (count, _) in found.items() if count} == answers


def test_survey_types_are_never_pooled() -> None:
    assert {row["survey_type"] for row in rows("nps")} == {"relational", "transactional"}


def test_a_figure_on_a_small_base_is_blank_and_its_base_is_shown() -> None:
    found = rows("nps", "--by", "segment", "--grain", "month")
    small = [row for row in found if row["nps_answer_count"] < 10]
    assert small
    assert {row["nps"] for row in small} == {None}
    assert all(row["nps"] is not None for row in found if row["nps_answer_count"] >= 10)


def test_filters_order_and_limit_work_on_what_is_shown() -> None:
    found = rows(
        *("nps", "--by", "segment", "--where", "survey_type = 'transactional'", "--where", "month < '2026-01-01'"),
        *("--order=-nps", "--limit", "2"),
    )
    everything = rows("nps", "--by", "segment", "--where", "survey_type = 'transactional' and month < '2026-01-01'")
    best = sorted((row["nps"] for row in everything if row["nps"] is not None), reverse=True)[:2]
    assert [row["nps"] for row in found] == best


def test_the_explained_statement_gives_the_same_rows(demo_night: Company) -> None:
    arguments = ("response_rate", "--by", "segment", "--grain", "quarter")
    explained = run(*arguments, "--explain")
    assert explained.exit_code == 0
    assert [row[2] for row in demo_night.query(explained.stdout)] == [row["response_rate"] for row in rows(*arguments)]


def test_a_table_on_a_pipe_has_whole_lines() -> None:
    lines = run(
        "csat_rate,nps,easy_rate,high_effort_rate,ces_mean", "--by", "segment,touchpoint_name"
    ).stdout.splitlines()
    assert "csat_answer_count" in lines[1]
    assert not any("…" in line for line in lines)


def test_the_list_has_every_metric_with_its_definition_and_dimensions() -> None:
    lines = run("--list", "nps_change").stdout.splitlines()
    assert lines[0] == "nps_change: NPS − NPS of the month before."
    assert lines[2] == "    always by: month, survey_type"
    assert "journey_stage" in lines[3]
    assert run("--list").stdout.count("    by: ") > 200


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("npss",), ("no metric 'npss'", "Nearest: nps", "cx360 query --list")),
        (("nps", "--by", "segmnt"), ("has no dimension 'segmnt'", "Nearest: segment", "journey_stage")),
        (("nps", "--where", "colour = 'red'"), ("has no dimension 'colour'", "segment")),
        (("nps", "--grain", "day"), ("'nps' has no day", "month, quarter, year")),
        (("nps,case_count",), ("'nps' is always grouped by survey_type", "'case_count'", "two queries")),
        (("nps", "--order", "colour"), ("no column 'colour'", "nps_answer_count")),
        (("nps", "--where", "segment > 5"), ("cannot be answered", "Write a condition")),
        (("nps", "--where", "segment = 'a'; drop table x"), ("cannot be read", "Write a condition")),
        (("nps", "--where", "read_text('/etc/passwd') = segment"), ("cannot be answered", "Write a condition")),
    ],
)
def test_a_query_that_cannot_be_answered_says_what_can(arguments: tuple[str, ...], said: tuple[str, ...]) -> None:
    message = refused(*arguments)
    assert all(part in message for part in said), message


def test_a_program_reads_definitions_statements_and_refusals() -> None:
    listed = json.loads(run("--list", "csat_rate", "--json").stdout)
    assert [metric["metric"] for metric in listed["metrics"]] == ["csat_rate"]
    assert listed["metrics"][0]["base"] == ["csat_answer_count"]
    assert "mart_csat_scores" in json.loads(run("csat_rate", "--explain", "--json").stdout)["sql"]
    refusal = run("csat_rat", "--json")
    assert "Nearest: csat_rate" in json.loads(refusal.stdout)["error"]
    assert refusal.exit_code == 1


def test_an_ambiguous_name_is_refused_with_what_it_may_mean(monkeypatch: pytest.MonkeyPatch) -> None:
    both = [GroupBy(("customer",), "region"), GroupBy(("store",), "region")]
    monkeypatch.setattr(Semantics, "group_bys", lambda *_: both)
    message = refused("case_count", "--by", "region")
    assert "'region' is ambiguous for 'case_count'. Name one of: customer__region, store__region." in message


def test_a_hostile_filter_changes_nothing(demo_night: Company) -> None:
    before = demo_night.published.read_bytes()
    for text in ("1 = 1; delete from star.fct_orders", "segment in (select 1)", "true or getvariable('x') is null"):
        run("order_count", "--by", "segment", "--where", text)
    assert demo_night.published.read_bytes() == before


@pytest.mark.parametrize("page", ["README.md", "docs/bi.md", "docs/semantic-layer.md"])
def test_every_query_of_the_documentation_is_answered(page: str) -> None:
    lines = (PROJECT / page).read_text(encoding="utf-8").splitlines()
    commands = [shlex.split(line) for line in lines if line.removeprefix(".venv/bin/").startswith("cx360 query ")]
    assert commands
    for _, _, *arguments in commands:
        result = run(*arguments)
        assert result.exit_code == 0, f"{arguments}: {result.output}"
        assert result.stdout


def test_nothing_published_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("CX360_HOME", str(tmp_path))
    assert "Nothing is published yet for deployment 'demo'" in refused("nps")


def test_a_version_from_before_the_semantic_layer_is_said(
    demo_night: Company, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    home = tmp_path / "demo"
    shutil.copytree(demo_night.home.published, home / "published", symlinks=True)
    [version] = (home / "published" / "versions").iterdir()
    manifest = json.loads((version / "manifest.json").read_text(encoding="utf-8"))
    del manifest["files"]["semantic_manifest.json"]
    (version / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    (version / "semantic_manifest.json").unlink()
    monkeypatch.setenv("CX360_HOME", str(tmp_path))
    assert "--full-refresh" in refused("nps")

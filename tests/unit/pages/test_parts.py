"""Charts and tables as the templates draw them: delivered texts stay text."""

from __future__ import annotations

from functools import partial

import pytest

from orchestration.pages import charts, parts
from orchestration.pages.charts import Point
from orchestration.pages.drawing import PAGE
from orchestration.pages.parts import Cell, Chart, Section, Table
from orchestration.pages.templating import environment

HOSTILE = ("<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', '=HYPERLINK("http://x")', "{{ 7 * 7 }}")


def drawn(points: list[Point]) -> str:
    chart = Chart(
        "Title",
        partial(charts.dots, points, title="NPS"),
        points[0].label,
        Table("figures", "Figures", ("Group", "Value"), [[Cell(point.label), parts.figure(1)] for point in points]),
        "marts.mart_x.nps",
    )
    return environment().get_template("section.html.j2").render(section=Section("Section", [chart]))


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_is_text_in_chart_sentence_and_table(name: str) -> None:
    page = drawn([Point(name, 1, 0, 2, 30)])
    assert "<script" not in page
    assert "<img" not in page
    assert "49" not in page.replace("149", "")


def test_a_drawing_has_no_address_but_that_of_its_namespace_and_no_size_of_its_own() -> None:
    page = drawn([Point("support", 1, 0, 2, 30)])
    assert page.count("http") == page.count("http://www.w3.org/")
    assert 'aria-hidden="true"' in page
    assert "var(--series-1" in page


def test_an_incomplete_period_is_hollow_and_its_line_dashed() -> None:
    complete = [Point("Q3", 1, 0, 2, 30), Point("Q4", 2, 1, 3, 30)]
    begun = [*complete, Point("Q1", 3, 2, 4, 12, is_complete=False)]

    def made(points: list[Point]) -> str:
        chart = Chart(
            "t", partial(charts.over_time, points, title="NPS"), "", Table("t", "", (), []), "marts.mart_x.nps"
        )
        return str(chart.svg)

    assert f'fill="{PAGE.paper}"' in made(begun)
    assert "stroke-dasharray" in made(begun)
    assert f'fill="{PAGE.paper}"' not in made(complete)
    assert "stroke-dasharray" not in made(complete)


def test_a_chart_for_mail_is_a_picture() -> None:
    chart = Chart(
        "t", partial(charts.bars, [Point("a", 1)], title="EUR"), "", Table("t", "", (), []), "marts.mart_x.nps"
    )
    assert chart.png().startswith(b"\x89PNG")

"""The pages with filters: one figure by segment, stage and period, drawn by Vega in the browser.

Vega lies beside the pages as one file, so that they need no network. A page has the sums of groups with a base that is
large enough, ready for each combination of filters: the browser adds nothing up. Without scripts the static page has
the figures.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import altair as alt

from orchestration.pages.drawing import PAGE, spec
from orchestration.pages.parts import exact
from orchestration.pages.source import Row, Source
from orchestration.pages.templating import TEMPLATES
from orchestration.pages.words import clean, label, month, quarter

LIBRARY, SCRIPT = "vega.js", "explore.js"


@dataclass(frozen=True)
class Explore:
    """A page with filters.

    Attributes:
        name: the stem of its file.
        page: the name of the static page of the same question.
        needs: the table that it reads.
        form: d3's format of the figure.
        shown: writes a period.
    """

    name: str
    title: str
    question: str
    page: str
    needs: str
    definition: str
    unit: str
    base: str
    form: str
    stage: str
    period: str
    shown: Callable[[date], str]

    @property
    def file(self) -> str:
        """The name of its file."""
        return f"{self.name}.html"

    def given(self, source: Source) -> dict[str, Any] | None:
        """Return what its template shows: rows, filters and the chart; None without rows."""
        found = source.rows(self.name.replace("-", "_")) if source.has(self.needs) else []
        if not found:
            return None
        rows = [self._row(row) for row in found]
        filters = [
            ("kind", "Surveys", _options(rows, "kind")),
            ("segment", "Segment", _options(rows, "segment")),
            ("stage", self.stage, _options(rows, "stage")),
            ("period", self.period, _options(rows, "period")),
        ]
        kind = max(rows, key=lambda row: row["base"])["kind"]
        totals = [row for row in rows if row["kind"] == kind and row["segment"] == row["stage"] == "All"]
        complete = [row["period"] for row in totals if row["is_complete"]] or [rows[-1]["period"]]
        chosen = {"kind": kind, "segment": "All", "stage": "All", "period": complete[-1]}
        return {
            "filters": [each for each in filters if each[0] != "kind" or len(each[2]) > 1],
            "chosen": chosen,
            "rows": rows,
            "charts": {field: self._chart(rows, chosen, field) for field in ("period", "stage", "segment")},
        }

    def _row(self, row: Row) -> dict[str, Any]:
        return {
            "kind": label(row["kind"]),
            "segment": _name(row, "segment"),
            "stage": _name(row, "stage"),
            "period": self.shown(row["period"]),
            "day": row["period"].isoformat(),
            "is_complete": row["is_complete"],
            "base": int(row["base"]),
            **{key: exact(row[key]) for key in ("value", "low", "high")},
        }

    def _chart(self, rows: Sequence[dict[str, Any]], chosen: dict[str, str], field: str) -> dict[str, Any]:
        """Return the figure by one field as Vega-Lite, with a parameter for each other one."""
        others = [name for name in chosen if name != field]
        shown = " && ".join(f"datum.{name} == {name}" for name in others)
        params = [alt.param(name=name, value=value) for name, value in chosen.items()]
        order = [option for option in _options(rows, field) if field == "period" or option != "All"]
        title = {"period": self.period, "stage": self.stage, "segment": "Segment"}[field]
        x = alt.X(
            f"{field}:N", sort=order, title=None, axis=alt.Axis(labelAngle=-40, labelLimit=120, labelOverlap=False)
        )
        y = alt.Y("value:Q", title=self.unit, scale=alt.Scale(zero=False, nice=True), axis=alt.Axis(format=self.form))
        hidden = "" if field == "period" else f" && datum.{field} != 'All'"
        base = alt.Chart(alt.NamedData(name="figures")).transform_filter(shown + hidden).encode(x=x)
        first = PAGE.series[0]
        tooltip = [
            alt.Tooltip(f"{field}:N", title=title),
            alt.Tooltip("value:Q", title=self.unit, format=self.form),
            alt.Tooltip("low:Q", title="from", format=self.form),
            alt.Tooltip("high:Q", title="to", format=self.form),
            alt.Tooltip("base:Q", title=self.base, format=","),
        ]
        layers: list[alt.Chart] = [
            base.mark_rule(color=first, opacity=0.6, strokeWidth=2).encode(y=alt.Y("low:Q"), y2="high:Q"),
            base.mark_point(size=70, filled=True, opacity=1, strokeWidth=2).encode(
                y=y,
                fill=alt.condition("datum.is_complete", alt.value(first), alt.value(PAGE.paper)),
                stroke=alt.value(first),
                tooltip=tooltip,
            ),
            base.mark_text(dy=-12, dx=4, align="left", color=PAGE.muted, fontSize=10).encode(
                y="value:Q", text=alt.Text("base:Q", format=",")
            ),
        ]
        if field == "period":
            layers.insert(1, base.mark_line(color=first, opacity=0.6).encode(y=y))
        chart = alt.layer(*layers, title=f"By {title.lower()}").properties(width="container", height=220)
        return spec(chart.add_params(*params), PAGE)


def write_library(folder: Path) -> list[Path]:
    """Write Vega and the script of the filters beside the pages."""
    import vl_convert

    library, script = folder / LIBRARY, folder / SCRIPT
    bundle = vl_convert.javascript_bundle()  # type: ignore[call-arg]  # its stub knows no default
    library.write_text(bundle, encoding="utf-8")
    script.write_text((TEMPLATES / SCRIPT).read_text(encoding="utf-8"), encoding="utf-8")
    return [library, script]


def _name(row: Row, column: str) -> str:
    if row[f"is_all_{column}"]:
        return "All"
    return clean(row[f"{column}_name"]) if row[f"{column}_name"] else label(row[column])


def _options(rows: Sequence[dict[str, Any]], field: str) -> list[str]:
    """Return the values of a filter: periods by time, others in the order of the query, 'All' first."""
    ordered = sorted(rows, key=lambda row: str(row["day"])) if field == "period" else rows
    values = list(dict.fromkeys(row[field] for row in ordered))
    return sorted(values, key=lambda value: value != "All")


EXPLORES: tuple[Explore, ...] = (
    Explore(
        "explore-scores",
        "Explore NPS",
        "NPS by segment, journey stage and quarter.",
        "scores",
        "marts.mart_nps_by_segment_stage_quarterly",
        "marts.mart_nps_by_segment_stage_quarterly.nps",
        "NPS",
        "answers",
        ".0f",
        "Journey stage",
        "Quarter",
        quarter,
    ),
    Explore(
        "explore-retention",
        "Explore retention",
        "Customers kept by segment, lifecycle stage and month.",
        "retention",
        "marts.mart_retention_by_segment_stage",
        "marts.mart_retention_by_segment_stage.logo_retention_rate",
        "customers kept",
        "customers",
        ".1%",
        "Lifecycle stage",
        "Month",
        month,
    ),
    Explore(
        "explore-value",
        "Explore value",
        "Value to come per customer by segment, lifecycle stage and quarter of the first order.",
        "value",
        "marts.mart_customer_lifetime_value",
        "marts.mart_clv_by_segment_stage.mean_residual_value_amount",
        "value to come per customer",
        "customers",
        ",.2f",
        "Lifecycle stage",
        "Quarter of the first order",
        quarter,
    ),
)

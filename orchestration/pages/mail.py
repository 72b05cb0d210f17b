"""The nightly brief as a mail: HTML with styles in its elements, a plain text, and charts as PNG.

The files lie in ``mail/`` of the site, so that sending is only packing (``alerts/brief.py``). Mail programs show
neither SVG nor style sheets.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from orchestration.pages.drawing import MAIL
from orchestration.pages.parts import Chart, Figure, Section, Table
from orchestration.pages.source import Source
from orchestration.pages.templating import environment, facts
from orchestration.pages.topics import brief

FOLDER, HTML, TEXT = "mail", "brief.html", "brief.txt"
MOST_CHARTS = 3


@dataclass(frozen=True)
class Picture:
    """A chart of the mail: its file, and its finding as the text of the picture."""

    file: str
    title: str
    sentence: str


def write_mail(source: Source, site: Path) -> list[Path]:
    """Write the files of the mail into ``mail/`` of a site; none if the version has no figure for it."""
    sections = brief.PAGE.built(source)
    if not any(isinstance(part, Figure) for section in sections for part in section.parts):
        return []
    folder = site / FOLDER
    folder.mkdir()
    charts = []
    drawn = [part for section in sections for part in section.parts if isinstance(part, Chart)]
    for place, chart in enumerate(drawn[:MOST_CHARTS], start=1):
        charts.append(Picture(f"chart-{place}.png", chart.title, chart.sentence))
        (folder / charts[-1].file).write_bytes(chart.png())
    templates = environment()
    given = {
        "sections": [section for section in sections if not section.of("chart")],
        "charts": charts,
        "site": facts(source),
        "colours": MAIL,
    }
    (folder / HTML).write_text(templates.get_template("mail.html.j2").render(given), encoding="utf-8")
    (folder / TEXT).write_text(plain_text(source, sections), encoding="utf-8")
    return sorted(folder.iterdir())


def plain_text(source: Source, sections: Sequence[Section]) -> str:
    """Return the brief as plain text, for mail programs that show no HTML."""
    lines = [f"{source.deployment}, as of {source.as_of_date.isoformat()}, version {source.manifest['version']}"]
    for section in sections:
        parts = [part for part in section.parts if not isinstance(part, Chart)]
        if parts:
            lines += ["", section.title.upper()]
        for part in parts:
            if isinstance(part, Figure):
                lines.append(" | ".join(text for text in _texts(part) if text))
            elif isinstance(part, Table):
                lines += [part.caption, *(" | ".join(cell.text for cell in row) for row in part.rows)]
    lines += ["", f"Groups below {source.minimum_base} are not shown. Differences are associations, not causes."]
    return "\n".join(lines) + "\n"


def _texts(figure: Figure) -> tuple[str, ...]:
    return (f"{figure.label}: {figure.text}", figure.interval, figure.base, figure.change)

"""The parts that a page is made of; the templates draw each kind.

A part holds finished text. Add here a kind of part; keep out what it says (``topics/``) and its look (``templates/``).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import ClassVar

from markupsafe import Markup

from orchestration.pages.charts import Drawing
from orchestration.pages.drawing import MAIL, PAGE, Colours, png, spec, svg
from orchestration.pages.words import MISSING, Number, clean, label, money, number, percent


@dataclass(frozen=True)
class Cell:
    """One cell of a table: its text, the exact value behind it, and where it leads."""

    text: str
    value: object = None
    is_number: bool = False
    href: str | None = None
    anchor: str | None = None


def name(text: object, href: str | None = None) -> Cell:
    """A delivered name."""
    return Cell(clean(text) if text is not None else MISSING, href=href)


def code(text: object) -> Cell:
    """A code, in words."""
    return Cell(label(text) if text is not None else MISSING, value=text)


def figure(value: Number | None, digits: int = 0) -> Cell:
    """A number."""
    return Cell(number(value, digits), exact(value), is_number=True)


def share(value: Number | None, digits: int = 1) -> Cell:
    """A share, in percent."""
    return Cell(percent(value, digits), exact(value), is_number=True)


def amount(value: Number | None, currency: str) -> Cell:
    """An amount, without cents."""
    return Cell(money(value, currency), exact(value), is_number=True)


def between(low: Number | None, high: Number | None, digits: int = 0, *, is_share: bool = False) -> Cell:
    """The limits of an interval."""
    if low is None or high is None:
        return Cell(MISSING, is_number=True)
    shown = percent if is_share else number
    return Cell(f"{shown(low, digits)} to {shown(high, digits)}", is_number=True)


def exact(value: object) -> object:
    """Return a value as JSON and attributes can hold it."""
    return float(value) if isinstance(value, Decimal) else value


@dataclass(frozen=True)
class Table:
    """A table with a caption.

    Attributes:
        name: identifies the table on its page, for tests and links.
        note: what it leaves out.
        anchor: where links to the table lead.
        more: a link to what explains it.
    """

    kind: ClassVar[str] = "table"
    name: str
    caption: str
    headings: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    note: str = ""
    anchor: str | None = None
    more: Cell | None = None

    @property
    def numeric(self) -> list[bool]:
        """Whether each column holds numbers."""
        return [any(row[position].is_number for row in self.rows) for position in range(len(self.headings))]


@dataclass(frozen=True)
class Chart:
    """A drawing, its finding in one sentence, and the same figures as a table.

    Attributes:
        drawing: draws it in given colours.
        sentence: the finding, computed from the data; screen readers read it instead of the drawing.
        definition: the column that it shows, ``<schema>.<table>.<column>``.
        notes: groups left out, incomplete periods.
    """

    kind: ClassVar[str] = "chart"
    title: str
    drawing: Callable[[Colours], Drawing]
    sentence: str
    table: Table
    definition: str
    notes: Sequence[str] = ()

    @property
    def svg(self) -> Markup:
        """Its drawing for a page."""
        return svg(spec(self.drawing(PAGE), PAGE))

    def png(self) -> bytes:
        """Return its drawing for a mail."""
        return png(spec(self.drawing(MAIL), MAIL))


@dataclass(frozen=True)
class Figure:
    """One number with its interval, base and change."""

    kind: ClassVar[str] = "figure"
    name: str
    label: str
    text: str
    definition: str
    value: object = None
    interval: str = ""
    base: str = ""
    change: str = ""


@dataclass(frozen=True)
class Prose:
    """Text that the project wrote, as markup."""

    kind: ClassVar[str] = "prose"
    markup: Markup


Part = Table | Chart | Figure | Prose


@dataclass(frozen=True)
class Section:
    """A part of a page with a heading."""

    title: str
    parts: Sequence[Part]
    lead: str = ""

    @property
    def anchor(self) -> str:
        """Its place on the page."""
        return "-".join("".join(c if c.isalnum() else " " for c in self.title.lower()).split())

    def of(self, kind: str) -> list[Part]:
        """Return its parts of one kind."""
        return [part for part in self.parts if part.kind == kind]

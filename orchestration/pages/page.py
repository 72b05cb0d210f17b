"""What a page is: a file, a title, the question that it answers, and its sections."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from orchestration.pages.parts import Section
from orchestration.pages.source import Source

Build = Callable[[Source], Section | None]
"""Reads what a section shows; None if the version has nothing for it."""


@dataclass(frozen=True)
class Page:
    """One page of the site.

    Attributes:
        name: the stem of its file.
        question: what a reader comes with.
        sections: in reading order.
    """

    name: str
    title: str
    question: str
    sections: tuple[Build, ...]

    @property
    def file(self) -> str:
        """The name of its file."""
        return f"{self.name}.html"

    def built(self, source: Source) -> list[Section]:
        """Return the sections that have something to show."""
        return [section for build in self.sections if (section := build(source))]

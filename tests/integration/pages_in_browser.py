"""Opens the pages of a published version in Chromium from the file system, and reads what they show."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import BrowserContext, Page, sync_playwright

BROWSER = shutil.which("chromium") or shutil.which("chromium-browser")
in_browser = pytest.mark.skipif(BROWSER is None, reason="no Chromium is installed on this machine")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]


@dataclass
class Reader:
    """A browser that notes what pages must not do.

    Attributes:
        faults: errors of the console and of scripts, and requests that leave the file system.
    """

    context: BrowserContext
    page: Page
    faults: list[str] = field(default_factory=list)

    def open(self, file: Path) -> Page:
        """Open a page."""
        self.page.goto(file.as_uri())
        return self.page

    def is_too_wide(self) -> bool:
        """Return whether the page scrolls sideways."""
        return bool(self.page.evaluate("document.documentElement.scrollWidth > window.innerWidth"))

    def barriers(self) -> list[str]:
        """Return what axe finds that is serious or critical."""
        found: dict[str, Any] = Axe().run(self.page).response
        return [
            f"{violation['id']}: {node['html'][:120]}"
            for violation in found["violations"]
            if violation["impact"] in {"serious", "critical"}
            for node in violation["nodes"]
        ]


@contextmanager
def reader(*, width: int = 1440, scheme: str = "light", scripts: bool = True) -> Iterator[Reader]:
    """Start Chromium with a window of a width, in light or dark, with or without scripts."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=BROWSER, args=FLAGS)
        context = browser.new_context(
            viewport={"width": width, "height": 1000},
            color_scheme="dark" if scheme == "dark" else "light",
            java_script_enabled=scripts,
        )
        page = context.new_page()
        opened = Reader(context, page)
        page.on("pageerror", lambda error: opened.faults.append(str(error)))
        page.on(
            "console",
            lambda message: opened.faults.append(message.text) if message.type in {"error", "warning"} else None,
        )
        page.on(
            "request",
            lambda request: None if request.url.startswith(("file:", "data:")) else opened.faults.append(request.url),
        )
        yield opened
        browser.close()

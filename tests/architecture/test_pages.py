"""What the pages read is what the exposures say that they read, so that the lineage shows it."""

from __future__ import annotations

import re

from orchestration.base.paths import PROJECT
from tests.architecture.project import Manifest, assert_none, models

PAGES = PROJECT / "orchestration" / "pages"


def test_the_exposure_of_the_pages_names_the_tables_that_they_read(manifest: Manifest) -> None:
    known = {model["name"] for model in models(manifest)}
    texts = [path.read_text(encoding="utf-8") for path in PAGES.rglob("*") if path.suffix in {".sql", ".py"}]
    read = {name for text in texts for name in re.findall(r"\b(?:mart|quality)_\w+\b", text)} & known
    [pages] = [exposure for exposure in manifest["exposures"].values() if exposure["name"] == "pages"]
    named = {manifest["nodes"][node]["name"] for node in pages["depends_on"]["nodes"]}
    assert_none(
        [f"{name}: read, not named" for name in read - named] + [f"{name}: named, not read" for name in named - read],
        "Correct the exposure 'pages' in dbt_project/models/exposures.yml:",
    )

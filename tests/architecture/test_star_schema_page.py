"""The committed page of the star schema is the one that the models make."""

from typing import Any

from orchestration.cli.star_schema import PAGE, star_schema_page


def test_the_star_schema_page_says_what_the_models_say(manifest: dict[str, Any]) -> None:
    assert PAGE.read_text(encoding="utf-8") == star_schema_page(manifest), (
        "docs/star-schema.md is not what the models say: run `python -m orchestration.cli.star_schema`"
    )

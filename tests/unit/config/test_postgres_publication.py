"""The settings of the publication to PostgreSQL, and the example of their page."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml
from pydantic import ValidationError

from orchestration.base.paths import PROJECT
from orchestration.config.postgres_publication import PostgresPublication


def test_the_example_of_the_page_shows_every_setting() -> None:
    page = (PROJECT / "docs" / "postgres.md").read_text(encoding="utf-8")
    [example] = re.findall(r"^```yaml\n(.*?)^```$", page, flags=re.DOTALL | re.MULTILINE)
    settings = yaml.safe_load(example)["postgres_publication"]
    assert set(settings) == set(PostgresPublication.model_fields)
    assert PostgresPublication.model_validate(settings).url.env == "ACME_POSTGRES"


@pytest.mark.parametrize(
    "change",
    [
        {"url": "postgresql://cx360:word@host/bi"},
        {"schema_prefix": "Bad-"},
        {"schema_prefix": "x" * 31},
        {"readers": [""]},
        {"readers": ["x" * 64]},
        {"replace": "everything"},
        {"wait_seconds": 0},
    ],
)
def test_a_setting_that_cannot_work_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        PostgresPublication.model_validate({"url": {"env": "ACME_POSTGRES"}, **change})

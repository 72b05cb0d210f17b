"""What ``brief.yml`` may say, and how a mistake in it is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestration.base.errors import PipelineError
from orchestration.config.brief import Brief
from orchestration.config.deployment import load_deployment
from tests.deployments import search_only, write_deployment
from tests.unit.config.test_deployment import settings

MAIL = {"host": "mail.acme.example", "sender": "cx@acme.example", "recipients": ["ops@acme.example"]}


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    search_only(tmp_path, monkeypatch)


def test_a_company_without_the_file_has_the_figures_of_all(tmp_path: Path) -> None:
    write_deployment(tmp_path, "acme", settings())
    assert load_deployment("acme").brief == Brief()


def test_figures_and_recipients_are_the_companys_own(tmp_path: Path) -> None:
    text = "figures: [residual_value_amount, nps_relational]\nrecipients: [lead@acme.example]\n"
    write_deployment(tmp_path, "acme", settings(alerts__email=MAIL), {"brief.yml": text})
    brief = load_deployment("acme").brief
    assert brief.figures == ("residual_value_amount", "nps_relational")
    assert brief.recipients == ("lead@acme.example",)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("figures: [nps_relationl]", "nps_relational"),
        ("figures: [nps_relational, nps_relational]", "a figure is listed twice"),
        ("figures: []", "figures"),
        ("recipients: ['a@acme.example, b@acme.example']", "is not one e-mail address"),
        ("recipients: [lead@acme.example]", "alerts.email"),
        ("figure: []", "figure"),
    ],
)
def test_a_mistake_is_refused(tmp_path: Path, text: str, told: str) -> None:
    write_deployment(tmp_path, "acme", settings(), {"brief.yml": text})
    with pytest.raises(PipelineError) as refused:
        load_deployment("acme")
    assert told in str(refused.value)

"""What a deployment's file may say of a web service, and what it is told where it may not."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from orchestration.base.errors import PipelineError
from orchestration.base.paths import PROJECT
from orchestration.config.deployment import Deployment, load_deployment
from orchestration.config.deployment_file import DEPLOYMENTS, FILE
from orchestration.config.systems import System
from orchestration.config.web_services import EVERY, Rest, RestTable, WindowParameters, steps_of
from tests.deployments import search_only, write_deployment

SYSTEM = """
description: The survey tool.
roles: [surveys]
rest:
  url: https://api.survey.example/v2/
  auth: {kind: bearer, token: {env: SURVEY_TOKEN}}
  pages: {kind: cursor, path: $.meta.next}
tables:
  responses:
    description: One row per response.
    key: [id]
    delivers: []
    rest:
      path: /responses
      records: $.data[*]
"""


def loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, **changes: Any) -> Deployment:
    """The demo with a survey tool of its own; ``rest__auth=None`` takes a setting away, a value sets it."""
    demo = yaml.safe_load((DEPLOYMENTS / "demo" / FILE).read_text(encoding="utf-8"))
    system = yaml.safe_load(SYSTEM)
    for name, value in changes.items():
        *way, last = name.split("__")
        place = system
        for step in way:
            place = place[step]
        place[last] = value
        if value is None:
            del place[last]
    demo["systems"]["survey_tool"] = system
    write_deployment(tmp_path, "mine", demo)
    search_only(tmp_path, monkeypatch)
    return load_deployment("mine")


def test_a_service_is_set_up_by_configuration_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    system = loaded(tmp_path, monkeypatch).systems["survey_tool"]
    assert system.kind == "rest"
    assert system.rest is not None
    assert system.rest.url == "https://api.survey.example/v2"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"rest__url": "ftp://host"}, "must begin with https://"),
        ({"rest__url": "https://host/v2?x=1"}, "a query or a fragment"),
        ({"rest__url": "https://user@host/v2"}, "contains a login"),
        ({"rest__url": "https://user:hidden@host/v2"}, "looks like a secret"),
        ({"rest__url": "http://api.survey.example"}, "requires encryption"),
        ({"rest__auth": {"kind": "bearer", "token": "hidden"}}, "looks like a secret"),
        ({"rest__auth": {"kind": "api_key", "key": "hidden"}}, "name the environment variable"),
        ({"rest__auth": {"kind": "digest"}}, "digest"),
        ({"rest__auth": {"kind": "basic", "username": {"env": "A"}}}, "password"),
        (
            {
                "rest__auth": {
                    "kind": "oauth2",
                    "token_url": "http://login.example/token",
                    "client_id": {"env": "A"},
                    "client_secret": {"env": "B"},
                }
            },
            "requires encryption",
        ),
        ({"rest__headers": {"Authorization": "Bearer hidden"}}, "set auth"),
        ({"rest__headers": {"X-Api-Key": "hidden"}}, "set auth"),
        ({"rest__pages": None}, "has no pagination"),
        ({"rest__pages": {"kind": "cursor"}}, "path"),
        ({"rest__pages": {"kind": "cursor", "path": "$.a[*]"}}, "must be the path of one value"),
        ({"rest__pages": {"kind": "offset", "size": 0}}, "greater than or equal to 1"),
        ({"rest__timeout_second": 3}, "did you mean 'timeout_seconds'"),
        ({"rest__attempts": 0}, "greater than or equal to 1"),
        ({"tables__responses__rest": None}, "set rest.path and rest.records"),
        ({"tables__responses__rest__records": None}, "records"),
        ({"tables__responses__rest__records": "data[*]"}, "is not a path into a response"),
        ({"tables__responses__rest__records": "$.data[0]"}, "is not a path into a response"),
        ({"tables__responses__rest__path": "/responses?deleted=1"}, "rest.path"),
        ({"tables__responses__rest__path": "https://other.example/responses"}, "rest.path"),
        ({"tables__responses__rest__columns": {"id": "$.other[*].id"}}, "must be those of records"),
        ({"tables__responses__rest__columns": {"tag": "$.data[*].tags[*]"}}, "must be those of records"),
        ({"tables__responses__rest__window": {"from_parameter": "since"}}, "set changed_at"),
        (
            {
                "tables__responses__rest__window": {"from_parameter": "since", "to_parameter": "until"},
                "tables__responses__rest__params": {"since": "2020"},
            },
            "set the same parameter",
        ),
        (
            {"tables__responses__rest__window": {"from_parameter": "at", "to_parameter": "at"}},
            "set the same parameter",
        ),
        ({"tables__responses__rest__params": {"filter": {"a": 1}}}, "plain values"),
        ({"tables__responses__rest__params": {"api_key": "hidden"}}, "looks like a secret"),
        (
            {"tables__responses__rest__records": "$.data", "tables__responses__rest__total_path": "$.total"},
            r"records has no [*]",
        ),
        ({"tables__responses__sql": {"table": "x"}}, "settings of another kind"),
        ({"files": {"format": "csv", "daily": "{load_date}/x.csv"}}, "exactly one of files, sql and rest"),
    ],
)
def test_an_invalid_setting_is_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(PipelineError) as caught:
        loaded(tmp_path, monkeypatch, **changes)
    assert message in str(caught.value)
    assert "survey_tool" in str(caught.value)
    assert "hidden" not in str(caught.value)


@pytest.mark.parametrize(
    ("path", "steps"),
    [
        ("$", ()),
        ("$[*]", (EVERY,)),
        ("$.data[*].answers[*]", ("data", EVERY, "answers", EVERY)),
        ('$["@odata.nextLink"]', ("@odata.nextLink",)),
        ('$.a["b c"][*].d-e', ("a", "b c", EVERY, "d-e")),
    ],
)
def test_a_path_is_read_step_by_step(path: str, steps: tuple[str | None, ...]) -> None:
    assert steps_of(path) == steps


@pytest.mark.parametrize("url", ["http://localhost:8080/api", "http://127.0.0.1:9/x"])
def test_on_the_same_machine_nothing_need_be_encrypted(url: str) -> None:
    auth = {"kind": "bearer", "token": {"env": "A"}}
    assert Rest.model_validate({"url": url, "auth": auth}).url == url


def test_the_examples_of_the_documentation_can_be_used() -> None:
    page = (PROJECT / "docs" / "connectors.md").read_text(encoding="utf-8")
    section = page.split("## Web services", 1)[1].split("\n## ", 1)[0]
    examples = re.findall(r"```yaml\n(.*?)```", section, re.DOTALL)
    systems = {
        name: System.model_validate(message)
        for example in examples
        for name, message in yaml.safe_load(example).items()
    }
    assert {name: system.kind for name, system in systems.items()} == {"survey_tool": "rest", "crm": "rest"}
    # every word that may stand in a deployment's file is explained
    words = {*Rest.model_fields, *RestTable.model_fields, *WindowParameters.model_fields}
    assert [word for word in sorted(words) if not re.search(rf"\b{word}\b", section)] == []

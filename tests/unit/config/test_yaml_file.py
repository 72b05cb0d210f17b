"""Deployment files that YAML would read in silence or without end are refused with the line."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestration.base.errors import PipelineError
from orchestration.config.deployment import load_deployment
from orchestration.config.yaml_file import FileProblemError, read_yaml
from tests.deployments import search_only, write_deployment

LAUGHS = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 9)
)


def read(tmp_path: Path, text: str | bytes) -> object:
    path = tmp_path / "acme.yml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_yaml(path)


@pytest.mark.parametrize(
    ("text", "lines", "why"),
    [
        ("owner: a\ncurrency: EUR\nowner: b\n", ("line 3", "line 1"), "'owner' stands twice"),
        ("systems:\n  crm:\n    url: s3://a\n    url: s3://b\n", ("line 4", "line 3"), "'url' stands twice"),
        ("systems: {crm: {}, crm: {}}\n", ("line 1",), "'crm' stands twice"),
        ('owner: a\n"owner": b\n', ("line 2",), "stands twice"),
        ("- {a: 1, a: 2}\n", ("line 1",), "'a' stands twice"),
        ("yes: 1\ntrue: 2\n", ("line 2",), "stands twice"),
        ("limits: &limits {more: *limits}\n", ("line 1",), "contains itself"),
        ("systems: &all\n  - *all\n", ("line 1",), "contains itself"),
        ("a: &a {b: &b {c: *a, d: *b}}\n", ("line 1",), "contains itself"),
        ("? [1, 2]\n: value\n", ("line 1",), "plain word"),
        ("history_load_date: 2026-02-31\n", (), "does not exist"),
        ("owner: [" * 2000, (), "nested too deeply"),
        (LAUGHS, (), "100,000 values"),
        (b"owner: M\xfcller\n", ("byte 9",), "not UTF-8"),
        ("owner: *unknown\n", ("line 1",), "undefined alias"),
        ("owner: !!python/object:os.system {}\n", ("line 1",), "constructor"),
    ],
)
def test_a_file_with_two_meanings_or_none_is_refused(
    tmp_path: Path, text: str | bytes, lines: tuple[str, ...], why: str
) -> None:
    with pytest.raises(FileProblemError, match=why) as caught:
        read(tmp_path, text)
    for line in lines:
        assert line in str(caught.value)


def test_anchors_and_merged_keys_that_end_are_read(tmp_path: Path) -> None:
    text = "base: &base {a: 1, b: 2}\nfirst: {<<: *base, b: 3}\nsecond: *base\n"
    assert read(tmp_path, text) == {"base": {"a": 1, "b": 2}, "first": {"a": 1, "b": 3}, "second": {"a": 1, "b": 2}}


def test_an_empty_file_is_nothing(tmp_path: Path) -> None:
    assert read(tmp_path, "# nothing yet\n") is None


@pytest.mark.parametrize("text", ["owner: a\nowner: b\n", "systems: &all {crm: *all}\n", "extends: [demo]\n"])
def test_a_deployment_says_it_in_one_message(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    search_only(tmp_path, monkeypatch)
    write_deployment(tmp_path, "acme", text)
    with pytest.raises(PipelineError, match=r"acme/deployment\.yml"):
        load_deployment("acme")

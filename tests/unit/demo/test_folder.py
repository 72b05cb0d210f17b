"""The demo folder: written by one rename, and never over other files."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pyarrow.parquet as pa_parquet
import pytest

from demo.generate import generate
from orchestration.base.errors import PipelineError
from tests.unit.demo.companies import HISTORY, contents, make


@pytest.mark.parametrize(
    ("argument", "value"),
    [
        ("customers", 0),
        ("customers", -1),
        ("customers", 10**9),
        ("customers", 2.5),
        ("nights", -1),
        ("nights", 10_000),
        ("seed", -1),
        ("seed", True),
        ("history_load_date", date(1, 1, 1)),
    ],
)
def test_a_bad_argument_is_named_and_nothing_is_written(tmp_path: Path, argument: str, value: object) -> None:
    arguments = {"customers": 10, "nights": 1, "seed": 7, "history_load_date": HISTORY, argument: value}
    with pytest.raises(PipelineError, match=argument):
        generate(tmp_path / "out", **arguments)  # type: ignore[arg-type]
    assert list(tmp_path.iterdir()) == []


def test_a_folder_with_other_files_is_refused(tmp_path: Path) -> None:
    (tmp_path / "letters.txt").write_text("keep me")
    with pytest.raises(PipelineError, match="holds something else"):
        make(tmp_path)
    assert contents(tmp_path) == {"letters.txt": b"keep me"}


def test_a_demo_with_added_files_is_refused(tmp_path: Path) -> None:
    out = make(tmp_path / "out", customers=10, nights=0)
    (out / "notes.txt").write_text("keep me")
    with pytest.raises(PipelineError, match="holds something else"):
        make(out)
    assert (out / "notes.txt").read_text() == "keep me"


@pytest.mark.parametrize("below", ["", "deeper/extracts"])
def test_a_file_as_target_is_refused(tmp_path: Path, below: str) -> None:
    (tmp_path / "out").write_text("keep me")
    with pytest.raises(PipelineError, match=r"is a file|cannot be written"):
        make(tmp_path / "out" / below)
    assert contents(tmp_path) == {"out": b"keep me"}


def test_an_empty_folder_is_filled_and_an_earlier_demo_is_replaced(tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    first = contents(make(out, customers=20, nights=2))
    second = contents(make(out, customers=20, nights=1))
    assert first.keys() > second.keys()
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


@pytest.mark.parametrize("stopped_by", [KeyboardInterrupt, OSError])
def test_an_interrupted_generation_leaves_no_partial_drop(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stopped_by: type[BaseException]
) -> None:
    def stop(*_: object, **__: object) -> None:
        raise stopped_by

    monkeypatch.setattr(pa_parquet, "ParquetWriter", stop)
    with pytest.raises(stopped_by):
        make(tmp_path / "out", customers=20)
    assert list(tmp_path.iterdir()) == []


def test_an_interrupted_generation_leaves_the_earlier_demo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    before = contents(make(tmp_path / "out", customers=20))
    monkeypatch.setattr(pa_parquet, "ParquetWriter", stop)
    with pytest.raises(KeyboardInterrupt):
        make(tmp_path / "out", customers=30)
    assert contents(tmp_path / "out") == before
    assert [path.name for path in tmp_path.iterdir()] == ["out"]

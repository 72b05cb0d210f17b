"""The commands verify, backup and restore, as a person calls them."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from orchestration.base.paths import Home
from orchestration.cli.main import main
from orchestration.runs.lock import hold
from tests.unit.publication.homes import files_of, filled_home


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    monkeypatch.setenv("CX360_HOME", str(tmp_path / "homes"))
    return filled_home(tmp_path / "homes" / "demo")


def cx360(*arguments: str) -> tuple[int, str]:
    answer = CliRunner().invoke(main, [arguments[0], "--deployment", "demo", *arguments[1:]])
    return answer.exit_code, answer.output


def test_a_home_is_backed_up_lost_restored_and_sound(home: Home, tmp_path: Path) -> None:
    before = files_of(home)
    code, output = cx360("backup", "--to", str(tmp_path / "backups"))
    assert code == 0
    [backup] = (tmp_path / "backups").iterdir()
    assert f"cx360 restore --deployment demo --from {backup}" in output
    assert "version 2026-01-06-run-2" in output
    assert {path.stat().st_mode & 0o077 for path in (backup, *backup.rglob("*"))} == {0}
    code, output = cx360("restore", "--from", str(backup))
    assert (code, "is not empty" in output) == (1, True)
    shutil.rmtree(home.root)
    code, output = cx360("restore", "--from", str(backup))
    assert (code, "Restored" in output) == (0, True)
    assert files_of(home) == before
    assert cx360("verify") == (0, "Everything is as the pipeline wrote it.\n")


def test_verification_names_what_is_damaged_and_no_backup_is_made_of_it(home: Home, tmp_path: Path) -> None:
    part = home.landing / "crm" / "customers" / "load_date=2026-01-05" / "part-00001.parquet"
    part.write_text("damaged", "utf-8")
    code, output = cx360("verify")
    assert (code, f"{part} has 7 bytes" in output) == (1, True)
    code, output = cx360("backup", "--to", str(tmp_path / "backups"))
    assert (code, f"{part} has 7 bytes" in output) == (1, True)
    assert not (tmp_path / "backups").exists()


def test_a_damaged_version_is_listed_and_left_out_of_the_backup(home: Home, tmp_path: Path) -> None:
    (home.published / "versions" / "2026-01-05-run-1" / "manifest.json").write_text("{", "utf-8")
    code, output = cx360("versions")
    assert (code, "2026-01-05-run-1       damaged: manifest.json is damaged" in output) == (0, True)
    code, output = cx360("backup", "--to", str(tmp_path / "backups"))
    assert (code, "2026-01-05-run-1 is damaged and is not used" in output) == (0, True)
    assert not [*(tmp_path / "backups").rglob("*run-1*")]


@pytest.mark.parametrize("command", [("verify",), ("backup", "--to", "backups"), ("restore", "--from", "backup")])
def test_no_command_works_on_a_home_while_a_run_is_under_way(
    home: Home, tmp_path: Path, command: tuple[str, ...]
) -> None:
    code, output = cx360("backup", "--to", str(tmp_path / "b"))
    assert code == 0
    [backup] = (tmp_path / "b").iterdir()
    arguments = [str(backup) if argument == "backup" else argument for argument in command[1:]]
    with hold(home):
        code, output = cx360(command[0], *arguments)
    assert (code, "Another run of 'demo' is under way" in output) == (1, True)


def test_a_deployment_without_a_home_has_nothing_to_verify(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CX360_HOME", str(tmp_path))
    code, output = cx360("verify")
    assert (code, "CX360_HOME" in output) == (1, True)
    assert list(tmp_path.iterdir()) == []

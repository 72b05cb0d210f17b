"""Where a deployment lies, what it uses, and what becomes of one that was written for an older version."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from orchestration.base.errors import PipelineError
from orchestration.base.paths import Home
from orchestration.config import deployment_file, ready_systems
from orchestration.config.deployment import load_deployment
from orchestration.config.reference import reference
from orchestration.gates.suites import suite_of
from orchestration.runs.owner import claim
from orchestration.warehouse.completeness import check_completeness, missing_entries
from orchestration.warehouse.staging import staging_sql

COMPANY: dict[str, Any] = {
    "timezone": "Europe/Berlin",
    "currency": "EUR",
    "history_load_date": "2026-10-31",
    "owner": "you@acme.example",
    "identity": {"country_calling_code": "49"},
}
FILES = {"format": "csv", "history": "{table}.csv"}
SALES: dict[str, Any] = {
    "key": ["id"],
    "orders": {"customer_source_id": "buyer", "order_status": "placed", "ordered_at": "at"},
}


def written(folder: Path, systems: dict[str, Any], **settings: Any) -> Path:
    """A deployment in a folder."""
    folder.mkdir(parents=True)
    text = yaml.safe_dump({**COMPANY, "systems": systems, **settings}, sort_keys=False)
    (folder / "deployment.yml").write_text(text, encoding="utf-8")
    return folder


@pytest.fixture
def tills(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A ready system of its own: a map, staging SQL, rules and a touchpoint."""
    root = tmp_path / "systems"
    folder = root / "till_pro"
    (folder / "staging").mkdir(parents=True)
    system = {
        "description": "A till.",
        "tables": {
            "sales": {"key": ["id"], "orders": {**SALES["orders"], "shipped_at": "left"}},
            "visits": {"key": ["id"], "delivers": ["interactions"]},
        },
    }
    (folder / "system.yml").write_text(yaml.safe_dump(system), encoding="utf-8")
    (folder / "rules.yml").write_text("visits: {columns: [id, at], optional: [who], moment: [at]}", encoding="utf-8")
    (folder / "staging" / "interactions.sql").write_text("select * from {{ landed('visits') }}", encoding="utf-8")
    (folder / "touchpoints.csv").write_text(
        "touchpoint,touchpoint_name,journey_stage,channel,owner_department,touchpoint_type\n"
        "visit,Visit,use,store,sales,personal\n",
        encoding="utf-8",
    )
    for module in (ready_systems,):
        monkeypatch.setattr(module, "SYSTEMS", root)
    monkeypatch.setattr("orchestration.config.reference.SYSTEMS", root)
    monkeypatch.setattr("orchestration.warehouse.staging.SYSTEMS", root)
    return root


def test_a_deployment_is_found_by_name_by_path_and_below_further_folders(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = written(tmp_path / "my companies" / "acme", {"till": {"files": FILES, "tables": {"sales": SALES}}})
    by_path = load_deployment(str(folder))
    assert (by_path.name, by_path.file) == ("acme", str(folder / "deployment.yml"))
    assert by_path.argument == f"'{folder}'"
    with pytest.raises(PipelineError, match="There is no deployment 'acme'"):
        load_deployment("acme")
    monkeypatch.setenv("CX360_DEPLOYMENTS", str(folder.parent))
    assert load_deployment("acme").argument == "acme"
    assert {"acme", "demo"} <= {*deployment_file.deployment_names()}


def test_a_folder_without_its_file_says_what_is_missing(tmp_path: Path) -> None:
    with pytest.raises(PipelineError, match="the folder does not exist"):
        load_deployment(str(tmp_path / "nowhere"))
    with pytest.raises(PipelineError, match=r"no file deployment\.yml"):
        load_deployment(str(tmp_path))


def test_two_folders_of_one_name_do_not_share_their_data(tmp_path: Path) -> None:
    systems = {"till": {"files": FILES, "tables": {"sales": SALES}}}
    one, other = (load_deployment(str(written(tmp_path / place / "acme", systems))) for place in ("one", "other"))
    home = Home(tmp_path / "home")
    claim(home, one)
    claim(home, one)
    with pytest.raises(PipelineError, match="has the same name") as error:
        claim(home, other)
    assert str(one.folders[0]) in str(error.value)
    shutil.rmtree(one.folders[0])  # it was moved
    claim(home, other)
    claim(home, other)


def test_a_ready_system_brings_its_maps_its_models_its_rules_and_its_codes(tills: Path, tmp_path: Path) -> None:
    assert tills.is_dir()
    systems = {"shop": {"use": "till_pro", "files": FILES}, "outlet": {"use": "till_pro", "files": FILES}}
    deployment = load_deployment(str(written(tmp_path / "acme", systems)))
    check_completeness(deployment)
    assert deployment.entities() == {
        "orders": ["shop", "outlet"],
        "customers": ["shop", "outlet"],
        "interactions": ["shop", "outlet"],
    }
    assert "landed('visits')" in str(staging_sql(deployment, "outlet", "interactions"))
    suites = {table.name: suite_of(table) for table in deployment.tables()}
    assert set(suites["shop__sales"].required) == {"id", "at"}
    # nobody need have used the other columns
    assert set(suites["shop__sales"].possible) == {"buyer", "left"}
    assert set(suites["outlet__visits"].required) == {"id", "at"}
    assert "visit" in [row[0] for row in reference(deployment, "touchpoints").rows]


def test_a_deployment_changes_a_table_of_a_ready_system_and_adds_rules(tills: Path, tmp_path: Path) -> None:
    assert tills.is_dir()
    own = {"tables": {"sales": {"orders": {"channel": "web"}, "lookback_days": 2}}}
    folder = written(tmp_path / "acme", {"shop": {"use": "till_pro", "files": FILES, **own}})
    (folder / "rules.yml").write_text("shop: {visits: {required: [who], moment: [at]}}", encoding="utf-8")
    shop = load_deployment(str(folder)).systems["shop"]
    assert shop.tables["sales"].lookback_days == 2
    assert set(shop.tables["sales"].maps["orders"].columns) == {*SALES["orders"], "shipped_at", "channel"}
    assert (shop.tables["visits"].rules.required, shop.tables["visits"].rules.moment) == (("who",), ("at",))


def test_rules_of_a_table_add_up_and_a_value_of_a_map_is_replaced_whole(tills: Path, tmp_path: Path) -> None:
    system = yaml.safe_load((tills / "till_pro" / "system.yml").read_text(encoding="utf-8"))
    system["tables"]["sales"]["orders"]["channel"] = {"sql": "lower(kind)"}
    system["tables"]["sales"]["rules"] = {
        "required": ["id"],
        "amount": {"paid": {"low": 0}},
        "optional": ["paid", "fee"],
    }
    (tills / "till_pro" / "system.yml").write_text(yaml.safe_dump(system), encoding="utf-8")
    own = {"orders": {"channel": {"column": "kind"}}, "rules": {"required": ["at"], "amount": {"fee": {"low": 0}}}}
    used = {"use": "till_pro", "files": FILES, "tables": {"sales": own}}
    sales = load_deployment(str(written(tmp_path / "acme", {"shop": used}))).systems["shop"].tables["sales"]
    assert sales.maps["orders"].columns["channel"].column == "kind"
    assert (sales.rules.required, set(sales.rules.amount)) == (("id", "at"), {"paid", "fee"})


@pytest.mark.parametrize(("used", "hint"), [("till_pr", "Did you mean 'till_pro'?"), ("sap", "There are: till_pro.")])
def test_a_ready_system_that_does_not_exist_is_refused_with_the_list(
    tills: Path, tmp_path: Path, used: str, hint: str
) -> None:
    assert tills.is_dir()
    folder = written(tmp_path / "acme", {"shop": {"use": used, "files": FILES}})
    with pytest.raises(PipelineError, match=r"systems\.shop\.use") as error:
        load_deployment(str(folder))
    assert hint in str(error.value)


def test_rules_for_a_table_or_a_system_that_does_not_exist_are_refused(tmp_path: Path) -> None:
    folder = written(tmp_path / "acme", {"till": {"files": FILES, "tables": {"sales": SALES}}})
    (folder / "rules.yml").write_text("till: {sale: {required: [id]}}", encoding="utf-8")
    with pytest.raises(PipelineError, match="Did you mean 'sales'"):
        load_deployment(str(folder))
    (folder / "rules.yml").write_text("tills: {sales: {required: [id]}}", encoding="utf-8")
    with pytest.raises(PipelineError, match="'tills' is not a system"):
        load_deployment(str(folder))
    (folder / "rules.yml").write_text("till: {sales: {requird: [id]}}", encoding="utf-8")
    with pytest.raises(PipelineError, match="did you mean 'required'"):
        load_deployment(str(folder))


def test_a_file_of_the_folder_that_nothing_reads_is_told(tmp_path: Path) -> None:
    folder = written(tmp_path / "acme", {"till": {"files": FILES, "tables": {"sales": SALES}}})
    (folder / "reference").mkdir()
    (folder / "reference" / "segment.csv").write_text("segment,segment_name\n", encoding="utf-8")
    (folder / "staging" / "till").mkdir(parents=True)
    (folder / "staging" / "till" / "order.sql").write_text("select 1", encoding="utf-8")
    missing = "\n".join(missing_entries(load_deployment(str(folder))))
    assert "segment.csv: nothing reads it. Did you mean 'segments'?" in missing
    assert "order.sql: no table of till delivers 'order'" in missing


def test_a_deployment_of_the_version_before_is_refused_with_the_commands_that_move_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One file in deployments/, models and reference data in the project, as it was written before folders."""
    project = tmp_path / "project"
    models = project / "dbt_project" / "models" / "staging" / "till"
    for folder in (project / "deployments", models, project / "seeds" / "reference" / "acme"):
        folder.mkdir(parents=True)
    table = {"description": "Sales.", "key": ["id"], "delivers": ["orders"]}
    system = {"description": "The till.", "roles": ["transactions"], "files": FILES, "tables": {"sales": table}}
    (project / "deployments" / "acme.yml").write_text(
        yaml.safe_dump({**COMPANY, "systems": {"till": system}}, sort_keys=False), encoding="utf-8"
    )
    sql = "select {{ record_key('till', 'sales') }} as source_id from {{ source('till', 'till__sales') }}"
    (models / "stg_till__orders.sql").write_text(sql, encoding="utf-8")
    (models / "_till__sources.yml").write_text("sources: []", encoding="utf-8")
    (project / "seeds" / "reference" / "acme" / "segments.csv").write_text(
        "segment,segment_name\nretail,Retail\n", encoding="utf-8"
    )
    monkeypatch.setattr(deployment_file, "PROJECT", project)
    monkeypatch.setattr(deployment_file, "DEPLOYMENTS", project / "deployments")

    with pytest.raises(PipelineError, match="a deployment is a folder now") as error:
        load_deployment("acme")
    commands = [line.strip() for line in str(error.value).splitlines() if line.startswith("  ")]
    for command in commands:
        subprocess.run(["bash", "-c", command], cwd=project, check=True)

    moved = load_deployment("acme")
    assert staging_sql(moved, "till", "orders") == sql
    assert reference(moved, "segments").rows == (("retail", "Retail"),)
    assert missing_entries(moved) == []
    assert not models.exists()

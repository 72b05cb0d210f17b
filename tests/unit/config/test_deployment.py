"""What a deployment's file may say, and how a mistake in it is told."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from orchestration.base.errors import PipelineError
from orchestration.config.deployment import Deployment, load_deployment
from tests.deployments import search_only, write_deployment


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Deployments are read from the test's own folder."""
    search_only(tmp_path, monkeypatch)


def settings(**changes: Any) -> dict[str, Any]:
    """A company with a CRM, and what a test changes of it by dotted names written with two underscores."""
    company: dict[str, Any] = {
        "timezone": "Europe/Berlin",
        "currency": "EUR",
        "history_load_date": date(2025, 12, 31),
        "owner": "someone@acme.example",
        "identity": {"country_calling_code": "49"},
        "systems": {"crm": system("crm")},
    }
    for name, value in changes.items():
        *parents, key = name.split("__")
        place = company
        for parent in parents:
            place = place.setdefault(parent, {})
        place[key] = value
    return company


EMAIL = {"host": "mail.acme.example", "sender": "warehouse@acme.example", "recipients": ["data@acme.example"]}


def system(role: str, table: str = "customers", delivers: tuple[str, ...] = ("customers",)) -> dict[str, Any]:
    """A system that delivers one table every night."""
    return {
        "description": f"The {role} system.",
        "roles": [role],
        "files": {"format": "csv", "daily": "{load_date}/{table}.csv"},
        "tables": {table: {"description": "One row per record.", "key": ["id"], "delivers": list(delivers)}},
    }


def loaded(tmp_path: Path, **changes: Any) -> Deployment:
    write_deployment(tmp_path, "acme", settings(**changes))
    return load_deployment("acme")


def problem(tmp_path: Path, **changes: Any) -> str:
    """The message against a file with these changes."""
    with pytest.raises(PipelineError) as error:
        loaded(tmp_path, **changes)
    return str(error.value)


def test_a_deployment_is_read_from_the_folder_of_its_name(tmp_path: Path) -> None:
    acme = loaded(tmp_path)
    assert (acme.name, acme.currency, acme.zone.key) == ("acme", "EUR", "Europe/Berlin")
    assert [table.name for table in acme.tables()] == ["crm__customers"]


def test_an_unknown_deployment_is_answered_with_the_nearest_one(tmp_path: Path) -> None:
    write_deployment(tmp_path, "acme", "")
    with pytest.raises(PipelineError, match=r"no deployment 'amce' \(.*amce/deployment\.yml\)\. Did you mean 'acme'\?"):
        load_deployment("amce")


def test_an_unknown_deployment_like_no_other_is_answered_with_all_there_are(tmp_path: Path) -> None:
    for name in ("acme", "globex"):
        write_deployment(tmp_path, name, "")
    with pytest.raises(PipelineError, match=r"Existing deployments: acme, globex\."):
        load_deployment("zzz")


@pytest.mark.parametrize("name", ["../acme", "acme.yml", "", "/etc/passwd", ".", "/etc"])
def test_what_names_no_folder_of_a_deployment_is_refused(tmp_path: Path, name: str) -> None:
    write_deployment(tmp_path, "acme", "")
    with pytest.raises(PipelineError, match="There is no deployment"):
        load_deployment(name)


@pytest.mark.parametrize("text", ["", "- a list", "only words", "name: other"])
def test_a_file_that_holds_no_settings_is_refused(tmp_path: Path, text: str) -> None:
    write_deployment(tmp_path, "acme", text)
    with pytest.raises(PipelineError, match=r"acme/deployment\.yml must be a mapping of settings"):
        load_deployment("acme")


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"password": "hunter2hunter2"}, "password"),
        ({"systems__crm__api_key": "hunter2hunter2"}, "systems.crm.api_key"),
        ({"alerts": [{"url": "https://me:hunter2hunter2@host.example/x"}]}, "alerts.0.url"),
    ],
)
def test_a_value_that_looks_like_a_secret_is_refused_and_not_shown(
    tmp_path: Path, changes: dict[str, Any], key: str
) -> None:
    message = problem(tmp_path, **changes)
    assert f"{key}: the value looks like a secret" in message
    assert "hunter2" not in message


def test_a_secret_may_be_named_by_its_variable(tmp_path: Path) -> None:
    assert "looks like a secret" not in problem(tmp_path, password={"env": "CX360_PASSWORD"})


def test_a_yaml_error_does_not_quote_the_file(tmp_path: Path) -> None:
    write_deployment(tmp_path, "acme", "timezone: UTC\npassword: 'hunter2\n")
    with pytest.raises(PipelineError) as error:
        load_deployment("acme")
    assert "line 3" in str(error.value)
    assert "hunter2" not in str(error.value)


def test_a_yaml_error_names_the_line(tmp_path: Path) -> None:
    write_deployment(tmp_path, "acme", "timezone: UTC\nowner: [")
    with pytest.raises(PipelineError, match=r"(?s)acme/deployment\.yml is not valid YAML: .*line 2"):
        load_deployment("acme")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"curency": "EUR"}, "curency: unknown key, did you mean 'currency'?"),
        ({"systems__crm__files__dayly": "x"}, "systems.crm.files.dayly: unknown key, did you mean 'daily'?"),
        ({"identity__max_people": 3}, "identity.max_people: unknown key, did you mean 'max_people_per_value'?"),
        ({"zzz": 1}, "zzz: unknown key"),
        ({"identity__country_calling_code": "999"}, "identity.country_calling_code: no country has the calling code"),
        ({"identity__placeholders": ["till@", " "]}, "identity.placeholders: ' ' is blank"),
        ({"timezone": "Berlin"}, "timezone: 'Berlin' is not an IANA time zone"),
        ({"owner": "marketing"}, "owner: 'marketing' is neither an e-mail address nor a team, written team:<name>"),
        ({"currency": "euro"}, "currency: String should match pattern '^[A-Z]{3}$'"),
        ({"history_load_date": "yesterday"}, "history_load_date: Input should be a valid date"),
        ({"flagged_base": 5}, "the file: flagged_base must not be below minimum_base"),
        ({"lifecycle__new_days": 200}, "lifecycle: new_days, active_days and lapsed_days must be in ascending order"),
        (
            {"lifecycle__lapsed_days": 100},
            "lifecycle: new_days, active_days and lapsed_days must be in ascending order",
        ),
        ({"history_start_date": "2199-01-01"}, "the file: history_start_date must not be after history_load_date"),
        ({"retention_periods__order": 6}, "retention_periods.order: unknown key, did you mean 'orders'?"),
        ({"surveys__strata": ["region"]}, "surveys.strata.0: Input should be 'segment' or 'lifecycle_stage'"),
        ({"surveys__strata": ["segment", "segment"]}, "surveys.strata: a value is listed twice"),
        ({"surveys__strata": []}, "surveys.strata: Tuple should have at least 1"),
        ({"surveys__one_answer": True}, "surveys.one_answer: unknown key, did you mean 'one_answer_per_customer'?"),
        ({"surveys__repeat_ask_days": 0}, "surveys.repeat_ask_days: Input should be greater than or equal to 1"),
        ({"journeys__journey_days": 0}, "journeys.journey_days: Input should be greater than or equal to 1"),
        ({"journeys__first_contact_days": 31}, "journeys.first_contact_days: Input should be less than or equal to 30"),
        ({"survivorship": ["crm"]}, "survivorship: it must list every role once: surveys, crm, transactions"),
        ({"survivorship": ["crm", "crm", "surveys", "transactions"]}, "survivorship: it must list every role once"),
        ({"systems": {}}, "systems: Dictionary should have at least 1 item"),
        ({"systems__crm__roles": ["sales"]}, "systems.crm.roles.0: Input should be 'surveys', 'crm', 'transactions'"),
        ({"systems": {"My CRM": system("crm")}}, "systems.My CRM.[key]: String should match pattern '^[a-z0-9_]+$'"),
        ({"systems": {"../crm": system("crm")}}, "systems.../crm.[key]: String should match pattern"),
        (
            {"systems__crm__files__format": "xlsx"},
            "systems.crm.files.format: Input should be 'csv', 'jsonl' or 'parquet'",
        ),
        ({"systems__crm__files__delimiter": ""}, "systems.crm.files.delimiter: '' is not one ASCII character"),
        ({"systems__crm__files__delimiter": "||"}, "systems.crm.files.delimiter: '||' is not one ASCII character"),
        ({"systems__crm__files__delimiter": "¦"}, "systems.crm.files.delimiter: '¦' is not one ASCII character"),
        ({"systems__crm__files__delimiter": '"'}, "systems.crm.files.delimiter: '\"' is not one ASCII character"),
        ({"systems__crm__files__encoding": "utf8000"}, "systems.crm.files.encoding: 'utf8000' is not an encoding"),
        ({"systems__crm__files__encoding": "base64"}, "systems.crm.files.encoding: 'base64' is not an encoding"),
        ({"systems__crm__files__daily": " "}, "systems.crm.files.daily: the pattern is empty"),
        ({"systems__crm__files__history": ""}, "systems.crm.files.history: the pattern is empty"),
        (
            {"systems__crm__files__daily": "{table}.csv"},
            "daily: the pattern '{table}.csv' has no {load_date}",
        ),
        (
            {"systems__crm__files__daily": "{load_date}/{tabel}.csv"},
            "systems.crm.files.daily: the pattern '{load_date}/{tabel}.csv' has the unknown placeholder {tabel}",
        ),
        ({"systems__crm__files__history": "{}.csv"}, "the pattern '{}.csv' has the unknown placeholder {}"),
        ({"systems__crm__files__history": "{table.csv"}, "the pattern '{table.csv' cannot be read"),
        (
            {"systems__crm__tables__customers__daily": "x.csv"},
            "systems.crm.tables.customers.daily: the pattern 'x.csv'",
        ),
        ({"systems__crm__files": {"format": "csv"}}, "systems.crm: table 'customers' has no file pattern"),
        (
            {"systems__crm__tables__customers__key": []},
            "systems.crm.tables.customers.key: Tuple should have at least 1",
        ),
        (
            {"systems__crm__tables__customers__limits": {"rejected_rate": 5}},
            "systems.crm.tables.customers.limits.rejected_rate: Input should be less than or equal to 1",
        ),
        ({"limits": {"rejectedrate": 1}}, "limits.rejectedrate: unknown key, did you mean 'rejected_rate'?"),
        ({"limits": {"volume_at_least": 2}}, "limits: volume_at_least must not be above 1"),
        (
            {"systems__crm__tables": {"../x": {}}},
            "systems.crm.tables.../x.[key]: String should match pattern '^[a-z0-9_]+$'",
        ),
        (
            {"alerts__webhook__url": "https://hooks.example/T0"},
            "alerts.webhook.url: secrets are not allowed in files",
        ),
        ({"alerts__email": {**EMAIL, "recipients": []}}, "alerts.email.recipients: Tuple should have at least 1"),
        ({"alerts__email": {**EMAIL, "username": {"env": "NAME"}}}, "alerts.email: set both username and password"),
        (
            {"alerts__email": {**EMAIL, "username": {"env": "A"}, "password": {"env": "B"}, "security": "none"}},
            "alerts.email: a password requires encryption",
        ),
    ],
    ids=lambda value: str(value) if isinstance(value, dict) else "",
)
def test_an_invalid_setting_is_reported_with_its_path(tmp_path: Path, changes: dict[str, Any], message: str) -> None:
    error = problem(tmp_path, **changes)
    assert error.startswith(f"{tmp_path / 'acme' / 'deployment.yml'} has invalid settings:\n  ")
    assert message in error


def test_a_secret_in_the_file_is_refused_without_being_repeated(tmp_path: Path) -> None:
    assert "hunter2" not in problem(tmp_path, alerts__webhook__url="https://hooks.example/hunter2")


def test_all_invalid_settings_are_reported_at_once(tmp_path: Path) -> None:
    assert len(problem(tmp_path, timezone="Berlin", currency="euro", curency="EUR").splitlines()) == 4


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_usual_delimiters_are_allowed(tmp_path: Path, delimiter: str) -> None:
    acme = loaded(tmp_path, systems__crm__files__delimiter=delimiter)
    files = acme.systems["crm"].files
    assert files is not None
    assert files.delimiter == delimiter


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1", "cp1252", "utf-16", "shift_jis"])
def test_every_encoding_of_python_is_allowed(tmp_path: Path, encoding: str) -> None:
    acme = loaded(tmp_path, systems__crm__files__encoding=encoding)
    files = acme.systems["crm"].files
    assert files is not None
    assert files.encoding == encoding


def test_the_history_and_the_nights_have_their_own_patterns_and_a_tables_own_comes_first(tmp_path: Path) -> None:
    acme = loaded(
        tmp_path,
        systems__crm__files__history="past/{table}.csv",
        systems__crm__tables__customers__daily="{load_date}.csv",
    )
    (table,) = acme.tables()
    assert table.pattern(date(2025, 12, 31)) == "past/customers.csv"
    assert table.pattern(date(2026, 1, 1)) == "2026-01-01.csv"


def test_where_only_a_history_is_named_nothing_is_expected_of_a_night(tmp_path: Path) -> None:
    (table,) = loaded(tmp_path, systems__crm__files={"format": "csv", "history": "{table}.csv"}).tables()
    assert table.pattern(date(2026, 1, 1)) is None


def test_an_entity_has_the_systems_that_deliver_it_once_each_in_the_files_order(tmp_path: Path) -> None:
    shop = system("transactions", "accounts") | {"tables": system("transactions", "orders", ("orders",))["tables"]}
    shop["tables"] |= system("transactions", "accounts")["tables"] | system("transactions", "guests")["tables"]
    acme = loaded(tmp_path, systems={"shop": shop, "crm": system("crm", delivers=("customers", "cases"))})
    assert acme.entities() == {"customers": ["shop", "crm"], "cases": ["crm"], "orders": ["shop"]}


@pytest.mark.parametrize(
    ("survivorship", "ranks"),
    [
        (None, {"crm": 1, "shop": 2, "log": 3}),
        (["interactions", "transactions", "crm", "surveys"], {"log": 1, "shop": 2, "crm": 3}),
        (["surveys", "transactions", "crm", "interactions"], {"log": 1, "shop": 2, "crm": 3}),
    ],
)
def test_a_system_is_believed_by_the_best_of_its_roles(
    tmp_path: Path, survivorship: list[str] | None, ranks: dict[str, int]
) -> None:
    systems = {"crm": system("crm"), "shop": system("transactions"), "log": system("interactions")}
    systems["log"]["roles"] = ["interactions", "surveys"]
    changes = {"survivorship": survivorship} if survivorship else {}
    assert loaded(tmp_path, systems=systems, **changes).system_ranks() == ranks


@pytest.mark.parametrize("owner", ["someone@acme.example", "team:customer-experience"])
def test_an_owner_that_is_taken_is_one_that_dagster_takes(tmp_path: Path, owner: str) -> None:
    assert [dg.AssetSpec("table", owners=[loaded(tmp_path, owner=owner).owner]).owners] == [[owner]]


def test_a_deployment_cannot_be_changed_once_it_is_read(tmp_path: Path) -> None:
    acme = loaded(tmp_path)
    with pytest.raises(ValueError, match="frozen"):
        setattr(acme, "currency", "USD")  # noqa: B010  a plain assignment is refused by mypy already

"""``cx360 new``: the file that it writes is read by the loader, says what to check, and nothing is overwritten."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml
from click.testing import CliRunner, Result

from orchestration.cli.main import main
from orchestration.config.deployment import Deployment, load_deployment
from tests.integration.olist.folders import olist_folder
from tests.postgres import Postgres

ORDERS = "order_no,customer,total,date\n1,K1,1.50,2026-01-01\n2,K2,2.50,2026-01-03\n3,K1,4.00,2026-01-02\n"
LINES = "order_no,pos,qty,price\n1,1,2,0.75\n2,1,1,2.50\n3,1,1,4.00\n"


def new(place: Path | str, *arguments: Path | str) -> Result:
    return CliRunner().invoke(main, ["new", str(place), *map(str, arguments)])


def guessed(place: Path, *arguments: Path | str) -> Deployment:
    result = new(place, *arguments)
    assert result.exit_code == 0, result.output
    return load_deployment(str(place))


def delivered(folder: Path, **files: str) -> Path:
    folder.mkdir(exist_ok=True)
    for name, text in files.items():
        (folder / f"{name}.csv").write_text(text, encoding="utf-8")
    return folder


def test_the_file_is_read_as_it_stands(tmp_path: Path) -> None:
    data = delivered(tmp_path / "two tables", orders=ORDERS, order_items=LINES)
    deployment = guessed(tmp_path / "acme", "--files", data / "orders.csv", data / "order_items.csv")
    [system] = deployment.systems.values()
    assert system.files is not None
    assert (system.files.url, system.files.history) == (f"file://{data}", "{table}.csv")
    assert {name: (table.key, table.delivers) for name, table in system.tables.items()} == {
        "orders": (("order_no",), ("orders", "customers")),
        "order_items": (("order_no", "pos"), ("order_lines",)),
    }
    assert deployment.history_load_date.isoformat() == "2026-01-03"


def test_what_to_check_is_said_in_the_file_and_what_is_missing_also_by_the_command(tmp_path: Path) -> None:
    data = delivered(tmp_path / "data", orders="order_no,customer,total\n1,K1,1.50\n2,K2,2.50\n", notes="text\na\nb\n")
    result = new(tmp_path / "acme", "--files", data)
    text = (tmp_path / "acme" / "deployment.yml").read_text(encoding="utf-8")
    assert "order_status: delivered  # check: no column has known states: every order counts" in text
    assert "          # ordered_at:  # required, timestamp: When the order was placed." in text
    assert "# It delivers no entity yet, and lands as it is. Columns: text" in text
    assert "Not guessed  orders, orders: ordered_at (timestamp), When the order was placed." in result.output
    assert "notes: 2 rows, key every row, delivers no entity" in result.output
    count = text.count("# check: ")
    assert f"Read the {count} lines" in result.output


def test_what_a_person_says_is_not_guessed(tmp_path: Path) -> None:
    data = delivered(tmp_path / "data", orders=ORDERS)
    options = {
        "--timezone": "Europe/Berlin",
        "--currency": "CHF",
        "--history-load-date": "2026-02-01",
        "--owner": "ada@acme.example",
    }
    deployment = guessed(tmp_path / "acme", "--files", data, *(part for pair in options.items() for part in pair))
    found = (deployment.timezone, deployment.currency, str(deployment.history_load_date), deployment.owner)
    assert found == tuple(options.values())


def test_currency_and_country_are_those_of_the_columns(tmp_path: Path) -> None:
    orders = (
        "order_no,email,total,currency,country,date\n1,a@x.ch,1.50,CHF,CH,2026-01-01\n2,b@x.ch,2.50,CHF,CH,2026-01-03\n"
    )
    deployment = guessed(tmp_path / "acme", "--files", delivered(tmp_path / "data", orders=orders))
    assert (deployment.currency, deployment.identity.country_calling_code) == ("CHF", "41")


def test_the_country_may_be_that_of_phone_numbers(tmp_path: Path) -> None:
    customers = "customer_no,phone\n1,030 123456\n2,+49 30 1234567\n"
    deployment = guessed(tmp_path / "acme", "--files", delivered(tmp_path / "data", customers=customers))
    assert deployment.identity.country_calling_code == "49"


def test_files_of_nights_become_the_pattern_of_a_night(tmp_path: Path) -> None:
    data = delivered(tmp_path / "data", orders=ORDERS)
    delivered(data / "2026-01-03", orders=ORDERS)
    delivered(data / "2026-01-04", orders=ORDERS)
    deployment = guessed(tmp_path / "acme", "--files", data)
    [table] = deployment.tables()
    assert table.pattern(deployment.history_load_date) == "orders.csv"
    # the newest time is of the day of the first night, and the history ends before it
    assert deployment.history_load_date.isoformat() == "2026-01-02"
    assert table.system.files is not None
    assert table.system.files.daily == "{load_date}/{table}.csv"
    assert table.settings.key == ("order_no",)


def test_the_form_of_a_file_is_declared_where_it_differs(tmp_path: Path) -> None:
    data = delivered(tmp_path / "data", orders=ORDERS)
    kunden = "Kundennr;Ort;Umsatz\nA;Köln;1.234,50\nB;Bonn;2,00\nC;NULL;3,00\n"
    (data / "kunden.csv").write_bytes(kunden.encode("cp1252"))
    deployment = guessed(tmp_path / "acme", "--files", data)
    [table] = (each.settings for each in deployment.tables() if each.table_name == "kunden")
    assert table.files is not None
    assert (table.files.delimiter, table.files.encoding, table.files.nulls) == (";", "cp1252", ("NULL",))
    assert table.numbers is not None
    assert (table.numbers.columns, table.numbers.decimal, table.numbers.thousands) == (("Umsatz",), ",", ".")
    assert table.delivers == ("customers",)


def test_typed_files_need_no_formats(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    rows = {
        "order_no": [1, 2],
        "total": [1.5, 2.5],
        "customer": ["a", "b"],
        "ordered_at": pa.array([1, 2], pa.date32()),
    }
    pq.write_table(pa.table(rows), data / "orders.parquet")
    deployment = guessed(tmp_path / "acme", "--files", data)
    [table] = deployment.tables()
    assert table.system.files is not None
    assert (table.system.files.format, table.settings.key) == ("parquet", ("order_no",))
    assert table.settings.maps["orders"].columns["ordered_at"].word == "ordered_at"


def test_a_name_is_a_folder_below_the_deployments_of_the_company(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CX360_DEPLOYMENTS", str(tmp_path / "companies"))
    monkeypatch.setenv("CX360_HOME", str(tmp_path / "home"))
    data = tmp_path / "home" / "acme" / "extracts"
    data.mkdir(parents=True)
    delivered(data, orders=ORDERS)
    assert new("acme", "--files", data).exit_code == 0
    text = yaml.safe_load((tmp_path / "companies" / "acme" / "deployment.yml").read_text(encoding="utf-8"))
    # the extracts are where a run looks for them
    assert "url" not in text["systems"]["acme_shop"]["files"]


def test_tables_of_a_ready_system_are_recognised(tmp_path: Path) -> None:
    entities = ("customers", "orders", "order_lines")
    plain = dict.fromkeys(entities, "source_id,customer_source_id\n1,a\n2,b\n")
    result = new(tmp_path / "acme", "--files", delivered(tmp_path / "data", **plain))
    assert "look like those of the ready system 'plain'" in result.output
    others = dict.fromkeys(entities, "id,customer_id\n1,a\n2,b\n")
    result = new(tmp_path / "other", "--files", delivered(tmp_path / "others", **others))
    assert "ready system" not in result.output


@pytest.mark.parametrize("name", ["sample", "synthetic"])
def test_the_keys_of_olist_are_guessed_as_a_person_wrote_them(tmp_path: Path, name: str) -> None:
    written = load_deployment("olist").systems["olist"].tables
    deployment = guessed(tmp_path / "acme", "--files", olist_folder(name))
    [system] = deployment.systems.values()
    # the words for product categories are no ids, so the guess is the row
    others = {"product_category_name_translation": ("_source_row",)}
    assert {table: settings.key for table, settings in system.tables.items()} == {
        table: others.get(table, settings.key) for table, settings in written.items()
    }
    assert system.files is not None
    assert system.files.history == "olist_{table}_dataset.csv"


def test_nothing_that_exists_is_overwritten(tmp_path: Path) -> None:
    data = delivered(tmp_path / "data", orders=ORDERS)
    (tmp_path / "acme").mkdir()
    result = new(tmp_path / "acme", "--files", data)
    assert result.exit_code == 1
    assert "exists already, and is not changed" in result.output
    assert list((tmp_path / "acme").iterdir()) == []


@pytest.mark.parametrize(
    ("files", "named", "message"),
    [
        ({}, "orders.csv", "There is no file"),
        ({"orders.csv": b""}, "orders.csv", "is empty, so nothing can be guessed"),
        ({"orders.csv": b"PK\x03\x04 a workbook"}, "orders.csv", "the file is zip (or Excel), not text"),
        ({"orders.csv": b"id,id\n1,2\n"}, "orders.csv", "have the same name"),
        ({"orders.xlsx": b"PK"}, "orders.xlsx", "does not end like a file that can be read"),
        ({"orders.parquet": b"PAR1"}, "orders.parquet", "orders.parquet' cannot be read"),
        ({"orders.csv.gz": b"not packed"}, "orders.csv.gz", "cut off or damaged"),
        ({"orders.csv": b"id\n1\n", "Orders.txt": b"id\n1\n"}, "*", "would both be the table 'orders'"),
        ({"a.csv": b"id\n1\n", "b.jsonl": b'{"id": 1}\n'}, "*", "a system has one format"),
    ],
)
def test_data_that_cannot_be_read_are_refused(
    tmp_path: Path, files: dict[str, bytes], named: str, message: str
) -> None:
    data = delivered(tmp_path / "data")
    for name, content in files.items():
        (data / name).write_bytes(content)
    result = new(tmp_path / "acme", "--files", data / named)
    assert result.exit_code == 1
    assert message in result.output
    assert not (tmp_path / "acme").exists()


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is unreadable to root")
def test_an_unreadable_file_is_refused(tmp_path: Path) -> None:
    data = delivered(tmp_path / "data", orders=ORDERS)
    (data / "orders.csv").chmod(0)
    assert "Permission denied" in new(tmp_path / "acme", "--files", data).output


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "Name the data"),
        (["--files", "x", "--postgres", "URL"], "Name the data"),
        (["--files", "x", "--timezone", "Berlin"], "is not an IANA time zone"),
        (["--files", "x", "--currency", "euro"], "is not a currency"),
        (["--postgres", "CX360_NO_SUCH_URL"], "CX360_NO_SUCH_URL is not set"),
    ],
)
def test_a_wrong_command_is_refused(tmp_path: Path, arguments: list[str], message: str) -> None:
    result = new(tmp_path / "acme", *arguments)
    assert result.exit_code != 0
    assert message in result.output


def test_a_name_that_is_none_is_refused(tmp_path: Path) -> None:
    assert "cannot name a deployment" in new(tmp_path / "two words", "--files", tmp_path).output


@pytest.mark.xdist_group("postgres")
def test_the_tables_of_a_schema_become_a_system(
    tmp_path: Path, postgres_server: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    postgres_server.execute("create database guessed")
    postgres_server.execute(
        "create schema shop",
        "create table shop.orders (order_id int primary key, client_id int, state text, amount numeric(10, 2),"
        " placed_at timestamptz, updated_at timestamptz)",
        "insert into shop.orders values (1, 7, 'paid', 1.50, '2026-01-01Z', '2026-01-02Z'),"
        " (2, 7, 'shipped', 2.50, '2026-01-01Z', '2026-01-02Z')",
        'create table shop."Clients" (client_id int, email text)',
        "insert into shop.\"Clients\" values (7, 'ada@example.com'), (8, 'bob@example.com')",
        "create table shop.log (line text)",
        "insert into shop.log values ('a'), ('a')",
        database="guessed",
    )
    monkeypatch.setenv("SHOP_URL", postgres_server.url("guessed"))
    result = new(tmp_path / "acme", "--postgres", "SHOP_URL", "--schema", "shop")
    assert result.exit_code == 0, result.output
    text = (tmp_path / "acme" / "deployment.yml").read_text(encoding="utf-8")
    [system] = yaml.safe_load(text)["systems"].values()
    tables: dict[str, Any] = system["tables"]
    assert system["sql"] == {"url": {"env": "SHOP_URL"}, "schema": "shop"}
    assert (tables["clients"]["key"], tables["clients"]["sql"]) == (["client_id"], {"table": "Clients"})
    assert (tables["orders"]["key"], tables["orders"]["sql"]) == (["order_id"], {"cursor": "updated_at"})
    assert tables["orders"]["order_lines"]["net_amount"] == "amount"
    assert "# key: []  # required: the table has no primary key" in text
    assert postgres_server.url("guessed") not in text


@pytest.mark.xdist_group("postgres")
def test_a_database_that_cannot_be_read_is_named_without_its_password(
    tmp_path: Path, postgres_server: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHOP_URL", postgres_server.url(password="a-wrong-one"))
    result = new(tmp_path / "acme", "--postgres", "SHOP_URL")
    assert "The database that SHOP_URL names cannot be read" in result.output
    assert "a-wrong-one" not in result.output
    monkeypatch.setenv("SHOP_URL", postgres_server.url())
    assert (
        "The schema 'none' has no table" in new(tmp_path / "acme", "--postgres", "SHOP_URL", "--schema", "none").output
    )
    monkeypatch.setenv("SHOP_URL", "mysql://here/there")
    assert "is not one of PostgreSQL" in new(tmp_path / "acme", "--postgres", "SHOP_URL").output

"""Every failure of a database ends in a message with system, table, cause and next step, and without any secret."""

from __future__ import annotations

import io
import logging
import traceback
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus

import pytest
import trustme

from orchestration.base.errors import InfrastructureError
from orchestration.connectors import sql
from orchestration.connectors.batch import SourceError
from tests.postgres import PASSWORD, Postgres
from tests.unit.connectors.databases import EVER, URL, by_driver, pulled, table_of
from tests.unit.connectors.tls import tls_in_front_of

pytestmark = pytest.mark.xdist_group("postgres")

WHERE = "Deployment 'demo', system 'shop', table 'orders': "


@pytest.fixture(scope="module")
def database(postgres_server: Postgres) -> str:
    """A database whose reader may read one of two tables."""
    postgres_server.execute("create database failures", "create role reader login password 'reader: of ÄÖ'")
    postgres_server.execute(
        "create table orders (id integer, updated_at timestamptz, note text)",
        "insert into orders values (1, '2026-01-01', 'ada@example.com')",
        "create table payroll (id integer)",
        "grant select on orders to reader",
        database="failures",
    )
    return "failures"


@pytest.fixture(params=["adbc", "psycopg"])
def server(
    request: pytest.FixtureRequest, postgres_server: Postgres, database: str, monkeypatch: pytest.MonkeyPatch
) -> Server:
    """The server, pulled through ADBC and through psycopg."""
    server = Server(postgres_server, database, monkeypatch, is_by_driver=request.param == "psycopg")
    server.set_url()
    return server


class Server:
    """The server, and the URL that pulls use."""

    def __init__(self, postgres: Postgres, database: str, patch: pytest.MonkeyPatch, *, is_by_driver: bool) -> None:
        self.postgres, self.database = postgres, database
        self.patch, self.is_by_driver = patch, is_by_driver

    def set_url(self, url: str | None = None) -> None:
        """Set the URL of the source, by default the test database."""
        url = url or self.postgres.url(self.database)
        self.patch.setenv(URL, by_driver(url) if self.is_by_driver else url)


def refused(**settings: Any) -> SourceError:
    """Return the error of a pull that must fail; neither the error nor the log may contain a secret."""
    log = io.StringIO()
    handler = logging.StreamHandler(log)
    logging.getLogger().addHandler(handler)
    try:
        with pytest.raises(SourceError) as caught:
            pulled(table_of(**settings))
    finally:
        logging.getLogger().removeHandler(handler)
    message = "".join(traceback.format_exception(caught.value))
    for secret in (PASSWORD, quote(PASSWORD, safe=""), quote_plus(PASSWORD), "reader: of", "ada@example.com"):
        assert secret not in message + log.getvalue()
    message = str(caught.value)
    assert message.startswith(WHERE)
    assert message.endswith(".")
    return caught.value


def is_worth_a_retry(error: SourceError) -> bool:
    return isinstance(error, InfrastructureError)


def test_a_server_that_is_down_is_worth_a_retry(server: Server) -> None:
    server.set_url(server.postgres.url(server.database).replace(f":{server.postgres.port}/", ":1/"))
    error = refused()
    assert "the database cannot be reached" in str(error)
    assert "Check that it is up" in str(error)
    assert is_worth_a_retry(error)


def test_an_unknown_host(server: Server) -> None:
    server.set_url(server.postgres.url(server.database).replace("127.0.0.1", "nowhere.invalid"))
    assert "the database cannot be reached" in str(refused())


@pytest.mark.parametrize("wrong", ["nonsense", "with space/%"])
def test_a_wrong_password(server: Server, wrong: str) -> None:
    server.set_url(server.postgres.url(server.database, password=wrong))
    error = refused()
    assert "the database refuses the user or the password" in str(error)
    assert f"Check the URL in the environment variable {URL}" in str(error)
    assert wrong not in str(error)
    assert not is_worth_a_retry(error)


def test_a_database_that_is_not_there(server: Server) -> None:
    server.set_url(server.postgres.url("nowhere"))
    assert "the database does not exist" in str(refused())


def test_permission_denied_on_one_table_of_several(server: Server) -> None:
    server.set_url(server.postgres.url(server.database, "reader", "reader: of ÄÖ"))
    assert pulled(table_of()).num_rows == 1
    error = refused(table="payroll")
    assert "(permission denied for table payroll)" in str(error)
    assert f"Have its owner grant the user of {URL} select on payroll" in str(error)
    assert not is_worth_a_retry(error)


@pytest.mark.usefixtures("server")
def test_a_table_that_is_not_there() -> None:
    error = refused(table="public.ordres")
    assert '(relation "public.ordres" does not exist)' in str(error)


@pytest.mark.usefixtures("server")
def test_a_cursor_or_a_key_that_is_not_a_column() -> None:
    assert "the cursor column 'update_at' does not exist (similar columns: updated_at)" in str(
        refused(cursor="update_at")
    )
    assert "the key column 'order_id' does not exist" in str(refused(key=("order_id",)))


@pytest.mark.usefixtures("server")
def test_a_query_with_a_column_that_is_not_there() -> None:
    assert "a selected column does not exist" in str(refused(query="select id, total from orders"))


@pytest.mark.usefixtures("server")
def test_a_query_with_a_syntax_error() -> None:
    assert "the query has a syntax error" in str(refused(query="selekt 1"))


@pytest.mark.usefixtures("server")
def test_a_statement_that_takes_too_long() -> None:
    error = refused(query="select id, pg_sleep(10)::text as slept from orders", seconds=1)
    assert "the statement took longer than statement_timeout_seconds (1 s)" in str(error)
    assert "Create an index on cursor and key" in str(error)


@pytest.mark.usefixtures("server")
def test_a_delivered_value_is_not_quoted() -> None:
    error = refused(query="select id, note::integer as number from orders")
    assert "the database fails (InvalidTextRepresentation" in str(error) or "the database fails (OSError" in str(error)


def test_a_connection_that_drops_in_the_middle_is_worth_a_retry_and_what_came_before_stands(server: Server) -> None:
    table = table_of(query="select n as id, repeat('x', 200) as text from generate_series(1, 2000000) as n")
    batches = sql.pull(table, EVER)
    first = next(batches)
    with server.postgres.connect() as connection:
        connection.execute("select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'cx360'")
    with pytest.raises(InfrastructureError, match=f"^{WHERE}the database cannot be reached, or the connection broke"):
        for _ in batches:
            pass
    assert first.rows.num_rows > 0


def test_the_servers_certificate_must_be_of_the_authority_that_is_trusted(server: Server, tmp_path: Path) -> None:
    trusted, other = trustme.CA(), trustme.CA()
    trusted.cert_pem.write_to_path(str(tmp_path / "trusted.pem"))
    other.cert_pem.write_to_path(str(tmp_path / "other.pem"))
    with tls_in_front_of(server.postgres.port, trusted, "localhost") as port:

        def connect_to(authority: str, host: str) -> None:
            url = server.postgres.url(
                server.database, sslmode="verify-full", sslrootcert=str(tmp_path / f"{authority}.pem")
            )
            server.set_url(url.replace(f"127.0.0.1:{server.postgres.port}", f"{host}:{port}"))

        connect_to("trusted", "localhost")
        assert pulled(table_of()).num_rows == 1
        for authority, host in (("other", "localhost"), ("trusted", "127.0.0.1"), ("missing", "localhost")):
            connect_to(authority, host)
            error = refused()
            assert "no encrypted connection can be made" in str(error)
            assert f"Check sslmode and sslrootcert in the URL of {URL}" in str(error)


def test_a_variable_that_is_not_set_or_holds_no_url(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(URL, raising=False)
    assert f"The environment variable {URL} is not set" in str(refused())
    for wrong in (f"reader: of {PASSWORD}", f"postgresql://x:{PASSWORD}@host:port/db"):
        monkeypatch.setenv(URL, wrong)
        assert f"the environment variable {URL} holds no database URL" in str(refused())


def test_a_database_whose_driver_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    for dialect in ("mysql+pymysql", "nosuchdatabase"):
        monkeypatch.setenv(URL, f"{dialect}://user:{quote(PASSWORD, safe='')}@127.0.0.1/shop")
        assert f"no driver for '{dialect}' is installed" in str(refused())

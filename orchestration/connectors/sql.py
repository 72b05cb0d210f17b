"""Connector for databases: yields the rows of a table or query, from any database with a SQLAlchemy dialect.

PostgreSQL is read as Arrow (``databases/postgres.py``), other databases row by row
(``databases/sqlalchemy_source.py``). Add here what is common to all databases.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NoReturn
from urllib.parse import quote, quote_plus

import adbc_driver_manager
import pyarrow as pa
import sqlalchemy as sa

from orchestration.base.errors import PipelineError
from orchestration.connectors.batch import (
    Batch,
    NotDeliveredError,
    SourceError,
    SourceUnavailableError,
    UnreadableError,
)
from orchestration.connectors.databases import postgres, sqlalchemy_source
from orchestration.connectors.databases.failures import Failure, explain, scrubbed
from orchestration.connectors.databases.queries import TableQuery

if TYPE_CHECKING:
    from orchestration.config.deployment import Table, Window

PROBLEMS = (sa.exc.SQLAlchemyError, adbc_driver_manager.Error, pa.ArrowException, OSError)


def pull(table: Table, window: Window) -> Iterator[Batch]:
    """Yield the rows of one window, ordered by cursor and key; at least one batch.

    A row belongs to the window that contains its cursor value; a row with a null cursor belongs to the history. A table
    without a cursor is pulled completely in every window. Batches yielded before an error remain valid.

    Raises:
        SourceUnavailableError: the database cannot be reached, or the connection broke.
        SourceError: the database refuses the query, or its rows are unusable.
    """
    table_query = TableQuery.of(table, window)
    try:
        secret = table_query.source.url.value()
        url = sa.make_url(secret)
    except PipelineError as error:
        raise SourceError(f"{table.label}: {error}") from None
    except (sa.exc.ArgumentError, ValueError):  # these messages quote the URL
        raise SourceError(
            f"{table.label}: the environment variable {table_query.source.url.env} holds no database URL. Write it as"
            " dialect://user:password@host:port/database; percent-encode special characters of the password."
        ) from None
    source = postgres if url.get_backend_name() == "postgresql" else sqlalchemy_source
    try:
        yield from source.pull(table_query, url)
    except UnreadableError as error:
        raise SourceError(f"{table.label}: {error}.") from None
    except (sa.exc.NoSuchModuleError, ModuleNotFoundError) as error:
        why = scrubbed(str(error), _secrets(secret, url))
        raise SourceError(
            f"{table.label}: no driver for '{url.drivername}' is installed ({why})."
            f" Install it, or correct the URL in {table_query.source.url.env}."
        ) from None
    except PROBLEMS as error:
        _refuse(table, explain(error, table_query, _secrets(secret, url)))


def _refuse(table: Table, failure: Failure) -> NoReturn:
    # the driver's error quotes URLs and queries, so it is not chained
    kind = SourceUnavailableError if failure.is_transient else NotDeliveredError if failure.is_absence else SourceError
    raise kind(f"{table.label}: {failure.problem}. {failure.remedy}.") from None


def _secrets(secret: str, url: sa.URL) -> tuple[str, ...]:
    """The texts to remove from messages: the URL and its passwords, decoded and percent-encoded."""
    hidden = [url.password, *(value for name, value in url.query.items() if "pass" in name.lower())]
    plain = [str(value) for value in hidden if value]
    encoded = [form for value in plain for form in (quote(value, safe=""), quote(value, safe=" +"), quote_plus(value))]
    return (secret, *plain, *encoded)

"""Databases: what a table or a query delivered in a window, from any database that SQLAlchemy can reach.

PostgreSQL is read as Arrow (``databases/postgres.py``), others row by row (``databases/anywhere.py``). Add here what
holds for all of them; keep out how each is spoken to.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NoReturn
from urllib.parse import quote, quote_plus

import adbc_driver_manager
import pyarrow as pa
import sqlalchemy as sa

from orchestration.base.errors import PipelineError
from orchestration.connectors.batch import Batch, SourceError, SourceUnavailableError, UnreadableError
from orchestration.connectors.databases import anywhere, postgres
from orchestration.connectors.databases.asked import Asked
from orchestration.connectors.databases.failures import Failure, explain, scrubbed

if TYPE_CHECKING:
    from orchestration.config.deployment import Table, Window

PROBLEMS = (sa.exc.SQLAlchemyError, adbc_driver_manager.Error, pa.ArrowException, OSError)


def pull(table: Table, window: Window) -> Iterator[Batch]:
    """Yield what ``table`` delivered for one window, in the order of cursor and key; at least one batch.

    A row belongs to the window that its cursor lies in; one without a cursor comes with the history. A table without a
    cursor is pulled whole, in every window.

    Raises:
        SourceUnavailableError: the database cannot be reached, or broke off; batches before it stand.
        SourceError: it refuses what is asked, or delivers what cannot be taken as it is; the same.
    """
    asked = Asked.of(table, window)
    try:
        written = asked.source.url.value()
        url = sa.make_url(written)
    except PipelineError as error:
        raise SourceError(f"{table.told}: {error}") from None
    except (sa.exc.ArgumentError, ValueError):  # their messages quote it
        raise SourceError(
            f"{table.told}: the environment variable {asked.source.url.env} holds no database URL. Write it as"
            " dialect://user:password@host:port/database, with %-codes for what is no letter or digit in the password."
        ) from None
    way = postgres if url.get_backend_name() == "postgresql" else anywhere
    try:
        yield from way.pull(asked, url)
    except UnreadableError as error:
        raise SourceError(f"{table.told}: {error}.") from None
    except (sa.exc.NoSuchModuleError, ModuleNotFoundError) as error:
        why = scrubbed(str(error), _secrets(written, url))
        raise SourceError(
            f"{table.told}: no driver for '{url.drivername}' is installed ({why})."
            f" Install it, or mend the URL in {asked.source.url.env}."
        ) from None
    except PROBLEMS as error:
        _refuse(table, explain(error, asked, _secrets(written, url)))


def _refuse(table: Table, failure: Failure) -> NoReturn:
    # what the drivers raised quotes URLs and queries: it is never shown, not even as a cause
    kind = SourceUnavailableError if failure.is_passing else SourceError
    raise kind(f"{table.told}: {failure.problem}. {failure.remedy}.") from None


def _secrets(written: str, url: sa.URL) -> tuple[str, ...]:
    """What no message may hold: the URL, and each of its passwords, decoded or as it stands there."""
    hidden = [url.password, *(value for name, value in url.query.items() if "pass" in name.lower())]
    plain = [str(value) for value in hidden if value]
    encoded = [form for value in plain for form in (quote(value, safe=""), quote(value, safe=" +"), quote_plus(value))]
    return (written, *plain, *encoded)

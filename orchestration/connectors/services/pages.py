"""The pages of a web service, fetched by dlt's REST client and its paginators.

Imported only when a service is pulled: importing dlt takes seconds. Keep out how records are read (``rest.py``).
"""

from __future__ import annotations

import copy
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast
from urllib.parse import urljoin

import requests
import urllib3
from dlt.common.configuration.specs import RuntimeConfiguration
from dlt.common.jsonpath import find_values, set_value_at_path
from dlt.sources.helpers.rest_client import paginators
from dlt.sources.helpers.rest_client.client import PageData, RESTClient

from orchestration.config.web_services import (
    EVERY,
    Cursor,
    LinkHeader,
    NextUrl,
    Offsets,
    PageNumbers,
    Pages,
    Rest,
    RestTable,
    SinglePage,
    steps_of,
)
from orchestration.connectors.batch import UnavailableError, UnreadableError
from orchestration.connectors.services.link_header import StrictHeaderLink
from orchestration.connectors.services.login import OneOrigin
from orchestration.connectors.services.responses import CompleteResponse, TimeLimit, explained, reader, session_of


def responses(rest: Rest, settings: RestTable, window: dict[str, str]) -> Iterator[CompleteResponse]:
    """Yield the pages of a table's window, in the order of the service.

    Args:
        window: the request parameters of the window, by name.

    Raises:
        UnreadableError: a response is unusable.
        UnavailableError: no attempt got a proper response.
    """
    pages = settings.pages or rest.pages or SinglePage(kind="single")
    in_body = settings.method == "POST"
    parameters: dict[str, Any] = copy.deepcopy(settings.params)
    for name, value in window.items():
        if in_body:
            set_value_at_path(parameters, name, value)
        else:
            parameters[name] = value
    limit = TimeLimit(rest.time_limit_minutes)
    with session_of(rest) as session:
        client = RESTClient(
            rest.url,
            headers={"Accept": "application/json", **rest.headers},
            auth=OneOrigin(rest, session),
            session=session,
            config=RuntimeConfiguration(dlthub_telemetry=False),
        )
        paged = client.paginate(
            settings.path,
            settings.method,
            params=None if in_body else {name: _in_query(value) for name, value in parameters.items()},
            json=parameters if in_body else None,
            paginator=_Careful(_paginator(pages, in_body=in_body)),
            data_selector=_selector(settings.records),
            hooks={"response": [reader(rest, limit)]},
            stream=True,
            allow_redirects=False,
        )
        for page in _distinct(_without_addresses(paged, rest), pages, rest.most_pages):
            yielded_at = time.monotonic()
            yield cast(CompleteResponse, page.response)
            limit.ends_at += time.monotonic() - yielded_at


def _without_addresses(paged: Iterator[PageData[Any]], rest: Rest) -> Iterator[PageData[Any]]:
    """The pages; errors are explained without addresses, which may contain a secret."""
    while True:
        problem: UnreadableError
        try:
            page = next(paged, None)
        except (requests.RequestException, urllib3.exceptions.HTTPError, UnicodeError) as error:
            problem = explained(error, rest)
        else:
            if page is None:
                return
            yield page
            continue
        raise problem


def _distinct(paged: Iterator[PageData[Any]], pages: Pages, most_pages: int) -> Iterator[PageData[Any]]:
    """The pages, each checked to differ from the pages before it.

    Raises:
        UnreadableError: the pages repeat, are too many, or skip records.
    """
    requested: set[int] = set()
    previous: PageData[Any] | None = None
    for number, page in enumerate(paged, start=1):
        if previous is not None and page:
            _check_numbered(pages, number, previous, page)
        yield page
        previous = page
        if not page.paginator.has_next_page:
            return
        following = hash(repr((page.request.url, page.request.params, page.request.json)))
        if following in requested and not page:
            return
        if following in requested or number >= most_pages:
            raise UnreadableError(
                f"after page {number} the service names a page that it has already returned"
                if following in requested
                else f"there are more than {most_pages:,} pages",
                "Check the settings of pages; if the number is right, raise the system's most_pages",
            )
        requested.add(following)


def _check_numbered(pages: Pages, number: int, previous: PageData[Any], page: PageData[Any]) -> None:
    if not isinstance(pages, PageNumbers | Offsets):
        return
    if page == previous:
        raise UnavailableError(
            f"page {number} equals the page before it, so other pages may be missing",
            f"Check that the service takes the parameter '{pages.parameter}', and run again",
        )
    if isinstance(pages, Offsets) and len(previous) != pages.size:
        raise UnreadableError(
            f"page {number - 1} has {len(previous)} records instead of {pages.size}, and more pages follow",
            "Set the size of pages to the service's maximum: otherwise records are skipped",
        )


class _Careful(paginators.BasePaginator):
    """Wraps a paginator of dlt and replaces its error messages, which quote the response."""

    def __init__(self, paginator: paginators.BasePaginator) -> None:
        super().__init__()
        self.paginator = paginator

    @property
    def has_next_page(self) -> bool:
        return self.paginator.has_next_page

    def init_request(self, request: requests.Request) -> None:
        self.paginator.init_request(request)

    def update_state(self, response: requests.Response, data: list[Any] | None = None) -> None:
        with _no_next_page():
            self.paginator.update_state(response, data)

    def update_request(self, request: requests.Request) -> None:
        with _no_next_page():
            self.paginator.update_request(request)


@contextmanager
def _no_next_page() -> Iterator[None]:
    try:
        yield
    except (ValueError, TypeError, AttributeError):
        raise UnreadableError(
            "the response does not name the next page", "Compare the paths of pages with a response"
        ) from None


class _NextUrl(paginators.BasePaginator):
    """Reads the next page's address from the response; dlt's own paginator takes an empty address for a page."""

    def __init__(self, path: str) -> None:
        super().__init__()
        self.path, self.url, self.is_first = path, "", True

    @property
    def has_next_page(self) -> bool:
        return self.is_first or bool(self.url)

    def update_state(self, response: requests.Response, data: list[Any] | None = None) -> None:  # noqa: ARG002
        self.is_first = False
        self.url = next(iter(find_values(self.path, response.json())), None) or ""

    def update_request(self, request: requests.Request) -> None:
        request.url, request.params = urljoin(request.url, self.url), {}


def _paginator(pages: Pages, *, in_body: bool) -> paginators.BasePaginator:
    def named(**names: str) -> dict[str, Any]:
        return {f"{role}_{'body_path' if in_body else 'param'}": name for role, name in names.items()}

    match pages:
        case PageNumbers():
            return paginators.PageNumberPaginator(
                pages.first,
                total_path=None,
                has_more_path=_json_path(pages.more_path),
                **named(page=pages.parameter),
            )
        case Offsets():
            return paginators.OffsetPaginator(
                pages.size,
                total_path=None,
                has_more_path=_json_path(pages.more_path),
                **named(offset=pages.parameter, limit=pages.size_parameter),
            )
        case Cursor():
            return paginators.JSONResponseCursorPaginator(
                _json_path(pages.path) or "$",
                has_more_path=_json_path(pages.more_path),
                **named(cursor=pages.parameter),
            )
        case LinkHeader():
            return StrictHeaderLink(pages.relation)
        case NextUrl():
            return _NextUrl(_json_path(pages.path) or "$")
        case SinglePage():
            return paginators.SinglePagePaginator()


def _json_path(path: str | None) -> str | None:
    """A path in the syntax of dlt's paginators, every name quoted."""
    return path and "$" + "".join(f'."{step}"' for step in steps_of(path))


def _selector(records: str) -> str:
    """The path to the outermost list of records."""
    steps = steps_of(records)
    names = steps[: steps.index(EVERY)] if EVERY in steps else steps
    return "$" + "".join(f'."{step}"' for step in names)


def _in_query(value: Any) -> Any:
    """A value as a query parameter: booleans in lower case."""
    if isinstance(value, list):
        return [_in_query(item) for item in value]
    return str(value).lower() if isinstance(value, bool) else value

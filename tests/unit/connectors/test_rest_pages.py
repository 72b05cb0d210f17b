"""A web service that pages in every way: what it holds is what lands, and what may be missing stops the night."""

from __future__ import annotations

import random
from typing import Any

import pytest

from orchestration.connectors.batch import SourceError, SourceUnavailableError
from tests.unit.connectors.services import HISTORY, PAGES, Reply, Request, in_turn, paging, pulled, service, table_of

WINDOW = {"from_parameter": "since", "to_parameter": "until"}


def records(count: int) -> list[dict[str, str]]:
    return [{"id": str(number), "text": f"answer {number}"} for number in range(1, count + 1)]


@pytest.mark.parametrize("kind", PAGES)
@pytest.mark.parametrize("count", [0, 1, 7, 20])
def test_every_way_to_page_gives_what_the_service_holds_in_its_order(kind: str, count: int) -> None:
    held = records(count)
    with service(paging(kind, lambda: held)) as made:
        found = pulled(table_of(made.url, pages=PAGES[kind], total_path="$.meta.total"))
    assert found.column("id") == [record["id"] for record in held]
    assert found.column("text") == [record["text"] for record in held]
    assert found.column("_source_row") == list(range(1, count + 1))


@pytest.mark.parametrize("kind", ["page_number", "offset", "cursor"])
def test_a_post_carries_everything_in_its_body(kind: str) -> None:
    held = records(20)
    with service(paging(kind, lambda: held)) as made:
        found = pulled(
            table_of(
                made.url,
                method="POST",
                params={"filter": {"survey": "S1"}},
                window={"from_parameter": "filter.changed.from", "to_parameter": "filter.changed.to"},
                pages=PAGES[kind],
            )
        )
    assert found.column("id") == [record["id"] for record in held]
    assert {request.method for request in made.requests} == {"POST"}
    assert all(request.query == {} for request in made.requests)
    filters = [request.parameters["filter"] for request in made.requests]
    changed = {"from": "2025-12-31T23:00:00Z", "to": "2026-01-01T23:00:00Z"}
    assert filters == [{"survey": "S1", "changed": changed}] * len(made.requests)


@pytest.mark.parametrize("kind", PAGES)
def test_every_request_has_the_window_and_the_fixed_parameters(kind: str) -> None:
    with service(paging(kind, lambda: records(20))) as made:
        pulled(table_of(made.url, pages=PAGES[kind], window=WINDOW, params={"status": "done", "deleted": False}))
    expected = {
        "since": "2025-12-31T23:00:00Z",
        "until": "2026-01-01T23:00:00Z",
        "status": "done",
        "deleted": "false",
    }
    assert len(made.requests) == (1 if kind == "single" else 4 if kind in {"page_number", "offset"} else 3)
    for request in made.requests:
        assert request.path == "/v2/responses"
        assert expected.items() <= request.query.items()


def test_a_first_cursor_is_a_fixed_parameter() -> None:
    with service(paging("cursor", lambda: records(20))) as made:
        pulled(table_of(made.url, pages=PAGES["cursor"], params={"after": "c0"}))
    assert [request.query["after"] for request in made.requests] == ["c0", "c7", "c14"]


def test_the_same_window_lands_the_same_rows_however_it_is_paged() -> None:
    """Cursors that differ from pull to pull and another size of pages leave no trace in what lands."""
    landed = []
    for kind in PAGES:
        with service(paging(kind, lambda: records(20))) as made:
            landed.append(pulled(table_of(made.url, pages=PAGES[kind], window=WINDOW)).rows)
    assert landed[0][0]["_source_file"] == ("GET /responses?since=2025-12-31T23:00:00Z&until=2026-01-01T23:00:00Z")
    assert all(rows == landed[0] for rows in landed)


def test_pages_in_another_order_hold_the_same_records() -> None:
    held = records(20)
    shuffled = random.Random(3).sample(held, 20)
    with service(paging("page_number", lambda: shuffled)) as made:
        found = pulled(table_of(made.url, pages=PAGES["page_number"], total_path="$.meta.total"))
    assert sorted(found.column("id"), key=int) == [record["id"] for record in held]


def test_a_page_that_comes_twice_lands_twice_where_nothing_can_be_missing_for_it() -> None:
    """A cursor says itself what comes next: repeats are left to gate 1, which counts them, and to the union."""
    first, second = records(4)[:2], records(4)[2:]
    pages = [(first, "a"), (first, "b"), (second, None)]
    replies = [Reply.of({"data": page, "meta": {"next_cursor": following, "total": 4}}) for page, following in pages]
    with service(in_turn(*replies)) as made:
        found = pulled(table_of(made.url, pages=PAGES["cursor"], total_path="$.meta.total"))
    assert found.column("id") == ["1", "2", "1", "2", "3", "4"]


@pytest.mark.parametrize("kind", ["page_number", "offset"])
def test_a_repeated_numbered_page_stops_the_night(kind: str) -> None:
    """The service ignores the parameter and always returns its first page."""
    reply = Reply.of({"data": records(7)})
    with service(in_turn(reply)) as made, pytest.raises(SourceUnavailableError, match="page 2 equals") as caught:
        pulled(table_of(made.url, pages=PAGES[kind]))
    assert f"'{PAGES[kind]['parameter']}'" in str(caught.value)


def test_a_page_smaller_than_its_size_is_refused() -> None:
    """The service returns at most 5 records of 7: the second page would skip 2."""
    held = records(20)

    def answer(request: Request) -> Reply:
        start = int(request.query["skip"])
        return Reply.of({"data": held[start : start + 5]})

    with service(answer) as made, pytest.raises(SourceError, match="page 1 has 5 records instead of 7"):
        pulled(table_of(made.url, pages=PAGES["offset"]))


@pytest.mark.parametrize("kind", ["page_number", "offset"])
def test_a_record_that_leaves_between_two_pages_is_noticed_by_the_total(kind: str) -> None:
    """Record 3 leaves after the first page, and record 8 moves to that page: nobody would ever see it."""
    held = records(20)
    paged = paging(kind, lambda: held)

    def answer(request: Request) -> Reply:
        reply = paged(request)
        if len(held) == 20:
            del held[2]
        return reply

    with service(answer) as made:
        with pytest.raises(SourceUnavailableError, match="reports 19 and then 20 records and returned 19") as caught:
            pulled(table_of(made.url, pages=PAGES[kind], total_path="$.meta.total"))
        assert "'survey_tool', table 'responses'" in str(caught.value)
        # the retry finds unchanged data
        again = pulled(table_of(made.url, pages=PAGES[kind], total_path="$.meta.total"))
    assert again.column("id") == [record["id"] for record in held]


def test_a_record_that_changes_and_moves_to_the_end_is_noticed_by_the_total() -> None:
    """The number stays the same, and the record that moved comes twice: the one that took its place is missing."""
    held = records(20)
    paged = paging("page_number", lambda: held)

    def answer(request: Request) -> Reply:
        reply = paged(request)
        if held[2]["id"] == "3":
            held.append({**held.pop(2), "text": "changed"})
        return reply

    with service(answer) as made, pytest.raises(SourceUnavailableError, match="reports 20 records and returned 19"):
        pulled(table_of(made.url, pages=PAGES["page_number"], total_path="$.meta.total"))


def test_a_record_that_comes_between_two_pages_moves_another_to_both_of_them() -> None:
    held = records(20)
    paged = paging("page_number", lambda: held)

    def answer(request: Request) -> Reply:
        reply = paged(request)
        if len(held) == 20:
            held.insert(0, {"id": "new", "text": "early"})
        return reply

    with service(answer) as made:
        found = pulled(table_of(made.url, pages=PAGES["page_number"]))
    assert found.column("id") == [*map(str, range(1, 8)), *map(str, range(7, 21))]


@pytest.mark.parametrize(
    ("kind", "document"),
    [
        ("cursor", {"data": records(2), "meta": {"next_cursor": "again"}}),
        ("next_url", {"data": records(2), "@next.link": "/v2/responses?start=2"}),
    ],
)
def test_a_page_that_is_named_again_ends_the_endless(kind: str, document: Any) -> None:
    with service(in_turn(Reply.of(document))) as made, pytest.raises(SourceError, match="already returned"):
        pulled(table_of(made.url, pages=PAGES[kind]))
    assert len(made.requests) == 2


def test_a_cursor_that_stays_after_an_empty_page_is_the_end() -> None:
    """Some services keep on naming a place to go on from, for the next time."""
    meta = {"next_cursor": "newest"}
    replies = [Reply.of({"data": page, "meta": meta}) for page in (records(2), [])]
    with service(in_turn(*replies)) as made:
        found = pulled(table_of(made.url, pages=PAGES["cursor"]))
    assert found.column("id") == ["1", "2"]
    assert len(made.requests) == 2


def test_cursors_without_end_end_at_the_limit_of_pages() -> None:
    counted: list[int] = []

    def answer(_: Request) -> Reply:
        counted.append(1)
        return Reply.of({"data": [{"id": len(counted)}], "meta": {"next_cursor": f"c{len(counted)}"}})

    with service(answer) as made, pytest.raises(SourceError, match="more than 12 pages"):
        pulled(table_of(made.url, {"most_pages": 12}, pages=PAGES["cursor"]))
    assert len(counted) == 12


def test_an_answer_without_the_mark_that_more_follows_stops_the_night() -> None:
    reply = Reply.of({"data": [{"id": 1, "name": "Jane"}]})
    with service(in_turn(reply)) as made, pytest.raises(SourceError, match="does not name the next page") as caught:
        pulled(table_of(made.url, pages=PAGES["page_number_from_0"]))
    assert "Jane" not in str(caught.value)


def test_a_total_that_no_answer_has_stops_the_night() -> None:
    with service(paging("cursor", lambda: records(3))) as made, pytest.raises(SourceError, match=r"rest\.total_path"):
        pulled(table_of(made.url, pages=PAGES["cursor"], total_path="$.count"))


def test_the_history_has_no_beginning_unless_it_is_declared() -> None:
    with service(paging("single", lambda: records(1))) as made:
        pulled(table_of(made.url, window=WINDOW), HISTORY)
        pulled(table_of(made.url, window={**WINDOW, "history_start": "2020-07-01"}), HISTORY)
    assert [request.query for request in made.requests] == [
        {"until": "2025-12-31T23:00:00Z"},
        {"since": "2020-06-30T22:00:00Z", "until": "2025-12-31T23:00:00Z"},
    ]


@pytest.mark.parametrize(
    ("written", "includes_end", "expected"),
    [
        ("iso", False, ("2025-12-31T23:00:00Z", "2026-01-01T23:00:00Z")),
        ("iso", True, ("2025-12-31T23:00:00Z", "2026-01-01T22:59:59.999999Z")),
        ("date", False, ("2026-01-01", "2026-01-02")),
        ("date", True, ("2026-01-01", "2026-01-01")),
        # 2026-01-01 00:00 in Berlin is 1,767,222,000 seconds after 1970 in UTC
        ("epoch_seconds", False, ("1767222000", "1767308400")),
        ("epoch_seconds", True, ("1767222000", "1767308399")),
        ("epoch_milliseconds", False, ("1767222000000", "1767308400000")),
        ("epoch_milliseconds", True, ("1767222000000", "1767308399999")),
    ],
)
def test_a_window_is_written_as_the_service_reads_it(
    written: str, includes_end: bool, expected: tuple[str, str]
) -> None:
    window = {**WINDOW, "format": written, "includes_end": includes_end}
    with service(paging("single", lambda: records(1))) as made:
        pulled(table_of(made.url, window=window))
    assert (made.requests[0].query["since"], made.requests[0].query["until"]) == expected


def test_a_service_without_an_end_parameter_leaves_later_records_to_their_nights() -> None:
    """The day in Berlin is from 23:00 to 23:00 in UTC; what has no time that can be read is judged by gate 1."""
    changed = [
        "2025-12-31T22:59:59.999Z",
        "2025-12-31T23:00:00Z",
        "2026-01-01T00:00:00+01:00",
        1767222000,
        1767308399999,
        1767308400,
        "2026-01-01T22:59:59",
        "2026-01-02T00:00:00+01:00",
        None,
        "yesterday",
        "2027-01-01",
    ]
    held = [{"id": str(number), "at": at} for number, at in enumerate(changed)]
    window = {"from_parameter": "since", "changed_at": "at"}
    with service(paging("cursor", lambda: held)) as made:
        table = table_of(made.url, pages=PAGES["cursor"], window=window, total_path="$.meta.total")
        night, history = pulled(table), pulled(table, HISTORY)
    assert night.column("id") == ["1", "2", "3", "4", "6", "8", "9"]
    assert night.column("_source_row") == [1, 2, 3, 4, 5, 6, 7]
    assert history.column("id") == ["0", "8", "9"]
    assert [request.query.get("since") for request in made.requests] == ["2025-12-31T23:00:00Z"] * 2 + [None] * 2

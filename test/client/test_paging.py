"""Lists in pages are read row by row, while others add to them."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from openmonetize import (
    ApiTypeError,
    ApiValueError,
    NotServedError,
    OpenApiException,
    V1EventsListGet200Response,
    V1RatingPricingGet200Response,
)
from openmonetize._http.paging import rows_of_pages
from openmonetize.sandbox import Sandbox

from .conftest import USER, Open, Start


class Page(list):  # type: ignore[type-arg]
    """Some rows of a list, and how many it has."""

    def __init__(self, rows: Any, total: Any) -> None:
        super().__init__(SimpleNamespace(id=row) for row in rows)
        self.pagination = SimpleNamespace(total=total)


def read(page_at: Any, page_size: int, progress: Any = None) -> list[int]:
    rows: Any = rows_of_pages(page_at, page_size, progress, largest=100, key="id", total="pagination.total")
    return [row.id for row in rows]


@settings(max_examples=300, deadline=None)
@given(
    st.integers(0, 60),
    st.integers(1, 13),
    st.lists(st.one_of(st.integers(0, 4), st.integers(0, 40)), max_size=20),
    st.booleans(),
)
def test_each_row_that_was_there_comes_once(size: int, page_size: int, arrivals: list[int], has_total: bool) -> None:
    there = list(range(size))  # the newest first: what arrives has numbers below 0
    arriving = iter(arrivals)
    asked = []

    def page_at(limit: int, offset: int) -> Page:
        asked.append(offset)
        page = Page(there[offset : offset + limit], len(there) if has_total else None)
        for _ in range(next(arriving, 0)):
            there.insert(0, there[0] - 1 if there else -1)
        return page

    told: list[Any] = []
    assert read(page_at, page_size, lambda done, total: told.append((done, total))) == list(range(size))
    assert told[-1] == (size, size if has_total else None)
    assert [done for done, _ in told] == sorted({done for done, _ in told})
    assert len(asked) <= 2 * size + sum(arrivals) + 2


def test_rows_that_are_removed_meanwhile_are_no_silent_loss() -> None:
    there = list(range(100))

    def page_at(limit: int, offset: int) -> Page:
        page = Page(there[offset : offset + limit], len(there))
        del there[:10]
        return page

    with pytest.raises(OpenApiException, match="rows were removed while they were read: read them again"):
        read(page_at, 10)


def events(om: Any, count: int) -> None:
    for number in range(count):
        om.track_token_usage(
            user_id=USER, feature_id="chat", provider="openai", model="gpt-4o", input_tokens=number, output_tokens=1
        )
    assert om.flush()
    assert om.wait_billed(10)


def test_events_are_read_over_all_pages_while_others_arrive(sandbox: Sandbox, opened: Open) -> None:
    om = opened(sandbox)
    om.credits.grant(user_id=USER, amount=10_000)
    events(om, 250)
    expected = sorted(event["event_id"] for event in sandbox.events())
    told: list[Any] = []

    def progress(done: int, total: Any) -> None:
        told.append((done, total))
        events(om, 30)

    found = [row.id for row in om.events.iter_list(progress=progress)]
    assert sorted(found) == expected
    assert told[0] == (100, 250)
    assert told[-1] == (250, 250)
    assert len(sandbox.events()) > 250


def test_users_and_transactions_have_iterators_too(sandbox: Sandbox, opened: Open) -> None:
    om = opened(sandbox)
    for number in range(7):
        om.credits.grant(user_id=f"acme-corp-user-{number:06}", amount=10 + number)
        om.credits.grant(user_id=USER, amount=1)
    assert [user.id for user in om.users.iter_list(page_size=2)] == [user.id for user in om.users.list(limit=100)]
    assert len(list(om.users.iter_list(search="000003"))) == 1
    rows = list(om.credits.iter_transactions(USER, page_size=3))
    assert len(rows) == 8
    assert len({row.id for row in rows}) == 8


def test_a_deployment_that_shows_only_the_newest_50_is_no_short_list(start: Start, opened: Open) -> None:
    om = opened(start(mode="faithful"))
    for _ in range(53):
        om.credits.grant(user_id=USER, amount=1)
    rows = om.credits.iter_transactions(USER)
    found = [next(rows).id for _ in range(50)]
    with pytest.raises(NotServedError, match="shows only the newest 50 of 53 transactions, and none from 50 on"):
        next(rows)
    assert len(set(found)) == len(found) == 50


def test_faulty_arguments_are_refused_before_anything_is_sent(sandbox: Sandbox, opened: Open) -> None:
    om = opened(sandbox)
    before = len(sandbox.requests)
    for wrong, kind, message in (
        ({"page_size": 0}, ApiValueError, "page_size must be 1 to 100, not 0"),
        ({"page_size": 101}, ApiValueError, "page_size must be 1 to 100, not 101"),
        ({"page_size": True}, ApiTypeError, "page_size must be a whole number, not bool"),
        ({"page_size": "5"}, ApiTypeError, "page_size must be a whole number, not str"),
        ({"progress": 5}, ApiTypeError, "progress must be a function, not int"),
        ({"page_sise": 5}, ApiTypeError, "did you mean page_size"),
        ({"limit": 5}, ApiTypeError, "unknown argument 'limit' for iter_list; it takes page_size, progress"),
    ):
        with pytest.raises(kind, match=message):
            om.events.iter_list(**wrong)  # type: ignore[arg-type]
    assert len(sandbox.requests) == before


def test_an_answer_that_is_a_list_has_a_length_and_rows(sandbox: Sandbox, opened: Open) -> None:
    om = opened(sandbox)
    events(om, 3)
    page = om.events.list()
    assert len(page) == len(page.data or ()) == 3
    assert page[0] is next(iter(page))
    assert [row.id for row in page[1:]] == [row.id for row in page][1:]
    with pytest.raises(IndexError):
        page[3]
    prices = om.rating.pricing()
    assert [row.model for row in prices] == [row.model for row in prices.data or ()]
    assert isinstance(prices, V1RatingPricingGet200Response)
    empty = V1EventsListGet200Response.from_json("{}")
    assert (len(empty), list(empty)) == (0, [])
    assert empty == V1EventsListGet200Response.from_dict({})
    assert page.to_dict()["data"]

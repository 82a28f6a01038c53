"""Retries: which calls are repeated, how often, and after which delay."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from email.utils import format_datetime
from typing import Any, Callable

import pytest
from hypothesis import example, given, strategies as st

from openmonetize import (
    ApiClient,
    ApiConnectionError,
    ApiException,
    ApiTimeoutError,
    ApiValueError,
    BurnTablesApi,
    CreditsApi,
    CustomersApi,
    DefaultApi,
    DemoApi,
    EntitlementsApi,
    EventsApi,
    RatingApi,
    RetryPolicy,
    ServiceException,
    TooManyRequestsException,
    UsersApi,
)
from openmonetize._http import retry
from openmonetize._http.retry import MAX_SERVER_WAIT, RetryBudget, retry_after

from .conftest import MakeClient
from .ledger import event
from .loopback import Loopback, answer, hang, raw, reset, vanish

Call = Callable[[ApiClient], Any]

REPEATED: dict[str, Call] = {
    "a GET": lambda client: CreditsApi(client).balance(),
    "a forwarded GET": lambda client: DefaultApi(client).v1_rating_get_0("pricing"),
    "a forwarded HEAD": lambda client: DefaultApi(client).v1_rating_head(),
    "a forwarded OPTIONS": lambda client: DefaultApi(client).v1_rating_options(),
    "an entitlement check": lambda client: EntitlementsApi(client).check(
        user_id="u", feature_id="f", action={"type": "token_usage"}
    ),
    "a calculation": lambda client: RatingApi(client).v1_rating_calculate_post(
        provider="OPENAI", model="gpt-4o", input_tokens=1, output_tokens=1
    ),
    "ingest": lambda client: EventsApi(client).ingest(events=[event()]),
    "a grant with an idempotency key": lambda client: CreditsApi(client).grant(
        amount=1, reason="r", idempotency_key="k"
    ),
    "the same as a dict": lambda client: CreditsApi(client).grant({"amount": 1, "reason": "r", "idempotencyKey": "k"}),
}
SENT_ONCE: dict[str, Call] = {
    "a purchase": lambda client: CreditsApi(client).purchase(user_id="u", amount=1, purchase_price=1),
    "a grant without an idempotency key": lambda client: CreditsApi(client).grant(amount=1, reason="r"),
    "a grant with an empty one": lambda client: CreditsApi(client).grant(amount=1, reason="r", idempotency_key=""),
    "a registration": lambda client: CustomersApi(client).register(name="n", email="e@example.com"),
    "a key rotation": lambda client: CustomersApi(client).rotate_key(),
    "a new entitlement": lambda client: EntitlementsApi(client).create(
        customer_id="c", feature_id="f", limit_type="HARD", limit_value=1
    ),
    "a changed entitlement": lambda client: EntitlementsApi(client).update("id", limit_value=1),
    "a deleted entitlement": lambda client: EntitlementsApi(client).delete("id"),
    "a new user": lambda client: UsersApi(client).create(external_user_id="x"),
    "a deleted burn table": lambda client: BurnTablesApi(client).delete("id"),
    "a replay": lambda client: EventsApi(client).replay_dlq(job_ids=["1"]),
    "a demo": lambda client: DemoApi(client).generate(prompt="p"),
    "a forwarded POST": lambda client: DefaultApi(client).v1_rating_post({"x": 1}),
    "a forwarded PUT": lambda client: DefaultApi(client).v1_rating_put({"x": 1}),
}
FAULTS = {
    "429": answer(429, {}),
    "502": answer(502, "<html>"),
    "503": answer(503, {}),
    "504": answer(504, {}),
    "reset": reset,
    "closed": vanish,
    "broken body": raw(b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n{}"),
}
PERMANENT = [400, 401, 402, 403, 404, 408, 409, 413, 418, 422, 500, 501, 505, 301]


@pytest.mark.parametrize("fault", FAULTS.values(), ids=list(FAULTS))
@pytest.mark.parametrize("call", REPEATED.values(), ids=list(REPEATED))
def test_safe_calls_are_repeated(call: Call, fault: Any, server: Loopback, client: ApiClient) -> None:
    server.default = fault
    if call is REPEATED["a forwarded HEAD"] and fault is FAULTS["broken body"]:
        return  # a response to HEAD has no body that could break
    with pytest.raises(ApiException):
        call(client)
    assert len(server.requests) == 4
    first, *others = server.requests
    assert all((one.target, one.headers, one.body) == (first.target, first.headers, first.body) for one in others)


@pytest.mark.parametrize("fault", [*FAULTS.values(), answer(500, {})], ids=[*FAULTS, "500"])
@pytest.mark.parametrize("call", SENT_ONCE.values(), ids=list(SENT_ONCE))
def test_unsafe_calls_are_sent_once(call: Call, fault: Any, server: Loopback, client: ApiClient) -> None:
    server.default = fault
    with pytest.raises(ApiException):
        call(client)
    assert len(server.requests) == 1


@pytest.mark.parametrize("status", PERMANENT)
def test_permanent_failures_are_not_repeated(status: int, server: Loopback, client: ApiClient) -> None:
    server.default = answer(status, {})
    with pytest.raises(ApiException):
        CreditsApi(client).balance()
    with pytest.raises(ApiException):
        EventsApi(client).ingest(events=[event()])
    assert len(server.requests) == 2


def test_the_last_answer_is_the_error(server: Loopback, client: ApiClient) -> None:
    server.then(reset, answer(502, {}), answer(429, {}), answer(503, {"error": "x", "message": "last"}))
    with pytest.raises(ServiceException, match="last") as caught:
        CreditsApi(client).balance()
    assert caught.value.status == 503


def test_success_after_failures_is_success(server: Loopback, client: ApiClient) -> None:
    server.then(reset, vanish, answer(503, {}))
    assert CreditsApi(client).balance().data.balance == 120


@pytest.mark.parametrize("policy", [0, 1, RetryPolicy(attempts=3, base=0.0)])
def test_the_number_of_retries_is_configurable(policy: Any, server: Loopback, make_client: MakeClient) -> None:
    server.default = answer(503, {}, retry_after="0")
    with pytest.raises(ServiceException):
        CreditsApi(make_client(server.url, retries=policy)).balance()
    assert len(server.requests) == (policy + 1 if isinstance(policy, int) else 3)


def test_connections_that_cannot_be_made_are_tried_again(make_client: MakeClient) -> None:
    with Loopback() as gone:
        url = gone.url
    with pytest.raises(ApiConnectionError):
        CreditsApi(make_client(url)).balance()


# Delays


@pytest.mark.parametrize("value", ["50", "20.2", "date", "reset"])
def test_the_wait_that_a_server_asks_for_is_kept(value: str, server: Loopback, make_client: MakeClient) -> None:
    headers = {"retry_after": value}
    if value == "date":
        headers = {"retry_after": format_datetime(datetime.now(timezone.utc) + timedelta(seconds=40), usegmt=True)}
    elif value == "reset":
        headers = {"x_ratelimit_remaining": "0", "x_ratelimit_reset": "30"}
    server.default = answer(429, {}, **headers)
    wallets = CreditsApi(make_client(server.url, retries=RetryPolicy(base=0.0, cap=0.0)))
    with pytest.raises(TooManyRequestsException):
        wallets.balance(_request_timeout=10)  # the deadline is before the end of the wait: no second request
    assert len(server.requests) == 1


@pytest.mark.parametrize("value", ["3600", "61", "99999999999999999999", "date"])
def test_a_server_that_asks_to_wait_for_too_long_ends_the_call(
    value: str, server: Loopback, make_client: MakeClient
) -> None:
    if value == "date":
        value = format_datetime(datetime.now(timezone.utc) + timedelta(hours=1), usegmt=True)
    server.default = answer(503, {}, retry_after=value)
    with pytest.raises(ServiceException) as caught:
        CreditsApi(make_client(server.url, timeout=86_400)).balance()
    assert caught.value.headers["Retry-After"] == value
    assert len(server.requests) == 1


@pytest.mark.parametrize("value", ["soon", "", "-5", "1,2", "Thu, 99 Foo 2026", "0x10", "١"])
def test_an_invalid_retry_after_is_ignored(value: str, server: Loopback, client: ApiClient) -> None:
    server.then(answer(503, {}, retry_after=value.encode("utf-8").decode("latin-1")))
    assert CreditsApi(client).balance().data.balance == 120


def test_waits_and_retries_stay_within_the_deadline(server: Loopback, make_client: MakeClient) -> None:
    server.default = hang
    client = make_client(server.url, timeout=0.4, read_timeout=0.1, retries=RetryPolicy(attempts=100, base=0.0))
    with pytest.raises(ApiTimeoutError):
        CreditsApi(client).balance()
    assert 2 <= len(server.requests) <= 4


@given(
    attempt=st.integers(1, 10_000),
    base=st.floats(0, 1e3),
    cap=st.floats(0, 1e3),
    asked=st.none() | st.floats(0, 1e6),
    limit=st.floats(0, 1e3),
)
def test_a_delay_is_between_what_the_server_asks_for_and_the_cap(
    attempt: int, base: float, cap: float, asked: Any, limit: float
) -> None:
    delay = RetryPolicy(base=base, cap=cap, retry_after_cap=limit).delay(attempt, asked)
    floor = 0.0 if asked is None else min(asked, limit)
    assert floor <= delay <= max(floor, min(cap, base * 2.0 ** min(attempt - 1, 30)))


@given(
    attempt=st.integers(1, 10),
    attempts=st.integers(1, 10),
    asked=st.none() | st.floats(0, 200),
    remaining=st.none() | st.floats(-5, 200),
)
def test_the_next_delay_keeps_to_attempts_caps_and_deadline(
    attempt: int, attempts: int, asked: Any, remaining: Any
) -> None:
    policy = RetryPolicy(attempts=attempts, base=0.5, cap=8.0, retry_after_cap=60.0)
    delay = policy.next_delay(attempt, retry_after=asked, remaining=remaining)
    if attempt >= attempts or (asked is not None and asked > 60.0) or (remaining is not None and remaining <= 0):
        assert delay is None
    elif delay is not None:
        assert delay >= (asked or 0.0)
        assert remaining is None or delay < remaining


def test_delays_grow_with_full_jitter() -> None:
    policy = RetryPolicy(base=1.0, cap=8.0)
    seen: list[list[float]] = [[policy.delay(attempt) for _ in range(300)] for attempt in range(1, 7)]
    for bound, delays in zip((1, 2, 4, 8, 8, 8), seen):
        assert 0.0 <= min(delays) < 0.1 * bound
        assert 0.9 * bound < max(delays) <= bound


DATES = r"[A-Z][a-z]{2}, \d{1,2} (Jan|Feb|Dec|[A-Z][a-z]{2}) \d{1,5} [\d:]{1,9} ([-+]\d{1,25}|[-+A-Z\d]{1,6})"
ASKED = st.text(max_size=40) | st.text("0123456789.-+eE_", max_size=400) | st.from_regex(DATES)


@given(ASKED)
@example("Fri, 31 Dec 9999 23:59:59 GMT")
@example("Fri, 31 Dec 9999 23:59:59 -2359")
@example("Mon, 01 Jan 0001 00:00:00 +2359")
@example("Mon, 01 Jan 2035 00:00:00 +99999999999999999999")
@example("Mon, 01 Jan 99999999999999999999 00:00:00 GMT")
@example("9" * 400)
def test_any_text_in_retry_after_is_seconds_within_the_cap_or_none(text: str) -> None:
    for headers in ({"Retry-After": text}, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": text}):
        seconds = retry_after(headers)
        assert seconds is None or 0 <= seconds <= MAX_SERVER_WAIT


def test_a_time_with_a_zone_that_cannot_be_is_ignored(server: Loopback, client: ApiClient) -> None:
    server.then(answer(503, {}, retry_after="Mon, 01 Jan 2035 00:00:00 +99999999999999999999"))
    assert CreditsApi(client).balance().data.balance == 120


@pytest.mark.parametrize("value", ["99999999999", "9" * 400, "Fri, 31 Dec 9999 23:59:59 GMT"])
def test_an_implausible_time_is_capped_and_told_once(value: str, caplog: pytest.LogCaptureFixture) -> None:
    retry._told.clear()
    for _ in range(3):
        assert retry_after({"Retry-After": value}) == MAX_SERVER_WAIT
        assert retry_after({"x-ratelimit-remaining": "0", "x-ratelimit-reset": value}) == MAX_SERVER_WAIT
        assert retry_after({"Retry-After": "86400"}) == MAX_SERVER_WAIT
    told = [record.getMessage() for record in caplog.records]
    assert len(told) == 2
    for name, line in zip(("Retry-After", "x-ratelimit-reset"), told):
        assert line.startswith(f"{name} in an answer is '{value[:40]}', which is more than 86400 s")


@given(st.integers(0, int(MAX_SERVER_WAIT)), st.floats(0, MAX_SERVER_WAIT).map(lambda number: f"{number:.3f}"))
def test_seconds_are_read_as_seconds(whole: int, fraction: str) -> None:
    assert retry_after({"Retry-After": f" {whole} "}) == whole
    assert retry_after({"Retry-After": fraction}) == float(fraction)


@given(st.integers(-(10**6), 80_000))
def test_a_date_is_read_as_the_time_until_then(distance: int) -> None:
    when = datetime.now(timezone.utc) + timedelta(seconds=distance)
    seconds = retry_after({"Retry-After": format_datetime(when, usegmt=True)})
    assert seconds is not None
    assert abs(seconds - max(0, distance)) <= 30


def test_the_rate_limit_headers_count_only_if_no_request_remains() -> None:
    assert retry_after({"x-ratelimit-remaining": "0", "x-ratelimit-reset": "7"}) == 7
    assert retry_after({"x-ratelimit-remaining": "1", "x-ratelimit-reset": "7"}) is None
    assert retry_after({}) is None


@pytest.mark.parametrize(
    "wrong",
    [{"attempts": 0}, {"attempts": True}, {"attempts": 1.5}, {"base": -1}, {"cap": float("inf")},
     {"retry_after_cap": float("nan")}],
)  # fmt: skip
def test_invalid_policies_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ApiValueError, match=next(iter(wrong))):
        RetryPolicy(**wrong)


def test_a_budget_is_spent_and_refunded() -> None:
    budget = RetryBudget(capacity=10.0, refund=1.0)
    assert budget.spend()
    assert budget.spend()
    assert not budget.spend()
    for _ in range(5):
        budget.refund()
    assert budget.spend()
    for _ in range(1000):
        budget.refund()
    assert [budget.spend() for _ in range(3)] == [True, True, False]

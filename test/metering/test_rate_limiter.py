from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, strategies as st

from openmonetize.metering.pace import MAX_WINDOW, LocalPace
from openmonetize.metering.rate_limiter import RateLimiter

from .conftest import Clock, limit_headers as headers


@pytest.fixture
def clock() -> Clock:
    return Clock(1000.0)


def test_without_headers_nothing_waits(clock: Clock) -> None:
    rate_limiter = RateLimiter(clock=clock)
    rate_limiter.learn({})
    assert rate_limiter.next_at() <= clock()


def test_a_new_window_is_used_at_once(clock: Clock) -> None:
    rate_limiter = RateLimiter(clock=clock)
    rate_limiter.learn(headers(99))
    assert rate_limiter.next_at() <= clock()


def test_further_requests_are_spread_over_the_rest_of_the_window(clock: Clock) -> None:
    rate_limiter = RateLimiter(clock=clock)
    rate_limiter.learn(headers(60, reset=30))
    assert rate_limiter.next_at() == 1000.0 + 31 / 10


def test_the_applications_part_is_left_to_it(clock: Clock) -> None:
    rate_limiter = RateLimiter(clock=clock)
    rate_limiter.learn(headers(50, reset=30))
    assert rate_limiter.next_at() == 1031.0
    clock.now = 1031.0
    assert rate_limiter.next_at() <= clock()


def test_an_urgent_request_may_use_it_but_not_more_than_the_limit(clock: Clock) -> None:
    rate_limiter = RateLimiter(clock=clock)
    rate_limiter.learn(headers(50, reset=30))
    assert rate_limiter.next_at(urgent=True) <= clock()
    rate_limiter.learn(headers(0, reset=30))
    assert rate_limiter.next_at(urgent=True) == 1031.0


def test_a_busy_minute_stays_below_the_limit(clock: Clock) -> None:
    rate_limiter, remaining, sent = RateLimiter(clock=clock), 100, 0
    while clock.now < 1060.0:
        if rate_limiter.next_at() <= clock.now:
            remaining, sent = remaining - 1, sent + 1
            rate_limiter.learn(headers(remaining, reset=int(1060 - clock.now)))
        clock.now += 0.1
    assert 45 <= sent <= 51
    assert remaining >= 49


@pytest.mark.parametrize("value", ["", "soon", "-1", "²", "1e3", "9" * 30])
def test_odd_headers_are_ignored(clock: Clock, value: str) -> None:
    rate_limiter = RateLimiter(clock=clock)
    rate_limiter.learn({**headers(0), "x-ratelimit-reset": value, "x-monthly-quota-remaining": value})
    assert rate_limiter.next_at() <= clock()
    assert rate_limiter.quota is None


def test_a_request_that_is_under_way_counts(clock: Clock) -> None:
    rate_limiter = RateLimiter(1.0, clock)
    rate_limiter.learn(headers(1))
    assert rate_limiter.reserve(urgent=True)
    assert rate_limiter.next_at(urgent=True) == 1061.0
    assert not rate_limiter.reserve(urgent=True)
    clock.now = 1061.0
    assert rate_limiter.reserve()


def test_a_window_has_room_for_one_request_however_small_the_share_is(clock: Clock) -> None:
    rate_limiter = RateLimiter(0.01, clock)
    for _ in range(3):
        assert rate_limiter.reserve()
        rate_limiter.learn(headers(9, limit=10))
        assert not rate_limiter.reserve(), "it is spent"
        clock.now = rate_limiter.next_at()


def test_a_slow_answer_does_not_move_the_windows_end(clock: Clock) -> None:
    rate_limiter = RateLimiter(clock=clock)
    rate_limiter.learn(headers(60, reset=30))
    assert rate_limiter.reserve(urgent=True)
    clock.now += 15.0
    rate_limiter.learn(headers(50, reset=28))  # said 15 seconds ago
    assert rate_limiter.next_at() == 1031.0


def test_an_answer_that_took_half_a_minute_says_nothing_of_the_present_window(clock: Clock) -> None:
    rate_limiter = RateLimiter(clock=clock)
    rate_limiter.learn(headers(99))
    clock.now += 50.0
    assert rate_limiter.reserve()
    clock.now += 30.0
    rate_limiter.learn(headers(0, reset=11))
    assert rate_limiter.reserve()


def test_an_answer_of_the_window_before_is_ignored(clock: Clock) -> None:
    store = LocalPace(clock)
    slow, quick = RateLimiter(1.0, clock, store), RateLimiter(1.0, clock, store)
    quick.learn(headers(90, reset=10))
    assert slow.reserve()
    clock.now += 12.0
    assert quick.reserve()
    quick.learn(headers(99))
    slow.learn(headers(0, reset=9))  # said 11 seconds ago
    assert slow.reserve()
    assert quick.reserve()


def test_an_answer_that_shows_a_new_window_ends_the_one_before(clock: Clock) -> None:
    rate_limiter = RateLimiter(1.0, clock)
    rate_limiter.learn(headers(0, reset=10))
    clock.now += 10.0  # it ended up to a second earlier than was said
    rate_limiter.learn(headers(90))
    assert rate_limiter.reserve()


def test_a_request_without_an_answer_is_forgotten_with_its_window(clock: Clock) -> None:
    rate_limiter = RateLimiter(1.0, clock)
    rate_limiter.learn(headers(2, reset=10))
    for _ in range(2):
        assert rate_limiter.reserve(urgent=True)
        rate_limiter.learn({})
    assert not rate_limiter.reserve(urgent=True), "the platform may have counted them"
    clock.now = rate_limiter.next_at()
    for _ in range(50):
        assert rate_limiter.reserve()
        rate_limiter.learn({})


@pytest.mark.parametrize("reset", ["3601", "1795972251", "99999999999", "1795972251000", "9" * 30])
def test_a_window_that_ends_in_years_stops_nothing_and_is_told_once(clock: Clock, reset: str) -> None:
    told: list[str] = []
    rate_limiter = RateLimiter(clock=clock, on_implausible=told.append)
    for _ in range(3):
        rate_limiter.learn({**headers(0), "x-ratelimit-reset": reset})
        assert rate_limiter.next_at() <= clock.now + 61.0
        clock.now += 61.0
        assert rate_limiter.reserve()
    assert len(told) == 1
    assert reset in told[0]


@pytest.mark.parametrize("given", [{}, headers(0), headers(99, reset=3600), {**headers(5), "x-ratelimit-reset": ""}])
def test_a_usual_answer_is_not_told(clock: Clock, given: dict[str, str]) -> None:
    told: list[str] = []
    RateLimiter(clock=clock, on_implausible=told.append).learn(given)
    assert told == []


def test_another_account_has_a_limit_of_its_own(clock: Clock) -> None:
    rate_limiter = RateLimiter(clock=clock)
    rate_limiter.learn({**headers(0), "x-monthly-quota-remaining": "7"})
    assert rate_limiter.quota == 7
    rate_limiter.use(LocalPace(clock))
    assert rate_limiter.next_at() <= clock()
    assert rate_limiter.quota is None


VALUES = st.none() | st.text(max_size=20) | st.from_regex(r"-?[0-9]{1,30}(\.[0-9]{1,3})?", fullmatch=True)


@given(VALUES, VALUES, VALUES, VALUES, st.booleans())
def test_whatever_the_headers_say_the_next_request_is_within_the_longest_window(
    limit: Any, remaining: Any, reset: Any, quota: Any, urgent: bool
) -> None:
    clock = Clock(1000.0)
    limiter = RateLimiter(clock=clock)
    names = ("x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset", "x-monthly-quota-remaining")
    answered = {name: value for name, value in zip(names, (limit, remaining, reset, quota)) if value is not None}
    for _ in range(2):
        limiter.reserve(urgent)
        limiter.learn(answered)
        assert limiter.next_at(urgent) <= clock() + MAX_WINDOW + 2

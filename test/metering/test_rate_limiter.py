from __future__ import annotations

import pytest

from openmonetize.metering.rate_limiter import RateLimiter

from .conftest import Clock


def headers(remaining: int, reset: int = 60, limit: int = 100) -> dict[str, str]:
    return {
        "x-ratelimit-limit": str(limit),
        "x-ratelimit-remaining": str(remaining),
        "x-ratelimit-reset": str(reset),
    }


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

"""The rate limit by the minute, and the quota by the calendar month."""

from __future__ import annotations

import threading
from collections.abc import Mapping

from openmonetize.exceptions import ApiValueError
from openmonetize.sandbox.accounts.customers import Customer
from openmonetize.sandbox.clock import to_datetime
from openmonetize.sandbox.http.responses import Refusal, gateway_error
from openmonetize.sandbox.state import State

_WINDOW_MS = 60_000
_MAX_WINDOWS = 10_000

# Events a month by tier.
_PLATFORM_QUOTA: Mapping[str, int | None] = {"STARTER": 10_000, "GROWTH": 100_000, "ENTERPRISE": None}


class RateLimit:
    """Requests a minute for each key, or for each address if there is no key."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._lock = threading.Lock()
        self._windows: dict[str, list[int]] = {}

    def reset(self) -> None:
        """Forget all requests."""
        with self._lock:
            self._windows.clear()

    def take(self, identity: str) -> dict[str, str]:
        """Count one request, and return headers for its response.

        Raises:
            Refusal: 429, with ``retry-after``.
        """
        limit = self._state.settings.rate_limit
        if limit is None:
            return {}
        now = self._state.clock.now()
        with self._lock:
            start, used = self._windows.get(identity, (now, 0))
            if not 0 <= now - start < _WINDOW_MS:
                start, used = now, 0
            used += 1
            self._windows[identity] = [start, used]
            if len(self._windows) > _MAX_WINDOWS:
                self._drop_ended(now)
        seconds = -(-(start + _WINDOW_MS - now) // 1000)
        headers = {
            "x-ratelimit-limit": str(limit),
            "x-ratelimit-remaining": str(max(0, limit - used)),
            "x-ratelimit-reset": str(seconds),
        }
        if used > limit:
            raise too_many_requests(seconds, headers)
        return headers

    def _drop_ended(self, now: int) -> None:
        """Drop windows that have ended; all windows, if too many of them are new."""
        running = {key: window for key, window in self._windows.items() if now - window[0] < _WINDOW_MS}
        self._windows = running if len(running) < _MAX_WINDOWS else {}


def too_many_requests(seconds: int, headers: Mapping[str, str]) -> Refusal:
    """Return the 429 of the rate limit."""
    wait = "1 minute" if seconds == 60 else f"{seconds} second{'' if seconds == 1 else 's'}"
    body = {
        "statusCode": 429,
        "error": "Too Many Requests",
        "message": f"Rate limit exceeded, retry in {wait}",
    }
    return Refusal(429, body, {**headers, "retry-after": str(seconds)})


def quota_limits(quota: bool | int | Mapping[str, int | None] | None) -> Mapping[str, int | None]:
    """Return events a month by tier: no limits, the platform's (True), one for every tier, or those given.

    Raises:
        ApiValueError: a tier is unknown.
    """
    if quota is None or quota is False:
        return {}
    if quota is True:
        return _PLATFORM_QUOTA
    if isinstance(quota, int):
        return dict.fromkeys(_PLATFORM_QUOTA, quota)
    unknown = sorted(set(quota) - set(_PLATFORM_QUOTA))
    if unknown:
        raise ApiValueError(f"quota names an unknown tier {unknown[0]!r}; the tiers are {', '.join(_PLATFORM_QUOTA)}")
    return dict(quota)


def take_quota(state: State, customer: Customer, count: int) -> dict[str, str]:
    """Count events of this month, duplicates included, and return headers for the response.

    Raises:
        Refusal: 402; nothing is counted then.
    """
    limit = state.settings.quota.get(customer.tier)
    if limit is None:
        return {}
    period = _period(state)
    with state.db.transaction():
        used = _used(state, customer, period)
        if used + count > limit:
            raise gateway_error(
                402,
                f"Monthly quota exceeded ({limit} events). Please upgrade your plan.",
                details={"currentUsage": used, "limit": limit, "period": period},
            )
        state.db.execute(
            "INSERT INTO quota (customer, period, used) VALUES (?, ?, ?)"
            " ON CONFLICT DO UPDATE SET used = used + excluded.used",
            (customer.pk, period, count),
        )
    return {"x-monthly-quota-remaining": str(limit - used - count)}


def _period(state: State) -> str:
    today = to_datetime(state.clock.now())
    return f"{today.year}-{today.month}"


def _used(state: State, customer: Customer, period: str) -> int:
    row = state.db.row("SELECT used FROM quota WHERE customer = ? AND period = ?", (customer.pk, period))
    return 0 if row is None else int(row["used"])

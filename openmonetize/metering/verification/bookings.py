"""Whether billed events were booked: their credits, compared with the transactions of the users who pay.

The platform stores an event and then books it, and may lose the second (measured). A transaction does not say which
event it is of. So the amounts are counted: what the events of a user cost, and what was booked since the first of them.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from openmonetize.exceptions import ApiException, NotFoundException
from openmonetize.metering.rate_limiter import RateLimiter

if TYPE_CHECKING:
    from openmonetize._http.client import ApiClient

_PAGE_SIZE = 100  # rows; the platform's own limit
_TIMEOUT = 10.0  # seconds
_LIMIT_INTERVAL = 0.05  # seconds until the rate limit is asked again
MAX_USER_ID_LENGTH = 100  # characters of a user id whose transactions can be read


class Missing(NamedTuple):
    """Bookings that a user's wallet lacks: how many, and their credits."""

    events: int
    credits: int


def missing_bookings(
    client: ApiClient,
    limiter: RateLimiter,
    billed: Mapping[str, Counter[int]],
    since: datetime,
    may_go_on: Callable[[], bool],
    urgent: bool,
) -> tuple[dict[str, Missing], int]:
    """Return the users whose wallets lack bookings, and how many users could not be looked at.

    Args:
        client: sends the requests.
        limiter: the rate limit.
        billed: for each user, the credits that events cost, and how many events cost so much.
        since: when the first of the events was accepted.
        may_go_on: whether to begin another request.
        urgent: a caller waits: use the application's part of the rate limit as well.
    """
    missing, unchecked = {}, 0
    for user_id, costs in billed.items():
        booked = _booked(client, limiter, user_id, since, may_go_on, urgent)
        if booked is None:
            unchecked += 1
            continue
        lacking = costs - booked
        if lacking:
            missing[user_id] = Missing(sum(lacking.values()), sum(cost * count for cost, count in lacking.items()))
    return missing, unchecked


def _booked(
    client: ApiClient,
    limiter: RateLimiter,
    user_id: str,
    since: datetime,
    may_go_on: Callable[[], bool],
    urgent: bool,
) -> Counter[int] | None:
    """Return the burns of a user since a time, by amount; None if not all of them can be had."""
    from openmonetize.api.credits_api import V1_USERS_USER_ID_TRANSACTIONS_GET

    booked: Counter[int] = Counter()
    offset = 0
    while len(user_id) <= MAX_USER_ID_LENGTH and may_go_on():
        if not limiter.reserve(urgent):
            time.sleep(_LIMIT_INTERVAL)
            continue
        query: dict[str, Any] = {"user_id": user_id, "limit": _PAGE_SIZE, "offset": offset}
        options: Any = {}
        try:
            answer = client.call(
                V1_USERS_USER_ID_TRANSACTIONS_GET, query, None, options, deadline=time.monotonic() + _TIMEOUT
            )
        except NotFoundException as error:  # also where the server shows the newest only
            limiter.learn(error.headers, counts=False)
            return None
        except ApiException as error:
            limiter.learn(error.headers, counts=False)
            raise
        limiter.learn(answer.headers, counts=False)
        rows = answer.data.data or []
        first = since - _ahead(answer.headers)
        for row in rows:
            if row.created_at is None or row.created_at < first:
                return booked
            if row.transaction_type == "BURN":
                booked[-(row.amount or 0)] += 1
        offset += len(rows)
        total = getattr(answer.data.pagination, "total", None) or 0
        if not rows or offset >= total:
            return booked
    return None


def _ahead(headers: Mapping[str, str]) -> timedelta:
    """Return by how much this clock is ahead of the server's, by the time in an answer; nothing if it is not."""
    try:
        ahead = time.time() - parsedate_to_datetime(headers["Date"]).timestamp()
    except (KeyError, TypeError, ValueError):
        return timedelta(0)
    return timedelta(seconds=max(0.0, ahead))

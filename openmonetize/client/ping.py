"""A look at the platform at the start of a service."""

from __future__ import annotations

import time
from datetime import timezone
from typing import TYPE_CHECKING, NamedTuple, Optional

from openmonetize.api_response import RateLimit

if TYPE_CHECKING:
    from openmonetize.client.apis import Apis


class Ping(NamedTuple):
    """What the platform answered: it is there, and takes the key. With ``enabled=False`` nothing was asked.

    Attributes:
        customer_id: the customer behind the key.
        seconds: how long the answer took.
        clock_skew: seconds by which the clock of this machine is ahead, to about a second; None if the answer has no
            date.
        rate_limit: what is left of the rate limit; None if the answer does not say.
    """

    customer_id: Optional[str] = None
    seconds: float = 0.0
    clock_skew: Optional[float] = None
    rate_limit: Optional[RateLimit] = None


def ping(apis: Apis, timeout: float) -> Ping:
    """Ask for the customer behind the key, and read the answer's headers.

    Raises:
        ApiException: there is no such answer.
    """
    begun, begun_at = time.monotonic(), time.time()
    answer = apis.customers.v1_customers_me_get_with_http_info(_request_timeout=timeout)
    seconds = time.monotonic() - begun
    customer_id = getattr(answer.data.data, "id", None)
    skew = _skew(answer.headers.get("Date"), begun_at + seconds / 2)
    return Ping(customer_id, seconds, skew, answer.rate_limit)


def _skew(date: str | None, now: float) -> float | None:
    from email.utils import parsedate_to_datetime  # late: few processes ask

    try:
        server = parsedate_to_datetime(date or "")
    except (TypeError, ValueError):
        return None
    # HTTP's dates have whole seconds, cut off (RFC 9110, 5.6.7).
    return now - (server.replace(tzinfo=server.tzinfo or timezone.utc).timestamp() + 0.5)

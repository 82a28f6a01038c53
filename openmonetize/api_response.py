"""The return type of the ``*_with_http_info`` methods."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Callable, Generic, NamedTuple, Optional, TypeVar

T = TypeVar("T")


class RateLimit(NamedTuple):
    """How many more requests a deployment takes.

    Attributes:
        limit: requests per window and key.
        remaining: requests that are left in this window.
        reset: seconds until a new window begins.
    """

    limit: int
    remaining: int
    reset: int


@dataclass(frozen=True)
class ApiResponse(Generic[T]):
    """An answer with its status and headers.

    Attributes:
        status_code: the HTTP status.
        headers: the answer's headers, case-insensitive.
        data: the body, decoded to the operation's type.
        raw_data: the body as received.
        request_id: the request's id in the server's log.
    """

    status_code: int
    headers: Mapping[str, str]
    data: T
    raw_data: bytes = field(repr=False)
    request_id: Optional[str] = None
    _redact: Callable[[str], str] = field(default=str, repr=False, compare=False)

    @property
    def rate_limit(self) -> Optional[RateLimit]:
        """What the rate limit was after this request; None where the answer does not say."""
        values = [self.headers.get(f"x-ratelimit-{name}", "") for name in RateLimit._fields]
        known = all(value.isdecimal() and len(value) < 19 for value in values)
        return RateLimit(*map(int, values)) if known else None

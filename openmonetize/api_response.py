"""The return type of the ``*_with_http_info`` methods."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Callable, Generic, Optional, TypeVar

T = TypeVar("T")


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
    raw_data: bytes
    request_id: Optional[str] = None
    _redact: Callable[[str], str] = field(default=str, repr=False, compare=False)

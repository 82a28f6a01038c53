"""What the ``*_with_http_info`` methods return."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, Mapping, TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class ApiResponse(Generic[T]):
    """An answer with its status and headers.

    Attributes:
        status_code: the HTTP status.
        headers: the answer's headers, case-insensitive.
        data: the answer, decoded to the operation's type.
        raw_data: the body as it came.
    """

    status_code: int
    headers: Mapping[str, str]
    data: T
    raw_data: bytes

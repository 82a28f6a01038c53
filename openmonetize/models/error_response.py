# Generated from openapi.yaml by `make generate`; do not edit.
"""ErrorResponse."""

from __future__ import annotations

from typing import Any, Optional

from pydantic import Field
from typing_extensions import Annotated

from openmonetize._schema.model import Int, ResponseModel


class ErrorResponse(ResponseModel):
    """What the platform says when it refuses or fails a call. One lenient shape for all of its services, so every field
    may be missing and two of them have no fixed type.
    """

    error: Optional[Any] = None
    """What kind of failure it is. Usually a title such as `Bad Request` or an upper-case code such as
    `VALIDATION_ERROR`; some services send an object or a list here.
    """
    message: Optional[str] = None
    """What went wrong, for a person to read."""
    status_code: Annotated[Optional[Int], Field(alias="statusCode")] = None
    """The HTTP status once more. Sent by the web framework only."""
    code: Optional[str] = None
    """Machine-readable code of the web framework, for example `FST_ERR_VALIDATION`."""
    details: Optional[Any] = None
    """Extra facts, of any shape. With 402 from the event routes: an object with `currentUsage` and `limit` (events) and
    `period` (year and month, month without a leading zero).
    """

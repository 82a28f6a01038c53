"""Every error this library raises.

Two families, as users of generated clients expect them:

* the caller's fault, raised before anything is sent: :class:`ApiTypeError`, :class:`ApiValueError`,
  :class:`ApiKeyError`, :class:`ApiAttributeError` (each is the builtin of the same name as well);
* a failed call: :class:`ApiException` and its subclasses, whatever the cause.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_SHOWN_BODY = 300  # characters of a body that `str(error)` shows


class OpenApiException(Exception):
    """The base of all errors of this library."""


class ApiTypeError(OpenApiException, TypeError):
    """An argument has the wrong type, or an argument is missing or unknown."""


class ApiValueError(OpenApiException, ValueError):
    """An argument has a value that the platform cannot take; the text names it and says what to do."""


class ApiKeyError(OpenApiException, KeyError):
    """No API key is configured, or the key cannot be sent."""

    def __str__(self) -> str:
        return str(self.args[0]) if self.args else ""


class ApiAttributeError(OpenApiException, AttributeError):
    """An attribute does not exist."""


class MissingExtraError(OpenApiException, ImportError):
    """A part of this library needs a package that is not installed; the text names the extra that brings it."""


class ApiException(OpenApiException):
    """A call failed.

    Attributes:
        status: the HTTP status, or None where no complete answer came (connection, time-out).
        reason: the HTTP reason phrase, or a sentence that says what went wrong.
        body: the answer's body as text, or None.
        headers: the answer's headers, case-insensitive; empty where there was no answer.
        data: the parsed error body (usually an ``ErrorResponse``), or None.
        request_id: the id this request carries in the server's log (``X-Request-Id``).
        hint: what to look at, in a sentence, or None.
    """

    hint: str | None = None

    def __init__(
        self,
        status: int | None = None,
        reason: str | None = None,
        *,
        body: str | None = None,
        headers: Mapping[str, str] | None = None,
        data: Any = None,
        request_id: str | None = None,
    ) -> None:
        super().__init__(status, reason)
        self.status = status
        self.reason = reason
        self.body = body
        self.headers: Mapping[str, str] = {} if headers is None else headers
        self.data = data
        self.request_id = request_id

    @property
    def message(self) -> str | None:
        """The server's own explanation, where the answer has one."""
        message = getattr(self.data, "message", None)
        return message if isinstance(message, str) else None

    def __str__(self) -> str:
        parts = []
        if self.status is not None:
            parts.append(f"({self.status})")
        if self.reason:
            parts.append(self.reason)
        detail = self.message or " ".join((self.body or "")[:_SHOWN_BODY].split())
        if detail and detail != self.reason:
            parts.append(f"- {detail}")
        if self.hint:
            parts.append(f"({self.hint})")
        if self.request_id:
            parts.append(f"[request {self.request_id}]")
        return " ".join(parts) or type(self).__name__


class ApiConnectionError(ApiException):
    """The server could not be reached, or the connection broke before a complete answer."""


class ApiTimeoutError(ApiException):
    """A time-out of the connection, or the call's total deadline, ran out."""


class UnexpectedBodyError(ApiException):
    """The answer's body is not what the operation promises (HTML, truncated JSON, too large, ...)."""


class RedirectException(ApiException):
    """The server answered 3xx. Redirects are not followed, so that the key stays at its host; see ``location``."""

    @property
    def location(self) -> str | None:
        """The address that the server redirected to."""
        return self.headers.get("Location")


class BadRequestException(ApiException):
    """400: the server refuses the request as it is."""


class UnauthorizedException(ApiException):
    """401: no key, an unknown key, or the key of an inactive customer."""


class PaymentRequiredException(ApiException):
    """402: the monthly quota is used up until the month ends or the plan changes."""


class ForbiddenException(ApiException):
    """403: the key's customer may not do this."""


class NotFoundException(ApiException):
    """404: the resource does not exist, or this deployment has no such route."""


class ConflictException(ApiException):
    """409: the resource exists already."""


class PayloadTooLargeException(ApiException):
    """413: the body is larger than the server takes."""


class UnprocessableEntityException(ApiException):
    """422: the server understood the request and refuses its content."""


class TooManyRequestsException(ApiException):
    """429: the rate limit (100 requests a minute by default) is used up."""


class ServiceException(ApiException):
    """5xx: the server failed."""


_BY_STATUS: dict[int, type[ApiException]] = {
    400: BadRequestException,
    401: UnauthorizedException,
    402: PaymentRequiredException,
    403: ForbiddenException,
    404: NotFoundException,
    409: ConflictException,
    413: PayloadTooLargeException,
    422: UnprocessableEntityException,
    429: TooManyRequestsException,
}


def exception_for_status(status: int) -> type[ApiException]:
    """Return the exception class for an HTTP status outside 200..299."""
    if 300 <= status < 400:
        return RedirectException
    if status >= 500:
        return ServiceException
    return _BY_STATUS.get(status, ApiException)

"""The exit codes of the commands. They are documented, and programs may rely on them."""

from __future__ import annotations

from openmonetize.exceptions import (
    ApiConnectionError,
    ApiException,
    ApiKeyError,
    ApiTimeoutError,
    ForbiddenException,
    NotFoundException,
    OpenApiException,
    PaymentRequiredException,
    ServiceException,
    TooManyRequestsException,
    UnauthorizedException,
    UnexpectedBodyError,
)

DONE = 0
NO = 1
USAGE = 2
KEY = 3
NOT_FOUND = 4
REFUSED = 5
LIMIT = 6
NO_ANSWER = 7
SERVER = 8
INTERRUPTED = 130

MEANINGS = {
    DONE: "done",
    NO: (
        "the answer is no: denied, something is wrong (doctor), events are left or lost (outbox), rows refused "
        "(ingest), or sums differ (reconcile)"
    ),
    USAGE: "the command was not understood, or a value cannot be used",
    KEY: "no API key, or the platform refuses it",
    NOT_FOUND: "there is no such thing: no wallet, no user, no such route",
    REFUSED: "the platform refuses the request",
    LIMIT: "the rate limit or the monthly quota is used up",
    NO_ANSWER: "the platform cannot be reached, or takes too long",
    SERVER: "the platform failed, or something else answered",
    INTERRUPTED: "interrupted with Ctrl-C",
}

# The first that fits counts.
_CODES: tuple[tuple[tuple[type[BaseException], ...], int], ...] = (
    ((ApiKeyError, UnauthorizedException, ForbiddenException), KEY),
    ((NotFoundException,), NOT_FOUND),
    ((TooManyRequestsException, PaymentRequiredException), LIMIT),
    ((ApiTimeoutError, ApiConnectionError), NO_ANSWER),
    ((ServiceException, UnexpectedBodyError), SERVER),
    ((ApiException,), REFUSED),
    ((OpenApiException, OSError), USAGE),
)


def code_for(error: BaseException) -> int:
    """Return the exit code for an error."""
    return next((code for kinds, code in _CODES if isinstance(error, kinds)), USAGE)

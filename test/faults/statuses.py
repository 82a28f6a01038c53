"""Faults: answers of every status that says no, with each form of `Retry-After`."""

from __future__ import annotations

from email.utils import formatdate

from .server import Exchange, Fault, Respond, error_body

# Statuses after which a call that may be repeated is, unless the server asks for more time than there is.
REPEATED = (429, 502, 503, 504)
# Named by the class of the exception that they become.
REFUSED = {
    400: "BadRequestException", 401: "UnauthorizedException", 402: "PaymentRequiredException",
    403: "ForbiddenException", 404: "NotFoundException", 405: "ApiException", 408: "ApiException",
    409: "ConflictException", 410: "ApiException", 413: "PayloadTooLargeException", 415: "ApiException",
    422: "UnprocessableEntityException", 425: "ApiException", 431: "ApiException", 451: "ApiException",
    500: "ServiceException", 501: "ServiceException", 505: "ServiceException", 507: "ServiceException",
    520: "ServiceException", 599: "ServiceException", 429: "TooManyRequestsException", 502: "ServiceException",
    503: "ServiceException", 504: "ServiceException",
}  # fmt: skip
SOON = "a date in 2 s"
FORMS: dict[str, str | None] = {
    "": None,
    "0": "0",
    "1": "1",
    SOON: None,
    "a past date": "Mon, 01 Jan 2001 00:00:00 GMT",
    "a date in years": "Thu, 01 Jan 2099 00:00:00 GMT",
    "99999999999": "99999999999",
}
# More than half of the time that a call has; and what is no number of seconds and no date, as good as none.
FURTHER = {
    "4": "4",
    "-5": "-5",
    "soon": "soon",
    "an absurd zone": "Mon, 01 Jan 2029 00:00:00 +99999999999999999999",
    "the year 0": "Mon, 01 Jan 0000 00:00:00 GMT",
    "400 digits": "9" * 400,
}
LIMITS = {"1": "1", "an epoch": "1793000000", "11 digits": "99999999999", "-5": "-5", "no number": "soon"}
# Longer than a call may take: it is not repeated.
TOO_LONG = ("a date in years", "99999999999", "400 digits")


def status(code: int, value: str | None = None, *, after: bool = False, message: str = "not now") -> Respond:
    """Answer with an error in the platform's form, before or after the work is done."""

    def respond(exchange: Exchange) -> bool:
        if after:
            exchange.process()
        exchange.answer(code, error_body(code, message), {"Retry-After": value or ""})
        return True

    return respond


def until_a_moment(code: int) -> Respond:
    """Answer with the same date in all `Retry-After`, one to two seconds after the server's start."""

    def respond(exchange: Exchange) -> bool:
        moment = formatdate(exchange.server.started + 2, usegmt=True)
        exchange.answer(code, error_body(code), {"Retry-After": moment})
        return True

    return respond


def limited(reset: str) -> Respond:
    """Answer that no request is left in the window of the rate limit."""

    def respond(exchange: Exchange) -> bool:
        headers = {"x-ratelimit-limit": "100", "x-ratelimit-remaining": "0", "x-ratelimit-reset": reset}
        exchange.answer(429, error_body(429), headers)
        return True

    return respond


def page(code: int) -> Respond:
    """Answer with a page, as proxies and firewalls do."""

    def respond(exchange: Exchange) -> bool:
        exchange.answer(code, b"<html><h1>Welcome to the airport Wi-Fi</h1></html>", {"Content-Type": "text/html"})
        return True

    return respond


def _echo(code: int) -> Respond:
    """Answer with the request's headers in body and headers."""

    def respond(exchange: Exchange) -> bool:
        sent = " ".join(exchange.request.headers.values())
        exchange.answer(code, error_body(code, f"you sent {sent}"), {"X-Echo": sent})
        return True

    return respond


def _faults() -> list[Fault]:
    found = []
    for code, error in REFUSED.items():
        forms: dict[str, str | None] = {"": None, "1": "1"}
        if code in (*REPEATED, 400, 500):
            forms = FORMS
        if code in (429, 503):
            forms = {**FORMS, **FURTHER}
        for form, value in forms.items():
            repeats = code in REPEATED and form not in TOO_LONG
            name = f"`{code}` with `Retry-After`: {form}" if form else f"`{code}`"
            group = "Retry-After" if form else "Statuses"
            respond = until_a_moment(code) if form == SOON else status(code, value)
            found.append(Fault(name, group, respond, repeats=repeats, error=error))
    for code in (500, 502, 503, 504):
        name = f"`{code}` after the work was done"
        found.append(Fault(name, "Statuses", status(code, after=True), repeats=code != 500, error="ServiceException"))
    for limit, reset in LIMITS.items():
        name, heals = f"`429` with `x-ratelimit-reset`: {limit}", len(reset) < 10  # else a whole window is waited for
        found.append(Fault(name, "Retry-After", limited(reset), error=REFUSED[429], heals=heals))
    named = status(400, message="body/events/0/quantity Invalid")
    found.append(Fault("`400` that names an event", "Statuses", named, repeats=False, error=REFUSED[400]))
    for code in (400, 403, 407, 429, 502, 503):
        error = REFUSED.get(code, "ApiException")
        name = f"`{code}` with a page"
        found.append(Fault(name, "Statuses", page(code), repeats=code in REPEATED, error=error))
    for code in (400, 401, 503):
        name = f"`{code}` with the request's headers in it"
        found.append(Fault(name, "Statuses", _echo(code), repeats=code in REPEATED, error=REFUSED[code]))
    return found


FAULTS = _faults()

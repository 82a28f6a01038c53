"""The pipeline of a request, in the platform's order.

Fault, rate limit, body, validation, key, quota, handler; on the seed era's proxied routes the key comes before the
body. Every failure ends in one of the platform's error shapes.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import parse_qs

from openmonetize.sandbox.billing.ingestion import Ingestion
from openmonetize.sandbox.clock import iso
from openmonetize.sandbox.http.authentication import authenticate, identity
from openmonetize.sandbox.http.body import parse_body, read_body
from openmonetize.sandbox.http.control import Control
from openmonetize.sandbox.http.cors import CORS_HEADERS, preflight_response
from openmonetize.sandbox.http.environ import ARRIVED, BODY, RESET, TRUNCATE
from openmonetize.sandbox.http.faults import HTML, Fault, Faults
from openmonetize.sandbox.http.limits import RateLimit, take_quota, too_many_requests
from openmonetize.sandbox.http.request import Request
from openmonetize.sandbox.http.request_log import RequestLog
from openmonetize.sandbox.http.request_validation import validate_request
from openmonetize.sandbox.http.responses import (
    Refusal,
    Response,
    framework_error,
    gateway_error,
    route_not_found,
    status_title,
)
from openmonetize.sandbox.http.routing import BadEscape, Route, Router
from openmonetize.sandbox.state import State

log = logging.getLogger("openmonetize.sandbox")

_METHODS_WITH_BODY = frozenset(("POST", "PUT", "PATCH", "DELETE"))


class App:
    """The WSGI application of one sandbox.

    Args:
        state: the sandbox.
        faults: its faults.
        ingestion: accepts and processes its events.
        request_log: where requests to the platform's routes are logged.
        control: the sandbox's own routes.
        routes: the platform's routes, in all eras and with all defects.
    """

    def __init__(
        self,
        state: State,
        faults: Faults,
        ingestion: Ingestion,
        request_log: RequestLog,
        control: Control,
        routes: Iterable[Route],
    ) -> None:
        self.rate_limit = RateLimit(state)
        self._state = state
        self._faults = faults
        self._ingestion = ingestion
        self._request_log = request_log
        self._control = control
        self._router = Router(route for route in routes if route.exists_in(state))

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        started = time.perf_counter()
        target = _target(environ)
        path = target.partition("?")[0]
        if self._control.owns(path):
            return self._send(environ, start_response, self._control.respond(environ, target), {})
        fault = self._faults.draw(path)
        response, common = self._respond_with_fault(environ, target, fault)
        payload = [b""] if response is None else self._send(environ, start_response, response, common)
        self._request_log.write(
            environ,
            target,
            environ.get(BODY, b""),
            iso(self._state.clock.now()),
            None if response is None else response.status,
            (time.perf_counter() - started) * 1000,
            payload[0],
            None if fault is None else fault.kind,
        )
        return payload

    def _send(
        self,
        environ: dict[str, Any],
        start_response: Callable[..., Any],
        response: Response,
        common: dict[str, str],
    ) -> list[bytes]:
        payload = response.encode()
        headers = [*common.items(), *response.headers.items()]
        if payload or response.status not in (204, 304):
            headers += [("content-type", response.content_type), ("content-length", str(len(payload)))]
        start_response(f"{response.status} {status_title(response.status)}", headers)
        return [b"" if environ["REQUEST_METHOD"] == "HEAD" else payload]

    def _respond_with_fault(
        self, environ: dict[str, Any], target: str, fault: Fault | None
    ) -> tuple[Response | None, dict[str, str]]:
        """Return the response and the common headers; None as response if the connection is to be cut."""
        if fault is None:
            return self._respond(environ, target)
        if fault.status is not None:
            return _fault_response(fault.status, fault.retry_after), dict(CORS_HEADERS)
        if fault.kind in ("html-200", "html-502"):
            return Response(HTML, int(fault.kind[-3:]), content_type="text/html"), {}
        if fault.kind == "reset-before":
            environ[RESET] = True
            return None, {}
        response, common = self._respond(environ, target)
        if fault.kind == "slow":
            time.sleep(fault.seconds)
        elif fault.kind == "truncate":
            environ[TRUNCATE] = True
        elif fault.kind == "500-after":
            return framework_error(500, "The request was carried out, but its answer was lost").response, common
        else:
            environ[RESET] = True
            return None, {}
        return response, common

    def _respond(self, environ: dict[str, Any], target: str) -> tuple[Response, dict[str, str]]:
        path = target.partition("?")[0]
        method = environ["REQUEST_METHOD"]
        common = dict(CORS_HEADERS)
        try:
            preflight = preflight_response(environ)
            if preflight is not None and (preflight.status == 204 or not self._state.seed_era):
                return preflight, common
            found = self._router.find(method, path)
            if found is None:
                raise route_not_found(method, target)
            common.update(self.rate_limit.take(identity(environ)))
            return self._handle(environ, target, *found, common), common
        except BadEscape:
            refusal = framework_error(400, f"'{target}' is not a valid url component", "FST_ERR_BAD_URL")
            refusal.response.content_type = "application/json"
            return refusal.response, {}
        except Refusal as refusal:
            return refusal.response, common
        except OSError:  # the client is gone
            raise
        except Exception:
            log.exception("%s %s failed", method, target)
            return framework_error(500, "Internal Server Error").response, common

    def _handle(
        self,
        environ: dict[str, Any],
        target: str,
        route: Route,
        params: dict[str, str],
        common: dict[str, str],
    ) -> Response:
        state = self._state
        request = Request(state, self._ingestion, environ["REQUEST_METHOD"], target, _headers(environ), params)
        request.arrived = environ[ARRIVED]
        if route.proxied and route.keyed:
            with state.db.in_request():
                request.authenticated, request.key = authenticate(state, environ)
        request.query = _query(target)
        _read(request, route, environ)
        validate_request(request, route)
        with state.db.in_request():
            self._ingestion.process_due()
            if route.keyed and not route.proxied:
                request.authenticated, request.key = authenticate(state, environ)
            if route.counted and not state.seed_era:
                events = request.body.get("events") if isinstance(request.body, dict) else None
                common.update(take_quota(state, request.customer, len(events) if events else 1))
            try:
                return route.handler(request)
            except Refusal:
                raise
            except Exception:
                log.exception("%s %s failed", request.method, route.path)
                raise gateway_error(500, route.failure) from None


def _read(request: Request, route: Route, environ: dict[str, Any]) -> None:
    if request.method not in _METHODS_WITH_BODY:
        return
    raw = read_body(environ, before_large=_key_check(request, route, environ))
    environ[BODY] = raw
    request.size = len(raw)
    content_type = environ.get("CONTENT_TYPE") or None
    if route.read_fast is not None and content_type == "application/json":
        request.body = route.read_fast(raw)
        request.clean = request.body is not None
    if not request.clean:
        request.body = parse_body(raw, content_type, route.declares_400 and not route.proxied)


def _key_check(request: Request, route: Route, environ: dict[str, Any]) -> Callable[[], object] | None:
    """Return the check of the key before a large body is read, although the platform checks it later.

    Whoever has no key cannot make the sandbox keep megabytes.
    """
    if not route.keyed or request.authenticated is not None:
        return None

    def check() -> None:
        with request.state.db.in_request():
            authenticate(request.state, environ)

    return check


def _target(environ: dict[str, Any]) -> str:
    """Return the request's path and query, still escaped."""
    raw: str = environ["RAW_URI"]
    if not raw.startswith("/"):  # the absolute form, which clients send to proxies (RFC 9112, section 3.2.2)
        raw = "/" + raw.partition("://")[2].partition("/")[2]
    return raw


def _headers(environ: dict[str, Any]) -> dict[str, str]:
    return {name[5:].replace("_", "-").lower(): value for name, value in environ.items() if name[:5] == "HTTP_"}


def _query(target: str) -> dict[str, Any]:
    parsed = parse_qs(target.partition("?")[2], keep_blank_values=True, errors="replace")
    return {name: values[0] if len(values) == 1 else values for name, values in parsed.items()}


def _fault_response(status: int, retry_after: int | None) -> Response:
    if status == 429:
        response = too_many_requests(1 if retry_after is None else retry_after, {}).response
        if retry_after is None:
            response.headers.pop("retry-after")
        return response
    response = framework_error(status, "A fault that was asked for").response
    if retry_after is not None:
        response.headers["retry-after"] = str(retry_after)
    return response

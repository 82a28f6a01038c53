"""The pipeline of a request, in the platform's order.

fault, rate limit, body, validation, key, quota, handler; on the seed era's proxied routes the key comes before the
body. Whatever goes wrong ends in one of the platform's error shapes.
"""

from __future__ import annotations

import logging
import time
from typing import Any, Callable, Dict, Iterable, List, Optional, Tuple
from urllib.parse import parse_qs

from openmonetize.sandbox.accounts.customers import Customer, customer_by_key
from openmonetize.sandbox.billing.events import has_unstorable_text
from openmonetize.sandbox.billing.ingestion import Ingestion
from openmonetize.sandbox.clock import iso
from openmonetize.sandbox.defects import UNSTORABLE_500
from openmonetize.sandbox.http import body as bodies, faults
from openmonetize.sandbox.http.control import Control
from openmonetize.sandbox.http.faults import Fault, Faults
from openmonetize.sandbox.http.limits import RateLimit, take_quota, too_many_requests
from openmonetize.sandbox.http.request import Request, Route
from openmonetize.sandbox.http.request_log import RequestLog
from openmonetize.sandbox.http.responses import (
    Refusal,
    Response,
    declared_error,
    framework_error,
    gateway_error,
    route_not_found,
    service_error,
    title,
)
from openmonetize.sandbox.http.routing import BadEscape, Router
from openmonetize.sandbox.http.server import ARRIVED, RESET, TRUNCATE
from openmonetize.sandbox.routes import ROUTES
from openmonetize.sandbox.state import State
from openmonetize.sandbox.validation import schema, validation_messages as validation_messages
from openmonetize.sandbox.validation.issues import Issue, Rules

log = logging.getLogger("openmonetize.sandbox")

_CORS = {"access-control-allow-origin": "*", "access-control-allow-credentials": "true"}
_WITH_BODY = frozenset(("POST", "PUT", "PATCH", "DELETE"))


class App:
    """The WSGI application of one sandbox."""

    def __init__(self, state: State, fault_list: Faults, control: Control) -> None:
        self.state = state
        self.faults = fault_list
        self.control = control
        self.ingestion: Ingestion = control.ingestion
        self.request_log: RequestLog = control.request_log
        self.rate_limit: RateLimit = control.rate_limit
        self._router = Router(route for route in ROUTES if route.serves(state))

    def __call__(self, environ: Dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        started = time.perf_counter()
        target = _target(environ)
        path = target.partition("?")[0]
        if self.control.owns(path):
            return self._send(environ, start_response, self.control.answer(environ, target), {})
        fault = self.faults.draw(path)
        answer, common = self._through_fault(environ, target, fault)
        payload = [b""] if answer is None else self._send(environ, start_response, answer, common)
        self.request_log.write(
            environ,
            target,
            environ.get("openmonetize.body", b""),
            iso(self.state.clock.now()),
            None if answer is None else answer.status,
            (time.perf_counter() - started) * 1000,
            payload[0],
            None if fault is None else fault.kind,
        )
        return payload

    def _send(
        self,
        environ: Dict[str, Any],
        start_response: Callable[..., Any],
        answer: Response,
        common: Dict[str, str],
    ) -> List[bytes]:
        payload = answer.encode()
        headers = [*common.items(), *answer.headers.items()]
        if payload or answer.status not in (204, 304):
            headers += [("content-type", answer.content_type), ("content-length", str(len(payload)))]
        start_response(f"{answer.status} {title(answer.status)}", headers)
        return [b"" if environ["REQUEST_METHOD"] == "HEAD" else payload]

    def _through_fault(
        self, environ: Dict[str, Any], target: str, fault: Optional[Fault]
    ) -> Tuple[Optional[Response], Dict[str, str]]:
        """The answer and its common headers; no answer if the connection is to be cut."""
        if fault is None:
            return self._answer(environ, target)
        if fault.status is not None:
            return _status_answer(fault), dict(_CORS)
        if fault.kind in ("html-200", "html-502"):
            return Response(faults.HTML, int(fault.kind[-3:]), content_type="text/html"), {}
        if fault.kind == "reset-before":
            environ[RESET] = True
            return None, {}
        answer, common = self._answer(environ, target)
        if fault.kind == "slow":
            time.sleep(fault.seconds)
        elif fault.kind == "truncate":
            environ[TRUNCATE] = True
        elif fault.kind == "500-after":
            return framework_error(500, "The request was carried out, but its answer was lost").answer, common
        else:
            environ[RESET] = True
            return None, {}
        return answer, common

    def _answer(self, environ: Dict[str, Any], target: str) -> Tuple[Response, Dict[str, str]]:
        path = target.partition("?")[0]
        method = environ["REQUEST_METHOD"]
        common = dict(_CORS)
        try:
            preflight = _preflight(environ)
            if preflight is not None and (preflight.status == 204 or not self.state.seed_era):
                return preflight, common
            found = self._router.find(method, path)
            if found is None:
                raise route_not_found(method, target)
            common.update(self.rate_limit.take(_identity(environ)))
            return self._handle(environ, target, *found, common), common
        except BadEscape:
            refusal = framework_error(400, f"'{target}' is not a valid url component", "FST_ERR_BAD_URL")
            refusal.answer.content_type = "application/json"
            return refusal.answer, {}
        except Refusal as refusal:
            return refusal.answer, common
        except OSError:  # the client is gone
            raise
        except Exception:
            log.exception("%s %s failed", method, target)
            return framework_error(500, "Internal Server Error").answer, common

    def _handle(
        self,
        environ: Dict[str, Any],
        target: str,
        route: Route,
        params: Dict[str, str],
        common: Dict[str, str],
    ) -> Response:
        call = Request(self.state, self.ingestion, environ["REQUEST_METHOD"], target, _headers(environ), params)
        call.arrived = environ[ARRIVED]
        if route.proxied and route.keyed:
            with self.state.db.in_request():
                call.tenant, call.key = self._authenticate(environ)
        self._read(call, route, environ)
        self._validate(call, route)
        with self.state.db.in_request():
            self.ingestion.settle()
            if route.keyed and not route.proxied:
                call.tenant, call.key = self._authenticate(environ)
            if route.counted and not self.state.seed_era:
                events = call.body.get("events") if isinstance(call.body, dict) else None
                common.update(take_quota(self.state, call.customer, len(events) if events else 1))
            try:
                return route.handle(call)
            except Refusal:
                raise
            except Exception:
                log.exception("%s %s failed", call.method, route.path)
                raise gateway_error(500, route.failure) from None

    def _read(self, call: Request, route: Route, environ: Dict[str, Any]) -> None:
        if call.method not in _WITH_BODY:
            return
        raw = bodies.read(environ)
        environ["openmonetize.body"] = raw
        call.size = len(raw)
        content_type = environ.get("CONTENT_TYPE") or None
        if route.read_fast is not None and content_type == "application/json":
            call.body = route.read_fast(raw)
            call.clean = call.body is not None
        if not call.clean:
            call.body = bodies.parse(raw, content_type, route.declares_400 and not route.proxied)

    def _validate(self, call: Request, route: Route) -> None:
        query = _query(call.target)
        rules = validation_messages.OLD_ZOD if route.proxied else self.state.rules
        for place, node, value in (
            ("params", route.params, call.params),
            ("body", route.body, call.body),
            ("querystring", route.query, query),
        ):
            if node is None or (place == "body" and call.clean):
                cleaned: Any = value
            else:
                cleaned, issues = schema.validate(node, value, rules)
                if not issues and not route.counted and has_unstorable_text(cleaned):
                    issues = self._unstorable(cleaned, route)
                if issues:
                    raise _invalid(place, issues, rules, route)
            if place == "params":
                call.params = cleaned
            elif place == "body":
                call.body = cleaned
            else:
                call.query = cleaned

    def _unstorable(self, value: Any, route: Route) -> List[Issue]:
        if self.state.has(UNSTORABLE_500):
            raise gateway_error(500, route.failure)
        names = [name for name, item in value.items() if has_unstorable_text([name, item])]
        return [Issue((name.encode("utf-8", "replace").decode(),), "unstorable") for name in names[:1]]

    def _authenticate(self, environ: Dict[str, Any]) -> Tuple[Customer, str]:
        key = bearer_key(environ) or environ.get("HTTP_X_API_KEY")
        if not key:
            message = "Missing API key. Provide via Authorization: Bearer or X-API-Key header"
            raise gateway_error(401, message)
        customer = customer_by_key(self.state, key)
        if customer is None:
            raise gateway_error(401, "Invalid or missing API key")
        return customer, key


def bearer_key(environ: Dict[str, Any]) -> Optional[str]:
    """The key of ``Authorization: Bearer <key>``; the word is case-sensitive and followed by one space."""
    header: str = environ.get("HTTP_AUTHORIZATION", "")
    return header[7:] or None if header.startswith("Bearer ") else None


def _identity(environ: Dict[str, Any]) -> str:
    return bearer_key(environ) or environ.get("HTTP_X_API_KEY") or environ["REMOTE_ADDR"]


def _target(environ: Dict[str, Any]) -> str:
    """The request's path and query, still escaped."""
    raw: str = environ["RAW_URI"]
    if not raw.startswith("/"):  # absolute form, as proxies are asked
        raw = "/" + raw.partition("://")[2].partition("/")[2]
    return raw


def _headers(environ: Dict[str, Any]) -> Dict[str, str]:
    return {name[5:].replace("_", "-").lower(): value for name, value in environ.items() if name[:5] == "HTTP_"}


def _query(target: str) -> Dict[str, Any]:
    parsed = parse_qs(target.partition("?")[2], keep_blank_values=True, errors="replace")
    return {name: values[0] if len(values) == 1 else values for name, values in parsed.items()}


def _preflight(environ: Dict[str, Any]) -> Optional[Response]:
    """The answer to OPTIONS; None for another method."""
    if environ["REQUEST_METHOD"] != "OPTIONS":
        return None
    if "HTTP_ORIGIN" not in environ or "HTTP_ACCESS_CONTROL_REQUEST_METHOD" not in environ:
        return Response(b"Invalid Preflight Request", 400, content_type="text/plain")
    headers = {"access-control-allow-methods": "GET,HEAD,PUT,PATCH,POST,DELETE"}
    asked = environ.get("HTTP_ACCESS_CONTROL_REQUEST_HEADERS")
    if asked:
        headers["access-control-allow-headers"] = asked
    return Response(None, 204, headers)


def _invalid(place: str, issues: List[Issue], rules: Rules, route: Route) -> Refusal:
    if route.proxied:
        text = validation_messages.message(place, issues[:1], rules)
        return service_error(400, "VALIDATION_ERROR", text, details=validation_messages.tree(issues, rules))
    return declared_error(
        400, validation_messages.message(place, issues, rules), "FST_ERR_VALIDATION", route.declares_400
    )


def _status_answer(fault: Fault) -> Response:
    status = fault.status or 500
    if status == 429:
        seconds = 1 if fault.retry_after is None else fault.retry_after
        answer = too_many_requests(seconds, {}).answer
        if fault.retry_after is None:
            answer.headers.pop("retry-after")
        return answer
    answer = framework_error(status, "A fault that was asked for").answer
    if fault.retry_after is not None:
        answer.headers["retry-after"] = str(fault.retry_after)
    return answer

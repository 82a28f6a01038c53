"""What the sandbox serves beside the platform: its controls under ``/_sandbox/``, and its pages.

Only a program on this machine may use them, or one that has the sandbox's key; see `admission`.
"""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any, Callable, Dict, List, Optional, Tuple
from urllib.parse import parse_qs

from openmonetize.sandbox.billing import dead_letters, events
from openmonetize.sandbox.billing.ingestion import Ingestion
from openmonetize.sandbox.clock import iso, to_datetime
from openmonetize.sandbox.defects import DEFECTS
from openmonetize.sandbox.http import body as bodies
from openmonetize.sandbox.http.admission import HEADERS, Admission
from openmonetize.sandbox.http.faults import Faults
from openmonetize.sandbox.http.limits import RateLimit
from openmonetize.sandbox.http.request_log import RequestLog
from openmonetize.sandbox.http.responses import Refusal, Response, gateway_error, route_not_found
from openmonetize.sandbox.state import State
from openmonetize.sandbox.validation import formats

PREFIX = "/_sandbox/"

Page = Callable[[Dict[str, Any]], Response]
"""A page of the sandbox: from the request's query to an answer."""


class Control:
    """The sandbox's own routes. `pages` maps (method, path) to what serves it; more may be added."""

    def __init__(self, state: State, faults: Faults, reset: Callable[[], None], key: Optional[str] = None) -> None:
        self.state = state
        self.faults = faults
        self.ingestion = Ingestion(state)
        self.request_log = RequestLog()
        self.rate_limit = RateLimit(state)
        self._reset = reset
        self._admission = Admission(key)
        self.pages: Dict[Tuple[str, str], Page] = {
            ("GET", PREFIX + "state"): self._get_state,
            ("POST", PREFIX + "reset"): self._post_reset,
            ("GET", PREFIX + "clock"): self._get_clock,
            ("POST", PREFIX + "clock"): self._post_clock,
            ("GET", PREFIX + "faults"): self._get_faults,
            ("POST", PREFIX + "faults"): self._post_faults,
            ("GET", PREFIX + "events"): self._get_events,
            ("GET", PREFIX + "dead-letters"): self._get_dead_letters,
            ("GET", PREFIX + "requests"): self._get_requests,
        }

    def owns(self, path: str) -> bool:
        """Whether a path is the sandbox's and not the platform's."""
        return path.startswith(PREFIX) or any(path == known for _, known in self.pages)

    def answer(self, environ: Dict[str, Any], target: str) -> Response:
        """Serve one of the sandbox's own routes."""
        try:
            answer = self._answer(environ, target)
        except Refusal as refusal:
            answer = refusal.answer
        except (ValueError, TypeError, OverflowError) as error:
            answer = gateway_error(400, str(error)).answer
        answer.headers.update(HEADERS)
        return answer

    def _answer(self, environ: Dict[str, Any], target: str) -> Response:
        self._admission.check(environ)
        method = environ["REQUEST_METHOD"]
        path, _, query = target.partition("?")
        page = self.pages.get(("GET" if method == "HEAD" else method, path))
        if page is None:
            raise route_not_found(method, target)
        values: Dict[str, Any] = {name: found[-1] for name, found in parse_qs(query).items()}
        if method == "POST":
            values = _posted(environ)
        with self.state.db.in_request():
            self.ingestion.settle()
            return page(values)

    def _get_state(self, query: Dict[str, Any]) -> Response:
        settings = self.state.settings
        return Response(
            {
                "era": settings.era,
                "mode": settings.mode,
                "defects": {name: DEFECTS[name] for name in sorted(settings.defects)},
                "accounts": settings.accounts,
                "rateLimit": settings.rate_limit,
                "quota": dict(settings.quota),
                "processingDelaySeconds": settings.processing_delay,
                "pendingEvents": self.ingestion.pending(),
                "now": iso(self.state.clock.now()),
            }
        )

    def _post_reset(self, body: Dict[str, Any]) -> Response:
        self._reset()
        return Response({"message": "The sandbox is as it was at its start"})

    def _get_clock(self, query: Dict[str, Any]) -> Response:
        return Response({"now": iso(self.state.clock.now())})

    def _post_clock(self, body: Dict[str, Any]) -> Response:
        if "now" in body:
            self.state.clock.set(to_datetime(formats.read_instant(str(body["now"]))))
        days, seconds = body.get("days", 0), body.get("seconds", 0)
        self.state.clock.advance(timedelta(days=days, seconds=seconds))
        return self._get_clock(body)

    def _get_faults(self, query: Dict[str, Any]) -> Response:
        return Response(self.faults.describe())

    def _post_faults(self, body: Dict[str, Any]) -> Response:
        """``{"standing": ["429:5%"]}`` replaces the standing faults; ``{"next": "500", "times": 2}`` lines some up."""
        if "standing" in body:
            self.faults.set(body["standing"])
        if "next" in body:
            self.faults.fail_next(body["next"], body.get("times", 1))
        return Response(self.faults.describe())

    def _get_events(self, query: Dict[str, Any]) -> Response:
        """The last `limit` events (1000) that fit the other parameters, oldest first."""
        limit = int(query.pop("limit", 1000))
        return Response({"data": events.stored(self.state, query, limit)})

    def _get_dead_letters(self, query: Dict[str, Any]) -> Response:
        return Response({"data": dead_letters.stored(self.state)})

    def _get_requests(self, query: Dict[str, Any]) -> Response:
        entries: List[Dict[str, Any]] = self.request_log.entries(after=int(query.get("after", 0)))
        return Response({"data": entries})


def _posted(environ: Dict[str, Any]) -> Dict[str, Any]:
    raw = bodies.read(environ, 65_536)
    if not raw:
        return {}
    try:
        value = json.loads(raw)
    except (ValueError, RecursionError):
        raise gateway_error(400, "The body is not JSON") from None
    if not isinstance(value, dict):
        raise gateway_error(400, "The body must be a JSON object")
    return value

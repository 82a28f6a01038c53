"""The sandbox's own routes: its controls under ``/_sandbox/``, and its pages.

Programs on this machine may use them, and clients that have the sandbox's key; see `admission`.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs

from openmonetize.sandbox.billing import dead_letters, stored_events
from openmonetize.sandbox.billing.ingestion import Ingestion
from openmonetize.sandbox.clock import iso, to_datetime
from openmonetize.sandbox.defects import DEFECTS
from openmonetize.sandbox.http.admission import HEADERS, Admission
from openmonetize.sandbox.http.body import read_body
from openmonetize.sandbox.http.faults import Faults
from openmonetize.sandbox.http.request_log import RequestLog
from openmonetize.sandbox.http.responses import Refusal, Response, gateway_error, route_not_found
from openmonetize.sandbox.json_text import read_json
from openmonetize.sandbox.state import State
from openmonetize.sandbox.validation.formats import read_instant

log = logging.getLogger("openmonetize.sandbox")

PREFIX = "/_sandbox/"

_MAX_BODY_BYTES = 65_536
_DEFAULT_EVENTS = 1000

# Makes a response of the request's query or, for POST, of its JSON body.
Page = Callable[[dict[str, Any]], Response]


class Control:
    """The sandbox's own routes.

    Attributes:
        state: the sandbox.
        faults: its faults.
        ingestion: accepts and processes its events.
        request_log: the last requests to the platform's routes.
        pages: the handler of each (method, path); more may be added.
    """

    def __init__(
        self,
        state: State,
        faults: Faults,
        ingestion: Ingestion,
        request_log: RequestLog,
        reset: Callable[[], None],
        key: str | None = None,
    ) -> None:
        self.state = state
        self.faults = faults
        self.ingestion = ingestion
        self.request_log = request_log
        self._reset = reset
        self._admission = Admission(key)
        self.pages: dict[tuple[str, str], Page] = {
            ("GET", PREFIX + "state"): self._get_state,
            ("POST", PREFIX + "reset"): self._post_reset,
            ("GET", PREFIX + "clock"): self._get_clock,
            ("POST", PREFIX + "clock"): self._post_clock,
            ("GET", PREFIX + "faults"): self._get_faults,
            ("POST", PREFIX + "faults"): self._post_faults,
            ("GET", PREFIX + "processing"): self._get_processing,
            ("POST", PREFIX + "processing"): self._post_processing,
            ("GET", PREFIX + "events"): self._get_events,
            ("GET", PREFIX + "dead-letters"): self._get_dead_letters,
            ("GET", PREFIX + "requests"): self._get_requests,
        }

    def owns(self, path: str) -> bool:
        """Return whether a path is one of the sandbox's own, and not the platform's."""
        return path.startswith(PREFIX) or any(path == known for _, known in self.pages)

    def respond(self, environ: dict[str, Any], target: str) -> Response:
        """Return the response to a request for one of the sandbox's own routes."""
        try:
            response = self._respond(environ, target)
        except Refusal as refusal:
            response = refusal.response
        except OSError:  # the client is gone
            raise
        except (ValueError, TypeError, OverflowError) as error:
            response = gateway_error(400, str(error)).response
        except Exception:
            log.exception("%s %s failed", environ["REQUEST_METHOD"], target)
            response = gateway_error(500, "Internal Server Error").response
        response.headers.update(HEADERS)
        return response

    def _respond(self, environ: dict[str, Any], target: str) -> Response:
        self._admission.check(environ)
        method = environ["REQUEST_METHOD"]
        path, _, query = target.partition("?")
        page = self.pages.get(("GET" if method == "HEAD" else method, path))
        if page is None:
            raise route_not_found(method, target)
        values: dict[str, Any] = {name: found[-1] for name, found in parse_qs(query).items()}
        if method == "POST":
            values = _posted(environ)
        with self.state.db.in_request():
            self.ingestion.process_due()
            return page(values)

    def _get_state(self, query: dict[str, Any]) -> Response:
        settings = self.state.settings
        return Response(
            {
                "era": settings.era,
                "mode": settings.mode,
                "defects": {name: DEFECTS[name] for name in sorted(settings.defects)},
                "accounts": settings.accounts,
                "rateLimit": settings.rate_limit,
                "quota": dict(settings.quota),
                "processingDelaySeconds": self.ingestion.queue.delay,
                "processingRate": self.ingestion.queue.rate,
                "pendingEvents": self.ingestion.pending(),
                "now": iso(self.state.clock.now()),
            }
        )

    def _post_reset(self, body: dict[str, Any]) -> Response:
        self._reset()
        return Response({"message": "The sandbox is as it was at its start"})

    def _get_clock(self, query: dict[str, Any]) -> Response:
        return Response({"now": iso(self.state.clock.now())})

    def _post_clock(self, body: dict[str, Any]) -> Response:
        if "now" in body:
            self.state.clock.set(to_datetime(read_instant(str(body["now"]))))
        days, seconds = body.get("days", 0), body.get("seconds", 0)
        self.state.clock.advance(timedelta(days=days, seconds=seconds))
        return self._get_clock(body)

    def _get_faults(self, query: dict[str, Any]) -> Response:
        return Response(self.faults.describe())

    def _post_faults(self, body: dict[str, Any]) -> Response:
        """Set the faults.

        ``{"standing": ["429:5%"]}`` replaces the standing ones, ``{"next": "500", "times": 2}`` adds to the next ones.
        """
        if "standing" in body:
            self.faults.set(body["standing"])
        if "next" in body:
            self.faults.fail_next(body["next"], body.get("times", 1))
        return Response(self.faults.describe())

    def _get_processing(self, query: dict[str, Any]) -> Response:
        queue = self.ingestion.queue
        return Response({"delaySeconds": queue.delay, "rate": queue.rate, "pendingEvents": queue.waiting()})

    def _post_processing(self, body: dict[str, Any]) -> Response:
        """Set how fast events are billed: ``{"delaySeconds": 0.2, "rate": 28}``; what is not named stays."""
        queue = self.ingestion.queue
        rate = body.get("rate", queue.rate)
        queue.set(float(body.get("delaySeconds", queue.delay)), None if rate is None else float(rate))
        return self._get_processing(body)

    def _get_events(self, query: dict[str, Any]) -> Response:
        """Return the last `limit` events (1000) that match the other parameters, oldest first."""
        limit = int(query.pop("limit", _DEFAULT_EVENTS))
        return Response({"data": stored_events.stored(self.state, query, limit)})

    def _get_dead_letters(self, query: dict[str, Any]) -> Response:
        return Response({"data": dead_letters.stored(self.state)})

    def _get_requests(self, query: dict[str, Any]) -> Response:
        entries: list[dict[str, Any]] = self.request_log.entries(after=int(query.get("after", 0)))
        return Response({"data": entries})


def _posted(environ: dict[str, Any]) -> dict[str, Any]:
    raw = read_body(environ, _MAX_BODY_BYTES)
    if not raw:
        return {}
    try:
        value = read_json(raw.decode())
    except ValueError:
        raise gateway_error(400, "The body is not JSON") from None
    if not isinstance(value, dict):
        raise gateway_error(400, "The body must be a JSON object")
    return value

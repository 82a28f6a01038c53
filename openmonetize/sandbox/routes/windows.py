"""The window of time that a report covers."""

from __future__ import annotations

from openmonetize.sandbox.clock import DAY
from openmonetize.sandbox.http.request import Request
from openmonetize.sandbox.validation.formats import instant_ms


def requested_window(request: Request) -> tuple[int, int]:
    """Return the first and the last millisecond of a report: as the query says, else the last 30 days."""
    now = request.state.clock.now()
    start, end = request.query.get("startDate"), request.query.get("endDate")
    return now - 30 * DAY if start is None else instant_ms(start), now if end is None else instant_ms(end)

"""The console's own routes: the page, its fragments, and single requests of the log."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from typing import Any

from openmonetize.sandbox.clock import iso
from openmonetize.sandbox.console import charts, page, request_list
from openmonetize.sandbox.console.filters import Filter
from openmonetize.sandbox.console.fragments import Fragments
from openmonetize.sandbox.http.control import PREFIX, Control
from openmonetize.sandbox.http.responses import Response

_HTML = "text/html; charset=utf-8"


class Console:
    """The pages of the console.

    Args:
        control: the sandbox's own routes, to which the pages are added.
        url: returns the sandbox's base URL.
        key: returns the API key that works from the start.
    """

    def __init__(self, control: Control, url: Callable[[], str], key: Callable[[], str | None]) -> None:
        self._control = control
        self._url = url
        self._fragments = Fragments(control, url, key)
        control.pages["GET", "/"] = self._page
        control.pages["GET", PREFIX + "console/live"] = self._live
        control.pages["GET", PREFIX + "console/request"] = self._request

    def _page(self, query: dict[str, Any]) -> Response:
        fragments = self._fragments.render(query)
        state = self._control.state
        body = page.render(
            state.settings, fragments, _version(fragments), iso(state.clock.now()), Filter.of(query), _metric(query)
        )
        return Response(body, headers={"content-security-policy": page.POLICY}, content_type=_HTML)

    def _live(self, query: dict[str, Any]) -> Response:
        """Return the time, and all fragments unless the page has this version of them."""
        fragments = self._fragments.render(query)
        version = _version(fragments)
        body: dict[str, Any] = {"now": iso(self._control.state.clock.now()), "version": version}
        if query.get("seen") != version:
            body["fragments"] = fragments
        return Response(body)

    def _request(self, query: dict[str, Any]) -> Response:
        """Return one request of the log and its response as HTML, for the page to insert."""
        number = int(query.get("number", 0))
        found = self._control.request_log.entries(after=number - 1)[:1]
        entry = found[0] if found and found[0]["number"] == number else None
        return Response(request_list.detail(entry, self._url()).encode(), content_type=_HTML)


def _metric(query: Mapping[str, Any]) -> str:
    metric = query.get("metric")
    return str(metric) if metric in charts.METRICS else ""


def _version(fragments: Mapping[str, str]) -> str:
    return hashlib.sha256("\0".join(fragments.values()).encode()).hexdigest()[:16]

"""The console: one page at ``/`` that shows what happens in the sandbox while it happens.

The server renders every part of the page. A small script asks once a second for the parts that have changed, and
puts them in place. Whatever comes from outside passes through `markup`, and the page's content security policy
allows nothing but that one script and that one style sheet.
"""

from __future__ import annotations

import hashlib
from typing import Any, Callable, Dict, Mapping, Optional

from openmonetize.sandbox.clock import iso
from openmonetize.sandbox.console import page, request_list as requests
from openmonetize.sandbox.console.fragments import Parts
from openmonetize.sandbox.http.control import PREFIX, Control
from openmonetize.sandbox.http.responses import Response

HTML = "text/html; charset=utf-8"


class Console:
    """The pages of the console.

    Args:
        control: where the pages are added.
        url: says where the sandbox listens.
        key: says which key works from the start.
    """

    def __init__(self, control: Control, url: Callable[[], str], key: Callable[[], Optional[str]]) -> None:
        self._control = control
        self._url = url
        self._parts = Parts(control, url, key)
        control.pages["GET", "/"] = self._page
        control.pages["GET", PREFIX + "console/live"] = self._live
        control.pages["GET", PREFIX + "console/request"] = self._request

    def _page(self, query: Dict[str, Any]) -> Response:
        parts = self._parts.render(query)
        body = page.render(self._control.state.settings, parts, _version(parts), iso(self._control.state.clock.now()))
        return Response(body, headers={"content-security-policy": page.POLICY}, content_type=HTML)

    def _live(self, query: Dict[str, Any]) -> Response:
        """The time, and every part of the page unless the page has this version already."""
        parts = self._parts.render(query)
        version = _version(parts)
        answer: Dict[str, Any] = {"now": iso(self._control.state.clock.now()), "version": version}
        if query.get("seen") != version:
            answer["parts"] = parts
        return Response(answer)

    def _request(self, query: Dict[str, Any]) -> Response:
        """What one request of the log said and was told, for the page to insert."""
        number = int(query.get("number", 0))
        found = self._control.request_log.entries(after=number - 1)[:1]
        entry = found[0] if found and found[0]["number"] == number else None
        return Response(requests.detail(entry, self._url()).encode(), content_type=HTML)


def _version(parts: Mapping[str, str]) -> str:
    return hashlib.sha256("\0".join(parts.values()).encode()).hexdigest()[:16]

"""Who may use the sandbox's own routes: programs on this machine, or whoever has its key.

A web page that somebody has open is such a program only if the sandbox served it. Another site's page can make a
browser send requests here, and with DNS rebinding even read the answers, but it cannot change the ``Host``,
``Origin`` and ``Sec-Fetch-Site`` that the browser sends along.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import ipaddress
from typing import Any, Dict, Mapping, Optional

from openmonetize.sandbox.http.responses import gateway_error

HEADERS: Mapping[str, str] = {
    "cache-control": "no-store",
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}
"""Headers of every answer of the sandbox's own routes. There is no CORS here."""


class Admission:
    """The check before every route of the sandbox's own.

    Args:
        key: the key that is asked for, if others can reach the sandbox; None on a loopback address.
    """

    def __init__(self, key: Optional[str] = None) -> None:
        self._key = key

    def check(self, environ: Dict[str, Any]) -> None:
        """Refuse with 401 or 403 what may not use the sandbox's own routes."""
        host = environ.get("HTTP_HOST", "")
        if _foreign(environ, host) or (self._key is None and not is_loopback(_name(host))):
            raise gateway_error(403, "Only the sandbox's own page and programs on this machine may use this")
        if self._key is not None and not _shows(environ.get("HTTP_AUTHORIZATION", ""), self._key):
            refusal = gateway_error(401, "Others can reach this sandbox, so its own routes need its key")
            # Browsers then ask for a password, which is the key; the user's name does not matter.
            refusal.answer.headers["www-authenticate"] = 'Basic realm="OpenMonetize sandbox", charset="UTF-8"'
            raise refusal


def _foreign(environ: Dict[str, Any], host: str) -> bool:
    """Whether a browser says that another site's page has sent this."""
    if environ.get("HTTP_ORIGIN") not in (None, f"http://{host}", f"https://{host}"):
        return True
    followed_a_link = environ.get("HTTP_SEC_FETCH_MODE") == "navigate" and environ["REQUEST_METHOD"] == "GET"
    return environ.get("HTTP_SEC_FETCH_SITE") in ("cross-site", "same-site") and not followed_a_link


def _name(host: str) -> str:
    name, _, port = host.rpartition(":")
    return (name if port.isdigit() else host).strip("[]")


def _shows(header: str, key: str) -> bool:
    scheme, _, value = header.partition(" ")
    shown = value.encode("utf-8", "replace")
    if scheme.lower() == "basic":
        try:
            shown = base64.b64decode(shown, validate=True).partition(b":")[2]
        except binascii.Error:
            return False
    elif scheme != "Bearer":
        return False
    return hmac.compare_digest(shown, key.encode())


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach a server that listens on `host`."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False

"""Access control of the sandbox's own routes: programs on this machine may use them, and clients that have its key.

A web page in a browser on this machine may use them only if the sandbox served it. Another site's page can make the
browser send requests here, and with DNS rebinding even read the responses, but it cannot change the headers ``Host``,
``Origin`` and ``Sec-Fetch-Site`` (Fetch Metadata) that the browser sends along.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import ipaddress
from collections.abc import Mapping
from typing import Any

from openmonetize.sandbox.http.responses import gateway_error

# Headers of every response of the sandbox's own routes, which have no CORS.
HEADERS: Mapping[str, str] = {
    "cache-control": "no-store",
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}


class Admission:
    """The check before each of the sandbox's own routes.

    Args:
        key: the key that is asked for, if other machines can reach the sandbox; None on a loopback address.
    """

    def __init__(self, key: str | None = None) -> None:
        self._key = key

    def check(self, environ: dict[str, Any]) -> None:
        """Refuse a request that may not use the sandbox's own routes.

        Raises:
            Refusal: 401 or 403.
        """
        host = environ.get("HTTP_HOST", "")
        if _is_cross_site(environ, host) or (self._key is None and not is_loopback(_name(host))):
            raise gateway_error(403, "Only the sandbox's own page and programs on this machine may use this")
        if self._key is not None and not _has_key(environ.get("HTTP_AUTHORIZATION", ""), self._key):
            refusal = gateway_error(401, "Others can reach this sandbox, so its own routes need its key")
            # Browsers then ask for a password, which is the key; the user name does not matter.
            refusal.response.headers["www-authenticate"] = 'Basic realm="OpenMonetize sandbox", charset="UTF-8"'
            raise refusal


def _is_cross_site(environ: dict[str, Any], host: str) -> bool:
    """Return whether a browser says that another site's page has sent the request."""
    if environ.get("HTTP_ORIGIN") not in (None, f"http://{host}", f"https://{host}"):
        return True
    followed_a_link = environ.get("HTTP_SEC_FETCH_MODE") == "navigate" and environ["REQUEST_METHOD"] == "GET"
    return environ.get("HTTP_SEC_FETCH_SITE") in ("cross-site", "same-site") and not followed_a_link


def _name(host: str) -> str:
    name, _, port = host.rpartition(":")
    return (name if port.isdigit() else host).strip("[]")


def _has_key(header: str, key: str) -> bool:
    scheme, _, value = header.partition(" ")
    sent = value.encode("utf-8", "replace")
    if scheme.lower() == "basic":
        try:
            sent = base64.b64decode(sent, validate=True).partition(b":")[2]
        except binascii.Error:
            return False
    elif scheme != "Bearer":
        return False
    return hmac.compare_digest(sent, key.encode())


def is_loopback(host: str) -> bool:
    """Return whether only this machine can reach a server that listens on `host`."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False

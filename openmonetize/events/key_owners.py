"""Which customer an API key is of: asked once for each host and key, and remembered by this process.

A key that is rotated is still of the same customer, so what is derived from the customer's id outlives the key.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, Optional

from openmonetize._http.configuration import fingerprint_of
from openmonetize._http.decoding import decode
from openmonetize._http.operation import Operation
from openmonetize._http.redaction import Secret, hide_keys_of
from openmonetize.exceptions import ApiException, ApiKeyError

if TYPE_CHECKING:
    from openmonetize._http.client import ApiClient
    from openmonetize._http.configuration import Configuration

_LOG = logging.getLogger("openmonetize")
_MAX_KEYS = 1000
_CUSTOMER_OF_KEY: Operation[Any] = Operation("GET", "/v1/customers/me", {"200": None})
_ASKED_WITH = ("_request_timeout", "_headers")  # options of the caller's call
# Answers of a server that does not say whose a key is, now or later.
_NEVER = (400, 404, 405, 410, 501)


class KeyOwner(NamedTuple):
    """The customer behind a key; None if the platform does not say."""

    customer_id: Optional[str]


# By host and digest of the key.
_KNOWN: dict[tuple[str, str], KeyOwner] = {}
# Ids that were sent without the customer of the key, since nothing said whose it is: they keep that form.
UNSETTLED: set[str] = set()
_TOLD: set[tuple[str, str]] = set()  # what was warned of: the customer that is named, and that of the key


def note_owner(host: str, fingerprint: str, customer_id: str | None) -> KeyOwner:
    """Remember which customer a key is of."""
    if len(_KNOWN) >= _MAX_KEYS:
        _KNOWN.clear()
    _KNOWN[host, fingerprint] = owner = KeyOwner(customer_id)
    return owner


def known_owner(configuration: Configuration, options: Mapping[str, Any] | None = None) -> KeyOwner | None:
    """Return whose key a call uses, or None if that was not asked yet.

    Args:
        configuration: of the client.
        options: of the call, which may have another key.
    """
    key = (options or {}).get("_request_auth")
    try:
        fingerprint = configuration.account_fingerprint() if key is None else fingerprint_of(key)
    except ApiKeyError:
        return None
    return _KNOWN.get((configuration.host, fingerprint))


def find_owner(client: ApiClient, options: Mapping[str, Any], attempts: int | None = None) -> KeyOwner:
    """Return whose key a call uses. The platform is asked if that is not known yet.

    Args:
        client: sends the request.
        options: of the call.
        attempts: the largest number of times to ask, if the retry policy allows more.

    Raises:
        ApiException: the platform gives no answer now.
        ApiKeyError: there is no key.
    """
    hide_keys_of(options)
    configuration = client.configuration
    known = known_owner(configuration, options)
    if known is not None:
        return known
    host, key = configuration.host, Secret(options.get("_request_auth") or configuration.secret())
    asked: Any = {name: options[name] for name in _ASKED_WITH if name in options}
    asked["_request_auth"] = key
    response = client.send(_CUSTOMER_OF_KEY, {}, None, asked, attempts, preload=True)
    if response.status >= 300 and response.status not in _NEVER:
        decode(_CUSTOMER_OF_KEY, response)  # raises
    try:
        customer_id = json.loads(response.data)["data"]["id"] if response.status < 300 else None
    except (KeyError, TypeError, RecursionError):
        customer_id = None
    except ValueError:
        raise ApiException(response.status, "the answer to GET /v1/customers/me is not JSON") from None
    if host != configuration.host:
        raise ApiException(None, "the host was changed while the customer of the key was asked for")
    return note_owner(host, fingerprint_of(key), customer_id if isinstance(customer_id, str) and customer_id else None)


def warn_of_foreign(named: str, customer_id: str) -> None:
    """Warn, once, of events that name another customer than that of the key."""
    if (named, customer_id) not in _TOLD and len(_TOLD) < _MAX_KEYS:
        _TOLD.add((named, customer_id))
        _LOG.warning(
            "usage events name the customer_id %r, but the key is of the customer %r, who is billed for them; leave "
            "customer_id out",
            named,
            customer_id,
        )


def forget_owners() -> None:
    """Forget all keys, for tests that begin with an empty platform."""
    _KNOWN.clear()
    _TOLD.clear()
    UNSETTLED.clear()

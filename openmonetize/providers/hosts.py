"""The hosts of the vendors' own APIs, and the host that a client of a library talks to.

Without the latter an event gets a fresh id instead of a derived one, so a host that cannot be found does no harm.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

# By provider, the default first. Event ids are derived for these hosts: add to them, but remove none.
VENDOR_HOSTS: Mapping[str, tuple[str, ...]] = {
    "OPENAI": ("api.openai.com",),
    "ANTHROPIC": ("api.anthropic.com",),
    "GOOGLE": ("generativelanguage.googleapis.com", "aiplatform.googleapis.com"),
    "MISTRAL": ("api.mistral.ai",),
    "COHERE": ("api.cohere.com", "api.cohere.ai"),
}


def _hostname(url: Any) -> str | None:
    return urlsplit(str(url)).hostname


_CLIENT_HOSTS: Mapping[str, Callable[[Any], str | None]] = {
    "openai": lambda client: _hostname(client.base_url),
    "anthropic": lambda client: _hostname(client.base_url),
    "google-genai": lambda client: _hostname(client._api_client._http_options.base_url),
    "mistralai": lambda client: _hostname(client.sdk_configuration.get_server_details()[0]),
    "cohere": lambda client: _hostname(client._client_wrapper.get_base_url()),
    "boto3": lambda client: _hostname(client.meta.endpoint_url),
}


def host_of(library: str, client: Any) -> str | None:
    """Return the host name that a library's client talks to, or None where it cannot be found."""
    try:
        return _CLIENT_HOSTS[library](client)
    except Exception:  # private attributes of libraries come and go
        return None

"""The host that a client talks to, by library. Without it an event merely gets a fresh id, so failing is no harm."""

from __future__ import annotations

from typing import Any, Callable, Mapping, Optional
from urllib.parse import urlsplit


def _hostname(url: Any) -> Optional[str]:
    return urlsplit(str(url)).hostname


HOSTS: Mapping[str, Callable[[Any], Optional[str]]] = {
    "openai": lambda client: _hostname(client.base_url),
    "anthropic": lambda client: _hostname(client.base_url),
    "google-genai": lambda client: _hostname(client._api_client._http_options.base_url),
    "mistralai": lambda client: _hostname(client.sdk_configuration.get_server_details()[0]),
    "cohere": lambda client: _hostname(client._client_wrapper.get_base_url()),
    "boto3": lambda client: _hostname(client.meta.endpoint_url),
}


def host_of(library: str, client: Any) -> Optional[str]:
    """The host name, or None where it cannot be told."""
    try:
        return HOSTS[library](client)
    except Exception:  # private attributes of libraries come and go
        return None

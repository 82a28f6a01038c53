"""The hosts of the vendors' own APIs, and the host that a client of a library talks to.

Without the latter an event gets a fresh id instead of a derived one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

# By provider, the default first.
VENDOR_HOSTS: Mapping[str, tuple[str, ...]] = {
    "OPENAI": ("api.openai.com",),
    "ANTHROPIC": ("api.anthropic.com",),
    "GOOGLE": ("generativelanguage.googleapis.com", "aiplatform.googleapis.com"),
    "MISTRAL": ("api.mistral.ai",),
    "COHERE": ("api.cohere.com", "api.cohere.ai"),
}

# By service, the hosts at which it gives a response id only once: those of all regions and data residencies. Event ids
# are derived from the service's name here: add services and hosts, but change none.
_SERVICES: Mapping[str, str] = {
    "openai": r"([a-z]+\.)?api\.openai\.com",
    # https://learn.microsoft.com/azure/ai-foundry/openai/reference
    "azure": r"[a-z0-9-]+\.(openai|services\.ai|cognitiveservices)\.azure\.(com|us|cn)",
    "anthropic": r"api\.anthropic\.com",
    # https://docs.cloud.google.com/vertex-ai/docs/reference/rest#rest_endpoints
    "google": r"(generativelanguage|aiplatform|[a-z0-9-]+-aiplatform|aiplatform\.[a-z0-9-]+\.rep)\.googleapis\.com",
    # https://docs.aws.amazon.com/general/latest/gr/bedrock.html, and endpoints of a VPC
    "bedrock": (
        r"(vpce-[a-z0-9-]+\.)?bedrock-(runtime|runtime-fips|mantle)\.[a-z0-9-]+\.(vpce\.)?"
        r"(amazonaws\.com(\.cn)?|api\.aws)"
    ),
    "mistral": r"(api|codestral)\.([a-z]+\.)?mistral\.ai",
    "cohere": r"api\.cohere\.(com|ai)",
}
_SERVICE_HOSTS = {service: re.compile(hosts).fullmatch for service, hosts in _SERVICES.items()}


@lru_cache(maxsize=1000)
def service_at(host: str | None) -> str | None:
    """Return the service at a host: ``openai``, ``azure``, ``anthropic``, ``google``, ...; None for any other host."""
    name = (host or "").lower()
    return next((service for service, is_host in _SERVICE_HOSTS.items() if is_host(name)), None)


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

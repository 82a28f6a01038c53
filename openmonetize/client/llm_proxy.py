"""Settings that send a provider's client through the platform's LLM proxy, which meters by itself."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from openmonetize._http.configuration import Configuration
from openmonetize._schema.jsonable import jsonable
from openmonetize.exceptions import ApiValueError

PROXY_URL = "https://proxy.openmonetize.io"

# The path below which each library appends its own: OpenAI's has no version in its paths, Anthropic's and Google's do.
_SUFFIXES = {"openai": "/v1", "anthropic": "", "google": ""}


class ProxyConfig(NamedTuple):
    """The settings of a provider's client.

    ``OpenAI(base_url=c.base_url, default_headers=c.headers)``, likewise for Anthropic;
    ``genai.Client(http_options={"base_url": c.base_url, "headers": c.headers})``.

    Attributes:
        base_url: the base URL of the client.
        headers: headers for every request. They hold the API key, and are not shown by ``repr``.
    """

    base_url: str
    headers: dict[str, str]

    def __repr__(self) -> str:
        return f"ProxyConfig(base_url={self.base_url!r}, headers={dict.fromkeys(self.headers, '...')!r})"


def direct_config(provider: str) -> ProxyConfig:
    """Return the settings that lead to the provider itself, without the proxy."""
    suffix = _suffix(provider)
    from openmonetize.providers.hosts import VENDOR_HOSTS

    return ProxyConfig(f"https://{VENDOR_HOSTS[provider.upper()][0]}{suffix}", {})


def proxy_config(
    provider: str,
    *,
    settings: Configuration,
    customer_id: str,
    user_id: str,
    feature_id: str,
    metadata: Mapping[str, Any] | None = None,
    proxy_url: str = PROXY_URL,
) -> ProxyConfig:
    """Return the settings for one user and feature.

    Args:
        provider: ``openai``, ``anthropic`` or ``google``.
        settings: the configuration with the key.
        customer_id: the customer behind the key; with another one the proxy loses the usage.
        user_id: the user of the model.
        feature_id: the feature of your product.
        metadata: facts to keep with every event.
        proxy_url: the URL of the proxy.

    Raises:
        ApiValueError: a value cannot be sent in a header.
        ApiKeyError: there is no key, or it would be sent in clear text.
    """
    suffix = _suffix(provider)
    # A configuration for the proxy checks its URL by the rules for hosts, and refuses to send the key in clear text.
    proxy = Configuration(proxy_url, {"bearerAuth": settings.key()}, allow_http=settings.allow_http)
    headers = {
        "X-OM-Api-Key": proxy.key(),
        "X-OM-Customer-Id": _header("customer_id", customer_id),
        "X-OM-User-Id": _header("user_id", user_id),
        "X-OM-Feature-Id": _header("feature_id", feature_id),
    }
    if metadata:
        headers["X-OM-Metadata"] = json.dumps(jsonable(metadata, "metadata"), separators=(",", ":"))
    return ProxyConfig(proxy.host + suffix, headers)


def _suffix(provider: str) -> str:
    suffix = _SUFFIXES.get(provider.lower() if isinstance(provider, str) else "")
    if suffix is None:
        raise ApiValueError(f"the platform's proxy serves {', '.join(_SUFFIXES)}, not {provider!r}")
    return suffix


def _header(name: str, value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ApiValueError(f"{name} must be a text: the proxy refuses calls without it")
    if not (value.isascii() and value.isprintable()) or value != value.strip():
        raise ApiValueError(
            f"{name} travels to the proxy in a header, which takes printable ASCII without blanks at the ends, "
            f"not {value!r}"
        )
    return value

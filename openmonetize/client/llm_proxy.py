"""Settings that send a provider's client through the platform's LLM proxy, which meters by itself."""

from __future__ import annotations

import json
from typing import Any, Dict, Mapping, NamedTuple, Optional

from openmonetize._http.configuration import Configuration
from openmonetize._schema.jsonable import jsonable
from openmonetize.exceptions import ApiValueError

PROXY_URL = "https://proxy.openmonetize.io"

# What each library appends its paths to: OpenAI's knows no version, Anthropic's and Google's add their own.
_SUFFIXES = {"openai": "/v1", "anthropic": "", "google": ""}
_DIRECT = {
    "openai": "https://api.openai.com",
    "anthropic": "https://api.anthropic.com",
    "google": "https://generativelanguage.googleapis.com",
}


class ProxyConfig(NamedTuple):
    """What to give a provider's client.

    ``OpenAI(base_url=c.base_url, default_headers=c.headers)``, likewise for Anthropic;
    ``genai.Client(http_options={"base_url": c.base_url, "headers": c.headers})``.

    Attributes:
        base_url: the base URL of the client.
        headers: headers for every request. They hold the API key, and are not shown by ``repr``.
    """

    base_url: str
    headers: Dict[str, str]

    def __repr__(self) -> str:
        return f"ProxyConfig(base_url={self.base_url!r}, headers={dict.fromkeys(self.headers, '...')!r})"


def direct_config(provider: str) -> ProxyConfig:
    """The provider itself, past the proxy."""
    suffix = _suffix(provider)
    return ProxyConfig(_DIRECT[provider.lower()] + suffix, {})


def proxy_config(
    provider: str,
    *,
    settings: Configuration,
    customer_id: str,
    user_id: str,
    feature_id: str,
    metadata: Optional[Mapping[str, Any]] = None,
    proxy_url: str = PROXY_URL,
) -> ProxyConfig:
    """The settings for one user and feature.

    Args:
        provider: ``openai``, ``anthropic`` or ``google``.
        settings: whose key is used.
        customer_id: the customer behind the key; with another one the proxy loses the usage.
        user_id: who uses the model.
        feature_id: the feature of your product.
        metadata: facts to keep with every event.
        proxy_url: where the proxy is.

    Raises:
        ApiValueError: a value cannot travel in a header.
        ApiKeyError: no key, or it would travel in clear text.
    """
    suffix = _suffix(provider)
    # A configuration of the proxy's own holds its host to the rules for hosts and keys.
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

"""Which provider's library a client comes from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_MODULES: Mapping[str, str] = {
    "openai": "openai",
    "anthropic": "anthropic",
    "google-genai": "google.genai",
    "mistralai": "mistralai",
    "cohere": "cohere",
    "boto3": "botocore",
}


def library_of(client: Any) -> str:
    """Return the library that a client comes from, also where its class is the user's own subclass; else nothing."""
    for parent in type(client).__mro__:
        for library, module in _MODULES.items():
            if parent.__module__ == module or parent.__module__.startswith(module + "."):
                return library
    return ""

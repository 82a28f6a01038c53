"""Vendors' model names, mapped to the names that the platform prices.

The platform looks prices up by exact name, and often has another name for a model than the vendor's API returns. An
unknown name is billed at a general price, up to 16 times too high. A name is mapped only where it plainly says which
priced model it is: a dated snapshot or a stable alias. Everything else has no mapping; nothing is billed under a
guessed name. The platform has one price per model, so a snapshot that a vendor sells at another price than the model's
present one is billed at the platform's price.
"""

from __future__ import annotations

import re

from openmonetize._arguments import explained
from openmonetize.events.providers import PROVIDERS
from openmonetize.pricing.rows import IMAGE_PRICES, SEED_TEXT_PRICES, TEXT_PRICES, TOP_UP_TEXT_PRICES

# (provider, model) with a price for tokens or images in some installation, of the providers that events may name.
PRICED_MODELS = frozenset(
    (price.provider, price.model)
    for price in (*TEXT_PRICES, *TOP_UP_TEXT_PRICES, *SEED_TEXT_PRICES, *IMAGE_PRICES)
    if price.provider in PROVIDERS
)

# The vendor's name, without its date, to the platform's, where they differ.
ALIASES: dict[str, dict[str, str]] = {
    "ANTHROPIC": {
        "claude-opus-4-1": "claude-4.1-opus",
        "claude-sonnet-4-5": "claude-4.5-sonnet",
        "claude-haiku-4-5": "claude-4.5-haiku",
        "claude-3-5-sonnet": "claude-3.5-sonnet",
        "claude-3-5-sonnet-v2": "claude-3.5-sonnet",  # Vertex
    },
    "GOOGLE": {
        "gemini-3-pro": "gemini-3.0-pro",
        "gemini-3-pro-preview": "gemini-3.0-pro",
        "gemini-3-flash": "gemini-3.0-flash",
        "gemini-3-flash-preview": "gemini-3.0-flash",
        "imagen-3.0-generate": "imagen-3",
        "imagen-4.0-generate": "imagen-4",
        "imagen-4.0-fast-generate": "imagen-4-fast",
        "imagen-4.0-ultra-generate": "imagen-4-ultra",
    },
}

# How each vendor marks a snapshot of a model: gpt-4o-2024-08-06, claude-sonnet-4-5-20250929 (Vertex:
# @20250929), gemini-1.5-pro-002, command-r-plus-08-2024, mistral-large-2411.
_SNAPSHOT = {
    "OPENAI": re.compile(r"-\d{4}-\d\d-\d\d$"),
    "ANTHROPIC": re.compile(r"[-@]\d{8}$|-latest$"),
    "GOOGLE": re.compile(r"-\d{3}$"),
    "COHERE": re.compile(r"-\d\d-\d{4}$"),
    "MISTRAL": re.compile(r"-\d{4}$|-latest$"),
}

# Sizes of dall-e-3 that have a price of their own.
_DALL_E_LARGE_SIZES = ("1792x1024", "1024x1792")


@explained
def priced_name(
    provider: str, model: str, *, image_size: str | None = None, image_quality: str | None = None
) -> str | None:
    """Return the name under which the platform prices a vendor's model.

    Args:
        provider: gateway name, such as ``OPENAI``.
        model: the vendor's name, such as ``gpt-4o-mini-2024-07-18``.
        image_size: of an image call, such as ``1792x1024``.
        image_quality: of an image call, such as ``hd`` or ``high``.

    Returns:
        The priced name, or None when there is no safe mapping.
    """
    if provider == "GOOGLE":
        model = model.rpartition("/")[2]  # models/…, publishers/google/models/…
    model = _with_size_and_quality(model, image_size, image_quality)
    undated = _SNAPSHOT[provider].sub("", model) if provider in _SNAPSHOT else model
    for name in (model, undated):
        name = ALIASES.get(provider, {}).get(name, name)
        if (provider, name) in PRICED_MODELS:
            return name
    return None


def vendor_names(provider: str, model: str) -> tuple[str, ...]:
    """Return the vendor's own names of a model that is given under the platform's name; none if it has no other."""
    return tuple(vendor for vendor, priced in ALIASES.get(provider, {}).items() if priced == model)


def _with_size_and_quality(model: str, size: str | None, quality: str | None) -> str:
    """Return the name of an image model with the size and quality that the platform prices as part of it."""
    if model == "dall-e-3":
        return model + ("-hd" if quality == "hd" else "") + ("-xl" if size in _DALL_E_LARGE_SIZES else "")
    if model in ("gpt-image-1", "gpt-image-1-mini") and quality:
        return f"{model}-{quality}"
    return model

"""From a vendor's model name to the name the platform prices.

The platform looks prices up by exact name, and its names are often not the ones that vendors' APIs return: an
unknown name is billed at a general price, up to 16 times too high. What is mapped here is only what the
vendor's name plainly says: a dated snapshot, or a stable alias, of a model that has a price. Anything else
has no mapping; nothing is billed under a guessed name. The platform has one price per model, so snapshots
that a vendor sells at another price than the model's present one are billed at the platform's.
"""

from __future__ import annotations

import re
from typing import Dict, Optional, Tuple

#: Names with a token price on the platform (present and seed-era deployments together).
PRICED: Dict[str, Tuple[str, ...]] = {
    "OPENAI": ("gpt-5", "o3", "o1-pro", "o1", "o1-preview", "gpt-4o", "o4-mini", "gpt-4o-mini"),
    "ANTHROPIC": ("claude-4.1-opus", "claude-4.5-sonnet", "claude-4.5-haiku", "claude-3.5-sonnet"),
    "GOOGLE": (
        "gemini-3.0-pro",
        "gemini-3.0-flash",
        "gemini-2.5-pro",
        "gemini-2.5-flash",
        "gemini-2.5-flash-lite",
        "gemini-1.5-pro",
    ),
    "COHERE": ("command-r-plus",),
    "MISTRAL": ("mistral-large",),
}

#: Vendor's name, without its date, to the platform's, where they differ.
ALIASES: Dict[str, Dict[str, str]] = {
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

#: Names with a price per image. OpenAI's quality (and, for dall-e-3, a wide or tall size) is part of the
#: priced name.
PRICED_IMAGES: Dict[str, Tuple[str, ...]] = {
    "OPENAI": (
        "dall-e-3",
        "dall-e-3-hd",
        "dall-e-3-xl",
        "dall-e-3-hd-xl",
        "gpt-image-1-low",
        "gpt-image-1-medium",
        "gpt-image-1-high",
        "gpt-image-1-mini-low",
        "gpt-image-1-mini-medium",
        "gpt-image-1-mini-high",
    ),
    "GOOGLE": ("imagen-3", "imagen-4", "imagen-4-fast", "imagen-4-ultra"),
}
_DALL_E_WIDE = ("1792x1024", "1024x1792")


def priced_name(
    provider: str, model: str, *, image_size: Optional[str] = None, image_quality: Optional[str] = None
) -> Optional[str]:
    """The name under which the platform prices a vendor's model.

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
    model = _image_name(model, image_size, image_quality)
    undated = _SNAPSHOT[provider].sub("", model) if provider in _SNAPSHOT else model
    for name in (model, undated):
        name = ALIASES.get(provider, {}).get(name, name)
        if name in PRICED.get(provider, ()) or name in PRICED_IMAGES.get(provider, ()):
            return name
    return None


def _image_name(model: str, size: Optional[str], quality: Optional[str]) -> str:
    if model == "dall-e-3":
        return model + ("-hd" if quality == "hd" else "") + ("-xl" if size in _DALL_E_WIDE else "")
    if model in ("gpt-image-1", "gpt-image-1-mini") and quality:
        return f"{model}-{quality}"
    return model

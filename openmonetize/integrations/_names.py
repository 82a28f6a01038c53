"""Names of models, as frameworks have them."""

from __future__ import annotations

from openmonetize.events.providers import PROVIDERS


def vendor_and_model(provider: str, name: str) -> tuple[str, str]:
    """Return the vendor and the model of a name such as ``litellm/anthropic/claude-sonnet-4-5``.

    Args:
        provider: the vendor where the name has none in front.
        name: the model's name, with what a gateway puts in front of it.
    """
    *prefixes, model = name.split("/")
    return next((prefix.upper() for prefix in prefixes if prefix.upper() in PROVIDERS), provider), model

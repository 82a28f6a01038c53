"""Which of the platform's providers stands behind the name that a framework gives to one."""

from __future__ import annotations

from collections.abc import Mapping

from openmonetize.events.providers import PROVIDERS
from openmonetize.providers import UsageError
from openmonetize.providers.bedrock_models import base_model_id

_PROVIDERS: Mapping[str, str] = {
    "openai": "OPENAI",
    "azure": "OPENAI",
    "azure_openai": "OPENAI",
    "anthropic": "ANTHROPIC",
    "google": "GOOGLE",
    "google_genai": "GOOGLE",
    "gemini": "GOOGLE",
    "mistral": "MISTRAL",
    "mistralai": "MISTRAL",
    "cohere": "COHERE",
}

# Services that run models of several vendors, with the vendors whose names models begin with there.
_HOUSES: Mapping[str, Mapping[str, str]] = {
    "vertexai": {"gemini": "GOOGLE", "claude": "ANTHROPIC", "mistral": "MISTRAL", "codestral": "MISTRAL"},
    "bedrock": {"anthropic.": "ANTHROPIC", "mistral.": "MISTRAL", "cohere.": "COHERE", "openai.": "OPENAI"},
}
_HOUSE_NAMES: Mapping[str, str] = {
    "google_vertexai": "vertexai",
    "vertexai": "vertexai",
    "vertex_ai": "vertexai",
    "amazon_bedrock": "bedrock",
    "bedrock": "bedrock",
    "bedrock_converse": "bedrock",
}


def gateway_provider(name: str | None, model: str, others: Mapping[str, str]) -> str:
    """Return the provider under which the platform bills a call.

    Args:
        name: the framework's name of the provider, if it gives one.
        model: the model's name, which decides at Bedrock and Vertex.
        others: the user's own mapping of such names to ``PROVIDERS``; it wins.

    Raises:
        UsageError: nobody knows which it is.
    """
    key = (name or "").lower().replace("-", "_").replace(" ", "_")
    for known in (name or "", key):
        if known in others:
            return others[known].upper()
    if key in _PROVIDERS:
        return _PROVIDERS[key]
    asked = base_model_id(model.rpartition("/")[2] if key != "bedrock" else model).lower()
    vendors = _HOUSES.get(_HOUSE_NAMES.get(key, ""), {})
    found = next((vendor for prefix, vendor in vendors.items() if asked.startswith(prefix)), None)
    if found is None:
        raise UsageError(
            f"the provider {name!r} of {model or 'a model'} is not one the platform takes: pass "
            f"providers={{{name!r}: ...}} with one of {', '.join(PROVIDERS)}"
        )
    return found

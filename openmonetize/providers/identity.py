"""One id for one provider call, whoever sees it."""

from __future__ import annotations

import json
import uuid
from typing import Optional

from openmonetize.providers.usage import Usage

# Response ids are unique at the vendors themselves. A server that merely speaks their format may number its
# answers "chatcmpl-1", "chatcmpl-2" after each restart, and then two different calls would be taken for one.
_FIRST_PARTY = {
    "api.openai.com": "OPENAI",
    "api.anthropic.com": "ANTHROPIC",
    "generativelanguage.googleapis.com": "GOOGLE",
    "aiplatform.googleapis.com": "GOOGLE",
    "api.mistral.ai": "MISTRAL",
    "api.cohere.com": "COHERE",
    "api.cohere.ai": "COHERE",
}
_VERTEX_REGION = "-aiplatform.googleapis.com"

# Never change this: the same call seen by two releases must come to the same id.
_NAMESPACE = uuid.UUID("fcb212d1-4c34-4ad5-a3f1-fab76290fb4a")


def event_id_for(usage: Usage) -> Optional[str]:
    """The event id of a call, the same for every layer that sees it, so that it is billed once.

    Returns:
        A UUIDv5 of provider, host, model and response id, for the hosts of OpenAI, Anthropic, Google (Gemini
        API and Vertex), Mistral and Cohere themselves; None for any other host and for responses without an
        id: such an event gets a fresh id.
    """
    host = (usage.host or "").lower()
    if not usage.response_id or not _is_first_party(host, usage.provider):
        return None
    name = json.dumps([usage.provider, host, usage.model, usage.response_id])
    return str(uuid.uuid5(_NAMESPACE, name))


def _is_first_party(host: str, provider: str) -> bool:
    if host.endswith(_VERTEX_REGION):
        return provider == "GOOGLE"
    return _FIRST_PARTY.get(host) == provider

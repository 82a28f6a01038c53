"""The event id of a provider call, derived so that every layer that sees the call gets the same one."""

from __future__ import annotations

import json
import uuid

from openmonetize._arguments import explained
from openmonetize.providers.hosts import VENDOR_HOSTS
from openmonetize.providers.usage import Usage

_VERTEX_REGION = "-aiplatform.googleapis.com"

# Never change this: two releases must derive the same id for the same call.
_NAMESPACE = uuid.UUID("fcb212d1-4c34-4ad5-a3f1-fab76290fb4a")


@explained
def event_id_for(usage: Usage) -> str | None:
    """Return the event id of a call: the same for every layer that sees it, so that it is billed once.

    Returns:
        A UUIDv5 (RFC 9562) of provider, host, model and response id, for the hosts of OpenAI, Anthropic, Google (Gemini
        API and Vertex), Mistral and Cohere themselves; None for any other host and for responses without an
        id: such an event gets a fresh id.
    """
    host = (usage.host or "").lower()
    if not usage.response_id or not _is_first_party(host, usage.provider):
        return None
    name = json.dumps([usage.provider, host, usage.model, usage.response_id])
    return str(uuid.uuid5(_NAMESPACE, name))


def _is_first_party(host: str, provider: str) -> bool:
    # Response ids are unique at the vendors themselves. Another server that speaks their format may number its
    # responses "chatcmpl-1", "chatcmpl-2" after each restart, and then two different calls would be taken for one.
    if host.endswith(_VERTEX_REGION):
        return provider == "GOOGLE"
    return host in VENDOR_HOSTS.get(provider, ())

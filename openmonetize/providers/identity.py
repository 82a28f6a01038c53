"""The event id of a provider call, derived so that every layer that sees the call gets the same one."""

from __future__ import annotations

from openmonetize._arguments import explained
from openmonetize.events.ids import is_uuid, uuid5
from openmonetize.providers.hosts import service_at
from openmonetize.providers.usage import Usage

# Never change this: two releases must derive the same id for the same call.
_NAMESPACE = bytes.fromhex("fcb212d14c344ad5a3f1fab76290fb4a")


@explained
def event_id_for(usage: Usage) -> str | None:
    """Return the event id of a call: the same for every layer that sees it, so that it is billed once.

    Neither the model nor the provider that the call is billed under is a part of it: layers may be told different ones.

    Returns:
        A UUIDv5 (RFC 9562) of the service that answered and the response id, for the services of OpenAI, Anthropic,
        Google (Gemini API and Vertex), Mistral and Cohere in all their regions, and for Azure and AWS Bedrock. For any
        other host and for responses without an id, one of the host and the ``later_id`` of usage that may be read
        several times, or None: such an event gets a fresh id.
    """
    # Another server that speaks a vendor's format may number its responses "chatcmpl-1", "chatcmpl-2" after each
    # restart, and then two different calls would be taken for one.
    service = service_at(usage.host)
    if service is not None and usage.response_id:
        return uuid5(_NAMESPACE, f"{service}\n{usage.response_id}")
    if usage.later_id:
        return uuid5(_NAMESPACE, f"later\n{service or usage.host or ''}\n{usage.later_id}")
    return None


def part_id(event_id: str, part: str) -> str:
    """Return the event id of a part of a call that has an event of its own, such as its web searches.

    Args:
        event_id: the id of the call's event: a UUID, or the caller's own text, to which the part is added.
        part: the part's name.
    """
    plain = event_id.lower()
    return uuid5(bytes.fromhex(plain.replace("-", "")), part) if is_uuid(plain) else f"{event_id}/{part}"

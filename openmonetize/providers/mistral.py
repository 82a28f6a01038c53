"""The format of Mistral: OpenAI's chat format, with each streamed chunk in an envelope."""

from __future__ import annotations

import re
from typing import Any

from openmonetize.providers.dialect import ResponseReading
from openmonetize.providers.openai import Chat
from openmonetize.providers.response_fields import get

# How Mistral's own API names its models; the same weights served elsewhere are named otherwise
# ("mistralai/Mixtral-8x7B", "mistral:7b"), and those servers are not Mistral.
_FAMILY = "(mistral|ministral|magistral|codestral|devstral|pixtral|voxtral)"
_MODEL = re.compile(
    rf"(open-mi[sx]tral-.+|mistral-(large|medium|small|tiny)|{_FAMILY}(-[a-z0-9]+)*-(latest|embed|\d{{4}}))"
)


class MistralChat(Chat):
    """Chat, agents, fill-in-the-middle and embeddings of Mistral's API."""

    provider = "MISTRAL"

    def feed(self, reading: ResponseReading, chunk: Any) -> None:
        super().feed(reading, get(chunk, "data") or chunk)


def is_mistral_model(model: Any) -> bool:
    """Return whether this is the name of a model as Mistral's own API spells it."""
    return isinstance(model, str) and _MODEL.fullmatch(model) is not None

"""The formats of Mistral: OpenAI's chat and responses, in the library with each streamed chunk in an envelope."""

from __future__ import annotations

import re
from typing import Any

from openmonetize.providers.dialect import ResponseReading
from openmonetize.providers.openai import Chat, Responses
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


class MistralEmbeddings(MistralChat):
    """Embeddings of Mistral."""

    bulky = True


class MistralResponses(Responses):
    """The responses API of Mistral."""

    provider = "MISTRAL"

    def feed(self, reading: ResponseReading, chunk: Any) -> None:
        super().feed(reading, get(chunk, "data") or chunk)


def is_mistral(response: Any) -> bool:
    """Return whether a response or chunk is of Mistral's library, or names a model as Mistral's own API spells it."""
    return type(response).__module__.partition(".")[0] == "mistralai" or is_mistral_model(get(response, "model"))


def is_mistral_model(model: Any) -> bool:
    """Return whether this is the name of a model as Mistral's own API spells it."""
    return isinstance(model, str) and _MODEL.fullmatch(model) is not None

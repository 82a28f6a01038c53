"""Detection of the format of a response or of a stream's chunk, by its shape."""

from __future__ import annotations

from typing import Any

from openmonetize._arguments import described
from openmonetize.providers import anthropic, bedrock, cohere, google, mistral, openai
from openmonetize.providers.dialect import Dialect
from openmonetize.providers.response_fields import get
from openmonetize.providers.usage import UsageError

_CHAT = openai.Chat()
_RESPONSES = openai.Responses()
_IMAGES = openai.Images()
_MESSAGES = anthropic.Messages()
_GENERATE_CONTENT = google.GenerateContent()
_MISTRAL = mistral.MistralChat()
_COHERE = cohere.Cohere()
_CONVERSE = bedrock.Converse()

_COHERE_EVENTS = ("message-start", "content-start", "content-delta", "content-end", "message-end")
_COHERE_V1_EVENTS = ("stream-start", "text-generation", "stream-end")


def dialect_of(response: Any) -> Dialect:
    """Return the dialect of a whole response.

    Raises:
        UsageError: the response has no usage, or an unknown shape.
    """
    metadata = get(response, "usageMetadata", "usage_metadata")
    if get(metadata, *google.TOTALS) is not None:
        return _GENERATE_CONTENT
    if get(get(response, "meta"), "billed_units") is not None:
        return _COHERE
    if get(response, "object") is None and get(response, "created") is not None and get(response, "data") is not None:
        return _IMAGES  # may lack usage: images are counted
    usage = get(response, "usage")
    if usage is None:
        raise UsageError(f"no usage in this response ({described(response)}): nothing to bill")
    if get(usage, "billed_units", "tokens") is not None:
        return _COHERE
    if get(usage, "prompt_tokens") is not None:
        return _MISTRAL if _is_mistral(response) else _CHAT
    if get(usage, "inputTokens") is not None:
        return _CONVERSE
    if get(response, "type") == "message":
        return _MESSAGES
    if get(response, "object") == "response" or get(response, "output") is not None:
        return _RESPONSES
    raise UsageError(f"the usage of this response ({type(response).__name__}) has an unknown shape")


def dialect_of_chunk(chunk: Any) -> Dialect | None:
    """Return the dialect of a stream, by one of its chunks, or None where the chunk does not tell."""
    kind = get(chunk, "type", "event_type")
    if kind in anthropic.STREAM_EVENTS:
        return _MESSAGES
    if kind in _COHERE_EVENTS or kind in _COHERE_V1_EVENTS:
        return _COHERE
    if isinstance(kind, str) and kind.startswith("response."):
        return _RESPONSES
    if isinstance(kind, str) and kind.startswith(("image_generation.", "image_edit.")):
        return _IMAGES
    if get(chunk, "candidates", "usageMetadata", "usage_metadata", "promptFeedback", "prompt_feedback") is not None:
        return _GENERATE_CONTENT
    if get(get(chunk, "data"), "choices") is not None:
        return _MISTRAL
    if get(chunk, "choices") is not None:
        return _MISTRAL if _is_mistral(chunk) else _CHAT
    if any(get(chunk, event) is not None for event in bedrock.STREAM_EVENTS):
        return _CONVERSE
    return None


def _is_mistral(response: Any) -> bool:
    return type(response).__module__.partition(".")[0] == "mistralai" or mistral.is_mistral_model(
        get(response, "model")
    )

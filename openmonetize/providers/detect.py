"""Detection of the format of a response or of a stream's chunk.

The shape tells the format. Where several providers share one, the library or the model's name tells whose it is.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from openmonetize._arguments import described
from openmonetize.providers import (
    anthropic,
    bedrock,
    chat_of_others,
    cohere,
    google,
    google_interactions,
    mistral,
    mistral_others,
    openai,
    openai_audio,
)
from openmonetize.providers.dialect import Dialect
from openmonetize.providers.response_fields import get
from openmonetize.providers.usage import UsageError

CHAT = openai.Chat()
EMBEDDINGS = openai.Embeddings()
RESPONSES = openai.Responses()
IMAGES = openai.Images()
TRANSCRIPTION = openai_audio.Transcription()
MESSAGES = anthropic.Messages()
GENERATE_CONTENT = google.GenerateContent()
INTERACTIONS = google_interactions.Interactions()
MISTRAL_CHAT = mistral.MistralChat()
MISTRAL_EMBEDDINGS = mistral.MistralEmbeddings()
MISTRAL_RESPONSES = mistral.MistralResponses()
MISTRAL_CONVERSATION = mistral_others.Conversation()
MISTRAL_TRANSCRIPTION = mistral_others.MistralTranscription()
OCR = mistral_others.Ocr()
COHERE = cohere.Cohere()
CONVERSE = bedrock.Converse()

# What a usage block of OpenAI's newer formats has, also those of the realtime API.
_RESPONSE_DETAILS = ("input_tokens_details", "output_tokens_details", "input_token_details", "output_token_details")

_COHERE_EVENTS = ("message-start", "content-start", "content-delta", "content-end", "message-end")
_COHERE_V1_EVENTS = ("stream-start", "text-generation", "stream-end")


class Unwrapped(NamedTuple):
    """The answer of a model, taken out of what it came in.

    Attributes:
        response: the answer.
        batch: whether it came in a line of a batch's results.
    """

    response: Any
    batch: bool = False


def unwrapped(response: Any) -> Unwrapped:
    """Return the answer in a line of a batch's results or in a stream's last event; any other response as it is."""
    if get(response, "type") in openai.TERMINAL_EVENTS:
        return Unwrapped(get(response, "response") or response)
    if get(get(response, "data"), "choices") is not None:  # Mistral's envelope of a chunk
        return Unwrapped(get(response, "data"))
    if get(response, "object") == "batch":  # OpenAI's, with the sum of its lines
        return Unwrapped(response, batch=True)
    inner = _batched(response)
    return Unwrapped(response) if inner is None else Unwrapped(inner, batch=True)


def _batched(response: Any) -> Any:
    """Return the answer in a line of a batch's results, or None for anything else."""
    if get(response, "custom_id") is not None:  # OpenAI and Mistral, and Anthropic
        return get(get(response, "response"), "body") or get(get(response, "result"), "message")
    if get(response, "recordId") is not None:  # AWS Bedrock
        return get(response, "modelOutput")
    inner = get(response, "response")
    if get(response, "key") is not None:  # files of Google's batches
        return inner
    # Vertex's lines and inlined answers have no key.
    alone = inner is not None and get(response, "usageMetadata", "usage_metadata", "usage") is None
    return inner if alone and get(inner, "usageMetadata", "usage_metadata") is not None else None


def dialect_of(response: Any) -> Dialect:
    """Return the dialect of a whole response, whose usage may have any form that a stream's may have.

    Raises:
        UsageError: the response has no usage, or an unknown shape.
    """
    metadata = get(response, "usageMetadata", "usage_metadata")
    if get(metadata, *google.COUNTERS) is not None:
        return GENERATE_CONTENT
    if get(get(response, "meta"), "billed_units", "tokens") is not None:
        return COHERE
    if get(response, "object") is None and get(response, "created") is not None and get(response, "data") is not None:
        return IMAGES  # may lack usage: images are counted
    usage = openai.chat_usage(response)
    if usage is None and get(response, "usage_info") is not None:
        return OCR
    if usage is None:
        raise UsageError(f"no usage in this response ({described(response)}): nothing to bill")
    if get(usage, "billed_units", "tokens") is not None:
        return COHERE
    if get(response, "object") == mistral_others.CONVERSATION:
        return MISTRAL_CONVERSATION
    if get(usage, *google_interactions.COUNTERS) is not None:
        return INTERACTIONS
    if get(usage, "prompt_tokens", "completion_tokens") is not None:
        return _chat_of(response)
    if get(usage, "inputTokens", "outputTokens") is not None:
        return CONVERSE
    if get(usage, "type") in openai_audio.USAGE_TYPES:
        return TRANSCRIPTION
    if get(response, "type") == "message":
        return MESSAGES
    known = get(response, "object") == "response" or get(response, "output") is not None
    if known or get(usage, *_RESPONSE_DETAILS) is not None:
        return MISTRAL_RESPONSES if mistral.is_mistral(response) else RESPONSES
    raise UsageError(f"the usage of this response ({type(response).__name__}) has an unknown shape")


def dialect_of_chunk(chunk: Any) -> Dialect | None:
    """Return the dialect of a stream, by one of its chunks, or None where the chunk does not tell."""
    kind = get(chunk, "type", "event_type")
    if kind in anthropic.STREAM_EVENTS:
        return MESSAGES
    if kind in _COHERE_EVENTS or kind in _COHERE_V1_EVENTS:
        return COHERE
    if isinstance(kind, str) and kind.startswith("response."):
        return MISTRAL_RESPONSES if mistral.is_mistral(get(chunk, "response") or chunk) else RESPONSES
    if isinstance(kind, str) and kind.startswith(("image_generation.", "image_edit.")):
        return IMAGES
    if kind in openai_audio.EVENTS:
        return TRANSCRIPTION
    if isinstance(kind, str) and kind.startswith(google_interactions.EVENTS):
        return INTERACTIONS
    if get(chunk, "candidates", "usageMetadata", "usage_metadata", "promptFeedback", "prompt_feedback") is not None:
        return GENERATE_CONTENT
    if get(get(chunk, "data"), "choices") is not None:
        return MISTRAL_CHAT
    kind = get(get(chunk, "data"), "type") or kind  # in Mistral's envelope
    if isinstance(kind, str) and kind.startswith(mistral_others.CONVERSATION_EVENTS):
        return MISTRAL_CONVERSATION
    if isinstance(kind, str) and kind.startswith(mistral_others.TRANSCRIPTION_EVENTS):
        return MISTRAL_TRANSCRIPTION
    if get(chunk, "choices") is not None:
        return _chat_of(chunk)
    if any(get(chunk, event) is not None for event in bedrock.STREAM_EVENTS):
        return CONVERSE
    return None


def provider_of(response: Any) -> str | None:
    """Return the provider that a response or chunk names itself, or None to leave it to its dialect.

    Raises:
        UsageError: it is an object of a library that serves several providers, and does not say which one answered.
    """
    return chat_of_others.provider_of(response) if chat_of_others.is_litellm(response) else None


def _chat_of(response: Any) -> Dialect:
    if mistral.is_mistral(response):
        return MISTRAL_CHAT
    return chat_of_others.dialect_of_another(response) or CHAT

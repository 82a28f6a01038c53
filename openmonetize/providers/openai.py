"""The formats of OpenAI, which many servers speak: chat, legacy completions, embeddings, responses and images."""

from __future__ import annotations

import re
from typing import Any

from openmonetize.providers import otel
from openmonetize.providers.dialect import Counts, Dialect, ResponseReading
from openmonetize.providers.response_fields import count, get, items, merged, text, token_pair

TERMINAL_EVENTS = ("response.completed", "response.incomplete", "response.failed")

# Events of the responses API after which the terminal one, with the usage, may follow at once.
_FINAL_EVENTS = (
    "response.output_text.done",
    "response.refusal.done",
    "response.function_call_arguments.done",
    "response.content_part.done",
    "response.output_item.done",
)

# What a chunk of a chat tells beside its text: quotes inside of a text are escaped.
_TOLD = re.compile(rb'"(?:usage|finish_reason)"\s*:\s*[^n\s]')
_NAMED_DELTA = re.compile(rb"event: ?response\.[a-z_.]+\.delta\s")


class Chat(Dialect):
    """Chat completions, legacy completions and embeddings: ``prompt_tokens`` and ``completion_tokens``."""

    provider: str | None = "OPENAI"

    def read(self, response: Any) -> ResponseReading:
        return ResponseReading(text(response, "id"), text(response, "model"), chat_usage(response), finished=True)

    def feed(self, reading: ResponseReading, chunk: Any) -> None:
        reading.response_id = text(chunk, "id") or reading.response_id
        reading.model = text(chunk, "model") or reading.model
        choices = items(chunk, "choices")
        usage = chat_usage(chunk)
        if usage is not None:
            reading.usage = merged(reading.usage, usage)  # some servers repeat a running total on every chunk
            reading.ended = reading.ended or not choices  # OpenAI's own last chunk: usage and nothing else
        reading.ended = reading.ended or any(get(choice, "finish_reason") for choice in choices)
        reading.finished = reading.ended and reading.usage is not None
        if reading.estimating:
            reading.output_characters += sum(map(_delta_characters, choices))

    def is_mere_text(self, event: bytes) -> bool:
        return _TOLD.search(event) is None

    def says_final(self, chunk: Any) -> bool:
        return any(get(choice, "finish_reason") for choice in items(chunk, "choices"))

    def counts(self, usage: Any) -> Counts:
        return _counts(
            token_pair(usage, "prompt_tokens", "completion_tokens"),
            get(usage, "prompt_tokens_details"),
            get(usage, "completion_tokens_details"),
            cached=count(usage, "prompt_cache_hit_tokens"),  # DeepSeek's spelling
        )


class Embeddings(Chat):
    """Embeddings: a few fields, and megabytes of numbers."""

    bulky = True


class Responses(Dialect):
    """The responses API: ``input_tokens`` and ``output_tokens``, which a stream has on its terminal event."""

    provider = "OPENAI"

    def read(self, response: Any) -> ResponseReading:
        return ResponseReading(text(response, "id"), text(response, "model"), get(response, "usage"), finished=True)

    def feed(self, reading: ResponseReading, chunk: Any) -> None:
        kind = text(chunk, "type") or ""
        response = get(chunk, "response")
        if response is not None:
            reading.response_id = text(response, "id") or reading.response_id
            reading.model = text(response, "model") or reading.model
            reading.usage = merged(reading.usage, get(response, "usage"))
        reading.finished = reading.finished or kind in TERMINAL_EVENTS
        if reading.estimating and kind.endswith(".delta"):
            reading.output_characters += len(text(chunk, "delta") or "")

    def is_mere_text(self, event: bytes) -> bool:
        return _NAMED_DELTA.match(event) is not None

    def says_final(self, chunk: Any) -> bool:
        return get(chunk, "type") in _FINAL_EVENTS

    def counts(self, usage: Any) -> Counts:
        return _counts(
            token_pair(usage, "input_tokens", "output_tokens"),
            get(usage, "input_tokens_details"),
            get(usage, "output_tokens_details"),
        )


class Images(Responses):
    """Image generation.

    Images are counted; only the GPT image models report tokens. The response has neither id nor model name.
    """

    estimable = False  # an unfinished image is not made of text

    def read(self, response: Any) -> ResponseReading:
        return ResponseReading(
            usage=get(response, "usage") or {},
            finished=True,
            image_count=len(items(response, "data")),
            image_size=text(response, "size"),
            image_quality=text(response, "quality"),
        )

    def feed(self, reading: ResponseReading, chunk: Any) -> None:
        if (text(chunk, "type") or "").endswith(".completed"):
            reading.image_count = (reading.image_count or 0) + 1
            reading.usage = merged(reading.usage, get(chunk, "usage")) or {}
            reading.image_size = text(chunk, "size") or reading.image_size
            reading.image_quality = text(chunk, "quality") or reading.image_quality
            reading.finished = True

    def says_final(self, chunk: Any) -> bool:
        return False

    def counts(self, usage: Any) -> Counts:
        return super().counts(usage) if usage else Counts(0, 0, {})


def chat_usage(response: Any) -> Any:
    """Return the usage block of a chat completion or of a chunk, wherever its server puts it."""
    usage = get(response, "usage")
    if usage is None:
        usage = get(get(response, "x_groq"), "usage")  # Groq's streams
    if usage is None:
        usage = next(filter(None, (get(choice, "usage") for choice in items(response, "choices"))), None)  # Moonshot's
    return usage


def _counts(tokens: tuple[int, int], input_details: Any, output_details: Any, cached: int | None = None) -> Counts:
    parts = {
        otel.CACHE_READ: count(input_details, "cached_tokens") or cached,
        otel.CACHE_WRITE: count(input_details, "cache_write_tokens"),
        otel.REASONING: count(output_details, "reasoning_tokens"),
    }
    for modality in otel.MODALITIES:
        parts[otel.input_of(modality)] = count(input_details, f"{modality}_tokens")
        parts[otel.output_of(modality)] = count(output_details, f"{modality}_tokens")
    return Counts(*tokens, otel.normalised(*tokens, parts))


def _delta_characters(choice: Any) -> int:
    delta = get(choice, "delta")
    content = get(delta, "content") or get(choice, "text")  # "text": legacy completions
    length = (
        len(content)
        if isinstance(content, str)
        else sum(len(text(part, "text") or "") for part in items(delta, "content"))
    )
    for call in items(delta, "tool_calls"):
        length += len(text(get(call, "function"), "arguments") or "")
    return length

"""OpenAI and servers that speak its formats: chat and legacy completions, embeddings, responses, images."""

from __future__ import annotations

from typing import Any, Optional, Tuple

from openmonetize.providers import otel
from openmonetize.providers.dialect import Counts, Dialect, ResponseReading
from openmonetize.providers.fields import count, get, items, text, token_pair

TERMINAL_EVENTS = ("response.completed", "response.incomplete", "response.failed")


class Chat(Dialect):
    """Chat completions, legacy completions and embeddings: ``prompt_tokens`` and ``completion_tokens``."""

    provider: Optional[str] = "OPENAI"

    def read(self, response: Any) -> ResponseReading:
        return ResponseReading(text(response, "id"), text(response, "model"), get(response, "usage"), finished=True)

    def feed(self, answer: ResponseReading, chunk: Any) -> None:
        answer.response_id = text(chunk, "id") or answer.response_id
        answer.model = text(chunk, "model") or answer.model
        choices = items(chunk, "choices")
        usage = get(chunk, "usage")
        if usage is not None:
            answer.usage = usage  # some servers repeat a running total on every chunk: the last one stands
            answer.ended = answer.ended or not choices  # OpenAI's own last chunk: usage and nothing else
        answer.ended = answer.ended or any(get(choice, "finish_reason") for choice in choices)
        answer.finished = answer.ended and answer.usage is not None
        for choice in choices:
            answer.output_characters += _delta_characters(choice)

    def counts(self, usage: Any) -> Counts:
        return _counts(
            token_pair(usage, "prompt_tokens", "completion_tokens"),
            get(usage, "prompt_tokens_details"),
            get(usage, "completion_tokens_details"),
            cached=count(usage, "prompt_cache_hit_tokens"),  # DeepSeek's spelling
        )


class Responses(Dialect):
    """The responses API: ``input_tokens`` and ``output_tokens``, in a stream on whichever event is terminal."""

    provider = "OPENAI"

    def read(self, response: Any) -> ResponseReading:
        return ResponseReading(text(response, "id"), text(response, "model"), get(response, "usage"), finished=True)

    def feed(self, answer: ResponseReading, chunk: Any) -> None:
        kind = text(chunk, "type") or ""
        response = get(chunk, "response")
        if response is not None:
            answer.response_id = text(response, "id") or answer.response_id
            answer.model = text(response, "model") or answer.model
            answer.usage = get(response, "usage") or answer.usage
        answer.finished = answer.finished or kind in TERMINAL_EVENTS
        if kind.endswith(".delta"):
            answer.output_characters += len(text(chunk, "delta") or "")

    def counts(self, usage: Any) -> Counts:
        return _counts(
            token_pair(usage, "input_tokens", "output_tokens"),
            get(usage, "input_tokens_details"),
            get(usage, "output_tokens_details"),
        )


class Images(Responses):
    """Image generation. Images are counted; tokens only the GPT image models have. No id, and no model name."""

    estimable = False  # an unfinished image is not made of text

    def read(self, response: Any) -> ResponseReading:
        return ResponseReading(
            usage=get(response, "usage") or {},
            finished=True,
            image_count=len(items(response, "data")),
            image_size=text(response, "size"),
            image_quality=text(response, "quality"),
        )

    def feed(self, answer: ResponseReading, chunk: Any) -> None:
        if (text(chunk, "type") or "").endswith(".completed"):
            answer.image_count = (answer.image_count or 0) + 1
            answer.usage = get(chunk, "usage") or answer.usage or {}
            answer.image_size = text(chunk, "size")
            answer.image_quality = text(chunk, "quality")
            answer.finished = True

    def counts(self, usage: Any) -> Counts:
        return super().counts(usage) if usage else Counts(0, 0, {})


def _counts(tokens: Tuple[int, int], input_details: Any, output_details: Any, cached: Optional[int] = None) -> Counts:
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

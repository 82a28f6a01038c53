"""The formats of OpenAI, which many servers speak: chat, legacy completions, embeddings, responses and images."""

from __future__ import annotations

import re
from typing import Any

from openmonetize.providers.dialect import Counts, Dialect, ResponseReading, Terms
from openmonetize.providers.openai_counts import openai_counts
from openmonetize.providers.response_fields import get, items, merged, text, token_pair, units
from openmonetize.providers.server_tools import response_tools
from openmonetize.providers.terms import label, terms_of

# The last one is of the realtime API.
TERMINAL_EVENTS = ("response.completed", "response.incomplete", "response.failed", "response.done")

# Events of the responses API after which the terminal one, with the usage, may follow at once.
_FINAL_EVENTS = (
    "response.output_text.done",
    "response.refusal.done",
    "response.function_call_arguments.done",
    "response.content_part.done",
    "response.output_item.done",
)

# What a chunk of a chat tells beside its text: quotes inside of a text are escaped.
_TOLD = re.compile(rb'"(?:usage|finish_reason|error)"\s*:\s*[^n\s]')
_NAMED_DELTA = re.compile(rb"event: ?response\.[a-z_.]+\.delta\s")


class Chat(Dialect):
    """Chat completions, legacy completions and embeddings: ``prompt_tokens`` and ``completion_tokens``."""

    provider: str | None = "OPENAI"

    def read(self, response: Any) -> ResponseReading:
        return ResponseReading(
            text(response, "id"),
            text(response, "model"),
            chat_usage(response),
            finished=True,
            service_tier=label(response, "service_tier"),
        )

    def feed(self, reading: ResponseReading, chunk: Any) -> None:
        reading.response_id = text(chunk, "id") or reading.response_id
        reading.model = text(chunk, "model") or reading.model
        reading.service_tier = label(chunk, "service_tier") or reading.service_tier
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
        return openai_counts(
            token_pair(usage, "prompt_tokens", "completion_tokens"),
            usage,
            get(usage, "prompt_tokens_details"),
            get(usage, "completion_tokens_details"),
        )

    def terms(self, usage: Any) -> Terms:
        return terms_of(usage)


class Embeddings(Chat):
    """Embeddings: a few fields, and megabytes of numbers."""

    bulky = True


class Responses(Dialect):
    """The responses API: ``input_tokens`` and ``output_tokens``, which a stream has on its terminal event."""

    provider = "OPENAI"

    def read(self, response: Any) -> ResponseReading:
        return ResponseReading(
            text(response, "id"),
            text(response, "model"),
            get(response, "usage"),
            finished=True,
            service_tier=label(response, "service_tier"),
            tools=response_tools(response),
            later_id=_background_id(response),
        )

    def feed(self, reading: ResponseReading, chunk: Any) -> None:
        kind = text(chunk, "type") or ""
        response = get(chunk, "response")
        if response is not None:
            reading.response_id = text(response, "id") or reading.response_id
            reading.model = text(response, "model") or reading.model
            reading.usage = merged(reading.usage, get(response, "usage"))
            # The first events repeat the tier that was asked for ("auto"), the last one has that which served.
            reading.service_tier = label(response, "service_tier") or reading.service_tier
            reading.later_id = _background_id(response) or reading.later_id
            if kind in TERMINAL_EVENTS:
                reading.tools = response_tools(response)
        reading.finished = reading.finished or kind in TERMINAL_EVENTS
        if reading.estimating and kind.endswith(".delta"):
            reading.output_characters += len(text(chunk, "delta") or "")

    def is_mere_text(self, event: bytes) -> bool:
        return _NAMED_DELTA.match(event) is not None

    def says_final(self, chunk: Any) -> bool:
        return get(chunk, "type") in _FINAL_EVENTS

    def counts(self, usage: Any) -> Counts:
        return openai_counts(
            token_pair(usage, "input_tokens", "output_tokens"),
            usage,
            get(usage, "input_tokens_details", "input_token_details"),  # the latter of the realtime API
            get(usage, "output_tokens_details", "output_token_details"),
        )

    def terms(self, usage: Any) -> Terms:
        return terms_of(usage)


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
            tools=_svg_tokens(response),
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


def _svg_tokens(response: Any) -> dict[str, int]:
    """Return the tokens of the model that writes drawings, which the usage leaves out."""
    usage = get(response, "svg_usage")
    return {f"gen_ai.usage.svg.{name}": units(usage, name) for name in ("input_tokens", "output_tokens") if usage}


def chat_usage(response: Any) -> Any:
    """Return the usage block of a chat completion or of a chunk, wherever its server puts it."""
    usage = get(response, "usage")
    if usage is None:
        usage = get(get(response, "x_groq"), "usage")  # Groq's streams
    if usage is None:
        usage = next(filter(None, (get(choice, "usage") for choice in items(response, "choices"))), None)  # Moonshot's
    return usage


def _background_id(response: Any) -> str | None:
    """Return what tells a response apart that is made in the background, and may be read several times."""
    return later_id_of(response) if get(response, "background") else None


def later_id_of(job: Any) -> str:
    """Return what tells a job apart that may be read several times, as JSON or as an object of the library."""
    created = get(job, "created_at")
    if isinstance(created, float) and created.is_integer():  # the library makes a float of JSON's whole number
        created = int(created)
    return f"{text(job, 'id')}\n{created}"


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

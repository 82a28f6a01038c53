"""The formats of Mistral that are not OpenAI's: conversations and transcriptions, whole and streamed, and OCR."""

from __future__ import annotations

from typing import Any

from openmonetize.providers import otel
from openmonetize.providers.dialect import Counts, ResponseReading
from openmonetize.providers.mistral import MistralChat
from openmonetize.providers.response_fields import count, get, items, merged, text, token_pair, units
from openmonetize.providers.server_tools import named

CONVERSATION = "conversation.response"
CONVERSATION_EVENTS = ("conversation.response.", "message.output.")
TRANSCRIPTION_EVENTS = "transcription."


class Conversation(MistralChat):
    """Conversations, whose entries name the model and have ids. ``prompt_tokens`` leave out what connectors add."""

    def read(self, response: Any) -> ResponseReading:
        reading = ResponseReading(usage=get(response, "usage"), finished=True)
        for entry in items(response, "outputs"):
            _note_entry(reading, entry)
        return reading

    def feed(self, reading: ResponseReading, chunk: Any) -> None:
        event = get(chunk, "data") or chunk
        kind = text(event, "type") or ""
        if kind == "conversation.response.done":
            reading.usage, reading.finished = merged(reading.usage, get(event, "usage")), True
            return
        _note_entry(reading, event)
        if reading.estimating and kind == "message.output.delta":
            reading.output_characters += len(text(event, "content") or "")

    def says_final(self, chunk: Any) -> bool:
        return False

    def counts(self, usage: Any) -> Counts:
        tokens = token_pair(usage, "prompt_tokens", "completion_tokens")
        added = count(usage, "connector_tokens") or 0
        parts = {otel.TOOL_PROMPT: added, **named(get(usage, "connectors"))}
        return Counts(*tokens, otel.normalised(*tokens, parts, input_total=tokens[0] + added))


class MistralTranscription(MistralChat):
    """Transcriptions, which Mistral charges for by the seconds of sound."""

    estimable = False

    def feed(self, reading: ResponseReading, chunk: Any) -> None:
        event = get(chunk, "data") or chunk
        if get(event, "type") == "transcription.done":
            reading.model = text(event, "model") or reading.model
            reading.usage, reading.finished = merged(reading.usage, get(event, "usage")), True

    def says_final(self, chunk: Any) -> bool:
        return False


class Ocr(MistralChat):
    """Texts in documents, which Mistral charges for by the page."""

    def read(self, response: Any) -> ResponseReading:
        return ResponseReading(model=text(response, "model"), usage=get(response, "usage_info"), finished=True)

    def counts(self, usage: Any) -> Counts:
        return Counts(0, 0, otel.normalised(0, 0, {otel.tool_calls_of("pages"): units(usage, "pages_processed")}))


def _note_entry(reading: ResponseReading, entry: Any) -> None:
    if get(entry, "model") is None:
        return
    reading.model = text(entry, "model") or reading.model
    reading.response_id = text(entry, "id") or reading.response_id

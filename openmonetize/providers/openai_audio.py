"""The format of OpenAI's transcriptions, whole and streamed."""

from __future__ import annotations

from typing import Any

from openmonetize.providers.dialect import Counts, ResponseReading
from openmonetize.providers.openai import Responses
from openmonetize.providers.response_fields import get, merged, text
from openmonetize.providers.usage import UsageError

EVENTS = ("transcript.text.delta", "transcript.text.segment", "transcript.text.done")

USAGE_TYPES = ("tokens", "duration")


class Transcription(Responses):
    """Transcriptions. The response does not name its model, which therefore comes from the request."""

    estimable = False  # what it has read is sound

    def read(self, response: Any) -> ResponseReading:
        return ResponseReading(model=text(response, "model"), usage=get(response, "usage"), finished=True)

    def feed(self, reading: ResponseReading, chunk: Any) -> None:
        if get(chunk, "type") == "transcript.text.done":
            reading.usage, reading.finished = merged(reading.usage, get(chunk, "usage")), True

    def says_final(self, chunk: Any) -> bool:
        return False

    def counts(self, usage: Any) -> Counts:
        seconds = get(usage, "seconds")
        if seconds is not None and get(usage, "input_tokens", "output_tokens") is None:
            raise UsageError(f"billed by the duration of the sound ({seconds} s) and not by tokens")
        return super().counts(usage)

"""What a fake provider answers, in terms that all providers share."""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from openmonetize._arguments import require
from openmonetize.exceptions import ApiValueError

Json = dict[str, Any]

FINISHES = ("stop", "length", "tool_calls", "content_filter")

# English prose has about four characters a token.
CHARACTERS_PER_TOKEN = 4

_WHOLE_NUMBERS = (
    "cached_tokens",
    "cache_write_tokens",
    "cache_write_1h_tokens",
    "reasoning_tokens",
    "web_searches",
)

_PIECE = re.compile(r"\S+\s*|\s+")


@dataclass(frozen=True)
class ToolCall:
    """A call of one of the request's tools.

    Attributes:
        name: the tool's name.
        arguments: its arguments.
    """

    name: str
    arguments: Mapping[str, Any] = field(default_factory=dict)

    @property
    def id(self) -> str:
        """The id of the call, which is the same in each part of an answer."""
        return f"call_{uuid.uuid5(uuid.NAMESPACE_OID, f'{self.name}{dict(self.arguments)}').hex[:24]}"


@dataclass(frozen=True)
class Answer:
    """An answer of a model. Each provider sends it in its own format, whole or as a stream.

    Attributes:
        text: the text.
        input_tokens: all tokens of the prompt, cached ones included; by default one for four characters of the request.
        output_tokens: all tokens of the answer, reasoning included; by default one for four characters of the text.
        cached_tokens: how many of the input were read from the prompt cache.
        cache_write_tokens: how many of the input were written to the prompt cache.
        cache_write_1h_tokens: how many of these are kept for an hour, where the provider tells it; the others are kept
            for five minutes.
        reasoning_tokens: how many of the output are reasoning.
        tool_calls: calls of the request's tools.
        web_searches: searches that the provider has made itself; Mistral's chat tells of none.
        service_tier: the tier that served the request, in the provider's own words.
        finish: why it ends: ``"stop"``, ``"length"``, ``"tool_calls"`` or ``"content_filter"``. By default
            ``"tool_calls"`` with such calls, ``"length"`` where the request's limit of tokens cuts it, or ``"stop"``.
        model: the model that it names; by default that of the request.
        response_id: the provider's id of it; by default a new one.
        usage: more fields for the provider's own usage object, under the provider's own names.
        cut: break the connection before the end.
        delay: seconds before it begins.

    Raises:
        ApiValueError: a part of the tokens is larger than the whole, or a value is not one of those above.
    """

    text: str = "Hello there"
    input_tokens: int | None = None
    output_tokens: int | None = None
    cached_tokens: int = 0
    cache_write_tokens: int = 0
    cache_write_1h_tokens: int = 0
    reasoning_tokens: int = 0
    tool_calls: Sequence[ToolCall] = ()
    web_searches: int = 0
    service_tier: str | None = None
    finish: str | None = None
    model: str | None = None
    response_id: str | None = None
    usage: Mapping[str, Any] = field(default_factory=dict)
    cut: bool = False
    delay: float = 0.0

    def __post_init__(self) -> None:
        if self.finish is not None and self.finish not in FINISHES:
            raise ApiValueError(f"finish is {self.finish!r}: it is one of {', '.join(FINISHES)}")
        require("text", self.text, str, "a text")
        for name in ("input_tokens", "output_tokens", *_WHOLE_NUMBERS):
            if name in _WHOLE_NUMBERS or getattr(self, name) is not None:
                require(name, getattr(self, name), int, "a whole number")
        require("delay", self.delay, (int, float), "a number of seconds")
        for name in (*_WHOLE_NUMBERS, "delay"):
            if getattr(self, name) < 0:
                raise ApiValueError(f"{name} is below zero")
        if self.cache_write_tokens < self.cache_write_1h_tokens:
            raise ApiValueError("cache_write_tokens include cache_write_1h_tokens, and are fewer here")
        if self.input_tokens is not None and self.input_tokens < self.cached_tokens + self.cache_write_tokens:
            raise ApiValueError("input_tokens include cached_tokens and cache_write_tokens, and are fewer here")
        if self.output_tokens is not None and self.output_tokens < self.reasoning_tokens:
            raise ApiValueError("output_tokens include reasoning_tokens, and are fewer here")

    def completed(self, model: str, prompt_tokens: int, limit: int | None = None) -> Completion:
        """Return the answer to one request, with everything that was left to it.

        Args:
            model: the model of the request.
            prompt_tokens: tokens of the request's prompt.
            limit: the most tokens of an answer that the request allows.
        """
        text, finish = self.text, self.finish or ("tool_calls" if self.tool_calls else "stop")
        output = self.output_tokens
        if output is None:
            output = tokens(text) + sum(tokens(str(dict(call.arguments))) for call in self.tool_calls)
            output += self.reasoning_tokens
            if limit is not None and output > limit:
                text = text[: max(limit - self.reasoning_tokens, 0) * CHARACTERS_PER_TOKEN]
                output, finish = max(limit, self.reasoning_tokens), self.finish or "length"
        read = self.input_tokens
        if read is None:
            read = prompt_tokens + self.cached_tokens + self.cache_write_tokens
        known = replace(self, text=text, finish=finish)
        return Completion(
            known, self.model or model, self.response_id or uuid.uuid4().hex, input_tokens=read, output_tokens=output
        )


@dataclass(frozen=True)
class Completion:
    """An answer to one request: nothing of it is left open.

    Attributes:
        answer: the answer, whose `finish` is known.
        model: the model that it names.
        id: the part of the provider's id that tells it from others.
        input_tokens: all tokens of the prompt.
        output_tokens: all tokens of the answer.
    """

    answer: Answer
    model: str
    id: str
    input_tokens: int
    output_tokens: int

    @property
    def finish(self) -> str:
        """Why it ends, one of `FINISHES`."""
        return self.answer.finish or "stop"

    @property
    def pieces(self) -> list[str]:
        """The text as a stream sends it: a word at a time."""
        return _PIECE.findall(self.answer.text)

    @property
    def uncached_tokens(self) -> int:
        """Tokens of the prompt that were neither read from the cache nor written to it."""
        return self.input_tokens - self.answer.cached_tokens - self.answer.cache_write_tokens

    @property
    def searches(self) -> list[str]:
        """The queries of the provider's own searches."""
        return [f"query {number}" for number in range(1, self.answer.web_searches + 1)]

    def tier(self, name: str = "service_tier") -> Json:
        """Return the field that names the service tier, if there is one."""
        return {name: self.answer.service_tier} if self.answer.service_tier else {}

    def usage(self, fields: Json) -> Json:
        """Return a provider's usage object with the further fields of the answer."""
        return _merged(fields, self.answer.usage)


@dataclass(frozen=True)
class Failure:
    """An error of a provider, in its own format.

    Attributes:
        status: the status.
        message: what the provider says.
        retry_after: seconds for the header ``Retry-After``.
    """

    status: int
    message: str = "the fake provider was told to fail"
    retry_after: float | None = None

    def __post_init__(self) -> None:
        require("status", self.status, int, "a whole number")
        if not 400 <= self.status <= 599:
            raise ApiValueError(f"status is {self.status}: an error has one from 400 to 599")


def tokens(text: str) -> int:
    """Return the tokens of a text: one for each four characters, rounded up."""
    return -(-len(text) // CHARACTERS_PER_TOKEN)


def _merged(fields: Json, more: Mapping[str, Any]) -> Json:
    merged = dict(fields)
    for name, value in more.items():
        present = merged.get(name)
        both = isinstance(present, dict) and isinstance(value, Mapping)
        merged[name] = _merged(present, value) if both else value  # type: ignore[arg-type]
    return merged

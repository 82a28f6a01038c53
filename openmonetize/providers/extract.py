"""Extraction of :class:`Usage` from a provider's response, whole or streamed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from openmonetize._arguments import explained
from openmonetize.providers import estimate, otel
from openmonetize.providers.detect import dialect_of, dialect_of_chunk
from openmonetize.providers.dialect import Counts, Dialect, ResponseReading
from openmonetize.providers.response_fields import parsed
from openmonetize.providers.usage import Completeness, Usage, UsageError, gateway_name

OnPartial = Literal["reported", "estimate"]


@explained
def usage_from(
    response: Any, *, provider: str | None = None, model: str | None = None, host: str | None = None
) -> Usage:
    """Return the usage of a whole response of OpenAI, Anthropic, Google, Mistral or Cohere, or in one of their formats.

    Args:
        response: the library's object, a dictionary, or JSON as text or bytes.
        provider: bill under this provider instead of the one whose format it is. Required for AWS Bedrock.
        model: bill under this model instead of the one the response names. Required for AWS Bedrock and
            Cohere, whose responses name none, and for OpenAI images.
        host: the host that answered (``api.openai.com``), if you know it; see ``event_id_for``.

    Returns:
        The usage; its ``completeness`` is ``exact``.

    Raises:
        UsageError: the response has no usage or an unknown shape, or there is no provider or model to bill under.
    """
    return read_usage(response, provider=provider, model=model, host=host)


def read_usage(
    response: Any,
    *,
    provider: str | None,
    model: str | None,
    host: str | None,
    default_model: str | None = None,
) -> Usage:
    """Return what :func:`usage_from` returns; ``default_model`` is used where the response names no model."""
    response = parsed(response)
    dialect = dialect_of(response)
    reading = dialect.read(response)
    model = model or reading.model or default_model
    return _usage(dialect, reading, dialect.counts(reading.usage), "exact", provider, model, host)


class StreamMeter:
    """The usage of one streamed response: ``feed`` every chunk, then ask for ``usage``.

    Counters are merged by the provider's own rule: Anthropic's are cumulative (the last one counts), Gemini's
    repeat and may be missing (the largest one counts), the others come once, on the last chunk or on a terminal
    event.

    Args:
        provider: bill under this provider instead of the one whose format it is. Required for AWS Bedrock.
        model: bill under this model instead of the one the stream names.
        default_model: the model that was asked for; used where the stream names no model.
        host: the host that answers, if known.
        response_id: the response's id, where the stream does not carry it (AWS Bedrock).
        on_partial: the usage of a stream that ended early, or that never reported any. ``reported``: what the
            provider reported, marked ``partial``, and an error if that is nothing. ``estimate``: reported
            counts completed by a rough estimate (one token per four characters of text), marked
            ``estimated``.
        request: the request's parameters; the estimate counts the prompt in it.
    """

    @explained
    def __init__(
        self,
        *,
        provider: str | None = None,
        model: str | None = None,
        default_model: str | None = None,
        host: str | None = None,
        response_id: str | None = None,
        on_partial: OnPartial = "reported",
        request: Mapping[str, Any] | None = None,
    ) -> None:
        self._provider = provider
        self._model = model
        self._default_model = default_model
        self._host = host
        self._on_partial = on_partial
        self._request = request or {}
        self._dialect: Dialect | None = None
        self._reading = ResponseReading(response_id=response_id)

    def feed(self, chunk: Any) -> None:
        """Add one chunk: the library's object, a dictionary, or JSON as text or bytes."""
        chunk = parsed(chunk)
        if self._dialect is None:
            self._dialect = dialect_of_chunk(chunk)
        if self._dialect is not None:
            self._dialect.feed(self._reading, chunk)

    @property
    def finished(self) -> bool:
        """Whether the provider has reported its final usage."""
        return self._reading.finished

    def usage(self) -> Usage:
        """Return the usage so far: ``exact`` once the stream is finished, else ``partial`` or ``estimated``.

        Raises:
            UsageError: nothing was reported (and no estimate was asked for), or there is no provider or model
                to bill under.
        """
        if self._dialect is None:
            raise UsageError("the stream had no chunk of a known shape: nothing to bill")
        reading = self._reading
        counts = None if reading.usage is None else self._dialect.counts(reading.usage)
        completeness: Completeness = "exact"
        if counts is None or not reading.finished:
            if self._on_partial == "estimate" and self._dialect.estimable:
                counts, completeness = self._estimated(counts), "estimated"
            elif counts is None:
                raise UsageError("the stream ended before the provider reported any usage")
            else:
                completeness = "partial"
        model = self._model or reading.model or self._default_model
        return _usage(self._dialect, reading, counts, completeness, self._provider, model, self._host)

    def _estimated(self, reported: Counts | None) -> Counts:
        written = estimate.tokens(self._reading.output_characters)
        if reported is None:
            return Counts(estimate.tokens(estimate.prompt_characters(self._request)), written, {})
        missing = max(0, written - reported.output_tokens)
        details = dict(reported.details)
        if otel.OUTPUT in details:
            details[otel.OUTPUT] += missing
        return Counts(reported.input_tokens, reported.output_tokens + missing, details)


def _usage(
    dialect: Dialect,
    reading: ResponseReading,
    counts: Counts,
    completeness: Completeness,
    provider: str | None,
    model: str | None,
    host: str | None,
) -> Usage:
    provider = provider or dialect.provider
    if provider is None:
        raise UsageError("AWS Bedrock is not a provider the platform takes: pass provider= and model= to bill under")
    return Usage(
        provider=gateway_name(provider),
        model=model or "",
        input_tokens=counts.input_tokens,
        output_tokens=counts.output_tokens,
        response_id=reading.response_id,
        host=host,
        image_count=reading.image_count,
        image_size=reading.image_size,
        image_quality=reading.image_quality,
        details=counts.details,
        completeness=completeness,
    )

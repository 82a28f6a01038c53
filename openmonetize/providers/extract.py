"""From a provider's response, whole or streamed, to :class:`Usage`."""

from __future__ import annotations

from typing import Any, Mapping, Optional

from typing_extensions import Literal

from openmonetize.providers import estimate, otel
from openmonetize.providers.detect import dialect_of, dialect_of_chunk
from openmonetize.providers.dialect import Counts, Dialect, ResponseReading
from openmonetize.providers.fields import parsed
from openmonetize.providers.usage import Completeness, Usage, UsageError, gateway_name

OnPartial = Literal["reported", "estimate"]


def usage_from(
    response: Any, *, provider: Optional[str] = None, model: Optional[str] = None, host: Optional[str] = None
) -> Usage:
    """The usage of a whole response: OpenAI, Anthropic, Google, Mistral, Cohere, or a server with their formats.

    Args:
        response: the library's object, a dictionary, or JSON as text or bytes.
        provider: bill under this provider instead of the one whose format it is. Required for AWS Bedrock.
        model: bill under this model instead of the one the response names. Required for AWS Bedrock and
            Cohere, whose responses name none, and for OpenAI images.
        host: the host that answered (``api.openai.com``), if you know it; see ``event_id_for``.

    Returns:
        Usage, ``exact``.

    Raises:
        UsageError: no usage, an unknown shape, or no provider or model to bill under.
    """
    return read_usage(response, provider=provider, model=model, host=host)


def read_usage(
    response: Any,
    *,
    provider: Optional[str],
    model: Optional[str],
    host: Optional[str],
    default_model: Optional[str] = None,
) -> Usage:
    """As :func:`usage_from`; ``default_model`` is the model that was asked for, used where the response names
    none.
    """
    response = parsed(response)
    dialect = dialect_of(response)
    answer = dialect.read(response)
    model = model or answer.model or default_model
    return _usage(dialect, answer, dialect.counts(answer.usage), "exact", provider, model, host)


class StreamMeter:
    """Adds up one streamed response: ``feed`` every chunk, then ask for ``usage``.

    Counters are merged by the provider's own rule: Anthropic's are cumulative (the last stands), Gemini's
    repeat and may go missing (the largest stands), the others come once, on the last chunk or on any terminal
    event.

    Args:
        provider: bill under this provider instead of the one whose format it is. Required for AWS Bedrock.
        model: bill under this model instead of the one the stream names.
        default_model: the model that was asked for; used where the stream names none.
        host: the host that answers, if known.
        response_id: the response's id, where the stream does not carry it (AWS Bedrock).
        on_partial: what a stream that ended early, or never said its usage, comes to. ``reported``: what the
            provider reported, marked ``partial``, and an error if that is nothing. ``estimate``: reported
            figures completed by a rough estimate (one token per four characters of text), marked
            ``estimated``.
        request: the request's parameters; the estimate counts the prompt in it.
    """

    def __init__(
        self,
        *,
        provider: Optional[str] = None,
        model: Optional[str] = None,
        default_model: Optional[str] = None,
        host: Optional[str] = None,
        response_id: Optional[str] = None,
        on_partial: OnPartial = "reported",
        request: Optional[Mapping[str, Any]] = None,
    ) -> None:
        self._provider = provider
        self._model = model
        self._default_model = default_model
        self._host = host
        self._on_partial = on_partial
        self._request = request or {}
        self._dialect: Optional[Dialect] = None
        self._answer = ResponseReading(response_id=response_id)

    def feed(self, chunk: Any) -> None:
        """Take in one chunk: the library's object, a dictionary, or JSON as text or bytes."""
        chunk = parsed(chunk)
        if self._dialect is None:
            self._dialect = dialect_of_chunk(chunk)
        if self._dialect is not None:
            self._dialect.feed(self._answer, chunk)

    @property
    def finished(self) -> bool:
        """Has the provider said its last word about usage?"""
        return self._answer.finished

    def usage(self) -> Usage:
        """The usage so far: ``exact`` once the stream is finished, else ``partial`` or ``estimated``.

        Raises:
            UsageError: nothing was reported (and no estimate is wanted), or there is no provider or model to
                bill under.
        """
        if self._dialect is None:
            raise UsageError("the stream had no chunk of a known shape: nothing to bill")
        answer = self._answer
        counts = None if answer.usage is None else self._dialect.counts(answer.usage)
        completeness: Completeness = "exact"
        if counts is None or not answer.finished:
            if self._on_partial == "estimate" and self._dialect.estimable:
                counts, completeness = self._estimated(counts), "estimated"
            elif counts is None:
                raise UsageError("the stream ended before the provider reported any usage")
            else:
                completeness = "partial"
        model = self._model or answer.model or self._default_model
        return _usage(self._dialect, answer, counts, completeness, self._provider, model, self._host)

    def _estimated(self, reported: Optional[Counts]) -> Counts:
        written = estimate.tokens(self._answer.output_characters)
        if reported is None:
            return Counts(estimate.tokens(estimate.prompt_characters(self._request)), written, {})
        missing = max(0, written - reported.output_tokens)
        details = dict(reported.details)
        if otel.OUTPUT in details:
            details[otel.OUTPUT] += missing
        return Counts(reported.input_tokens, reported.output_tokens + missing, details)


def _usage(
    dialect: Dialect,
    answer: ResponseReading,
    counts: Counts,
    completeness: Completeness,
    provider: Optional[str],
    model: Optional[str],
    host: Optional[str],
) -> Usage:
    provider = provider or dialect.provider
    if provider is None:
        raise UsageError("AWS Bedrock is not a provider the platform takes: pass provider= and model= to bill under")
    return Usage(
        provider=gateway_name(provider),
        model=model or "",
        input_tokens=counts.input_tokens,
        output_tokens=counts.output_tokens,
        response_id=answer.response_id,
        host=host,
        image_count=answer.image_count,
        image_size=answer.image_size,
        image_quality=answer.image_quality,
        details=counts.details,
        completeness=completeness,
    )

"""Extraction of :class:`Usage` from a provider's response, whole or streamed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from openmonetize._arguments import explained
from openmonetize.providers import estimate, otel
from openmonetize.providers.detect import dialect_of, dialect_of_chunk, provider_of, unwrapped
from openmonetize.providers.dialect import Counts, Dialect, ResponseReading, Terms
from openmonetize.providers.regions import region_of
from openmonetize.providers.response_fields import get, parsed, text
from openmonetize.providers.usage import Completeness, TokenPolicy, UnderWay, Usage, UsageError, gateway_name

OnPartial = Literal["prompt", "reported", "estimate"]


@explained
def usage_from(
    response: Any,
    *,
    provider: str | None = None,
    model: str | None = None,
    host: str | None = None,
    token_policy: TokenPolicy | None = None,
) -> Usage:
    """Return the usage of a whole response of OpenAI, Anthropic, Google, Mistral or Cohere, or in one of their formats.

    Args:
        response: the library's object, a dictionary, or JSON as text or bytes.
        provider: bill under this provider instead of the one whose format it is. Required for AWS Bedrock, and for
            objects of LiteLLM that do not say which provider answered.
        model: bill under this model instead of the one the response names. Required for AWS Bedrock and
            Cohere, whose responses name none, and for OpenAI images.
        host: the host that answered (``api.openai.com``), if you know it; see ``event_id_for``.
        token_policy: which of its tokens to bill: ``reported``, ``inclusive``, ``price_equivalent``, or a function of
            the usage that returns input and output tokens. None leaves it to `OpenMonetize`.

    Returns:
        The usage; its ``completeness`` is ``exact``.

    Raises:
        UsageError: the response has no usage or an unknown shape, or there is no provider or model to bill under.
    """
    return read_usage(response, provider=provider, model=model, host=host, token_policy=token_policy)


def read_usage(
    response: Any,
    *,
    provider: str | None,
    model: str | None,
    host: str | None,
    request: Mapping[str, Any] | None = None,
    dialect: Dialect | None = None,
    token_policy: TokenPolicy | None = None,
) -> Usage:
    """Return what :func:`usage_from` returns.

    Args:
        response, provider, model, host, token_policy: see :func:`usage_from`.
        request: the request's parameters: what the response does not say (model, size and quality) is read there.
        dialect: the response's dialect, where it is known whatever the response looks like.
    """
    response = parsed(response)
    batch = False
    if dialect is None:
        if get(response, "background") and get(response, "usage") is None:
            raise UnderWay(text(response, "id"))
        response, batch = unwrapped(response)
        dialect = dialect_of(response)
    reading = dialect.read(response)
    if reading.usage is None:
        raise UsageError(f"no usage in this response ({type(response).__name__}): nothing to bill")
    provider = provider or provider_of(response)
    counts = dialect.counts(reading.usage)
    request = request or {}
    return _usage(
        dialect, reading, counts, "exact", provider, model, host, request, batch=batch, token_policy=token_policy
    )


class StreamMeter:
    """The usage of one streamed response: ``feed`` every chunk, then ask for ``usage``.

    The counters of a stream only grow, so the largest value that was reported counts: Anthropic's are cumulative,
    Gemini's repeat and may be missing, the others come once, on the last chunk or on a terminal event.

    Args:
        provider: bill under this provider instead of the one whose format it is. Required for AWS Bedrock.
        model: bill under this model instead of the one the stream names.
        default_model: the model that was asked for; used where the stream names no model.
        host: the host that answers, if known.
        response_id: the response's id, where the stream does not carry it (AWS Bedrock).
        on_partial: the usage of a stream that ended early, or that never reported any. ``reported``: what the
            provider reported, marked ``partial``, and an error if that is nothing. ``prompt``: the same, but if it is
            nothing, and the caller has ended the stream (:meth:`abort`), the prompt, for which the provider charges
            for certain: one token per four characters. ``estimate``: reported counts completed by such an estimate of
            prompt and answer, marked ``estimated``.
        request: the request's parameters; estimates count the prompt in it.
        token_policy: see :func:`usage_from`.
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
        token_policy: TokenPolicy | None = None,
    ) -> None:
        self._provider = provider
        self._model = model
        self._default_model = default_model
        self._host = host
        self._on_partial = on_partial
        self._request = request or {}
        self._token_policy = token_policy
        self._dialect: Dialect | None = None
        self._expected: Dialect | None = None
        self._named: str | None = None
        self._aborted = False  # by the caller
        self._failed = False  # at the provider
        self._reading = ResponseReading(response_id=response_id, estimating=on_partial == "estimate")

    def expect(self, dialect: Dialect, *, certain: bool = False) -> StreamMeter:
        """Say whose stream it is, in case no chunk tells; with ``certain``, whatever the chunks tell. Return itself."""
        self._expected = dialect
        if certain:
            self._dialect = dialect
        return self

    def feed(self, chunk: Any) -> None:
        """Add one chunk: the library's object, a dictionary, or JSON as text or bytes."""
        chunk = parsed(chunk)
        if get(chunk, "error") is not None or get(chunk, "type") == "error":
            self._failed = True
        if self._dialect is None:
            self._dialect = dialect_of_chunk(chunk)
            if self._dialect is not None and self._provider is None:
                self._named = self._provider_in(chunk)
        if self._dialect is not None:
            self._dialect.feed(self._reading, chunk)

    def _provider_in(self, chunk: Any) -> str | None:
        try:
            return provider_of(chunk)
        except UsageError:  # said when the usage is asked for
            return None

    def may_skip(self, event: bytes) -> bool:
        """Return whether a server-sent event need not be decoded and fed: the first one names the model."""
        reading, dialect = self._reading, self._dialect
        return (
            reading.model is not None and not reading.estimating and dialect is not None and dialect.is_mere_text(event)
        )

    def awaits_usage(self, chunk: Any) -> bool:
        """Return whether this chunk, the last one that was fed, is one after which the final usage may come at once."""
        return self._dialect is not None and not self._reading.finished and self._dialect.says_final(chunk)

    def abort(self) -> None:
        """Say that the caller has ended the stream, and not the provider."""
        self._aborted = True

    @property
    def finished(self) -> bool:
        """Whether the provider has reported its final usage."""
        return self._reading.finished

    def usage(self) -> Usage:
        """Return the usage so far: ``exact`` once the stream is finished, else ``partial`` or ``estimated``.

        Raises:
            UsageError: nothing was reported (and nothing is estimated), or there is no provider or model to bill under.
        """
        estimating, prompt_only = self._on_partial == "estimate", self._bills_prompt()
        dialect = self._dialect or (self._expected if estimating or prompt_only else None)
        if dialect is None:
            raise UsageError(
                "the stream ended before the provider reported any usage"
                if self._expected
                else "the stream had no chunk of a known shape: nothing to bill"
            )
        reading = self._reading
        if not reading.finished and (reading.later_id or get(self._request, "background")):
            raise UnderWay(reading.response_id)
        counts = None if reading.usage is None else dialect.counts(reading.usage)
        completeness: Completeness = "exact"
        if counts is None or not reading.finished:
            if estimating and dialect.estimable:
                counts, completeness = self._estimated(counts), "estimated"
            elif counts is not None:
                completeness = "partial"
            elif prompt_only and dialect.estimable and self._prompt_tokens():
                counts, completeness = Counts(self._prompt_tokens(), 0, {}), "partial"
            else:
                raise UsageError("the stream ended before the provider reported any usage")
        request = {"model": self._default_model, **self._request} if self._default_model else self._request
        provider = self._provider or self._named
        model, host, policy = self._model, self._host, self._token_policy
        return _usage(dialect, reading, counts, completeness, provider, model, host, request, token_policy=policy)

    def _bills_prompt(self) -> bool:
        """Return whether the provider charges for the prompt for certain, however little it has said."""
        reading = self._reading
        over = reading.ended or reading.finished or self._failed
        return self._on_partial == "prompt" and self._aborted and not over

    def _prompt_tokens(self) -> int:
        return estimate.tokens(estimate.prompt_characters(self._request))

    def _estimated(self, reported: Counts | None) -> Counts:
        written = estimate.tokens(self._reading.output_characters)
        if reported is None:
            return Counts(self._prompt_tokens(), written, {})
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
    request: Mapping[str, Any],
    *,
    batch: bool = False,
    token_policy: TokenPolicy | None,
) -> Usage:
    provider = provider or dialect.provider
    if provider is None:
        raise UsageError(dialect.unnamed)
    made_images = reading.image_count is not None
    terms = Terms() if reading.usage is None else dialect.terms(reading.usage)
    tier = reading.service_tier or terms.service_tier
    return Usage(
        provider=gateway_name(provider),
        model=model or reading.model or text(request, "model") or "",
        input_tokens=counts.input_tokens,
        output_tokens=counts.output_tokens,
        response_id=reading.response_id,
        host=host,
        image_count=reading.image_count,
        image_size=reading.image_size or (_asked(request, "size") if made_images else None),
        image_quality=reading.image_quality or (_asked(request, "quality") if made_images else None),
        details={**reading.tools, **counts.details} if reading.tools else counts.details,
        completeness=completeness,
        service_tier=tier,
        batch=batch or tier == "batch",  # Anthropic says it in the answer itself
        region=terms.region or region_of(host, text(request, "modelId")),
        gateway_cost=terms.gateway_cost,
        token_policy=token_policy,
        later_id=reading.later_id,
    )


def _asked(request: Mapping[str, Any], name: str) -> str | None:
    """Return what a request asked for, unless it left the choice to the provider."""
    value = text(request, name)
    return None if value == "auto" else value

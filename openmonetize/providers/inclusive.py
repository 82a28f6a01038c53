"""Usage from counts that contain everything, as frameworks and spans give them."""

from __future__ import annotations

from collections.abc import Mapping

from openmonetize.providers import otel
from openmonetize.providers.usage import Completeness, Usage, gateway_name

# What the provider's own input and output fields leave out. The others contain everything.
_LEFT_OUT: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "ANTHROPIC": ((otel.CACHE_READ, otel.CACHE_WRITE), ()),
    "GOOGLE": ((otel.TOOL_PROMPT,), (otel.REASONING,)),
}


def usage_of_totals(
    provider: str,
    model: str,
    input_tokens: int,
    output_tokens: int,
    parts: Mapping[str, int | None] | None = None,
    *,
    response_id: str | None = None,
    host: str | None = None,
    completeness: Completeness = "exact",
    service_tier: str | None = None,
) -> Usage:
    """Return the usage of a call whose counts contain caches, reasoning and the like.

    Its ``input_tokens`` and ``output_tokens`` are what the provider's own fields say, so that the call costs the same
    whichever layer tells of it.

    Args:
        provider: gateway name, one of ``PROVIDERS``.
        model: the model's name.
        input_tokens: everything that was read, in tokens.
        output_tokens: everything that was written, in tokens.
        parts: OpenTelemetry names to tokens; None and 0 are left out.
        response_id, host, completeness, service_tier: see `Usage`.

    Raises:
        UsageError: a count or a name is not possible.
    """
    provider = gateway_name(provider)
    known = {name: count for name, count in (parts or {}).items() if count}
    inputs, outputs = _LEFT_OUT.get(provider, ((), ()))
    own_input = max(0, input_tokens - sum(known.get(name, 0) for name in inputs))
    own_output = max(0, output_tokens - sum(known.get(name, 0) for name in outputs))
    return Usage(
        provider=provider,
        model=model,
        input_tokens=own_input,
        output_tokens=own_output,
        response_id=response_id,
        host=host,
        details=otel.normalised(own_input, own_output, known, input_total=input_tokens, output_total=output_tokens),
        completeness=completeness,
        service_tier=service_tier,
    )

"""Token details under the names of the OpenTelemetry GenAI conventions.

Providers disagree on what their totals contain: OpenAI's prompt tokens include cached ones, Anthropic's input
tokens do not; Gemini's candidate tokens leave out thoughts. Here ``gen_ai.usage.input_tokens`` always
includes caches and ``gen_ai.usage.output_tokens`` always includes reasoning, as the conventions define them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

INPUT = "gen_ai.usage.input_tokens"
OUTPUT = "gen_ai.usage.output_tokens"
CACHE_READ = "gen_ai.usage.cache_read.input_tokens"
CACHE_WRITE = "gen_ai.usage.cache_write.input_tokens"
REASONING = "gen_ai.usage.reasoning.output_tokens"

MODALITIES = ("text", "image", "audio", "video")


def input_of(modality: str) -> str:
    """Return the name of a modality's input tokens."""
    return f"gen_ai.usage.{modality}.input_tokens"


def output_of(modality: str) -> str:
    """Return the name of a modality's output tokens."""
    return f"gen_ai.usage.{modality}.output_tokens"


# A total, and parts of it that do not overlap, so that their sum may not exceed it.
_FAMILIES = (
    (INPUT, (CACHE_READ, CACHE_WRITE)),
    (INPUT, tuple(input_of(modality) for modality in MODALITIES)),
    (OUTPUT, (REASONING,)),
    (OUTPUT, tuple(output_of(modality) for modality in MODALITIES)),
)


def normalised(
    input_tokens: int,
    output_tokens: int,
    parts: Mapping[str, int | None],
    *,
    input_total: int | None = None,
    output_total: int | None = None,
) -> dict[str, int]:
    """Return the details of a usage: its parts, and the inclusive totals where they differ from the provider's fields.

    Some OpenAI-compatible servers report parts larger than the field that ought to contain them (reasoning
    tokens counted apart, for instance). Such a field cannot be inclusive, so the inclusive total is the sum
    of both.

    Args:
        input_tokens: the provider's own input field, in tokens.
        output_tokens: the provider's own output field, in tokens.
        parts: OpenTelemetry names to tokens; None and 0 are left out.
        input_total: everything read, in tokens, where the provider's field is known to leave something out.
        output_total: everything written, in tokens, where the provider's field is known to leave something out.
    """
    details = {name: value for name, value in parts.items() if value}
    own = {INPUT: input_tokens, OUTPUT: output_tokens}
    totals = {
        INPUT: input_tokens if input_total is None else input_total,
        OUTPUT: output_tokens if output_total is None else output_total,
    }
    for total, names in _FAMILIES:
        inside = sum(details.get(name, 0) for name in names)
        if inside > totals[total]:
            totals[total] += inside
    return {**details, **{total: value for total, value in totals.items() if value != own[total]}}


def broken_invariants(input_tokens: int, output_tokens: int, details: Mapping[str, int]) -> Iterator[str]:
    """Yield a sentence for each total that is smaller than something it contains."""
    own = {INPUT: input_tokens, OUTPUT: output_tokens}
    for total, value in own.items():
        if details.get(total, value) < value:
            yield f"{total} is {details[total]}, less than the provider's own field, {value}"
    for total, names in _FAMILIES:
        limit = details.get(total, own[total])
        inside = sum(details.get(name, 0) for name in names)
        if inside > limit:
            yield f"{' + '.join(names)} is {inside}, more than {total} {limit}"

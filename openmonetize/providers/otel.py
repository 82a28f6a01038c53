"""What a call is charged for beside its input and output, under names of the OpenTelemetry GenAI conventions.

Providers disagree on what their totals contain: OpenAI's prompt tokens include cached ones, Anthropic's input
tokens do not; Gemini's candidate tokens leave out thoughts. Here ``gen_ai.usage.input_tokens`` always
includes caches and ``gen_ai.usage.output_tokens`` always includes reasoning, as the conventions define them. What the
conventions have no name for is named in the same way.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

USAGE = "gen_ai.usage."  # all counts begin with it
REQUESTS = ".requests"  # those of calls end with it
INPUT = "gen_ai.usage.input_tokens"
OUTPUT = "gen_ai.usage.output_tokens"
CACHE_READ = "gen_ai.usage.cache_read.input_tokens"
CACHE_WRITE = "gen_ai.usage.cache_write.input_tokens"
REASONING = "gen_ai.usage.reasoning.output_tokens"
TOOL_PROMPT = "gen_ai.usage.tool_prompt.input_tokens"  # results of tools, which the model has read
ACCEPTED_PREDICTION = "gen_ai.usage.accepted_prediction.output_tokens"
REJECTED_PREDICTION = "gen_ai.usage.rejected_prediction.output_tokens"  # charged for, and not in the answer
TRAINED = "gen_ai.usage.training.tokens"  # of a fine-tuning job
AUDIO_SECONDS = "gen_ai.usage.audio.input_seconds"  # rounded up

MODALITIES = ("text", "image", "audio", "video", "document")
CACHE_TTLS = ("5m", "30m", "1h", "12h")  # of Anthropic and Bedrock, and of OpenAI

# What is told of the whole call. The conventions have the service tier only for OpenAI.
SERVICE_TIER = "gen_ai.response.service_tier"
BATCH = "gen_ai.response.batch"
REGION = "gen_ai.response.region"
COST = "gen_ai.usage.cost"  # US dollars, as a gateway says


def input_of(modality: str) -> str:
    """Return the name of a modality's input tokens."""
    return f"gen_ai.usage.{modality}.input_tokens"


def output_of(modality: str) -> str:
    """Return the name of a modality's output tokens."""
    return f"gen_ai.usage.{modality}.output_tokens"


def cached_input_of(modality: str) -> str:
    """Return the name of a modality's input tokens that were read from the cache."""
    return f"gen_ai.usage.cache_read.{modality}.input_tokens"


def cache_write_of(ttl: str) -> str:
    """Return the name of the tokens that were written to the cache for this long, such as ``1h``."""
    return f"gen_ai.usage.cache_write.{ttl}.input_tokens"


def tool_calls_of(tool: str) -> str:
    """Return the name of the number of calls (or other units) of a tool that the provider runs and charges for."""
    return f"{USAGE}{tool}{REQUESTS}"


CACHE_WRITE_5M = cache_write_of("5m")
CACHE_WRITE_1H = cache_write_of("1h")

# A total, and parts of it that do not overlap, so that their sum may not exceed it.
_FAMILIES = (
    (INPUT, (CACHE_READ, CACHE_WRITE)),
    (INPUT, (TOOL_PROMPT,)),
    (INPUT, tuple(input_of(modality) for modality in MODALITIES)),
    (OUTPUT, (REASONING,)),
    (OUTPUT, (ACCEPTED_PREDICTION, REJECTED_PREDICTION)),
    (OUTPUT, tuple(output_of(modality) for modality in MODALITIES)),
    (CACHE_READ, tuple(cached_input_of(modality) for modality in MODALITIES)),
    (CACHE_WRITE, tuple(cache_write_of(ttl) for ttl in CACHE_TTLS)),
)
_FAMILY_OF = {part: family for family in _FAMILIES for part in family[1]}


def normalised(
    input_tokens: int,
    output_tokens: int,
    parts: Mapping[str, int | None] | Mapping[str, int],
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
    totals = {
        INPUT: input_tokens if input_total is None else input_total,
        OUTPUT: output_tokens if output_total is None else output_total,
    }
    for (part, _), inside in _sums(details):
        if part not in totals and inside > details.get(part, 0):
            details[part] = inside
    for (total, _), inside in _sums(details):
        if total in totals and inside > totals[total]:
            totals[total] += inside
    if totals[INPUT] != input_tokens:
        details[INPUT] = totals[INPUT]
    if totals[OUTPUT] != output_tokens:
        details[OUTPUT] = totals[OUTPUT]
    return details


def broken_invariants(input_tokens: int, output_tokens: int, details: Mapping[str, int]) -> Iterator[str]:
    """Yield a sentence for each total that is smaller than something it contains."""
    own = {INPUT: input_tokens, OUTPUT: output_tokens}
    for total, value in own.items():
        if details.get(total, value) < value:
            yield f"{total} is {details[total]}, less than the provider's own field, {value}"
    for (total, names), inside in _sums(details):
        limit = details.get(total, own.get(total, 0))
        if inside > limit:
            yield f"{' + '.join(names)} is {inside}, more than {total} {limit}"


def _sums(details: Mapping[str, int]) -> list[tuple[tuple[str, tuple[str, ...]], int]]:
    """Return the families that have any tokens, and how many."""
    sums: dict[tuple[str, tuple[str, ...]], int] = {}
    for name, value in details.items():
        family = _FAMILY_OF.get(name)
        if family is not None:
            sums[family] = sums.get(family, 0) + value
    return list(sums.items())

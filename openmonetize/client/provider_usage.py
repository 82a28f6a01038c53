"""From a provider's usage to the event that is recorded for it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from openmonetize._arguments import described
from openmonetize.events.fields import MODEL_KEY
from openmonetize.exceptions import ApiTypeError
from openmonetize.providers import Usage, otel
from openmonetize.providers.policy import REPORTED, BilledTokens
from openmonetize.providers.totals import all_tokens
from openmonetize.providers.usage import gateway_name

# Metadata keys: how certain the counts are, and the provider's id of the response.
COMPLETENESS_KEY = "usage_completeness"
RESPONSE_KEY = "gen_ai.response.id"

# Metadata keys of calls that are not billed as reported: the policy, the provider's own counts, and in US dollars what
# the call costs at list prices and how much more the billed tokens do.
POLICY_KEY = "token_policy"
REPORTED_INPUT_KEY = "reported_input_tokens"
REPORTED_OUTPUT_KEY = "reported_output_tokens"
LIST_COST_KEY = "list_cost_usd"
DEVIATION_KEY = "list_cost_deviation_usd"


def event_fields(
    usage: Usage, metadata: Mapping[str, Any] | None = None, billed: BilledTokens | None = None
) -> tuple[str, dict[str, Any]]:
    """Return the kind of event and its fields for one call of a provider.

    By default, what the platform's own proxy bills is billed: the provider's own input and output counts, or the number
    of images. Other counts (cached, reasoning, audio tokens) and the terms of the call go to metadata under the
    OpenTelemetry GenAI names.

    Args:
        usage: what the call used.
        metadata: facts to keep too; they win over those of the usage.
        billed: the tokens to bill, if not the provider's own counts.
    """
    facts = usage.facts
    input_tokens, output_tokens = usage.input_tokens, usage.output_tokens
    if billed is not None and billed.policy != REPORTED:
        input_tokens, output_tokens = billed.input_tokens, billed.output_tokens
        facts.update(policy_facts(usage, billed))
    if usage.response_id:
        facts[RESPONSE_KEY] = usage.response_id
    if usage.completeness != "exact":
        facts[COMPLETENESS_KEY] = usage.completeness
    fields: dict[str, Any] = {"provider": usage.provider, "model": usage.model}
    if usage.image_count is None and usage.details and not (input_tokens or output_tokens or _has_tokens(usage)):
        kind = "API_CALL"  # Charged for in other units, which are in the metadata: nothing is billed as tokens.
    elif usage.image_count is None:
        fields.update(input_tokens=input_tokens, output_tokens=output_tokens)
        kind = "TOKEN_USAGE"
    else:
        tokens = {otel.INPUT: usage.input_tokens, otel.OUTPUT: usage.output_tokens}
        facts = {**{name: count for name, count in tokens.items() if count}, **facts}
        kind = "IMAGE_GENERATION"
        if usage.image_count:
            fields.update(image_count=usage.image_count, image_size=usage.image_size, quality=usage.image_quality)
        else:
            kind = "API_CALL"  # No image was made: the call is counted, and nothing is billed.
    if metadata is not None:
        if not isinstance(metadata, Mapping):
            raise ApiTypeError(f"metadata must be a dict, not {described(metadata)}")
        facts.update(metadata)
    fields["metadata"] = facts or None
    return kind, fields


def policy_facts(usage: Usage, billed: BilledTokens) -> dict[str, Any]:
    """Return what the metadata of an event says of a token policy: the original counts, and how exact the result is."""
    read, written = all_tokens(usage)
    facts: dict[str, Any] = {
        POLICY_KEY: billed.policy,
        REPORTED_INPUT_KEY: usage.input_tokens,
        REPORTED_OUTPUT_KEY: usage.output_tokens,
        otel.INPUT: read,
        otel.OUTPUT: written,
    }
    if billed.list_cost is not None and billed.deviation is not None:
        facts[LIST_COST_KEY] = f"{billed.list_cost.normalize():f}"
        facts[DEVIATION_KEY] = f"{billed.deviation.normalize():f}"
    return facts


def usage_of_event(fields: Mapping[str, Any]) -> Usage:
    """Return the usage that an event of tokens tells of: its counts, and the details in its metadata.

    Args:
        fields: of the event, by their names on the wire; provider and model in any spelling.

    Raises:
        UsageError: the counts cannot be true, or there is no provider or model.
    """
    metadata = fields.get("metadata") or {}
    details = {
        name: count for name, count in metadata.items() if type(count) is int and str(name).startswith(otel.USAGE)
    }
    input_tokens, output_tokens = fields.get("input_tokens") or 0, fields.get("output_tokens") or 0
    if POLICY_KEY in metadata:
        input_tokens = metadata.get(REPORTED_INPUT_KEY, input_tokens)
        output_tokens = metadata.get(REPORTED_OUTPUT_KEY, output_tokens)
    totals = {"input_total": details.get(otel.INPUT), "output_total": details.get(otel.OUTPUT)}
    return Usage(
        provider=gateway_name(fields.get("provider") or ""),
        model=metadata.get(MODEL_KEY) or fields.get("model") or "",
        input_tokens=input_tokens,
        output_tokens=output_tokens,
        details=otel.normalised(input_tokens, output_tokens, details, **totals),
        service_tier=metadata.get(otel.SERVICE_TIER) or None,
        batch=metadata.get(otel.BATCH) in (True, "true", "True"),  # a text in CSV
    )


def _has_tokens(usage: Usage) -> bool:
    return bool(
        usage.input_tokens or usage.output_tokens or usage.details.get(otel.INPUT) or usage.details.get(otel.OUTPUT)
    )

"""From a provider's usage to the event that is recorded for it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from openmonetize._arguments import described
from openmonetize.exceptions import ApiTypeError
from openmonetize.providers import Usage

# Metadata keys: how certain the counts are, and the provider's id of the response.
COMPLETENESS_KEY = "usage_completeness"
RESPONSE_KEY = "gen_ai.response.id"


def event_fields(usage: Usage, metadata: Mapping[str, Any] | None = None) -> tuple[str, dict[str, Any]]:
    """Return the kind of event and its fields for one call of a provider.

    What the platform's own proxy bills is billed: the provider's own input and output counts, or the number of
    images. Other counts (cached, reasoning, audio tokens) go to metadata under the OpenTelemetry GenAI names.

    Args:
        usage: what the call used.
        metadata: facts to keep too; they win over those of the usage.
    """
    facts: dict[str, Any] = dict(usage.details)
    if usage.response_id:
        facts[RESPONSE_KEY] = usage.response_id
    if usage.completeness != "exact":
        facts[COMPLETENESS_KEY] = usage.completeness
    fields: dict[str, Any] = {"provider": usage.provider, "model": usage.model}
    if usage.image_count is None:
        fields.update(input_tokens=usage.input_tokens, output_tokens=usage.output_tokens)
        kind = "TOKEN_USAGE"
    else:
        tokens = {"gen_ai.usage.input_tokens": usage.input_tokens, "gen_ai.usage.output_tokens": usage.output_tokens}
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

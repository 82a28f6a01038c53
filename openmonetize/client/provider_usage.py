"""From a provider's usage to the event that is recorded for it."""

from __future__ import annotations

from typing import Any, Dict, Mapping, Optional, Tuple

from openmonetize.exceptions import ApiTypeError
from openmonetize.providers import Usage

#: Metadata keys: how sure the figures are, and the provider's id of the response.
COMPLETENESS_KEY = "usage_completeness"
RESPONSE_KEY = "gen_ai.response.id"


def event_fields(usage: Usage, metadata: Optional[Mapping[str, Any]] = None) -> Tuple[str, Dict[str, Any]]:
    """The kind of event and its fields for one provider call.

    Billed is what the platform's proxy bills: the provider's own input and output fields, or images by number. The
    rest (cached, reasoning, audio tokens) goes to metadata under the OpenTelemetry GenAI names.

    Args:
        usage: what was used.
        metadata: facts to keep as well; they win.
    """
    facts: Dict[str, Any] = dict(usage.details)
    if usage.response_id:
        facts[RESPONSE_KEY] = usage.response_id
    if usage.completeness != "exact":
        facts[COMPLETENESS_KEY] = usage.completeness
    fields: Dict[str, Any] = {"provider": usage.provider, "model": usage.model}
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
            kind = "API_CALL"  # no image was made: counted, and billed nothing
    if metadata is not None:
        if not isinstance(metadata, Mapping):
            raise ApiTypeError(f"metadata must be a dict, not {type(metadata).__name__}")
        facts.update(metadata)
    fields["metadata"] = facts or None
    return kind, fields

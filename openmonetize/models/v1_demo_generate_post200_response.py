# Generated from openapi.yaml by `make generate`; do not edit.
"""V1DemoGeneratePost200Response."""

from __future__ import annotations

from typing import List, Optional

from openmonetize._schema.model import Int, ResponseModel
from openmonetize.models.v1_demo_generate_post200_response_choices_inner import (
    V1DemoGeneratePost200ResponseChoicesInner,
)
from openmonetize.models.v1_demo_generate_post200_response_usage import V1DemoGeneratePost200ResponseUsage


class V1DemoGeneratePost200Response(ResponseModel):
    """A canned answer in the shape of a chat completion."""

    id: Optional[str] = None
    """Id of the completion, which is the metered event's idempotency key as well."""
    object: Optional[str] = None
    """Kind of the answer, `chat.completion`."""
    created: Optional[Int] = None
    """When it was made, in whole seconds since 1970-01-01 UTC."""
    model: Optional[str] = None
    """Model name of the request or its default."""
    choices: Optional[List[V1DemoGeneratePost200ResponseChoicesInner]] = None
    """The completions; the demo makes one."""
    usage: Optional[V1DemoGeneratePost200ResponseUsage] = None

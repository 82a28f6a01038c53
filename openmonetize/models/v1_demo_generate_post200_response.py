# Generated from openapi.yaml by `make generate`; do not edit.
"""V1DemoGeneratePost200Response."""

from __future__ import annotations

from typing import List

from openmonetize._schema.model import ABSENT, Int, Lenient, ResponseModel
from openmonetize.models.v1_demo_generate_post200_response_choices_inner import (
    V1DemoGeneratePost200ResponseChoicesInner,
)
from openmonetize.models.v1_demo_generate_post200_response_usage import V1DemoGeneratePost200ResponseUsage


class V1DemoGeneratePost200Response(ResponseModel):
    """A canned answer in the shape of a chat completion."""

    id: Lenient[str] = ABSENT
    """Id of the completion, which is the metered event's idempotency key as well."""
    object: Lenient[str] = ABSENT
    """Kind of the answer, `chat.completion`."""
    created: Lenient[Int] = ABSENT
    """When it was made, in whole seconds since 1970-01-01 UTC."""
    model: Lenient[str] = ABSENT
    """Model name of the request or its default."""
    choices: Lenient[List[V1DemoGeneratePost200ResponseChoicesInner]] = ABSENT
    """The completions; the demo makes one."""
    usage: Lenient[V1DemoGeneratePost200ResponseUsage] = ABSENT

# Generated from openapi.yaml by `make generate`; do not edit.
"""V1DemoGeneratePost200ResponseChoicesInner."""

from __future__ import annotations

from openmonetize._schema.model import ABSENT, Int, Lenient, ResponseModel
from openmonetize.models.v1_demo_generate_post200_response_choices_inner_message import (
    V1DemoGeneratePost200ResponseChoicesInnerMessage,
)


class V1DemoGeneratePost200ResponseChoicesInner(ResponseModel):
    """One pretended completion."""

    index: Lenient[Int] = ABSENT
    """Position in the list, from 0."""
    message: Lenient[V1DemoGeneratePost200ResponseChoicesInnerMessage] = ABSENT
    finish_reason: Lenient[str] = ABSENT
    """Why the text ends, `stop`."""

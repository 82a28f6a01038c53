# Generated from openapi.yaml by `make generate`; do not edit.
"""V1DemoGeneratePost200ResponseChoicesInner."""

from __future__ import annotations

from typing import Optional

from openmonetize._schema.model import Int, ResponseModel
from openmonetize.models.v1_demo_generate_post200_response_choices_inner_message import (
    V1DemoGeneratePost200ResponseChoicesInnerMessage,
)


class V1DemoGeneratePost200ResponseChoicesInner(ResponseModel):
    """One pretended completion."""

    index: Optional[Int] = None
    """Position in the list, from 0."""
    message: Optional[V1DemoGeneratePost200ResponseChoicesInnerMessage] = None
    finish_reason: Optional[str] = None
    """Why the text ends, `stop`."""

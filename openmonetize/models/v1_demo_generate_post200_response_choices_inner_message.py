# Generated from openapi.yaml by `make generate`; do not edit.
"""V1DemoGeneratePost200ResponseChoicesInnerMessage."""

from __future__ import annotations

from openmonetize._schema.model import ABSENT, Lenient, ResponseModel


class V1DemoGeneratePost200ResponseChoicesInnerMessage(ResponseModel):
    """A message of the pretended conversation."""

    role: Lenient[str] = ABSENT
    """Who speaks, `assistant`."""
    content: Lenient[str] = ABSENT
    """Text of the message."""

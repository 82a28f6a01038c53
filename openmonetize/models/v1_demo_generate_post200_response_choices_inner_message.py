# Generated from openapi.yaml by `make generate`; do not edit.
"""V1DemoGeneratePost200ResponseChoicesInnerMessage."""

from __future__ import annotations

from typing import Optional

from openmonetize._schema.model import ResponseModel


class V1DemoGeneratePost200ResponseChoicesInnerMessage(ResponseModel):
    """A message of the pretended conversation."""

    role: Optional[str] = None
    """Who speaks, `assistant`."""
    content: Optional[str] = None
    """Text of the message."""

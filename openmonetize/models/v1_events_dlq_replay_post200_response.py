# Generated from openapi.yaml by `make generate`; do not edit.
"""V1EventsDlqReplayPost200Response."""

from __future__ import annotations

from typing import Optional

from openmonetize._schema.model import Int, ResponseModel


class V1EventsDlqReplayPost200Response(ResponseModel):
    """How much of the dead-letter queue is processed again."""

    message: Optional[str] = None
    """What happened, in words."""
    count: Optional[Int] = None
    """Items put back into the queue."""

# Generated from openapi.yaml by `make generate`; do not edit.
"""V1EventsDlqReplayPost200Response."""

from __future__ import annotations

from openmonetize._schema.model import ABSENT, Int, Lenient, ResponseModel


class V1EventsDlqReplayPost200Response(ResponseModel):
    """How much of the dead-letter queue is processed again."""

    message: Lenient[str] = ABSENT
    """What happened, in words."""
    count: Lenient[Int] = ABSENT
    """Items put back into the queue."""

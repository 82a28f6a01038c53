# Generated from openapi.yaml by `make generate`; do not edit.
"""V1EventsDlqGet200ResponseItemsInner."""

from __future__ import annotations

from typing import Any, Dict

from pydantic import Field
from typing_extensions import Annotated

from openmonetize._schema.model import ABSENT, Int, Lenient, ResponseModel


class V1EventsDlqGet200ResponseItemsInner(ResponseModel):
    """One event that was accepted but could not be processed."""

    id: Lenient[str] = ABSENT
    """Id of the item, as `jobIds` of a replay takes it."""
    name: Lenient[str] = ABSENT
    """Kind of item, `dlq-event` on present servers."""
    data: Lenient[Dict[str, Any]] = ABSENT
    """The event as it was queued, with `customer_id`, `batch_id` and `enqueued_at`."""
    timestamp: Lenient[Int] = ABSENT
    """When the item was put aside, in milliseconds since 1970-01-01 UTC."""
    failed_reason: Annotated[Lenient[str], Field(alias="failedReason")] = ABSENT
    """Why it was put aside."""

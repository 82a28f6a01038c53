# Generated from openapi.yaml by `make generate`; do not edit.
"""V1EventsDlqGet200ResponseItemsInner."""

from __future__ import annotations

from typing import Any, Dict, Optional

from pydantic import Field
from typing_extensions import Annotated

from openmonetize._schema.model import Int, ResponseModel


class DeadLetterItem(ResponseModel):
    """One event that was accepted but could not be processed."""

    id: Optional[str] = None
    """Id of the item, as `jobIds` of a replay takes it."""
    name: Optional[str] = None
    """Kind of item, `dlq-event` on present servers."""
    data: Optional[Dict[str, Any]] = None
    """The event as it was queued, with `customer_id`, `batch_id` and `enqueued_at`."""
    timestamp: Optional[Int] = None
    """When the item was put aside, in milliseconds since 1970-01-01 UTC."""
    failed_reason: Annotated[Optional[str], Field(alias="failedReason")] = None
    """Why it was put aside."""


V1EventsDlqGet200ResponseItemsInner = DeadLetterItem

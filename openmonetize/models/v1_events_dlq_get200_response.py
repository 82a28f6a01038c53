# Generated from openapi.yaml by `make generate`; do not edit.
"""V1EventsDlqGet200Response."""

from __future__ import annotations

from typing import Dict, List, Optional

from openmonetize._schema.model import Int, ResponseModel
from openmonetize.models.v1_events_dlq_get200_response_items_inner import V1EventsDlqGet200ResponseItemsInner


class V1EventsDlqGet200Response(ResponseModel):
    """What the dead-letter queue holds."""

    counts: Optional[Dict[str, Int]] = None
    """Number of items by state. Present servers send `active` only."""
    items: Optional[List[V1EventsDlqGet200ResponseItemsInner]] = None
    """The first items of the queue, at most 100."""

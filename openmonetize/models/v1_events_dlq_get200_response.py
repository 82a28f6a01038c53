# Generated from openapi.yaml by `make generate`; do not edit.
"""V1EventsDlqGet200Response."""

from __future__ import annotations

from typing import ClassVar, Dict, List, Optional

from openmonetize._schema.list_model import ListModel
from openmonetize._schema.model import Int
from openmonetize.models.v1_events_dlq_get200_response_items_inner import V1EventsDlqGet200ResponseItemsInner


class V1EventsDlqGet200Response(ListModel["V1EventsDlqGet200ResponseItemsInner"]):
    """What the dead-letter queue holds."""

    rows_field: ClassVar[str] = "items"

    counts: Optional[Dict[str, Int]] = None
    """Number of items by state. Present servers send `active` only."""
    items: Optional[List[V1EventsDlqGet200ResponseItemsInner]] = None
    """The first items of the queue, at most 100."""

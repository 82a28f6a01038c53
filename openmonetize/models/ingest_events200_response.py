# Generated from openapi.yaml by `make generate`; do not edit.
"""IngestEvents200Response."""

from __future__ import annotations

from typing import Optional

from openmonetize._schema.model import Int, ResponseModel


class IngestEvents200Response(ResponseModel):
    """Counts for a batch in which every event was a duplicate."""

    accepted: Optional[Int] = None
    """Events taken into the queue, 0."""
    rejected: Optional[Int] = None
    """Events refused, 0."""
    duplicates: Optional[Int] = None
    """Events dropped because their idempotency key is stored already."""
    batch_id: Optional[str] = None
    """Id of the batch. Null, for nothing was queued."""
    status: Optional[str] = None
    """`all_duplicates`."""
    message: Optional[str] = None
    """The same in words."""

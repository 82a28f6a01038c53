# Generated from openapi.yaml by `make generate`; do not edit.
"""IngestEvents202Response."""

from __future__ import annotations

from typing import Optional

from openmonetize._schema.model import Int, ResponseModel


class IngestEvents202Response(ResponseModel):
    """Counts for a batch in which at least one event was new."""

    accepted: Optional[Int] = None
    """Events taken into the queue. They are billed later, in the background."""
    rejected: Optional[Int] = None
    """Events refused one by one. Always 0: one invalid event fails the whole batch."""
    duplicates: Optional[Int] = None
    """Events dropped because their idempotency key is stored already."""
    batch_id: Optional[str] = None
    """Id of the batch."""
    status: Optional[str] = None
    """`processing`."""
    processing_time_ms: Optional[Int] = None
    """Time that the server took, in milliseconds."""

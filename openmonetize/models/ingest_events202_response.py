# Generated from openapi.yaml by `make generate`; do not edit.
"""IngestEvents202Response."""

from __future__ import annotations

from typing import Optional

from openmonetize.model import ResponseModel


class IngestEvents202Response(ResponseModel):
    """Counts for a batch in which at least one event was new."""

    accepted: Optional[int] = None
    """Events taken into the queue. They are billed later, in the background."""
    rejected: Optional[int] = None
    """Events refused one by one. Always 0: one invalid event fails the whole batch."""
    duplicates: Optional[int] = None
    """Events dropped because their idempotency key is stored already."""
    batch_id: Optional[str] = None
    """Id of the batch."""
    status: Optional[str] = None
    """`processing`."""
    processing_time_ms: Optional[int] = None
    """Time that the server took, in milliseconds."""

# Generated from openapi.yaml by `make generate`; do not edit.
"""IngestEvents202Response."""

from __future__ import annotations

from typing import Optional

from openmonetize._schema.model import ABSENT, Int, Lenient, ResponseModel


class IngestEvents202Response(ResponseModel):
    """Counts for a batch in which at least one event was new."""

    accepted: Lenient[Int] = ABSENT
    """Events taken into the queue. They are billed later, in the background."""
    rejected: Lenient[Int] = ABSENT
    """Events refused one by one. Always 0: one invalid event fails the whole batch."""
    duplicates: Lenient[Int] = ABSENT
    """Events dropped because their idempotency key is stored already."""
    batch_id: Optional[str] = None
    """Id of the batch."""
    status: Lenient[str] = ABSENT
    """`processing`."""
    processing_time_ms: Lenient[Int] = ABSENT
    """Time that the server took, in milliseconds."""

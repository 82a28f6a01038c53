# Generated from openapi.yaml by `make generate`; do not edit.
"""IngestEvents200Response."""

from __future__ import annotations

from typing import Optional

from openmonetize._schema.model import ABSENT, Int, Lenient, ResponseModel


class IngestEvents200Response(ResponseModel):
    """Counts for a batch in which every event was a duplicate."""

    accepted: Lenient[Int] = ABSENT
    """Events taken into the queue, 0."""
    rejected: Lenient[Int] = ABSENT
    """Events refused, 0."""
    duplicates: Lenient[Int] = ABSENT
    """Events dropped because their idempotency key is stored already."""
    batch_id: Optional[str] = None
    """Id of the batch. Null, for nothing was queued."""
    status: Lenient[str] = ABSENT
    """`all_duplicates`."""
    message: Lenient[str] = ABSENT
    """The same in words."""

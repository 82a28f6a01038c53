# Generated from openapi.yaml by `make generate`; do not edit.
"""V1EventsInfoGet200Response."""

from __future__ import annotations

from typing import Dict, Optional

from openmonetize._schema.model import ResponseModel, Timestamp


class V1EventsInfoGet200Response(ResponseModel):
    """State of the ingestion service behind the gateway."""

    status: Optional[str] = None
    """`ready` or `not_ready`. The HTTP status is 200 either way."""
    timestamp: Optional[Timestamp] = None
    """Server time of the answer (UTC)."""
    services: Optional[Dict[str, str]] = None
    """State of each dependency, such as `database` and `queue`: `connected` or `disconnected`."""

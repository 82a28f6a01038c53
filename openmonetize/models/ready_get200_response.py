# Generated from openapi.yaml by `make generate`; do not edit.
"""ReadyGet200Response."""

from __future__ import annotations

from typing import Dict, Optional

from openmonetize._schema.model import ResponseModel, Timestamp


class Readiness(ResponseModel):
    """Whether the gateway reaches everything that it depends on."""

    status: Optional[str] = None
    """`ready`, or `degraded` (with HTTP status 503) if one of the checks failed."""
    checks: Optional[Dict[str, bool]] = None
    """One entry per dependency: true if reachable. Present servers list `database`, `ingestionService` and
    `ratingEngine`.
    """
    timestamp: Optional[Timestamp] = None
    """Server time of the answer (UTC)."""


ReadyGet200Response = Readiness

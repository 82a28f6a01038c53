# Generated from openapi.yaml by `make generate`; do not edit.
"""ReadyGet200Response."""

from __future__ import annotations

from typing import Dict

from openmonetize._schema.model import ABSENT, Lenient, ResponseModel, Timestamp


class ReadyGet200Response(ResponseModel):
    """Whether the gateway reaches everything that it depends on."""

    status: Lenient[str] = ABSENT
    """`ready`, or `degraded` (with HTTP status 503) if one of the checks failed."""
    checks: Lenient[Dict[str, bool]] = ABSENT
    """One entry per dependency: true if reachable. Present servers list `database`, `ingestionService` and
    `ratingEngine`.
    """
    timestamp: Lenient[Timestamp] = ABSENT
    """Server time of the answer (UTC)."""

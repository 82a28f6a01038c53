# Generated from openapi.yaml by `make generate`; do not edit.
"""HealthGet200Response."""

from __future__ import annotations

from openmonetize._schema.model import ABSENT, Lenient, ResponseModel, Timestamp


class HealthGet200Response(ResponseModel):
    """Sign of life of the API gateway."""

    status: Lenient[str] = ABSENT
    """`ok` while the gateway process answers."""
    timestamp: Lenient[Timestamp] = ABSENT
    """Server time of the answer (UTC)."""

# Generated from openapi.yaml by `make generate`; do not edit.
"""HealthGet200Response."""

from __future__ import annotations

from typing import Optional

from openmonetize._schema.model import ResponseModel, Timestamp


class Health(ResponseModel):
    """Sign of life of the API gateway."""

    status: Optional[str] = None
    """`ok` while the gateway process answers."""
    timestamp: Optional[Timestamp] = None
    """Server time of the answer (UTC)."""


HealthGet200Response = Health

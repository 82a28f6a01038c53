# Generated from openapi.yaml by `make generate`; do not edit.
"""V1BurnTablesIdDelete200Response."""

from __future__ import annotations

from typing import Optional

from openmonetize._schema.model import ResponseModel


class V1BurnTablesIdDelete200Response(ResponseModel):
    """Confirmation of a deactivation."""

    message: Optional[str] = None
    """Text for a human reader."""

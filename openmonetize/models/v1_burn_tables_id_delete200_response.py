# Generated from openapi.yaml by `make generate`; do not edit.
"""V1BurnTablesIdDelete200Response."""

from __future__ import annotations

from openmonetize._schema.model import ABSENT, Lenient, ResponseModel


class V1BurnTablesIdDelete200Response(ResponseModel):
    """Confirmation of a deactivation."""

    message: Lenient[str] = ABSENT
    """Text for a human reader."""

# Generated from openapi.yaml by `make generate`; do not edit.
"""V1EntitlementsPost201Response."""

from __future__ import annotations

from typing import Optional

from openmonetize._schema.model import ResponseModel
from openmonetize.models.v1_entitlements_post201_response_data import V1EntitlementsPost201ResponseData


class V1EntitlementsPost201Response(ResponseModel):
    """Answer to creating or changing an entitlement."""

    data: Optional[V1EntitlementsPost201ResponseData] = None

# Generated from openapi.yaml by `make generate`; do not edit.
"""V1EntitlementsPost201Response."""

from __future__ import annotations

from openmonetize._schema.model import ABSENT, Lenient, ResponseModel
from openmonetize.models.v1_entitlements_post201_response_data import V1EntitlementsPost201ResponseData


class V1EntitlementsPost201Response(ResponseModel):
    """Answer to creating or changing an entitlement."""

    data: Lenient[V1EntitlementsPost201ResponseData] = ABSENT

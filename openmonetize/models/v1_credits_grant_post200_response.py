# Generated from openapi.yaml by `make generate`; do not edit.
"""V1CreditsGrantPost200Response."""

from __future__ import annotations

from typing import Optional

from openmonetize._schema.model import ResponseModel
from openmonetize.models.v1_credits_grant_post200_response_data import V1CreditsGrantPost200ResponseData


class V1CreditsGrantPost200Response(ResponseModel):
    """Envelope around the booked grant."""

    data: Optional[V1CreditsGrantPost200ResponseData] = None

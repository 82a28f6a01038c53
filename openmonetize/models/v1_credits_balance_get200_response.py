# Generated from openapi.yaml by `make generate`; do not edit.
"""V1CreditsBalanceGet200Response."""

from __future__ import annotations

from typing import Optional

from openmonetize._schema.model import ResponseModel
from openmonetize.models.v1_credits_balance_get200_response_data import V1CreditsBalanceGet200ResponseData


class V1CreditsBalanceGet200Response(ResponseModel):
    """Envelope around the customer's balance."""

    data: Optional[V1CreditsBalanceGet200ResponseData] = None

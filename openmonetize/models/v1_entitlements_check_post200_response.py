# Generated from openapi.yaml by `make generate`; do not edit.
"""V1EntitlementsCheckPost200Response."""

from __future__ import annotations

from typing import List, Optional

from pydantic import Field
from typing_extensions import Annotated

from openmonetize._schema.model import Dec, Int, ResponseModel
from openmonetize.models.v1_entitlements_check_post200_response_actions_inner import (
    V1EntitlementsCheckPost200ResponseActionsInner,
)


class EntitlementDecision(ResponseModel):
    """Decision on one intended use. It is not wrapped in `data`, and a denial is a 200 as well."""

    allowed: Optional[bool] = None
    """Whether the user may go ahead."""
    reason: Optional[str] = None
    """Why it was denied, or a warning on an allowed use; null when there is nothing to say."""
    estimated_cost_credits: Annotated[Optional[Int], Field(alias="estimatedCostCredits")] = None
    """Expected price in whole credits, rounded up; null when the price is unknown or zero."""
    estimated_cost_usd: Annotated[Optional[Dec], Field(alias="estimatedCostUsd")] = None
    """Expected provider cost in US dollars; null when the price is unknown or zero."""
    current_balance: Annotated[Optional[Int], Field(alias="currentBalance")] = None
    """Credits in the user's wallet less reserved ones (an expired wallet shows its full balance); null without a
    wallet. It may be negative.
    """
    actions: Optional[List[V1EntitlementsCheckPost200ResponseActionsInner]] = None
    """Remedies to offer, possibly none."""


V1EntitlementsCheckPost200Response = EntitlementDecision

# Generated from openapi.yaml by `make generate`; do not edit.
"""V1CustomersCustomerIdEntitlementsGet200ResponseDataInner."""

from __future__ import annotations

from typing import Any, Dict, Optional, Union

from pydantic import Field
from typing_extensions import Annotated

from openmonetize._schema.model import Int, ResponseModel
from openmonetize.models.limit_type import LimitType


class Entitlement(ResponseModel):
    """One entitlement in a list. Seed-era servers send the feature and the limit only."""

    id: Optional[str] = None
    """Id of the entitlement. Seed-era servers do not send it: keep the one from its creation."""
    user_id: Annotated[Optional[str], Field(alias="userId")] = None
    """User whose events alone count; null when every user counts. Present servers only."""
    feature_id: Annotated[Optional[str], Field(alias="featureId")] = None
    """Feature that the entitlement governs."""
    limit_type: Annotated[Optional[Union[LimitType, str]], Field(alias="limitType")] = None
    """HARD denies at the limit, SOFT only warns, NONE has no limit."""
    limit_value: Annotated[Optional[Int], Field(alias="limitValue")] = None
    """Limit in events per period; null when there is none. A stored 0 also comes back as null."""
    period: Optional[str] = None
    """DAILY, MONTHLY or TOTAL; null means all time. Present servers only."""
    metadata: Optional[Dict[str, Any]] = None
    """Free-form notes kept with the entitlement. Present servers only."""
    current_usage: Annotated[Optional[Int], Field(alias="currentUsage")] = None
    """Events counted in the running period, always 0 for NONE. Present servers only."""
    is_enabled: Annotated[Optional[bool], Field(alias="isEnabled")] = None
    """Named by the seed-era contract, which never filled it."""


V1CustomersCustomerIdEntitlementsGet200ResponseDataInner = Entitlement

# Generated from openapi.yaml by `make generate`; do not edit.
"""V1EntitlementsPostRequest."""

from __future__ import annotations

from typing import ClassVar, FrozenSet, Optional

from pydantic import Field
from typing_extensions import Annotated

from openmonetize._schema.model import FreeForm, Int, RequestModel
from openmonetize.models.limit_period import LimitPeriod
from openmonetize.models.limit_type import LimitType


class V1EntitlementsPostRequest(RequestModel):
    """A new entitlement."""

    nullable: ClassVar[FrozenSet[str]] = frozenset(("limit_value", "period"))

    customer_id: Annotated[Optional[str], Field(alias="customerId")] = None
    """Customer that owns the user. Seed-era servers need it and compare it with the key; present servers take the
    customer from the key and drop this field.
    """
    user_id: Annotated[Optional[str], Field(alias="userId", min_length=1)] = None
    """Existing user whose events alone count against the limit. Omit it to count every user of the customer."""
    feature_id: Annotated[str, Field(alias="featureId")]
    """Feature that the entitlement governs."""
    limit_type: Annotated[LimitType, Field(alias="limitType")]
    """HARD denies at the limit, SOFT only warns, NONE has no limit."""
    limit_value: Annotated[Optional[Int], Field(alias="limitValue")] = None
    """Limit in events per period, whole; 0 or less blocks at once under HARD. Null, or no value, means that a HARD or
    SOFT entitlement checks nothing. Seed-era servers fail on an explicit null.
    """
    period: Optional[LimitPeriod] = None
    """Window in which events are counted. Null, or no value, means all time."""
    metadata: Optional[FreeForm] = None
    """Free-form notes kept with the entitlement."""

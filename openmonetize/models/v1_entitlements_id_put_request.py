# Generated from openapi.yaml by `make generate`; do not edit.
"""V1EntitlementsIdPutRequest."""

from __future__ import annotations

from typing import ClassVar, FrozenSet, Optional

from pydantic import Field
from typing_extensions import Annotated

from openmonetize._schema.model import FreeForm, Int, RequestModel
from openmonetize.models.limit_period import LimitPeriod
from openmonetize.models.limit_type import LimitType


class V1EntitlementsIdPutRequest(RequestModel):
    """Changes to an entitlement. Fields that are left out stay as they are."""

    nullable: ClassVar[FrozenSet[str]] = frozenset(("limit_value", "period"))

    limit_type: Annotated[Optional[LimitType], Field(alias="limitType")] = None
    """HARD denies at the limit, SOFT only warns, NONE has no limit."""
    limit_value: Annotated[Optional[Int], Field(alias="limitValue")] = None
    """Limit in events per period, whole. Null removes the limit."""
    period: Optional[LimitPeriod] = None
    """Window in which events are counted. Null is accepted and ignored: a period cannot be cleared."""
    metadata: Optional[FreeForm] = None
    """Free-form notes that replace the stored ones."""

# Generated from openapi.yaml by `make generate`; do not edit.
"""V1EntitlementsPost201ResponseData."""

from __future__ import annotations

from typing import Optional, Union

from pydantic import Field
from typing_extensions import Annotated

from openmonetize._schema.model import Int, ResponseModel
from openmonetize.models.limit_type import LimitType


class StoredEntitlement(ResponseModel):
    """The stored entitlement in short form."""

    id: Optional[str] = None
    """Id of the entitlement, needed to change or delete it."""
    feature_id: Annotated[Optional[str], Field(alias="featureId")] = None
    """Feature that the entitlement governs."""
    limit_type: Annotated[Optional[Union[LimitType, str]], Field(alias="limitType")] = None
    """HARD denies at the limit, SOFT only warns, NONE has no limit."""
    limit_value: Annotated[Optional[Int], Field(alias="limitValue")] = None
    """Limit in events per period; null when there is none. A stored 0 also comes back as null."""


V1EntitlementsPost201ResponseData = StoredEntitlement

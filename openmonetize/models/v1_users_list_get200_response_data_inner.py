# Generated from openapi.yaml by `make generate`; do not edit.
"""V1UsersListGet200ResponseDataInner."""

from __future__ import annotations

from typing import Any, Dict, Optional

from pydantic import Field
from typing_extensions import Annotated

from openmonetize._schema.model import ABSENT, Int, Lenient, ResponseModel, Timestamp


class V1UsersListGet200ResponseDataInner(ResponseModel):
    """One end user of the customer, with a summary of credits and usage."""

    id: Lenient[str] = ABSENT
    """Internal id. A UUID if the user was created by `POST /v1/users`, else the id that you first sent with a grant, a
    purchase or an event.
    """
    external_user_id: Annotated[Lenient[str], Field(alias="externalUserId")] = ABSENT
    """Your own id of the user."""
    email: Optional[str] = None
    """Email address of the user, or null."""
    metadata: Optional[Dict[str, Any]] = None
    """Facts of your own about the user, or null if there are none."""
    created_at: Annotated[Lenient[Timestamp], Field(alias="createdAt")] = ABSENT
    """When the user was created (UTC)."""
    updated_at: Annotated[Lenient[Timestamp], Field(alias="updatedAt")] = ABSENT
    """When the user was last changed (UTC)."""
    credit_balance: Annotated[Lenient[Int], Field(alias="creditBalance")] = ABSENT
    """Credits in the user's wallet, 0 if there is none."""
    total_events: Annotated[Lenient[Int], Field(alias="totalEvents")] = ABSENT
    """Usage events stored for the user."""

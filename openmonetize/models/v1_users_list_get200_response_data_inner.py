# Generated from openapi.yaml by `make generate`; do not edit.
"""V1UsersListGet200ResponseDataInner."""

from __future__ import annotations

from typing import Any, Dict, Optional

from pydantic import Field
from typing_extensions import Annotated

from openmonetize._schema.model import Int, ResponseModel, Timestamp


class User(ResponseModel):
    """One end user of the customer, with a summary of credits and usage."""

    id: Optional[str] = None
    """Internal id. A UUID if the user was created by `POST /v1/users`, else the id that you first sent with a grant, a
    purchase or an event.
    """
    external_user_id: Annotated[Optional[str], Field(alias="externalUserId")] = None
    """Your own id of the user."""
    email: Optional[str] = None
    """Email address of the user, or null."""
    metadata: Optional[Dict[str, Any]] = None
    """Facts of your own about the user, or null if there are none."""
    created_at: Annotated[Optional[Timestamp], Field(alias="createdAt")] = None
    """When the user was created (UTC)."""
    updated_at: Annotated[Optional[Timestamp], Field(alias="updatedAt")] = None
    """When the user was last changed (UTC)."""
    credit_balance: Annotated[Optional[Int], Field(alias="creditBalance")] = None
    """Credits in the user's wallet, 0 if there is none."""
    total_events: Annotated[Optional[Int], Field(alias="totalEvents")] = None
    """Usage events stored for the user."""


V1UsersListGet200ResponseDataInner = User

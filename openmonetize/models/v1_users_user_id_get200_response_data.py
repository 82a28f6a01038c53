# Generated from openapi.yaml by `make generate`; do not edit.
"""V1UsersUserIdGet200ResponseData."""

from __future__ import annotations

from typing import Any, Dict, List, Optional

from pydantic import Field
from typing_extensions import Annotated

from openmonetize._schema.model import Int, ResponseModel, Timestamp
from openmonetize.models.v1_users_user_id_get200_response_data_recent_events_inner import (
    V1UsersUserIdGet200ResponseDataRecentEventsInner,
)


class UserDetails(ResponseModel):
    """One end user with credits, usage and the latest events."""

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
    reserved_balance: Annotated[Optional[Int], Field(alias="reservedBalance")] = None
    """Credits set aside. No present operation sets any aside, so it is 0."""
    total_credits_burned: Annotated[Optional[Int], Field(alias="totalCreditsBurned")] = None
    """Credits billed to the user so far."""
    total_events: Annotated[Optional[Int], Field(alias="totalEvents")] = None
    """Usage events stored for the user."""
    recent_events: Annotated[
        Optional[List[V1UsersUserIdGet200ResponseDataRecentEventsInner]], Field(alias="recentEvents")
    ] = None
    """The latest events, at most ten."""


V1UsersUserIdGet200ResponseData = UserDetails

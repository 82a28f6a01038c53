# Generated from openapi.yaml by `make generate`; do not edit.
"""V1UsersCreatePost201ResponseData."""

from __future__ import annotations

from typing import Any, Dict, Optional

from pydantic import Field
from typing_extensions import Annotated

from openmonetize._schema.model import ResponseModel, Timestamp


class CreatedUser(ResponseModel):
    """The user that was created."""

    id: Optional[str] = None
    """Internal id, a UUID that differs from your own id."""
    external_user_id: Annotated[Optional[str], Field(alias="externalUserId")] = None
    """Your own id of the user."""
    email: Optional[str] = None
    """Email address of the user, or null."""
    metadata: Optional[Dict[str, Any]] = None
    """Facts of your own about the user; empty if none were given."""
    created_at: Annotated[Optional[Timestamp], Field(alias="createdAt")] = None
    """When the user was created (UTC)."""


V1UsersCreatePost201ResponseData = CreatedUser

# Generated from openapi.yaml by `make generate`; do not edit.
"""V1UsersCreatePost201ResponseData."""

from __future__ import annotations

from typing import Any, Dict, Optional

from pydantic import Field
from typing_extensions import Annotated

from openmonetize._schema.model import ABSENT, Lenient, ResponseModel, Timestamp


class V1UsersCreatePost201ResponseData(ResponseModel):
    """The user that was created."""

    id: Lenient[str] = ABSENT
    """Internal id, a UUID that differs from your own id."""
    external_user_id: Annotated[Lenient[str], Field(alias="externalUserId")] = ABSENT
    """Your own id of the user."""
    email: Optional[str] = None
    """Email address of the user, or null."""
    metadata: Optional[Dict[str, Any]] = None
    """Facts of your own about the user; empty if none were given."""
    created_at: Annotated[Lenient[Timestamp], Field(alias="createdAt")] = ABSENT
    """When the user was created (UTC)."""

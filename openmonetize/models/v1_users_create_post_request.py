# Generated from openapi.yaml by `make generate`; do not edit.
"""V1UsersCreatePostRequest."""

from __future__ import annotations

from typing import Optional

from pydantic import Field
from typing_extensions import Annotated

from openmonetize._schema.model import FreeForm, RequestModel


class V1UsersCreatePostRequest(RequestModel):
    """An end user to create."""

    external_user_id: Annotated[str, Field(alias="externalUserId", min_length=1, max_length=255)]
    """Your own id of the user, 1 to 255 characters. Unique within the customer."""
    email: Optional[str] = None
    """Email address of the user."""
    metadata: Optional[FreeForm] = None
    """Facts of your own about the user."""

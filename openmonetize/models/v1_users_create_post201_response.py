# Generated from openapi.yaml by `make generate`; do not edit.
"""V1UsersCreatePost201Response."""

from __future__ import annotations

from typing import Optional

from openmonetize._schema.model import ResponseModel
from openmonetize.models.v1_users_create_post201_response_data import V1UsersCreatePost201ResponseData


class V1UsersCreatePost201Response(ResponseModel):
    """Envelope around the new user."""

    data: Optional[V1UsersCreatePost201ResponseData] = None

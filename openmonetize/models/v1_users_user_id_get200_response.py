# Generated from openapi.yaml by `make generate`; do not edit.
"""V1UsersUserIdGet200Response."""

from __future__ import annotations

from typing import Optional

from openmonetize._schema.model import ResponseModel
from openmonetize.models.v1_users_user_id_get200_response_data import V1UsersUserIdGet200ResponseData


class V1UsersUserIdGet200Response(ResponseModel):
    """Envelope around one end user."""

    data: Optional[V1UsersUserIdGet200ResponseData] = None

# Generated from openapi.yaml by `make generate`; do not edit.
"""V1UsersUserIdGet200Response."""

from __future__ import annotations

from openmonetize._schema.model import ABSENT, Lenient, ResponseModel
from openmonetize.models.v1_users_user_id_get200_response_data import V1UsersUserIdGet200ResponseData


class V1UsersUserIdGet200Response(ResponseModel):
    """Envelope around one end user."""

    data: Lenient[V1UsersUserIdGet200ResponseData] = ABSENT

# Generated from openapi.yaml by `make generate`; do not edit.
"""V1UsersListGet200Response."""

from __future__ import annotations

from typing import ClassVar, List, Optional

from openmonetize._schema.list_model import ListModel
from openmonetize.models.v1_users_list_get200_response_data_inner import V1UsersListGet200ResponseDataInner
from openmonetize.models.v1_users_list_get200_response_pagination import V1UsersListGet200ResponsePagination


class V1UsersListGet200Response(ListModel["V1UsersListGet200ResponseDataInner"]):
    """One page of the customer's end users, newest first."""

    rows_field: ClassVar[str] = "data"

    data: Optional[List[V1UsersListGet200ResponseDataInner]] = None
    """The users, newest first."""
    pagination: Optional[V1UsersListGet200ResponsePagination] = None

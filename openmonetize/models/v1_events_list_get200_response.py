# Generated from openapi.yaml by `make generate`; do not edit.
"""V1EventsListGet200Response."""

from __future__ import annotations

from typing import ClassVar, List, Optional

from openmonetize._schema.list_model import ListModel
from openmonetize.models.v1_events_list_get200_response_data_inner import V1EventsListGet200ResponseDataInner
from openmonetize.models.v1_events_list_get200_response_pagination import V1EventsListGet200ResponsePagination


class V1EventsListGet200Response(ListModel["V1EventsListGet200ResponseDataInner"]):
    """One page of the customer's usage events, newest first."""

    rows_field: ClassVar[str] = "data"

    data: Optional[List[V1EventsListGet200ResponseDataInner]] = None
    """The events, newest first."""
    pagination: Optional[V1EventsListGet200ResponsePagination] = None

# Generated from openapi.yaml by `make generate`; do not edit.
"""V1EventsListGet200Response."""

from __future__ import annotations

from typing import List

from openmonetize._schema.model import ABSENT, Lenient, ResponseModel
from openmonetize.models.v1_events_list_get200_response_data_inner import V1EventsListGet200ResponseDataInner
from openmonetize.models.v1_events_list_get200_response_pagination import V1EventsListGet200ResponsePagination


class V1EventsListGet200Response(ResponseModel):
    """One page of the customer's usage events, newest first."""

    data: Lenient[List[V1EventsListGet200ResponseDataInner]] = ABSENT
    """The events, newest first."""
    pagination: Lenient[V1EventsListGet200ResponsePagination] = ABSENT

"""Rules about entitlements: values that one era or the other does not take or does not answer."""

from __future__ import annotations

from typing import Any

from openmonetize.api_response import ApiResponse
from openmonetize.compat.rule import OperationCall, Proceed
from openmonetize.exceptions import BadRequestException


def check_video_as_custom(call: OperationCall, proceed: Proceed) -> ApiResponse[Any]:
    """Check video as `custom`, which has no price, if the server does not know `video_generation`.

    Only present servers know it, and no published contract lists it.
    """
    try:
        return proceed(call)
    except BadRequestException:
        if call.body.action.type != "video_generation":
            raise
    call.deployment.warn_once("this deployment cannot price video: such checks look at the balance only")
    return proceed(call.with_fields(action=type(call.body.action)(type="custom")))


def omit_null_limit(call: OperationCall, proceed: Proceed) -> ApiResponse[Any]:
    """Leave null fields of a new entitlement out: the first release answers 500 to a null limit."""
    body = call.body
    given = {name: getattr(body, name) for name in body.model_fields_set if getattr(body, name) is not None}
    return proceed(call._replace(body=type(body)(**given)))


def restore_zero_limit(call: OperationCall, proceed: Proceed) -> ApiResponse[Any]:
    """Put back a limit of 0, which the platform stores and enforces but answers as null."""
    response = proceed(call)
    if call.body.limit_value == 0 and response.data.data is not None and response.data.data.limit_value is None:
        response.data.data.limit_value = 0
    return response


def warn_of_null_limits(call: OperationCall, proceed: Proceed) -> ApiResponse[Any]:
    """Warn, once, that a limit of null in the list may be one of 0, which blocks everything: it is answered alike."""
    response = proceed(call)
    if any(row.limit_value is None and row.limit_type in ("HARD", "SOFT") for row in response.data.data or []):
        call.deployment.warn_once(
            "an entitlement is listed with a limit of null: present deployments answer so where there is no limit, and "
            "where it is 0, and these cannot be told apart; a check of the feature shows which it is"
        )
    return response

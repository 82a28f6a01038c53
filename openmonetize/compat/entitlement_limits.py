"""Rules about entitlements: values that one era or the other cannot say."""

from __future__ import annotations

from typing import Any

from openmonetize.api_response import ApiResponse
from openmonetize.compat.rule import OperationCall, Proceed
from openmonetize.exceptions import BadRequestException


def custom_for_video(call: OperationCall, proceed: Proceed) -> ApiResponse[Any]:
    """Only present servers know `video_generation`, and no contract lists it; `custom` is checked without a price."""
    try:
        return proceed(call)
    except BadRequestException:
        if call.body.action.type != "video_generation":
            raise
    call.deployment.tell_once("this deployment cannot price video: such checks look at the balance only")
    return proceed(call.with_fields(action=type(call.body.action)(type="custom")))


def no_null_limit(call: OperationCall, proceed: Proceed) -> ApiResponse[Any]:
    """The first release answers 500 to a new entitlement with an explicit null limit; left out, it is the same."""
    body = call.body
    given = {name: getattr(body, name) for name in body.model_fields_set if getattr(body, name) is not None}
    return proceed(call._replace(body=type(body)(**given)))


def zero_limit_is_zero(call: OperationCall, proceed: Proceed) -> ApiResponse[Any]:
    """A limit of 0 is stored, and blocks, but is echoed as null."""
    answer = proceed(call)
    if call.body.limit_value == 0 and answer.data.data is not None and answer.data.data.limit_value is None:
        answer.data.data.limit_value = 0
    return answer

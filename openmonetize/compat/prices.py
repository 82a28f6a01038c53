"""Rules about rating: two shapes of one answer, and a route that fails when it succeeds."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from openmonetize._http.decoding import required
from openmonetize.api_response import ApiResponse
from openmonetize.compat.rule import OperationCall, Proceed
from openmonetize.exceptions import ServiceException

_SCHEMA_MISMATCH = "Response doesn't match the schema"


def cost_under_both_names(call: OperationCall, proceed: Proceed) -> ApiResponse[Any]:
    """The contract's answer has `cost` and `currency`, the rating engine's `providerCostUsd`."""
    answer = proceed(call)
    for price in getattr(answer.data, "results", [answer.data]) or []:
        if price.cost is None:
            price.cost = price.provider_cost_usd
        if price.provider_cost_usd is None:
            price.provider_cost_usd = price.cost
        if price.currency is None:
            price.currency = "USD"
    return answer


def bulk_of_one(call: OperationCall, proceed: Proceed) -> ApiResponse[Any]:
    """Present servers answer 500 to every calculation that succeeds; their bulk route works, for text."""
    try:
        return proceed(call)
    except ServiceException as error:
        if error.message != _SCHEMA_MISMATCH or call.body.type not in (None, "text"):
            raise
    from openmonetize.api.rating_api import V1_RATING_CALCULATE_BULK_POST
    from openmonetize.models.v1_rating_calculate_bulk_post_request import V1RatingCalculateBulkPostRequest

    asked = call.body
    one = {
        "provider": asked.provider,
        "model": asked.model,
        "inputTokens": asked.input_tokens or 0,
        "outputTokens": asked.output_tokens or 0,
    }
    bulk = V1RatingCalculateBulkPostRequest.from_dict({"customerId": asked.customer_id, "calculations": [one]})
    answer = proceed(call._replace(operation=V1_RATING_CALCULATE_BULK_POST, body=bulk))
    return replace(answer, data=required(answer, "results.0"))

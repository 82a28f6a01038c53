"""Rules about rating: two shapes of one answer, and a route that answers 500 when it succeeds."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from openmonetize._http.decoding import required
from openmonetize.api_response import ApiResponse
from openmonetize.compat.rule import OperationCall, Proceed
from openmonetize.exceptions import ServiceException

_SCHEMA_MISMATCH = "Response doesn't match the schema"


def fill_in_cost(call: OperationCall, proceed: Proceed) -> ApiResponse[Any]:
    """Give the cost under both its names, and the currency.

    The contract's answer has `cost` and `currency`, the rating engine's has `providerCostUsd`.
    """
    response = proceed(call)
    for price in getattr(response.data, "results", [response.data]) or []:
        if price.cost is None:
            price.cost = price.provider_cost_usd
        if price.provider_cost_usd is None:
            price.provider_cost_usd = price.cost
        if price.currency is None:
            price.currency = "USD"
    return response


def calculate_in_bulk(call: OperationCall, proceed: Proceed) -> ApiResponse[Any]:
    """Send a failed calculation to the bulk route.

    Present servers answer 500 to every single calculation that succeeds. Their bulk route works, for text.
    """
    try:
        return proceed(call)
    except ServiceException as error:
        if error.message != _SCHEMA_MISMATCH or call.body.type not in (None, "text"):
            raise
    from openmonetize.api.rating_api import V1_RATING_CALCULATE_BULK_POST
    from openmonetize.models.v1_rating_calculate_bulk_post_request import V1RatingCalculateBulkPostRequest

    asked = call.body
    calculation = {
        "provider": asked.provider,
        "model": asked.model,
        "inputTokens": asked.input_tokens or 0,
        "outputTokens": asked.output_tokens or 0,
    }
    bulk = V1RatingCalculateBulkPostRequest.from_dict({"customerId": asked.customer_id, "calculations": [calculation]})
    response = proceed(call._replace(operation=V1_RATING_CALCULATE_BULK_POST, body=bulk))
    return replace(response, data=required(response, "results.0"))

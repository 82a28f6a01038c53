"""Rules about rating: two shapes of one answer, and a route that answers 500 when it succeeds."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

from openmonetize._http.decoding import required
from openmonetize.api_response import ApiResponse
from openmonetize.compat.price_list import prices_in
from openmonetize.compat.rule import NotServedError, OperationCall, Proceed
from openmonetize.exceptions import ServiceException
from openmonetize.pricing import CREDITS_PER_USD, PriceBook
from openmonetize.pricing.rows import IMAGE, VIDEO

_UNITS = {"image": IMAGE, "video": VIDEO}
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


def calculate_otherwise(call: OperationCall, proceed: Proceed) -> ApiResponse[Any]:
    """Do a failed calculation by the bulk route, or from the price list.

    Present servers answer 500 to every single calculation that succeeds. Their bulk route works, for text.
    """
    try:
        return proceed(call)
    except ServiceException as error:
        if error.message != _SCHEMA_MISMATCH:
            raise
        if call.body.type not in (None, "text"):
            return _calculate_from_list(call, proceed, error)
    return _calculate_in_bulk(call, proceed)


def _calculate_from_list(call: OperationCall, proceed: Proceed, failure: ServiceException) -> ApiResponse[Any]:
    """Return what images or videos cost by the platform's price list: no burn table changes their price here."""
    from openmonetize.api.rating_api import V1_RATING_PRICING_GET
    from openmonetize.models.v1_rating_calculate_post200_response import V1RatingCalculatePost200Response

    asked = call.body
    response = proceed(call._replace(operation=V1_RATING_PRICING_GET, body=None))
    price = PriceBook(prices_in(response.data.data or ())).find(asked.provider, asked.model, _UNITS[asked.type])
    if price is None:
        raise NotServedError(
            failure.status,
            f"this deployment cannot calculate the cost of {asked.type}s: it answers 500, and its price list has no "
            f"{asked.type} of {asked.provider} {asked.model}",
            body=failure.body,
            headers=failure.headers,
            data=failure.data,
            request_id=failure.request_id,
        )
    usd = (asked.count or 1) / price.per * float(price.usd)  # in doubles, as the platform
    cost = {"cost": usd, "currency": "USD", "credits": math.ceil(usd * CREDITS_PER_USD), "pricingSource": "default"}
    return replace(response, data=V1RatingCalculatePost200Response.from_dict(cost))


def _calculate_in_bulk(call: OperationCall, proceed: Proceed) -> ApiResponse[Any]:
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

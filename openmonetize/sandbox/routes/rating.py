"""Price calculations and the price list."""

from __future__ import annotations

from typing import Any

from openmonetize.events.providers import PROVIDERS
from openmonetize.pricing import Price
from openmonetize.sandbox.billing import rating_engine
from openmonetize.sandbox.defects import BULK_500, CALCULATE_500
from openmonetize.sandbox.http.request import Request
from openmonetize.sandbox.http.responses import Response, gateway_error, service_error
from openmonetize.sandbox.http.routing import Route
from openmonetize.sandbox.routes.fields import NON_EMPTY, UUID
from openmonetize.sandbox.state import CURRENT_ERA, SEED_ERA
from openmonetize.sandbox.validation.event_batches import DATABASE_PROVIDERS
from openmonetize.sandbox.validation.javascript_numbers import plain_number
from openmonetize.sandbox.validation.schema import Fields, Items, Node, Number, OneOf, Optionally

_tokens = Number(minimum=0, integer=True)
_model: dict[str, Node] = {"provider": OneOf(*PROVIDERS), "model": NON_EMPTY}
_text: dict[str, Node] = {**_model, "inputTokens": _tokens, "outputTokens": _tokens}
_calculations = Items(Fields(_text), min_length=1, max_length=100)

_CALCULATE = Fields(
    {
        **_model,
        "inputTokens": Optionally(_tokens, default=0),
        "outputTokens": Optionally(_tokens, default=0),
        "type": Optionally(OneOf("text", "image", "video"), default="text"),
        "count": Optionally(Number(above=0, integer=True), default=1),
        "durationSeconds": Optionally(Number(above=0)),
    }
)
_BULK = Fields({"calculations": _calculations})
_SEED_CALCULATE = Fields({"customerId": UUID, **_text})
_SEED_BULK = Fields({"customerId": UUID, "calculations": _calculations})

_CALCULATE_FAILED = "Failed to calculate cost"
_BULK_FAILED = "Failed to calculate bulk costs"

_UNIT_NAMES = {
    "INPUT_TOKEN": "input_token",
    "OUTPUT_TOKEN": "output_token",
    "IMAGE": "image",
    "VIDEO": "video",
}


def calculate(request: Request) -> Response:
    """Return what tokens, images or videos would cost."""
    body = request.body
    try:
        if body["type"] == "text":
            result = _calculate_text(request, body)
        else:
            result = rating_engine.calculate_units(
                request.state, request.customer.pk, body["provider"], body["model"], body["type"], body["count"]
            )
    except rating_engine.NoPrice as error:
        raise service_error(404, "PROVIDER_NOT_FOUND", str(error)) from None
    if request.state.has(CALCULATE_500):
        raise gateway_error(500, "Response doesn't match the schema")
    return Response({"cost": result["providerCostUsd"], "currency": "USD", "credits": result["credits"]})


def bulk(request: Request) -> Response:
    """Return the full calculation for each of several uses of tokens."""
    try:
        results = [_calculate_text(request, item) for item in request.body["calculations"]]
    except rating_engine.NoPrice as error:
        if request.state.has(BULK_500):
            raise service_error(500, "INTERNAL_ERROR", _BULK_FAILED) from None
        raise service_error(400, "PROVIDER_NOT_FOUND", str(error)) from None
    return Response({"customerId": request.customer.id, "results": results, "total": len(results)})


def seed_calculate(request: Request) -> Response:
    """Return the full calculation for tokens."""
    request.require_own(request.body["customerId"])
    try:
        return Response(_calculate_text(request, request.body))
    except rating_engine.NoPrice as error:
        raise service_error(404, "PROVIDER_NOT_FOUND", str(error)) from None


def seed_bulk(request: Request) -> Response:
    """Check the customer id, and return the same as `bulk`."""
    request.require_own(request.body["customerId"])
    return bulk(request)


def price_list(request: Request) -> Response:
    """Return the price rows by model, in the order of the platform's providers and of the names."""
    models: dict[tuple[str, str], dict[str, Any]] = {}
    for price in request.state.settings.book:
        models.setdefault((price.provider, price.model), {})[_UNIT_NAMES[price.unit]] = _price(price)
    ordered = sorted(models.items(), key=lambda pair: (DATABASE_PROVIDERS.index(pair[0][0]), pair[0][1]))
    data = [{"provider": provider, "model": model, "pricing": units} for (provider, model), units in ordered]
    return Response({"data": data, "total": len(data)})


def _price(price: Price) -> dict[str, Any]:
    return {"costPerUnit": plain_number(float(price.usd)), "unitSize": price.per, "currency": "USD"}


def _calculate_text(request: Request, body: dict[str, Any]) -> dict[str, Any]:
    return rating_engine.calculate_text(
        request.state,
        request.customer.pk,
        body["provider"],
        body["model"],
        body["inputTokens"],
        body["outputTokens"],
    )


ROUTES: tuple[Route, ...] = (
    Route(
        "POST",
        "/v1/rating/calculate",
        calculate,
        body=_CALCULATE,
        eras=(CURRENT_ERA,),
        declares_400=True,
        failure=_CALCULATE_FAILED,
    ),
    Route(
        "POST",
        "/v1/rating/calculate/bulk",
        bulk,
        body=_BULK,
        eras=(CURRENT_ERA,),
        declares_400=True,
        failure=_BULK_FAILED,
    ),
    Route(
        "POST",
        "/v1/rating/calculate",
        seed_calculate,
        body=_SEED_CALCULATE,
        eras=(SEED_ERA,),
        proxied=True,
        failure=_CALCULATE_FAILED,
    ),
    Route(
        "POST",
        "/v1/rating/calculate/bulk",
        seed_bulk,
        body=_SEED_BULK,
        eras=(SEED_ERA,),
        proxied=True,
        failure=_BULK_FAILED,
    ),
    Route("GET", "/v1/rating/pricing", price_list, failure="Failed to fetch pricing"),
)

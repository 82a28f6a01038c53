"""Price calculations and the price list."""

from __future__ import annotations

from typing import Any, Dict, Tuple

from openmonetize import pricing
from openmonetize.sandbox.billing import rating
from openmonetize.sandbox.billing.events import PROVIDERS
from openmonetize.sandbox.defects import BULK_500, CALCULATE_500
from openmonetize.sandbox.http.request import Request, Route
from openmonetize.sandbox.http.responses import Response, gateway_error, service_error
from openmonetize.sandbox.state import CURRENT, SEED
from openmonetize.sandbox.validation import formats
from openmonetize.sandbox.validation.schema import Fields, Items, Node, Number, OneOf, Optionally, Text

_tokens = Number(least=0, whole=True)
_what: Dict[str, Node] = {"provider": OneOf(*PROVIDERS), "model": Text(least=1)}
_text: Dict[str, Node] = {**_what, "inputTokens": _tokens, "outputTokens": _tokens}

_CALCULATE = Fields(
    {
        **_what,
        "inputTokens": Optionally(_tokens, default=0),
        "outputTokens": Optionally(_tokens, default=0),
        "type": Optionally(OneOf("text", "image", "video"), default="text"),
        "count": Optionally(Number(above=0, whole=True), default=1),
        "durationSeconds": Optionally(Number(above=0)),
    }
)
_BULK = Fields({"calculations": Items(Fields(_text), least=1, most=100)})
_SEED_CALCULATE = Fields({"customerId": Text(form="uuid"), **_text})
_SEED_BULK = Fields({"customerId": Text(form="uuid"), "calculations": Items(Fields(_text), least=1, most=100)})

_CALCULATE_FAILED = "Failed to calculate cost"
_BULK_FAILED = "Failed to calculate bulk costs"

_UNIT_NAMES = {
    "INPUT_TOKEN": "input_token",
    "OUTPUT_TOKEN": "output_token",
    "IMAGE": "image",
    "VIDEO": "video",
}


def calculate(call: Request) -> Response:
    body = call.body
    try:
        if body["type"] == "text":
            result = _text_of(call, body)
        else:
            result = rating.calculate_units(
                call.state, call.customer.pk, body["provider"], body["model"], body["type"], body["count"]
            )
    except rating.NoPrice as error:
        raise service_error(404, "PROVIDER_NOT_FOUND", str(error)) from None
    if call.state.has(CALCULATE_500):
        raise gateway_error(500, "Response doesn't match the schema")
    return Response({"cost": result["providerCostUsd"], "currency": "USD", "credits": result["credits"]})


def bulk(call: Request) -> Response:
    try:
        results = [_text_of(call, item) for item in call.body["calculations"]]
    except rating.NoPrice as error:
        if call.state.has(BULK_500):
            raise service_error(500, "INTERNAL_ERROR", _BULK_FAILED) from None
        raise service_error(400, "PROVIDER_NOT_FOUND", str(error)) from None
    return Response({"customerId": call.customer.id, "results": results, "total": len(results)})


def seed_calculate(call: Request) -> Response:
    call.require_own(call.body["customerId"])
    try:
        return Response(_text_of(call, call.body))
    except rating.NoPrice as error:
        raise service_error(404, "PROVIDER_NOT_FOUND", str(error)) from None


def seed_bulk(call: Request) -> Response:
    call.require_own(call.body["customerId"])
    return bulk(call)


def price_list(call: Request) -> Response:
    models: Dict[Tuple[str, str], Dict[str, Any]] = {}
    for price in call.state.settings.book:
        models.setdefault((price.provider, price.model), {})[_UNIT_NAMES[price.unit]] = _price(price)
    data = [{"provider": provider, "model": model, "pricing": units} for (provider, model), units in models.items()]
    return Response({"data": data, "total": len(data)})


def _price(price: pricing.Price) -> Dict[str, Any]:
    return {"costPerUnit": formats.plain_number(float(price.usd)), "unitSize": price.per, "currency": "USD"}


def _text_of(call: Request, body: Dict[str, Any]) -> Dict[str, Any]:
    return rating.calculate_text(
        call.state,
        call.customer.pk,
        body["provider"],
        body["model"],
        body["inputTokens"],
        body["outputTokens"],
    )


ROUTES: Tuple[Route, ...] = (
    Route(
        "POST",
        "/v1/rating/calculate",
        calculate,
        body=_CALCULATE,
        eras=(CURRENT,),
        declares_400=True,
        failure=_CALCULATE_FAILED,
    ),
    Route(
        "POST",
        "/v1/rating/calculate/bulk",
        bulk,
        body=_BULK,
        eras=(CURRENT,),
        declares_400=True,
        failure=_BULK_FAILED,
    ),
    Route(
        "POST",
        "/v1/rating/calculate",
        seed_calculate,
        body=_SEED_CALCULATE,
        eras=(SEED,),
        proxied=True,
        failure=_CALCULATE_FAILED,
    ),
    Route(
        "POST",
        "/v1/rating/calculate/bulk",
        seed_bulk,
        body=_SEED_BULK,
        eras=(SEED,),
        proxied=True,
        failure=_BULK_FAILED,
    ),
    Route("GET", "/v1/rating/pricing", price_list, failure="Failed to fetch pricing"),
)

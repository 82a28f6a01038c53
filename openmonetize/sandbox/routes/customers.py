"""Registration, the caller's own account, and a new key."""

from __future__ import annotations

from openmonetize.sandbox.accounts.customers import EmailTaken, add_customer, new_key, rotate_key
from openmonetize.sandbox.clock import iso
from openmonetize.sandbox.http.request import Request, Route
from openmonetize.sandbox.http.responses import Response, gateway_error
from openmonetize.sandbox.state import CURRENT
from openmonetize.sandbox.validation.schema import Fields, OneOf, Optionally, Text

_REGISTER = Fields(
    {
        "name": Text(least=1, most=255),
        "email": Text(form="email"),
        "tier": Optionally(OneOf("STARTER", "GROWTH", "ENTERPRISE"), default="STARTER"),
    }
)


def register(call: Request) -> Response:
    key = new_key()
    try:
        customer = add_customer(call.state, call.body["name"], call.body["email"], call.body["tier"], key)
    except EmailTaken:
        raise gateway_error(409, "A customer with this email already exists") from None
    return Response(
        {
            "data": {
                "customerId": customer.id,
                "apiKey": key,
                "name": customer.name,
                "email": customer.email,
                "tier": customer.tier,
                "createdAt": iso(customer.created_at),
            }
        },
        201,
    )


def me(call: Request) -> Response:
    customer = call.customer
    return Response(
        {
            "data": {
                "id": customer.id,
                "name": customer.name,
                "email": customer.email,
                "tier": customer.tier,
                "status": customer.status,
                "createdAt": iso(customer.created_at),
            }
        }
    )


def rotate(call: Request) -> Response:
    return Response({"data": {"apiKey": rotate_key(call.state, call.customer)}})


ROUTES = (
    Route(
        "POST",
        "/v1/customers/register",
        register,
        body=_REGISTER,
        keyed=False,
        declares_400=True,
        failure="Failed to register customer",
    ),
    Route("GET", "/v1/customers/me", me),
    Route("POST", "/v1/customers/rotate-key", rotate, eras=(CURRENT,)),
)

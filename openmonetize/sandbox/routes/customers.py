"""Registration, the caller's own account, and a new key."""

from __future__ import annotations

from openmonetize.sandbox.answers import Answer, gateway_error
from openmonetize.sandbox.calls import Call, Route
from openmonetize.sandbox.clock import iso
from openmonetize.sandbox.schema import Fields, OneOf, Optionally, Text
from openmonetize.sandbox.state import CURRENT
from openmonetize.sandbox.tenants import EmailTaken, add_customer, new_key, rotate_key

_REGISTER = Fields(
    {
        "name": Text(least=1, most=255),
        "email": Text(form="email"),
        "tier": Optionally(OneOf("STARTER", "GROWTH", "ENTERPRISE"), default="STARTER"),
    }
)


def register(call: Call) -> Answer:
    key = new_key()
    try:
        customer = add_customer(call.state, call.body["name"], call.body["email"], call.body["tier"], key)
    except EmailTaken:
        raise gateway_error(409, "A customer with this email already exists") from None
    return Answer(
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


def me(call: Call) -> Answer:
    customer = call.customer
    return Answer(
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


def rotate(call: Call) -> Answer:
    return Answer({"data": {"apiKey": rotate_key(call.state, call.customer)}})


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

"""Registration, the caller's own account, and a new key."""

from __future__ import annotations

from openmonetize.sandbox.accounts.customers import EmailTaken, add_customer, new_key, rotate_key
from openmonetize.sandbox.clock import iso
from openmonetize.sandbox.http.request import Request
from openmonetize.sandbox.http.responses import Response, gateway_error
from openmonetize.sandbox.http.routing import Route
from openmonetize.sandbox.routes.fields import EMAIL, NAME
from openmonetize.sandbox.state import CURRENT_ERA
from openmonetize.sandbox.validation.schema import Fields, OneOf, Optionally

_REGISTER = Fields(
    {
        "name": NAME,
        "email": EMAIL,
        "tier": Optionally(OneOf("STARTER", "GROWTH", "ENTERPRISE"), default="STARTER"),
    }
)


def register(request: Request) -> Response:
    """Add a customer, and show its key this once."""
    key = new_key()
    body = request.body
    try:
        customer = add_customer(request.state, body["name"], body["email"], body["tier"], key)
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


def me(request: Request) -> Response:
    """Return the customer behind the key."""
    customer = request.customer
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


def rotate(request: Request) -> Response:
    """Replace the key."""
    return Response({"data": {"apiKey": rotate_key(request.state, request.customer)}})


ROUTES: tuple[Route, ...] = (
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
    Route("POST", "/v1/customers/rotate-key", rotate, eras=(CURRENT_ERA,)),
)

# Generated from openapi.yaml by `make generate`; do not edit.
"""V1CreditsPurchasePostRequest."""

from __future__ import annotations

from typing import Optional

from pydantic import Field
from typing_extensions import Annotated

from openmonetize._schema.model import Dec, Int, RequestModel, RequestTimestamp


class V1CreditsPurchasePostRequest(RequestModel):
    """A sale of credits to a user, to be booked on the user's wallet."""

    customer_id: Annotated[Optional[str], Field(alias="customerId", min_length=1)] = None
    """Id of the customer. Seed-era servers need it and refuse an id other than the key's; present servers ignore it."""
    user_id: Annotated[str, Field(alias="userId", min_length=1)]
    """User whose wallet is credited."""
    amount: Annotated[Int, Field(ge=1, le=9007199254740991)]
    """Credits to add, a whole number from 1. A fraction is answered with 500; above 2^53-1 the server would book
    another amount.
    """
    purchase_price: Annotated[Dec, Field(alias="purchasePrice", ge=0)]
    """What the user paid, in USD. It is only recorded; no payment is taken. Present servers refuse 0."""
    expires_at: Annotated[Optional[RequestTimestamp], Field(alias="expiresAt")] = None
    """When the whole wallet expires, earlier credits included (UTC). If left out the wallet keeps its expiry."""

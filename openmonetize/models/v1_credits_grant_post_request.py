# Generated from openapi.yaml by `make generate`; do not edit.
"""V1CreditsGrantPostRequest."""

from __future__ import annotations

from typing import Optional

from pydantic import Field
from typing_extensions import Annotated

from openmonetize._schema.model import FreeForm, Int, RequestModel, RequestTimestamp


class V1CreditsGrantPostRequest(RequestModel):
    """Credits to give to one wallet."""

    customer_id: Annotated[Optional[str], Field(alias="customerId", min_length=1)] = None
    """Id of the customer. Seed-era servers need it and refuse an id other than the key's; present servers ignore it."""
    user_id: Annotated[Optional[str], Field(alias="userId", min_length=1)] = None
    """User whose wallet is credited. Wins over `teamId`; without either the customer's own wallet is credited."""
    team_id: Annotated[Optional[str], Field(alias="teamId", min_length=1)] = None
    """Team whose wallet is credited, if no `userId` is given. The team must exist, and no operation creates one."""
    amount: Annotated[Int, Field(ge=1, le=9007199254740991)]
    """Credits to add, a whole number from 1 (1,000 credits are 1 USD). A fraction is answered with 500; above 2^53-1
    the server would book another amount.
    """
    reason: Optional[str] = None
    """Text for the transaction's description. Generated if left out or empty."""
    metadata: Optional[FreeForm] = None
    """Facts of your own to store with the transaction. No operation returns them."""
    idempotency_key: Annotated[Optional[str], Field(alias="idempotencyKey")] = None
    """Makes repeating the grant safe. Must be unique across all customers of the platform, for example a random UUID;
    an empty string counts as none.
    """
    expires_at: Annotated[Optional[RequestTimestamp], Field(alias="expiresAt")] = None
    """When the whole wallet expires, earlier credits included (UTC). If left out the wallet keeps its expiry."""

# Generated from openapi.yaml by `make generate`; do not edit.
"""V1CreditsGrantPost200ResponseData."""

from __future__ import annotations

from typing import Optional

from pydantic import Field
from typing_extensions import Annotated

from openmonetize._schema.model import IntString, ResponseModel


class Grant(ResponseModel):
    """The grant as it was booked, in credits."""

    transaction_id: Annotated[Optional[str], Field(alias="transactionId")] = None
    """Id of the transaction."""
    wallet_id: Annotated[Optional[str], Field(alias="walletId")] = None
    """Id of the wallet that was credited."""
    new_balance: Annotated[Optional[IntString], Field(alias="newBalance")] = None
    """Balance of the wallet right after this grant. A repeat with the same idempotency key answers with the old value,
    not today's.
    """
    amount: Optional[IntString] = None
    """Credits that were added."""


V1CreditsGrantPost200ResponseData = Grant

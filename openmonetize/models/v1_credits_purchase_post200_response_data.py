# Generated from openapi.yaml by `make generate`; do not edit.
"""V1CreditsPurchasePost200ResponseData."""

from __future__ import annotations

from typing import Optional

from pydantic import Field
from typing_extensions import Annotated

from openmonetize._schema.model import Int, ResponseModel


class Purchase(ResponseModel):
    """The purchase as it was booked."""

    transaction_id: Annotated[Optional[str], Field(alias="transactionId")] = None
    """Id of the transaction."""
    new_balance: Annotated[Optional[Int], Field(alias="newBalance")] = None
    """Credits in the user's wallet after the purchase."""


V1CreditsPurchasePost200ResponseData = Purchase

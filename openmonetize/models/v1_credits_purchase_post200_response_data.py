# Generated from openapi.yaml by `make generate`; do not edit.
"""V1CreditsPurchasePost200ResponseData."""

from __future__ import annotations

from pydantic import Field
from typing_extensions import Annotated

from openmonetize._schema.model import ABSENT, Int, Lenient, ResponseModel


class V1CreditsPurchasePost200ResponseData(ResponseModel):
    """The purchase as it was booked."""

    transaction_id: Annotated[Lenient[str], Field(alias="transactionId")] = ABSENT
    """Id of the transaction."""
    new_balance: Annotated[Lenient[Int], Field(alias="newBalance")] = ABSENT
    """Credits in the user's wallet after the purchase."""

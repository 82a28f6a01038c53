# Generated from openapi.yaml by `make generate`; do not edit.
"""V1CustomersCustomerIdUsersUserIdTransactionsGet200ResponseDataInner."""

from __future__ import annotations

from typing import Literal, Optional, Union

from pydantic import Field
from typing_extensions import Annotated

from openmonetize._schema.model import Int, ResponseModel, Timestamp


class Transaction(ResponseModel):
    """One booking on a user's wallet, in credits."""

    id: Optional[str] = None
    """Id of the transaction."""
    transaction_type: Annotated[
        Optional[Union[Literal["PURCHASE", "BURN", "REFUND", "EXPIRATION", "GRANT"], str]],
        Field(alias="transactionType"),
    ] = None
    """What kind of booking it is. Servers write PURCHASE, GRANT and BURN so far."""
    amount: Optional[Int] = None
    """Credits booked: negative for BURN, positive otherwise."""
    balance_before: Annotated[Optional[Int], Field(alias="balanceBefore")] = None
    """Credits in the wallet before the booking."""
    balance_after: Annotated[Optional[Int], Field(alias="balanceAfter")] = None
    """Credits in the wallet after the booking."""
    description: Optional[str] = None
    """What the booking is for, or null."""
    created_at: Annotated[Optional[Timestamp], Field(alias="createdAt")] = None
    """When it was booked (UTC)."""


V1CustomersCustomerIdUsersUserIdTransactionsGet200ResponseDataInner = Transaction

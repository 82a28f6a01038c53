# Generated from openapi.yaml by `make generate`; do not edit.
"""V1CustomersCustomerIdUsersUserIdTransactionsGet200ResponseDataInner."""

from __future__ import annotations

from typing import Literal, Optional, Union

from pydantic import Field
from typing_extensions import Annotated

from openmonetize._schema.model import ABSENT, Int, Lenient, ResponseModel, Timestamp


class V1CustomersCustomerIdUsersUserIdTransactionsGet200ResponseDataInner(ResponseModel):
    """One booking on a user's wallet, in credits."""

    id: Lenient[str] = ABSENT
    """Id of the transaction."""
    transaction_type: Annotated[
        Lenient[Union[Literal["PURCHASE", "BURN", "REFUND", "EXPIRATION", "GRANT"], str]],
        Field(alias="transactionType"),
    ] = ABSENT
    """What kind of booking it is. Servers write PURCHASE, GRANT and BURN so far."""
    amount: Lenient[Int] = ABSENT
    """Credits booked: negative for BURN, positive otherwise."""
    balance_before: Annotated[Lenient[Int], Field(alias="balanceBefore")] = ABSENT
    """Credits in the wallet before the booking."""
    balance_after: Annotated[Lenient[Int], Field(alias="balanceAfter")] = ABSENT
    """Credits in the wallet after the booking."""
    description: Optional[str] = None
    """What the booking is for, or null."""
    created_at: Annotated[Lenient[Timestamp], Field(alias="createdAt")] = ABSENT
    """When it was booked (UTC)."""

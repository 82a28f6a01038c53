# Generated from openapi.yaml by `make generate`; do not edit.
"""V1CreditsGrantPost200ResponseData."""

from __future__ import annotations

from pydantic import Field
from typing_extensions import Annotated

from openmonetize._schema.model import ABSENT, IntString, Lenient, ResponseModel


class V1CreditsGrantPost200ResponseData(ResponseModel):
    """The grant as it was booked, in credits."""

    transaction_id: Annotated[Lenient[str], Field(alias="transactionId")] = ABSENT
    """Id of the transaction."""
    wallet_id: Annotated[Lenient[str], Field(alias="walletId")] = ABSENT
    """Id of the wallet that was credited."""
    new_balance: Annotated[Lenient[IntString], Field(alias="newBalance")] = ABSENT
    """Balance of the wallet right after this grant. A repeat with the same idempotency key answers with the old value,
    not today's.
    """
    amount: Lenient[IntString] = ABSENT
    """Credits that were added."""

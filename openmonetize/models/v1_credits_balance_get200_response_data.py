# Generated from openapi.yaml by `make generate`; do not edit.
"""V1CreditsBalanceGet200ResponseData."""

from __future__ import annotations

from typing import Optional

from pydantic import Field
from typing_extensions import Annotated

from openmonetize._schema.model import IntString, ResponseModel


class Balance(ResponseModel):
    """State of the customer's own wallet, in credits."""

    balance: Optional[IntString] = None
    """Credits in the wallet. May be negative after an overdraft."""
    reserved_balance: Annotated[Optional[IntString], Field(alias="reservedBalance")] = None
    """Credits set aside. No present operation sets any aside, so it is 0."""
    available_balance: Annotated[Optional[IntString], Field(alias="availableBalance")] = None
    """Balance minus reserved credits."""
    currency: Optional[str] = None
    """Unit of the amounts: `credits`. Present servers say `USD` while there is no wallet yet; the zeros are credits all
    the same.
    """


V1CreditsBalanceGet200ResponseData = Balance

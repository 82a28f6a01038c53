# Generated from openapi.yaml by `make generate`; do not edit.
"""V1CreditsBalanceGet200ResponseData."""

from __future__ import annotations

from typing import Optional

from pydantic import Field
from typing_extensions import Annotated

from openmonetize.model import IntText, ResponseModel


class V1CreditsBalanceGet200ResponseData(ResponseModel):
    """State of the customer's own wallet, in credits."""

    balance: Optional[IntText] = None
    """Credits in the wallet. May be negative after an overdraft."""
    reserved_balance: Annotated[Optional[IntText], Field(alias="reservedBalance")] = None
    """Credits set aside. No present operation sets any aside, so it is 0."""
    available_balance: Annotated[Optional[IntText], Field(alias="availableBalance")] = None
    """Balance minus reserved credits."""
    currency: Optional[str] = None
    """Unit of the amounts: `credits`. Present servers say `USD` while there is no wallet yet; the zeros are credits all
    the same.
    """

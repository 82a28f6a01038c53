# Generated from openapi.yaml by `make generate`; do not edit.
"""V1CreditsBalanceGet200ResponseData."""

from __future__ import annotations

from pydantic import Field
from typing_extensions import Annotated

from openmonetize._schema.model import ABSENT, IntString, Lenient, ResponseModel


class V1CreditsBalanceGet200ResponseData(ResponseModel):
    """State of the customer's own wallet, in credits."""

    balance: Lenient[IntString] = ABSENT
    """Credits in the wallet. May be negative after an overdraft."""
    reserved_balance: Annotated[Lenient[IntString], Field(alias="reservedBalance")] = ABSENT
    """Credits set aside. No present operation sets any aside, so it is 0."""
    available_balance: Annotated[Lenient[IntString], Field(alias="availableBalance")] = ABSENT
    """Balance minus reserved credits."""
    currency: Lenient[str] = ABSENT
    """Unit of the amounts: `credits`. Present servers say `USD` while there is no wallet yet; the zeros are credits all
    the same.
    """

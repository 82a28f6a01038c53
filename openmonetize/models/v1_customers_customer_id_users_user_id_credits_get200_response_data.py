# Generated from openapi.yaml by `make generate`; do not edit.
"""V1CustomersCustomerIdUsersUserIdCreditsGet200ResponseData."""

from __future__ import annotations

from typing import Optional

from pydantic import Field
from typing_extensions import Annotated

from openmonetize._schema.model import Int, ResponseModel, Timestamp


class UserBalance(ResponseModel):
    """State of one user's wallet, in credits."""

    balance: Optional[Int] = None
    """Credits in the wallet. May be negative after an overdraft."""
    reserved: Optional[Int] = None
    """Credits set aside. No present operation sets any aside, so it is 0."""
    available: Optional[Int] = None
    """Balance minus reserved credits. Expired credits are still counted."""
    expires_at: Annotated[Optional[Timestamp], Field(alias="expiresAt")] = None
    """When the wallet expires (UTC), or null if it does not. Only entitlement checks look at it."""


V1CustomersCustomerIdUsersUserIdCreditsGet200ResponseData = UserBalance

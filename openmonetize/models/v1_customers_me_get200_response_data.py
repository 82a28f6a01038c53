# Generated from openapi.yaml by `make generate`; do not edit.
"""V1CustomersMeGet200ResponseData."""

from __future__ import annotations

from typing import Literal, Optional, Union

from pydantic import Field
from typing_extensions import Annotated

from openmonetize._schema.model import ResponseModel, Timestamp
from openmonetize.models.customer_tier import CustomerTier


class Customer(ResponseModel):
    """The customer that the API key belongs to."""

    id: Optional[str] = None
    """Id of the customer. Registration calls the same value `customerId`."""
    name: Optional[str] = None
    """Name given at registration."""
    email: Optional[str] = None
    """Email address given at registration."""
    tier: Optional[Union[CustomerTier, str]] = None
    """Plan of the customer. It sets the monthly event quota: STARTER 10,000, GROWTH 100,000, ENTERPRISE unlimited."""
    status: Optional[Union[Literal["ACTIVE", "SUSPENDED", "CHURNED"], str]] = None
    """State of the account. Only keys of ACTIVE customers are accepted."""
    created_at: Annotated[Optional[Timestamp], Field(alias="createdAt")] = None
    """When the customer registered (UTC)."""


V1CustomersMeGet200ResponseData = Customer

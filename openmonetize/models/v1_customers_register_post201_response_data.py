# Generated from openapi.yaml by `make generate`; do not edit.
"""V1CustomersRegisterPost201ResponseData."""

from __future__ import annotations

from typing import Optional, Union

from pydantic import Field
from typing_extensions import Annotated

from openmonetize._schema.model import ResponseModel, Timestamp
from openmonetize.models.customer_tier import CustomerTier


class Registration(ResponseModel):
    """The new customer with its API key."""

    customer_id: Annotated[Optional[str], Field(alias="customerId")] = None
    """Id of the customer."""
    api_key: Annotated[Optional[str], Field(alias="apiKey")] = None
    """API key of the customer. It is shown this once: store it before doing anything else."""
    name: Optional[str] = None
    """Name as given."""
    email: Optional[str] = None
    """Email address as given."""
    tier: Optional[Union[CustomerTier, str]] = None
    """Plan of the customer. It sets the monthly event quota: STARTER 10,000, GROWTH 100,000, ENTERPRISE unlimited."""
    created_at: Annotated[Optional[Timestamp], Field(alias="createdAt")] = None
    """When the customer was created (UTC)."""


V1CustomersRegisterPost201ResponseData = Registration

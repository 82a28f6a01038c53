# Generated from openapi.yaml by `make generate`; do not edit.
"""V1CustomersRegisterPostRequest."""

from __future__ import annotations

from typing import Optional

from pydantic import Field
from typing_extensions import Annotated

from openmonetize._schema.model import RequestModel
from openmonetize.models.customer_tier import CustomerTier


class V1CustomersRegisterPostRequest(RequestModel):
    """A new customer to register."""

    name: Annotated[str, Field(min_length=1, max_length=255)]
    """Name of the customer, 1 to 255 characters."""
    email: str
    """Email address, unique on the platform. Compared exactly, so two spellings that differ in case are two customers.
    """
    tier: Optional[CustomerTier] = None
    """Plan of the customer. It sets the monthly event quota: STARTER 10,000, GROWTH 100,000, ENTERPRISE unlimited.
    STARTER if left out.
    """

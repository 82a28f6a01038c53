# Generated from openapi.yaml by `make generate`; do not edit.
"""V1CustomersRegisterPost201ResponseData."""

from __future__ import annotations

from typing import Literal, Union

from pydantic import Field
from typing_extensions import Annotated

from openmonetize._schema.model import ABSENT, Lenient, ResponseModel, Timestamp


class V1CustomersRegisterPost201ResponseData(ResponseModel):
    """The new customer with its API key."""

    customer_id: Annotated[Lenient[str], Field(alias="customerId")] = ABSENT
    """Id of the customer."""
    api_key: Annotated[Lenient[str], Field(alias="apiKey")] = ABSENT
    """API key of the customer. It is shown this once: store it before doing anything else."""
    name: Lenient[str] = ABSENT
    """Name as given."""
    email: Lenient[str] = ABSENT
    """Email address as given."""
    tier: Lenient[Union[Literal["STARTER", "GROWTH", "ENTERPRISE"], str]] = ABSENT
    """Plan of the customer. It sets the monthly event quota: STARTER 10,000, GROWTH 100,000, ENTERPRISE unlimited."""
    created_at: Annotated[Lenient[Timestamp], Field(alias="createdAt")] = ABSENT
    """When the customer was created (UTC)."""

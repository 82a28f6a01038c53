# Generated from openapi.yaml by `make generate`; do not edit.
"""V1CustomersMeGet200ResponseData."""

from __future__ import annotations

from typing import Literal, Union

from pydantic import Field
from typing_extensions import Annotated

from openmonetize._schema.model import ABSENT, Lenient, ResponseModel, Timestamp


class V1CustomersMeGet200ResponseData(ResponseModel):
    """The customer that the API key belongs to."""

    id: Lenient[str] = ABSENT
    """Id of the customer. Registration calls the same value `customerId`."""
    name: Lenient[str] = ABSENT
    """Name given at registration."""
    email: Lenient[str] = ABSENT
    """Email address given at registration."""
    tier: Lenient[Union[Literal["STARTER", "GROWTH", "ENTERPRISE"], str]] = ABSENT
    """Plan of the customer. It sets the monthly event quota: STARTER 10,000, GROWTH 100,000, ENTERPRISE unlimited."""
    status: Lenient[Union[Literal["ACTIVE", "SUSPENDED", "CHURNED"], str]] = ABSENT
    """State of the account. Only keys of ACTIVE customers are accepted."""
    created_at: Annotated[Lenient[Timestamp], Field(alias="createdAt")] = ABSENT
    """When the customer registered (UTC)."""

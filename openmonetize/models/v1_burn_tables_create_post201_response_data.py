# Generated from openapi.yaml by `make generate`; do not edit.
"""V1BurnTablesCreatePost201ResponseData."""

from __future__ import annotations

from typing import Any, Dict, Optional

from pydantic import Field
from typing_extensions import Annotated

from openmonetize._schema.model import ABSENT, Int, Lenient, ResponseModel, Timestamp


class V1BurnTablesCreatePost201ResponseData(ResponseModel):
    """A stored burn table."""

    id: Lenient[str] = ABSENT
    """Id of the table."""
    customer_id: Annotated[Optional[str], Field(alias="customerId")] = None
    """Tenant that the table is for; null for a global default."""
    name: Lenient[str] = ABSENT
    """Name of the table."""
    version: Lenient[Int] = ABSENT
    """Version number of the table."""
    rules: Lenient[Dict[str, Any]] = ABSENT
    """Prices by model name. Tables that the platform brings along spell the keys of a rule input_tokens, output_tokens
    and per_unit, or have a flat_rate.
    """
    is_active: Annotated[Lenient[bool], Field(alias="isActive")] = ABSENT
    """Whether the table is in use."""
    valid_from: Annotated[Lenient[Timestamp], Field(alias="validFrom")] = ABSENT
    """When the table takes effect."""
    valid_until: Annotated[Optional[Timestamp], Field(alias="validUntil")] = None
    """When the table ends; null for never."""
    created_at: Annotated[Lenient[Timestamp], Field(alias="createdAt")] = ABSENT
    """When the table was created."""
    updated_at: Annotated[Lenient[Timestamp], Field(alias="updatedAt")] = ABSENT
    """When the table was last changed."""

# Generated from openapi.yaml by `make generate`; do not edit.
"""V1BurnTablesCreatePost201ResponseData."""

from __future__ import annotations

from typing import Any, Dict, Optional

from pydantic import Field
from typing_extensions import Annotated

from openmonetize._schema.model import Int, ResponseModel, Timestamp


class BurnTable(ResponseModel):
    """A stored burn table."""

    id: Optional[str] = None
    """Id of the table."""
    customer_id: Annotated[Optional[str], Field(alias="customerId")] = None
    """Customer that the table is for; null for a global default."""
    name: Optional[str] = None
    """Name of the table."""
    version: Optional[Int] = None
    """Version number of the table."""
    rules: Optional[Dict[str, Any]] = None
    """Prices by model name. Tables that the platform brings along spell the keys of a rule input_tokens, output_tokens
    and per_unit, or have a flat_rate.
    """
    is_active: Annotated[Optional[bool], Field(alias="isActive")] = None
    """Whether the table is in use."""
    valid_from: Annotated[Optional[Timestamp], Field(alias="validFrom")] = None
    """When the table takes effect."""
    valid_until: Annotated[Optional[Timestamp], Field(alias="validUntil")] = None
    """When the table ends; null for never."""
    created_at: Annotated[Optional[Timestamp], Field(alias="createdAt")] = None
    """When the table was created."""
    updated_at: Annotated[Optional[Timestamp], Field(alias="updatedAt")] = None
    """When the table was last changed."""


V1BurnTablesCreatePost201ResponseData = BurnTable

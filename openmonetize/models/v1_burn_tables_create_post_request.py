# Generated from openapi.yaml by `make generate`; do not edit.
"""V1BurnTablesCreatePostRequest."""

from __future__ import annotations

from typing import Dict, Optional

from pydantic import Field
from typing_extensions import Annotated

from openmonetize._schema.model import RequestModel, RequestTimestamp
from openmonetize.models.v1_burn_tables_create_post_request_rules_value import V1BurnTablesCreatePostRequestRulesValue


class V1BurnTablesCreatePostRequest(RequestModel):
    """A new burn table."""

    customer_id: Annotated[Optional[str], Field(alias="customerId")] = None
    """Customer that the table is for; without it the table is a global default. Seed-era servers read it; present
    servers drop this field.
    """
    name: Annotated[str, Field(min_length=1, max_length=255)]
    """Name of the table, 1 to 255 characters."""
    rules: Dict[str, V1BurnTablesCreatePostRequestRulesValue]
    """Prices by exact model name; the name `default` stands for all other models."""
    valid_from: Annotated[Optional[RequestTimestamp], Field(alias="validFrom")] = None
    """When the table takes effect."""
    valid_until: Annotated[Optional[RequestTimestamp], Field(alias="validUntil")] = None
    """When the table ends; without it the table has no end."""

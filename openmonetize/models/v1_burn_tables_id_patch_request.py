# Generated from openapi.yaml by `make generate`; do not edit.
"""V1BurnTablesIdPatchRequest."""

from __future__ import annotations

from typing import Dict, Optional

from pydantic import Field
from typing_extensions import Annotated

from openmonetize._schema.model import RequestModel, RequestTimestamp
from openmonetize.models.v1_burn_tables_create_post_request_rules_value import V1BurnTablesCreatePostRequestRulesValue


class V1BurnTablesIdPatchRequest(RequestModel):
    """Changes to a burn table. Fields that are left out stay as they are."""

    name: Annotated[Optional[str], Field(min_length=1, max_length=255)] = None
    """Name of the table, 1 to 255 characters."""
    rules: Optional[Dict[str, V1BurnTablesCreatePostRequestRulesValue]] = None
    """Prices by model name that replace all present ones; the name `default` stands for all other models."""
    is_active: Annotated[Optional[bool], Field(alias="isActive")] = None
    """Whether the table is in use."""
    valid_from: Annotated[Optional[RequestTimestamp], Field(alias="validFrom")] = None
    """When the table takes effect."""
    valid_until: Annotated[Optional[RequestTimestamp], Field(alias="validUntil")] = None
    """When the table ends."""

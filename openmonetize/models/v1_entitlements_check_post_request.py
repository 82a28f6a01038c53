# Generated from openapi.yaml by `make generate`; do not edit.
"""V1EntitlementsCheckPostRequest."""

from __future__ import annotations

from typing import Optional

from pydantic import Field
from typing_extensions import Annotated

from openmonetize._schema.model import RequestModel
from openmonetize.models.v1_entitlements_check_post_request_action import V1EntitlementsCheckPostRequestAction


class V1EntitlementsCheckPostRequest(RequestModel):
    """Question whether a user may use a feature now."""

    customer_id: Annotated[Optional[str], Field(alias="customerId")] = None
    """Customer that owns the user. Seed-era servers need it and compare it with the key; present servers take the
    customer from the key and drop this field.
    """
    user_id: Annotated[str, Field(alias="userId", min_length=1)]
    """User whose wallet would pay. Seed-era servers take UUIDs only."""
    feature_id: Annotated[str, Field(alias="featureId")]
    """Feature that is about to be used."""
    action: V1EntitlementsCheckPostRequestAction

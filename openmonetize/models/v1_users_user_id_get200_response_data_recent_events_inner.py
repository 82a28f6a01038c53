# Generated from openapi.yaml by `make generate`; do not edit.
"""V1UsersUserIdGet200ResponseDataRecentEventsInner."""

from __future__ import annotations

from typing import Literal, Optional, Union

from pydantic import Field
from typing_extensions import Annotated

from openmonetize._schema.model import ABSENT, Int, Lenient, ResponseModel, Timestamp


class V1UsersUserIdGet200ResponseDataRecentEventsInner(ResponseModel):
    """One of the user's latest usage events."""

    id: Lenient[str] = ABSENT
    """Id of the event."""
    event_type: Annotated[
        Lenient[Union[Literal["TOKEN_USAGE", "API_CALL", "IMAGE_GENERATION", "VIDEO_GENERATION", "CUSTOM"], str]],
        Field(alias="eventType"),
    ] = ABSENT
    """What was metered."""
    feature_id: Annotated[Lenient[str], Field(alias="featureId")] = ABSENT
    """Feature that the usage belongs to."""
    provider: Optional[str] = None
    """Provider of the model, or null."""
    model: Optional[str] = None
    """Name of the model, or null."""
    credits_burned: Annotated[Lenient[Int], Field(alias="creditsBurned")] = ABSENT
    """Credits that the event was billed."""
    timestamp: Lenient[Timestamp] = ABSENT
    """When the usage happened (UTC)."""

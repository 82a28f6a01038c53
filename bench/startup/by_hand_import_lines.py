"""The same libraries, and one model of the same fields."""

from typing import Any, Dict, Literal, Optional

import urllib3  # noqa: F401
from pydantic import BaseModel, ConfigDict, Field
from typing_extensions import Annotated

Count = Annotated[int, Field(ge=0)]


class TokenUsage(BaseModel):
    """A usage event."""

    model_config = ConfigDict(protected_namespaces=())

    event_id: str
    customer_id: Optional[str] = None
    user_id: Optional[str] = None
    team_id: Optional[str] = None
    event_type: Literal["TOKEN_USAGE"] = "TOKEN_USAGE"
    feature_id: str
    provider: Optional[str] = None
    model: Optional[str] = None
    input_tokens: Optional[Count] = None
    output_tokens: Optional[Count] = None
    timestamp: str
    metadata: Optional[Dict[str, Any]] = None
    idempotency_key: Optional[str] = None

"""The same by hand: normalise the README's values, send them, and read the response."""

import sys
import uuid
from datetime import datetime, timezone
from typing import Any, Dict, Literal, Optional

import urllib3
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


class Accepted(BaseModel):
    """The response of an ingest."""

    accepted: int
    rejected: int
    duplicates: int
    batch_id: Optional[str] = None
    status: str
    processing_time_ms: int


key = "om_bench_0123456789abcdef"
http = urllib3.PoolManager()
event_id = str(uuid.uuid5(uuid.uuid5(uuid.NAMESPACE_DNS, "cust_abc"), "evt_123"))
event = TokenUsage(
    event_id=event_id,
    customer_id="cust_abc",
    user_id="user_456",
    feature_id="chat-completion",
    provider="openai".upper(),
    model="gpt-4-turbo",
    input_tokens=1000,
    output_tokens=500,
    timestamp=datetime.now().astimezone(timezone.utc).isoformat().replace("+00:00", "Z"),
    metadata={"source_event_id": "evt_123"},
    idempotency_key=event_id,
)
response = http.request(
    "POST",
    sys.argv[1] + "/v1/events/ingest",
    body=b'{"events":[' + event.model_dump_json(exclude_none=True).encode() + b"]}",
    headers={"Authorization": f"Bearer {key}", "X-API-Key": key, "Content-Type": "application/json"},
    timeout=urllib3.Timeout(connect=10.0, read=30.0),
)
assert response.status == 202
assert Accepted.model_validate_json(response.data).accepted == 1

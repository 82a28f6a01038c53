"""The same with the stock client, which takes values in the wire's form only."""

import sys
import uuid
from datetime import datetime, timezone

from openmonetize_stock import ApiClient, EventsApi, TokenUsageEvent, UsageEvent, V1EventsIngestPostRequest
from openmonetize_stock.configuration import Configuration

key = "om_bench_0123456789abcdef"
config = Configuration(host=sys.argv[1], access_token=key, api_key={"ApiKeyAuth": key})
event_id = str(uuid.uuid5(uuid.uuid5(uuid.NAMESPACE_DNS, "cust_abc"), "evt_123"))
event = TokenUsageEvent(
    event_id=event_id,
    customer_id="cust_abc",
    user_id="user_456",
    event_type="TOKEN_USAGE",
    feature_id="chat-completion",
    provider="OPENAI",
    model="gpt-4-turbo",
    input_tokens=1000,
    output_tokens=500,
    timestamp=datetime.now(timezone.utc),
    metadata={"source_event_id": "evt_123"},
    idempotency_key=event_id,
)
result = EventsApi(ApiClient(config)).ingest(V1EventsIngestPostRequest(events=[UsageEvent(event)]))
assert result.accepted == 1

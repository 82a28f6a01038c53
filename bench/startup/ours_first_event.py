"""The README's quick start, from the start of the process to its first metered event."""

import sys
from datetime import datetime

from openmonetize import ApiClient, EventsApi, TokenUsageEvent
from openmonetize.configuration import Configuration

config = Configuration()
config.api_key["bearerAuth"] = "om_bench_0123456789abcdef"
config.host = sys.argv[1]
events_api = EventsApi(ApiClient(config))

event = TokenUsageEvent(
    event_id="evt_123",
    customer_id="cust_abc",
    user_id="user_456",
    feature_id="chat-completion",
    provider="openai",
    model="gpt-4-turbo",
    input_tokens=1000,
    output_tokens=500,
    timestamp=datetime.now().isoformat(),
)
result = events_api.ingest(events=[event])
assert result.accepted == 1

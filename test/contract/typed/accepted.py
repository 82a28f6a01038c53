"""Read by two type checkers, never run: what users may write, and the types that they get."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any, Optional

from typing_extensions import assert_type

from openmonetize import (
    UNSET,
    AnalyticsApi,
    ApiClient,
    ApiException,
    ApiResponse,
    Balance,
    BurnTablesApi,
    Configuration,
    CostSummary,
    CreditsApi,
    CustomersApi,
    CustomEvent,
    DefaultApi,
    EntitlementsApi,
    EventsApi,
    HealthApi,
    ImageGenerationEvent,
    IngestResult,
    OpenMonetize,
    RatingApi,
    TokenUsageEvent,
    Transaction,
    UsageEvent,
    V1AnalyticsUsageGet200Response,
    V1CreditsBalanceGet200Response,
    V1CreditsBalanceGet200ResponseData,
    V1CreditsGrantPost200Response,
    V1CreditsGrantPostRequest,
    V1CustomersMeGet200Response,
    V1EntitlementsCheckPost200Response,
    V1EntitlementsCheckPostRequestAction,
)
from openmonetize.events.model import EventModel
from openmonetize.models import HealthGet200Response
from openmonetize.rest import RESTResponse

client = ApiClient(Configuration(host="http://127.0.0.1:1", api_key={"bearerAuth": "k"}))

tokens = TokenUsageEvent(
    event_id="evt_123",
    customer_id="cust_abc",
    user_id="user_456",
    feature_id="chat-completion",
    provider="openai",
    model="gpt-4-turbo",
    input_tokens=1000,
    output_tokens=500,
    timestamp=datetime.now().isoformat(),
    metadata={"plan": ["pro", 1, None]},
)
images = ImageGenerationEvent(feature_id="art", provider="openai", model="dall-e-3", image_count=1, quality="hd")
pages = CustomEvent(feature_id="pdf", unit_type="pages", quantity=10, timestamp=datetime.now())
assert_type(tokens.event_id, str)
assert_type(tokens.user_id, Optional[str])
assert_type(tokens.input_tokens, Optional[int])
assert_type(tokens.metadata, Optional[dict[str, Any]])
assert_type(tokens.to_dict(), dict[str, Any])
assert_type(tokens.to_json(), str)
assert_type(TokenUsageEvent.from_json("{}"), TokenUsageEvent)
assert_type(UsageEvent.list_from_json("[]"), list[EventModel])

events_api = EventsApi(client)
assert_type(
    events_api.ingest(events=[tokens, images, pages, {"event_type": "API_CALL", "feature_id": "f"}]), IngestResult
)
assert_type(events_api.ingest(event for event in [tokens]), IngestResult)
assert_type(events_api.ingest_with_http_info([tokens], _request_timeout=5.0), ApiResponse[IngestResult])
assert_type(events_api.ingest_without_preload_content([tokens]), RESTResponse)

credits_api = CreditsApi()
assert_type(credits_api.grant(amount=5), V1CreditsGrantPost200Response)
assert_type(
    credits_api.grant(V1CreditsGrantPostRequest(amount=5, expires_at=datetime.now())), V1CreditsGrantPost200Response
)
assert_type(credits_api.grant({"amount": 5}, _headers={"X-Trace": "1"}), V1CreditsGrantPost200Response)
assert_type(credits_api.v1_credits_grant_post_with_http_info(amount=5), ApiResponse[V1CreditsGrantPost200Response])
assert_type(credits_api.v1_credits_grant_post_with_http_info(amount=5).data, V1CreditsGrantPost200Response)
assert_type(credits_api.v1_credits_grant_post_without_preload_content(amount=5), RESTResponse)
assert_type(credits_api.balance(), V1CreditsBalanceGet200Response)
balance = credits_api.balance().data
assert_type(balance, Optional[Balance])
assert_type(balance, Optional[V1CreditsBalanceGet200ResponseData])
if balance is not None:
    assert_type(balance.balance, Optional[int])
credits_api.purchase(user_id="u", amount=1, purchase_price=Decimal("19.99"))
for booking in credits_api.transactions("u", limit=10).data or ():
    assert_type(booking, Transaction)
    assert_type(booking.id, Optional[str])

action = V1EntitlementsCheckPostRequestAction(type="token_usage", provider="OPENAI", model="gpt-4o")
entitlements = EntitlementsApi(client)
assert_type(entitlements.check(user_id="u", feature_id="f", action=action), V1EntitlementsCheckPost200Response)
assert_type(entitlements.check(user_id="u", feature_id="f").allowed, Optional[bool])
entitlements.update("id", limit_value=None, period=UNSET)
entitlements.create(feature_id="f", limit_type="HARD", limit_value=3, period="DAILY")
assert_type(entitlements.delete("id"), None)

assert_type(AnalyticsApi(client).usage(start_date=datetime.now()), V1AnalyticsUsageGet200Response)
costs = AnalyticsApi(client).costs().data
if costs is not None and costs.summary is not None:
    assert_type(costs.summary, CostSummary)
    assert_type(costs.summary.total_revenue, Optional[Decimal])
assert_type(CustomersApi(client).me(), V1CustomersMeGet200Response)
assert_type(HealthApi(client).health(), HealthGet200Response)
assert_type(HealthApi(client).health().timestamp, Optional[datetime])
assert_type(DefaultApi(client).v1_rating_post_0("calculate/bulk", {"a": 1}, {"q": [1]}), Any)
RatingApi(client).calculate(provider="OPENAI", model="gpt-4o", input_tokens=1)

with OpenMonetize() as om:
    assert_type(om.credits, CreditsApi)
    assert_type(om.burn_tables, BurnTablesApi)
    assert_type(om.default, DefaultApi)
    assert_type(om.customer_id, str)

try:
    credits_api.balance()
except ApiException as error:
    assert_type(error.status, Optional[int])
    assert_type(error.body, Optional[str])

"""Read by two type checkers, never run: every statement that ends in `# wrong` is a mistake that they must find."""

from __future__ import annotations

from openmonetize import (
    CreditsApi,
    CustomEvent,
    EntitlementsApi,
    EventsApi,
    TokenUsageEvent,
    V1CreditsGrantPostRequest,
    V1EntitlementsPostRequest,
)

credits_api = CreditsApi()
events_api = EventsApi()

TokenUsageEvent(feature_id="f", inputtokens=1)  # wrong
TokenUsageEvent(feature_id="f", inputTokens=1)  # wrong
TokenUsageEvent(featureId="f")  # wrong
TokenUsageEvent(provider="openai")  # wrong
TokenUsageEvent(feature_id="f", input_tokens="1")  # wrong
CustomEvent(feature_id="f", quantity=1)  # wrong
CustomEvent(feature_id="f", unit_type="u", quantity="1")  # wrong
V1CreditsGrantPostRequest(amount=5, userId="u")  # wrong
V1CreditsGrantPostRequest(reason="r")  # wrong
V1EntitlementsPostRequest(feature_id="f", limit_type="SOFTISH")  # wrong
credits_api.grant(amuont=5)  # wrong
credits_api.grant(amount="five")  # wrong
credits_api.grant(amount=5, _request_timeot=1)  # wrong
credits_api.grant(amount=5, _request_timeout="1")  # wrong
credits_api.v1_credits_grant_post_with_http_info(amuont=5)  # wrong
credits_api.v1_credits_grant_post_without_preload_content(amount="five")  # wrong
credits_api.user_balance()  # wrong
credits_api.user_balance(5)  # wrong
credits_api.v1_users_user_id_credits_get_with_http_info(5)  # wrong
credits_api.balanc()  # wrong
credits_api.balance().data.balance  # wrong
events_api.ingest(TokenUsageEvent(feature_id="f"))  # wrong
events_api.ingest(events=["x"])  # wrong
events_api.ingest(events=[], retries=3)  # wrong
EntitlementsApi().create(feature_id="f", limit_type="HARD", period="HOURLY")  # wrong
EntitlementsApi().check(user_id="u", feature_id="f").allowd  # wrong

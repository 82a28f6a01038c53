"""Usual mistakes, and what each is told. The functions are called through names that type checkers know nothing of."""

# ruff: noqa: E501

from __future__ import annotations

import types
from datetime import date
from typing import Any, Callable, NamedTuple

import openmonetize
from openmonetize import metering, pricing, providers, sandbox

KEY = "om_live_mistakes_0123456789"
NOWHERE = "http://127.0.0.1:1"  # a request to it would fail with another error
EVENT = {"user_id": "u", "feature_id": "f", "provider": "OPENAI", "model": "gpt-4o"}

lib: Any = openmonetize
Recorder: Any = metering.Recorder
prices: Any = pricing
Sandbox: Any = sandbox.Sandbox
priced_name: Any = providers.priced_name


class Objects(NamedTuple):
    """What methods are called on."""

    om: Any
    client: Any
    sandbox: Any


# fmt: off
TYPOS: list[tuple[Callable[[Objects], object], str]] = [
    (lambda _: lib.OpenMonetize(apikey=KEY), "unknown argument 'apikey' for OpenMonetize(): did you mean api_key?"),
    (lambda _: lib.OpenMonetize(token=KEY), "unknown argument 'token' for OpenMonetize(): did you mean api_key?"),
    (lambda _: lib.OpenMonetize(KEY, host=NOWHERE), "did you mean base_url?"),
    (lambda _: lib.OpenMonetize(KEY, NOWHERE, flush_intervall=1), "did you mean flush_interval?"),
    (lambda _: lib.OpenMonetize(KEY, NOWHERE, batch_size=1), "did you mean flush_at?"),
    (lambda _: lib.OpenMonetize(KEY, NOWHERE, max_queue_size=1), "did you mean max_events?"),
    (lambda _: lib.OpenMonetize(KEY, NOWHERE, 5.0), "it takes api_key, base_url, and by name outbox, durability"),
    (lambda _: lib.Configuration(base_url=NOWHERE), "unknown argument 'base_url' for Configuration(): did you mean host?"),
    (lambda _: lib.Configuration(NOWHERE, verify=False), "did you mean verify_ssl?"),
    (lambda _: lib.Configuration(NOWHERE, max_retries=3), "did you mean retries?"),
    (lambda _: lib.Configuration(NOWHERE, proxies="x"), "did you mean proxy?"),
    (lambda _: lib.ApiClient(config=1), "unknown argument 'config' for ApiClient(): did you mean configuration?"),
    (lambda _: lib.CreditsApi(client=1), "unknown argument 'client' for CreditsApi(): did you mean api_client?"),
    (lambda _: lib.RetryPolicy(attempt=1), "unknown argument 'attempt' for RetryPolicy(): did you mean attempts?"),
    (lambda of: of.client.set_default_header(name="a", value="b"), "for set_default_header(): did you mean header_name?"),
    (lambda of: of.client.call_api("GET", "/v1/x", params={}), "did you mean query?"),
    (lambda of: of.client.call_api("POST", "/v1/x", json={}), "did you mean body?"),
    (lambda of: of.client.call_api("GET"), "path is missing: call_api() needs it (the path, starting with /v1"),
    (lambda of: of.om.track_token_usage(**EVENT, prompt_tokens=5), "track_token_usage(): did you mean input_tokens?"),
    (lambda of: of.om.track_token_usage(**EVENT, completion_tokens=5), "track_token_usage(): did you mean output_tokens?"),
    (lambda of: of.om.track_token_usage(provider="openai", modle="gpt-4o"), "track_token_usage(): did you mean model?"),
    (lambda of: of.om.track_token_usage(provider="openai", user="u"), "track_token_usage(): did you mean user_id?"),
    (lambda of: of.om.track_token_usage("openai", "gpt-4o", 5), "track_token_usage() takes its arguments by name: provider"),
    (lambda of: of.om.track_token_usage(user_id="u", feature_id="f"), "provider is missing: pass provider=... and model=..."),
    (lambda of: of.om.track_image_generation(**EVENT, n=2), "track_image_generation(): did you mean image_count?"),
    (lambda of: of.om.track_image_generation(**EVENT, size="1x1"), "track_image_generation(): did you mean image_size?"),
    (lambda of: of.om.track_custom_event(unit="page", quantity=1), "track_custom_event(): did you mean unit_type?"),
    (lambda of: of.om.track_custom_event(unit_type="page", qty=1), "track_custom_event(): did you mean quantity?"),
    (lambda of: of.om.track_custom_event(unit_type="page", feature_id="f"), "quantity is missing: pass quantity=..."),
    (lambda of: of.om.track_api_call(feature="f"), "track_api_call(): did you mean feature_id?"),
    (lambda of: of.om.track_usage({}, vendor="openai"), "track_usage(): did you mean provider?"),
    (lambda of: of.om.track_usage(), "usage is missing: track_usage() needs it"),
    (lambda of: of.om.track(events=[]), "unknown argument 'events' for track(): did you mean event?"),
    (lambda of: of.om.check("f", user="u", on_outage="deny"), "unknown argument 'user' for a check: did you mean user_id?"),
    (lambda of: of.om.check("f", user_id="u", on_outage="deny", prompt_tokens=5), "did you mean input_tokens?"),
    (lambda of: of.om.check("f", user_id="u", on_outge="deny"), "unknown argument 'on_outge' for check(): did you mean on_outage?"),
    (lambda of: of.om.check("f", user_id="u", fail_open=True), "did you mean on_outage?"),
    (lambda of: of.om.check("f", user_id="u"), 'on_outage is missing: check() needs it ("allow" or "deny"'),
    (lambda of: of.om.metered(feature="f", on_outage="deny"), "metered(): did you mean feature_id?"),
    (lambda of: of.om.wrap(object(), feature="f"), "wrap(): did you mean feature_id?"),
    (lambda of: of.om.context(user="u"), "context(): did you mean user_id?"),
    (lambda of: of.om.context("u"), "context() takes its arguments by name: user_id, feature_id, metadata"),
    (lambda of: of.om.flush(timout=1), "unknown argument 'timout' for flush(): did you mean timeout?"),
    (lambda of: of.om.stats(1), "stats() takes no arguments"),
    (lambda of: of.om.estimate_credits(prompt_tokens=5), "estimate_credits(): did you mean input_tokens?"),
    (lambda of: of.om.proxy_config("openai", url="x"), "proxy_config(): did you mean proxy_url?"),
    (lambda of: of.om.credits.grant(userid="u", amount=5), "unknown argument 'userid' for POST /v1/credits/grant: did you mean user_id?"),
    (lambda of: of.om.credits.grant(user_id="u", credits=5), "did you mean amount?"),
    (lambda of: of.om.credits.grant("u", 5), "grant() has got too many arguments by position"),
    (lambda of: of.om.credits.balance(timeout=5), "did you mean _request_timeout?"),
    (lambda of: of.om.credits.balance(api_key=KEY), "did you mean _request_auth?"),
    (lambda of: of.om.credits.user_balance(userid="u"), "unknown argument 'userid' for user_balance(): did you mean user_id?"),
    (lambda of: of.om.credits.user_balance(), "user_id is missing: user_balance() needs it"),
    (lambda of: of.om.credits.v1_users_user_id_credits_get_with_http_info(), "user_id is missing: user_balance() needs it"),
    (lambda of: of.om.analytics.usage(start="2026-01-01T00:00:00Z"), "did you mean start_date?"),
    (lambda of: of.om.events.ingest(event=[]), "unknown argument 'event' for ingest(): did you mean events?"),
    (lambda of: lib.EventsApi(of.client).ingest(), "events is missing: ingest() needs it"),
    (lambda of: Recorder(of.client, flush_intervall=1), "unknown argument 'flush_intervall' for Recorder(): did you mean flush_interval?"),
    (lambda of: Recorder(of.client).record(), "an event must be an event model or a dict"),
    (lambda of: lib.flush_after(of.om, time=5), "unknown argument 'time' for flush_after(): did you mean timeout?"),
    (lambda _: lib.usage_from({}, vendor="openai"), "unknown argument 'vendor' for usage_from(): did you mean provider?"),
    (lambda _: priced_name(vendor="openai"), "unknown argument 'vendor' for priced_name(): did you mean provider?"),
    (lambda _: lib.Usage(provider="OPENAI", model="m", prompt_tokens=1), "for Usage(): did you mean input_tokens?"),
    (lambda _: lib.TokenUsageEvent("openai", "gpt-4o", 5), "TokenUsageEvent() takes its fields by name: event_id, "),
    (lambda _: lib.TokenUsageEvent(**EVENT, prompt_tokens=5), "unknown field 'prompt_tokens': did you mean 'input_tokens'?"),
    (lambda _: lib.TokenUsageEvent(**EVENT, input_token=5), "unknown field 'input_token': did you mean 'input_tokens'?"),
    (lambda _: lib.CustomEvent(unit="page"), "unknown field 'unit': did you mean 'unit_type'?"),
    (lambda _: lib.V1CreditsGrantPostRequest(5), "V1CreditsGrantPostRequest() takes its fields by name: customer_id"),
    (lambda _: lib.UsageEvent(**EVENT), "UsageEvent stands for several kinds of events: make one of "),
    (lambda of: of.om.track({"event_type": "TOKEN_USAGE", "promt_tokens": 5}), "unknown field 'promt_tokens': did you mean 'input_tokens'?"),
    (lambda _: prices.credits_for_tokens("OPENAI", "gpt-4o", prompt_tokens=5), "did you mean input_tokens?"),
    (lambda _: prices.price_book(price="all"), "unknown argument 'price' for price_book(): did you mean prices?"),
    (lambda _: lib.PriceBook(), "prices is missing: PriceBook() needs it"),
    (lambda _: Sandbox(prot=5), "unknown argument 'prot' for Sandbox(): did you mean port?"),
    (lambda _: Sandbox(5), "Sandbox() takes its arguments by name: host, port"),
    (lambda of: of.sandbox.advance(hours=5), "unknown argument 'hours' for advance(); it takes days, seconds"),
    (lambda of: of.sandbox.billed(user="u"), "unknown argument 'user' for billed(): did you mean user_id?"),
    (lambda of: of.sandbox.events(user="u"), "cannot filter events by 'user'; did you mean user_id?"),
    (lambda of: of.om.credits.balence(), "CreditsApi has no attribute 'balence': did you mean balance?"),
    (lambda _: lib.TokenUsage, "module 'openmonetize' has no attribute 'TokenUsage': did you mean TokenUsageEvent?"),
    (lambda _: lib.TokenUsageEvent(**EVENT).input_token, "TokenUsageEvent has no attribute 'input_token': did you mean input_tokens?"),
    (lambda _: setattr(lib.Configuration(NOWHERE), "verify_sll", False), "Configuration has no setting 'verify_sll': did you mean verify_ssl?"),
]

WRONG_KINDS: list[tuple[Callable[[Objects], object], str]] = [
    # A class or a module in place of an object.
    (lambda _: lib.OpenMonetize(KEY, NOWHERE, configuration=lib.Configuration), "not the class Configuration itself: pass an instance, Configuration(...)"),
    (lambda _: lib.ApiClient(lib.Configuration), "configuration must be a Configuration, not the class Configuration itself"),
    (lambda _: lib.CreditsApi(lib.ApiClient), "api_client must be an ApiClient, not the class ApiClient itself: pass an instance"),
    (lambda _: lib.CreditsApi(lib.Configuration(NOWHERE)), "api_client must be an ApiClient, not Configuration"),
    (lambda _: Recorder(lib.ApiClient), "client must be an ApiClient, not the class ApiClient itself"),
    (lambda of: Recorder(of.client, retry=lib.RetryPolicy), "retry must be a RetryPolicy, not the class RetryPolicy itself"),
    (lambda of: of.om.track(lib.TokenUsageEvent), "not the class TokenUsageEvent itself: pass an instance, TokenUsageEvent(...)"),
    (lambda of: of.om.events.ingest([lib.TokenUsageEvent]), "events[0]: an event must be an event model or a dict, not the class TokenUsageEvent"),
    (lambda of: of.om.wrap(types.SimpleNamespace), "cannot meter the class SimpleNamespace itself: pass an instance"),
    (lambda of: of.om.wrap(types), "cannot meter the module types: pass an object made with it"),
    (lambda of: of.om.track_usage(lib.Usage), "no usage in this response (the class Usage itself: pass an instance, Usage(...))"),
    (lambda of: of.om.events.ingest(lib.TokenUsageEvent(**EVENT)), "not TokenUsageEvent: put it into a list, [event]"),
    # Numbers as text.
    (lambda of: of.om.track_token_usage(**EVENT, input_tokens="12"), "input_tokens should be a valid integer (got '12'): give it without quotes"),
    (lambda of: of.om.track_custom_event(unit_type="page", quantity="5", feature_id="f"), "quantity should be a valid number (got '5'): give it without quotes"),
    (lambda of: of.om.credits.grant(user_id="u", amount="500"), "amount must be a number, not the text '500': give it without quotes"),
    (lambda of: of.om.credits.grant(user_id="u", amount="five hundred"), "amount must be a number, not the text 'five hundred'"),
    (lambda of: of.om.credits.transactions("u", limit="5"), "limit must be an int, not '5'"),
    (lambda of: of.om.credits.balance(_request_timeout="5"), "_request_timeout must be a number of seconds"),
    (lambda of: of.om.check("f", user_id="u", on_outage="deny", input_tokens="5"), "input_tokens must be a number of at least 0, not '5'"),
    (lambda of: of.om.flush("5"), "timeout must be a number of 0.0 or more, not '5'"),
    (lambda _: lib.Configuration(NOWHERE, timeout="5"), "timeout must be a number of seconds, above 0 and at most 86400, not '5'"),
    (lambda _: lib.RetryPolicy(base="1"), "base must be a number of seconds, 0 or more, not '1'"),
    (lambda of: Recorder(of.client, outbox_max_bytes="5"), "outbox_max_bytes must be a number of 0 or more, not '5'"),
    (lambda _: Sandbox(rate_limit="5"), "rate_limit must be a number of requests, not str"),
    (lambda _: prices.credits_for_tokens("OPENAI", "gpt-4o", "5", 1), "input_tokens must be a whole number"),
    # Ids as numbers.
    (lambda of: of.om.track_token_usage(**{**EVENT, "user_id": 42}), "user_id should be a valid string (got 42): pass str(42)"),
    (lambda of: of.om.credits.grant(user_id=42, amount=5), "user_id should be a valid string (got 42): pass str(42)"),
    (lambda of: of.om.credits.user_balance(42), "user_id must be a str, not int: pass str(42)"),
    (lambda of: of.om.check("f", user_id=42, on_outage="deny"), "user_id must be a str, not int: pass str(42)"),
    (lambda of: of.om.context(user_id=42), "user_id must be a str, not int: pass str(42)"),
    # Times.
    (lambda of: of.om.track_token_usage(**EVENT, timestamp=1700000000), "pass datetime.fromtimestamp(1700000000, timezone.utc)"),
    (lambda of: of.om.track_token_usage(**EVENT, timestamp=1700000000000), "pass datetime.fromtimestamp(1700000000000 / 1000, timezone.utc)"),
    (lambda of: of.om.track_token_usage(**EVENT, timestamp=date(2026, 1, 31)), "not date: pass datetime(2026, 1, 31)"),
    (lambda of: of.om.analytics.usage(last="1m"), "last='1m' is no length of time (months, years and minutes are not taken): write '24h', '30d' or '4w'"),
    (lambda of: of.om.analytics.usage(start_date="2026-02-30"), "start_date is not a day of the calendar (got '2026-02-30')"),
    (lambda of: of.om.analytics.usage("2026-01-31", last="7d", start_date=date(2026, 1, 31)), "give either last or start_date, not both"),
    (lambda of: of.om.analytics.usage(start_date="last week"), "start_date is not an ISO 8601 date and time, such as"),
    # Keys and addresses.
    (lambda _: lib.OpenMonetize(NOWHERE, KEY), "api_key is a URL: the key comes first, and then base_url"),
    (lambda _: lib.OpenMonetize(f"Bearer {KEY}", NOWHERE), "the API key begins with 'Bearer', which is added to it"),
    (lambda _: lib.OpenMonetize(f'"{KEY}"', NOWHERE), "the API key has quotes around it"),
    (lambda _: lib.OpenMonetize(KEY, "127.0.0.1:3000"), "https:// is missing (http:// for this machine)"),
    (lambda _: lib.OpenMonetize(base_url=NOWHERE), "no API key: pass OpenMonetize(api_key=...)"),
    (lambda _: lib.ApiClient(KEY), "configuration must be a Configuration, not str"),
    # Settings of another type.
    (lambda _: lib.OpenMonetize(KEY, NOWHERE, enabled="no"), "enabled must be True or False, not str"),
    (lambda _: lib.OpenMonetize(KEY, NOWHERE, on_error="x"), "on_error must be a function, not str"),
    (lambda _: lib.OpenMonetize(KEY, NOWHERE, outbox=5), "outbox must be a URL or a path, not int"),
    (lambda _: lib.Configuration(NOWHERE, verify_ssl="false"), "verify_ssl must be True or False, not 'false'"),
    (lambda _: lib.Configuration(NOWHERE, proxy=5), "proxy must be a str, not int"),
    (lambda of: of.om.estimate_credits(quantity=5, book="full"), "book must be a PriceBook, such as openmonetize.pricing.FULL_BOOK, not str"),
    (lambda of: of.om.metered(feature_id="f", on_outage="deny")(5), "what is metered must be a function, not int"),
    (lambda of: of.om.proxy_config("azure", user_id="u", feature_id="f"), "azure"),
    (lambda of: of.om.adopt_usage("x"), "account must be one of usage_of_other_keys(), not str"),
    (lambda _: lib.flush_after(5), "recorder must be a Recorder or an OpenMonetize, not int"),
    (lambda _: prices.credits_for_event("x"), "event must be a dict of an event's fields, not str"),
    (lambda _: lib.PriceBook(5), "prices must be a list of Price, not int"),
    (lambda of: of.sandbox.set_time("2026-01-01"), "moment must be an aware datetime, not str"),
    (lambda of: of.sandbox.fail_next(500), "fault must be a text such as '500', not int"),
]
# fmt: on

MISTAKES = TYPOS + WRONG_KINDS

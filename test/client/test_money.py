"""Estimates equal what is burned; settings for the LLM proxy."""

from __future__ import annotations

import json
from typing import Any

import pytest

from openmonetize import ApiTypeError, ApiValueError, CustomEvent, TokenUsageEvent
from openmonetize.client import OpenMonetize
from openmonetize.client.llm_proxy import ProxyConfig
from openmonetize.pricing import FULL_BOOK, TEXT_BOOK
from openmonetize.sandbox import Sandbox

from .canned import Canned, CannedReply
from .conftest import USER, Open, Start

USES: list[Any] = [
    {"provider": "openai", "model": model, "input_tokens": tokens, "output_tokens": other}
    for model in ("gpt-4o", "gpt-4o-mini-2024-07-18", "o1", "unknown-o1-x", "unknown")
    for tokens, other in ((0, 0), (1, 0), (4400, 0), (0, 1100), (1000, 500), (123_456, 7))
]
USES += [
    {"provider": "anthropic", "model": "claude-sonnet-4-5-20250929", "input_tokens": 4400, "output_tokens": 1100},
    {"provider": "openai", "model": "dall-e-3", "image_count": 3},
    {"provider": "openai", "model": "dall-e-3", "image_count": 1, "quality": "hd", "image_size": "1792x1024"},
    {"unit_type": "page", "quantity": 15.5},
    {"unit_type": "page", "quantity": 3},
]
KINDS = {"input_tokens": "TOKEN_USAGE", "image_count": "IMAGE_GENERATION", "quantity": "CUSTOM"}


@pytest.mark.parametrize("settings", [{}, {"prices": "all"}, {"era": "seed"}])
def test_an_estimate_is_what_is_burned_event_for_event(start: Start, opened: Open, settings: Any) -> None:
    sandbox = start(**settings)
    om = opened(sandbox)
    pricing: Any = {}
    if "prices" in settings:
        pricing["book"] = FULL_BOOK
    if "era" in settings:
        from openmonetize.pricing import SEED_BOOK

        pricing = {"book": SEED_BOOK, "era": "seed"}
    expected = []
    for use in USES:
        kind = next(KINDS[name] for name in KINDS if name in use)
        om.track({"event_type": kind, "feature_id": "chat", **use})
        expected.append(om.estimate_credits(**use, **pricing).credits)
    assert om.flush()
    assert [event["credits"] for event in sandbox.events()] == expected


IMAGE: Any = {"provider": "openai", "model": "gpt-image-1", "quality": "high", "image_count": 1}
VIDEO: Any = {"provider": "google", "model": "veo-3-video", "seconds": 7}


def lists(sandbox: Sandbox) -> int:
    """Return how often the price list was asked for."""
    return sum(request["target"] == "/v1/rating/pricing" for request in sandbox.requests)


@pytest.mark.parametrize("prices", ["text", "all"])
def test_estimates_know_the_prices_of_the_installation(start: Start, opened: Open, prices: str) -> None:
    sandbox = start(prices=prices)
    om = opened(sandbox)
    assert om.estimate_credits(provider="openai", model="gpt-4o", input_tokens=4400).credits == 12
    assert om.estimate_credits(unit_type="page", quantity=1).credits == 10
    assert lists(sandbox) == 0  # every installation has these prices
    expected = []
    for use in (IMAGE, {**IMAGE, "quality": "low"}, {"provider": "openai", "model": "dall-e-3", "image_count": 2}):
        om.track({"event_type": "IMAGE_GENERATION", "feature_id": "art", **use})
        charge = om.estimate_credits(**use)
        expected.append(charge.credits)
        assert charge.basis == ("row" if prices == "all" else "fallback")
    assert om.flush()
    assert [event["credits"] for event in sandbox.events()] == expected
    assert om.estimate_credits(**VIDEO).credits == (1401 if prices == "all" else 701)
    assert om.estimate_credits(provider="openai", model="unknown", input_tokens=1_000_000).basis == "fallback"
    assert lists(sandbox) == 1
    assert om.estimate_credits(**VIDEO, book=FULL_BOOK).credits == 1401


def test_an_estimate_does_not_depend_on_the_platform(
    sandbox: Sandbox, opened: Open, caplog: pytest.LogCaptureFixture
) -> None:
    om = opened(sandbox)
    sandbox.fail_next("503:path=/v1/rating/pricing")
    for _ in range(3):
        assert om.estimate_credits(**IMAGE) == OpenMonetize(enabled=False).estimate_credits(**IMAGE)
    assert lists(sandbox) == 1
    assert caplog.text.count("no price list") == 1


def test_an_event_can_be_estimated(om: OpenMonetize) -> None:
    model = TokenUsageEvent(feature_id="chat", provider="openai", model="gpt-4o", input_tokens=4400)
    assert om.estimate_credits(model) == om.estimate_credits(provider="openai", model="gpt-4o", input_tokens=4400)
    assert om.estimate_credits(CustomEvent(feature_id="chat", unit_type="page", quantity=2)).credits == 20
    assert om.estimate_credits({"event_type": "API_CALL", "feature_id": "chat"}).credits == 0
    assert om.stats().tracked == 0


@pytest.mark.parametrize(("provider", "model", "credits"), [("google", "veo-3-video", 1401), ("openai", "sora-2", 701)])
def test_video_is_estimated_by_seconds_as_the_platform_does(
    start: Start, opened: Open, provider: str, model: str, credits: int
) -> None:
    om = opened(start(prices="all"))
    use: Any = {"provider": provider, "model": model, "seconds": 7}
    assert om.estimate_credits(**use, book=FULL_BOOK).credits == credits
    om.credits.grant(user_id=USER, amount=1)
    assert om.check("video", user_id=USER, on_outage="deny", **use).estimated_credits == credits
    assert om.estimate_credits(**use, book=TEXT_BOOK).basis == "fallback"


def test_incomplete_usage_cannot_be_estimated(om: OpenMonetize) -> None:
    bad: list[Any] = [
        {},
        {"provider": "openai", "model": "gpt-4o"},
        {"provider": "openai", "model": "gpt-4o", "input_tokens": 1, "quantity": 1},
        {"input_tokens": 1},
        {"quantity": 0.35},
        {"seconds": 7},
        {"provider": "google", "model": "veo-3-video", "seconds": -1},
        {"provider": "google", "model": "veo-3-video", "seconds": 7, "quality": "hd"},
        {"provider": "google", "model": "veo-3-video", "seconds": 7, "image_count": 1},
    ]
    for use in bad:
        with pytest.raises((ApiTypeError, ApiValueError)):
            om.estimate_credits(**use)


def test_the_proxys_settings_fit_each_library(sandbox: Sandbox, om: OpenMonetize) -> None:
    bases = [
        om.proxy_config(name, user_id=USER, feature_id="chat").base_url for name in ("openai", "anthropic", "google")
    ]
    proxy = "https://proxy.openmonetize.io"
    assert bases == [f"{proxy}/v1", proxy, proxy]
    with om.context(user_id=USER, feature_id="chat", metadata={"plan": "größe"}):
        config = om.proxy_config("openai", metadata={"team": 7}, proxy_url="http://127.0.0.1:8082/v1/")
    assert config.base_url == "http://127.0.0.1:8082/v1"
    metadata = config.headers.pop("X-OM-Metadata")
    assert metadata.isascii()
    assert json.loads(metadata) == {"plan": "größe", "team": 7}
    assert config.headers == {
        "X-OM-Api-Key": sandbox.key,
        "X-OM-Customer-Id": om.customer_id,
        "X-OM-User-Id": USER,
        "X-OM-Feature-Id": "chat",
    }


def test_the_proxys_settings_do_not_show_the_key(sandbox: Sandbox, om: OpenMonetize) -> None:
    config = om.proxy_config("openai", user_id=USER, feature_id="chat")
    assert sandbox.key is not None
    assert sandbox.key not in f"{config!r} {config}"


def test_values_that_the_proxy_cannot_take_are_refused(om: OpenMonetize) -> None:
    bad: list[Any] = [
        {"provider": "mistral"},
        {"user_id": "größe"},
        {"user_id": "a\nb"},
        {"feature_id": " "},
        {"metadata": {"a": {1}}},
        {"proxy_url": "http://proxy.example.com"},
    ]
    for options in bad:
        values = {"provider": "openai", "user_id": USER, "feature_id": "chat", **options}
        with pytest.raises((ApiTypeError, ApiValueError, KeyError)):
            om.proxy_config(**values)


def test_the_libraries_send_what_the_proxy_needs(canned: Canned, om: OpenMonetize) -> None:
    openai = pytest.importorskip("openai", minversion="1.0")
    anthropic = pytest.importorskip("anthropic")
    canned.reply = CannedReply(400, {"error": {"message": "enough"}})

    def settings(provider: str) -> ProxyConfig:
        return om.proxy_config(provider, user_id=USER, feature_id="chat", proxy_url=canned.url)

    config = settings("openai")
    options: Any = {"api_key": "sk-test", "max_retries": 0}
    greeting: Any = [{"role": "user", "content": "Hi"}]
    ai = openai.OpenAI(base_url=config.base_url, default_headers=config.headers, **options)
    with ai, pytest.raises(openai.BadRequestError):
        ai.chat.completions.create(model="gpt-4o", messages=greeting)
    config = settings("anthropic")
    claude = anthropic.Anthropic(base_url=config.base_url, default_headers=config.headers, **options)
    with claude, pytest.raises(anthropic.BadRequestError):
        claude.messages.create(model="claude", max_tokens=1, messages=greeting)
    assert [asked.target for asked in canned.asked] == ["/v1/chat/completions", "/v1/messages"]
    for asked in canned.asked:
        sent = {name.lower(): value for name, value in asked.headers.items()}
        assert sent["x-om-user-id"] == USER
        assert sent["x-om-customer-id"] == om.customer_id

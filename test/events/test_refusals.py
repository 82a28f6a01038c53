"""Events that the platform refuses, loses or never bills raise at the caller's line, with the reason and a remedy."""

from __future__ import annotations

import enum
from typing import Any

import pytest

from openmonetize import (
    ApiCallEvent,
    ApiTypeError,
    ApiValueError,
    CustomEvent,
    ImageGenerationEvent,
    TokenUsageEvent,
    UsageEvent,
)

from .build import custom, token_fields, tokens
from .rules import PROVIDERS, problems, wire

EVENTS = [TokenUsageEvent, ImageGenerationEvent, CustomEvent, ApiCallEvent]
LEAST = {CustomEvent: {"unit_type": "page", "quantity": 1}}


class Vendor(str, enum.Enum):
    openai = "openai"


@pytest.mark.parametrize("name", sorted(PROVIDERS))
def test_a_provider_is_sent_in_upper_case(name: str) -> None:
    for spelling in (name, name.lower(), name.title()):
        assert wire(tokens(provider=spelling))["provider"] == name


def test_a_provider_may_be_an_enum() -> None:
    assert wire(tokens(provider=Vendor.openai))["provider"] == "OPENAI"


@pytest.mark.parametrize(
    "odd", ["bedrock", "azure", "AZURE_OPENAI", "open ai", " OPENAI", "OPENAI ", "OPENAI\n", "RUNWAY", "amazon", "?"]
)
def test_an_unknown_provider_is_refused_with_an_alternative(odd: str) -> None:
    for build in (tokens, lambda **fields: TokenUsageEvent.from_dict(token_fields(**fields))):
        with pytest.raises(ApiValueError, match="takes no provider") as caught:
            build(provider=odd)
        text = str(caught.value)
        assert repr(odd) in text
        assert all(name in text for name in PROVIDERS)
        assert "CustomEvent" in text


@pytest.mark.parametrize("odd", ["", 5, b"OPENAI", ["OPENAI"]])
def test_an_invalid_provider_is_refused(odd: Any) -> None:
    with pytest.raises(ApiValueError, match="provider"):
        tokens(provider=odd)


@pytest.mark.parametrize("model", EVENTS)
def test_a_team_is_refused_because_the_platform_loses_its_events(model: Any) -> None:
    with pytest.raises(ApiValueError, match=r"team_id cannot be used: .* no way to create teams and loses"):
        model(feature_id="f", team_id="team_1", **LEAST.get(model, {}))


@pytest.mark.parametrize("model", EVENTS)
def test_an_empty_user_is_refused_because_the_customer_would_pay(model: Any) -> None:
    with pytest.raises(ApiValueError, match=r"user_id must not be empty: .* the customer's own wallet"):
        model(feature_id="f", user_id="", **LEAST.get(model, {}))


@pytest.mark.parametrize("missing", [{"provider": None}, {"model": None}, {"model": ""}])
def test_tokens_without_provider_or_model_are_refused(missing: Any) -> None:
    for fields in ({"input_tokens": 1}, {"input_tokens": None, "output_tokens": 1}):
        with pytest.raises(ApiValueError, match="_tokens without provider and model are never billed"):
            tokens(**{**fields, **missing})
    assert problems(wire(tokens(**{**missing, "input_tokens": 0}))) == []


def test_images_without_provider_or_model_are_refused() -> None:
    for fields in ({"provider": "openai"}, {"model": "dall-e-3"}, {}):
        with pytest.raises(ApiValueError, match="image_count without provider and model are never billed"):
            ImageGenerationEvent(feature_id="f", image_count=1, **fields)
        with pytest.raises(ApiValueError, match="image_count without provider and model are never billed"):
            ImageGenerationEvent(feature_id="f", **fields)  # one image, to the platform


def test_a_custom_event_without_a_unit_is_refused() -> None:
    with pytest.raises(ApiValueError, match="unit_type must not be empty"):
        custom(unit_type="")


def test_feature_access_is_refused_because_the_platform_loses_it() -> None:
    with pytest.raises(ApiValueError, match=r"FEATURE_ACCESS and then loses it"):
        UsageEvent.from_dict({"event_type": "FEATURE_ACCESS", "feature_id": "f"})
    odd: Any = "FEATURE_ACCESS"
    with pytest.raises(ApiValueError, match="event_type"):
        ApiCallEvent(event_type=odd, feature_id="f")


@pytest.mark.parametrize("odd", [None, "", "token_usage", "VIDEO_GENERATION", 5, ["CUSTOM"], {}])
def test_a_dict_needs_an_event_type(odd: Any) -> None:
    with pytest.raises(ApiValueError, match="event_type must be one of API_CALL, CUSTOM, IMAGE_GENERATION, TOKEN_US"):
        UsageEvent.from_dict({"event_type": odd, "feature_id": "f"})
    with pytest.raises(ApiValueError, match="event_type must be one of"):
        UsageEvent.from_dict({"feature_id": "f"})


@pytest.mark.parametrize("odd", [None, 5, "x", [], [("event_type", "CUSTOM")]])
def test_an_event_must_be_a_model_or_a_dict(odd: Any) -> None:
    with pytest.raises(ApiTypeError, match=type(odd).__name__):
        UsageEvent.from_dict(odd)
    with pytest.raises(ApiTypeError, match=type(odd).__name__):
        TokenUsageEvent.from_dict(odd)


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("inputtokens", "input_tokens"),
        ("inputTokens", "input_tokens"),
        ("input_token", "input_tokens"),
        ("outptu_tokens", "output_tokens"),
        ("featureId", "feature_id"),
        ("user", "user_id"),
        ("Model", "model"),
        ("meta_data", "metadata"),
        ("idempotencyKey", "idempotency_key"),
    ],
)
def test_an_unknown_keyword_is_refused_with_a_suggestion(name: str, meant: str) -> None:
    hint = rf"TokenUsageEvent: .*unknown field '{name}': did you mean '{meant}'\?"
    with pytest.raises(ApiValueError, match=hint):
        tokens(**{name: 1})
    with pytest.raises(ApiValueError, match=hint):
        TokenUsageEvent.from_dict(token_fields(**{name: 1}))


@pytest.mark.parametrize("name", ["zzz", "self", "cls", "data", "__proto__", "model_config"])
def test_an_unknown_keyword_that_resembles_no_field_is_refused(name: str) -> None:
    with pytest.raises(ApiValueError, match=f"unknown field '{name}'"):
        TokenUsageEvent.from_dict(token_fields(**{name: 1}))


@pytest.mark.parametrize("odd", [1, None, ("a",)])
def test_a_name_that_is_not_text_is_refused(odd: Any) -> None:
    for build in (TokenUsageEvent.from_dict, UsageEvent.from_dict):
        with pytest.raises(ApiTypeError, match="names must be str"):
            build({**token_fields(), "event_type": "TOKEN_USAGE", odd: 1})


def test_several_errors_are_reported_together() -> None:
    odd: Any = {"feature_id": 5, "user_id": 7, "zzz": 1}
    with pytest.raises(ApiValueError) as caught:
        tokens(**odd)
    text = str(caught.value)
    assert text.startswith("TokenUsageEvent: ")
    assert "feature_id should be a valid string (got 5)" in text
    assert "user_id should be a valid string (got 7)" in text
    assert "unknown field 'zzz'" in text


def test_a_feature_is_required_and_may_be_empty() -> None:
    with pytest.raises(ApiValueError, match="feature_id is missing"):
        TokenUsageEvent(provider="openai")  # type: ignore[call-arg]  # pyright: ignore
    assert wire(tokens(feature_id=""))["feature_id"] == ""


TEXTS = ["customer_id", "user_id", "feature_id", "model", "idempotency_key"]


@pytest.mark.parametrize("name", TEXTS)
def test_nul_and_lone_surrogates_are_refused_in_every_text(name: str) -> None:
    with pytest.raises(ApiValueError, match=f"{name} must not contain NUL, which makes the platform lose the event"):
        tokens(**{name: "a\0b"})
    for odd in ("\ud800", "a\udfffb", "\ude00\ud83d"):
        with pytest.raises(ApiValueError, match=name):
            tokens(**{name: odd})
    assert wire(tokens(**{name: "😀 \n\t\u2028"}))[name] == "😀 \n\t\u2028"


@pytest.mark.parametrize("name", ["unit_type", "feature_id"])
def test_nul_and_lone_surrogates_are_refused_in_custom_events(name: str) -> None:
    for odd in ("\0", "\ud800"):
        with pytest.raises(ApiValueError, match=name):
            custom(**{name: odd})


@pytest.mark.parametrize("name", ["image_size", "quality"])
def test_nul_and_lone_surrogates_are_refused_in_image_events(name: str) -> None:
    for odd in ("\0", "\ud800"):
        with pytest.raises(ApiValueError, match=name):
            ImageGenerationEvent(feature_id="f", **{name: odd})


@pytest.mark.parametrize("name", TEXTS)
@pytest.mark.parametrize("odd", [5, 5.0, True, b"x", ["x"], {}], ids=repr)
def test_anything_but_text_is_refused(name: str, odd: Any) -> None:
    with pytest.raises(ApiValueError, match=f"{name} should be a valid string"):
        tokens(**{name: odd})


def test_an_error_is_short_for_any_value() -> None:
    with pytest.raises(ApiValueError) as caught:
        tokens(user_id=["x" * 1000] * 1000)
    assert len(str(caught.value)) < 300

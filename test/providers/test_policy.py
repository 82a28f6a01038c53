"""The tokens that are billed, compared with genai-prices' cost."""

from __future__ import annotations

import decimal
import math
from dataclasses import replace
from datetime import datetime, timezone
from decimal import Decimal
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings, strategies as st

from openmonetize.pricing import CREDITS_PER_USD, TEXT_PRICES, TOP_UP_TEXT_PRICES, PriceBook, credits_for_tokens
from openmonetize.pricing.vendor_names import vendor_names
from openmonetize.providers import Usage, UsageError, otel, usage_from
from openmonetize.providers.policy import BilledTokens, billed_tokens, checked_policy, reported_cost

from .calls import library

genai_prices = library("genai_prices")

BOOK = PriceBook(TEXT_PRICES + TOP_UP_TEXT_PRICES)
MILLION = Decimal(1_000_000)

# The example of the documentation: 86 fresh, 150,000 cached and 30,000 written tokens.
HAIKU = Usage(
    "ANTHROPIC",
    "claude-haiku-4-5-20251001",
    86,
    400,
    details={
        otel.INPUT: 180_086,
        otel.CACHE_READ: 150_000,
        otel.CACHE_WRITE: 30_000,
        otel.CACHE_WRITE_5M: 30_000,
    },
)


AT = datetime(2026, 11, 30, tzinfo=timezone.utc)  # prices change


def both(usage: Usage, policy: Any = "price_equivalent", at: datetime = AT, **options: Any) -> tuple[int, int]:
    billed = billed_tokens(usage, policy, at, **options)
    return billed.input_tokens, billed.output_tokens


def test_a_claude_turn_is_billed_what_it_costs() -> None:
    assert both(HAIKU, "reported") == (86, 400)
    assert both(HAIKU, "inclusive") == (180_086, 400)
    billed = billed_tokens(HAIKU, "price_equivalent")
    assert (billed.input_tokens, billed.output_tokens) == (52_586, 400)
    assert (billed.policy, billed.list_cost, billed.deviation) == ("price_equivalent", Decimal("0.054586"), 0)


def test_what_is_written_to_the_cache_for_an_hour_costs_more() -> None:
    details = {**HAIKU.details, otel.CACHE_WRITE_5M: 20_000, otel.CACHE_WRITE_1H: 10_000}
    assert both(replace(HAIKU, details=details)) == (86 + 15_000 + 20_000 * 5 // 4 + 10_000 * 2, 400)


def test_a_batch_costs_half_and_so_do_its_tokens() -> None:
    for call in (replace(HAIKU, batch=True), replace(HAIKU, service_tier="batch")):
        assert both(call) == (26_293, 200)


def test_the_tier_that_served_a_call_is_what_it_costs() -> None:
    call = Usage("OPENAI", "o3", 1000, 1000)
    assert both(call) == both(replace(call, service_tier="default")) == (1000, 1000)
    assert both(replace(call, service_tier="flex")) == (500, 500)
    input_tokens, output_tokens = both(replace(call, service_tier="priority"))
    assert input_tokens > 1000 and output_tokens > 1000


def test_the_fast_mode_of_claude_costs_more() -> None:
    pytest.importorskip("genai_prices", minversion="0.2")  # older ones do not know it
    answer = {
        "type": "message",
        "id": "msg_1",
        "model": "claude-opus-5",
        "usage": {"input_tokens": 10, "speed": "fast"},
    }
    answer["usage"]["output_tokens"] = 10  # type: ignore[index]
    assert both(usage_from(answer)) > (10, 10)


def test_what_an_answer_says_of_its_cache_is_what_it_costs() -> None:
    written = {"ephemeral_5m_input_tokens": 20_000, "ephemeral_1h_input_tokens": 10_000}
    usage = {
        "input_tokens": 86,
        "output_tokens": 400,
        "cache_read_input_tokens": 150_000,
        "cache_creation_input_tokens": 30_000,
        "cache_creation": written,
        "service_tier": "batch",
    }
    answer = {"type": "message", "id": "msg_1", "model": "claude-haiku-4-5-20251001", "usage": usage}
    assert both(usage_from(answer)) == ((86 + 15_000 + 25_000 + 20_000) // 2, 200)


def test_a_long_context_costs_more_and_a_sum_of_calls_is_none() -> None:
    call = Usage("GOOGLE", "gemini-2.5-pro", 300_000, 1000)
    assert both(call) == (600_000, 1500)
    assert both(call, calls=False) == (300_000, 1000)
    assert both(replace(call, input_tokens=100_000)) == (100_000, 1000)


def test_thoughts_and_prompts_of_tools_are_billed() -> None:
    details = {otel.INPUT: 1450, otel.OUTPUT: 1260, otel.REASONING: 1200}
    call = Usage("GOOGLE", "gemini-2.5-pro", 1050, 60, details=details)
    assert both(call) == both(call, "inclusive") == (1450, 1260)


def test_passes_that_come_on_top_are_billed() -> None:
    compaction = {"type": "compaction", "input_tokens": 100_000, "output_tokens": 3_000}
    usage = {"input_tokens": 12, "output_tokens": 503, "iterations": [compaction]}
    answer = {"type": "message", "id": "msg_1", "model": "claude-haiku-4-5", "usage": usage}
    assert both(usage_from(answer)) == (100_012, 3_503)


def test_tokens_of_audio_and_images_have_prices_of_their_own() -> None:
    details = {otel.input_of("audio"): 600, otel.output_of("audio"): 100}
    spoken = Usage("OPENAI", "gpt-audio", 1000, 200, details=details)
    assert both(spoken) == (400 + 600 * 32 * 10 // 25, 100 + 100 * 64 // 10)
    heard = Usage("GOOGLE", "gemini-2.5-flash", 1000, 200, details={otel.input_of("audio"): 1000})
    assert both(heard)[0] == math.ceil(1000 / 0.3)
    drawn = Usage("GOOGLE", "gemini-2.5-flash-image", 1000, 1290, details={otel.output_of("image"): 1290})
    assert both(drawn)[1] == 15_480


def test_cached_audio_is_counted_once() -> None:
    details = {otel.CACHE_READ: 800, otel.input_of("audio"): 600}
    call = Usage("GOOGLE", "gemini-2.5-flash", 1000, 0, details=details)
    at_the_least = 400  # of the audio, as 800 + 600 are more than 1,000
    assert both(call) == both(replace(call, details={**details, otel.cached_input_of("audio"): at_the_least}))
    assert both(call)[0] > both(replace(call, details={**details, otel.cached_input_of("audio"): 600}))[0]


def test_a_model_is_found_by_the_names_of_vendor_and_platform_and_at_other_hosts() -> None:
    for model in ("claude-haiku-4-5-20251001", "claude-haiku-4-5", "claude-4.5-haiku"):
        for host in (None, "api.anthropic.com", "bedrock-runtime.us-east-1.amazonaws.com", "llm.internal.example"):
            assert both(replace(HAIKU, model=model, host=host)) == (52_586, 400)
    assert both(Usage("OPENAI", "gpt-4o", 100, 1, host="me.openai.azure.com")) == (100, 1)


@pytest.mark.parametrize(
    "model",
    ["gpt-99-odd", "gpt-4o-" + "9" * 1000, "gemma-3", "whisper-1"],
    ids=["an unknown one", "no name", "a free one", "one by the minute"],
)
def test_a_model_without_a_price_is_billed_inclusive_and_told(model: str) -> None:
    provider = "GOOGLE" if model == "gemma-3" else "OPENAI"
    usage = Usage(provider, model, 10, 20, details={otel.OUTPUT: 50})
    billed = billed_tokens(usage, "price_equivalent")
    assert (billed.input_tokens, billed.output_tokens, billed.policy) == (10, 50, "inclusive")
    assert billed.unpriced


def test_the_price_is_that_of_the_calls_time() -> None:
    at = datetime(2026, 1, 1, tzinfo=timezone.utc)
    call = Usage("OPENAI", "o3", 1000, 1000, service_tier="flex")
    assert both(call, at=at) == (1000, 1000)  # genai-prices knows this tier from October 2026 on


def test_a_function_decides_by_itself() -> None:
    assert both(HAIKU, lambda usage: (usage.input_tokens + 1, 2)) == (87, 2)
    huge = 10**5000  # which Python does not write in digits
    for wrong in (
        lambda usage: 5,
        lambda usage: (1, -1),
        lambda usage: (1.5, 2),
        lambda usage: (True, 2),
        lambda usage: (huge, 2),
    ):
        with pytest.raises(UsageError, match="must return input and output tokens"):
            billed_tokens(HAIKU, wrong)  # type: ignore[arg-type, return-value]
    with pytest.raises(UsageError, match="ZeroDivisionError"):
        billed_tokens(HAIKU, lambda usage: (1 // 0, 2))
    with pytest.raises(UsageError, match="2\\*\\*53"):
        Usage("OPENAI", "o3", huge, 1)


def test_a_wrong_policy_is_refused_where_it_is_chosen() -> None:
    with pytest.raises(UsageError, match="price_equivalent"):
        checked_policy("everything")  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="price_equivalent"):
        replace(HAIKU, token_policy="everything")  # type: ignore[arg-type]


def test_what_reported_does_not_bill_is_known() -> None:
    cost = reported_cost(HAIKU)
    assert cost is not None
    assert cost == (Decimal("0.054586"), Decimal("0.002086"))
    assert round(cost.unbilled_share, 2) == Decimal("0.96")
    assert reported_cost(replace(HAIKU, model="gpt-99")) is None


class Model(NamedTuple):
    """A model that the platform prices, and genai-prices as well.

    Attributes:
        provider: of the platform.
        model: of the platform.
        reference: genai-prices' name of it.
        base: genai-prices' standard prices of an input and an output token.
        ratio: the platform's prices, relative to those.
    """

    provider: str
    model: str
    reference: str
    base: tuple[Decimal, Decimal]
    ratio: tuple[Decimal, Decimal]


def priced_models() -> list[Model]:
    found = []
    for provider, model in BOOK.models():
        rates = BOOK.text_rates(provider, model)
        assert rates is not None
        for reference in (model, *vendor_names(provider, model)):
            try:
                one = genai_prices.calc_price(
                    genai_prices.Usage(input_tokens=1, output_tokens=1),
                    reference,
                    provider_id=provider.lower(),
                    genai_request_timestamp=AT,
                )
            except LookupError:
                continue
            base = one.input_price, one.output_price
            ours = Decimal(str(rates.usd_in)) / MILLION, Decimal(str(rates.usd_out)) / MILLION
            found.append(Model(provider, model, reference, base, (ours[0] / base[0], ours[1] / base[1])))
            break
    return found


MODELS = priced_models()
AT_LIST_PRICE = [model for model in MODELS if model.ratio == (1, 1)]


def test_most_models_of_the_platform_have_the_list_price() -> None:
    assert len(MODELS) == len(BOOK.models())
    assert len(AT_LIST_PRICE) >= 12


counts = st.one_of(st.integers(0, 50), st.integers(0, 300_000))


@st.composite
def usages(draw: Any, models: list[Model]) -> tuple[Model, Usage, Any]:
    """Return a call of one of some models, and the same for genai-prices."""
    model = draw(st.sampled_from(models))
    fresh, read, five_minutes, one_hour = (draw(counts) for _ in range(4))
    spoken, written, reasoned, heard = (draw(counts) for _ in range(4))
    written_to_cache = five_minutes + one_hour
    heard, spoken = min(heard, fresh), min(spoken, written)
    total_in, total_out = fresh + read + written_to_cache, written + reasoned
    details = {
        otel.INPUT: total_in,
        otel.OUTPUT: total_out,
        otel.CACHE_READ: read,
        otel.CACHE_WRITE: written_to_cache,
        otel.CACHE_WRITE_5M: five_minutes,
        otel.CACHE_WRITE_1H: one_hour,
        otel.REASONING: reasoned,
        otel.input_of("audio"): heard,
        otel.output_of("audio"): spoken,
        otel.cached_input_of("audio"): 0,
    }
    batch, tier = draw(st.booleans()), draw(st.sampled_from([None, "default", "flex", "priority"]))
    usage = Usage(
        model.provider,
        draw(st.sampled_from([model.model, model.reference])),
        fresh,
        written,
        details={name: count for name, count in details.items() if count},
        batch=batch,
        service_tier=tier,
    )
    context = {}
    if batch:
        context["processing"] = "batch"
    if tier in ("flex", "priority"):
        context["service_tier"] = tier
    cost = genai_prices.calc_price(
        genai_prices.Usage(
            input_tokens=total_in,
            output_tokens=total_out,
            cache_read_tokens=read,
            cache_write_tokens=written_to_cache,
            cache_write_5m_tokens=five_minutes,
            cache_write_1h_tokens=one_hour,
            output_reasoning_tokens=reasoned,
            input_audio_tokens=heard,
            output_audio_tokens=spoken,
            cache_audio_read_tokens=0,
            cache_audio_write_tokens=0,
            output_audio_reasoning_tokens=0,
        ),
        model.reference,
        provider_id=model.provider.lower(),
        genai_request_timestamp=AT,
        price_context=context,
    )
    return model, usage, cost


def burned(model: Model, billed: BilledTokens) -> int:
    charge = credits_for_tokens(model.provider, model.model, billed.input_tokens, billed.output_tokens, book=BOOK)
    return charge.credits


@settings(max_examples=400, deadline=None)
@given(usages(AT_LIST_PRICE))
def test_the_credits_are_what_the_call_costs_to_one_credit(call: tuple[Model, Usage, Any]) -> None:
    model, usage, cost = call
    billed = billed_tokens(usage, "price_equivalent", AT)
    assert billed.unpriced is None
    assert billed.list_cost == cost.total_price
    due = math.ceil(cost.total_price * CREDITS_PER_USD)  # the platform rounds up for each event
    assert due <= burned(model, billed) <= due + 1
    assert billed.deviation is not None
    assert 0 <= billed.deviation < model.base[0] + model.base[1]


@settings(max_examples=200, deadline=None)
@given(usages(MODELS))
def test_at_other_prices_the_credits_are_in_the_ratio_of_the_prices(call: tuple[Model, Usage, Any]) -> None:
    model, usage, cost = call
    due = (cost.input_price * model.ratio[0] + cost.output_price * model.ratio[1]) * CREDITS_PER_USD
    due = due.quantize(Decimal("1e-9"))  # a ratio may be one third
    assert math.ceil(due) - 1 <= burned(model, billed_tokens(usage, "price_equivalent", AT)) <= math.ceil(due) + 1


@settings(max_examples=100, deadline=None)
@given(usages(MODELS))
def test_no_policy_bills_less_than_it_says(call: tuple[Model, Usage, Any]) -> None:
    _, usage, _ = call
    all_of_it = both(usage, "inclusive")
    assert all(billed >= own for billed, own in zip(all_of_it, both(usage, "reported")))
    assert all_of_it == (usage.details.get(otel.INPUT, 0), usage.details.get(otel.OUTPUT, 0))


def test_the_callers_decimal_context_changes_nothing() -> None:
    with decimal.localcontext(decimal.Context(prec=3, rounding=decimal.ROUND_DOWN)):
        assert both(HAIKU) == (52_586, 400)

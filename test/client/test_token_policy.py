"""What is billed for providers' calls, by the policy of the user's choice."""

from __future__ import annotations

import math
import subprocess
import sys
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from openmonetize import ApiTypeError, ApiValueError, OpenMonetize, usage_from
from openmonetize.providers import Usage, UsageError, otel
from openmonetize.providers.policy import billed_tokens
from openmonetize.sandbox import Sandbox

from .canned import Canned, CannedReply
from .conftest import USER, Open

genai_prices = pytest.importorskip("genai_prices")
openai = pytest.importorskip("openai", minversion="1.0")

CLAUDE: dict[str, Any] = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "model": "claude-haiku-4-5-20251001",
    "content": [],
    "usage": {
        "input_tokens": 86,
        "cache_read_input_tokens": 150_000,
        "cache_creation_input_tokens": 30_000,
        "output_tokens": 400,
    },
}
WHO: dict[str, Any] = {"user_id": USER, "feature_id": "chat"}


def billed(om: OpenMonetize, sandbox: Sandbox) -> list[dict[str, Any]]:
    """Return the events, oldest first, once they are billed."""
    assert om.wait_billed()
    return list(sandbox.events())


def burned(om: OpenMonetize) -> int:
    return 100_000 - int(om.credits.user_balance(USER).data.balance or 0)


@pytest.mark.parametrize(
    ("policy", "tokens", "credits"),
    [
        ("reported", (86, 400), 3),
        ("inclusive", (180_086, 400), 183),
        ("price_equivalent", (52_586, 400), 55),
        (lambda usage: (1000, usage.output_tokens), (1000, 400), 3),
    ],
)
def test_a_cached_turn_burns_what_the_policy_says(
    sandbox: Sandbox, opened: Open, policy: Any, tokens: tuple[int, int], credits: int
) -> None:
    om = opened(sandbox, token_policy=policy)
    om.credits.grant(user_id=USER, amount=100_000)
    om.track_usage(CLAUDE, **WHO)
    (event,) = billed(om, sandbox)
    assert (event["input_tokens"], event["output_tokens"]) == tokens
    assert burned(om) == credits


def test_the_original_counts_and_the_deviation_are_kept(sandbox: Sandbox, opened: Open) -> None:
    om = opened(sandbox, token_policy="price_equivalent")
    om.track_usage(CLAUDE, **WHO)
    answer = {**CLAUDE, "id": "msg_2", "usage": {**CLAUDE["usage"], "cache_read_input_tokens": 150_003}}
    om.track_usage(answer, **WHO)
    exact, rounded = (event["metadata"] for event in billed(om, sandbox))
    assert exact == {
        "gen_ai.response.id": "msg_1",
        "gen_ai.response.model": "claude-haiku-4-5-20251001",
        "gen_ai.usage.cache_read.input_tokens": 150_000,
        "gen_ai.usage.cache_write.input_tokens": 30_000,
        "gen_ai.usage.input_tokens": 180_086,
        "gen_ai.usage.output_tokens": 400,
        "list_cost_deviation_usd": "0",
        "list_cost_usd": "0.054586",
        "reported_input_tokens": 86,
        "reported_output_tokens": 400,
        "token_policy": "price_equivalent",
    }
    assert Decimal(rounded["list_cost_usd"]) == Decimal("0.0545863")
    assert Decimal(rounded["list_cost_deviation_usd"]) == Decimal("0.0000007")


def test_the_policy_of_a_call_comes_before_that_of_a_client_and_that_before_the_general_one(
    sandbox: Sandbox, opened: Open, canned: Canned
) -> None:
    om = opened(sandbox, token_policy="inclusive")
    om.track_usage(usage_from(CLAUDE, token_policy="price_equivalent"), **WHO)
    om.track_usage(usage_from(CLAUDE), **WHO)
    usage = {"prompt_tokens": 1000, "completion_tokens": 10, "prompt_tokens_details": {"cached_tokens": 200}}
    choice = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "Hello"}}
    body = {
        "id": "c1",
        "object": "chat.completion",
        "created": 1,
        "model": "gpt-4o",
        "choices": [choice],
        "usage": usage,
    }
    canned.reply = CannedReply(body=body)
    with openai.OpenAI(api_key="sk-test", base_url=f"{canned.url}/v1", max_retries=0) as client:
        messages: Any = [{"role": "user", "content": "Hi"}]
        with pytest.raises(UsageError):
            om.wrap(client, token_policy="all", **WHO)  # type: ignore[arg-type]
        om.wrap(client, **WHO).chat.completions.create(model="gpt-4o", messages=messages)
        ai = om.wrap(client, token_policy="price_equivalent", **WHO)
        ai.chat.completions.create(model="gpt-4o", messages=messages)
        chunk = {**body, "object": "chat.completion.chunk", "choices": []}
        canned.reply = CannedReply(events=[{**chunk, "id": "c2"}])
        list(ai.chat.completions.create(model="gpt-4o", messages=messages, stream=True))
    assert [event["input_tokens"] for event in billed(om, sandbox)] == [52_586, 180_086, 1000, 900, 900]


def test_a_metered_function_bills_by_the_policy_and_once(sandbox: Sandbox, opened: Open) -> None:
    om = opened(sandbox, token_policy="price_equivalent")
    om.credits.grant(user_id=USER, amount=100_000)

    @om.metered(feature_id="chat", on_outage="allow", user_id=USER)
    def ask() -> Any:
        om.track_usage(usage_from(CLAUDE, token_policy="inclusive"))
        return CLAUDE

    ask()
    assert [event["input_tokens"] for event in billed(om, sandbox)] == [180_086]


def test_the_price_is_that_of_the_calls_time(sandbox: Sandbox, opened: Open) -> None:
    om = opened(sandbox, token_policy="price_equivalent")
    call = Usage("OPENAI", "o3", 1000, 1000, service_tier="flex")
    om.track_usage(call, timestamp="2026-01-01T00:00:00Z", **WHO)  # genai-prices knows it from October on
    om.track_usage(call, timestamp="2026-11-30T00:00:00Z", **WHO)
    assert [event["input_tokens"] for event in billed(om, sandbox)] == [1000, 500]
    with pytest.raises(ApiValueError, match="timestamp"):
        om.track_usage(call, timestamp="yesterday", **WHO)


def test_images_are_billed_by_their_number_under_every_policy(sandbox: Sandbox, opened: Open) -> None:
    om = opened(sandbox, token_policy="price_equivalent")
    om.track_usage(Usage("OPENAI", "gpt-image-1", 10, 4000, image_count=2, image_quality="high"), **WHO)
    (event,) = billed(om, sandbox)
    assert (event["event_type"], event["image_count"]) == ("IMAGE_GENERATION", 2)


def test_what_is_not_billed_is_counted_and_told_once_for_each_model(
    om: OpenMonetize, caplog: pytest.LogCaptureFixture
) -> None:
    genai_prices.calc_price(genai_prices.Usage(input_tokens=1), "gpt-4o")
    for _ in range(3):
        om.track_usage(CLAUDE, **WHO)
    om.track_usage(Usage("GOOGLE", "gemini-2.5-pro", 1050, 60, details={otel.OUTPUT: 1260}), **WHO)
    om.track_usage(Usage("OPENAI", "gpt-audio", 10, 20, details={otel.output_of("audio"): 15}), **WHO)
    om.track_usage(Usage("OPENAI", "gpt-4o", 1000, 60, details={otel.CACHE_READ: 100}), **WHO)  # at the full price
    assert om.warning_counts()["unbilled_tokens"] == 5
    told = [
        record.getMessage()
        for record in caplog.records
        if "not billed" in record.message or "as text" in record.message
    ]
    assert len(told) == 3
    assert told[0].startswith(
        "claude-haiku-4-5-20251001 of ANTHROPIC: 180,000 input tokens of this call are not billed"
    )
    assert "(96% of its list price)" in told[0]
    assert "1,200 output tokens of this call are not billed" in told[1]
    assert "15 tokens of audio, images or video are billed as text" in told[2]


def test_with_a_policy_nothing_is_left_to_tell(sandbox: Sandbox, opened: Open) -> None:
    for policy in ("inclusive", "price_equivalent"):
        om = opened(sandbox, token_policy=policy)
        om.track_usage(CLAUDE, **WHO)
        assert om.warning_counts()["unbilled_tokens"] == om.warning_counts()["no_list_price"] == 0


def test_a_model_without_a_list_price_is_told_once(
    sandbox: Sandbox, opened: Open, caplog: pytest.LogCaptureFixture
) -> None:
    om = opened(sandbox, token_policy="price_equivalent")
    for _ in range(2):
        om.track_usage({**CLAUDE, "model": "claude-99-odd"}, **WHO)
    assert [event["input_tokens"] for event in billed(om, sandbox)] == [180_086] * 2
    assert om.warning_counts()["no_list_price"] == 2
    assert sum("claude-99-odd of ANTHROPIC is billed as by" in record.getMessage() for record in caplog.records) == 1


def test_prices_are_neither_imported_nor_waited_for_where_nobody_asks() -> None:
    program = """
import sys
from openmonetize import OpenMonetize, Usage
om = OpenMonetize(enabled=False)
om.track_usage(Usage("ANTHROPIC", "claude-haiku-4-5", 1, 2, details={"gen_ai.usage.input_tokens": 9}), feature_id="f")
assert om.warning_counts()["unbilled_tokens"] == 1
assert "genai_prices" not in sys.modules
OpenMonetize(enabled=False, token_policy="price_equivalent")
assert "genai_prices.data" in sys.modules
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert "openmonetize doctor" in done.stderr


def test_without_the_extra_the_choice_is_refused() -> None:
    program = """
import sys
sys.modules["genai_prices"] = None
from openmonetize import MissingExtraError, OpenMonetize
OpenMonetize(enabled=False, token_policy="inclusive")
try:
    OpenMonetize(enabled=False, token_policy="price_equivalent")
except MissingExtraError as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert "pip install 'openmonetize[prices]'" in done.stdout, done.stderr


@pytest.mark.parametrize(
    ("settings", "error"),
    [
        ({"token_policy": "all"}, UsageError),
        ({"token_policy": 1}, UsageError),
        ({"unit_prices": {"web_search": 0}}, ApiValueError),
        ({"unit_prices": {"web_search": 0.5}}, ApiTypeError),
        ({"unit_prices": {"web_search": 2**70}}, ApiValueError),
        ({"unit_prices": {1: 10}}, ApiTypeError),
        ({"unit_prices": ["web_search"]}, ApiTypeError),
    ],
)
def test_a_wrong_choice_is_refused_at_once(settings: Any, error: type[Exception]) -> None:
    with pytest.raises(error):
        OpenMonetize(enabled=False, **settings)


# Tools that providers run

SEARCHED = Usage(
    "ANTHROPIC",
    "claude-haiku-4-5",
    100,
    50,
    response_id="msg_7",
    host="api.anthropic.com",
    details={otel.tool_calls_of("web_search"): 3, otel.tool_calls_of("code_execution"): 1},
)


def test_calls_of_tools_are_events_of_their_own_and_billed_once(sandbox: Sandbox, opened: Open) -> None:
    om = opened(sandbox, unit_prices={"web_search": 25, "code_execution": 7, "file_search": 3})
    om.credits.grant(user_id=USER, amount=100_000)
    for _ in range(3):
        om.track_usage(SEARCHED, metadata={"plan": "pro"}, **WHO)
    assert om.flush()
    other = opened(sandbox, unit_prices={"web_search": 25, "code_execution": 7})
    other.track_usage(SEARCHED, metadata={"plan": "pro"}, **WHO)
    billed(other, sandbox)
    call, *tools = billed(om, sandbox)
    assert call["event_type"] == "TOKEN_USAGE"
    assert sorted((tool["unit_type"], tool["quantity"]) for tool in tools) == [
        ("code_execution", 0.7),
        ("web_search", 7.5),
    ]
    assert burned(om) == math.ceil((100 + 50 * 5) / 1000) + 3 * 25 + 7
    search = next(tool for tool in tools if tool["unit_type"] == "web_search")
    assert search["metadata"] == {
        "gen_ai.response.id": "msg_7",
        "gen_ai.usage.web_search.requests": 3,
        "model": "claude-haiku-4-5",
        "plan": "pro",
        "provider": "ANTHROPIC",
    }
    assert (search["user_id"], search["feature_id"]) == (USER, "chat")


@pytest.mark.parametrize("event_id", [None, "order-77", "3f0f34a4-9d5b-4c52-8b39-3d2e6c7a8f10"])
def test_ids_of_tools_derive_from_the_calls_id(sandbox: Sandbox, opened: Open, event_id: str | None) -> None:
    om = opened(sandbox, unit_prices={"web_search": 10}, customer_id=opened(sandbox).customer_id)
    call = Usage("OPENAI", "gpt-4o", 1, 1, details={otel.tool_calls_of("web_search"): 1})
    for _ in range(2):
        om.track_usage(call, event_id=event_id, timestamp="2026-01-01T00:00:00Z", **WHO)
    events = billed(om, sandbox)
    assert [event["event_type"] for event in events] == ["TOKEN_USAGE", "CUSTOM"] * (2 if event_id is None else 1)
    assert len({event["event_id"] for event in events}) == len(events)


def test_a_tool_without_a_price_is_told_once(om: OpenMonetize, caplog: pytest.LogCaptureFixture) -> None:
    for _ in range(2):
        om.track_usage(SEARCHED, **WHO)
    om.track_usage(Usage("ANTHROPIC", "claude-haiku-4-5", 1, 1, details={otel.tool_calls_of("web_fetch"): 1}), **WHO)
    assert om.warning_counts()["unbilled_tool"] == 4  # fetches cost nothing
    told = [record.getMessage() for record in caplog.records if "calls of the tool" in record.message]
    assert len(told) == 2
    assert "OpenMonetize(unit_prices={'web_search': CREDITS})" in told[0]


def test_the_balance_is_the_providers_bill_to_a_credit_for_each_event(sandbox: Sandbox, opened: Open) -> None:
    om = opened(sandbox, token_policy="price_equivalent")
    om.credits.grant(user_id=USER, amount=100_000)
    cost, count = Decimal(0), 60
    for number in range(count):
        read, written, fresh = 997 * number, 131 * (number % 7), 17 * number + 1
        details = {otel.INPUT: fresh + read + written, otel.CACHE_READ: read, otel.CACHE_WRITE: written}
        name = ("claude-sonnet-4-5", "claude-haiku-4-5", "claude-opus-4-1")[number % 3]
        usage = Usage("ANTHROPIC", name, fresh, 40 * number, details={k: v for k, v in details.items() if v})
        om.track_usage(usage, **WHO)
        cost += billed_tokens(usage, "price_equivalent").list_cost or 0
    assert len(billed(om, sandbox)) == count
    assert cost * 1000 <= burned(om) <= cost * 1000 + count


def test_two_layers_that_bill_under_other_names_record_one_call(sandbox: Sandbox, opened: Open) -> None:
    om = opened(sandbox)
    for host in ("eu.api.openai.com", "me.openai.azure.com", "bedrock-runtime.us-east-1.amazonaws.com"):
        for model in ("gpt-4o", "gpt-4o-mini"):
            om.track_usage(Usage("OPENAI", model, 1, 1, response_id="chatcmpl-9", host=host), **WHO)
    assert len(billed(om, sandbox)) == 3


@pytest.fixture
def canned() -> Iterator[Canned]:
    with Canned() as server:
        yield server

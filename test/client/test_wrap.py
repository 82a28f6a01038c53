"""Each call of a wrapped client, and each response, becomes one event."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest

from openmonetize import ApiTypeError, ApiValueError
from openmonetize.client import OpenMonetize
from openmonetize.providers import Usage, UsageError
from openmonetize.sandbox import Sandbox

from .canned import Canned, CannedReply
from .conftest import USER, Open, Start

openai = pytest.importorskip("openai", minversion="1.0")

MESSAGES: Any = [{"role": "user", "content": "Hi"}]


def completion(response_id: str = "chatcmpl-1", model: str = "gpt-4o-2024-08-06") -> dict[str, Any]:
    return {
        "id": response_id,
        "object": "chat.completion",
        "created": 1767225600,
        "model": model,
        "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "Hello"}}],
        "usage": {
            "prompt_tokens": 1000,
            "completion_tokens": 500,
            "total_tokens": 1500,
            "prompt_tokens_details": {"cached_tokens": 200},
        },
    }


def chunks() -> list[dict[str, Any]]:
    base = {"id": "chatcmpl-2", "object": "chat.completion.chunk", "created": 1767225600, "model": "gpt-4o"}
    texts = [{**base, "choices": [{"index": 0, "delta": {"content": word}}]} for word in ("Hello ", "there")]
    return [*texts, {**base, "choices": [], "usage": completion()["usage"]}]


@pytest.fixture
def client(canned: Canned) -> Iterator[Any]:
    canned.reply = CannedReply(body=completion())
    with openai.OpenAI(api_key="sk-test", base_url=f"{canned.url}/v1", max_retries=0) as made:
        yield made


def stored(om: OpenMonetize, sandbox: Sandbox) -> list[Any]:
    assert om.flush()
    return sandbox.events()


def test_the_readmes_five_lines(om: OpenMonetize, sandbox: Sandbox, client: Any) -> None:
    om.credits.grant(user_id=USER, amount=1000)
    ai = om.wrap(client, feature_id="chat", user_id=USER)
    ai.chat.completions.create(model="gpt-4o", messages=MESSAGES)
    assert om.flush()
    assert om.credits.user_balance(USER).data.balance == 992
    (event,) = sandbox.events()
    assert (event["feature_id"], event["user_id"], event["model"]) == ("chat", USER, "gpt-4o")
    assert event["metadata"] == {
        "gen_ai.response.id": "chatcmpl-1",
        "gen_ai.response.model": "gpt-4o-2024-08-06",
        "gen_ai.usage.cache_read.input_tokens": 200,
    }


def test_user_and_feature_come_from_the_context_of_the_call(
    om: OpenMonetize, sandbox: Sandbox, client: Any, canned: Canned
) -> None:
    ai = om.wrap(client, metadata={"tier": "gold"})
    with om.context(user_id=USER, feature_id="chat", metadata={"plan": "pro"}):
        ai.chat.completions.create(model="gpt-4o", messages=MESSAGES)
        canned.reply = CannedReply(events=chunks())
        stream = ai.chat.completions.create(model="gpt-4o", messages=MESSAGES, stream=True)
    with om.context(user_id="acme-corp-somebody-else", feature_id="other"):
        assert len(list(stream)) == 2
    events = stored(om, sandbox)
    assert [(event["user_id"], event["feature_id"]) for event in events] == [(USER, "chat")] * 2
    assert {event["metadata"]["plan"] + event["metadata"]["tier"] for event in events} == {"progold"}


def test_an_error_of_the_metering_never_reaches_the_caller(
    om: OpenMonetize, client: Any, caplog: pytest.LogCaptureFixture
) -> None:
    ai = om.wrap(client)
    for _ in range(3):
        assert ai.chat.completions.create(model="gpt-4o", messages=MESSAGES).id == "chatcmpl-1"
    assert om.stats().tracked == 0
    assert om.warning_counts()["unmetered"] == 3
    assert sum("feature_id is missing" in record.message for record in caplog.records) == 1


def test_each_path_that_is_not_metered_is_counted_and_logged_once(
    om: OpenMonetize, client: Any, canned: Canned, caplog: pytest.LogCaptureFixture
) -> None:
    ai = om.wrap(client, feature_id="chat", user_id=USER)
    canned.reply = CannedReply(body={"id": "run_1", "object": "run"})
    for _ in range(3):
        ai.evals.runs.create(eval_id="eval_1", data_source={"type": "jsonl"})
        ai.post("/audio/speech", cast_to=object, body={})
        ai.moderations.create(input="Hi")  # costs nothing
    assert om.warning_counts()["unmetered"] == 2
    told = [record.getMessage() for record in caplog.records if "not metered" in record.message]
    assert [text.split()[0] for text in told] == ["/evals/*/runs", "/audio/speech"]


def test_large_images_in_high_quality_cost_what_they_cost(
    start: Start, opened: Open, client: Any, canned: Canned
) -> None:
    sandbox = start(prices="all")
    om = opened(sandbox)
    ai = om.wrap(client, feature_id="images", user_id=USER)
    canned.reply = CannedReply(body={"created": 1767225600, "data": [{"url": "https://images.example/1"}]})
    for quality, size in (("standard", "1024x1024"), ("hd", "1024x1024"), ("hd", "1792x1024")):
        ai.images.generate(model="dall-e-3", prompt="a boat", quality=quality, size=size)
    events = stored(om, sandbox)
    assert [(event["model"], event["credits"]) for event in events] == [
        ("dall-e-3", 40),
        ("dall-e-3-hd", 80),
        ("dall-e-3-hd-xl", 120),
    ]


def test_an_answer_that_cannot_be_parsed_is_billed(
    om: OpenMonetize, sandbox: Sandbox, client: Any, canned: Canned
) -> None:
    pydantic = pytest.importorskip("pydantic")
    answer = pydantic.create_model("Answer", number=(int, ...))
    ai = om.wrap(client, feature_id="chat", user_id=USER)
    with pytest.raises(pydantic.ValidationError):
        ai.chat.completions.parse(model="gpt-4o", messages=MESSAGES, response_format=answer)
    (event,) = stored(om, sandbox)
    assert (event["input_tokens"], event["output_tokens"]) == (1000, 500)
    assert om.warning_counts()["unmetered"] == 0


def test_a_bad_setting_is_an_error_when_the_client_is_wrapped(om: OpenMonetize, client: Any) -> None:
    bad: list[Any] = [{"feature_id": ""}, {"user_id": 5}, {"metadata": {"a": {1}}}]
    for options in bad:
        with pytest.raises((ApiTypeError, ApiValueError)):
            om.wrap(client, **options)
    with pytest.raises(TypeError):
        om.wrap(object(), feature_id="chat")


def test_a_response_is_recorded_as_it_is(om: OpenMonetize, sandbox: Sandbox) -> None:
    with om.context(user_id=USER, feature_id="chat"):
        om.track_usage(completion())
        om.track_usage(completion("chatcmpl-9"), model="gpt-4o-mini", metadata={"gen_ai.response.id": "mine"})
        om.track_usage(Usage(provider="GOOGLE", model="gemini-2.5-pro", input_tokens=7, output_tokens=3))
        with pytest.raises(ApiTypeError, match="says them itself"):
            om.track_usage(Usage(provider="GOOGLE", model="g", input_tokens=1, output_tokens=1), model="h")
        with pytest.raises(UsageError):
            om.track_usage({"hello": "world"})
    first, second, third = stored(om, sandbox)
    assert (first["input_tokens"], first["output_tokens"], first["credits"]) == (1000, 500, 8)
    assert (second["model"], second["metadata"]["gen_ai.response.id"]) == ("gpt-4o-mini", "mine")
    assert (third["provider"], third["model"], third["metadata"]) == ("GOOGLE", "gemini-2.5-pro", {})


def test_a_call_that_two_layers_see_is_billed_once(om: OpenMonetize, sandbox: Sandbox) -> None:
    ids = {
        om.track_usage(completion(), host="api.openai.com", feature_id=feature, user_id=USER)
        for feature in ("wrapper", "callback")
    }
    assert len(ids) == 1
    assert [event["feature_id"] for event in stored(om, sandbox)] == ["wrapper"]
    elsewhere = {om.track_usage(completion(), host="llm.internal", feature_id="chat") for _ in range(2)}
    assert len(elsewhere) == 2


def test_partial_and_estimated_usage_is_marked(om: OpenMonetize, sandbox: Sandbox) -> None:
    usage = Usage(provider="OPENAI", model="gpt-4o", input_tokens=7, output_tokens=3, completeness="partial")
    om.track_usage(usage, feature_id="chat")
    (event,) = stored(om, sandbox)
    assert event["metadata"] == {"usage_completeness": "partial"}


def test_a_flush_delivers_what_streams_have_used_that_were_dropped_before_it(
    om: OpenMonetize, sandbox: Sandbox, client: Any, canned: Canned
) -> None:
    is_over = threading.Event()

    def slow_policy(usage: Usage) -> tuple[int, int]:  # runs where the usage is recorded, on a thread of its own
        assert is_over.wait(30)
        return (11, 5)

    canned.reply = CannedReply(events=chunks())
    ai = om.wrap(client, feature_id="chat", user_id=USER, token_policy=slow_policy)
    stream = ai.chat.completions.create(model="gpt-4o", messages=MESSAGES, stream=True)
    assert next(stream)
    del stream
    assert not om.flush(0.05)
    assert om.flush(0.05).left is None  # it is not known what the stream has used
    threading.Timer(0.2, is_over.set).start()
    assert [event["input_tokens"] for event in stored(om, sandbox)] == [11]


def test_images_are_billed_by_number_and_their_tokens_are_kept(om: OpenMonetize, sandbox: Sandbox) -> None:
    usage = Usage(
        provider="OPENAI",
        model="gpt-image-1",
        input_tokens=50,
        output_tokens=300,
        image_count=2,
        image_size="1024x1024",
        image_quality="high",
    )
    om.track_usage(usage, feature_id="art")
    none = Usage(provider="OPENAI", model="gpt-image-1", input_tokens=50, output_tokens=0, image_count=0)
    om.track_usage(none, feature_id="art")
    image, nothing = stored(om, sandbox)
    assert (image["event_type"], image["image_count"], image["model"]) == ("IMAGE_GENERATION", 2, "gpt-image-1-high")
    assert image["metadata"]["gen_ai.usage.output_tokens"] == 300
    assert (nothing["event_type"], nothing["credits"]) == ("API_CALL", 0)


def test_the_terms_of_a_call_are_kept_with_the_event(om: OpenMonetize, sandbox: Sandbox) -> None:
    usage = {
        "prompt_tokens": 100,
        "completion_tokens": 60,
        "cost": 0.00095,
        "server_tool_use": {"web_search_requests": 2},
        "completion_tokens_details": {"rejected_prediction_tokens": 5},
    }
    answer = {**completion(), "service_tier": "flex", "usage": usage}
    line = {"custom_id": "1", "response": {"status_code": 200, "body": answer}}
    om.track_usage(line, host="eu.api.openai.com", user_id=USER, feature_id="chat")
    rerank = {"id": "r-1", "results": [], "meta": {"billed_units": {"search_units": 3.0}}}
    om.track_usage(rerank, model="rerank-v3.5", user_id=USER, feature_id="search")
    assert om.flush()
    chat, search = sorted(sandbox.events(), key=lambda event: str(event["feature_id"]))
    assert (chat["input_tokens"], chat["output_tokens"]) == (100, 60)
    identity = ("gen_ai.response.id", "gen_ai.response.model")
    assert {name: value for name, value in chat["metadata"].items() if name not in identity} == {
        "gen_ai.usage.rejected_prediction.output_tokens": 5,
        "gen_ai.usage.web_search.requests": 2,
        "gen_ai.response.service_tier": "flex",
        "gen_ai.response.batch": True,
        "gen_ai.response.region": "eu",
        "gen_ai.usage.cost": 0.00095,
    }
    assert search["event_type"] == "API_CALL"
    assert search["metadata"]["gen_ai.usage.search_units.requests"] == 3

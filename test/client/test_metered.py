"""Metered functions: check, call, read the usage, record it."""

from __future__ import annotations

import asyncio
import gc
import inspect
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from openmonetize import ApiTypeError, ApiValueError
from openmonetize.client import OpenMonetize
from openmonetize.gate.checks import EntitlementDenied
from openmonetize.providers import Usage
from openmonetize.sandbox import Sandbox

from .canned import Canned, CannedReply
from .conftest import USER
from .test_wrap import MESSAGES, chunks, completion

openai = pytest.importorskip("openai", minversion="1.0")

METERED: Any = {"feature_id": "chat", "on_outage": "deny"}


@pytest.fixture
def ai(canned: Canned) -> Iterator[Any]:
    with openai.OpenAI(api_key="sk-test", base_url=canned.url, max_retries=0) as made:
        yield made


@pytest.fixture
def om(om: OpenMonetize) -> OpenMonetize:
    om.credits.grant(user_id=USER, amount=1000)
    return om


def recorded(om: OpenMonetize, sandbox: Sandbox) -> list[Any]:
    assert om.flush()
    fields = ("user_id", "feature_id", "input_tokens", "output_tokens")
    return [tuple(event[name] for name in fields) for event in sandbox.events()]


ONE = (USER, "chat", 1000, 500)


def test_a_function_is_checked_called_and_recorded(om: OpenMonetize, sandbox: Sandbox) -> None:
    @om.metered(**METERED, user_id=USER, provider="openai", model="gpt-4o", input_tokens=1000, output_tokens=500)
    def answer(text: str) -> Any:
        """Answers."""
        return {**completion(), "text": text}

    assert answer("Hi")["text"] == "Hi"
    assert answer.__name__ == "answer"
    assert answer.__doc__ == "Answers."
    assert recorded(om, sandbox) == [ONE]
    checks = [request for request in sandbox.requests if request["target"] == "/v1/entitlements/check"]
    assert "estimated_input_tokens" in checks[0]["body"]


def test_the_user_comes_from_the_arguments_or_the_context(om: OpenMonetize, sandbox: Sandbox) -> None:
    @om.metered(**METERED, user_id=lambda text, user: user)
    def from_arguments(text: str, user: str) -> Any:
        return completion()

    @om.metered(**METERED)
    def from_context() -> Any:
        return completion()

    from_arguments("Hi", user=USER)
    with om.context(user_id=USER):
        from_context()
    with pytest.raises(ApiTypeError, match="user_id is missing"):
        from_context()
    assert recorded(om, sandbox) == [ONE, ONE]


def test_a_denied_function_is_not_called(om: OpenMonetize) -> None:
    calls = []

    @om.metered(**METERED, user_id="acme-corp-without-wallet")
    def answer() -> Any:
        calls.append(1)

    @om.metered(**METERED, user_id="acme-corp-without-wallet")
    def stream() -> Iterator[Any]:
        calls.append(1)
        yield completion()

    @om.metered(**METERED, user_id="acme-corp-without-wallet")
    async def later() -> Any:
        calls.append(1)

    for call in (answer, stream, lambda: asyncio.run(later())):
        with pytest.raises(EntitlementDenied):
            call()
    assert calls == []


def test_an_exception_passes_and_records_nothing(om: OpenMonetize) -> None:
    @om.metered(**METERED, user_id=USER)
    def fails() -> Any:
        raise ZeroDivisionError("mine")

    with pytest.raises(ZeroDivisionError, match="mine"):
        fails()
    assert om.stats().tracked == 0


def test_an_answer_in_an_exception_was_billed(om: OpenMonetize, sandbox: Sandbox) -> None:
    openai = pytest.importorskip("openai")
    answer = openai.types.chat.ChatCompletion.model_validate(completion())

    @om.metered(**METERED, user_id=USER)
    def fails() -> Any:
        raise openai.LengthFinishReasonError(completion=answer)

    @om.metered(**METERED, user_id=USER)
    async def fails_later() -> Any:
        raise openai.LengthFinishReasonError(completion=answer)

    with pytest.raises(openai.LengthFinishReasonError):
        fails()
    with pytest.raises(openai.LengthFinishReasonError):
        asyncio.run(fails_later())
    assert recorded(om, sandbox) == [ONE, ONE]


def test_coroutines_are_metered_without_blocking_the_event_loop(om: OpenMonetize, sandbox: Sandbox) -> None:
    @om.metered(**METERED, user_id=USER)
    async def answer() -> Any:
        await asyncio.sleep(0)
        return completion()

    async def main() -> None:
        sandbox.fail_next("slow=0.3s:path=/v1/entitlements")
        ticks = 0
        task = asyncio.ensure_future(answer())
        while not task.done():
            ticks += 1
            await asyncio.sleep(0.005)
        assert ticks > 10
        await answer()

    assert inspect.iscoroutinefunction(answer)
    asyncio.run(main())
    assert recorded(om, sandbox) == [ONE, ONE]


def test_generators_are_metered_however_they_end(om: OpenMonetize, sandbox: Sandbox) -> None:
    @om.metered(**METERED, user_id=USER)
    def stream(fail: bool = False) -> Iterator[Any]:
        yield from chunks()
        if fail:
            raise ZeroDivisionError

    assert len(list(stream())) == 3
    with pytest.raises(ZeroDivisionError):
        list(stream(fail=True))
    stopped = stream()
    for _ in range(3):
        next(stopped)
    stopped.close()  # type: ignore[attr-defined]
    dropped = stream()
    for _ in range(3):
        next(dropped)
    del dropped
    gc.collect()
    list(stream())
    never_started = stream()
    del never_started
    assert recorded(om, sandbox) == [ONE] * 5


def test_a_generator_closed_before_any_usage_is_counted_as_unmetered(
    om: OpenMonetize, caplog: pytest.LogCaptureFixture
) -> None:
    @om.metered(**METERED, user_id=USER)
    def stream() -> Iterator[Any]:
        yield from chunks()

    for _ in range(2):
        one = stream()
        next(one)
        one.close()  # type: ignore[attr-defined]
    assert om.stats().tracked == 0
    assert om.warning_counts()["unmetered"] == 2
    assert sum("is not metered" in record.message for record in caplog.records) == 1


def test_async_generators_are_metered(om: OpenMonetize, sandbox: Sandbox) -> None:
    @om.metered(**METERED, user_id=USER)
    async def stream() -> AsyncIterator[Any]:
        for chunk in chunks():
            await asyncio.sleep(0)
            yield chunk

    async def main() -> None:
        assert len([chunk async for chunk in stream()]) == 3
        one = stream()
        for _ in range(3):
            await one.__anext__()
        await one.aclose()  # type: ignore[attr-defined]

    asyncio.run(main())
    assert recorded(om, sandbox) == [ONE, ONE]


def test_a_librarys_stream_keeps_its_type_and_methods(
    om: OpenMonetize, sandbox: Sandbox, canned: Canned, ai: Any
) -> None:
    canned.reply = CannedReply(events=chunks())

    @om.metered(**METERED, user_id=USER)
    def answer() -> Any:
        return ai.chat.completions.create(
            model="gpt-4o", messages=MESSAGES, stream=True, stream_options={"include_usage": True}
        )

    with answer() as stream:
        assert isinstance(stream, openai.Stream)
        assert stream.response.status_code == 200
        assert len(list(stream)) == 3
    assert recorded(om, sandbox) == [ONE]


@pytest.mark.parametrize("streamed", [False, True])
def test_a_call_of_a_wrapped_client_inside_is_not_recorded_twice(
    om: OpenMonetize, sandbox: Sandbox, canned: Canned, ai: Any, streamed: bool
) -> None:
    wrapped = om.wrap(ai)
    canned.reply = CannedReply(events=chunks()) if streamed else CannedReply(body=completion())

    @om.metered(**METERED, user_id=USER)
    def answer() -> Any:
        return wrapped.chat.completions.create(model="gpt-4o", messages=MESSAGES, stream=streamed)

    @om.metered(**METERED, user_id=USER)
    def around() -> Any:
        return answer()

    for call in (answer, around):
        result = call()
        if streamed:
            list(result)
    assert recorded(om, sandbox) == [ONE, ONE]


def test_an_answer_without_an_id_is_not_recorded_twice_either(
    om: OpenMonetize, sandbox: Sandbox, canned: Canned, ai: Any
) -> None:
    vector = {"object": "embedding", "index": 0, "embedding": [0.1]}
    usage = {"prompt_tokens": 7, "total_tokens": 7}
    canned.reply = CannedReply(
        body={"object": "list", "model": "text-embedding-3-small", "data": [vector], "usage": usage}
    )
    wrapped = om.wrap(ai, model="gpt-4o")

    @om.metered(**METERED, user_id=USER)
    def embed() -> Any:
        return wrapped.embeddings.create(model="text-embedding-3-small", input="Hello", encoding_format="float")

    embed()
    assert recorded(om, sandbox) == [(USER, "chat", 7, 0)]


def test_a_result_without_usage_is_no_warning_if_a_wrapped_client_recorded_the_call(
    om: OpenMonetize, sandbox: Sandbox, canned: Canned, ai: Any, caplog: pytest.LogCaptureFixture
) -> None:
    wrapped = om.wrap(ai)
    canned.replies.extend([CannedReply(body=completion()), CannedReply(events=chunks())])

    @om.metered(**METERED, user_id=USER)
    def text() -> str:
        return str(wrapped.chat.completions.create(model="gpt-4o", messages=MESSAGES).choices[0].message.content)

    @om.metered(**METERED, user_id=USER)
    def words() -> Iterator[str]:
        for chunk in wrapped.chat.completions.create(model="gpt-4o", messages=MESSAGES, stream=True):
            yield chunk.choices[0].delta.content

    assert text() == "Hello"
    assert "".join(words()) == "Hello there"
    assert recorded(om, sandbox) == [ONE, ONE]
    assert om.warning_counts()["unmetered"] == 0


def test_two_equal_calls_are_two_events(om: OpenMonetize, sandbox: Sandbox) -> None:
    @om.metered(**METERED, user_id=USER)
    def embed() -> Usage:
        return Usage(provider="OPENAI", model="gpt-4o", input_tokens=1000, output_tokens=500)

    @om.metered(feature_id="batch", on_outage="deny", user_id=USER)
    def both() -> Usage:
        embed()
        return embed()

    both()
    assert recorded(om, sandbox) == [ONE, ONE]


def test_the_response_may_be_a_part_of_the_result(om: OpenMonetize, sandbox: Sandbox) -> None:
    @om.metered(**METERED, user_id=USER, usage_of=lambda result: result[1])
    def answer() -> Any:
        return "Hello", completion()

    @om.metered(**METERED, user_id=USER, usage_of=lambda part: part["raw"])
    def stream() -> Iterator[Any]:
        for chunk in chunks():
            yield {"raw": chunk}

    answer()
    list(stream())
    assert recorded(om, sandbox) == [ONE, ONE]


def test_a_result_without_usage_is_logged_once_and_counted(om: OpenMonetize, caplog: pytest.LogCaptureFixture) -> None:
    @om.metered(**METERED, user_id=USER)
    def answer() -> str:
        return "a text"

    assert [answer(), answer()] == ["a text", "a text"]
    assert om.warning_counts()["unmetered"] == 2
    assert sum("is not metered" in record.message for record in caplog.records) == 1


def test_wrong_settings_are_refused_where_the_function_is_decorated(om: OpenMonetize) -> None:
    bad: list[Any] = [
        {"feature_id": "chat", "on_outage": "perhaps"},
        {"feature_id": "", "on_outage": "deny"},
        {"feature_id": "chat", "on_outage": "deny", "input_tokens": -1},
        {"feature_id": "chat", "on_outage": "deny", "prompt_tokens": 1},
    ]
    for options in bad:
        with pytest.raises((ApiTypeError, ApiValueError)):
            om.metered(**options)

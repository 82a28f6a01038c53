"""LlamaIndex, metered by its instrumentation: each call of a provider once, whatever is built upon it."""

from __future__ import annotations

import asyncio
import gc
import threading
from collections.abc import Iterator
from typing import Any, Callable

import pytest

pytest.importorskip("llama_index.core")
pytest.importorskip("llama_index.llms.openai")

import openai
from llama_index.core import MockEmbedding, PromptTemplate
from llama_index.core.llms import ChatMessage, ChatResponse, CompletionResponse, CustomLLM, LLMMetadata
from llama_index.core.llms.callbacks import llm_chat_callback, llm_completion_callback
from llama_index.llms.openai import OpenAI, OpenAIResponses
from pydantic import BaseModel

from openmonetize.integrations.llama_index import MeteringEventHandler, metering
from openmonetize.sandbox import Sandbox
from openmonetize.testing.fake_providers import Answer, Failure, ToolCall

from .chains import ANSWER, FEATURE, USER, Program, printed_by, program

# Those of the framework say nothing of ours.
pytestmark = pytest.mark.filterwarnings("default")

ONE = [("gpt-4o", 100, 20)]
HELLO = [ChatMessage(role="user", content="Hi")]
WITH_USAGE = {"additional_kwargs": {"stream_options": {"include_usage": True}}}


class Person(BaseModel):
    """A person."""

    age: int


@pytest.fixture
def run(sandbox: Sandbox) -> Iterator[Program]:
    with program(sandbox) as running:
        yield running


def chat(run: Program, kind: Any = OpenAI, **settings: Any) -> Any:
    usual = {"model": "gpt-4o", "api_base": run.fake.openai_url, "api_key": "k", "max_retries": 0}
    return kind(**{**usual, **settings})


def below(run: Program, layers: str) -> dict[str, Any]:
    if layers == "instrumented":
        run.om.instrument("openai")
    if layers != "wrapped":
        return {}
    sync = openai.OpenAI(base_url=run.fake.openai_url, api_key="k", max_retries=0)
    loop = openai.AsyncOpenAI(base_url=run.fake.openai_url, api_key="k", max_retries=0)
    return {"openai_client": run.om.wrap(sync), "async_openai_client": run.om.wrap(loop)}


async def drained(stream: Any) -> list[Any]:
    return [chunk async for chunk in await stream]


WAYS: dict[str, tuple[Any, dict[str, Any], Callable[[Any], Any]]] = {
    "chat": (OpenAI, {}, lambda model: model.chat(HELLO)),
    "achat": (OpenAI, {}, lambda model: asyncio.run(model.achat(HELLO))),
    "complete": (OpenAI, {}, lambda model: model.complete("Hi")),
    "acomplete": (OpenAI, {}, lambda model: asyncio.run(model.acomplete("Hi"))),
    "predict": (OpenAI, {}, lambda model: model.predict(PromptTemplate("Hi"))),
    "stream_chat": (OpenAI, WITH_USAGE, lambda model: list(model.stream_chat(HELLO))),
    "astream_chat": (OpenAI, WITH_USAGE, lambda model: asyncio.run(drained(model.astream_chat(HELLO)))),
    "stream_complete": (OpenAI, WITH_USAGE, lambda model: list(model.stream_complete("Hi"))),
    "responses": (OpenAIResponses, {}, lambda model: model.chat(HELLO)),
    "responses stream": (OpenAIResponses, {}, lambda model: list(model.stream_chat(HELLO))),
}


@pytest.mark.shows("LlamaIndex", "metered", "plain", "stream", "async")
@pytest.mark.shows("LlamaIndex", "once", "wrapped client below", "instrumented below")
@pytest.mark.parametrize("layers", ["alone", "twice", "wrapped", "instrumented"])
@pytest.mark.parametrize("way", WAYS)
def test_each_way_is_one_event(run: Program, way: str, layers: str) -> None:
    kind, settings, ask = WAYS[way]
    model = chat(run, kind, **settings, **below(run, layers))
    with metering(run.om):
        if layers == "twice":
            with metering(run.om):
                ask(model)
        else:
            ask(model)
    (event,) = run.events()
    assert (event["provider"], event["model"]) == ("OPENAI", "gpt-4o")
    assert (event["input_tokens"], event["output_tokens"]) == (100, 20)
    assert (event["user_id"], event["feature_id"]) == (USER, FEATURE)
    assert event["metadata"]["gen_ai.usage.cache_read.input_tokens"] == 10
    assert run.unmetered == 0
    assert len(run.fake.requests) == 1


@pytest.mark.shows("LlamaIndex", "not known", "stream without usage")
@pytest.mark.parametrize("layers", ["alone", "wrapped", "instrumented"])
@pytest.mark.parametrize("way", ["stream_chat", "stream_complete", "astream_chat"])
def test_a_stream_without_usage_is_unknown(run: Program, way: str, layers: str) -> None:
    kind, _, ask = WAYS[way]
    with metering(run.om):
        ask(chat(run, kind, **below(run, layers)))
    assert run.tokens() == ([] if layers == "alone" else ONE)
    assert run.unmetered == (1 if layers == "alone" else 0)


@pytest.mark.shows("LlamaIndex", "not known", "ended early")
@pytest.mark.parametrize("layers", ["alone", "wrapped"])
def test_a_stream_that_is_left_early(run: Program, layers: str) -> None:
    model = chat(run, **WITH_USAGE, **below(run, layers))
    with metering(run.om):
        stream = model.stream_chat(HELLO)
        next(stream)
        stream.close()
        del stream
        list(model.stream_chat(HELLO))  # LlamaIndex keeps the client's stream until the next one
    gc.collect()
    assert len(run.events()) == (1 if layers == "alone" else 2)
    assert layers == "wrapped" or run.unmetered == 1


def test_a_stream_is_its_beginnings_users(run: Program) -> None:
    with metering(run.om):
        with run.om.context(user_id="acme-ada-lovelace"):
            stream = chat(run, **WITH_USAGE).stream_chat(HELLO)
        list(stream)
    (event,) = run.events()
    assert event["user_id"] == "acme-ada-lovelace"


@pytest.mark.shows("LlamaIndex", "nothing", "error")
@pytest.mark.parametrize("way", ["chat", "achat", "stream_chat", "responses"])
def test_a_call_that_the_provider_refuses_is_nothing(run: Program, way: str) -> None:
    run.fake.script = Failure(400)
    kind, settings, ask = WAYS[way]
    with metering(run.om), pytest.raises(openai.BadRequestError):
        ask(chat(run, kind, **settings))
    assert run.tokens() == []


@pytest.mark.shows("LlamaIndex", "metered", "retry")
def test_retries(run: Program) -> None:
    run.fake.script = [Failure(500), ANSWER]
    with metering(run.om):
        chat(run, max_retries=2).chat(HELLO)
    assert run.tokens() == ONE


@pytest.mark.shows("LlamaIndex", "metered", "structured output")
@pytest.mark.parametrize("layers", ["alone", "instrumented"])
@pytest.mark.parametrize("text", ['{"age": 3}', "nonsense"])
def test_structured_output_is_billed_whether_it_can_be_parsed(run: Program, text: str, layers: str) -> None:
    run.fake.script = Answer(text=text, input_tokens=100, output_tokens=20)
    below(run, layers)
    with metering(run.om):
        for ask in (
            lambda: chat(run).structured_predict(Person, PromptTemplate("Hi")),
            lambda: chat(run).as_structured_llm(Person).chat(HELLO),
        ):
            try:
                ask()
            except ValueError:
                assert text == "nonsense"
    assert run.tokens() == ONE * 2
    assert run.unmetered == 0


@pytest.mark.shows("LlamaIndex", "metered", "tools")
def test_an_agent_with_tools(run: Program) -> None:
    from llama_index.core.agent.workflow import FunctionAgent

    run.fake.script = [Answer("", tool_calls=[ToolCall("weather", {"place": "Bern"})], input_tokens=50), ANSWER]

    def weather(place: str) -> str:
        """Return the weather of a place."""
        return f"sunny in {place}"

    async def ask() -> None:
        await FunctionAgent(tools=[weather], llm=chat(run, **WITH_USAGE)).run("What is the weather?")

    with metering(run.om):
        asyncio.run(ask())
    assert [tokens[1] for tokens in run.tokens()] == [50, 100]
    assert run.unmetered == 0


class ChatsToComplete(CustomLLM):
    """A model whose completion is a chat, and that hands the answer of another model on."""

    inner: Any = None

    @property
    def metadata(self) -> LLMMetadata:
        return LLMMetadata(model_name="gpt-4o")

    @llm_chat_callback()
    def chat(self, messages: Any, **given: Any) -> ChatResponse:
        return self.inner.chat(messages)

    @llm_completion_callback()
    def complete(self, prompt: str, formatted: bool = False, **given: Any) -> CompletionResponse:
        answer = self.chat(HELLO)
        return CompletionResponse(text=answer.message.content or "", raw=answer.raw)

    @llm_completion_callback()
    def stream_complete(self, prompt: str, formatted: bool = False, **given: Any) -> Any:
        raise NotImplementedError


def test_models_within_models_are_one_call(run: Program) -> None:
    with metering(run.om):
        model = ChatsToComplete(inner=chat(run))
        model.complete("Hi")
        model.chat(HELLO)
    assert len(run.fake.requests) == 2
    assert run.tokens() == ONE * 2


@pytest.mark.shows("LlamaIndex", "metered", "threads")
def test_threads_and_tasks(run: Program) -> None:
    model = chat(run)

    def ask(user: str) -> None:
        with run.om.context(user_id=user, feature_id=FEATURE):
            model.chat(HELLO)

    async def asked(user: str) -> None:
        with run.om.context(user_id=user):
            await chat(run).achat(HELLO)

    async def everybody() -> None:
        await asyncio.gather(*(asked(f"acme-task-{number:06}") for number in range(5)))

    threads = [threading.Thread(target=ask, args=(f"acme-thread-{number:06}",)) for number in range(5)]
    with metering(run.om):
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        asyncio.run(everybody())
    users = sorted(event["user_id"] for event in run.events())
    assert users == [f"acme-{kind}-{number:06}" for kind in ("task", "thread") for number in range(5)]


def test_embeddings_that_cost_nothing_are_not_told(run: Program) -> None:
    with metering(run.om):
        MockEmbedding(embed_dim=3).get_text_embedding_batch(["One", "Two"])
    assert run.unmetered == 0


class OpenAIEmbedding(MockEmbedding):
    """An embedding model that has the name of one that costs something."""

    @classmethod
    def class_name(cls) -> str:
        return "OpenAIEmbedding"


def test_embeddings_that_cost_something_are_unknown(run: Program) -> None:
    with metering(run.om):
        OpenAIEmbedding(embed_dim=3).get_text_embedding("One")
    assert run.unmetered == 1


def test_the_handler_alone_and_the_end_of_a_block(run: Program) -> None:
    from llama_index.core.instrumentation import get_dispatcher

    before = list(get_dispatcher().event_handlers)
    with metering(run.om, user_id="acme-ada-lovelace", feature_id="draft", metadata={"team": "blue"}) as handler:
        assert isinstance(handler, MeteringEventHandler)
        chat(run).chat(HELLO)
    chat(run).chat(HELLO)
    (event,) = run.events()
    assert (event["user_id"], event["feature_id"]) == ("acme-ada-lovelace", "draft")
    assert event["metadata"]["team"] == "blue"
    assert [id(one) for one in get_dispatcher().event_handlers] == [id(one) for one in before]


def test_the_example() -> None:
    assert printed_by("llama_index_app").count("gpt-4o") == 2

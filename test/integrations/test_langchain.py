"""LangChain and LangGraph, metered by a callback: each call of a provider once, whatever the chain does with it."""

from __future__ import annotations

import asyncio
import gc
import threading
from collections.abc import Iterator
from typing import Any, Callable
from uuid import uuid4

import pytest

pytest.importorskip("langchain_core")
pytest.importorskip("langchain_openai")

from langchain_core.caches import InMemoryCache
from langchain_core.messages import AIMessage, HumanMessage
from langchain_core.outputs import ChatGeneration, LLMResult
from langchain_core.runnables import RunnableLambda, RunnableParallel
from langchain_openai import ChatOpenAI, OpenAI as CompletionModel
from pydantic import BaseModel

from openmonetize.exceptions import ApiTypeError
from openmonetize.gate.checks import EntitlementDenied
from openmonetize.integrations._vendors import gateway_provider
from openmonetize.integrations.langchain import MeteringHandler, metering
from openmonetize.providers import UsageError
from openmonetize.sandbox import Sandbox
from openmonetize.testing.fake_providers import Answer, Failure, ToolCall

from .chains import ANSWER, FEATURE, USER, Program, printed_by, program, several_choices, whole_delta

# Those of the frameworks say nothing of ours.
pytestmark = pytest.mark.filterwarnings("default")

ONE = [("gpt-4o", 100, 20)]


class Person(BaseModel):
    """A person."""

    age: int


@pytest.fixture
def run(sandbox: Sandbox) -> Iterator[Program]:
    with program(sandbox) as running:
        yield running


def chat(run: Program, **settings: Any) -> Any:
    usual = {"model": "gpt-4o", "base_url": run.fake.openai_url, "api_key": "k", "max_retries": 0}
    return ChatOpenAI(**{**usual, **settings})


def claude(run: Program, **settings: Any) -> Any:
    anthropic = pytest.importorskip("langchain_anthropic")
    return anthropic.ChatAnthropic(
        model="claude-sonnet-4-5", base_url=run.fake.anthropic_url, api_key="k", max_retries=0, **settings
    )


def wrapped(run: Program) -> dict[str, Any]:
    """Return the four arguments with which ChatOpenAI uses a wrapped client for everything."""
    import openai

    sync = run.om.wrap(openai.OpenAI(base_url=run.fake.openai_url, api_key="k", max_retries=0))
    loop = run.om.wrap(openai.AsyncOpenAI(base_url=run.fake.openai_url, api_key="k", max_retries=0))
    return {
        "client": sync.chat.completions,
        "async_client": loop.chat.completions,
        "root_client": sync,
        "root_async_client": loop,
    }


async def drained(stream: Any) -> list[Any]:
    return [chunk async for chunk in stream]


# How a model is asked: with these settings and by this function.
WAYS: dict[str, tuple[dict[str, Any], Callable[[Any], Any]]] = {
    "invoke": ({}, lambda model: model.invoke("Hi")),
    "ainvoke": ({}, lambda model: asyncio.run(model.ainvoke("Hi"))),
    "stream": ({"stream_usage": True}, lambda model: list(model.stream("Hi"))),
    "astream": ({"stream_usage": True}, lambda model: asyncio.run(drained(model.astream("Hi")))),
    "streaming": ({"stream_usage": True, "streaming": True}, lambda model: model.invoke("Hi")),
    "events": ({"stream_usage": True}, lambda model: asyncio.run(drained(model.astream_events("Hi", version="v2")))),
    "responses": ({"use_responses_api": True}, lambda model: model.invoke("Hi")),
    "responses stream": ({"use_responses_api": True}, lambda model: list(model.stream("Hi"))),
    "responses astream": ({"use_responses_api": True}, lambda model: asyncio.run(drained(model.astream("Hi")))),
    "batch of one": ({}, lambda model: model.batch(["Hi"])),
    "abatch of one": ({}, lambda model: asyncio.run(model.abatch(["Hi"]))),
    "generate": ({}, lambda model: model.generate([[HumanMessage("Hi")]])),
}
if hasattr(ChatOpenAI, "_iter_v2_events"):  # of newer versions
    WAYS["protocol events"] = (
        {"stream_usage": True},
        lambda model: list(model.stream_events("Hi", version="v3")),
    )
LAYERS = ("alone", "twice", "wrapped", "instrumented")


@pytest.mark.shows("LangChain, LangGraph", "metered", "plain", "stream", "async")
@pytest.mark.shows("LangChain, LangGraph", "once", "wrapped client below", "instrumented below")
@pytest.mark.parametrize("layers", LAYERS)
@pytest.mark.parametrize("way", WAYS)
def test_each_way_is_one_event(run: Program, way: str, layers: str) -> None:
    settings, ask = WAYS[way]
    if layers == "wrapped":
        settings = {**settings, **wrapped(run)}
    if layers == "instrumented":
        run.om.instrument("openai")
    if layers == "twice":
        settings = {**settings, "callbacks": [MeteringHandler(run.om), MeteringHandler(run.om)]}
    with metering(run.om, metadata={"team": "blue"}):
        ask(chat(run, **settings))
    (event,) = run.events()
    assert (event["provider"], event["model"]) == ("OPENAI", "gpt-4o")
    assert (event["input_tokens"], event["output_tokens"]) == (100, 20)
    assert (event["user_id"], event["feature_id"]) == (USER, FEATURE)
    assert event["metadata"]["gen_ai.usage.cache_read.input_tokens"] == 10
    assert event["metadata"]["gen_ai.usage.reasoning.output_tokens"] == 5
    assert layers != "alone" or event["metadata"]["team"] == "blue"
    assert run.unmetered == 0
    assert len(run.fake.requests) == 1


def test_the_answer_is_what_it_is_without_metering(run: Program) -> None:
    run.fake.script = Answer(text="Hello", response_id="fixed")
    bare = chat(run).invoke("Hi")
    with metering(run.om):
        metered = chat(run).invoke("Hi")
    assert bare.model_dump(exclude={"id"}) == metered.model_dump(exclude={"id"})


@pytest.mark.parametrize("place", ["config", "model", "chain"])
def test_where_the_handler_is_given(run: Program, place: str) -> None:
    handler = MeteringHandler(run.om, feature_id="draft", user_id="acme-ada-lovelace")
    if place == "config":
        chat(run).invoke("Hi", {"callbacks": [handler]})
    elif place == "model":
        chat(run, callbacks=[handler]).invoke("Hi")
    else:
        chain = RunnableLambda(lambda text: text) | chat(run) | RunnableLambda(lambda message: message.content)
        chain.invoke("Hi", {"callbacks": [handler]})
    (event,) = run.events()
    assert (event["feature_id"], event["user_id"]) == ("draft", "acme-ada-lovelace")


AZURE = {"openai_api_base": "", "azure_endpoint": "https://acme.openai.azure.com/"}
TOLD: dict[str, tuple[str, dict[str, Any], dict[str, Any], dict[str, Any]]] = {
    "azure": (
        "azure",
        AZURE,
        {"input_tokens": 100, "output_tokens": 20, "total_tokens": 120},
        {"provider": "OPENAI", "input_tokens": 100, "output_tokens": 20},
    ),
    "a tier of OpenAI": (
        "openai",
        {},
        {
            "input_tokens": 100,
            "output_tokens": 20,
            "total_tokens": 120,
            "input_token_details": {"flex": 90, "flex_cache_read": 10},
            "output_token_details": {"flex": 15, "flex_reasoning": 5},
        },
        {
            "gen_ai.usage.cache_read.input_tokens": 10,
            "gen_ai.usage.reasoning.output_tokens": 5,
            "gen_ai.response.service_tier": "flex",
        },
    ),
    "Gemini": (
        "google_genai",
        {},
        {"input_tokens": 100, "output_tokens": 20, "total_tokens": 120, "output_token_details": {"reasoning": 5}},
        {"provider": "GOOGLE", "input_tokens": 100, "output_tokens": 15, "gen_ai.usage.output_tokens": 20},
    ),
    "audio": (
        "openai",
        {},
        {
            "input_tokens": 100,
            "output_tokens": 20,
            "total_tokens": 120,
            "input_token_details": {"audio": 40},
            "output_token_details": {"audio": 8},
        },
        {"gen_ai.usage.audio.input_tokens": 40, "gen_ai.usage.audio.output_tokens": 8},
    ),
}


@pytest.mark.parametrize("case", TOLD)
def test_what_models_tell(run: Program, case: str) -> None:
    """What integrations for which there is no fake hand to the callbacks."""
    provider, settings, totals, expected = TOLD[case]
    handler, run_id = MeteringHandler(run.om), uuid4()
    given = {"ls_provider": provider, "ls_model_name": "some-model"}
    handler.on_chat_model_start({"kwargs": settings}, [[]], run_id=run_id, metadata=given)
    message = AIMessage("Hi", usage_metadata=totals, response_metadata={}, id=f"lc_run--{run_id}-0")
    handler.on_llm_end(LLMResult(generations=[[ChatGeneration(message=message)]]), run_id=run_id)
    (event,) = run.events()
    assert event["model"] == "some-model"
    assert expected.items() <= {**event, **(event["metadata"] or {})}.items()


def test_a_provider_that_the_platform_does_not_take(run: Program) -> None:
    handler, run_id = MeteringHandler(run.om), uuid4()
    handler.on_chat_model_start({}, [[]], run_id=run_id, metadata={"ls_provider": "groq"})
    totals = {"input_tokens": 100, "output_tokens": 20, "total_tokens": 120}
    message = AIMessage("Hi", usage_metadata=totals, response_metadata={"model_name": "llama"})
    handler.on_llm_end(LLMResult(generations=[[ChatGeneration(message=message)]]), run_id=run_id)
    assert run.unmetered == 1
    assert run.events() == []


@pytest.mark.parametrize("number", [1, 2, 5])
def test_several_choices_have_one_usage(run: Program, number: int) -> None:
    run.fake.script = several_choices
    with metering(run.om):
        result = chat(run, n=number).generate([[HumanMessage("Hi")]])
    assert len(result.generations[0]) == number
    assert run.tokens() == [("gpt-4o", 100, 40)]


def test_several_prompts_are_several_calls(run: Program) -> None:
    with metering(run.om):
        chat(run).generate([[HumanMessage("One")], [HumanMessage("Two")]])
        asyncio.run(chat(run).agenerate([[HumanMessage("One")], [HumanMessage("Two")]]))
    assert run.tokens() == ONE * 4
    assert len(run.fake.requests) == 4


def test_completion_models(run: Program) -> None:
    model = CompletionModel(model="gpt-3.5-turbo-instruct", base_url=run.fake.openai_url, api_key="k")
    with metering(run.om):
        model.invoke("Hi")
        asyncio.run(model.ainvoke("Hi"))
        assert run.tokens() == [("gpt-3.5-turbo-instruct", 100, 20)] * 2
        model.generate(["One", "Two"])  # one request
    assert len(run.fake.requests) == 3
    assert run.tokens() == [("gpt-3.5-turbo-instruct", 100, 20)] * 3
    assert run.unmetered == 0
    with metering(run.om):
        list(model.stream("Hi"))
    assert run.unmetered == 1


@pytest.mark.parametrize("layers", ["alone", "instrumented"])
@pytest.mark.parametrize("way", ["invoke", "ainvoke"])
def test_anthropic(run: Program, way: str, layers: str) -> None:
    run.fake.script = Answer(
        input_tokens=100, output_tokens=20, cached_tokens=10, cache_write_tokens=20, cache_write_1h_tokens=5
    )
    if layers == "instrumented":
        run.om.instrument("anthropic")
    with metering(run.om):
        WAYS[way][1](claude(run))
    (event,) = run.events()
    assert (event["provider"], event["input_tokens"], event["output_tokens"]) == ("ANTHROPIC", 70, 20)
    facts = event["metadata"]
    assert facts["gen_ai.usage.input_tokens"] == 100
    assert facts["gen_ai.usage.cache_read.input_tokens"] == 10
    assert facts["gen_ai.usage.cache_write.input_tokens"] == 20
    assert facts["gen_ai.usage.cache_write.1h.input_tokens"] == 5


@pytest.mark.parametrize("layers", ["alone", "instrumented"])
@pytest.mark.parametrize("way", ["stream", "astream"])
def test_streams_of_anthropic(run: Program, way: str, layers: str) -> None:
    run.fake.script = whole_delta
    if layers == "instrumented":
        run.om.instrument("anthropic")
    with metering(run.om):
        WAYS[way][1](claude(run))
    (event,) = run.events()
    assert (event["provider"], event["input_tokens"], event["output_tokens"]) == ("ANTHROPIC", 70, 20)
    assert event["metadata"]["gen_ai.usage.cache_read.input_tokens"] == 10
    assert event["metadata"]["gen_ai.usage.cache_write.input_tokens"] == 20
    assert run.unmetered == 0


def test_a_count_that_is_missing_is_not_0(run: Program) -> None:
    """The fake tells what was read at the stream's beginning only, and LangChain looks at its end."""
    with metering(run.om):
        list(claude(run).stream("Hi"))
    read_at_the_beginning = run.tokens()
    assert len(read_at_the_beginning) + run.unmetered == 1
    assert all(count[1] for count in read_at_the_beginning)


# Streams


@pytest.mark.shows("LangChain, LangGraph", "not known", "stream without usage")
@pytest.mark.parametrize("below", ["nothing", "wrapped", "instrumented"])
@pytest.mark.parametrize("way", ["stream", "astream"])
def test_a_stream_without_usage_is_unknown(run: Program, way: str, below: str) -> None:
    settings = wrapped(run) if below == "wrapped" else {}
    if below == "instrumented":
        run.om.instrument("openai")
    with metering(run.om):
        WAYS[way][1](chat(run, **settings))
    assert run.tokens() == ([] if below == "nothing" else ONE)
    assert run.unmetered == (1 if below == "nothing" else 0)


def test_two_handlers_tell_of_an_unknown_call_once(run: Program) -> None:
    with metering(run.om):
        list(chat(run, callbacks=[MeteringHandler(run.om)]).stream("Hi"))
    assert run.unmetered == 1


def leave(model: Any) -> None:
    stream = model.stream("Hi")
    next(stream)
    stream.close()


def forget(model: Any) -> None:
    for _ in model.stream("Hi"):
        break
    gc.collect()


async def leave_async(model: Any) -> None:
    stream = model.astream("Hi")
    await stream.__anext__()
    await stream.aclose()


async def cancel(model: Any) -> None:
    begun = asyncio.Event()

    async def read() -> None:
        async for _ in model.astream("Hi"):
            begun.set()
            await asyncio.sleep(60)

    task = asyncio.ensure_future(read())
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    del task
    gc.collect()
    # The loop closes the generator in a task of its own, which the end of the loop would cancel.
    await asyncio.gather(*(asyncio.all_tasks() - {asyncio.current_task()}), return_exceptions=True)


LEFT = {
    "leave": leave,
    "forget": forget,
    "leave_async": lambda model: asyncio.run(leave_async(model)),
    "cancel": lambda model: asyncio.run(cancel(model)),
}


@pytest.mark.shows("LangChain, LangGraph", "not known", "ended early")
@pytest.mark.parametrize("way", LEFT)
def test_a_stream_that_is_left_early(run: Program, way: str) -> None:
    with metering(run.om):
        LEFT[way](chat(run, stream_usage=True))
    assert run.tokens() == []
    assert run.unmetered == 1


@pytest.mark.parametrize("below", ["wrapped", "instrumented"])
@pytest.mark.parametrize("way", LEFT)
def test_a_stream_that_is_left_early_above_a_metered_client(run: Program, way: str, below: str) -> None:
    settings = wrapped(run) if below == "wrapped" else {}
    if below == "instrumented":
        run.om.instrument("openai")
    with metering(run.om):
        LEFT[way](chat(run, stream_usage=True, **settings))
    gc.collect()
    (event,) = run.events()
    assert event["output_tokens"] == 0  # the client bills the prompt


def test_what_a_broken_stream_has_told_is_partial(run: Program) -> None:
    run.fake.script = Answer(input_tokens=100, output_tokens=20, cut=True)
    with metering(run.om), pytest.raises(Exception, match="closed"):
        list(chat(run, stream_usage=True).stream("Hi"))
    assert run.tokens() == ONE
    assert run.om.warning_counts()["partial_stream"] == 1


def test_a_stream_is_its_beginnings_users(run: Program) -> None:
    with metering(run.om):
        with run.om.context(user_id="acme-ada-lovelace"):
            stream = chat(run, stream_usage=True).stream("Hi")
            next(stream)
        list(stream)
    (event,) = run.events()
    assert event["user_id"] == "acme-ada-lovelace"


# Errors, retries, fallbacks


@pytest.mark.shows("LangChain, LangGraph", "nothing", "error")
@pytest.mark.parametrize("way", ["invoke", "ainvoke", "stream", "responses"])
def test_a_call_that_the_provider_refuses_is_nothing(run: Program, way: str) -> None:
    run.fake.script = Failure(400)
    settings, ask = WAYS[way]
    with metering(run.om), pytest.raises(Exception, match="told to fail"):
        ask(chat(run, **settings))
    assert run.tokens() == []
    assert run.unmetered == 0


@pytest.mark.shows("LangChain, LangGraph", "metered", "retry", "fallback")
@pytest.mark.parametrize("layers", ["alone", "wrapped"])
def test_retries_and_fallbacks(run: Program, layers: str) -> None:
    settings = wrapped(run) if layers == "wrapped" else {}
    with metering(run.om):
        run.fake.script = [Failure(500), ANSWER]
        chat(run, **settings).with_retry(wait_exponential_jitter=False).invoke("Hi")
        run.fake.script = [Failure(429), ANSWER]
        chat(run, **settings).with_fallbacks([chat(run, model="gpt-4o-mini", **settings)]).invoke("Hi")
        run.fake.script = [Failure(500), ANSWER]
        chat(run, max_retries=1).invoke("Hi")
    assert run.tokens() == [("gpt-4o", 100, 20), ("gpt-4o-mini", 100, 20), ("gpt-4o", 100, 20)]
    assert run.unmetered == 0


# Structured output, tools, agents


@pytest.mark.shows("LangChain, LangGraph", "metered", "structured output")
@pytest.mark.parametrize("layers", ["alone", "wrapped", "instrumented"])
@pytest.mark.parametrize("method", ["json_schema", "function_calling", "json_mode"])
@pytest.mark.parametrize("text", ['{"age": 3}', "nonsense"])
@pytest.mark.parametrize("asynchronous", [False, True])
def test_structured_output_is_billed_whether_it_can_be_parsed(
    run: Program, method: str, text: str, layers: str, asynchronous: bool
) -> None:
    calls = [ToolCall("Person", {"age": 3})] if method == "function_calling" and text != "nonsense" else []
    run.fake.script = Answer(text="" if calls else text, tool_calls=calls, input_tokens=100, output_tokens=20)
    settings = wrapped(run) if layers == "wrapped" else {}
    if layers == "instrumented":
        run.om.instrument("openai")
    chain = chat(run, **settings).with_structured_output(Person, method=method)
    with metering(run.om):
        try:
            found = asyncio.run(chain.ainvoke("json")) if asynchronous else chain.invoke("json")
        except Exception:
            found = None
    assert found == (None if text == "nonsense" else Person(age=3))
    assert run.tokens() == ONE


@pytest.mark.shows("LangChain, LangGraph", "metered", "tools")
@pytest.mark.parametrize("layers", ["alone", "instrumented"])
@pytest.mark.parametrize("mode", ["invoke", "ainvoke", "stream", "astream"])
def test_an_agent_with_tools(run: Program, mode: str, layers: str) -> None:
    agents = pytest.importorskip("langchain.agents")
    run.fake.script = [Answer("", tool_calls=[ToolCall("weather", {"place": "Bern"})], input_tokens=50), ANSWER]

    def weather(place: str) -> str:
        """Return the weather of a place."""
        return f"sunny in {place}"

    if layers == "instrumented":
        run.om.instrument("openai")
    agent = agents.create_agent(chat(run, stream_usage=True), [weather])
    asked = {"messages": [("user", "What is the weather?")]}
    with metering(run.om):
        if mode == "invoke":
            agent.invoke(asked)
        elif mode == "ainvoke":
            asyncio.run(agent.ainvoke(asked))
        elif mode == "stream":
            list(agent.stream(asked, stream_mode="messages"))
        else:
            asyncio.run(drained(agent.astream(asked, stream_mode="messages")))
    assert sorted(tokens[1] for tokens in run.tokens()) == [50, 100]
    assert run.unmetered == 0


# The cache


@pytest.mark.shows("LangChain, LangGraph", "nothing", "cache hit")
@pytest.mark.parametrize(
    "way", ["invoke", "ainvoke", "streaming", "responses", "generate", "batch of one", "abatch of one"]
)
def test_answers_of_the_cache_are_not_calls(run: Program, way: str) -> None:
    settings, ask = WAYS[way]
    model = chat(run, cache=InMemoryCache(), **settings)
    with metering(run.om):
        ask(model)
        ask(model)
    assert len(run.fake.requests) == 1
    assert run.tokens() == ONE
    assert run.unmetered == 0


def test_the_cache_and_calls_that_look_the_same(run: Program) -> None:
    """The same prompts again, in a batch, as runs of their own: only those that are sent are billed."""
    model = chat(run, cache=InMemoryCache())
    with metering(run.om):
        model.batch(["One", "Two", "Three"])
        model.batch(["One", "Two", "Three", "Four"])
    assert len(run.fake.requests) == 4
    assert run.tokens() == ONE * 4


# Threads and tasks


@pytest.mark.shows("LangChain, LangGraph", "metered", "threads")
def test_batches_and_parallel_steps_keep_the_user(run: Program) -> None:
    model = chat(run)
    with metering(run.om):
        model.batch([f"Hi {number}" for number in range(10)])
        asyncio.run(model.abatch([f"Hi {number}" for number in range(10)]))
        RunnableParallel(one=model, two=model).invoke("Hi")
    events = run.events()
    assert len(events) == len(run.fake.requests) == 22
    assert {event["user_id"] for event in events} == {USER}


def test_tasks_with_users_of_their_own(run: Program) -> None:
    async def ask(user: str) -> None:
        with run.om.context(user_id=user):
            await chat(run).ainvoke(f"Hi, I am {user}")

    async def everybody() -> None:
        await asyncio.gather(*(ask(f"acme-user-{number:06}") for number in range(10)))

    with metering(run.om):
        asyncio.run(everybody())
    assert {event["user_id"] for event in run.events()} == {f"acme-user-{number:06}" for number in range(10)}


def test_threads_of_the_caller_need_the_handler(run: Program) -> None:
    handler = MeteringHandler(run.om, user_id=USER, feature_id=FEATURE)
    threads = [threading.Thread(target=chat(run, callbacks=[handler]).invoke, args=("Hi",)) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert run.tokens() == ONE * 10


def test_a_block_ends(run: Program) -> None:
    with metering(run.om, feature_id="outer"):
        with metering(run.om, feature_id="inner"):
            chat(run).invoke("Hi")
        chat(run).invoke("Hi")
    chat(run).invoke("Hi")
    assert [event["feature_id"] for event in run.events()] == ["inner", "outer"]


# The gate


@pytest.mark.parametrize("way", ["invoke", "ainvoke", "stream", "astream", "batch of one", "responses"])
def test_a_user_who_may_not_go_on(run: Program, way: str) -> None:
    settings, ask = WAYS[way]
    with metering(run.om, user_id="acme-without-wallet", require="deny"), pytest.raises(EntitlementDenied):
        ask(chat(run, **settings))
    assert run.fake.requests == []
    assert run.tokens() == []


@pytest.mark.parametrize("way", ["invoke", "ainvoke", "stream"])
def test_a_user_who_may_go_on(run: Program, way: str) -> None:
    run.om.credits.grant(user_id=USER, amount=100_000, reason="welcome")
    settings, ask = WAYS[way]
    with metering(run.om, require="deny"):
        ask(chat(run, **settings))
    assert run.tokens() == ONE


def test_mistakes(run: Program) -> None:
    with pytest.raises(Exception, match="on_outage"):
        MeteringHandler(run.om, require="perhaps")  # type: ignore[arg-type]
    with pytest.raises(ApiTypeError):
        MeteringHandler(run.om, user_id=3)  # type: ignore[arg-type]


# Whose models


@pytest.mark.parametrize(
    ("name", "model", "vendor"),
    [
        ("azure", "gpt-4o", "OPENAI"),
        ("google_genai", "gemini-2.5-pro", "GOOGLE"),
        ("google_vertexai", "claude-sonnet-4-5", "ANTHROPIC"),
        ("google-vertexai", "gemini-2.5-pro", "GOOGLE"),
        ("amazon_bedrock", "us.anthropic.claude-3-5-sonnet-20241022-v2:0", "ANTHROPIC"),
        ("bedrock_converse", "arn:aws:bedrock:eu-west-1::foundation-model/cohere.command-r-v1:0", "COHERE"),
        ("mistralai", "mistral-large", "MISTRAL"),
        ("deepseek", "deepseek-chat", "OPENAI"),
    ],
)
def test_providers(name: str, model: str, vendor: str) -> None:
    assert gateway_provider(name, model, {"deepseek": "openai"}) == vendor


@pytest.mark.parametrize(("name", "model"), [("groq", "llama-3"), ("bedrock", "amazon.nova-lite-v1:0"), (None, "")])
def test_providers_that_the_platform_does_not_take(name: str, model: str) -> None:
    with pytest.raises(UsageError, match="providers="):
        gateway_provider(name, model, {})


def test_a_result_of_an_unknown_shape_is_counted(run: Program) -> None:
    MeteringHandler(run.om).on_llm_end(LLMResult(generations=[]), run_id=uuid4())
    assert run.unmetered == 1


def test_the_example() -> None:
    assert printed_by("langchain_app").count("gpt-4o") == 4

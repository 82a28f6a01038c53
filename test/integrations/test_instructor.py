"""instructor needs no adapter: a wrapped or instrumented client meters each of its attempts."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

pytest.importorskip("instructor")

import instructor
import openai
from pydantic import BaseModel

from openmonetize.sandbox import Sandbox
from openmonetize.testing.fake_providers import Answer, Failure, ToolCall

from .chains import FEATURE, USER, Program, printed_by, program

# Those of the framework say nothing of ours.
pytestmark = pytest.mark.filterwarnings("default")


class Person(BaseModel):
    """A person."""

    age: int


def answer(age: Any, **values: Any) -> Answer:
    return Answer("", tool_calls=[ToolCall("Person", {"age": age})], input_tokens=100, output_tokens=20, **values)


GOOD, BAD = answer(3), answer("unknown")
ASKED: dict[str, Any] = {"model": "gpt-4o", "messages": [{"role": "user", "content": "Hi"}]}
LAYERS = ("wrapped", "instrumented", "both")


@pytest.fixture
def run(sandbox: Sandbox) -> Iterator[Program]:
    with program(sandbox) as running:
        yield running


def client(run: Program, layers: str, kind: Any = openai.OpenAI) -> Any:
    made = kind(base_url=run.fake.openai_url, api_key="k", max_retries=0)
    if layers in ("instrumented", "both"):
        run.om.instrument("openai")
    return instructor.from_openai(made if layers == "instrumented" else run.om.wrap(made))


@pytest.mark.shows("instructor", "metered", "plain", "retry", "structured output", "async")
@pytest.mark.shows("instructor", "once", "wrapped client below", "instrumented below")
@pytest.mark.parametrize("layers", LAYERS)
@pytest.mark.parametrize("asynchronous", [False, True])
def test_each_attempt_is_an_event(run: Program, asynchronous: bool, layers: str) -> None:
    run.fake.script = [BAD, GOOD]
    if asynchronous:
        made = client(run, layers, openai.AsyncOpenAI)
        found = asyncio.run(made.chat.completions.create(response_model=Person, max_retries=2, **ASKED))
    else:
        found = client(run, layers).chat.completions.create(response_model=Person, max_retries=2, **ASKED)
    assert found.age == 3
    events = run.events()
    assert [(event["input_tokens"], event["output_tokens"]) for event in events] == [(100, 20)] * 2
    assert {(event["user_id"], event["feature_id"]) for event in events} == {(USER, FEATURE)}


@pytest.mark.parametrize("layers", LAYERS)
def test_what_is_never_valid_is_billed_too(run: Program, layers: str) -> None:
    run.fake.script = BAD
    with pytest.raises(Exception, match="age"):
        client(run, layers).chat.completions.create(response_model=Person, max_retries=2, **ASKED)
    assert len(run.events()) == len(run.fake.requests) > 1


@pytest.mark.shows("instructor", "metered", "stream")
@pytest.mark.parametrize("layers", LAYERS)
def test_streams(run: Program, layers: str) -> None:
    run.fake.script = GOOD
    found = list(client(run, layers).chat.completions.create_partial(response_model=Person, **ASKED))
    assert found[-1].age == 3
    assert run.tokens() == [("gpt-4o", 100, 20)]


@pytest.mark.shows("instructor", "nothing", "error")
@pytest.mark.parametrize("layers", LAYERS)
def test_a_call_that_the_provider_refuses_is_nothing(run: Program, layers: str) -> None:
    run.fake.script = Failure(400)
    with pytest.raises(Exception, match="told to fail"):
        client(run, layers).chat.completions.create(response_model=Person, max_retries=1, **ASKED)
    assert run.events() == []


def test_the_example() -> None:
    assert printed_by("instructor_app").count("gpt-4o") == 2

"""The fake providers, called by the real libraries."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from openmonetize.exceptions import ApiTypeError, ApiValueError, OpenApiException
from openmonetize.testing.fake_providers import Answer, Failure, FakeProviders, ProviderRequest, Reply, ToolCall
from openmonetize.testing.fake_providers.server import MAX_REQUESTS

from . import fake_calls
from .calls import library, library_warnings, run, take
from .fake_calls import ASK, ASYNC_CALLS, CALLS, CHAT, COHERE, CONTENT, CONVERSE, MESSAGE, MISTRAL

pytestmark = library_warnings

OSLO = ToolCall("weather", {"city": "Oslo"})


@pytest.fixture
def fake() -> Iterator[FakeProviders]:
    with FakeProviders() as started:
        yield started


def post(url: str, body: Any = None) -> Any:
    content = json.dumps(body or {}).encode()
    request = urllib.request.Request(url, content, {"content-type": "application/json"})
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)


# Answers


@pytest.mark.parametrize("name", CALLS)
def test_the_libraries_read_the_answer_and_its_tokens(fake: FakeProviders, name: str) -> None:
    """One token for four characters: "Hello!" is two, "Hello there" three."""
    assert CALLS[name](fake) == ("Hello there", 2, 3)


@pytest.mark.parametrize("name", ASYNC_CALLS)
def test_the_asynchronous_libraries_read_the_same(fake: FakeProviders, name: str) -> None:
    assert run(ASYNC_CALLS[name](fake)) == ("Hello there", 2, 3)


@pytest.mark.parametrize("name", CALLS)
def test_text_and_tokens_can_be_chosen(fake: FakeProviders, name: str) -> None:
    fake.script = Answer("Good day, and welcome.", input_tokens=1000, output_tokens=500)
    assert CALLS[name](fake) == ("Good day, and welcome.", 1000, 500)


@pytest.mark.parametrize("text", ["", "one", " two  words ", "a\n\nb", "ä 漢字 🎉", '"quotes" \\ {}'])
def test_a_stream_has_the_text_of_the_whole_answer(fake: FakeProviders, text: str) -> None:
    fake.script = Answer(text, output_tokens=5)
    stream = fake_calls.openai(fake).chat.completions.create(**CHAT, stream=True)
    assert "".join(chunk.choices[0].delta.content or "" for chunk in stream) == text
    assert fake_calls.openai(fake).chat.completions.create(**CHAT).choices[0].message.content == text


def test_openai_tells_the_usage_of_a_stream_to_those_who_ask_only(fake: FakeProviders) -> None:
    chunks = list(fake_calls.openai(fake).chat.completions.create(**CHAT, stream=True))
    assert [chunk.usage for chunk in chunks if chunk.usage] == []


def test_tokens_of_the_cache_and_of_reasoning_are_where_each_provider_tells_them(fake: FakeProviders) -> None:
    fake.script = Answer(
        input_tokens=100, output_tokens=30, cached_tokens=60, cache_write_tokens=10, reasoning_tokens=20
    )
    chat = fake_calls.openai(fake).chat.completions.create(**CHAT).usage
    assert (chat.prompt_tokens, chat.prompt_tokens_details.cached_tokens) == (100, 60)
    assert (chat.completion_tokens, chat.completion_tokens_details.reasoning_tokens) == (30, 20)
    message = fake_calls.anthropic(fake).messages.create(**MESSAGE).usage
    assert (message.input_tokens, message.cache_read_input_tokens, message.cache_creation_input_tokens) == (30, 60, 10)
    content = fake_calls.google(fake).models.generate_content(**CONTENT).usage_metadata
    assert (content.prompt_token_count, content.cached_content_token_count) == (100, 60)
    assert (content.candidates_token_count, content.thoughts_token_count) == (10, 20)
    converse = fake_calls.bedrock(fake).converse(**CONVERSE)["usage"]
    assert [converse[name] for name in ("inputTokens", "cacheReadInputTokens", "totalTokens")] == [30, 60, 130]


def test_what_has_no_name_here_goes_into_the_providers_usage(fake: FakeProviders) -> None:
    fake.script = Answer(input_tokens=50, usage={"prompt_tokens_details": {"audio_tokens": 4}})
    details = fake_calls.openai(fake).chat.completions.create(**CHAT).usage.prompt_tokens_details
    assert (details.audio_tokens, details.cached_tokens) == (4, 0)


@pytest.mark.parametrize(
    ("name", "call"),
    [
        ("openai", lambda fake: fake_calls.openai(fake).chat.completions.create(**CHAT, max_completion_tokens=2)),
        ("responses", lambda fake: fake_calls.openai(fake).responses.create(model="m", input="x", max_output_tokens=2)),
        ("anthropic", lambda fake: fake_calls.anthropic(fake).messages.create(**{**MESSAGE, "max_tokens": 2})),
        (
            "google",
            lambda fake: fake_calls.google(fake).models.generate_content(**CONTENT, config={"max_output_tokens": 2}),
        ),
        ("mistral", lambda fake: fake_calls.mistral(fake).chat.complete(**MISTRAL, max_tokens=2)),
        ("cohere", lambda fake: fake_calls.cohere(fake).chat(**COHERE, max_tokens=2)),
        ("bedrock", lambda fake: fake_calls.bedrock(fake).converse(**CONVERSE, inferenceConfig={"maxTokens": 2})),
    ],
)
def test_the_requests_limit_cuts_the_answer(fake: FakeProviders, name: str, call: Any) -> None:
    answer = str(call(fake))
    assert "Hello th" in answer
    assert "Hello there" not in answer
    reason = "max_output_tokens" if name == "responses" else "length" if name in ("openai", "mistral") else "max_tokens"
    assert reason in answer.lower()


def test_tools_are_called(fake: FakeProviders) -> None:
    fake.script = Answer("", tool_calls=[OSLO])
    chat = fake_calls.openai(fake).chat.completions
    assert chat.create(**CHAT).choices[0].message.tool_calls[0].function.arguments == '{"city": "Oslo"}'
    assert chat.create(**CHAT).choices[0].finish_reason == "tool_calls"
    with chat.stream(**CHAT) as events:
        assert events.get_final_completion().choices[0].message.tool_calls[0].function.name == "weather"
    responses = fake_calls.openai(fake).responses
    assert responses.create(model="gpt-4o", input="x").output[0].arguments == '{"city": "Oslo"}'
    with responses.stream(model="gpt-4o", input="x") as stream:
        assert stream.get_final_response().output[0].name == "weather"
    claude = fake_calls.anthropic(fake).messages
    assert claude.create(**MESSAGE).content[0].input == {"city": "Oslo"}
    with claude.stream(**MESSAGE) as stream:
        final = stream.get_final_message()
    assert (final.content[0].input, final.stop_reason) == ({"city": "Oslo"}, "tool_use")
    gemini = fake_calls.google(fake).models
    assert gemini.generate_content(**CONTENT).function_calls[0].args == {"city": "Oslo"}
    chunks = list(gemini.generate_content_stream(**CONTENT))
    assert [call.name for chunk in chunks for call in chunk.function_calls or ()] == ["weather"]
    mistral = fake_calls.mistral(fake).chat
    assert mistral.complete(**MISTRAL).choices[0].message.tool_calls[0].function.name == "weather"
    events = [event.data for event in mistral.stream(**MISTRAL)]
    assert events[-1].choices[0].delta.tool_calls[0].function.name == "weather"
    cohere = fake_calls.cohere(fake)
    assert cohere.chat(**COHERE).message.tool_calls[0].function.arguments == '{"city": "Oslo"}'
    kinds = [event.type for event in cohere.chat_stream(**COHERE)]
    assert kinds == ["message-start", "tool-call-start", "tool-call-delta", "tool-call-end", "message-end"]
    aws = fake_calls.bedrock(fake)
    assert aws.converse(**CONVERSE)["output"]["message"]["content"][0]["toolUse"]["input"] == {"city": "Oslo"}
    parts = [event for event in aws.converse_stream(**CONVERSE)["stream"] if "contentBlockDelta" in event]
    assert parts[0]["contentBlockDelta"]["delta"]["toolUse"]["input"] == '{"city": "Oslo"}'


def test_embeddings_and_pictures(fake: FakeProviders) -> None:
    client = fake_calls.openai(fake)
    found = client.embeddings.create(model="text-embedding-3-small", input=["Hello!", "World!"])
    assert ([entry.index for entry in found.data], found.usage.prompt_tokens) == ([0, 1], 4)
    pictures = client.images.generate(model="gpt-image-1", prompt="a boat", n=2, quality="low")
    assert (len(pictures.data), pictures.quality, pictures.usage.output_tokens) == (2, "low", 2 * 272)
    assert client.images.generate(model="dall-e-3", prompt="a boat").usage is None
    events = list(client.images.generate(model="gpt-image-1", prompt="a boat", stream=True, partial_images=1))
    assert [event.type.rpartition(".")[2] for event in events] == ["partial_image", "completed"]
    vector = fake_calls.google(fake).models.embed_content(model="gemini-embedding-001", contents="Hello!")
    assert len(vector.embeddings) == 1
    assert len(fake_calls.mistral(fake).embeddings.create(model="mistral-embed", inputs=["a", "b"]).data) == 2
    texts: Any = {"model": "embed-v4.0", "texts": ["a", "b"], "input_type": "search_document"}
    assert len(fake_calls.cohere(fake).embed(**texts, embedding_types=["float"]).embeddings.float_) == 2
    assert len(fake_calls.cohere(fake, "Client").embed(**texts).embeddings) == 2


def test_older_completions_and_counting_tokens(fake: FakeProviders) -> None:
    create = fake_calls.openai(fake).completions.create
    assert create(model="gpt-3.5-turbo-instruct", prompt="Hello!").choices[0].text == "Hello there"
    chunks = list(create(model="gpt-3.5-turbo-instruct", prompt="Hello!", stream=True))
    assert "".join(chunk.choices[0].text for chunk in chunks) == "Hello there"
    counted = fake_calls.anthropic(fake).messages.count_tokens(model="claude-haiku-4-5", messages=ASK)
    assert counted.input_tokens == 2
    assert fake_calls.google(fake).models.count_tokens(**CONTENT).total_tokens == 2


# Errors


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("openai", "RateLimitError"),
        ("anthropic", "RateLimitError"),
        ("google", "ClientError"),
        ("mistral", "SDKError"),
        ("cohere", "TooManyRequestsError"),
        ("bedrock", "ThrottlingException"),
    ],
)
def test_errors_are_those_of_the_library(fake: FakeProviders, name: str, kind: str) -> None:
    fake.script = Failure(429, "slow down", retry_after=0)
    call = CALLS["openai chat" if name == "openai" else name]
    with pytest.raises(Exception, match="slow down") as caught:
        call(fake)
    assert caught.typename == kind


def test_a_library_asks_again_after_an_error(fake: FakeProviders) -> None:
    fake.script = [Failure(500, retry_after=0), Answer("at last")]
    patient = fake_calls.openai(fake).with_options(max_retries=1)
    assert patient.chat.completions.create(**CHAT).choices[0].message.content == "at last"


@pytest.mark.parametrize("streamed", [False, True])
def test_an_answer_can_be_cut(fake: FakeProviders, streamed: bool) -> None:
    fake.script = Answer(cut=True)
    with pytest.raises(library("openai").APIError):
        list(fake_calls.openai(fake).chat.completions.create(**CHAT, stream=streamed))


def test_an_answer_can_be_late(fake: FakeProviders) -> None:
    fake.script = Answer(delay=5.0)
    impatient = fake_calls.openai(fake).with_options(timeout=0.2)
    with pytest.raises(library("openai").APITimeoutError):
        impatient.chat.completions.create(**CHAT)


@pytest.mark.parametrize("path", ["/openai/v1/audio/speech", "/bedrock/model/m/invoke", "/cohere/v2/rerank", "/nobody"])
def test_what_it_does_not_have_is_not_found(fake: FakeProviders, path: str) -> None:
    with pytest.raises(urllib.error.HTTPError) as caught:
        post(fake.url + path)
    assert caught.value.code == 404
    assert path in caught.value.read().decode()


@pytest.mark.parametrize(
    "wrong",
    [
        lambda fake: Answer(input_tokens=5, cached_tokens=6),
        lambda fake: Answer(output_tokens=5, reasoning_tokens=6),
        lambda fake: Answer(reasoning_tokens=-1),
        lambda fake: Answer(finish="done"),
        lambda fake: Failure(200),
        lambda fake: setattr(fake, "script", []),
        lambda fake: setattr(fake, "script", "Hello"),
        lambda fake: FakeProviders(65536).start(),
        lambda fake: FakeProviders(int(fake.url.rpartition(":")[2])).start(),
        lambda fake: FakeProviders().url,
    ],
)
def test_mistakes_are_refused(fake: FakeProviders, wrong: Any) -> None:
    with pytest.raises(ApiValueError) as caught:
        wrong(fake)
    assert isinstance(caught.value, OpenApiException)


# Scripts and requests


@pytest.mark.parametrize(
    ("kind", "wrong", "told"),
    [
        (Answer, {"text": 5}, "text must be a text, not int"),
        (Answer, {"output_tokens": "9"}, "output_tokens must be a whole number, not str"),
        (Answer, {"cached_tokens": 1.5}, "cached_tokens must be a whole number, not float"),
        (Answer, {"delay": "1"}, "delay must be a number of seconds, not str"),
        (Failure, {"status": "429"}, "status must be a whole number, not str"),
        (FakeProviders, {"port": "8080"}, "port must be a port, a whole number, not str"),
    ],
)
def test_values_of_another_type_are_refused(kind: Any, wrong: Any, told: str) -> None:
    with pytest.raises(ApiTypeError, match=told):
        kind(**wrong)


@pytest.mark.parametrize(
    "body", [b"[" * 100_000, b'{"stream": true, "stream_options": 5, "messages": []}', b"{", b"\xff"]
)
def test_every_body_has_an_answer(fake: FakeProviders, body: bytes) -> None:
    url = f"{fake.openai_url}/chat/completions"
    request = urllib.request.Request(url, body, {"content-type": "application/json"})
    with urllib.request.urlopen(request, timeout=30) as answer:
        assert answer.status == 200 and answer.read()


@pytest.mark.parametrize("length", ["-5", "many", "9" * 5000])
def test_a_length_that_is_none_is_refused(fake: FakeProviders, length: str) -> None:
    url = f"{fake.openai_url}/chat/completions"
    request = urllib.request.Request(url, b"{}", {"content-length": length})
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(request, timeout=30)
    assert caught.value.code == 400
    caught.value.close()


def test_a_list_is_used_in_order_and_its_last_entry_repeats(fake: FakeProviders) -> None:
    fake.script = [Answer("one"), Answer("two")]
    create = fake_calls.openai(fake).chat.completions.create
    assert [create(**CHAT).choices[0].message.content for _ in range(3)] == ["one", "two", "two"]
    fake.reset()
    assert create(**CHAT).choices[0].message.content == "Hello there"
    assert len(fake.requests) == 1


def test_a_function_answers_by_the_request(fake: FakeProviders) -> None:
    def echo(request: ProviderRequest) -> Answer:
        return Answer(request.body["messages"][-1]["content"].upper())

    fake.script = echo
    assert fake_calls.openai(fake).chat.completions.create(**CHAT).choices[0].message.content == "HELLO!"
    with pytest.raises(library("openai").InternalServerError, match="KeyError: 'messages'"):
        fake_calls.openai(fake).embeddings.create(model="m", input="x")


def test_a_reply_goes_out_as_it_is(fake: FakeProviders) -> None:
    fake.script = Reply(parts=[b"[1, ", b"", b"2]"], headers={"x-own": "yes"})
    with urllib.request.urlopen(f"{fake.url}/anything", timeout=30) as answer:
        assert (json.load(answer), answer.headers["x-own"]) == ([1, 2], "yes")


def test_requests_are_seen_and_show_no_key(fake: FakeProviders) -> None:
    fake_calls.openai(fake).chat.completions.create(**CHAT)
    fake_calls.bedrock(fake).converse(**CONVERSE)
    first, second = fake.requests
    assert (first.provider, first.method, first.path) == ("openai", "POST", "/openai/v1/chat/completions")
    assert (first.body["model"], first.headers["authorization"]) == ("gpt-4o", "Bearer k")
    assert "Bearer" not in repr(first)
    assert second.provider == "bedrock"


def test_the_last_requests_are_kept(fake: FakeProviders) -> None:
    for number in range(MAX_REQUESTS + 2):
        fake._answer(ProviderRequest("GET", f"/{number}", {}))
    assert (len(fake.requests), fake.requests[0].path) == (MAX_REQUESTS, "/2")


@pytest.mark.parametrize("name", ["anthropic", "google", "cohere", "bedrock"])
def test_a_stream_may_be_dropped(fake: FakeProviders, name: str) -> None:
    fake.script = Answer("word " * 1000)
    streams: dict[str, Any] = {
        "anthropic": lambda: fake_calls.anthropic(fake).messages.create(**MESSAGE, stream=True),
        "google": lambda: fake_calls.google(fake).models.generate_content_stream(**CONTENT),
        "cohere": lambda: fake_calls.cohere(fake).chat_stream(**COHERE),
        "bedrock": lambda: fake_calls.bedrock(fake).converse_stream(**CONVERSE)["stream"],
    }
    take(streams[name](), 2)
    fake.reset()
    assert CALLS[name](fake) == ("Hello there", 2, 3)


# Start and end


def test_stopping_ends_open_connections_and_frees_the_port() -> None:
    fake = FakeProviders()
    with fake:
        url = fake.url
        client = fake_calls.openai(fake)
        client.chat.completions.create(**CHAT)
    with pytest.raises(library("openai").APIConnectionError):
        client.chat.completions.create(**CHAT)
    with fake:  # at its address again
        assert fake.url == url
        client.chat.completions.create(**CHAT)
    fake.stop()
    client.close()


def test_it_ends_with_its_process() -> None:
    program = "from openmonetize.testing.fake_providers import FakeProviders; print(FakeProviders().start().url)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.startswith("http://127.0.0.1:")


def test_it_needs_no_installed_package() -> None:
    program = "from openmonetize.testing.fake_providers import FakeProviders; FakeProviders().start().stop()"
    alone = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    without_packages = [sys.executable, "-S", "-c", program]
    done = subprocess.run(without_packages, env=alone, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.skipif(os.name == "nt", reason="no such signals")
@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_the_command_prints_what_leads_the_libraries_to_it(ending: signal.Signals) -> None:
    command = [sys.executable, "-m", "openmonetize.testing.fake_providers", "--port", "0"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        process.stdout.readline()
        lines = [process.stdout.readline().strip() for _ in FakeProviders(1).environment()]
        variables = dict(line[len("export ") :].split("=", 1) for line in lines)
        assert variables.keys() == FakeProviders(1).environment().keys()
        assert post(f"{variables['OPENAI_BASE_URL']}/chat/completions", CHAT)["usage"]["prompt_tokens"] == 2
        process.send_signal(ending)
        assert process.wait(30) == 0
    finally:
        process.kill()
        process.communicate()


def test_the_command_says_that_its_port_is_taken(fake: FakeProviders) -> None:
    command = [sys.executable, "-m", "openmonetize.testing.fake_providers", "--port", fake.url.rpartition(":")[2]]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert "cannot use port" in done.stderr
    assert "(0 takes any free one)" in done.stderr
    assert done.stderr.count("\n") == 1

"""The lists of calls that are metered and not metered, compared with the libraries themselves."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest

from openmonetize.providers import METERED, NOT_METERED, Usage, wrap
from openmonetize.providers.hosts import host_of
from openmonetize.providers.metering import UnmeteredCall
from openmonetize.providers.paths import path_of
from openmonetize.testing.fake_providers import FakeProviders
from openmonetize.testing.fake_providers.reply import json_reply

from . import wire
from .answers_with_usage import methods_with_usage
from .calls import library, mistral_library

pytestmark = pytest.mark.filterwarnings("ignore")


def openai_client(server: FakeProviders) -> Any:
    return library("openai").OpenAI(api_key="k", base_url=f"{server.url}/v1", max_retries=0)


def anthropic_client(server: FakeProviders) -> Any:
    return library("anthropic").Anthropic(api_key="k", base_url=server.url, max_retries=0)


def google_client(server: FakeProviders) -> Any:
    return library("google.genai").Client(api_key="k", http_options={"base_url": server.url})


def mistral_client(server: FakeProviders) -> Any:
    return mistral_library().Mistral(api_key="k", server_url=server.url)


def cohere_client(server: FakeProviders) -> Any:
    return library("cohere").ClientV2(api_key="k", base_url=server.url)


def bedrock_client(server: FakeProviders) -> Any:
    return library("boto3").client(
        "bedrock-runtime",
        region_name="eu-north-1",
        endpoint_url=server.url,
        aws_access_key_id="k",
        aws_secret_access_key="s",
    )


CLIENTS: dict[str, Callable[[FakeProviders], Any]] = {
    "openai": openai_client,
    "anthropic": anthropic_client,
    "google-genai": google_client,
    "mistralai": mistral_client,
    "cohere": cohere_client,
    "boto3": bedrock_client,
}

# A response that would be recorded if the call were metered.
USAGE: Mapping[str, Any] = {
    "openai": wire.openai_chat(),
    "anthropic": wire.anthropic_message(),
    "google-genai": wire.google_content(),
    "mistralai": wire.mistral_chat(),
    "cohere": {**wire.cohere_chat(), **wire.cohere_v1_chat()},
    "boto3": wire.bedrock_converse(),
}

FILE = ("a.wav", b"RIFF")
TEXTS: Any = [{"role": "user", "content": "Hi"}]

# How to make the calls of NOT_METERED that are plain requests.
PLAIN_CALLS: Mapping[str, Mapping[str, Callable[[Any], Any]]] = {
    "openai": {
        "audio.speech.create": lambda c: c.audio.speech.create(model="m", voice="alloy", input="Hi"),
        "audio.translations.create": lambda c: c.audio.translations.create(model="m", file=FILE),
        "batches.create": lambda c: c.batches.create(
            completion_window="24h", endpoint="/v1/chat/completions", input_file_id="f"
        ),
        "fine_tuning.jobs.create": lambda c: c.fine_tuning.jobs.create(model="m", training_file="f"),
        "moderations.create": lambda c: c.moderations.create(input="Hi"),
        "videos.create": lambda c: c.videos.create(prompt="a boat"),
    },
    "anthropic": {
        "messages.batches.create": lambda c: c.messages.batches.create(requests=[]),
        "messages.count_tokens": lambda c: c.messages.count_tokens(model="m", messages=TEXTS),
    },
    "google-genai": {
        "models.count_tokens": lambda c: c.models.count_tokens(model="m", contents="Hi"),
        "batches.create": lambda c: c.batches.create(model="m", src="files/f"),
    },
    "cohere": {
        "rerank": lambda c: c.rerank(model="m", query="q", documents=["d"]),
    },
    "mistralai": {
        "classifiers.moderate": lambda c: c.classifiers.moderate(model="m", inputs=["Hi"]),
        "ocr.process": lambda c: c.ocr.process(model="m", document={"type": "document_url", "document_url": "u"}),
    },
    "boto3": {
        "invoke_model": lambda c: c.invoke_model(modelId="m", body=b"{}")["body"].read(),
        "invoke_model_with_response_stream": lambda c: c.invoke_model_with_response_stream(modelId="m", body=b"{}"),
    },
}


@pytest.fixture(scope="module")
def server() -> Iterator[FakeProviders]:
    with FakeProviders() as started:
        yield started


@pytest.fixture(scope="module")
def recorded() -> list[Usage]:
    return []


@pytest.fixture(scope="module")
def metered(request: Any, server: FakeProviders, recorded: list[Usage]) -> Iterator[Any]:
    name = request.param
    original = CLIENTS[name](server)
    mapping: Any = {"provider": "ANTHROPIC", "model": "claude-4.5-sonnet"} if name == "boto3" else {}
    yield wrap(original, record=recorded.append, **mapping)
    if name == "google-genai":
        asyncio.run(original.aio.aclose())
    if hasattr(original, "__exit__"):
        original.__exit__(None, None, None)
    else:
        original.close()


def named(lists: Mapping[str, Any]) -> Any:
    return [pytest.param(name, call, id=f"{name}: {call}") for name, calls in lists.items() for call in calls]


@pytest.mark.parametrize(("metered", "call"), named(METERED) + named(NOT_METERED), indirect=["metered"])
def test_every_listed_call_exists(metered: Any, call: str) -> None:
    target = metered
    for name in call.partition("(")[0].split("."):
        target = getattr(target, name)
    assert target is not None


@pytest.mark.parametrize(("metered", "call"), named(PLAIN_CALLS), indirect=["metered"])
def test_calls_listed_as_not_metered_are_not(
    metered: Any, call: str, server: FakeProviders, recorded: list[Usage], request: Any
) -> None:
    name = request.node.callspec.params["metered"]
    assert call in NOT_METERED[name]
    server.reset()
    server.script = json_reply(USAGE[name])
    with contextlib.suppress(Exception):  # some libraries refuse the response, which is that of another call
        PLAIN_CALLS[name][call](metered)
    assert server.requests
    assert recorded == []


# Calls of PLAIN_CALLS that cost nothing.
FREE = ("moderations.create", "messages.count_tokens", "models.count_tokens")


@pytest.mark.parametrize(
    ("library_name", "call"), [(name, call) for name, calls in PLAIN_CALLS.items() for call in calls]
)
def test_a_call_that_costs_something_and_is_not_metered_is_told_once(
    library_name: str, call: str, server: FakeProviders
) -> None:
    told: list[Exception] = []
    mapping: Any = {"provider": "ANTHROPIC", "model": "claude-4.5-sonnet"} if library_name == "boto3" else {}
    client = wrap(CLIENTS[library_name](server), record=print, on_unmetered=told.append, **mapping)
    server.script = json_reply(USAGE[library_name])
    for _ in range(2):
        with contextlib.suppress(Exception):
            PLAIN_CALLS[library_name][call](client)
    kinds = {(type(error), getattr(error, "path", None), getattr(error, "job_id", None)): error for error in told}
    assert [kind[0] for kind in kinds] == ([] if call in FREE else [UnmeteredCall])  # each job is told of
    assert all("not metered" in str(error) and "track_" in str(error) for error in told)


def test_sockets_are_told_of() -> None:
    told: list[Exception] = []
    client = wrap(library("openai").OpenAI(api_key="k"), record=print, on_unmetered=told.append)
    client.realtime.connect(model="gpt-realtime")
    client.realtime.connect(model="gpt-realtime")
    assert [getattr(error, "path", None) for error in told] == ["realtime.connect"]


def test_a_call_that_failed_is_not_told_of(server: FakeProviders) -> None:
    told: list[Exception] = []
    client = wrap(openai_client(server), record=print, on_unmetered=told.append)
    server.script = json_reply({"error": {"message": "no"}}, status=401)
    with pytest.raises(library("openai").AuthenticationError):
        client.audio.speech.create(model="m", voice="alloy", input="Hi")
    assert told == []


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("/chat/completions", "/chat/completions"),
        ("chat/completions?x=1", "/chat/completions"),
        ("https://host.example/v1/chat/completions", "/chat/completions"),
        ("/v1/chat/completions", "/chat/completions"),
        ("/threads/thread_abc/runs", "/threads/*/runs"),
        ("/threads/runs", "/threads/runs"),
        ("/batches/68f1a9c0-1111-4a4a-8000-aaaaaaaaaaaa/cancel", "/batches/*/cancel"),
        ("/v1beta/models", "/v1beta/models"),
    ],
)
def test_paths_have_no_ids_and_no_host(url: str, path: str) -> None:
    assert path_of(url, "https://host.example/v1/", ["/chat/completions"]) == path


def test_answers_that_a_list_calls_metered_are_recorded(server: FakeProviders) -> None:
    recorded: list[Usage] = []
    embeddings = {"embeddings": [{"values": [0.1]}], "usageMetadata": {"promptTokenCount": 3}}
    server.script = json_reply(embeddings)
    told: list[Exception] = []
    google = wrap(google_client(server), record=recorded.append, on_unmetered=told.append)
    google.models.embed_content(model="gemini-embedding-001", contents="Hi")
    server.script = json_reply({"embeddings": [{"values": [0.1]}]})  # as some of Google's services answer
    google.models.embed_content(model="gemini-embedding-001", contents="Hi")
    assert [type(error) for error in told] == [UnmeteredCall]
    server.script = json_reply({**wire.openai_response(), "object": "response.compaction", "model": None})
    client = wrap(openai_client(server), record=recorded.append)
    if not hasattr(client.responses, "compact"):
        pytest.skip("this version has no responses.compact")
    client.responses.compact(model="gpt-5", input="Hi")
    server.script = json_reply(wire.cohere_chat())
    wrap(cohere_client(server), record=recorded.append).with_raw_response.chat(model="command-r", messages=TEXTS)
    assert [(usage.model, usage.input_tokens) for usage in recorded] == [
        ("gemini-embedding-001", 3), ("gpt-5", 40), ("command-r", 17),
    ]  # fmt: skip


@pytest.mark.parametrize("name", CLIENTS)
def test_every_call_whose_answer_has_a_usage_is_in_one_of_the_lists(name: str, server: FakeProviders) -> None:
    listed = {*METERED[name], *NOT_METERED[name]}
    found = methods_with_usage(CLIENTS[name](server))
    assert len(found) >= 3
    # Asynchronous clients, and Cohere's second version within the client of the first, have the same names.
    missing = {
        path: kind
        for path, kind in found.items()
        if not {path, path.removesuffix("_async").removeprefix("aio.").removeprefix("v2.")} & listed
    }
    assert missing == {}


def test_both_lists_cover_the_same_libraries_and_give_reasons() -> None:
    assert METERED.keys() == NOT_METERED.keys() == CLIENTS.keys()
    for name, calls in NOT_METERED.items():
        assert not set(calls) & set(METERED[name])
        assert all(calls.values())


@pytest.mark.parametrize(
    ("name", "make", "host"),
    [
        ("openai", lambda: library("openai").OpenAI(api_key="k"), "api.openai.com"),
        ("anthropic", lambda: library("anthropic").Anthropic(api_key="k"), "api.anthropic.com"),
        ("google-genai", lambda: library("google.genai").Client(api_key="k"), "generativelanguage.googleapis.com"),
        ("mistralai", lambda: mistral_library().Mistral(api_key="k"), "api.mistral.ai"),
        ("cohere", lambda: library("cohere").ClientV2(api_key="k"), "api.cohere.com"),
    ],
)
def test_the_hosts_of_the_vendors_are_known(name: str, make: Any, host: str, monkeypatch: Any) -> None:
    for variable in ("OPENAI_BASE_URL", "ANTHROPIC_BASE_URL", "GOOGLE_GEMINI_BASE_URL", "CO_API_URL"):
        monkeypatch.delenv(variable, raising=False)
    client = make()
    assert host_of(name, client) == host
    if hasattr(client, "__exit__"):
        client.__exit__(None, None, None)


def test_a_client_that_hides_its_host_has_none() -> None:
    assert host_of("google-genai", object()) is None

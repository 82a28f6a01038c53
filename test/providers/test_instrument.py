"""Every client of a library is metered, in one way, until that is undone."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

import pytest

from openmonetize import ApiTypeError, ApiValueError, OpenMonetize, UsageError
from openmonetize.sandbox import Sandbox
from openmonetize.testing.fake_providers import Answer, Failure, FakeProviders

from . import fake_calls
from .calls import library, library_warnings, run
from .fake_calls import ASYNC_CALLS, CALLS, CHAT, MESSAGE

pytestmark = library_warnings

for _name in ("openai", "anthropic", "google.genai", "mistralai", "cohere", "boto3"):
    library(_name)

USER = "acme-corp-user-000001"
NAMED = [name for name in CALLS if not name.startswith("cohere v1")]  # whose answers name no model
SETTINGS: dict[str, Any] = {"feature_id": "chat", "user_id": USER}


@pytest.fixture
def om(sandbox: Sandbox) -> Iterator[OpenMonetize]:
    with OpenMonetize(sandbox.key, sandbox.url) as running:
        yield running


@pytest.fixture
def fake() -> Iterator[FakeProviders]:
    with FakeProviders() as started:
        started.script = Answer("Hello there", input_tokens=100, output_tokens=20)
        yield started


def instrumented(om: OpenMonetize, call: str) -> None:
    """Instrument the library of a call."""
    name = call.split()[0]
    names = {"google": "google-genai", "mistral": "mistralai", "bedrock": "boto3"}
    billed = {"provider": "anthropic", "model": "claude-sonnet-4-5"} if name == "bedrock" else {}
    om.instrument(names.get(name, name), **SETTINGS, **billed)


def tokens(om: OpenMonetize, sandbox: Sandbox) -> list[tuple[int, int]]:
    om.flush()
    return [(event["input_tokens"], event["output_tokens"]) for event in sandbox.events()]


@pytest.mark.parametrize("name", NAMED)
def test_each_call_is_one_event(om: OpenMonetize, sandbox: Sandbox, fake: FakeProviders, name: str) -> None:
    instrumented(om, name)
    assert CALLS[name](fake) == ("Hello there", 100, 20)
    assert tokens(om, sandbox) == [(100, 20)]
    om.uninstrument()
    CALLS[name](fake)
    assert len(tokens(om, sandbox)) == 1
    assert om.warning_counts()["unmetered"] == 0


@pytest.mark.parametrize("name", ASYNC_CALLS)
def test_each_asynchronous_call_is_one_event(
    om: OpenMonetize, sandbox: Sandbox, fake: FakeProviders, name: str
) -> None:
    instrumented(om, name)
    assert run(ASYNC_CALLS[name](fake)) == ("Hello there", 100, 20)
    assert tokens(om, sandbox) == [(100, 20)]


@pytest.mark.parametrize("name", [*NAMED, *(f"{name} asynchronous" for name in ASYNC_CALLS)])
def test_wrapped_clients_are_recorded_once_as_they_were_wrapped(
    om: OpenMonetize, sandbox: Sandbox, fake: FakeProviders, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    kind, asynchronous = name.split()[0], name.endswith("asynchronous")
    billed = {"provider": "anthropic", "model": "claude-sonnet-4-5"} if kind == "bedrock" else {}
    make = getattr(fake_calls, kind)
    monkeypatch.setattr(
        fake_calls, kind, lambda *args: om.wrap(make(*args), feature_id="wrapped", user_id=USER, **billed)
    )
    instrumented(om, name)
    if asynchronous:
        run(ASYNC_CALLS[name[: -len(" asynchronous")]](fake))
    else:
        CALLS[name](fake)
    assert tokens(om, sandbox) == [(100, 20)]
    assert sandbox.events()[0]["feature_id"] == "wrapped"


def test_cohere_of_the_first_version(om: OpenMonetize, sandbox: Sandbox, fake: FakeProviders) -> None:
    om.instrument("cohere", **SETTINGS)
    client = fake_calls.cohere(fake, "Client")
    client.chat(message="Hello!", model="command-r-plus")
    assert len(list(client.chat_stream(message="Hello!", model="command-r-plus"))) > 1
    om.wrap(client, **SETTINGS).chat(message="Hello!", model="command-r-plus")
    assert tokens(om, sandbox) == [(100, 20)] * 3


def test_clients_that_exist_and_copies_of_them_are_metered(
    om: OpenMonetize, sandbox: Sandbox, fake: FakeProviders
) -> None:
    client = fake_calls.openai(fake)
    om.instrument("openai", **SETTINGS)
    client.chat.completions.create(**CHAT)
    client.with_options(timeout=5).chat.completions.create(**CHAT)
    client.chat.completions.with_raw_response.create(**CHAT).parse()
    assert len(tokens(om, sandbox)) == 3


def test_streams_ask_for_usage_and_hide_it(om: OpenMonetize, sandbox: Sandbox, fake: FakeProviders) -> None:
    om.instrument("openai", **SETTINGS)
    chunks = list(fake_calls.openai(fake).chat.completions.create(**CHAT, stream=True))
    assert all(chunk.usage is None and chunk.choices for chunk in chunks)
    assert tokens(om, sandbox) == [(100, 20)]


def test_errors_and_retries_are_those_of_the_library(om: OpenMonetize, sandbox: Sandbox, fake: FakeProviders) -> None:
    om.instrument("openai", "anthropic", **SETTINGS)
    fake.script = [Failure(429), Answer(input_tokens=7, output_tokens=1), Failure(400)]
    client = library("openai").OpenAI(base_url=fake.openai_url, api_key="k", max_retries=1)
    client.chat.completions.create(**CHAT)
    with pytest.raises(library("anthropic").BadRequestError):
        fake_calls.anthropic(fake).messages.create(**MESSAGE)
    assert tokens(om, sandbox) == [(7, 1)]


def test_the_scope_of_each_call(om: OpenMonetize, sandbox: Sandbox, fake: FakeProviders) -> None:
    om.instrument("openai")
    client = fake_calls.openai(fake)
    for name in ("one", "two"):
        with om.context(user_id=f"acme-corp-user-{name}", feature_id=name):
            client.chat.completions.create(**CHAT)
    om.flush()
    assert sorted(event["feature_id"] for event in sandbox.events()) == ["one", "two"]


def test_calls_that_are_not_metered_are_told(om: OpenMonetize, fake: FakeProviders) -> None:
    om.instrument("openai", "cohere", **SETTINGS)
    client = fake_calls.openai(fake)
    with pytest.raises(library("openai").NotFoundError):
        client.audio.speech.create(model="tts-1", voice="alloy", input="Hi")
    assert om.warning_counts()["unmetered"] == 0
    client.files.create(file=("a.jsonl", b"{}"), purpose="batch")
    assert om.warning_counts()["unmetered"] == 0


def test_it_is_undone_by_close_and_may_be_done_again(sandbox: Sandbox, fake: FakeProviders) -> None:
    original = library("openai")._base_client.SyncAPIClient.request
    client = fake_calls.openai(fake)
    for _ in range(10):
        with OpenMonetize(sandbox.key, sandbox.url) as om:
            om.instrument("openai", **SETTINGS)
            assert library("openai")._base_client.SyncAPIClient.request is not original
            client.chat.completions.create(**CHAT)
        assert library("openai")._base_client.SyncAPIClient.request is original
        client.chat.completions.create(**CHAT)
    assert len(sandbox.events()) == 10


def test_mistakes(om: OpenMonetize, sandbox: Sandbox) -> None:
    om.instrument("openai", **SETTINGS)
    with pytest.raises(ApiValueError, match="openai is instrumented already"):
        om.instrument("openai", **SETTINGS)
    with OpenMonetize(sandbox.key, sandbox.url) as other, pytest.raises(ApiValueError, match="already"):
        other.instrument("openai", **SETTINGS)
    with pytest.raises(ApiTypeError, match=r"'vertex'.*name one of openai, anthropic"):
        om.instrument("vertex", **SETTINGS)
    with pytest.raises(UsageError, match="pass provider= and model="):
        om.instrument("boto3", **SETTINGS)
    with pytest.raises(UsageError, match="ACME"):
        om.instrument("anthropic", provider="ACME", **SETTINGS)
    with pytest.raises(ApiTypeError):
        om.instrument("anthropic", user_id=17)  # type: ignore[arg-type]
    om.uninstrument("anthropic", "cohere")


def test_disabled(sandbox: Sandbox, fake: FakeProviders) -> None:
    original = library("openai")._base_client.SyncAPIClient.request
    om = OpenMonetize(enabled=False)
    om.instrument("openai", **SETTINGS)
    assert library("openai")._base_client.SyncAPIClient.request is original


def test_what_cannot_be_recorded_never_reaches_the_caller(
    om: OpenMonetize, sandbox: Sandbox, fake: FakeProviders, caplog: pytest.LogCaptureFixture
) -> None:
    om.instrument("openai")  # no feature is named
    with caplog.at_level(logging.WARNING):
        fake_calls.openai(fake).chat.completions.create(**CHAT)
    assert om.warning_counts()["unmetered"] == 1
    assert "feature_id" in caplog.text

"""A call that several layers of a program tell of is recorded once, and none is taken for another."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator

import pytest
from hypothesis import given, strategies as st

from openmonetize import OpenMonetize
from openmonetize.client.sightings import MAX_CALLS, SKEW, Call, Sightings
from openmonetize.providers import Usage
from openmonetize.sandbox import Sandbox

USER = "acme-corp-user-000001"


def usage(**values: object) -> Usage:
    fields = {"provider": "OPENAI", "model": "gpt-4o", "input_tokens": 100, "output_tokens": 20, **values}
    return Usage(**fields)  # type: ignore[arg-type]


@pytest.fixture
def om(sandbox: Sandbox) -> Iterator[OpenMonetize]:
    with OpenMonetize(sandbox.key, sandbox.url) as running:
        yield running


def billed(om: OpenMonetize, sandbox: Sandbox) -> int:
    om.flush()
    return len(sandbox.events())


def told(*layers: str, om: OpenMonetize, began: float | None = None, **values: object) -> None:
    for name in layers:
        om.layer(name, user_id=USER, feature_id="chat").record(usage(**values), began=began)


def test_layers_that_know_the_id_are_paired_by_it(om: OpenMonetize, sandbox: Sandbox) -> None:
    for number in range(3):
        told("langchain", "litellm", "otel", om=om, response_id=f"chatcmpl-{number}")
    assert billed(om, sandbox) == 3


def test_layers_without_the_id_are_paired_by_time_and_tokens(om: OpenMonetize, sandbox: Sandbox) -> None:
    began = time.monotonic()
    told("langchain", "otel", om=om, began=began)
    told("langchain", "otel", om=om, began=began, response_id="chatcmpl-1")
    told("agents", om=om, began=began, model="openai/gpt-4o-2024-08-06", response_id="chatcmpl-1")
    assert billed(om, sandbox) == 2


def test_other_tokens_models_and_times_are_other_calls(om: OpenMonetize, sandbox: Sandbox) -> None:
    began = time.monotonic()
    told("langchain", om=om, began=began)
    told("otel", om=om, began=began, input_tokens=101)
    told("otel", om=om, began=began, model="gpt-4o-mini")
    time.sleep(3 * SKEW)
    told("otel", om=om, began=time.monotonic())
    assert billed(om, sandbox) == 4
    assert om.warning_counts()["unmetered"] == 0


def test_one_layer_tells_of_as_many_calls_as_it_likes(om: OpenMonetize, sandbox: Sandbox) -> None:
    told("langchain", "langchain", "langchain", om=om, response_id="chatcmpl-1")
    assert billed(om, sandbox) == 3


def test_two_objects_of_a_layer_that_tell_of_one_call(om: OpenMonetize, sandbox: Sandbox) -> None:
    for _ in range(2):
        om.layer("langchain", user_id=USER, feature_id="chat").record(usage(), call_id="run-1")
    assert billed(om, sandbox) == 1


def test_a_wrapped_client_below_a_layer(om: OpenMonetize, sandbox: Sandbox) -> None:
    openai = pytest.importorskip("openai")
    from openmonetize.testing.fake_providers import FakeProviders

    layer = om.layer("mine", feature_id="chat", user_id=USER)
    with FakeProviders() as fake, openai.OpenAI(base_url=fake.openai_url, api_key="k") as client:
        wrapped = om.wrap(client, feature_id="chat", user_id=USER)
        for number in range(3):
            began = time.monotonic()
            asked = wrapped if number else client
            answer = asked.chat.completions.create(model="gpt-4o", messages=[{"role": "user", "content": "Hi"}])
            tokens = {"input_tokens": answer.usage.prompt_tokens, "output_tokens": answer.usage.completion_tokens}
            layer.record(usage(**tokens), began=began)
    assert billed(om, sandbox) == 3


def test_a_call_without_usage_is_told_unless_another_layer_knows_it(om: OpenMonetize, sandbox: Sandbox) -> None:
    began = time.monotonic()
    told("client", om=om, began=began)
    layer = om.layer("agents")
    layer.unknown("gpt-4o", ValueError("it names no usage"), began=began)
    assert om.warning_counts()["unmetered"] == 0
    layer.unknown("gpt-4o", ValueError("it names no usage"), began=began)
    assert om.warning_counts()["unmetered"] == 1
    assert billed(om, sandbox) == 1


def test_a_call_that_is_not_known_yet_may_be_known_later(
    om: OpenMonetize, sandbox: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    began = time.monotonic()
    for name in ("hooks", "spans"):  # one call, and not two
        om.layer(name).unknown("gpt-4o", ValueError("it names no usage"), began=began)
    om.layer("hooks").unknown("gpt-4o", ValueError("it names no usage"), began=began)
    assert om.warning_counts()["unmetered"] == 2
    told("client", om=om, began=began)
    assert (om.warning_counts()["unmetered"], caplog.text) == (1, "")
    told("hooks", om=om, began=began)  # another call
    assert billed(om, sandbox) == 2
    om.close()
    assert (om.warning_counts()["unmetered"], caplog.text.count("it names no usage")) == (1, 1)


def test_what_cannot_be_recorded_is_counted_and_may_be_told_again(om: OpenMonetize, sandbox: Sandbox) -> None:
    assert om.layer("langchain", user_id=USER).record(usage(response_id="a"), call_id="run") is None
    assert om.warning_counts()["unmetered"] == 1
    told("otel", om=om, response_id="a")
    assert om.layer("langchain", user_id=USER, feature_id="chat").record(usage(response_id="b"), call_id="run")
    assert billed(om, sandbox) == 2


def test_threads(om: OpenMonetize, sandbox: Sandbox) -> None:
    """Fifty calls that look the same are told by three layers each, on threads of their own."""
    layers = [om.layer(name, user_id=USER, feature_id="chat") for name in ("langchain", "litellm", "otel")]

    def call() -> None:
        began = time.monotonic()
        time.sleep(0.02)
        for layer in layers:
            layer.record(usage(), began=began)

    threads = [threading.Thread(target=call) for _ in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert billed(om, sandbox) == 50


@pytest.mark.skipif(not hasattr(os, "fork"), reason="fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_fork_knows_none_of_its_parents_calls() -> None:
    sightings = Sightings()
    call = Call.of(usage(response_id="a"), None)
    sightings.record("one", call, lambda: "event")
    with sightings._lock:  # as another thread of the parent may hold it
        child = os.fork()
        if child == 0:
            os._exit(0 if sightings.record("two", call, lambda: "another") == "another" else 1)
    assert os.waitpid(child, 0)[1] == 0


LAYERS = ("client", "langchain", "litellm", "otel")


@given(
    st.lists(
        st.tuples(st.integers(0, 3), st.booleans(), st.permutations(LAYERS), st.integers(1, 4)), min_size=1, max_size=30
    )
)
def test_as_many_events_as_calls(calls: list[tuple[int, bool, list[str], int]]) -> None:
    """Calls are told by some of the layers in any order; only some of the layers know the provider's id."""
    sightings, recorded, told_by = Sightings(), 0, dict.fromkeys(LAYERS, 0)

    def record() -> str:
        nonlocal recorded
        recorded += 1
        return str(recorded)

    for number, (tokens, has_id, layers, count) in enumerate(calls):
        began = time.monotonic()
        for place, layer in enumerate(layers[:count]):
            known = f"id-{number}" if has_id and place % 2 else None
            sightings.record(layer, Call.of(usage(input_tokens=tokens, response_id=known), began), record)
            told_by[layer] += 1
    assert max(told_by.values()) <= recorded <= len(calls)
    if all(count == len(LAYERS) for *_, count in calls):
        assert recorded == len(calls)


def test_the_memory_is_bounded() -> None:
    sightings = Sightings()
    for number in range(MAX_CALLS + 100):
        sightings.record("one", Call.of(usage(response_id=f"id-{number}"), None), lambda: "event", number)
    assert len(sightings._calls) == len(sightings._by_id) == len(sightings._told) == MAX_CALLS
    assert sum(map(len, sightings._by_counts.values())) == MAX_CALLS


class Looked(Call):
    """A call that counts how often one is compared with another."""

    looks = 0

    def may_be(self, other: Call) -> bool:
        Looked.looks += 1
        return super().may_be(other)


@pytest.mark.parametrize("layers", [1, 2])
def test_thousands_of_calls_at_once_are_not_all_compared(layers: int) -> None:
    sightings, began, recorded = Sightings(), time.monotonic(), []
    Looked.looks = 0
    for number in range(2000):
        call = Looked(*Call.of(usage(input_tokens=number), began))
        for name in LAYERS[:layers]:
            sightings.record(name, call, lambda: recorded.append("event") or "event")
    assert len(recorded) == 2000
    assert Looked.looks <= 2000

"""Jobs of providers that are followed: each answer is billed once, when the provider tells its usage."""

from __future__ import annotations

import asyncio
import csv
import json
import logging
import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from openmonetize import ApiTypeError, ApiValueError
from openmonetize.client import OpenMonetize
from openmonetize.sandbox import Sandbox
from openmonetize.testing.fake_providers import Answer, Failure, FakeProviders

from .conftest import USER, Open

openai = pytest.importorskip("openai", minversion="1.109")
anthropic = pytest.importorskip("anthropic", minversion="0.72")

SOON = 0.05  # seconds between two looks
ASK: Any = [{"role": "user", "content": "Hi"}]


@pytest.fixture
def fake() -> Iterator[FakeProviders]:
    with FakeProviders(script=Answer(input_tokens=100, output_tokens=20)) as started:
        yield started


@pytest.fixture
def ai(fake: FakeProviders) -> Iterator[Any]:
    with openai.OpenAI(base_url=fake.openai_url, api_key="sk-provider-secret", max_retries=0) as client:
        yield client


@pytest.fixture
def claude(fake: FakeProviders) -> Iterator[Any]:
    with anthropic.Anthropic(base_url=fake.anthropic_url, api_key="sk-provider-secret", max_retries=0) as client:
        yield client


def batch_of(client: Any, *names: str, url: str = "/v1/chat/completions") -> Any:
    body = {"model": "gpt-4o", "input": "Hi"} if "embed" in url else {"model": "gpt-4o", "messages": ASK}
    lines = [json.dumps({"custom_id": name, "method": "POST", "url": url, "body": body}) for name in names]
    file = client.files.create(file=("lines.jsonl", "\n".join(lines).encode()), purpose="batch")
    return client.batches.create(input_file_id=file.id, endpoint=url, completion_window="24h")


def message_batch_of(client: Any, *names: str) -> Any:
    params = {"model": "claude-haiku-4-5", "max_tokens": 50, "messages": ASK}
    return client.messages.batches.create(requests=[{"custom_id": name, "params": params} for name in names])


def eventually(condition: Callable[[], Any], seconds: float = 20.0) -> Any:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        value = condition()
        if value:
            return value
        time.sleep(0.02)
    raise AssertionError(f"it did not happen in {seconds} seconds")


def done(om: OpenMonetize) -> None:
    eventually(lambda: om.stats().followed == 0)
    assert om.flush()


def follow(om: OpenMonetize, job: Any, client: Any, **options: Any) -> str:
    return om.follow(job, client=client, **{"feature_id": "nightly", "user_id": USER, "poll_interval": SOON, **options})


def test_each_answer_of_a_batch_is_an_event_that_says_so(
    om: OpenMonetize, sandbox: Sandbox, fake: FakeProviders, ai: Any
) -> None:
    fake.jobs.seconds = 0.3
    batch = batch_of(ai, "one", "two")
    assert follow(om, batch, ai, metadata={"run": 7}) == batch.id
    assert om.stats().followed == 1
    done(om)
    events = sorted(sandbox.events(), key=lambda event: event["metadata"]["custom_id"])
    assert [event["metadata"]["custom_id"] for event in events] == ["one", "two"]
    assert {
        (event["user_id"], event["feature_id"], event["input_tokens"], event["output_tokens"]) for event in events
    } == {(USER, "nightly", 100, 20)}
    assert events[0]["metadata"]["gen_ai.response.batch"] is True
    assert (events[0]["metadata"]["job_id"], events[0]["metadata"]["run"]) == (batch.id, 7)


def test_requests_that_failed_are_no_events(om: OpenMonetize, sandbox: Sandbox, fake: FakeProviders, ai: Any) -> None:
    fake.script = [Failure(400), Answer(input_tokens=5, output_tokens=1)]
    follow(om, batch_of(ai, "bad", "good"), ai)
    done(om)
    assert [event["metadata"]["custom_id"] for event in sandbox.events()] == ["good"]
    assert om.warning_counts()["unmetered"] == 0


def test_a_batch_of_anthropic(om: OpenMonetize, sandbox: Sandbox, fake: FakeProviders, claude: Any) -> None:
    fake.script = [Answer(input_tokens=100, output_tokens=20), Failure(400), Answer(input_tokens=7, output_tokens=3)]
    follow(om, message_batch_of(claude, "a", "b", "c"), claude)
    done(om)
    found = {event["metadata"]["custom_id"]: event["input_tokens"] for event in sandbox.events()}
    assert found == {"a": 100, "c": 7}
    assert all(event["metadata"]["gen_ai.response.batch"] for event in sandbox.events())


def test_users_by_the_name_of_the_request(om: OpenMonetize, sandbox: Sandbox, ai: Any) -> None:
    users = {"one": "acme-corp-user-one", "two": "acme-corp-user-two"}
    follow(om, batch_of(ai, *users), ai, user_id=users)
    done(om)
    assert {event["metadata"]["custom_id"]: event["user_id"] for event in sandbox.events()} == users


def test_an_expired_batch_bills_what_it_got_that_far(
    om: OpenMonetize, sandbox: Sandbox, fake: FakeProviders, ai: Any, claude: Any
) -> None:
    fake.jobs.seconds = 1000
    follow(om, batch_of(ai, "one", "two", "three"), ai)
    follow(om, message_batch_of(claude, "a", "b"), claude)
    fake.jobs.end("expired", answers=1)
    done(om)
    assert {event["metadata"]["custom_id"] for event in sandbox.events()} == {"one", "a"}


@pytest.mark.parametrize("end", ["failed", "cancelled"])
def test_a_job_that_ends_without_usage_is_logged_and_counted(
    om: OpenMonetize, sandbox: Sandbox, fake: FakeProviders, ai: Any, end: str, caplog: pytest.LogCaptureFixture
) -> None:
    fake.jobs.seconds = 1000
    batch = batch_of(ai, "one")
    follow(om, batch, ai)
    fake.jobs.end(end, answers=0)
    done(om)
    assert sandbox.events() == []
    assert om.warning_counts()["job_unbilled"] == 1
    assert f"nothing is billed for batch {batch.id}: it has ended ({end}) without usage" in caplog.text


def test_a_background_response(om: OpenMonetize, sandbox: Sandbox, fake: FakeProviders, ai: Any) -> None:
    fake.jobs.seconds = 0.3
    response = ai.responses.create(model="gpt-4o", input="Hi", background=True)
    with om.context(feature_id="research", user_id=USER):
        om.follow(response.id, client=ai, poll_interval=SOON)
    done(om)
    (event,) = sandbox.events()
    assert (event["input_tokens"], event["output_tokens"], event["feature_id"]) == (100, 20, "research")
    assert event["metadata"]["gen_ai.response.id"] == response.id
    assert "gen_ai.response.batch" not in event["metadata"]


@pytest.mark.filterwarnings("ignore:The Sora API:DeprecationWarning")
def test_a_video_is_billed_by_its_seconds(opened: Open, sandbox: Sandbox, ai: Any) -> None:
    if not hasattr(ai, "videos"):
        pytest.skip("this version has no videos")
    om = opened(sandbox, unit_prices={"sora-2.720x1280.seconds": 100})
    follow(om, ai.videos.create(model="sora-2", prompt="a boat", seconds="8"), ai)
    done(om)
    (event,) = [event for event in sandbox.events() if event["event_type"] == "CUSTOM"]
    assert (event["quantity"], event["unit_type"]) == (80, "sora-2.720x1280.seconds")


def test_fine_tuning_is_billed_by_trained_tokens(opened: Open, sandbox: Sandbox, ai: Any) -> None:
    om = opened(sandbox, unit_prices={"gpt-4o-mini-2024-07-18.training_1k_tokens": 3})
    file = ai.files.create(file=("train.jsonl", b"x" * 4000), purpose="fine-tune")
    follow(om, ai.fine_tuning.jobs.create(model="gpt-4o-mini-2024-07-18", training_file=file.id), ai)
    done(om)
    call, unit = sorted(sandbox.events(), key=lambda event: event["event_type"])
    assert call["metadata"]["gen_ai.usage.training.tokens"] == 3000
    assert unit["quantity"] * 10 == 9  # credits


def test_what_is_followed_twice_is_billed_once(om: OpenMonetize, sandbox: Sandbox, ai: Any) -> None:
    batch = batch_of(ai, "one")
    for _ in range(2):
        follow(om, batch, ai)
        done(om)
    assert len(sandbox.events()) == 1
    assert om.stats().tracked == 1


def test_an_outage_of_the_provider_delays_only(
    om: OpenMonetize, sandbox: Sandbox, fake: FakeProviders, ai: Any, caplog: pytest.LogCaptureFixture
) -> None:
    batch = batch_of(ai, "one")
    fake.jobs.outage = Failure(503, "sk-provider-secret")
    follow(om, batch, ai)
    eventually(lambda: "could not be looked at" in caplog.text)
    assert om.stats().followed == 1
    fake.jobs.outage = None
    done(om)
    assert len(sandbox.events()) == 1
    assert "sk-provider-secret" not in caplog.text


def test_a_job_that_the_provider_does_not_know_is_asked_for_again(
    om: OpenMonetize, sandbox: Sandbox, fake: FakeProviders, ai: Any, caplog: pytest.LogCaptureFixture
) -> None:
    follow(om, "batch_unknown", ai)
    eventually(lambda: "NotFoundError (404)" in caplog.text)
    assert om.stats().followed == 1


def test_what_cannot_be_followed_is_refused_at_the_callers_line(om: OpenMonetize, ai: Any, fake: FakeProviders) -> None:
    with pytest.raises(ApiValueError, match="is not a batch"):
        follow(om, "chatcmpl-1", ai)
    with pytest.raises(ApiTypeError, match="client of anthropic"):
        follow(om, "msgbatch_1", ai)
    with pytest.raises(ApiTypeError, match="synchronous client"):
        follow(om, "batch_1", openai.AsyncOpenAI(base_url=fake.openai_url, api_key="k"))
    with pytest.raises(ApiTypeError, match="feature_id is missing"):
        om.follow("batch_1", client=ai)
    with pytest.raises(ApiTypeError, match="must be the name"):
        follow(om, "batch_1", ai, token_policy=lambda usage: (1, 1))
    assert om.stats().followed == 0


def test_nothing_is_followed_while_disabled(ai: Any) -> None:
    with OpenMonetize("om_test_key_of_nobody", enabled=False) as om:
        assert om.follow("batch_1", client=ai, feature_id="f") == "batch_1"
        assert om.resume_following(ai) == 0


def test_a_job_survives_a_restart_and_no_key_is_kept(
    opened: Open, sandbox: Sandbox, fake: FakeProviders, ai: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    fake.jobs.seconds = 1000
    batch = batch_of(ai, "one")
    first = opened(sandbox, outbox=tmp_path / "outbox")
    follow(first, batch, ai)
    started = time.monotonic()
    first.close()
    assert time.monotonic() - started < 5
    kept = b"".join(path.read_bytes() for path in (tmp_path / "outbox" / ".followed").iterdir())
    assert batch.id.encode() in kept
    assert b"sk-provider-secret" not in kept
    fake.jobs.end()
    with caplog.at_level(logging.INFO, "openmonetize"):
        second = opened(sandbox, outbox=tmp_path / "outbox")
    assert "1 jobs of providers wait in the outbox" in caplog.text
    assert second.stats().followed == 1
    assert second.resume_following(ai) == 1
    done(second)
    assert [event["metadata"]["job_id"] for event in sandbox.events()] == [batch.id]
    follow(second, batch, ai)
    assert second.stats().followed == 0


def test_jobs_of_another_server_are_left_alone(
    opened: Open, sandbox: Sandbox, fake: FakeProviders, ai: Any, tmp_path: Path
) -> None:
    fake.jobs.seconds = 1000
    first = opened(sandbox, outbox=tmp_path / "outbox")
    follow(first, batch_of(ai, "one"), ai)
    first.close()
    with FakeProviders() as other:
        second = opened(sandbox, outbox=tmp_path / "outbox")
        with openai.OpenAI(base_url=other.openai_url, api_key="k") as client:
            assert second.resume_following(client) == 0


PROCESS = textwrap.dedent(
    """
    import sys, time
    import openai
    from openmonetize import OpenMonetize

    url, key, outbox, provider, job = sys.argv[1:]
    om = OpenMonetize(key, url, outbox=outbox)
    ai = openai.OpenAI(base_url=provider, api_key="k", max_retries=0)
    if job:
        om.follow(job, client=ai, feature_id="f", user_id="acme-corp-user-000001", poll_interval=0.05)
    else:
        om.resume_following(ai)
    print("ready", flush=True)
    end = time.monotonic() + 60
    while om.stats().followed and time.monotonic() < end:
        time.sleep(0.02)
    om.flush()
    print("still followed" if om.stats().followed else "done", flush=True)
    """
)


def start_process(sandbox: Sandbox, fake: FakeProviders, outbox: Path, job: str = "") -> subprocess.Popen[str]:
    arguments = [sandbox.url, sandbox.key, str(outbox), fake.openai_url, job]
    process = subprocess.Popen(
        [sys.executable, "-c", PROCESS, *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def rest_of(process: subprocess.Popen[str]) -> str:
    """Return what a process still says; it ends by itself."""
    assert process.stdout is not None
    said = process.stdout.read()
    process.stdout.close()
    process.wait(timeout=20)
    return said


@pytest.mark.skipif(os.name != "posix", reason="kill -9")
def test_killed_processes_lose_and_repeat_nothing(
    sandbox: Sandbox, fake: FakeProviders, ai: Any, tmp_path: Path
) -> None:
    fake.jobs.seconds = 1000
    batch = batch_of(ai, *(f"line {number}" for number in range(300)))
    process = start_process(sandbox, fake, tmp_path / "outbox", batch.id)
    for delay in (0.0, 0.05, 0.15, 0.3):
        fake.jobs.end()
        time.sleep(delay)
        process.send_signal(signal.SIGKILL)
        rest_of(process)
        process = start_process(sandbox, fake, tmp_path / "outbox")
    assert rest_of(process) == "done\n"
    last = start_process(sandbox, fake, tmp_path / "outbox")
    assert rest_of(last) == "done\n"
    assert sorted(event["metadata"]["custom_id"] for event in sandbox.events()) == sorted(
        f"line {number}" for number in range(300)
    )


def test_of_two_processes_one_looks_at_a_time(sandbox: Sandbox, fake: FakeProviders, ai: Any, tmp_path: Path) -> None:
    fake.jobs.seconds = 1000
    batch = batch_of(ai, *(f"line {number}" for number in range(50)))
    one = start_process(sandbox, fake, tmp_path / "outbox", batch.id)
    two = start_process(sandbox, fake, tmp_path / "outbox")
    fake.jobs.end()
    assert rest_of(one) == "done\n"
    assert rest_of(two) == "done\n"
    assert len(sandbox.events()) == 50
    assert len([request for request in fake.requests if request.path.endswith("/content")]) == 1


@pytest.mark.skipif(not hasattr(os, "fork"), reason="fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_fork_leaves_the_jobs_to_its_parent(om: OpenMonetize, sandbox: Sandbox, fake: FakeProviders, ai: Any) -> None:
    fake.jobs.seconds = 1000
    follow(om, batch_of(ai, "one"), ai)
    child = os.fork()
    if child == 0:
        os._exit(0 if om.stats().followed == 0 else 1)
    assert os.waitpid(child, 0)[1] == 0
    fake.jobs.end()
    done(om)
    assert len(sandbox.events()) == 1


# What a wrapped client retrieves


def test_a_retrieved_background_response_is_recorded_once(
    om: OpenMonetize, sandbox: Sandbox, fake: FakeProviders, ai: Any
) -> None:
    fake.jobs.seconds = 1000
    wrapped = om.wrap(ai, feature_id="research", user_id=USER)
    response = wrapped.responses.create(model="gpt-4o", input="Hi", background=True)
    assert wrapped.responses.retrieve(response.id).status == "in_progress"
    assert om.stats().tracked == 0
    fake.jobs.end()
    for _ in range(3):
        assert wrapped.responses.retrieve(response.id).output_text == "Hello there"
    om.wrap(ai, feature_id="research", user_id=USER).responses.retrieve(response.id)  # as in another process
    assert om.flush()
    (event,) = sandbox.events()
    assert (event["input_tokens"], event["output_tokens"], event["user_id"]) == (100, 20, USER)


@pytest.mark.filterwarnings("ignore:The Sora API:DeprecationWarning")
def test_retrieved_results_are_recorded_once(
    om: OpenMonetize, sandbox: Sandbox, fake: FakeProviders, ai: Any, claude: Any
) -> None:
    openais, claudes = (om.wrap(client, feature_id="f", user_id=USER) for client in (ai, claude))
    batch = openais.batches.retrieve(batch_of(openais, "one", "two").id)
    embeddings = openais.batches.retrieve(batch_of(openais, "three", url="/v1/embeddings").id)
    messages = message_batch_of(claudes, "a", "b")
    video = openais.videos.create(model="sora-2", prompt="a boat") if hasattr(ai, "videos") else None
    for _ in range(2):
        for ended in (batch, embeddings):
            assert b"custom_id" in openais.files.content(ended.output_file_id).content
            with openais.files.with_streaming_response.content(ended.output_file_id) as content:
                assert b"custom_id" in content.read()
        assert len(list(claudes.messages.batches.results(messages.id))) == 2
        if video is not None:
            assert openais.videos.retrieve(video.id).status == "completed"
    assert om.flush()
    events = sandbox.events()
    assert len(events) == (5 if video is None else 6)
    assert len([event for event in events if event["metadata"].get("gen_ai.response.batch")]) == 5
    assert om.stats().tracked == len(events)


def test_files_that_are_no_results_are_passed_through(om: OpenMonetize, fake: FakeProviders, ai: Any) -> None:
    wrapped = om.wrap(ai, feature_id="f", user_id=USER)
    before = om.warning_counts()["unmetered"]
    for content in (
        b'{"messages": []}\n' * 1000,
        b"id,name\n1,2\n",
        b"\x00\xff" * 5000,
        b'{"custom_id": "a", "body": {}}',
    ):
        file = wrapped.files.create(file=("a.bin", content), purpose="batch")
        assert wrapped.files.content(file.id).content == content
        with wrapped.files.with_streaming_response.content(file.id) as response:
            assert response.read() == content
    assert om.stats().tracked == 0
    assert om.warning_counts()["unmetered"] == before


def test_what_is_followed_is_not_recorded_by_who_retrieves_it(
    om: OpenMonetize, sandbox: Sandbox, fake: FakeProviders, ai: Any
) -> None:
    wrapped = om.wrap(ai, feature_id="read", user_id=USER)
    fake.jobs.seconds = 1000
    batch = batch_of(wrapped, "one")
    response = wrapped.responses.create(model="gpt-4o", input="Hi", background=True)
    fake.jobs.end()
    for job in (batch, response):
        follow(om, job, wrapped, poll_interval=2.0)
    wrapped.responses.retrieve(response.id)
    output = wrapped.batches.retrieve(batch.id).output_file_id
    wrapped.files.content(output)
    assert om.stats().tracked == 0
    done(om)
    assert {event["feature_id"] for event in sandbox.events()} == {"nightly"}
    assert len(sandbox.events()) == 2


def test_a_background_stream_that_is_dropped_is_not_recorded_by_its_prompt(
    om: OpenMonetize, sandbox: Sandbox, fake: FakeProviders, ai: Any
) -> None:
    from openmonetize.testing.fake_providers import openai as formats
    from openmonetize.testing.fake_providers.reply import sse_reply

    wrapped = om.wrap(ai, feature_id="f", user_id=USER)
    completion = Answer(input_tokens=100, output_tokens=20).completed("gpt-4o", 10)
    events = formats.response_events(completion, {})
    for event in events:
        if "response" in event:
            event["response"] = {**event["response"], "background": True}
    fake.script = sse_reply(events, named=True)
    with wrapped.responses.stream(model="gpt-4o", input="Hi", background=True) as stream:
        next(iter(stream))
    assert om.stats().tracked == 0


# What is kept


def test_files_that_cannot_be_read_are_left_alone(
    opened: Open, sandbox: Sandbox, fake: FakeProviders, ai: Any, tmp_path: Path
) -> None:
    fake.jobs.seconds = 1000
    om = opened(sandbox, outbox=tmp_path / "outbox")
    follow(om, batch_of(ai, "one"), ai)
    folder = tmp_path / "outbox" / ".followed"
    strange = {"a.job": b'{"format":2}', "b.job": b"\x00\xff", "c.job": b"[]", "d.job": b'{"format":1}', "e.new": b"{"}
    for name, content in strange.items():
        (folder / name).write_bytes(content)
    assert om.stats().followed == 1
    fake.jobs.end()
    done(om)
    assert len(sandbox.events()) == 1
    assert {path.name for path in folder.iterdir()} > set(strange)


def test_a_job_whose_end_was_noted_by_a_process_that_was_killed_then_has_ended(
    opened: Open, sandbox: Sandbox, fake: FakeProviders, ai: Any, tmp_path: Path
) -> None:
    fake.jobs.seconds = 1000
    om = opened(sandbox, outbox=tmp_path / "outbox")
    follow(om, batch_of(ai, "one"), ai)
    (job,) = (tmp_path / "outbox" / ".followed").glob("*.job")
    job.with_suffix(".ended").touch()
    assert om.stats().followed == 0
    assert not job.exists()


def test_jobs_of_another_key_are_left_alone(
    opened: Open, sandbox: Sandbox, fake: FakeProviders, ai: Any, tmp_path: Path
) -> None:
    fake.jobs.seconds = 1000
    first = opened(sandbox, outbox=tmp_path / "outbox")
    follow(first, batch_of(ai, "one"), ai)
    first.close()
    other = opened(sandbox, "om_live_another_key_000000000000", outbox=tmp_path / "outbox")
    assert other.resume_following(ai) == 0
    assert other.stats().followed == 0


def test_what_a_batch_costs_has_the_discount(opened: Open, sandbox: Sandbox, fake: FakeProviders, ai: Any) -> None:
    pytest.importorskip("genai_prices")
    fake.script = Answer(input_tokens=1000, output_tokens=200)
    om = opened(sandbox, token_policy="price_equivalent")
    follow(om, batch_of(ai, "half"), ai)
    done(om)
    (event,) = sandbox.events()
    assert (event["input_tokens"], event["output_tokens"]) == (500, 100)


def test_the_usage_of_a_job_is_of_the_time_at_which_it_ended(
    om: OpenMonetize, sandbox: Sandbox, fake: FakeProviders, ai: Any
) -> None:
    batch = batch_of(ai, "one")
    follow(om, batch, ai)
    done(om)
    ended = ai.batches.retrieve(batch.id).completed_at
    (event,) = sandbox.events()
    assert datetime.fromisoformat(event["timestamp"].replace("Z", "+00:00")).timestamp() == ended


def test_what_one_client_retrieves_and_another_one_follows_is_billed_once(
    om: OpenMonetize, opened: Open, sandbox: Sandbox, fake: FakeProviders, ai: Any
) -> None:
    response = ai.responses.create(model="gpt-4o", input="Hi", background=True)
    om.wrap(ai, feature_id="read", user_id=USER).responses.retrieve(response.id)
    assert om.flush()
    other = opened(sandbox)
    follow(other, response, ai)
    done(other)
    assert [event["feature_id"] for event in sandbox.events()] == ["read"]


def test_a_clock_that_was_set_back_delays_no_job(
    opened: Open, sandbox: Sandbox, fake: FakeProviders, ai: Any, tmp_path: Path
) -> None:
    fake.jobs.seconds = 1000
    first = opened(sandbox, outbox=tmp_path)
    follow(first, batch_of(ai, "one"), ai, poll_interval=30.0)
    first.close()
    (file,) = (tmp_path / ".followed").glob("*.job")
    job = json.loads(file.read_text())
    file.write_text(json.dumps({**job, "poll_interval": SOON}))
    later = time.time() + 86400
    os.utime(file, (later, later))
    fake.jobs.end()
    om = opened(sandbox, outbox=tmp_path)
    assert om.resume_following(ai) == 1
    done(om)
    assert len(sandbox.events()) == 1


def test_jobs_that_nobody_follows_are_counted_and_told_once(
    om: OpenMonetize, fake: FakeProviders, ai: Any, claude: Any, caplog: pytest.LogCaptureFixture
) -> None:
    fake.jobs.seconds = 1000
    wrapped, claudes = (om.wrap(client, feature_id="f", user_id=USER) for client in (ai, claude))

    def told() -> int:
        return sum("neither followed nor retrieved" in record.getMessage() for record in caplog.records)

    first = batch_of(wrapped, "one")
    assert (om.warning_counts()["job_unfollowed"], told()) == (1, 0)
    om.follow(first, client=wrapped, feature_id="f")
    assert om.warning_counts()["job_unfollowed"] == 0
    second = message_batch_of(claudes, "one")
    om.follow(second.id, client=claude, feature_id="f")
    made = [wrapped.responses.create(model="gpt-4o", input="Hi", background=True) for _ in range(3)]
    assert (om.warning_counts()["job_unfollowed"], told()) == (3, 1)
    wrapped.responses.retrieve(made[0].id)
    assert om.warning_counts()["job_unfollowed"] == 2
    assert om.warning_counts()["unmetered"] == 0
    om.close()
    assert told() == 1


def test_a_single_job_that_nobody_follows_is_told_at_the_end(
    om: OpenMonetize, ai: Any, caplog: pytest.LogCaptureFixture
) -> None:
    batch = batch_of(om.wrap(ai, feature_id="f", user_id=USER), "one")
    om.close()
    assert sum(f"{batch.id} was made" in record.getMessage() for record in caplog.records) == 1


def test_what_asynchronous_clients_retrieve_is_recorded_once(
    om: OpenMonetize, sandbox: Sandbox, fake: FakeProviders, ai: Any, claude: Any
) -> None:
    response = ai.responses.create(model="gpt-4o", input="Hi", background=True)
    batch = batch_of(ai, "one", "two")
    messages = message_batch_of(claude, "a")

    async def retrieve() -> None:
        one = openai.AsyncOpenAI(base_url=fake.openai_url, api_key="k")
        two = anthropic.AsyncAnthropic(base_url=fake.anthropic_url, api_key="k")
        async with one, two:
            openais, claudes = (om.wrap(client, feature_id="f", user_id=USER) for client in (one, two))
            for _ in range(2):
                await openais.responses.retrieve(response.id)
                output = (await openais.batches.retrieve(batch.id)).output_file_id
                await openais.files.content(output)
                async for _result in await claudes.messages.batches.results(messages.id):
                    pass

    asyncio.run(retrieve())
    assert om.flush()
    assert len(sandbox.events()) == 4
    assert om.stats().tracked == 4


def test_the_fake_providers_charge_half_for_batches(fake: FakeProviders, ai: Any, claude: Any, tmp_path: Path) -> None:
    costs = {}
    for kind in ("calls", "batches"):
        fake.reset()
        fake.script = Answer(input_tokens=1000, output_tokens=100)
        if kind == "calls":
            ai.chat.completions.create(model="gpt-4o", messages=ASK)
            claude.messages.create(model="claude-haiku-4-5", max_tokens=50, messages=ASK)
        else:
            batch_of(ai, "one")
            message_batch_of(claude, "one")
        fake.export_usage(tmp_path / f"{kind}.csv")
        with open(tmp_path / f"{kind}.csv", encoding="utf-8", newline="") as file:
            costs[kind] = {row["provider"]: Decimal(row["cost_usd"]) for row in csv.DictReader(file)}
    assert costs["calls"].keys() == {"openai", "anthropic"}
    assert costs["batches"] == {provider: cost / 2 for provider, cost in costs["calls"].items()}

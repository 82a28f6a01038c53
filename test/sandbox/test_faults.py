"""Faults on demand."""

from __future__ import annotations

from typing import Any

import pytest
import urllib3

from openmonetize.sandbox import Fault, Sandbox

from .talk import Talk, event


def fails(talk: Talk) -> Any:
    with pytest.raises(urllib3.exceptions.HTTPError) as caught:
        talk.ingest(event())
    return caught.value


def test_a_status_without_any_work_done(talk: Talk) -> None:
    talk.sandbox.fail_next("500")
    assert talk.ingest(event()).status == 500
    talk.sandbox.fail_next("429:retry-after=2", times=2)
    for _ in range(2):
        reply = talk.ingest(event())
        assert (reply.status, reply.headers["retry-after"]) == (429, "2")
        assert reply.body["message"] == "Rate limit exceeded, retry in 2 seconds"
    talk.sandbox.fail_next("429")
    assert "retry-after" not in talk.ingest(event()).headers
    assert talk.sandbox.events() == []
    assert talk.ingest(event()).status == 202


def test_a_fault_may_have_any_status(talk: Talk) -> None:
    for status in (418, 503, 599):
        talk.sandbox.fail_next(str(status))
        assert talk.get("/health").status == status


def test_work_done_and_the_answer_lost(talk: Talk) -> None:
    talk.sandbox.fail_next("500-after")
    assert talk.ingest(event()).status == 500
    talk.sandbox.fail_next("reset-after")
    fails(talk)
    talk.sandbox.fail_next("truncate")
    fails(talk)
    assert talk.sandbox.billed() == 24


def test_a_connection_that_is_cut_before(talk: Talk) -> None:
    talk.sandbox.fail_next("reset-before")
    fails(talk)
    assert talk.sandbox.events() == []
    assert talk.sandbox.requests[-1]["fault"] == "reset-before"
    assert talk.sandbox.requests[-1]["status"] is None


@pytest.mark.parametrize("status", [200, 502])
def test_an_html_page_of_a_proxy(talk: Talk, status: int) -> None:
    talk.sandbox.fail_next(f"html-{status}")
    reply = talk.get("/v1/customers/me")
    assert reply.status == status
    assert reply.headers["content-type"] == "text/html"
    assert reply.body.startswith(b"<!doctype html>")


def test_slow(talk: Talk) -> None:
    talk.sandbox.fail_next("slow=0.05s")
    assert talk.ingest(event()).status == 202
    assert talk.sandbox.requests[-1]["milliseconds"] >= 50
    talk.sandbox.fail_next("slow=3s")
    with urllib3.PoolManager(retries=False, timeout=0.1) as impatient, pytest.raises(urllib3.exceptions.TimeoutError):
        impatient.request("GET", talk.sandbox.url + "/health")


def test_a_fault_for_one_path(talk: Talk) -> None:
    talk.sandbox.fail_next("503:path=/v1/events")
    assert talk.get("/health").status == 200
    assert talk.ingest(event()).status == 503
    assert talk.ingest(event()).status == 202


def test_chance_is_the_same_in_every_run() -> None:
    def statuses() -> Any:
        with Sandbox(faults=["429:30%,retry-after=1", "500:10%"]) as sandbox:
            talk = Talk(sandbox)
            found = [talk.get("/health").status for _ in range(60)]
            talk.close()
        return found

    first = statuses()
    assert {200, 429, 500} == set(first)
    assert statuses() == first


@pytest.mark.parametrize(
    "text",
    ["429:5%,retry-after=2", "500", "599", "500-after", "reset-before", "slow=3s", "truncate:50%", "html-200:path=/v1"],
)
def test_faults_as_text(text: str) -> None:
    assert str(Fault.parse(text)) == text


@pytest.mark.parametrize(
    "text", ["", "teapot", "200", "42", "slow", "slow=x", "500=3s", "500:half", "500:101%", "500:path=v1", "500:x=1"]
)
def test_invalid_faults_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="cannot read the fault"):
        Fault.parse(text)


def test_a_fault_strikes_at_least_once(talk: Talk) -> None:
    with pytest.raises(ValueError, match="times must be at least 1"):
        talk.sandbox.fail_next("500", times=0)


def test_a_reset_forgets_faults(talk: Talk) -> None:
    talk.sandbox.fail_next("500", times=100)
    talk.sandbox.reset()
    assert talk.get("/health").status == 200

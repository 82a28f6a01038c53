"""Faults on demand."""

from __future__ import annotations

from typing import Any

import pytest
import urllib3

from openmonetize.sandbox import Fault, Sandbox

from .client import SandboxClient, event


def fails(client: SandboxClient) -> Any:
    with pytest.raises(urllib3.exceptions.HTTPError) as caught:
        client.ingest(event())
    return caught.value


def test_a_status_without_any_work_done(client: SandboxClient) -> None:
    client.sandbox.fail_next("500")
    assert client.ingest(event()).status == 500
    client.sandbox.fail_next("429:retry-after=2", times=2)
    for _ in range(2):
        reply = client.ingest(event())
        assert (reply.status, reply.headers["retry-after"]) == (429, "2")
        assert reply.body["message"] == "Rate limit exceeded, retry in 2 seconds"
    client.sandbox.fail_next("429")
    assert "retry-after" not in client.ingest(event()).headers
    assert client.sandbox.events() == []
    assert client.ingest(event()).status == 202


def test_a_fault_may_have_any_status(client: SandboxClient) -> None:
    for status in (418, 503, 599):
        client.sandbox.fail_next(str(status))
        assert client.get("/health").status == status


def test_work_done_and_the_answer_lost(client: SandboxClient) -> None:
    client.sandbox.fail_next("500-after")
    assert client.ingest(event()).status == 500
    client.sandbox.fail_next("reset-after")
    fails(client)
    client.sandbox.fail_next("truncate")
    fails(client)
    assert client.sandbox.billed() == 24


def test_a_connection_that_is_cut_before(client: SandboxClient) -> None:
    client.sandbox.fail_next("reset-before")
    fails(client)
    assert client.sandbox.events() == []
    assert client.sandbox.requests[-1]["fault"] == "reset-before"
    assert client.sandbox.requests[-1]["status"] is None


@pytest.mark.parametrize("status", [200, 502])
def test_an_html_page_of_a_proxy(client: SandboxClient, status: int) -> None:
    client.sandbox.fail_next(f"html-{status}")
    reply = client.get("/v1/customers/me")
    assert reply.status == status
    assert reply.headers["content-type"] == "text/html"
    assert reply.body.startswith(b"<!doctype html>")


def test_slow(client: SandboxClient) -> None:
    client.sandbox.fail_next("slow=0.05s")
    assert client.ingest(event()).status == 202
    assert client.sandbox.requests[-1]["milliseconds"] >= 50
    client.sandbox.fail_next("slow=3s")
    with urllib3.PoolManager(retries=False, timeout=0.1) as impatient, pytest.raises(urllib3.exceptions.TimeoutError):
        impatient.request("GET", client.sandbox.url + "/health")


def test_a_fault_for_one_path(client: SandboxClient) -> None:
    client.sandbox.fail_next("503:path=/v1/events")
    assert client.get("/health").status == 200
    assert client.ingest(event()).status == 503
    assert client.ingest(event()).status == 202


def test_chance_is_the_same_in_every_run() -> None:
    def statuses() -> Any:
        with Sandbox(faults=["429:30%,retry-after=1", "500:10%"]) as sandbox:
            client = SandboxClient(sandbox)
            found = [client.get("/health").status for _ in range(60)]
            client.close()
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


def test_a_fault_strikes_at_least_once(client: SandboxClient) -> None:
    with pytest.raises(ValueError, match="times must be at least 1"):
        client.sandbox.fail_next("500", times=0)
    assert client.post("/_sandbox/faults", {"next": "500", "times": 10**12}).status == 400


def test_a_reset_forgets_faults(client: SandboxClient) -> None:
    client.sandbox.fail_next("500", times=100)
    client.sandbox.reset()
    assert client.get("/health").status == 200

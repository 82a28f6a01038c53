"""Two customers who paste the same lines do not meet, and where they may have met, that is counted and told."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from openmonetize import (
    ApiClient,
    ApiKeyError,
    ApiValueError,
    Configuration,
    EventsApi,
    IngestError,
    OpenMonetize,
    ServiceException,
    TokenUsageEvent,
)
from openmonetize.events.key_owners import forget_owners
from openmonetize.events.sent_ids import forget_sent_ids
from openmonetize.sandbox import Sandbox

from .conftest import Open

USED: dict[str, Any] = {"provider": "openai", "model": "gpt-4o", "input_tokens": 5, "feature_id": "chat"}
PASTED: dict[str, Any] = {**USED, "event_id": "evt_123", "customer_id": "cust_abc"}


@pytest.fixture(autouse=True)
def forgotten() -> None:
    start_over()


def start_over() -> None:
    """Forget what this process knows of keys and ids, as a new process would."""
    forget_owners()
    forget_sent_ids()


def register(sandbox: Sandbox, name: str) -> tuple[str, str]:
    """Return key and id of a new customer."""
    with OpenMonetize("x", sandbox.url) as om:
        data = om.customers.register(name=name, email=f"{name}@example.com").data
    assert data is not None and data.api_key is not None and data.customer_id is not None
    return data.api_key, data.customer_id


def generic(sandbox: Sandbox, key: str, **settings: Any) -> EventsApi:
    return EventsApi(ApiClient(Configuration(sandbox.url, api_key={"bearerAuth": key}, **settings)))


def questions(sandbox: Sandbox) -> int:
    """Return how often the platform was asked whose a key is."""
    return sum(request["target"] == "/v1/customers/me" for request in sandbox.requests)


def test_the_same_lines_with_ingest(sandbox: Sandbox) -> None:
    accounts = [register(sandbox, name) for name in ("one", "two")]
    for key, _ in accounts:
        for made in (TokenUsageEvent(**PASTED), {"event_type": "TOKEN_USAGE", **PASTED}):
            result = generic(sandbox, key).ingest(events=[made])
        assert (result.accepted, result.duplicates) == (0, 1)  # the second time
    assert [event["customer_id"] for event in sandbox.events()] == [customer_id for _, customer_id in accounts]
    assert questions(sandbox) == 2  # once for each key


def test_the_same_lines_with_a_recorder(sandbox: Sandbox, opened: Open) -> None:
    for name in ("one", "two"):
        om = opened(sandbox, register(sandbox, name)[0], customer_id="cust_abc")
        om.track_token_usage(**USED, event_id="evt_123")
        assert om.wait_billed(timeout=5).billed == 1
        assert om.stats().duplicate == 0
    assert len(sandbox.events()) == 2


def test_the_same_lines_with_a_namespace(sandbox: Sandbox) -> None:
    for name in ("one", "two"):
        api = generic(sandbox, register(sandbox, name)[0], id_namespace="example.com")
        assert api.ingest(events=[TokenUsageEvent(**USED, event_id="evt_1")]).accepted == 1
    assert len(sandbox.events()) == 2


@pytest.mark.parametrize("named", ["cust_abc", None])
def test_all_ways_give_the_same_id_in_one_account(
    sandbox: Sandbox, opened: Open, tmp_path: Path, named: str | None
) -> None:
    key, customer_id = register(sandbox, "one")
    fields = {**PASTED, "customer_id": named or customer_id}
    assert generic(sandbox, key).ingest(events=[TokenUsageEvent(**fields)]).accepted == 1
    for options in ({}, {"outbox": tmp_path / "usage-outbox"}, {"outbox": tmp_path / "usage-outbox"}):
        start_over()
        om = opened(sandbox, key, **options)
        om.track_token_usage(**fields)
        assert om.close()
        assert om.stats().accepted == 0
    assert len(sandbox.events()) == 1


def test_a_rotated_key_gives_the_same_id(sandbox: Sandbox) -> None:
    key, _ = register(sandbox, "one")
    assert generic(sandbox, key).ingest(events=[TokenUsageEvent(**PASTED)]).accepted == 1
    with OpenMonetize(key, sandbox.url) as om:
        data = om.customers.rotate_key().data
    assert data is not None and data.api_key is not None
    assert generic(sandbox, data.api_key).ingest(events=[TokenUsageEvent(**PASTED)]).duplicates == 1


_AGAIN = """
import sys
from openmonetize import OpenMonetize

key, url, outbox = sys.argv[1:]
with OpenMonetize(key, url, outbox=outbox, customer_id="cust_abc", flush_interval=3600) as om:
    print(om.track_custom_event(unit_type="page", quantity=1, feature_id="ocr", event_id="evt_1"))
"""


def test_the_outbox_keeps_whose_the_key_is(sandbox: Sandbox, tmp_path: Path) -> None:
    key, _ = register(sandbox, "one")
    command = [sys.executable, "-c", _AGAIN, key, sandbox.url, str(tmp_path / "usage-outbox")]
    printed = [subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip() for _ in range(3)]
    (event,) = sandbox.events()
    # The first run did not know it when the event was recorded; its delivery did.
    assert printed[1:] == [event["event_id"]] * 2
    assert questions(sandbox) == 1


@pytest.mark.parametrize("namespace", [None, "example.com"])
def test_the_same_event_before_and_after_the_answer_is_sent_once(
    sandbox: Sandbox, opened: Open, namespace: str | None
) -> None:
    settings = Configuration(sandbox.url, id_namespace=namespace)
    om = opened(sandbox, register(sandbox, "one")[0], configuration=settings)
    fields = {**USED, "event_id": "evt_123", "customer_id": None if namespace else "cust_abc"}
    for _ in range(2):
        om.track_token_usage(**fields)
        assert om.flush()
    assert om.stats().tracked == 1
    with pytest.raises(ApiValueError, match="'evt_123' was already sent"):
        om.track_token_usage(**{**fields, "input_tokens": 6})


def test_events_wait_for_the_answer_to_whose_the_key_is(sandbox: Sandbox, opened: Open) -> None:
    om = opened(sandbox, register(sandbox, "one")[0], customer_id="cust_abc")
    sandbox.fail_next("503:path=/v1/customers/me", times=2)
    om.track_token_usage(**USED, event_id="evt_123")
    om.track_token_usage(**USED)
    assert om.flush(timeout=30)
    assert om.stats().accepted == len(sandbox.events()) == 2


def test_ingest_fails_with_what_is_unsent_if_there_is_no_answer(sandbox: Sandbox) -> None:
    api = generic(sandbox, register(sandbox, "one")[0], retries=0)
    for events in ([TokenUsageEvent(**USED), TokenUsageEvent(**PASTED)], iter([TokenUsageEvent(**PASTED)])):
        before = len(sandbox.events())
        start_over()
        sandbox.fail_next("503:path=/v1/customers/me")
        with pytest.raises(IngestError) as failure:
            api.ingest(events=events)
        assert isinstance(failure.value, ServiceException)
        assert len(sandbox.events()) == before
        assert api.ingest(events=failure.value.unsent).accepted == len(failure.value.unsent) - (before > 0)
    assert len(sandbox.events()) == 2  # the second call had one of the first


def test_a_server_that_answers_only_events_takes_them_under_one_id(sandbox: Sandbox) -> None:
    api = generic(sandbox, register(sandbox, "one")[0], retries=0)
    sandbox.fail_next("reset-before:path=/v1/customers/me")
    assert api.ingest(events=[TokenUsageEvent(**PASTED)]).accepted == 1
    assert api.ingest(events=[TokenUsageEvent(**PASTED)]).duplicates == 1  # also when it has answered
    assert len(sandbox.events()) == 1


def test_without_a_key_nothing_is_asked(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENMONETIZE_API_KEY", raising=False)
    with pytest.raises(ApiKeyError):
        EventsApi(ApiClient(Configuration(sandbox.url))).ingest(events=iter([TokenUsageEvent(**PASTED)]))
    assert not sandbox.requests


def test_other_events_ask_nothing(sandbox: Sandbox) -> None:
    key, _ = register(sandbox, "one")
    generic(sandbox, key).ingest(events=[TokenUsageEvent(**USED), {"event_type": "API_CALL", "feature_id": "chat"}])
    assert questions(sandbox) == 0
    OpenMonetize(key, sandbox.url, customer_id="cust_abc").close()
    assert questions(sandbox) == 0


def test_a_customer_id_that_is_not_the_keys_is_counted_and_told(
    sandbox: Sandbox, opened: Open, caplog: pytest.LogCaptureFixture
) -> None:
    key, customer_id = register(sandbox, "one")
    om = opened(sandbox, key)
    for _ in range(3):
        om.track_token_usage(**USED, customer_id="cust_abc")
    om.track_token_usage(**USED, customer_id=customer_id, metadata={"customer_id": "mine"})
    om.track_token_usage(**USED, metadata={"customer_id": "mine"})
    assert om.flush() and om.warning_counts()["foreign_customer_id"] == 3
    (line,) = [record.message for record in caplog.records if "customer_id" in record.message]
    assert "cust_abc" in line and customer_id in line


UUID = "7b0c6f0e-5f0c-4c9a-8f0e-0d2f5a7f9b11"


def test_a_duplicate_that_was_not_sent_from_here_is_counted_and_told(
    sandbox: Sandbox, opened: Open, caplog: pytest.LogCaptureFixture
) -> None:
    first = opened(sandbox, register(sandbox, "one")[0])
    first.track_token_usage(**USED, event_id=UUID)
    assert first.flush() and first.warning_counts()["unknown_duplicate"] == 0
    second = opened(sandbox, register(sandbox, "two")[0])
    second.track_token_usage(**USED)
    second.track_token_usage(**USED, event_id=UUID)
    assert second.flush() and second.warning_counts()["unknown_duplicate"] == 1
    assert sum("under the ids that you gave them" in record.message for record in caplog.records) == 1


def test_a_duplicate_after_a_lost_answer_is_not(sandbox: Sandbox, opened: Open) -> None:
    om = opened(sandbox)
    sandbox.fail_next("reset-after:path=/v1/events/ingest")
    om.track_token_usage(**USED, event_id=UUID)
    assert om.flush() and om.stats().duplicate == 1
    assert om.warning_counts()["unknown_duplicate"] == 0


def test_ingest_tells_of_a_duplicate_that_was_not_sent_from_here(
    sandbox: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    made = TokenUsageEvent(**USED, event_id=UUID)
    for name, told in (("one", 0), ("two", 1)):
        api = generic(sandbox, register(sandbox, name)[0])
        for _ in range(2):
            api.ingest(events=[made])
        assert sum("under the ids that you gave them" in record.message for record in caplog.records) == told

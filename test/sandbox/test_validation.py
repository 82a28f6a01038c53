"""Validation of events, registrations and pages, in the words of the present platform."""

from __future__ import annotations

from typing import Any

import pytest

from .client import SandboxClient, event
from .test_wire import DECLARING, ID, JSON, bad, invalid

INGEST = "/v1/events/ingest"


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"event_id": None}, "event_id Invalid input: expected string, received undefined"),
        ({"event_id": "evt_123"}, "event_id Invalid UUID"),
        ({"event_id": 7}, "event_id Invalid input: expected string, received number"),
        ({"event_id": "6ba7b810-9dad-91d1-80b4-00c04fd430c8"}, "event_id Invalid UUID"),  # version 9
        ({"event_id": "6ba7b810-9dad-11d1-c0b4-00c04fd430c8"}, "event_id Invalid UUID"),  # another variant
        ({"event_id": ID.replace("-", "")}, "event_id Invalid UUID"),
        ({"event_id": f"{{{ID}}}"}, "event_id Invalid UUID"),
        ({"event_id": f"urn:uuid:{ID}"}, "event_id Invalid UUID"),
        ({"event_id": f" {ID}"}, "event_id Invalid UUID"),
        ({"event_id": f"{ID}\n"}, "event_id Invalid UUID"),
        ({"feature_id": None}, "feature_id Invalid input: expected string, received undefined"),
        ({"timestamp": None}, "timestamp Invalid input"),
        ({"timestamp": 1732406400}, "timestamp Invalid input"),
        ({"timestamp": "2025-01-01T00:00:00+00:00"}, "timestamp Invalid ISO datetime"),
        ({"timestamp": "2025-01-01T00:00:00"}, "timestamp Invalid ISO datetime"),
        ({"timestamp": "2025-01-01T00:00:00z"}, "timestamp Invalid ISO datetime"),
        ({"timestamp": "2025-01-01 00:00:00Z"}, "timestamp Invalid ISO datetime"),
        ({"timestamp": "2025-01-01"}, "timestamp Invalid ISO datetime"),
        ({"timestamp": "2025-02-30T00:00:00Z"}, "timestamp Invalid ISO datetime"),
        ({"timestamp": "2025-01-01T24:00:00Z"}, "timestamp Invalid ISO datetime"),
        ({"timestamp": "2025-01-01T00:00:60Z"}, "timestamp Invalid ISO datetime"),
        ({"timestamp": "Wed, 01 Jan 2025 00:00:00 GMT"}, "timestamp Invalid ISO datetime"),
        (
            {"provider": "openai"},
            'provider Invalid option: expected one of "OPENAI"|"ANTHROPIC"|"GOOGLE"|"COHERE"|"MISTRAL"',
        ),
        (
            {"provider": "RUNWAY"},
            'provider Invalid option: expected one of "OPENAI"|"ANTHROPIC"|"GOOGLE"|"COHERE"|"MISTRAL"',
        ),
        (
            {"event_type": "VIDEO_GENERATION"},
            'event_type Invalid option: expected one of "TOKEN_USAGE"|"API_CALL"|"FEATURE_ACCESS"'
            '|"IMAGE_GENERATION"|"CUSTOM"',
        ),
        ({"input_tokens": -1}, "input_tokens Too small: expected number to be >=0"),
        ({"input_tokens": 1.5}, "input_tokens Invalid input: expected int, received number"),
        ({"input_tokens": "5"}, "input_tokens Invalid input: expected number, received string"),
        ({"input_tokens": True}, "input_tokens Invalid input: expected number, received boolean"),
        ({"input_tokens": 2**53}, "input_tokens Too big: expected int to be <9007199254740991"),
        ({"image_count": 0}, "image_count Too small: expected number to be >0"),
        ({"quantity": 0}, "quantity Too small: expected number to be >0"),
        ({"metadata": []}, "metadata Invalid input: expected record, received array"),
    ],
)
def test_an_invalid_event_is_refused(client: SandboxClient, fields: dict[str, Any], message: str) -> None:
    reply = client.ingest(event(**fields))
    assert (reply.status, reply.body) == (400, bad(f"body/events/0/{message}"))
    assert client.sandbox.events() == []


@pytest.mark.parametrize("name", ["user_id", "model", "metadata", "idempotency_key", "input_tokens", "provider"])
def test_null_is_not_the_same_as_absent(client: SandboxClient, name: str) -> None:
    wrong = event()
    wrong[name] = None
    reply = client.ingest(wrong)
    assert reply.status == 400
    assert reply.body["message"].startswith(f"body/events/0/{name} ")


def test_infinity_is_not_a_number(client: SandboxClient) -> None:
    raw = b'{"events": [{"event_id": "' + ID.encode() + b'", "event_type": "API_CALL", "feature_id": "f",'
    raw += b' "timestamp": "2025-01-01T00:00:00Z", "input_tokens": 1e400}]}'
    message = "body/events/0/input_tokens Invalid input: expected number, received number"
    assert client.post(INGEST, raw=raw, headers=JSON).body == bad(message)
    long = raw.replace(b"1e400", b"9" * 5000)
    assert client.post(INGEST, raw=long, headers=JSON).body == bad(message)


@pytest.mark.parametrize(
    "fields",
    [
        {"event_id": "00000000-0000-0000-0000-000000000000"},
        {"event_id": "ffffffff-ffff-ffff-ffff-ffffffffffff"},
        {"event_id": ID.upper()},
        {"timestamp": "2025-01-01T00:00Z"},
        {"timestamp": "2025-01-01T00:00:00.123456Z"},
        {"timestamp": "0001-01-01T00:00:00Z"},
        {"timestamp": "2999-12-31T23:59:59Z"},
        {"input_tokens": 9007199254740991, "model": None},
        {"input_tokens": 5.0},
        {"feature_id": ""},
        {"user_id": "", "team_id": "", "idempotency_key": "", "unit_type": "", "model": ""},
        {"customer_id": "somebody-else"},
        {"surprise": 1, "provider_response": 7, "duration_seconds": "long"},
    ],
)
def test_lenient_values_are_accepted(client: SandboxClient, fields: dict[str, Any]) -> None:
    assert client.ingest(event(**fields)).status == 202
    (stored,) = client.sandbox.events()
    assert stored["customer_id"] == client.customer_id
    assert stored["user_id"] is None or "user_id" not in fields


def test_all_issues_are_listed_and_nothing_is_stored(client: SandboxClient) -> None:
    reply = client.ingest(event(), event(event_id="x", input_tokens=-1), event(feature_id=None))
    assert reply.body == bad(
        "body/events/1/event_id Invalid UUID, body/events/1/input_tokens Too small: expected number to be >=0,"
        " body/events/2/feature_id Invalid input: expected string, received undefined"
    )
    assert client.sandbox.events() == []


@pytest.mark.parametrize(
    ("events", "message"),
    [
        ([], "body/events Too small: expected array to have >=1 items"),
        (None, "body/events Invalid input: expected array, received null"),
        ({}, "body/events Invalid input: expected array, received object"),
        (
            "x" * 1001,
            "body/events Invalid input: expected array, received string,"
            " body/events Too big: expected string to have <=1000 characters",
        ),
        ([7], "body/events/0 Invalid input: expected object, received number"),
    ],
)
def test_an_invalid_batch_is_refused(client: SandboxClient, events: Any, message: str) -> None:
    assert client.post(INGEST, {"events": events}).body == bad(message)


def test_a_thousand_events_are_the_most(client: SandboxClient) -> None:
    batch = [event() for _ in range(1001)]
    assert client.ingest(*batch).body == bad("body/events Too big: expected array to have <=1000 items")
    assert client.ingest(*batch[:1000]).body["accepted"] == 1000


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"email": "a@b.co"}, "body/name Invalid input: expected string, received undefined"),
        ({"name": "", "email": "a@b.co"}, "body/name Too small: expected string to have >=1 characters"),
        ({"name": "x" * 256, "email": "a@b.co"}, "body/name Too big: expected string to have <=255 characters"),
        ({"name": "x", "email": "nobody"}, "body/email Invalid email address"),
        (
            {"name": "x", "email": "a@b.co", "tier": "FREE"},
            'body/tier Invalid option: expected one of "STARTER"|"GROWTH"|"ENTERPRISE"',
        ),
    ],
)
def test_registration(client: SandboxClient, body: dict[str, Any], message: str) -> None:
    assert client.post(DECLARING, body, key=None).body == bad(message)


def test_an_address_registers_once_exactly(client: SandboxClient) -> None:
    body = {"name": "A", "email": "a@b.co"}
    assert client.post(DECLARING, body, key="ignored").status == 201
    again = client.post(DECLARING, body, key=None)
    assert (again.status, again.body) == (
        409,
        {"error": "Conflict", "message": "A customer with this email already exists"},
    )
    assert client.post(DECLARING, {**body, "email": "A@b.co"}, key=None).status == 201


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("", {"limit": 50, "offset": 0}),
        ("?limit=1e1", {"limit": 10, "offset": 0}),
        ("?limit=0x5&offset=1", {"limit": 5, "offset": 1}),
        ("?whatever=1", {"limit": 50, "offset": 0}),
    ],
)
def test_paging_of_events_reads_numbers_as_javascript_does(
    client: SandboxClient, query: str, shown: dict[str, Any]
) -> None:
    client.ingest(event(), event())
    body = client.get(f"/v1/events{query}").body
    assert body["pagination"] == {"total": 2, **shown}


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("limit=0", "querystring/limit Too small: expected number to be >=1"),
        ("limit=101", "querystring/limit Too big: expected number to be <=100"),
        ("limit=", "querystring/limit Too small: expected number to be >=1"),
        ("limit=x", "querystring/limit Invalid input: expected number, received NaN"),
        ("limit=1&limit=2", "querystring/limit Invalid input: expected number, received NaN"),
        ("offset=-1", "querystring/offset Too small: expected number to be >=0"),
        ("limit=1.5", "querystring/limit Invalid input: expected int, received number"),
    ],
)
def test_paging_of_events_has_bounds(client: SandboxClient, query: str, message: str) -> None:
    assert client.get(f"/v1/events?{query}").body == invalid(message)


def test_the_present_servers_take_fractions_there(faithful: SandboxClient) -> None:
    faithful.ingest(event(), event())
    body = faithful.get("/v1/events?limit=1.5&offset=1.5").body
    assert body["pagination"] == {"total": 2, "limit": 1.5, "offset": 1.5}
    assert len(body["data"]) == 1


def test_the_event_list(client: SandboxClient) -> None:
    old = event(timestamp="2025-05-05T05:05:05.5Z", metadata={"long": 1, "b": {"yy": 1, "x": 2}, "a": 1})
    new = event(event_type="CUSTOM", unit_type="pages", quantity=2, provider=None, model=None, input_tokens=None)
    client.ingest(old, new)
    first, second = client.get("/v1/events").body["data"]
    assert first["id"] == new["event_id"]
    assert (first["provider"], first["model"], first["inputTokens"]) == (None, None, "0")
    assert second == {
        "id": old["event_id"],
        "eventType": "TOKEN_USAGE",
        "featureId": "chat",
        "provider": "OPENAI",
        "model": "gpt-4o",
        "inputTokens": "1000",
        "outputTokens": "500",
        "creditsBurned": "8",
        "costUsd": "0.0075000000",
        "timestamp": "2025-05-05T05:05:05.500Z",
        "metadata": {"a": 1, "b": {"x": 2, "yy": 1}, "long": 1},
    }
    assert list(second["metadata"]) == ["a", "b", "long"]

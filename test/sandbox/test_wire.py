"""Requests and the present platform's responses to them: statuses, shapes, exact texts, order of checks."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest

from .client import SandboxClient, event, send_raw

ID = "7d6b1f0e-2a57-4b7e-9c1d-0f6f5d0f7a11"
JSON = {"Content-Type": "application/json"}
MISSING = {
    "error": "Unauthorized",
    "message": "Missing API key. Provide via Authorization: Bearer or X-API-Key header",
}
INVALID = {"error": "Unauthorized", "message": "Invalid or missing API key"}
NOT_JSON = "Body is not valid JSON but content-type is set to 'application/json'"
EMPTY = "Body cannot be empty when content-type is set to 'application/json'"


def framework(status: int, code: str, error: str, message: str) -> dict[str, Any]:
    return {"statusCode": status, "code": code, "error": error, "message": message}


def bad(message: str) -> dict[str, Any]:
    return {"error": "Bad Request", "message": message}


def invalid(message: str) -> dict[str, Any]:
    return framework(400, "FST_ERR_VALIDATION", "Bad Request", message)


def no_route(method: str, target: str) -> dict[str, Any]:
    return {"message": f"Route {method}:{target} not found", "error": "Not Found", "statusCode": 404}


# --- keys -----------------------------------------------------------------------------------------------------------

OWN = "om_dev_test_key"


@pytest.mark.parametrize(
    ("headers", "status", "body"),
    [
        ({}, 401, MISSING),
        ({"Authorization": f"Bearer {OWN}"}, 200, None),
        ({"X-API-Key": OWN}, 200, None),
        ({"Authorization": "Bearer wrong"}, 401, INVALID),
        ({"X-API-Key": "wrong"}, 401, INVALID),
        ({"Authorization": "Bearer wrong", "X-API-Key": OWN}, 401, INVALID),  # Bearer wins
        ({"Authorization": f"Bearer {OWN}", "X-API-Key": "wrong"}, 200, None),
        ({"Authorization": f"bearer {OWN}"}, 401, MISSING),
        ({"Authorization": f"BEARER {OWN}", "X-API-Key": OWN}, 200, None),
        ({"Authorization": OWN}, 401, MISSING),
        ({"Authorization": "Basic b20="}, 401, MISSING),
        ({"Authorization": "Bearer "}, 401, MISSING),
        ({"Authorization": "Bearer ", "X-API-Key": OWN}, 200, None),
        ({"Authorization": f"Bearer  {OWN}"}, 401, INVALID),  # the key keeps the second blank
        ({"Authorization": f"Bearer {OWN.upper()}"}, 401, INVALID),
    ],
)
def test_keys(client: SandboxClient, headers: dict[str, str], status: int, body: Any) -> None:
    reply = client.get("/v1/customers/me", key=None, headers=headers)
    assert reply.status == status
    assert body is None or reply.body == body


def test_a_key_in_the_query_is_ignored(client: SandboxClient) -> None:
    assert client.get(f"/v1/customers/me?api_key={OWN}", key=None).body == MISSING


def test_ingest_forwards_the_other_key(client: SandboxClient) -> None:
    """The gateway takes the Bearer key, the ingestion service behind it X-API-Key."""
    other = client.other_customer()
    unknown = client.ingest(event(), headers={"X-API-Key": "wrong"})
    assert (unknown.status, unknown.body) == (
        401,
        {"error": "UNAUTHORIZED", "message": "Invalid or missing API key"},
    )
    foreign = client.ingest(event(), headers={"X-API-Key": str(other.key)})
    assert (foreign.status, foreign.body["error"]) == (403, "FORBIDDEN")
    assert client.ingest(event(), headers={"X-API-Key": OWN}).status == 202
    assert len(client.sandbox.events()) == 1


def test_rotating_the_key_kills_the_old_one(client: SandboxClient) -> None:
    me = client.other_customer()
    fresh = me.post("/v1/customers/rotate-key").body["data"]["apiKey"]
    assert fresh.startswith("om_live_")
    assert me.get("/v1/customers/me").body == INVALID
    assert me.get("/v1/customers/me", key=fresh).status == 200
    assert me.post("/v1/customers/rotate-key", {}, key=fresh).status == 200


# --- paths ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "target"),
    [
        ("GET", "/v1/nothing"),
        ("GET", "/v1/nothing?a=1"),
        ("GET", "/v1/info/"),
        ("GET", "/v1//info"),
        ("GET", "//health"),
        ("GET", "/V1/info"),
        ("GET", "/v1/customers%2Fme"),
        ("PUT", "/v1/customers/me"),
        ("DELETE", "/v1/events/ingest"),
        ("HEAD", "/v1/events/ingest"),
        ("GET", "/v1/entitlements/" + ID),
        ("PATCH", "/v1/entitlements/" + ID),
        ("GET", f"/v1/customers/{ID}/users/{ID}/credits"),
        ("POST", "/v1/demo/generate"),
        ("GET", "/v1/users/" + "x" * 101 + "/credits"),
        ("GET", "/docs"),
    ],
)
def test_an_unknown_path_or_method_is_404_and_never_405(client: SandboxClient, method: str, target: str) -> None:
    for key in (None, "own"):
        reply = client(method, target, key=key)
        assert reply.status == 404
        assert method == "HEAD" or reply.body == no_route(method, target)


def test_a_user_id_may_hold_anything_up_to_100_characters(client: SandboxClient) -> None:
    for user_id in ("a/b", "ä" * 100, "a b+c&d=e", "100%"):
        assert client.grant(7, user_id).status == 200
        reply = client.get(f"/v1/users/{quote(user_id, safe='')}/credits")
        assert reply.body["data"]["balance"] == 7


def test_head_works_where_get_does(client: SandboxClient) -> None:
    reply = client("HEAD", "/v1/customers/me")
    assert (reply.status, reply.body) == (200, b"")
    assert int(reply.headers["content-length"]) > 0


@pytest.mark.parametrize("target", ["/v1/%zz", "/%", "/v1/users/%ff/credits"])
def test_a_broken_escape(client: SandboxClient, target: str) -> None:
    head, _, body = send_raw(client.sandbox, f"GET {target} HTTP/1.1\r\nHost: a\r\n\r\n".encode()).partition(
        b"\r\n\r\n"
    )
    assert head.startswith(b"HTTP/1.1 400 ")
    assert json.loads(body)["code"] == "FST_ERR_BAD_URL"
    assert b"content-type: application/json\r\n" in head
    assert b"access-control-allow-origin" not in head


def test_options(client: SandboxClient) -> None:
    bare = client("OPTIONS", "/v1/nothing", key=None)
    assert (bare.status, bare.body) == (400, b"Invalid Preflight Request")
    asked = {"Origin": "http://a.example", "Access-Control-Request-Method": "POST"}
    preflight = client(
        "OPTIONS", "/v1/events/ingest", key=None, headers={**asked, "Access-Control-Request-Headers": "x-api-key"}
    )
    assert preflight.status == 204
    assert preflight.headers["access-control-allow-methods"] == "GET,HEAD,PUT,PATCH,POST,DELETE"
    assert preflight.headers["access-control-allow-headers"] == "x-api-key"


# --- bodies ---------------------------------------------------------------------------------------------------------

DECLARING = "/v1/customers/register"  # a route that declares 400, which strips these errors to two keys
OTHER = "/v1/credits/grant"


@pytest.mark.parametrize(
    ("raw", "headers", "status", "code", "message"),
    [
        (b"{", JSON, 400, "FST_ERR_CTP_INVALID_JSON_BODY", NOT_JSON),
        (b"{} x", JSON, 400, "FST_ERR_CTP_INVALID_JSON_BODY", NOT_JSON),
        (b'{"amount": NaN}', JSON, 400, "FST_ERR_CTP_INVALID_JSON_BODY", NOT_JSON),
        (b'{"amount": Infinity}', JSON, 400, "FST_ERR_CTP_INVALID_JSON_BODY", NOT_JSON),
        (b"  ", JSON, 400, "FST_ERR_CTP_INVALID_JSON_BODY", NOT_JSON),
        (b'{"__proto__": 1}', JSON, 400, "FST_ERR_CTP_INVALID_JSON_BODY", NOT_JSON),
        (b'{"\\u005f_proto__": 1}', JSON, 400, "FST_ERR_CTP_INVALID_JSON_BODY", NOT_JSON),
        (b'{"a": {"constructor": {"prototype": 1}}}', JSON, 400, "FST_ERR_CTP_INVALID_JSON_BODY", NOT_JSON),
        (b"[" * 100_000, JSON, 400, "FST_ERR_CTP_INVALID_JSON_BODY", NOT_JSON),
        (b"", JSON, 400, "FST_ERR_CTP_EMPTY_JSON_BODY", EMPTY),
        (
            b'{"name": "\xff"}',
            JSON,
            400,
            "FST_ERR_CTP_INVALID_CONTENT_LENGTH",
            "Request body size did not match Content-Length",
        ),
        (
            b"\x1f\x8b\x08\x00",
            {**JSON, "Content-Encoding": "gzip"},
            400,
            "FST_ERR_CTP_INVALID_CONTENT_LENGTH",
            "Request body size did not match Content-Length",
        ),
        (
            b"a=1",
            {"Content-Type": "application/x-www-form-urlencoded"},
            415,
            "FST_ERR_CTP_INVALID_MEDIA_TYPE",
            "Unsupported Media Type: application/x-www-form-urlencoded",
        ),
        (
            b"{}",
            {"Content-Type": "application/xml; a=b"},
            415,
            "FST_ERR_CTP_INVALID_MEDIA_TYPE",
            "Unsupported Media Type: application/xml; a=b",
        ),
        (b"{}", {}, 415, "FST_ERR_CTP_INVALID_MEDIA_TYPE", "Unsupported Media Type: undefined"),
    ],
)
def test_malformed_bodies(
    client: SandboxClient, raw: bytes, headers: dict[str, str], status: int, code: str, message: str
) -> None:
    title = {400: "Bad Request", 415: "Unsupported Media Type"}[status]
    for key in (None, "own"):  # the body is read before the key
        reply = client.post(OTHER, raw=raw, headers=headers, key=key)
        assert (reply.status, reply.body) == (status, framework(status, code, title, message))
    short = client.post(DECLARING, raw=raw, headers=headers, key=None)
    assert short.status == status
    assert short.body == (bad(message) if status == 400 else framework(status, code, title, message))


def test_bodies_of_another_type(client: SandboxClient) -> None:
    text = "body/ Invalid input: expected object, received "
    assert client.post(OTHER, raw=b"hello", headers={"Content-Type": "text/plain"}).body == invalid(text + "string")
    assert client.post(OTHER).body == invalid(text + "null")
    assert client.post(OTHER, raw=b"null", headers=JSON).body == invalid(text + "null")
    assert client.post(OTHER, []).body == invalid(text + "array")
    assert client.post(OTHER, raw=b"7", headers=JSON).body == invalid(text + "number")


@pytest.mark.parametrize("kind", ["application/json; charset=utf-8", "APPLICATION/JSON", "application/json;x=y"])
def test_spellings_of_json(client: SandboxClient, kind: str) -> None:
    assert client.post(OTHER, raw=b'\xef\xbb\xbf{"amount": 1}', headers={"Content-Type": kind}).status == 200


def test_a_body_is_ignored_where_none_belongs(client: SandboxClient) -> None:
    assert client.get("/v1/customers/me", raw=b"{", headers=JSON).status == 200
    assert client("DELETE", f"/v1/entitlements/{ID}", raw=b"", headers=JSON, key=None).body == framework(
        400, "FST_ERR_CTP_EMPTY_JSON_BODY", "Bad Request", EMPTY
    )


def test_ten_mebibytes_are_the_most(client: SandboxClient) -> None:
    limit = 10 * 1024 * 1024
    body = b'{"amount": 1, "reason": "' + b"x" * (limit - 30) + b'"}'
    assert len(body) <= limit
    assert client.post(OTHER, raw=body, headers=JSON).status == 200
    large = framework(413, "FST_ERR_CTP_BODY_TOO_LARGE", "Payload Too Large", "Request body is too large")
    assert client.post(OTHER, raw=body + b" " * 100, headers=JSON, key=None).body == large


def test_events_may_be_one_mebibyte(client: SandboxClient) -> None:
    """The service behind the gateway takes less than the gateway itself."""
    assert client.ingest(event(metadata={"text": "x" * 1_047_900})).status == 202
    reply = client.ingest(event(metadata={"text": "x" * 1_048_700}))
    assert reply.status == 413
    assert reply.body["code"] == "FST_ERR_CTP_BODY_TOO_LARGE"
    assert len(client.sandbox.events()) == 1


def test_validation_comes_before_the_key(client: SandboxClient) -> None:
    assert client.ingest(key=None).status == 400
    assert client.get("/v1/events?limit=0", key=None).status == 400
    assert client("PUT", "/v1/entitlements/x", {}, key=None).body == invalid("params/id Invalid UUID")


def test_the_common_headers(client: SandboxClient) -> None:
    reply = client.get("/health", key=None)
    assert reply.headers["content-type"] == "application/json; charset=utf-8"
    assert reply.headers["access-control-allow-origin"] == "*"
    assert reply.headers["access-control-allow-credentials"] == "true"
    assert "x-ratelimit-limit" not in reply.headers


def test_the_defects_can_be_chosen_one_by_one(start: Callable[..., SandboxClient]) -> None:
    some = start(mode="faithful", defects=("negative-burn-rate",))
    assert some.get("/v1/users/anna/transactions?limit=1").status == 200
    client = start(mode="faithful", defects=("transactions-paging",))
    assert client.get("/v1/users/anna/transactions?limit=1").body == invalid(
        "querystring/limit Invalid input: expected number, received string"
    )

"""Request bodies: every way to send one ends in a response or a closed connection, within bounds of time and memory."""

from __future__ import annotations

import json
import logging
import re
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings, strategies as st

from openmonetize.sandbox import Sandbox
from openmonetize.sandbox.http import server, uploads
from openmonetize.sandbox.json_text import MAX_NESTING, read_json, write_json

from .client import SandboxClient, event, send_raw

CHUNKED = b"Transfer-Encoding: chunked\r\n"
CLIENT_ERROR = {"error": "Bad Request", "message": "Client Error", "statusCode": 400}


@pytest.fixture(autouse=True)
def _still_alive(client: SandboxClient, caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    yield
    assert client.get("/health").status == 200
    assert [record.getMessage() for record in caplog.get_records("call") if record.levelno >= logging.ERROR] == []


def head(sandbox: Sandbox, *lines: bytes, key: bool = True, version: bytes = b"1.1") -> bytes:
    """Return the head of a grant."""
    text = b"POST /v1/credits/grant HTTP/%b\r\nHost: a\r\nContent-Type: application/json\r\n" % version
    if key:
        text += f"X-API-Key: {sandbox.key}\r\n".encode()
    return text + b"".join(lines) + b"\r\n"


def parsed(answer: bytes) -> tuple[int, Any, bytes]:
    """Return status, body and head of the only response."""
    before, _, body = answer.partition(b"\r\n\r\n")
    assert answer.count(b"HTTP/1.1 ") == 1, answer
    return int(before.split(b" ", 2)[1]), json.loads(body), before.lower()


@pytest.mark.parametrize(
    "chunks",
    [
        b'e\r\n{"amount": 15}\r\n0\r\n\r\n',
        b'0E\r\n{"amount": 15}\r\n000\r\n\r\n',
        b'5\r\n{"amo\r\n9\r\nunt": 15}\r\n0\r\n\r\n',
        b'e;name=value;other="a b"\r\n{"amount": 15}\r\n0;last\r\n\r\n',
        b'e\r\n{"amount": 15}\r\n0\r\nX-Checksum: abc\r\nX-Other:\r\n\r\n',
    ],
)
def test_chunks_are_joined_and_the_connection_goes_on(client: SandboxClient, chunks: bytes) -> None:
    answer = send_raw(client.sandbox, (head(client.sandbox, CHUNKED) + chunks) * 2)
    assert answer.count(b"HTTP/1.1 200 OK\r\n") == 2
    assert client.sandbox.balance() == 10_030


@pytest.mark.parametrize(
    "chunks",
    [
        b"zz\r\n",
        b"\r\n",
        b"-5\r\nhello\r\n0\r\n\r\n",
        b"+5\r\nhello\r\n0\r\n\r\n",
        b"0x5\r\nhello\r\n0\r\n\r\n",
        b"5_0\r\nhello\r\n0\r\n\r\n",
        b" 5\r\nhello\r\n0\r\n\r\n",
        b"5 \r\nhello\r\n0\r\n\r\n",
        b"5\nhello\n0\n\n",
        b"5\rhello\r0\r\r",
        b"5\r\nhello0\r\n\r\n",
        b"5\r\nhello\n0\r\n\r\n",
        b"5\r\nhello!\r\n0\r\n\r\n",
        b"3\r\nhello\r\n0\r\n\r\n",
        b"5;a\x00b\r\nhello\r\n0\r\n\r\n",
        b"5;" + b"a" * 20_000 + b"\r\nhello\r\n0\r\n\r\n",
        b"5\r\nhello\r\n0\r\nno colon\r\n\r\n",
        b"5\r\nhello\r\n0\r\n folded: a\r\n\r\n",
        b"5\r\nhello\r\n0\r\n" + b"X-Trailer: abc\r\n" * 2_000 + b"\r\n",
        b"1" * 17 + b"\r\nhello",
        b"0" * 3_000_000,
    ],
)
def test_a_malformed_chunk_is_answered_400_and_the_connection_closed(client: SandboxClient, chunks: bytes) -> None:
    following = b"GET /health HTTP/1.1\r\nHost: a\r\n\r\n"  # must not be taken for a request
    status, body, before = parsed(send_raw(client.sandbox, head(client.sandbox, CHUNKED) + chunks + following))
    assert (status, body) == (400, CLIENT_ERROR)
    assert b"\r\nconnection: close" in before
    assert b"access-control" not in before
    assert client.sandbox.balance() == 10_000


@pytest.mark.parametrize(
    "lines",
    [
        [b"Content-Length: -5\r\n"],
        [b"Content-Length: +5\r\n"],
        [b"Content-Length: 5, 5\r\n"],
        [b"Content-Length: 0x5\r\n"],
        [b"Content-Length: \xb2\r\n"],
        [b"Content-Length: 18446744073709551616\r\n"],
        [b"Content-Length: 5\r\n", b"Content-Length: 5\r\n"],
        [b"Content-Length: 5\r\n", CHUNKED],
        [CHUNKED, CHUNKED],
        [b"Transfer-Encoding: gzip\r\n"],
        [b"Transfer-Encoding: chunked, identity\r\n"],
        [b"Transfer-Encoding: xchunked\r\n"],
    ],
)
def test_a_head_that_does_not_say_where_the_body_ends_is_refused(client: SandboxClient, lines: list[bytes]) -> None:
    request = head(client.sandbox, *lines) + b'e\r\n{"amount": 15}\r\n0\r\n\r\n'
    status, body, before = parsed(send_raw(client.sandbox, request))
    assert (status, body) == (400, CLIENT_ERROR)
    assert b"\r\nconnection: close" in before


def test_the_first_version_of_http_has_no_chunks(client: SandboxClient) -> None:
    request = head(client.sandbox, CHUNKED, version=b"1.0") + b"0\r\n\r\n"
    assert parsed(send_raw(client.sandbox, request))[:2] == (400, CLIENT_ERROR)


@pytest.mark.parametrize("size", [b"FFFFFFFFFFFFFFFF", b"7FFFFFFFFFFFFFFF", b"400000000", b"A00001"])
@pytest.mark.parametrize("key", [True, False])
def test_a_chunk_that_announces_too_much_is_refused_at_once(client: SandboxClient, size: bytes, key: bool) -> None:
    host, _, port = client.sandbox.url.rpartition("//")[2].rpartition(":")
    with socket.create_connection((host, int(port)), timeout=10.0) as connection:  # which stays open
        connection.sendall(head(client.sandbox, CHUNKED, key=key) + size + b"\r\nabc")
        answer = b""
        while piece := connection.recv(65_536):
            answer += piece
    status, body, before = parsed(answer)
    assert (status, body["code"]) == (413, "FST_ERR_CTP_BODY_TOO_LARGE")
    assert b"\r\nconnection: close" in before


def test_many_small_chunks_that_are_too_much_together_are_refused(client: SandboxClient) -> None:
    chunks = (b"10000\r\n" + b" " * 0x10000 + b"\r\n") * 161
    for key in (True, False):
        request = head(client.sandbox, CHUNKED, key=key) + chunks + b"0\r\n\r\n"
        assert parsed(send_raw(client.sandbox, request))[0] == 413


def test_a_large_body_without_a_key_is_not_kept(client: SandboxClient) -> None:
    large = b'{"amount": 1.5, "reason": "' + b"a" * 3_000_000 + b'"}'
    length = b"Content-Length: %d\r\n" % len(large)
    assert parsed(send_raw(client.sandbox, head(client.sandbox, length, key=False) + large))[0] == 401
    assert parsed(send_raw(client.sandbox, head(client.sandbox, length) + large))[0] == 400
    assert client.sandbox.requests[-2]["body_bytes"] == 0


def test_a_client_that_leaves_within_a_chunk_gets_nothing(client: SandboxClient) -> None:
    for chunks in (b"", b"e", b"e\r", b"e\r\n", b"e\r\n{", b"e\r\n" + b'{"amount": 15}', b"0\r\n", b"0\r\nX: y\r\n"):
        assert send_raw(client.sandbox, head(client.sandbox, CHUNKED) + chunks) == b""
    assert client.sandbox.balance() == 10_000


def test_an_upload_that_takes_too_long_ends(client: SandboxClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "REQUEST_TIMEOUT", 0.5)
    host, _, port = client.sandbox.url.rpartition("//")[2].rpartition(":")
    starts = (
        head(client.sandbox, CHUNKED) + b"5\r\nhe",
        head(client.sandbox, CHUNKED) + b"5",
        head(client.sandbox, b"Content-Length: 5\r\n") + b"{",
        b"POST /v1/credits/grant HTTP/1.1\r\nHost: ",
    )
    with ExitStack() as stack:
        stuck = [stack.enter_context(socket.create_connection((host, int(port)), timeout=10.0)) for _ in starts]
        for connection, start in zip(stuck, starts):
            connection.sendall(start)
        for connection in stuck:
            status, body, _ = parsed(connection.recv(65_536))
            assert (status, body["message"]) == (408, "Client Timeout")
            assert connection.recv(1) == b""


def wait_for_uploads(client: SandboxClient, count: int) -> None:
    end = time.monotonic() + 10
    while client.sandbox._server.uploads.count != count:
        assert time.monotonic() < end
        time.sleep(0.01)


def test_large_uploads_at_the_same_time_are_bounded(client: SandboxClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "MAX_UPLOADS", 3)
    host, _, port = client.sandbox.url.rpartition("//")[2].rpartition(":")
    start = head(client.sandbox, b"Content-Length: 9000000\r\n") + b" " * 200_000
    complete = head(client.sandbox, b"Content-Length: 200000\r\n") + b'{"amount": 15}'.rjust(200_000)
    small = head(client.sandbox, b"Content-Length: 14\r\n") + b'{"amount": 15}'
    with ExitStack() as stack:
        for _ in range(3):
            stack.enter_context(socket.create_connection((host, int(port)), timeout=10.0)).sendall(start)
        wait_for_uploads(client, 3)
        found = parsed(send_raw(client.sandbox, complete))
        assert found[0] == 503
        assert b"\r\nretry-after: 1\r\n" in found[2] + b"\r\n"
        assert parsed(send_raw(client.sandbox, small))[0] == 200
    wait_for_uploads(client, 0)
    assert parsed(send_raw(client.sandbox, complete))[0] == 200


def test_large_uploads_are_bounded_in_bytes(client: SandboxClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "MAX_UPLOAD_BYTES", 500_000)
    for size, status in ((400_000, 200), (600_000, 503), (400_000, 200)):
        request = head(client.sandbox, b"Content-Length: %d\r\n" % size) + b'{"amount": 15}'.rjust(size)
        assert parsed(send_raw(client.sandbox, request))[0] == status


def test_connections_are_bounded(client: SandboxClient, monkeypatch: pytest.MonkeyPatch) -> None:
    with Sandbox() as sandbox, ExitStack() as stack:
        monkeypatch.setattr(server, "MAX_CONNECTIONS", 5)
        host, _, port = sandbox.url.rpartition("//")[2].rpartition(":")
        request = b"GET /health HTTP/1.1\r\nHost: a\r\n\r\n"
        for _ in range(5):
            connection = stack.enter_context(socket.create_connection((host, int(port)), timeout=10.0))
            connection.sendall(request)
            assert connection.recv(100).startswith(b"HTTP/1.1 200 ")
        try:
            assert send_raw(sandbox, request) == b""
        except OSError:  # it was closed even before the request
            pass


@pytest.mark.parametrize("target", ["http://[", "//[", "/v1/%zz", "http://", "*", "/" + "%00" * 200])
def test_a_target_that_is_no_url_is_answered(client: SandboxClient, target: str) -> None:
    answer = send_raw(client.sandbox, f"GET {target} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
    assert 400 <= parsed(answer)[0] < 500


_pieces = st.lists(
    st.one_of(
        st.binary(max_size=30),
        st.sampled_from(
            [b"0\r\n\r\n", b"\r\n", b"e\r\n", b'{"amount": 15}', b";x=y", b"FFFFFFFFFFFFFFFF\r\n", b"-1\r\n", b"5\r\n"]
        ),
    ),
    max_size=12,
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(pieces=_pieces, key=st.booleans())
@example(pieces=[b"FFFFFFFFFFFFFFFF\r\nabc\r\n0\r\n\r\n"], key=False)
@example(pieces=[b"7FFFFFFFFFFFFFFF\r\nabc\r\n0\r\n\r\n"], key=False)
@example(pieces=[b"400000000\r\nabc\r\n0\r\n\r\n"], key=False)
def test_no_bytes_in_place_of_chunks_disturb_the_server(client: SandboxClient, pieces: list[bytes], key: bool) -> None:
    before = threading.active_count()
    answer = send_raw(client.sandbox, head(client.sandbox, CHUNKED, key=key) + b"".join(pieces))
    assert answer == b"" or 200 <= int(answer.split(b" ", 2)[1]) < 500
    assert threading.active_count() <= before + 5


_lines = st.lists(
    st.one_of(
        st.binary(max_size=40),
        st.sampled_from(
            [
                b"Content-Length: 2",
                b"Content-Length: 99999999",
                b"Content-Length: -1",
                b"Transfer-Encoding: chunked",
                b"Transfer-Encoding: gzip",
                b"Expect: 100-continue",
                b"Content-Type: application/json",
                b"Connection: keep-alive",
                b" folded",
            ]
        ),
    ),
    max_size=6,
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    method=st.sampled_from([b"GET", b"POST", b"PUT", b"OPTIONS", b"get", b"\xff"]),
    target=st.one_of(st.sampled_from([b"/v1/events", b"/_sandbox/faults", b"/", b"http://a/"]), st.binary(max_size=20)),
    lines=_lines,
    body=st.binary(max_size=30),
)
def test_no_head_disturbs_the_server(
    client: SandboxClient, method: bytes, target: bytes, lines: list[bytes], body: bytes
) -> None:
    request = b" ".join([method, target, b"HTTP/1.1"]) + b"\r\n" + b"".join(line + b"\r\n" for line in lines)
    answer = send_raw(client.sandbox, request + b"\r\n" + body)
    assert answer == b"" or re.match(rb"HTTP/1\.1 [1-4]\d\d ", answer), answer


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=st.binary(min_size=1, max_size=200), sizes=st.lists(st.integers(1, 40), min_size=1, max_size=8))
def test_a_body_in_any_chunks_is_the_same_body(client: SandboxClient, body: bytes, sizes: list[int]) -> None:
    chunks, position = b"", 0
    while position < len(body):
        piece = body[position : position + sizes[position % len(sizes)]]
        chunks += b"%x\r\n%b\r\n" % (len(piece), piece)
        position += len(piece)
    whole = head(client.sandbox, b"Content-Length: %d\r\n" % len(body)) + body
    first = parsed(send_raw(client.sandbox, whole))
    second = parsed(send_raw(client.sandbox, head(client.sandbox, CHUNKED) + chunks + b"0\r\n\r\n"))
    assert first[:2] == second[:2]


@pytest.mark.parametrize("depth", [900, 3_000])
@pytest.mark.parametrize("kind", ["array", "object"])
@pytest.mark.parametrize("delay", [0.0, 60.0])
def test_deep_metadata_is_taken_and_shown(start: Any, depth: int, kind: str, delay: float) -> None:
    client: SandboxClient = start(processing_delay=delay, mode="faithful", defects=["period-sticks"])
    deep = "[" * depth + "]" * depth if kind == "array" else '{"a":' * depth + "1" + "}" * depth
    sent = json.dumps({"events": [event(metadata="DEEP", user_id="anna")]}).replace('"DEEP"', '{"m":%s}' % deep)
    json_type = {"Content-Type": "application/json"}
    for _ in range(2):  # without a key, the second one becomes a dead letter
        assert client.post("/v1/events/ingest", raw=sent.encode(), headers=json_type).status == 202
    client.sandbox.advance(seconds=600)
    for path in ("/v1/events", "/v1/events/dlq", "/_sandbox/events", "/_sandbox/dead-letters", "/"):
        answer = send_raw(
            client.sandbox, f"GET {path} HTTP/1.0\r\nHost: 127.0.0.1\r\nX-API-Key: {client.key}\r\n\r\n".encode()
        )
        assert answer.startswith(b"HTTP/1.1 200 "), path
        assert path == "/" or deep.encode() in answer, path
    for path, body in (
        ("/v1/credits/grant", '{"amount": 1, "metadata": {"m": %s}}'),
        ("/v1/users", '{"externalUserId": "deep", "metadata": {"m": %s}}'),
        ("/v1/entitlements", '{"featureId": "a", "limitType": "HARD", "metadata": {"m": %s}}'),
    ):
        answer = send_raw(client.sandbox, _request(client, path, (body % deep).encode()))
        assert answer.startswith((b"HTTP/1.1 200 ", b"HTTP/1.1 201 ")), path
        path = path.replace("/v1/credits/grant", "/v1/credits/balance")
        assert send_raw(client.sandbox, _request(client, path, b"", "GET")).startswith(b"HTTP/1.1 200 "), path


def _request(client: SandboxClient, path: str, body: bytes, method: str = "POST") -> bytes:
    lines = f"{method} {path} HTTP/1.1\r\nHost: a\r\nX-API-Key: {client.key}\r\nContent-Length: {len(body)}\r\n"
    return f"{lines}{'Content-Type: application/json' if body else 'X-No: body'}\r\n\r\n".encode() + body


@pytest.mark.parametrize("opening", ["[", '{"a":'])
@pytest.mark.parametrize("template", ["%s", '{"events": [{"metadata": %s}]}', '{"amount": 1, "metadata": %s}'])
@pytest.mark.parametrize("path", ["/v1/events/ingest", "/v1/credits/grant", "/v1/users", "/_sandbox/faults"])
def test_json_without_end_in_depth_is_refused(client: SandboxClient, opening: str, template: str, path: str) -> None:
    closing = "]" if opening == "[" else "}"
    for deep in (opening * 100_000, opening * 100_000 + "1" + closing * 100_000):
        body = (template % deep).encode()
        answer = send_raw(client.sandbox, _request(client, path, body).replace(b"Host: a", b"Host: 127.0.0.1"))
        assert parsed(answer)[0] in (400, 413)


_values: Any = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@settings(max_examples=100, deadline=None)
@given(value=_values, ascii=st.booleans())
def test_deep_json_is_read_and_written_as_shallow_json_is(value: Any, ascii: bool) -> None:
    depth = 1_500
    nested = value
    for level in range(depth):
        nested = [nested, level] if level % 2 else {"name": nested, "": level}
    text = write_json(nested, ensure_ascii=ascii)
    found = read_json(text)
    for level in reversed(range(depth)):
        outer = found[1] if level % 2 else found[""]
        found = found[0] if level % 2 else found["name"]
        assert outer == level
    assert found == value
    assert json.dumps(value, ensure_ascii=ascii) in text


@settings(max_examples=200, deadline=None)
@given(inner=st.text(alphabet='[]{},:"1 eE.-truefalsnl\\u\n', max_size=12))
def test_deep_json_is_read_as_strictly_as_shallow_json(inner: str) -> None:
    deep = "[" * 1_500 + inner + "]" * 1_500
    shallow = "[" * 10 + inner + "]" * 10
    results = []
    for text in (deep, shallow):
        try:
            read_json(text)
            results.append("read")
        except ValueError:
            results.append("refused")
    assert results[0] == results[1]


def test_nesting_has_an_end() -> None:
    assert read_json("[" * MAX_NESTING + "]" * MAX_NESTING)
    with pytest.raises(ValueError, match="nested too deeply"):
        read_json('[{"a":' * MAX_NESTING)

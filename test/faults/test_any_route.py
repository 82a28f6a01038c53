"""Whatever a client sends to the sandbox, it is answered, never with a failure of the sandbox's own."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from contract.contract import operations, schemas
from hypothesis import given, strategies as st
from sandbox.client import send_raw

from openmonetize.sandbox import Sandbox

from .corpus import cases, many

PATHS = sorted({operation.path for operation in operations()})
EXAMPLES = [schema["example"] for name, schema in sorted(schemas().items()) if name.endswith("Request")]
segment = st.text(alphabet=st.characters(min_codepoint=33, max_codepoint=255, exclude_characters=" "), max_size=6)
segments = segment | st.sampled_from(["..", "%2e%2e", "%00", "%ff", "%", "me", "a" * 300, "acme-1", "%F0%9F%98%80"])
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as running:
        yield running


def check(method: str, target: str, headers: dict[str, str], body: bytes, sandbox: Sandbox) -> None:
    """A request has an answer that is not 5xx, in JSON if it is an error; the next request has one as well."""
    lines = {"Host": "a", "Connection": "close", "Content-Length": str(len(body)), **headers}
    head = f"{method} {target} HTTP/1.1\r\n" + "".join(f"{name}: {value}\r\n" for name, value in lines.items()) + "\r\n"
    reply = send_raw(sandbox, head.encode("latin-1") + body)
    status_line, _, rest = reply.partition(b"\r\n")
    status = int(status_line.split()[1])
    assert status < 500 or status == 501, reply[:300]
    if status >= 400 and method not in ("HEAD", "OPTIONS"):
        assert json.loads(rest.partition(b"\r\n\r\n")[2])["error"]


@st.composite
def targets(draw: Any) -> str:
    path = "/".join(
        draw(segments) if part[:1] in ("{", "*") or draw(st.integers(0, 9)) == 0 else part
        for part in draw(st.sampled_from(PATHS)).split("/")
    )
    query = "&".join(f"{draw(segments)}={draw(segments)}" for _ in range(draw(st.integers(0, 2))))
    return ("/" + path.lstrip("/")) + (f"?{query}" if query else "")


@st.composite
def json_bodies(draw: Any) -> bytes:
    example = dict(draw(st.sampled_from(EXAMPLES)))
    for name in draw(st.lists(st.sampled_from(sorted(example)), max_size=2)) if example else ():
        example[name] = draw(values)
    return json.dumps(example, ensure_ascii=draw(st.booleans())).encode("utf-8", "surrogatepass")


@many(200)
@given(
    method=st.sampled_from(["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "PURGE"]),
    target=targets(),
    kind=st.sampled_from(["application/json", "application/json; charset=utf-16", "text/plain", ""]),
    body=json_bodies() | values.map(json.dumps).map(str.encode) | st.binary(max_size=30) | st.just(b""),
    has_key=st.booleans(),
)
def test_any_request(method: str, target: str, kind: str, body: bytes, has_key: bool, sandbox: Sandbox) -> None:
    if target.startswith("/_sandbox"):
        return  # its control switches faults on
    headers = {"Content-Type": kind} if kind else {}
    if has_key:
        headers["X-API-Key"] = sandbox.key
    check(method, target, headers, body, sandbox)


@pytest.mark.parametrize("case", cases("routes"))
def test_kept_requests(case: Any, sandbox: Sandbox) -> None:
    headers = {"X-API-Key": sandbox.key, "Content-Type": "application/json", **case.get("headers", {})}
    check(case["method"], case["target"], headers, case.get("body", "").encode("latin-1"), sandbox)

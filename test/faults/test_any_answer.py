"""Whatever a server answers, a call returns what the operation promises, or raises an `ApiException`."""

from __future__ import annotations

import copy
import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
from contract.contract import schema_name, schemas, typed
from contract.fields import at, fields
from http_client.loopback import Loopback, raw
from http_client.test_heads import HEADERS, STATUS_LINES
from hypothesis import given, strategies as st

import openmonetize
from openmonetize import ApiClient, ApiException, ApiResponse, ApiValueError, Configuration, CreditsApi

from .corpus import cases, many
from .ledger import KEY

_ANSWERS = [media["schema"] for operation in typed() for media in operation.answers.values() if media]
RESPONSES = sorted({schema_name(schema) for schema in _ANSWERS} - {""})
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
    | st.sampled_from(["1e999", "-0", "2026-02-30T00:00:00Z", "9" * 30, "\0", "\ud800"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)  # fmt: skip


def check_model(name: str, value: Any) -> None:
    """A body is read to a model that can be written and read again, or refused."""
    model = getattr(openmonetize, name)
    try:
        read = model.from_json(json.dumps(value))
    except ApiValueError:
        return
    assert repr(read)
    again = model.from_json(read.to_json())
    assert json.loads(again.to_json()) == json.loads(read.to_json())  # what could not be read may move to the end


@many(150)
@given(st.sampled_from(RESPONSES), st.lists(st.tuples(st.integers(0, 200), ANYTHING), min_size=1, max_size=3))
def test_any_values_in_an_answer(name: str, changes: list[tuple[int, Any]]) -> None:
    example = copy.deepcopy(schemas()[name]["example"])
    places = [field.place for field in fields(name)]
    for number, value in changes:
        place = places[number % len(places)] if places else ()
        try:
            at(example, place[:-1])[place[-1]] = value
        except (KeyError, IndexError, TypeError):
            pass  # an earlier change has removed the place
    check_model(name, example)


@pytest.mark.parametrize("case", cases("models"))
def test_kept_values_in_an_answer(case: Any) -> None:
    check_model(case["model"], case["value"])


@pytest.fixture(scope="module")
def server() -> Iterator[Loopback]:
    with Loopback() as running:
        yield running


@pytest.fixture(scope="module")
def client(server: Loopback) -> Iterator[ApiClient]:
    settings = {"retries": 0, "timeout": 5, "read_timeout": 2, "max_response_bytes": 100_000}
    with ApiClient(Configuration(server.url, {"bearerAuth": KEY}, **settings)) as client:
        yield client


def check_bytes(data: bytes, server: Loopback, client: ApiClient) -> None:
    """A call that is answered so ends in time, as a call should; the next one is not disturbed."""
    server.default = raw(data)
    started = time.monotonic()
    for call in (
        CreditsApi(client).v1_credits_balance_get_with_http_info,
        lambda: CreditsApi(client).v1_credits_grant_post_with_http_info(user_id="u", amount=1),
    ):
        outcome: Any
        try:
            outcome = call()
        except ApiException as error:
            outcome = error
        if isinstance(outcome, ApiException):
            assert KEY not in f"{outcome}{outcome!r}{vars(outcome)}"
            assert outcome.status is None or 0 <= outcome.status <= 999
        else:
            assert isinstance(outcome, ApiResponse)
            assert 200 <= outcome.status_code < 300
            assert outcome.data.to_json()
    assert time.monotonic() - started < 30


def chunked(pieces: list[bytes]) -> bytes:
    return b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces if piece) + b"0\r\n\r\n"


bodies = (
    st.sampled_from([schemas()[name]["example"] for name in RESPONSES]).map(json.dumps).map(str.encode)
    | ANYTHING.map(json.dumps).map(str.encode)
    | st.binary(max_size=60)
)
heads = st.tuples(st.sampled_from(STATUS_LINES), st.lists(st.sampled_from(HEADERS), max_size=4))


@st.composite
def answers(draw: Any) -> bytes:
    """Draw an answer: a head, a body of some length or in chunks, all of it or what a broken connection leaves."""
    status_line, headers = draw(heads)
    body = draw(bodies)
    framing = draw(st.sampled_from(["length", "chunks", "neither"]))
    if framing == "length":
        headers = [*headers, b"Content-Length: %d" % max(0, len(body) + draw(st.sampled_from([0, 0, 0, -3, 5])))]
    elif framing == "chunks":
        middle = draw(st.integers(0, len(body)))
        headers, body = [*headers, b"Transfer-Encoding: chunked"], chunked([body[:middle], body[middle:]])
    data = b"\r\n".join([status_line, *headers, b"Content-Type: application/json", b"", body])
    return data[: draw(st.integers(0, len(data)))] if draw(st.booleans()) else data


@many(150)
@given(data=answers())
def test_any_answer(data: bytes, server: Loopback, client: ApiClient) -> None:
    check_bytes(data, server, client)


@pytest.mark.parametrize("case", cases("answers"))
def test_kept_answers(case: Any, server: Loopback, client: ApiClient) -> None:
    check_bytes(case["answer"].encode("latin-1") * case.get("times", 1), server, client)

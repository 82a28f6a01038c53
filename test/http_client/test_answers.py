"""Decoding of responses: any bytes become a value or one clear error."""

from __future__ import annotations

import gzip
import json
import tracemalloc
import zlib
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Callable

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from openmonetize import (
    ApiClient,
    ApiConnectionError,
    ApiException,
    Configuration,
    CreditsApi,
    CustomersApi,
    DefaultApi,
    EntitlementsApi,
    EventsApi,
    UnexpectedBodyError,
)
from openmonetize.api.credits_api import V1_CREDITS_BALANCE_GET

from .conftest import KEY, QUICK, MakeClient
from .ledger import event
from .loopback import BALANCE, HTML, Exchange, Loopback, answer, message, raw

OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


@pytest.fixture(scope="module")
def shared() -> Iterator[Loopback]:
    with Loopback() as running:
        yield running


@pytest.fixture(scope="module")
def shared_client(shared: Loopback) -> Iterator[ApiClient]:
    with ApiClient(Configuration(shared.url, {"bearerAuth": KEY}, retries=QUICK)) as client:
        yield client


# Successes with an unexpected body

NO_ANSWERS = {
    "an HTML page": answer(200, HTML),
    "an HTML page that claims to be JSON": answer(200, HTML.encode(), content_type="application/json"),
    "half a JSON text": answer(200, b'{"data": {"balance": "12', content_type="application/json"),
    "a JSON list": answer(200, []),
    "a JSON text": answer(200, b'"fine"', content_type="application/json"),
    "a JSON number": answer(200, b"7", content_type="application/json"),
    "null": answer(200, b"null", content_type="application/json"),
    "nothing": answer(200, None),
    "204": raw(b"HTTP/1.1 204 No Content\r\n\r\n", keep=True),
    "bytes": answer(200, b"\x00\xff\xfe", content_type="application/octet-stream"),
    "a wrong type inside": answer(200, {"data": ["balance"]}),
    "too deep": answer(200, b'{"data":' * 5000 + b"1" + b"}" * 5000, content_type="application/json"),
}


@pytest.mark.parametrize("nonsense", NO_ANSWERS.values(), ids=list(NO_ANSWERS))
@pytest.mark.parametrize(
    "call",
    [
        lambda client: CustomersApi(client).me(),
        lambda client: EventsApi(client).ingest(events=[event()]),
        lambda client: CreditsApi(client).purchase(user_id="u", amount=1, purchase_price=1),
    ],
    ids=["GET", "ingest", "POST"],
)
def test_a_success_with_another_body_is_an_error(
    nonsense: Any, call: Callable[[ApiClient], object], server: Loopback, client: ApiClient
) -> None:
    server.default = nonsense
    with pytest.raises(UnexpectedBodyError) as caught:
        call(client)
    error = caught.value
    assert error.status in (200, 204)
    assert error.reason
    assert error.body is not None
    assert error.headers is not None
    assert error.request_id == server.last.headers["x-request-id"]
    assert len(server.requests) == 1


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-12:00", "1e400", ""])
def test_a_time_that_is_out_of_range_is_kept_as_it_came(moment: str, server: Loopback, client: ApiClient) -> None:
    server.default = answer(200, {"data": {"createdAt": moment, "id": "c"}})
    customer = CustomersApi(client).me().data
    assert (customer.id, customer.created_at) == ("c", None)
    assert customer.unreadable == {"created_at": moment}


def test_json_is_decoded_under_any_content_type(server: Loopback, client: ApiClient) -> None:
    server.default = answer(200, BALANCE, content_type="text/html")
    assert CreditsApi(client).balance().data.balance == 120


def test_an_ingest_answer_without_counts_is_an_error(server: Loopback, client: ApiClient) -> None:
    server.default = answer(200, {"status": "ok"})
    sent = event()
    with pytest.raises(UnexpectedBodyError, match="what became of the events") as caught:
        EventsApi(client).ingest(events=[sent])
    assert caught.value.unsent == [sent]


def test_a_missing_field_is_none_and_unknown_ones_are_kept(server: Loopback, client: ApiClient) -> None:
    server.default = answer(200, {"data": {"balance": 7, "colour": "blue"}})
    data = CreditsApi(client).balance().data
    assert (data.balance, data.available_balance) == (7, None)
    assert data.colour == "blue"


def test_an_undocumented_success_is_read_as_the_documented_one(server: Loopback, client: ApiClient) -> None:
    server.default = answer(203, BALANCE)
    assert CreditsApi(client).v1_credits_balance_get_with_http_info().status_code == 203
    assert CreditsApi(client).balance().data.balance == 120


def test_an_html_page_is_an_error_where_no_body_is_documented(server: Loopback, client: ApiClient) -> None:
    delete = EntitlementsApi(client).delete
    server.then(raw(b"HTTP/1.1 204 No Content\r\n\r\n", keep=True), answer(200, {"success": True}), answer(200, HTML))
    delete("an-id")
    delete("an-id")
    with pytest.raises(UnexpectedBodyError):
        delete("an-id")


# Bodies that break or never end


@pytest.mark.parametrize(
    "broken",
    [
        raw(OK + b"Content-Length: 1000\r\n\r\n{}"),
        raw(OK + b"Transfer-Encoding: chunked\r\n\r\n5\r\n{"),
        raw(OK + b"Transfer-Encoding: chunked\r\n\r\nnonsense\r\n{}"),
        raw(b"HTTP/1.1 nonsense\r\n\r\n"),
        raw(b"SSH-2.0-OpenSSH_9.6\r\n"),
        raw(OK + b"X: y\r\n" * 200 + b"\r\n{}"),
        raw(OK + b"X: " + b"y" * 70_000 + b"\r\n\r\n{}"),
    ],
    ids=["short", "short chunk", "bad chunk size", "bad status", "no HTTP", "many headers", "long header"],
)
def test_an_answer_that_breaks_is_a_connection_error(broken: Any, server: Loopback, make_client: MakeClient) -> None:
    server.default = broken
    wallets = CreditsApi(make_client(server.url, retries=1))
    with pytest.raises(ApiConnectionError) as caught:
        wallets.balance()
    assert caught.value.status is None
    assert caught.value.request_id
    assert len(server.requests) == 2  # a GET is repeated
    with pytest.raises(ApiConnectionError):
        wallets.purchase(user_id="u", amount=1, purchase_price=1)
    assert len(server.requests) == 3  # a purchase is not


def test_a_broken_body_of_a_get_is_retried(server: Loopback, client: ApiClient) -> None:
    server.then(raw(OK + b"Content-Length: 1000\r\n\r\n{}"))
    assert CreditsApi(client).balance().data.balance == 120


def gzipped(megabytes: int) -> bytes:
    packer = zlib.compressobj(1, zlib.DEFLATED, 31)
    zeros = b" " * 2**20
    return b"".join([packer.compress(zeros) for _ in range(megabytes)]) + packer.flush()


@pytest.mark.parametrize("encoding", ["gzip", "identity"])
def test_a_huge_answer_is_an_error_and_costs_no_more_memory_than_the_limit(
    encoding: str, server: Loopback, client: ApiClient
) -> None:
    bomb = gzipped(256) if encoding == "gzip" else b""

    def huge(exchange: Exchange) -> bool:
        if bomb:
            exchange.send(message(200, bomb, {"Content-Encoding": "gzip"}))
        else:
            exchange.send(OK + b"Content-Length: %d\r\n\r\n" % 2**26)
            for _ in range(2**6):
                exchange.send(b" " * 2**20)
        return False

    server.default = huge
    tracemalloc.start()
    try:
        with pytest.raises(UnexpectedBodyError, match=f"larger than {32 * 2**20} bytes") as caught:
            CreditsApi(client).balance()
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert caught.value.status == 200
    assert peak < 80 * 2**20
    assert server.wait_until(lambda: server.open == 0)


def test_a_large_compressed_answer_is_read_whole(server: Loopback, client: ApiClient) -> None:
    body = gzip.compress(json.dumps({**BALANCE, "more": [str(number) for number in range(200_000)]}).encode())
    server.then(answer(200, body, content_encoding="gzip"), answer(200, body, content_encoding="gzip"))
    assert CreditsApi(client).balance().data.balance == 120
    assert CreditsApi(client).balance().to_dict()["more"][-1] == "199999"
    assert server.connections == 1


def test_the_size_limit_is_configurable(server: Loopback, make_client: MakeClient) -> None:
    size = len(json.dumps(BALANCE))
    assert CreditsApi(make_client(server.url, max_response_bytes=size)).balance().data.balance == 120
    with pytest.raises(UnexpectedBodyError, match=f"larger than {size - 1} bytes"):
        CreditsApi(make_client(server.url, max_response_bytes=size - 1)).balance()


def test_a_body_that_does_not_decompress_is_an_error(server: Loopback, client: ApiClient) -> None:
    server.default = answer(200, b"no gzip at all", content_encoding="gzip")
    with pytest.raises(UnexpectedBodyError, match="decompressed"):
        CreditsApi(client).balance()


# Errors

SHAPES = {
    "title": ({"error": "Unauthorized", "message": "Invalid key"}, "Invalid key"),
    "code": ({"error": "VALIDATION_ERROR", "message": "bad", "details": {"events": {"_errors": []}}}, "bad"),
    "framework": ({"statusCode": 400, "code": "FST_ERR_VALIDATION", "error": "Bad Request", "message": "x"}, "x"),
    "framework without a code": ({"statusCode": 404, "error": "Not Found", "message": "Route GET:/x"}, "Route GET:/x"),
    "only an error": ({"error": "Failed to get DLQ items"}, None),
    "a list of issues": ({"error": [{"path": ["a"], "message": "bad"}]}, None),
    "a provider's": ({"error": {"message": "m", "type": "t", "code": None}}, None),
}


@pytest.mark.parametrize(("body", "said"), SHAPES.values(), ids=list(SHAPES))
def test_every_shape_of_error_is_parsed(body: Any, said: Any, server: Loopback, client: ApiClient) -> None:
    server.default = answer(400, body, x_request_id="from-the-server")
    with pytest.raises(ApiException) as caught:
        CreditsApi(client).balance()
    error = caught.value
    assert error.status == 400
    assert error.reason == "Whatever"
    assert json.loads(error.body or "") == body
    assert error.headers["content-TYPE"] == "application/json"
    assert error.request_id == "from-the-server"
    assert error.data.error == body["error"]
    assert error.data.details == body.get("details")
    assert (error.data.status_code, error.data.code) == (body.get("statusCode"), body.get("code"))
    assert error.message == said
    if said:
        assert said in str(error)


@pytest.mark.parametrize("body", [HTML, None, b"\xff\xfe", [], {"message": {"not": "text"}}, b" \n[1"])
@pytest.mark.parametrize("status", [400, 401, 404, 409, 500])
def test_an_error_without_the_platforms_body_keeps_the_text(
    status: int, body: Any, server: Loopback, client: ApiClient
) -> None:
    server.default = answer(status, body)
    with pytest.raises(ApiException) as caught:
        CreditsApi(client).grant(amount=1, reason="r")
    assert caught.value.status == status
    assert caught.value.data is None
    assert caught.value.body is not None


def test_an_error_body_may_follow_blanks(server: Loopback, client: ApiClient) -> None:
    server.default = answer(400, b'\n {"error": "x", "message": "y"}', content_type="text/plain")
    with pytest.raises(ApiException) as caught:
        CreditsApi(client).balance()
    assert caught.value.message == "y"


KINDS = {
    400: "BadRequestException",
    401: "UnauthorizedException",
    402: "PaymentRequiredException",
    403: "ForbiddenException",
    404: "NotFoundException",
    409: "ConflictException",
    413: "PayloadTooLargeException",
    422: "UnprocessableEntityException",
    429: "TooManyRequestsException",
    500: "ServiceException",
    502: "ServiceException",
    599: "ServiceException",
    307: "RedirectException",
    418: "ApiException",
    101: "ApiException",
}


@pytest.mark.parametrize(("status", "name"), KINDS.items())
def test_each_status_has_its_exception(status: int, name: str, server: Loopback, make_client: MakeClient) -> None:
    server.default = answer(status, {"error": "e", "message": "m"})
    with pytest.raises(ApiException) as caught:
        CreditsApi(make_client(server.url, retries=0)).balance()
    assert type(caught.value).__name__ == name
    assert caught.value.status == status


# Forwarded answers

FORWARDED = {
    "JSON": (answer(200, {"a": [1]}), {"a": [1]}),
    "JSON by another name": (answer(200, b"[1]", content_type="application/problem+json; charset=utf-8"), [1]),
    "text": (answer(200, "zwölf".encode(), content_type="text/plain; charset=utf-8"), "zwölf"),
    "text of another encoding": (answer(200, b"zw\xf6lf", content_type='text/plain; charset="latin-1"'), "zwölf"),
    "text of no encoding": (answer(200, b"twelve", content_type="text/plain; charset=nope"), "twelve"),
    "text of bytes' encoding": (answer(200, b"twelve", content_type="text/plain; charset=hex"), "twelve"),
    "lines of JSON": (answer(200, b"{}\n{}\n", content_type="application/x-ndjson"), b"{}\n{}\n"),
    "HTML": (answer(200, HTML), HTML),
    "bytes": (answer(200, b"\x00\x01", content_type="application/octet-stream"), b"\x00\x01"),
    "nothing": (answer(200, None), None),
    "204": (raw(b"HTTP/1.1 204 No Content\r\n\r\n", keep=True), None),
    "created": (answer(201, {"a": 1}), {"a": 1}),
}


@pytest.mark.parametrize(("sent", "expected"), FORWARDED.values(), ids=list(FORWARDED))
def test_forwarded_answers_are_decoded_by_their_content_type(
    sent: Any, expected: Any, server: Loopback, client: ApiClient
) -> None:
    server.default = sent
    assert DefaultApi(client).v1_rating_get_0("a/b") == expected
    assert DefaultApi(client).v1_rating_post({"x": 1}) == expected


def test_a_head_answer_has_no_body(server: Loopback, client: ApiClient) -> None:
    server.default = raw(OK + b"Content-Length: 500\r\n\r\n", keep=True)
    assert DefaultApi(client).v1_rating_head() is None
    assert DefaultApi(client).v1_rating_head() is None
    assert server.connections == 1


@pytest.mark.parametrize("text", [b"{", b"[" * 100_000, b"\xff", b"nope"])
def test_invalid_forwarded_json_is_an_error(text: bytes, server: Loopback, client: ApiClient) -> None:
    server.default = answer(200, text, content_type="application/json")
    with pytest.raises(UnexpectedBodyError):
        DefaultApi(client).v1_rating_get()


# The three variants


def test_with_http_info_returns_status_and_headers(server: Loopback, client: ApiClient) -> None:
    server.default = answer(200, BALANCE, x_ratelimit_remaining="99")
    told = CreditsApi(client).v1_credits_balance_get_with_http_info()
    assert (told.status_code, told.data.data.balance) == (200, 120)
    assert told.headers["X-RateLimit-Remaining"] == "99"
    assert json.loads(told.raw_data) == BALANCE


def test_without_preload_content_leaves_the_answer_unread(server: Loopback, client: ApiClient) -> None:
    server.default = answer(404, {"error": "Not Found"}, x_thing="yes")
    raw_answer = CreditsApi(client).v1_credits_balance_get_without_preload_content()
    assert (raw_answer.status, raw_answer.reason) == (404, "Whatever")
    assert raw_answer.getheader("X-Thing") == "yes"
    assert raw_answer.getheader("X-None", "no") == "no"
    assert raw_answer.getheaders()["x-thing"] == "yes"
    assert json.loads(raw_answer.read()) == {"error": "Not Found"}
    assert raw_answer.data == raw_answer.read()


# Any bytes

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
odd_numbers = st.sampled_from(["1e999999999", "-0", "0x5", "1_000", "Infinity", "NaN", "", "١٢", "1e-400", " 12 "])
balances = st.fixed_dictionaries({}, optional={
    "data": json_values | st.fixed_dictionaries({}, optional={
        "balance": json_values | odd_numbers, "availableBalance": odd_numbers, "currency": json_values,
    }),
})  # fmt: skip


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(body=balances.map(lambda value: json.dumps(value).encode()) | st.binary(max_size=64) | json_values.map(
    lambda value: json.dumps(value).encode()
), status=st.sampled_from([200, 201, 400, 404, 500]))  # fmt: skip
def test_any_body_is_a_value_or_an_api_exception(
    body: bytes, status: int, shared: Loopback, shared_client: ApiClient
) -> None:
    shared.default = answer(status, body, content_type="application/json")
    outcome: Any
    try:
        outcome = CreditsApi(shared_client).balance()
    except ApiException as error:
        outcome = error
    assert isinstance(outcome, ApiException) or status < 300
    assert getattr(outcome, "status", status) == status
    assert str(outcome)


@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(head=st.binary(max_size=80), honest=st.booleans())
def test_any_bytes_instead_of_http_are_an_api_exception(
    head: bytes, honest: bool, shared: Loopback, shared_client: ApiClient
) -> None:
    shared.default = raw((b"HTTP/1.1 200 OK\r\n" if honest else b"") + head)
    try:
        shared_client.call(replace(V1_CREDITS_BALANCE_GET, retry="never", method="POST"), {}, None, {})
    except ApiException as error:
        str(error)


# Headers


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"x-ratelimit-limit": "100", "x-ratelimit-remaining": "99", "x-ratelimit-reset": "60"}, (100, 99, 60)),
        ({"X-RateLimit-Limit": "0", "X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "0"}, (0, 0, 0)),
        ({}, None),
        ({"x-ratelimit-limit": "100", "x-ratelimit-remaining": "99"}, None),
        ({"x-ratelimit-limit": "100", "x-ratelimit-remaining": "-1", "x-ratelimit-reset": "60"}, None),
        ({"x-ratelimit-limit": "many", "x-ratelimit-remaining": "1", "x-ratelimit-reset": "1"}, None),
        ({"x-ratelimit-limit": "9" * 5000, "x-ratelimit-remaining": "1", "x-ratelimit-reset": "1"}, None),
    ],
)
def test_an_answer_has_the_rate_limit_that_its_headers_say(
    server: Loopback, client: ApiClient, headers: dict[str, str], expected: Any
) -> None:
    server.default = answer(200, BALANCE, **headers)
    found = CreditsApi(client).v1_credits_balance_get_with_http_info()
    assert found.rate_limit == expected
    assert found.status_code == 200

"""Arguments are checked before a request is sent, and errors name them."""

from __future__ import annotations

import uuid
from datetime import datetime, time, timedelta, timezone
from decimal import Decimal
from typing import Any, Callable
from urllib.parse import unquote

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from openmonetize import (
    UNSET,
    AnalyticsApi,
    ApiClient,
    ApiTypeError,
    ApiValueError,
    CreditsApi,
    DefaultApi,
    EntitlementsApi,
    EventsApi,
    OpenApiException,
    UsersApi,
    V1CreditsGrantPostRequest,
)
from openmonetize._http.operation import Operation, Parameter

from .ledger import event
from .loopback import Loopback, answer

USER = Operation[Any]("GET", "/v1/users/{userId}/credits", {}, (Parameter("user_id", "userId", "path", required=True),))
ANY = Operation[Any]("GET", "/v1/rating/{*}", {}, (Parameter("wildcard", "*", "wildcard", required=True),))

# Path arguments

PATHS = {
    "user_456": "user_456",
    "a/b": "a%2Fb",
    "../../admin": "..%2F..%2Fadmin",
    "%2e%2e": "%252e%252e",
    "ü": "%C3%BC",
    "a b": "a%20b",
    "a?x=1#f": "a%3Fx%3D1%23f",
    "...": "...",
    "{userId}": "%7BuserId%7D",
    "a+b&c=d": "a%2Bb%26c%3Dd",
    "👩\u200d💻": "%F0%9F%91%A9%E2%80%8D%F0%9F%92%BB",
    "a\u00a0b": "a%C2%A0b",
}


@pytest.mark.parametrize(("value", "quoted"), PATHS.items())
def test_path_arguments_are_quoted(value: str, quoted: str, server: Loopback, client: ApiClient) -> None:
    CreditsApi(client).user_balance(value)
    assert server.last.target == f"/v1/users/{quoted}/credits"


def test_uuids_are_path_arguments_too(server: Loopback, client: ApiClient) -> None:
    value = uuid.uuid4()
    CreditsApi(client).user_balance(value)
    assert server.last.target == f"/v1/users/{value}/credits"


@pytest.mark.parametrize("bad", ["", ".", "..", "a\nb", "a\r\nX: y", "a\x00b", "\x7f", "a\x85", "\ud800"])
def test_path_arguments_that_would_change_the_request_are_refused(
    bad: str, server: Loopback, client: ApiClient
) -> None:
    with pytest.raises(ApiValueError, match="user_id must not"):
        CreditsApi(client).user_balance(bad)
    with pytest.raises(ApiValueError, match="user_id must not"):
        CreditsApi(client).customer_user_balance("c", bad)
    assert not server.connections


@pytest.mark.parametrize("bad", [5, 1.5, True, b"u", bytearray(b"u"), ["u"], object()])
def test_path_arguments_of_another_type_are_refused(bad: Any, server: Loopback, client: ApiClient) -> None:
    with pytest.raises(ApiTypeError, match=f"user_id must be a str, not {type(bad).__name__}"):
        CreditsApi(client).user_balance(bad)
    assert not server.connections


def test_missing_path_arguments_are_named(server: Loopback, client: ApiClient) -> None:
    with pytest.raises(TypeError, match="user_id"):
        CreditsApi(client).user_balance()
    with pytest.raises(ApiTypeError, match="user_id is missing: GET /v1/users"):
        CreditsApi(client).user_balance(None)
    assert not server.connections


@given(st.text(max_size=20))
def test_any_text_is_one_segment_or_refused(text: str) -> None:
    try:
        target = USER.target({"user_id": text})
    except ApiValueError:
        return
    assert target.isascii()
    assert target.isprintable()
    _, version, users, segment, last = target.split("/")
    assert (version, users, last) == ("v1", "users", "credits")
    assert unquote(segment) == text
    assert segment not in ("", ".", "..")


# Sub-paths


def test_sub_paths_keep_their_slashes(server: Loopback, client: ApiClient) -> None:
    DefaultApi(client).v1_rating_get_0("calculate/bulk/a b/ü")
    assert server.last.target == "/v1/rating/calculate/bulk/a%20b/%C3%BC"


@pytest.mark.parametrize(
    "bad", ["", "/", "/a", "a/", "a//b", ".", "..", "a/..", "../a", "a/./b", "a/../b", "a/\n", "a/\ud800"]
)
@pytest.mark.parametrize("call", ["v1_rating_get_0", "v1_events_post_0", "v1_analytics_delete_0"])
def test_sub_paths_with_empty_or_dot_segments_are_refused(
    bad: str, call: str, server: Loopback, client: ApiClient
) -> None:
    with pytest.raises(ApiValueError, match="segment of wildcard must not"):
        getattr(DefaultApi(client), call)(bad)
    assert not server.connections


@given(st.text(alphabet=st.sampled_from("ab./%\\?#é"), max_size=12))
def test_any_sub_path_stays_below_its_prefix(text: str) -> None:
    try:
        target = ANY.target({"wildcard": text})
    except ApiValueError:
        return
    assert target.startswith("/v1/rating/")
    segments = target[len("/v1/rating/") :].split("/")
    assert [unquote(segment) for segment in segments] == text.split("/")
    assert not {"", ".", ".."}.intersection(segments)


# Queries


def test_queries_are_checked_and_quoted(server: Loopback, client: ApiClient) -> None:
    server.default = answer(200, {"data": {}})
    day = datetime(2026, 1, 31, 12, tzinfo=timezone(timedelta(hours=2)))
    AnalyticsApi(client).usage(start_date=day, end_date="2026-02-01T00:00:00Z", feature_id="a&b=c d")
    target = server.last.target
    assert "startDate=2026-01-31T10%3A00%3A00.000Z" in target
    assert "endDate=2026-02-01T00%3A00%3A00.000Z" in target
    assert target.endswith("featureId=a%26b%3Dc%20d")
    server.default = answer(200, {"data": []})
    EventsApi(client).list()
    assert server.last.target == "/v1/events"
    EventsApi(client).list(limit=100, offset=0)
    assert server.last.target == "/v1/events?limit=100&offset=0"


BAD_QUERIES: Any = [
    (lambda c: EventsApi(c).list(limit="5"), ApiTypeError, "limit must be an int, not '5'"),
    (lambda c: EventsApi(c).list(limit=True), ApiTypeError, "limit must be an int"),
    (lambda c: EventsApi(c).list(limit=1.0), ApiTypeError, "limit must be an int"),
    (lambda c: EventsApi(c).list(limit=0), ApiValueError, "limit must be between 1 and 100, not 0"),
    (lambda c: EventsApi(c).list(limit=101), ApiValueError, "limit must be between 1 and 100"),
    (lambda c: EventsApi(c).list(offset=-1), ApiValueError, "offset"),
    (lambda c: AnalyticsApi(c).usage(start_date="yesterday"), ApiValueError, "start_date"),
    (lambda c: AnalyticsApi(c).usage(start_date=time(12)), ApiTypeError, "start_date"),
    (lambda c: AnalyticsApi(c).usage(end_date=5), ApiTypeError, "end_date"),
    (lambda c: DefaultApi(c).v1_rating_get(query=[("a", 1)]), ApiTypeError, "query must be a dict"),
    (lambda c: DefaultApi(c).v1_rating_get(query="a=1"), ApiTypeError, "query must be a dict"),
    (lambda c: DefaultApi(c).v1_rating_get(query={"a": "\ud800"}), ApiValueError, "query"),
    (lambda c: UsersApi(c).list(search="\ud800"), ApiValueError, "search"),
]


@pytest.mark.parametrize(("call", "kind", "text"), BAD_QUERIES)
def test_bad_queries_name_the_argument(
    call: Callable[[ApiClient], Any], kind: Any, text: str, server: Loopback, client: ApiClient
) -> None:
    with pytest.raises(kind, match=text):
        call(client)
    assert not server.connections


def test_a_free_query_is_sent_as_it_is_given(server: Loopback, client: ApiClient) -> None:
    moment = datetime(2026, 1, 1, tzinfo=timezone.utc)
    DefaultApi(client).v1_rating_get(
        query={"a": 1, "b": [1, "x y"], "c": None, "d": True, "e": moment, "ü": Decimal("1.50"), "f": []}
    )
    assert server.last.target == ("/v1/rating/?a=1&b=1&b=x%20y&d=true&e=2026-01-01T00%3A00%3A00.000Z&%C3%BC=1.50")


# Bodies


def test_fields_may_be_keyword_arguments_a_model_or_a_dict(server: Loopback, client: ApiClient) -> None:
    server.default = answer(200, {"data": {}})
    grant = CreditsApi(client).grant
    grant(amount=5, user_id="u", idempotency_key="k")
    grant(V1CreditsGrantPostRequest(amount=5, user_id="u", idempotency_key="k"))
    grant({"amount": 5, "userId": "u", "idempotencyKey": "k"})
    grant({"amount": 5, "user_id": "u", "idempotency_key": "k", "reason": None})
    first, *others = (request.json for request in server.requests)
    assert first == {"amount": 5, "userId": "u", "idempotencyKey": "k"}
    assert all(other == first for other in others)


def test_none_means_not_given_except_for_nullable_fields(server: Loopback, client: ApiClient) -> None:
    server.default = answer(200, {"data": {}})
    update = EntitlementsApi(client).update
    update("id", limit_value=None)
    update("id", limit_value=UNSET, limit_type="NONE")
    update("id", limit_value=7, limit_type=None, metadata=None)
    update("id", {"limitValue": None})
    update("id", {"limit_value": None, "limitType": None})
    CreditsApi(client).grant(amount=5, reason=None, metadata=None, user_id=None)
    assert [request.json for request in server.requests] == [
        {"limitValue": None},
        {"limitType": "NONE"},
        {"limitValue": 7},
        {"limitValue": None},
        {"limitValue": None},
        {"amount": 5},
    ]


BAD_BODIES: Any = [
    (lambda c: CreditsApi(c).grant(), ApiValueError, "amount is missing"),
    (lambda c: CreditsApi(c).grant(amount="many"), ApiValueError, "amount"),
    (lambda c: CreditsApi(c).grant(amount=True), ApiValueError, "amount"),
    (lambda c: CreditsApi(c).grant(amount=1.5), ApiValueError, "amount"),
    (lambda c: CreditsApi(c).grant(amount=0), ApiValueError, "amount"),
    (lambda c: CreditsApi(c).grant(amount=float("nan")), ApiValueError, "amount"),
    (lambda c: CreditsApi(c).grant(amount=5, user_id=5), ApiValueError, "user_id"),
    (lambda c: CreditsApi(c).grant(amount=5, metadata={"a": float("nan")}), OpenApiException, "metadata"),
    (lambda c: CreditsApi(c).grant(amount=5, metadata={"a": object()}), OpenApiException, "metadata"),
    (lambda c: CreditsApi(c).grant(amount=5, expires_at="tomorrow"), ApiValueError, "expires_at"),
    (lambda c: CreditsApi(c).grant({"amount": 5}, user_id="u"), ApiTypeError, "not both"),
    (lambda c: CreditsApi(c).grant({"amount": 5, "colour": 1}), ApiValueError, "colour"),
    (lambda c: CreditsApi(c).grant("5"), ApiTypeError, "needs a dict, not str"),
    (lambda c: CreditsApi(c).grant([]), ApiTypeError, "needs a dict, not list"),
    (lambda c: EntitlementsApi(c).update("id", limit_type="SOMETIMES"), ApiValueError, "limit_type"),
    (lambda c: DefaultApi(c).v1_rating_post(object()), ApiValueError, "body"),
    (lambda c: DefaultApi(c).v1_rating_post({"a": float("inf")}), ApiValueError, "body"),
    (lambda c: DefaultApi(c).v1_rating_post({1, 2}), ApiValueError, "body"),
    (lambda c: DefaultApi(c).v1_rating_post("\ud800", _content_type="text/plain"), ApiValueError, "body"),
]


@pytest.mark.parametrize(("call", "kind", "text"), BAD_BODIES)
def test_bad_bodies_name_the_argument(
    call: Callable[[ApiClient], Any], kind: Any, text: str, server: Loopback, client: ApiClient
) -> None:
    with pytest.raises(kind, match=text):
        call(client)
    assert not server.connections


def test_a_body_that_contains_itself_is_refused(server: Loopback, client: ApiClient) -> None:
    endless: Any = {}
    endless["self"] = endless
    with pytest.raises(ApiValueError, match="body"):
        DefaultApi(client).v1_rating_post(endless)
    with pytest.raises(OpenApiException):
        CreditsApi(client).grant(amount=1, metadata=endless)
    assert not server.connections


def test_bodies_are_forwarded_as_they_are(server: Loopback, client: ApiClient) -> None:
    post = DefaultApi(client).v1_rating_post_0
    for body, sent in (
        ({"a": [1, None, "ü"]}, b'{"a":[1,null,"\\u00fc"]}'),
        ([], b"[]"),
        (0, b"0"),
        (False, b"false"),
        (b"\x00raw", b"\x00raw"),
        (bytearray(b"raw"), b"raw"),
        (V1CreditsGrantPostRequest(amount=5), b'{"amount":5}'),
        ({"inside": V1CreditsGrantPostRequest(amount=5)}, b'{"inside":{"amount":5}}'),
    ):
        post("x", body)
        assert server.last.body == sent


# Unknown arguments

UNKNOWN: Any = [
    (lambda c: CreditsApi(c).grant(ammount=5), "unknown argument 'ammount' .* did you mean amount?"),
    (lambda c: CreditsApi(c).grant(amount=5, userid="u"), "did you mean user_id?"),
    (lambda c: EventsApi(c).list(limt=5), "did you mean limit?"),
    (lambda c: CreditsApi(c).balance(_timeout=5), "did you mean _request_timeout?"),
    (lambda c: CreditsApi(c).balance(zzz=5), "it takes .*_request_timeout"),
    (lambda c: EventsApi(c).ingest(events=[event()], batchsize=5), "unknown argument 'batchsize'"),
    (lambda c: AnalyticsApi(c).usage(granularity="day"), "unknown argument 'granularity' .*, last, "),
    (lambda c: EventsApi(c).ingest(events=[], async_req=True), "unknown argument 'async_req'"),
    (lambda c: EventsApi(c).ingest_without_preload_content(events=[event()], x=1), "unknown argument 'x'"),
    (lambda c: EventsApi(c).ingest_with_http_info(events=[event()], x=1), "unknown argument 'x'"),
    (lambda c: CreditsApi(c).v1_credits_balance_get_with_http_info(x=1), "unknown argument 'x'"),
    (lambda c: CreditsApi(c).v1_credits_balance_get_without_preload_content(x=1), "unknown argument 'x'"),
    (lambda c: DefaultApi(c).v1_rating_get(querry={}), "did you mean query?"),
    (lambda c: c.call_api("GET", "/v1/x", timeout=1), "did you mean _request_timeout?"),
]


@pytest.mark.parametrize(("call", "text"), UNKNOWN)
def test_unknown_arguments_are_refused_with_a_hint(
    call: Callable[[ApiClient], Any], text: str, server: Loopback, client: ApiClient
) -> None:
    with pytest.raises(ApiTypeError, match=text.replace("?", r"\?")):
        call(client)
    assert not server.connections


# Other paths


def test_a_path_outside_the_contract_can_be_called(server: Loopback, client: ApiClient) -> None:
    server.default = answer(200, {"a": 1}, x_thing="yes")
    told = client.call_api("post", "/v1/new/thing", {"q": "a b"}, {"x": 1}, _headers={"X-Mine": "1"})
    assert (told.status, told.data, told.headers["X-Thing"]) == (200, b'{"a": 1}', "yes")
    assert (server.last.method, server.last.target, server.last.body) == ("POST", "/v1/new/thing?q=a%20b", b'{"x":1}')
    assert server.last.headers["x-mine"] == "1"
    assert server.last.headers["x-api-key"]


@pytest.mark.parametrize(
    ("method", "path"), [("GE T", "/v1"), ("GET\r\n", "/v1"), ("", "/v1"), ("GET", "v1"), ("GET", "")]
)
def test_an_invalid_method_or_path_is_refused(method: str, path: str, server: Loopback, client: ApiClient) -> None:
    with pytest.raises(ApiValueError, match=r"method|path"):
        client.call_api(method, path)
    assert not server.connections


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(query=st.dictionaries(st.text(max_size=5), st.none() | st.integers() | st.text(max_size=5) | st.booleans()))
def test_any_free_query_arrives_or_is_refused(query: Any, server: Loopback, client: ApiClient) -> None:
    try:
        DefaultApi(client).v1_rating_get(query=query)
    except ApiValueError:
        return
    path, _, sent = server.last.target.partition("?")
    assert path == "/v1/rating/"
    pairs = [tuple(unquote(part) for part in pair.split("=")) for pair in sent.split("&")] if sent else []
    said = {True: "true", False: "false"}
    assert pairs == [
        (name, said[value] if isinstance(value, bool) else str(value))
        for name, value in query.items()
        if value is not None
    ]

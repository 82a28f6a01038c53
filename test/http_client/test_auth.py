"""API keys: where they come from, where they are sent, and where they must not appear."""

from __future__ import annotations

import copy
import json
import logging
import pickle
import pprint
import traceback
from typing import Any, Callable

import pytest

from openmonetize import (
    ApiClient,
    ApiException,
    ApiKeyError,
    ApiTypeError,
    ApiValueError,
    BadRequestException,
    Configuration,
    CreditsApi,
    CustomersApi,
    DefaultApi,
    DemoApi,
    EventsApi,
    HealthApi,
    RedirectException,
    UnexpectedBodyError,
)
from openmonetize._http.redaction import Redactor

from .conftest import KEY, QUICK
from .ledger import event
from .loopback import Exchange, Loopback, answer, hang, message, raw, reset

VARIABLE = "OPENMONETIZE_API_KEY"
OTHER = "om_live_OTHER9876543210"


def configured(server: Loopback, **settings: Any) -> Configuration:
    return Configuration(server.url, retries=QUICK, **settings)


def sent_key(server: Loopback, config: Configuration, **options: Any) -> str:
    with ApiClient(config) as client:
        CreditsApi(client).balance(**options)
    assert "x-api-key" not in server.last.headers
    return server.last.headers["authorization"]


# Where a key comes from


@pytest.mark.parametrize(
    "set_key",
    [
        lambda config: config.api_key.__setitem__("bearerAuth", KEY),
        lambda config: config.api_key.__setitem__("ApiKeyAuth", KEY),
        lambda config: setattr(config, "api_key", {"bearerAuth": KEY}),
        lambda config: setattr(config, "access_token", KEY),
    ],
    ids=["bearerAuth", "ApiKeyAuth", "api_key", "access_token"],
)
def test_each_way_to_configure_a_key_works(set_key: Callable[[Configuration], None], server: Loopback) -> None:
    config = configured(server)
    set_key(config)
    assert sent_key(server, config) == f"Bearer {KEY}"


def test_a_key_of_none_counts_as_no_key(server: Loopback, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, KEY)
    assert sent_key(server, configured(server, api_key={"bearerAuth": None})) == f"Bearer {KEY}"


def test_keys_have_an_order_and_the_environment_comes_last(server: Loopback, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "from-the-environment")
    config = configured(server)
    assert sent_key(server, config) == "Bearer from-the-environment"
    config.access_token = "from-access-token"
    assert sent_key(server, config) == "Bearer from-access-token"
    config.api_key["ApiKeyAuth"] = "from-ApiKeyAuth"
    assert sent_key(server, config) == "Bearer from-ApiKeyAuth"
    config.api_key["bearerAuth"] = "from-bearerAuth"
    assert sent_key(server, config) == "Bearer from-bearerAuth"
    assert sent_key(server, config, _request_auth="from-the-call") == "Bearer from-the-call"
    assert sent_key(server, config, _request_auth={"type": "bearer", "value": "as a dict"[:2]}) == "Bearer as"


def test_a_key_that_changes_is_used_from_then_on(server: Loopback, client: ApiClient) -> None:
    CreditsApi(client).balance()
    client.configuration.api_key["bearerAuth"] = OTHER
    CreditsApi(client).balance()
    assert server.last.headers["authorization"] == f"Bearer {OTHER}"


@pytest.mark.parametrize("nothing", ["", None])
def test_a_call_without_a_key_raises_and_sends_nothing(nothing: Any, server: Loopback) -> None:
    with ApiClient(configured(server, access_token=nothing)) as client:
        for call in (CreditsApi(client).balance, lambda: EventsApi(client).ingest(events=[event()])):
            with pytest.raises(ApiKeyError, match=rf"config.api_key\['bearerAuth'\].*{VARIABLE}"):
                call()
    assert not server.connections


def test_blanks_around_a_key_are_stripped(server: Loopback) -> None:
    assert sent_key(server, configured(server, access_token=f" {KEY}\r\n")) == f"Bearer {KEY}"


@pytest.mark.parametrize("bad", [f"{KEY}\r\nX-Evil: 1", f"{KEY}\n{KEY}", f"{KEY} {KEY}", f"{KEY}→", f"{KEY}ü",
                                 f"{KEY}\x00", "\n", 5, KEY.encode()])  # fmt: skip
@pytest.mark.parametrize("where", ["configuration", "environment", "call"])
def test_a_key_that_cannot_be_a_header_is_refused_and_not_shown(
    bad: Any, where: str, server: Loopback, monkeypatch: pytest.MonkeyPatch
) -> None:
    config, options = configured(server), {}
    if where == "environment":
        if not isinstance(bad, str) or "\x00" in bad:
            return
        monkeypatch.setenv(VARIABLE, bad)
    elif where == "configuration":
        config.api_key["bearerAuth"] = bad
    else:
        options = {"_request_auth": bad}
    with ApiClient(config) as client, pytest.raises(ApiKeyError) as caught:
        CreditsApi(client).balance(**options)
    assert KEY not in "".join(traceback.format_exception(type(caught.value), caught.value, None))
    assert not server.connections


def test_an_unknown_key_entry_is_refused_without_showing_its_value() -> None:
    with pytest.raises(ApiKeyError, match="'bearerAuth' or 'ApiKeyAuth'") as caught:
        Configuration().api_key["bearer"] = KEY
    assert KEY not in repr(caught.value)
    with pytest.raises(ApiTypeError, match="must be a dict") as wrong:
        Configuration(api_key=KEY)
    assert KEY not in repr(wrong.value)


# Where a key is sent


def test_the_bearer_header_is_always_sent_and_x_api_key_on_event_routes_too(
    server: Loopback, client: ApiClient
) -> None:
    server.default = answer(200, {"accepted": 1, "duplicates": 0, "data": []})
    events = EventsApi(client)
    for call in (
        lambda: events.ingest(events=[event()]),
        lambda: events.ingest_without_preload_content(events=[event()]).read(),
        events.list,
        events.dlq,
        events.info,
        lambda: events.replay_dlq(job_ids=[]),
        DefaultApi(client).v1_events_get,
        lambda: DefaultApi(client).v1_events_post_0("ingest", {}),
    ):
        call()
        assert server.last.headers["authorization"] == f"Bearer {KEY}"
        assert server.last.headers["x-api-key"] == KEY
    events.list(_request_auth=OTHER)
    assert server.last.headers["authorization"] == f"Bearer {OTHER}"
    assert server.last.headers["x-api-key"] == OTHER


def test_public_routes_get_no_key(server: Loopback, client: ApiClient) -> None:
    server.default = answer(200, {})
    for call in (
        HealthApi(client).health,
        HealthApi(client).ready,
        HealthApi(client).info,
        lambda: DemoApi(client).generate(prompt="p"),
        lambda: CustomersApi(client).register(name="n", email="e@example.com"),
    ):
        call()
        assert "authorization" not in server.last.headers
        assert "x-api-key" not in server.last.headers


def test_public_routes_need_no_key_and_no_tls() -> None:
    with pytest.raises(ApiException):
        HealthApi(ApiClient(Configuration("http://nowhere.invalid", retries=0))).health()


@pytest.mark.parametrize(
    "host",
    ["http://api.example.test", "http://10.0.0.1", "http://127.0.0.1.example.test", "http://127.example.test",
     "http://localhost.example.test", "http://notlocalhost", "http://[2001:db8::1]", "http://0.0.0.0"],
)  # fmt: skip
def test_a_key_is_not_sent_in_clear_text(host: str) -> None:
    config = Configuration(host, {"bearerAuth": KEY})
    for options in ({}, {"_request_auth": KEY}):
        with ApiClient(config) as client, pytest.raises(ApiKeyError, match="allow_http=True") as caught:
            CreditsApi(client).balance(**options)
        assert KEY not in str(caught.value)
    config.allow_http = True
    assert config.key() == KEY


@pytest.mark.parametrize(
    "host",
    ["https://api.example.test", "http://localhost", "http://LOCALHOST:3000", "http://127.0.0.1:8080",
     "http://127.8.9.10", "http://[::1]:3000"],
)  # fmt: skip
def test_a_key_is_sent_over_tls_and_to_this_machine(host: str) -> None:
    assert Configuration(host, {"bearerAuth": KEY}).key() == KEY


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_the_key_never_reaches_another_origin(
    status: int, server: Loopback, elsewhere: Loopback, client: ApiClient
) -> None:
    client.set_default_header("X-API-Key", KEY)
    server.default = answer(status, {}, location=f"{elsewhere.url}/v1/credits/balance")
    for call in (CreditsApi(client).balance, lambda: CreditsApi(client).grant(amount=1, reason="r")):
        with pytest.raises(RedirectException):
            call()
    assert elsewhere.connections == 0


# Where a key must not appear


def shown(thing: Any) -> str:
    """Return all common printed forms of an object."""
    texts = [repr(thing), str(thing), f"{thing}", pprint.pformat(thing), repr(vars(thing)), pprint.pformat(vars(thing))]
    texts.append(json.dumps(vars(thing), default=repr))
    texts.append(json.dumps(vars(thing), default=lambda inner: getattr(inner, "__dict__", repr(inner)), skipkeys=True))
    return "\n".join(texts)


def test_a_configuration_does_not_show_its_key() -> None:
    config = Configuration(api_key={"bearerAuth": KEY, "ApiKeyAuth": KEY}, access_token=KEY)
    assert KEY not in shown(config)
    assert KEY not in repr(config.api_key) + str(config.api_key)
    assert KEY not in repr(vars(config).values())
    assert not hasattr(config.api_key, "__dict__")


def test_a_client_does_not_show_its_key(server: Loopback, client: ApiClient) -> None:
    answer_kept = CreditsApi(client).v1_credits_balance_get_without_preload_content()
    answer_kept.read()
    for thing in (client, client.rest_client, CreditsApi(client), answer_kept):
        assert KEY not in repr(thing) + str(thing) + repr(vars(thing))
    assert KEY not in repr(Redactor({"Authorization": KEY}))


def test_a_copy_keeps_the_key_and_a_pickle_is_refused() -> None:
    config = Configuration(api_key={"bearerAuth": KEY}, access_token=OTHER, timeout=7)
    for twin in (copy.deepcopy(config), copy.copy(config)):
        assert twin.key() == KEY
        assert twin.access_token == OTHER
        assert twin.timeout == 7
        twin.api_key["bearerAuth"] = "changed"
        assert config.key() == KEY
    for thing in (config, ApiClient(config), CreditsApi(ApiClient(config))):
        with pytest.raises(ApiValueError, match=VARIABLE) as caught:
            pickle.dumps(thing)
        assert KEY not in str(caught.value)


def test_the_default_configuration_is_a_copy() -> None:
    config = Configuration(api_key={"bearerAuth": KEY})
    try:
        Configuration.set_default(config)
        assert Configuration.get_default_copy().key() == KEY
        assert Configuration.get_default_copy() is not Configuration.get_default()
        assert ApiClient().configuration.key() == KEY
    finally:
        Configuration.set_default(None)


def echo(status: int, kind: str = "application/json") -> Callable[[Exchange], bool]:
    """Answer with the keys of the request in the headers, the body and the redirect."""

    def respond(exchange: Exchange) -> bool:
        keys = " ".join(exchange.request.headers.get(name, "") for name in ("authorization", "x-api-key"))
        text = f"you sent {keys} {'x' * 40} {keys}"
        body: Any = {"error": text, "message": text, "details": {"headers": [text]}, "data": text}
        headers = {"content-type": kind, "x-echo": text, "location": f"/login?k={keys}", "x-request-id": keys}
        exchange.send(message(status, json.dumps(body).encode() if "json" in kind else text.encode(), headers))
        return True

    return respond


def everything(error: BaseException) -> str:
    """Return all text that an error contains."""
    parts: list[str] = [repr(error), str(error), repr(error.args), repr(vars(error))]
    parts += traceback.format_exception(type(error), error, error.__traceback__)
    if isinstance(error, ApiException):
        parts += [repr(dict(error.headers)), str(error.body), str(error.reason), str(error.request_id), str(error.data)]
        parts.append(repr(getattr(error, "location", None)))
        parts.append(error.data.to_json() if error.data is not None else "")
    return "\n".join(parts)


@pytest.mark.parametrize("status", [200, 302, 400, 401, 404, 500, 503])
@pytest.mark.parametrize("kind", ["application/json", "text/html"])
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"_request_auth": OTHER},
        {"_headers": {"authorization": f"Bearer {OTHER}"}},
        {"_headers": {"x-API-key": OTHER}},
    ],
    ids=["configured", "of the call", "as a header", "as another header"],
)
def test_an_echoed_key_stays_out_of_errors(
    status: int, kind: str, options: dict[str, Any], server: Loopback, client: ApiClient
) -> None:
    server.default = echo(status, kind)
    for call in (CreditsApi(client).balance, lambda **options: EventsApi(client).ingest(events=[event()], **options)):
        with pytest.raises(ApiException) as caught:
            call(**options)
        told = everything(caught.value)
        assert KEY not in told
        assert OTHER not in told
        assert "***" in told


def test_an_echoed_key_stays_out_of_errors_of_forwarded_answers(server: Loopback, client: ApiClient) -> None:
    server.default = raw(message(200, f"{{ {KEY}".encode(), {"content-type": "application/json", "x-echo": KEY}))
    with pytest.raises(UnexpectedBodyError) as caught:
        DefaultApi(client).v1_events_get()
    assert KEY not in everything(caught.value)


def test_an_echoed_key_is_not_cut_in_half(server: Loopback, client: ApiClient) -> None:
    for length in range(400, 520, 3):
        server.default = answer(200, {"data": ["x" * length + KEY]})
        with pytest.raises(UnexpectedBodyError) as caught:
            CreditsApi(client).balance()
        assert KEY[:12] not in everything(caught.value)
    for length in range(40, 90):
        server.default = answer(200, {"data": ["x" * length + KEY]})
        with pytest.raises(UnexpectedBodyError) as caught:
            CreditsApi(client).balance()
        assert KEY[:12] not in everything(caught.value)


@pytest.mark.parametrize("fault", [reset, hang, raw(b"HTTP/1.1 200 OK\r\nX-Echo: " + KEY.encode() + b"\r\n\r\n")])
def test_failed_transports_do_not_show_the_key(fault: Any, server: Loopback, client: ApiClient) -> None:
    server.default = fault
    with pytest.raises(ApiException) as caught:
        EventsApi(client).ingest(events=[event()], _request_timeout=0.2)
    assert KEY not in everything(caught.value)


def test_a_broken_body_behind_an_echoed_header_does_not_show_the_key(server: Loopback, client: ApiClient) -> None:
    server.default = raw(b"HTTP/1.1 200 OK\r\nX-Echo: " + KEY.encode() + b"\r\nContent-Length: 9\r\n\r\n{")
    with pytest.raises(ApiException) as caught:
        CreditsApi(client).balance()
    assert caught.value.headers["X-Echo"] == "***"


def test_debug_output_and_logs_do_not_show_the_key(
    server: Loopback, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    config = configured(server, access_token=KEY, debug=True)
    assert config.debug
    server.then(answer(503, {}), reset, echo(400))
    with ApiClient(config) as client:
        with pytest.raises(BadRequestException):
            EventsApi(client).ingest(events=[event()])
        CreditsApi(client).balance()
    written = capsys.readouterr()
    assert KEY not in caplog.text + written.out + written.err
    assert "POST /v1/events/ingest: 503; retrying" in caplog.text
    assert f"GET {server.url}/v1/credits/balance -> 200" in caplog.text


def test_fingerprints_of_keys_differ_and_do_not_reveal_the_key() -> None:
    one, two = (Configuration(access_token=key).account_fingerprint() for key in (KEY, OTHER))
    assert one != two
    assert one == Configuration(access_token=KEY).account_fingerprint()
    assert KEY not in one

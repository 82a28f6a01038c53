"""The key is in no local variable of a frame, which tools that report errors show and send away."""

from __future__ import annotations

import base64
import copy
import http.client
import pickle
import signal
import socket
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from openmonetize import (
    ApiClient,
    ApiConnectionError,
    ApiTypeError,
    ApiValueError,
    Configuration,
    CreditsApi,
    OpenApiException,
    OpenMonetize,
    TokenUsageEvent,
    UnauthorizedException,
)
from openmonetize._http.redaction import Secret

from .failures import Interrupted, interrupted
from .frames import frames_that_show
from .loopback import Loopback, answer

KEY = "om_live_5ecret0123456789abcdef"
NOWHERE = "http://127.0.0.1:1"
EVENT: dict[str, Any] = {"user_id": "u", "feature_id": "f", "provider": "OPENAI", "model": "gpt-4o", "input_tokens": 1}


def client(host: str = NOWHERE, **settings: Any) -> ApiClient:
    return ApiClient(Configuration(host, {"bearerAuth": KEY}, retries=0, **settings))


def assign(name: str, value: Any) -> None:
    setattr(Configuration(NOWHERE), name, value)


def assign_item(name: str, value: str) -> None:
    Configuration(NOWHERE).api_key[name] = value


CALLS: dict[str, Callable[[], object]] = {
    "a call": lambda: CreditsApi(client()).balance(),
    "with http info": lambda: CreditsApi(client()).v1_credits_balance_get_with_http_info(),
    "without preload": lambda: CreditsApi(client()).v1_credits_balance_get_without_preload_content(),
    "a key for one call": lambda: CreditsApi(client()).balance(_request_auth=KEY),
    "a key for one call, as a dict": lambda: CreditsApi(client()).balance(_request_auth={"value": KEY}),  # type: ignore[arg-type]
    "a variant with a key": lambda: CreditsApi(client()).v1_credits_balance_get_with_http_info(_request_auth=KEY),
    "a header": lambda: CreditsApi(client()).balance(_headers={"x-api-key": KEY}),
    "a header that is refused": lambda: CreditsApi(client()).balance(_headers={"Authorization": f"Bearer {KEY}\n"}),
    "an unknown option": lambda: CreditsApi(client()).balance(_request_auth=KEY, nonsense=1),  # type: ignore[call-arg]
    "any path": lambda: client().call_api("GET", "/v1/x"),
    "a default header": lambda: client().set_default_header("Authorization", f"Bearer {KEY}\n"),
    "ingest": lambda: OpenMonetize(KEY, NOWHERE).events.ingest(events=[TokenUsageEvent(**EVENT)]),
    "a grant": lambda: OpenMonetize(KEY, NOWHERE).credits.grant(user_id="acme-user-1", amount=1),
    "a setting that is refused": lambda: Configuration(NOWHERE, {"bearerAuth": KEY}, timeout=-1),
    "a host that is refused": lambda: Configuration("nonsense", {"bearerAuth": KEY}, KEY),
    "another name": lambda: Configuration(NOWHERE, {"bearer": KEY}),
    "no dict": lambda: Configuration(NOWHERE, KEY),  # type: ignore[arg-type]
    "another dict": lambda: assign("api_key", {"bearer": KEY}),
    "another item": lambda: assign_item("bearer", KEY),
    "a key with blanks": lambda: CreditsApi(
        ApiClient(Configuration(NOWHERE, {"bearerAuth": f"{KEY} x"}))
    ).balance(),
    "in clear text": lambda: CreditsApi(ApiClient(Configuration("http://example.com", access_token=KEY))).balance(),
    "a host of OpenMonetize that is refused": lambda: OpenMonetize(KEY, "nonsense"),
    "a setting of OpenMonetize that is refused": lambda: OpenMonetize(KEY, NOWHERE, flush_interval=-1.0),
    "a proxy that is away": lambda: CreditsApi(client("https://example.com", proxy=f"http://u:{KEY}@127.0.0.1:1")).balance(),
    "a proxy that is none": lambda: CreditsApi(client("https://example.com", proxy=f"http://u:{KEY}@127.0.0.1:x")).balance(),
    "a proxy's header": lambda: CreditsApi(
        client("https://example.com", proxy="http://127.0.0.1:1", proxy_headers={"Proxy-Authorization": KEY})
    ).balance(),
}  # fmt: skip


@pytest.mark.parametrize("call", CALLS.values(), ids=list(CALLS))
def test_the_key_is_in_no_frame(call: Callable[[], object]) -> None:
    with pytest.raises(OpenApiException) as caught:
        call()
    assert not frames_that_show(KEY, caught.value)
    assert KEY not in str(caught.value)
    assert KEY not in repr(caught.value)


@pytest.mark.parametrize("status", [400, 401, 500])
def test_the_key_is_in_no_frame_of_an_error_response(server: Loopback, status: int) -> None:
    server.default = answer(status, {"error": "E", "message": f"the key {KEY} is wrong"})
    with pytest.raises(OpenApiException) as caught:
        CreditsApi(client(server.url)).balance()
    assert not frames_that_show(KEY, caught.value)
    assert KEY not in str(caught.value)


@pytest.fixture
def silent() -> Iterator[str]:
    """The address of a server that takes connections and says nothing."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(5)
        yield f"127.0.0.1:{listener.getsockname()[1]}"


# urllib3 closes a socket whose connect fails, and leaves one whose connect is interrupted to the garbage collector.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.skipif(not hasattr(signal, "pthread_kill"), reason="interrupts a thread by a signal")
@pytest.mark.parametrize("size", [10, 20_000_000], ids=["waiting", "sending"])
@pytest.mark.parametrize("through", ["", "proxy"])
def test_an_interrupted_call_does_not_show_the_key(silent: str, size: int, through: str) -> None:
    host = f"http://{silent}"
    settings: dict[str, Any] = {}
    if through:
        host, settings = "http://example.com", {"proxy": f"http://user:{KEY}@{silent}", "allow_http": True}

    with interrupted(), pytest.raises(Interrupted) as caught:
        client(host, **settings).call_api("POST", "/v1/x", body="x" * size)
    assert not frames_that_show(KEY, caught.value)
    assert not frames_that_show(base64.b64encode(f"user:{KEY}".encode()).decode(), caught.value)


def test_the_debug_output_of_the_standard_library_does_not_show_the_key(
    server: Loopback, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(http.client.HTTPConnection, "debuglevel", 1)
    server.default = answer(200, {"data": {"balance": 1}})
    CreditsApi(client(server.url)).balance()
    output = capsys.readouterr().out
    assert "send:" in output
    assert KEY not in output


def test_no_object_shows_the_key() -> None:
    configuration = Configuration(
        NOWHERE, {"bearerAuth": KEY}, KEY, proxy=f"http://u:{KEY}@p:1", proxy_headers={"Proxy-Authorization": KEY}
    )
    made = ApiClient(configuration)
    om = OpenMonetize(KEY, NOWHERE)
    half = Configuration.__new__(Configuration)
    for one in (
        configuration,
        made,
        made.rest_client,
        om,
        half,
        Configuration(access_token=KEY),
        configuration.api_key,
    ):
        assert KEY not in repr(one)
        assert KEY not in str(one)
        if hasattr(one, "__dict__"):
            assert KEY not in repr(vars(one))
    assert KEY not in repr(OpenMonetize.__new__(OpenMonetize))
    twin = copy.deepcopy(configuration)
    twin.allow_http = True
    assert twin.key() == KEY
    assert twin.proxy == configuration.proxy


@pytest.mark.parametrize("made", [Secret(KEY), Configuration(NOWHERE, {"bearerAuth": KEY}), ApiClient(Configuration())])
def test_what_has_a_key_is_not_pickled(made: Any) -> None:
    with pytest.raises((ApiTypeError, ApiValueError, TypeError)) as caught:
        pickle.dumps(made)
    assert KEY not in str(caught.value)


def test_an_error_can_be_pickled_without_the_key(server: Loopback) -> None:
    server.default = answer(401, {"error": "Unauthorized", "message": KEY})
    with pytest.raises(OpenApiException) as caught:
        CreditsApi(client(server.url)).balance()
    pickled = pickle.dumps(caught.value)
    assert KEY.encode() not in pickled
    assert str(pickle.loads(pickled)) == str(caught.value)


def test_errors_keep_their_cause_without_its_frames() -> None:
    with pytest.raises(ApiConnectionError, match="connection refused; is the sandbox running") as caught:
        CreditsApi(client()).balance()
    cause: BaseException | None = caught.value.__cause__
    kinds = []
    while cause is not None:
        assert cause.__traceback__ is None
        kinds.append(type(cause).__name__)
        cause = cause.__cause__
    assert kinds == ["NewConnectionError", "ConnectionRefusedError"]


def test_a_refused_key_is_named_by_its_source_and_its_last_characters(
    server: Loopback, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.default = answer(401, {"error": "Unauthorized", "message": "Invalid or missing API key"})
    monkeypatch.setenv("OPENMONETIZE_API_KEY", f"{KEY}-env")
    made = [
        (Configuration(server.url, {"bearerAuth": f"{KEY}-one"}), {}, "...-one from api_key['bearerAuth']"),
        (Configuration(server.url, access_token=f"{KEY}-two"), {}, "...-two from access_token"),
        (Configuration(server.url), {}, "...-env from OPENMONETIZE_API_KEY"),
        (Configuration(server.url), {"_request_auth": f"{KEY}-arg"}, "...-arg from _request_auth"),
        (Configuration(server.url, {"bearerAuth": "short"}), {}, "*** from api_key['bearerAuth']"),
    ]
    for configuration, options, words in made:
        with pytest.raises(UnauthorizedException) as caught:
            CreditsApi(ApiClient(configuration)).balance(**options)
        assert f"(sent to {server.url}: the key {words})" in str(caught.value)
        assert KEY not in str(caught.value)
        assert caught.value.reason == "Whatever"

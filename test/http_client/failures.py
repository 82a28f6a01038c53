"""Calls that fail, each in another layer, for the tools that report errors."""

from __future__ import annotations

import base64
import contextlib
import signal
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Callable

from openmonetize import ApiClient, Configuration, CreditsApi, EventsApi, OpenMonetize

from .loopback import Exchange, Loopback, Responder, answer, hang, message, reset


# Put together, so that the lines of this file, which tools show as well, do not have them.
def key() -> str:
    """Return the key: a function, as tools show the values of global names as well."""
    return "om_live_" + "5ecret" * 4


PASSWORD = "pass" + "w0rd" * 5
BASIC = base64.b64encode(f"user:{PASSWORD}".encode()).decode()
SECRETS = (key(), PASSWORD, BASIC)

# A local variable of every failing call, by which a test sees that a tool shows them.
MARK = "shown " + "by tools"

PEM = str(Path(__file__).with_name("loopback.pem"))


class Interrupted(BaseException):
    """What a signal handler raises in the middle of a call, as time limits of workers do."""


@contextlib.contextmanager
def interrupted(after: float = 0.3) -> Iterator[None]:
    """Interrupt the main thread from a signal handler: again after a while, for a signal that arrives just before the
    thread waits, or in a finalizer, interrupts nothing."""

    def interrupt(*_: Any) -> None:
        raise Interrupted

    def send_signals() -> None:
        for seconds in (after, 2, 2, 2):
            if ended.wait(seconds):
                return
            signal.pthread_kill(main, signal.SIGUSR1)

    main, ended = threading.main_thread().ident or 0, threading.Event()
    before = signal.signal(signal.SIGUSR1, interrupt)
    sender = threading.Thread(target=send_signals)
    sender.start()
    try:
        yield
    finally:
        ended.set()
        sender.join()
        signal.signal(signal.SIGUSR1, before)


def client(host: str, proxy: str = "", **settings: Any) -> ApiClient:
    if proxy:
        settings["proxy"] = proxy.replace("//", f"//user:{PASSWORD}@")
    return ApiClient(Configuration(host, {"bearerAuth": key()}, retries=0, **settings))


def echo(status: int) -> Responder:
    """Answer with what was sent, as servers in debug mode do."""

    def respond(exchange: Exchange) -> bool:
        sent = exchange.request.headers
        exchange.send(message(status, {"error": "E", "message": f"you sent {sent}"}, {"X-Echo": str(sent)}))
        return True

    return respond


def half(exchange: Exchange) -> bool:
    """Answer with a part of a body, and nothing more."""
    exchange.send(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n{")
    return hang(exchange)


def answered(respond: Responder, seconds: float = 10.0) -> None:
    mark = MARK
    with Loopback() as server:
        server.default = respond
        CreditsApi(client(server.url)).balance(
            _request_timeout=seconds, _request_auth=key(), _headers={"X-API-Key": key()}
        )
    print(mark)


def refused() -> None:
    mark = MARK
    CreditsApi(client("http://127.0.0.1:1")).balance()
    print(mark)


def refused_beneath_the_rules() -> None:
    mark = MARK
    om = OpenMonetize(key(), "http://127.0.0.1:1", configuration=Configuration(retries=0))
    om.credits.grant(user_id="acme-user-1", amount=1)
    print(mark)


def untrusted() -> None:
    mark = MARK
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(PEM)
    with Loopback(tls=context) as server:
        CreditsApi(client(server.url)).balance()
    print(mark)


def interrupted_call(respond: Responder) -> None:
    mark = MARK
    with Loopback() as server:
        server.default = respond
        with interrupted():
            CreditsApi(client(server.url)).balance(_request_auth=key())
    print(mark)


def through_a_proxy(respond: Responder, host: str = "https://api.example.test", *, interrupt: bool = False) -> None:
    mark = MARK
    with Loopback() as server:
        server.default = respond
        with interrupted() if interrupt else contextlib.nullcontext():
            CreditsApi(client(host, server.url, allow_http=True)).balance()
    print(mark)


def away_proxy() -> None:
    mark = MARK
    CreditsApi(client("https://api.example.test", "http://127.0.0.1:1")).balance()
    print(mark)


def unserialisable() -> None:
    mark = MARK
    client("http://127.0.0.1:1").call_api("POST", "/v1/x", body={"a": object()}, _request_auth=key())
    print(mark)


def wrong_arguments() -> None:
    mark = MARK
    options: Any = {"api_key": key()}
    try:
        CreditsApi(client("http://127.0.0.1:1")).balance(**options)
    finally:
        options = mark


def wrong_arguments_of_a_variant() -> None:
    mark = MARK
    options: Any = {"api_key": key()}
    try:
        EventsApi(client("http://127.0.0.1:1")).v1_events_list_get_with_http_info(**options)
    finally:
        options = mark


def wrong_settings() -> None:
    mark = MARK
    options: Any = {"apikey": key()}
    try:
        OpenMonetize(**options)
    finally:
        options = mark


FAILURES: dict[str, Callable[[], None]] = {
    "refused": refused,
    "refused beneath the rules": refused_beneath_the_rules,
    "untrusted": untrusted,
    "401": lambda: answered(echo(401)),
    "500": lambda: answered(echo(500)),
    "unreadable": lambda: answered(answer(200, "<html>")),
    "reset": lambda: answered(reset),
    "timeout": lambda: answered(hang, 0.2),
    "timeout in the body": lambda: answered(half, 0.2),
    "interrupted while waiting": lambda: interrupted_call(hang),
    "interrupted in the body": lambda: interrupted_call(half),
    "proxy away": away_proxy,
    "proxy refuses the tunnel": lambda: through_a_proxy(echo(407)),
    "proxy resets the tunnel": lambda: through_a_proxy(reset),
    "proxy refuses the request": lambda: through_a_proxy(echo(407), "http://api.example.test"),
    "interrupted at the tunnel": lambda: through_a_proxy(hang, interrupt=True),
    "interrupted at the proxy": lambda: through_a_proxy(hang, "http://api.example.test", interrupt=True),
    "unserialisable": unserialisable,
    "wrong arguments": wrong_arguments,
    "wrong arguments of a variant": wrong_arguments_of_a_variant,
    "wrong settings": wrong_settings,
}

"""Faults: redirects, TLS, names, proxies, and connections that are closed while they are idle."""

from __future__ import annotations

import socket
import ssl
import time
import warnings
from typing import Any

from .server import CERTIFICATES, Exchange, Fault, FaultServer, Respond, reset, tls_context

AUTHORITY = str(CERTIFICATES.parents[1] / "http_client" / "loopback.pem")
SECURE = {"ssl_ca_cert": AUTHORITY}
HOST = "https://api.example.test:{port}"


def _redirect(code: int, to: str) -> Respond:
    def respond(exchange: Exchange) -> bool:
        server, target = exchange.server, exchange.request.target
        origins = {"same": server.url, "other": f"http://127.0.0.1:{server.elsewhere}", "loop": server.url}
        place = f"{origins[to]}/moved" if to == "same" else origins[to] + target
        exchange.answer(code, b"", {"Location": place})
        return True

    return respond


def _redirected(code: int, to: str, words: str) -> Fault:
    name = f"`{code}` with `Location`: {words}"
    return Fault(name, "Redirects", _redirect(code, to), repeats=False, error="RedirectException")


_PLACES = {"same": "another path", "other": "another origin", "loop": "itself"}
REDIRECTS = [
    _redirected(code, to, words) for code in (300, 301, 302, 303, 304, 307, 308) for to, words in _PLACES.items()
]


def _certificate(name: str) -> Any:
    """Offer a certificate, and serve a client that takes it."""

    def connect(server: FaultServer, sock: socket.socket) -> socket.socket:
        return tls_context(name).wrap_socket(sock, server_side=True)

    return connect


def _says(data: bytes) -> Any:
    """Answer the first bytes of a connection with these, then end it."""

    def connect(server: FaultServer, sock: socket.socket) -> None:
        sock.recv(65536)
        sock.sendall(data)

    return connect


def _silent(server: FaultServer, sock: socket.socket) -> None:
    server.over.wait(60)


def _reset_at_once(server: FaultServer, sock: socket.socket) -> None:
    reset(sock)


def _old_context() -> ssl.SSLContext:
    context = tls_context("good")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version, context.maximum_version = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1
    context.set_ciphers("ALL:@SECLEVEL=0")
    return context


_OLD = _old_context()


def _old_protocol(server: FaultServer, sock: socket.socket) -> socket.socket:
    return _OLD.wrap_socket(sock, server_side=True)


PAGE = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 18\r\n\r\n<html>Wi-Fi</html>"


def _tls(name: str, connect: Any, **expected: Any) -> Fault:
    expected = {"error": "ApiConnectionError", "url": HOST, "settings": SECURE, **expected}
    return Fault(name, "TLS", connect=connect, **expected)


TLS = [
    _tls("a certificate of another host", _certificate("other")),
    _tls("a certificate that signs itself", _certificate("untrusted")),
    _tls("an expired certificate", _certificate("expired")),
    _tls("a server without TLS", _says(PAGE)),
    _tls("TLS 1.1", _old_protocol),
    _tls("no answer to the handshake", _silent, error="ApiTimeoutError"),
    _tls("reset within the handshake", _reset_at_once),
    _tls("a trusted certificate", _certificate("good"), error="", harmless=True),
]

# Names are answered in `names.py`.
NAMES = [
    Fault("no such host", "Names and addresses", error="ApiConnectionError", url="http://nowhere.example.test:{port}",
          settings={"allow_http": True}, heals=False),
    Fault("a name that stands for nothing", "Names and addresses", error="ApiConnectionError",
          url="http://empty.example.test:{port}", settings={"allow_http": True}, heals=False),
    Fault("a name that is too long", "Names and addresses", error="ApiConnectionError",
          url=f"http://{'x' * 70}.test:{{port}}", settings={"allow_http": True}, heals=False),
    Fault("nothing listens", "Names and addresses", error="ApiConnectionError", url="http://127.0.0.1:1",
          heals=False),
    Fault("the first address refuses, the second answers", "Names and addresses", harmless=True,
          url="http://two.example.test:{port}", settings={"allow_http": True}),
]  # fmt: skip


def _tunnel(data: bytes) -> Respond:
    def respond(exchange: Exchange) -> bool:
        exchange.send(data)
        return False

    return respond


def _refuse_tunnel(code: int) -> Respond:
    return _tunnel(f"HTTP/1.1 {code} No\r\nProxy-Authenticate: Basic realm=x\r\nContent-Length: 0\r\n\r\n".encode())


def _hang_tunnel(exchange: Exchange) -> bool:
    exchange.pause(60)
    return False


def _intercept(exchange: Exchange) -> bool:
    """Read what is sent through the tunnel, as a proxy with a certificate of its own does."""
    exchange.send(b"HTTP/1.1 200 Connection established\r\n\r\n")
    with tls_context("untrusted").wrap_socket(exchange.sock, server_side=True) as sock:
        # A client that is gone before the handshake makes a socket without one, which reads nothing.
        if data := sock.recv(65536):
            exchange.server.strays.append(data)
    return False


THROUGH = {**SECURE, "proxy": "http://user:p4ssword@127.0.0.1:{port}"}
CLEAR = {"allow_http": True, "proxy": "http://127.0.0.1:{port}"}


def _proxy(name: str, tunnel: Respond | None, error: str = "ApiConnectionError", **settings: Any) -> Fault:
    url, heals = "https://api.example.test", tunnel is not None
    return Fault(name, "Proxies", tunnel=tunnel, error=error, url=url, settings={**THROUGH, **settings}, heals=heals)


def _clear_proxy(name: str, code: int, body: bytes, error: str, repeats: bool) -> Fault:
    def respond(exchange: Exchange) -> bool:
        exchange.answer(code, body, {"Content-Type": "text/html", "Proxy-Authenticate": "Basic realm=x"})
        return True

    url = "http://api.example.test"
    return Fault(name, "Proxies", respond, error=error, repeats=repeats, url=url, settings=CLEAR)


PROXIES = [
    Fault("a proxy that works", "Proxies", harmless=True, url="https://api.example.test", settings=THROUGH),
    _proxy("a proxy that is away", None, proxy="http://user:p4ssword@127.0.0.1:1"),
    _proxy("a proxy whose name is unknown", None, proxy="http://user:p4ssword@nowhere.example.test:1"),
    _proxy("`407` instead of a tunnel", _refuse_tunnel(407)),
    _proxy("`502` instead of a tunnel", _refuse_tunnel(502)),
    _proxy("a page instead of a tunnel", _tunnel(PAGE)),
    _proxy("no answer to the wish for a tunnel", _hang_tunnel, "ApiTimeoutError"),
    _proxy("a tunnel to another certificate", _intercept),
    _clear_proxy("`407`, without TLS", 407, b"<html>log in</html>", "ApiException", False),
    _clear_proxy("`502` with a page, without TLS", 502, b"<html>bad gateway</html>", "ServiceException", True),
    _clear_proxy("a page with status `200`, without TLS", 200, b"<html>log in</html>", "UnexpectedBodyError", False),
]


def _after_answer(action: str) -> Respond:
    """Answer well, then do something to the idle connection that the client does not expect."""

    def respond(exchange: Exchange) -> bool:
        exchange.answer(*exchange.process())
        time.sleep(0.01)  # the client has read the answer
        if action == "reset":
            exchange.reset()
        elif action:
            exchange.send(action.encode())
        exchange.server.idle.set()
        return False

    return respond


STRAY = "HTTP/1.1 {} Odd\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{}"
_BALANCE = '{"data": {"balance": "666"}, "accepted": 3, "duplicates": 0}'


def _idle(name: str, action: str) -> Fault:
    return Fault(name, "Idle connections", _after_answer(action), primed=True, harmless=True)


def _gone(ending: str) -> Respond:
    def respond(exchange: Exchange) -> bool:
        return exchange.reset() if ending == "reset" else False

    return respond


IDLE = [
    _idle("closed while idle", ""),
    _idle("reset while idle", "reset"),
    _idle("`408` while idle, then closed", STRAY.format(408, 0, "")),
    _idle("an answer to no request while idle", STRAY.format(200, len(_BALANCE), _BALANCE)),
    Fault("closed as the next request arrives", "Idle connections", _gone("close"), reused=True, primed=True,
          harmless=True),
    Fault("reset as the next request arrives", "Idle connections", _gone("reset"), reused=True, primed=True,
          harmless=True),
]  # fmt: skip
FAULTS = [*REDIRECTS, *TLS, *NAMES, *PROXIES, *IDLE]

"""A loopback server that sends the replies of a test, in the wire formats of the providers."""

from __future__ import annotations

import json
import struct
import threading
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Callable, Union


@dataclass
class ScriptedReply:
    """A scripted response. ``cut`` drops the connection where the end of the body should be."""

    status: int = 200
    content_type: str = "application/json"
    parts: Sequence[bytes] = ()
    cut: bool = False


def json_reply(body: Any, status: int = 200) -> ScriptedReply:
    """Return a reply with a JSON body."""
    return ScriptedReply(status, parts=[json.dumps(body).encode()])


def sse_reply(events: Sequence[Any], *, cut: bool = False, done: bool = False, named: bool = False) -> ScriptedReply:
    """Return a reply of server-sent events.

    ``named`` repeats the type of each event on an ``event:`` line, ``done`` ends with [DONE].
    """
    parts = [_sse(event, named) for event in events]
    if done and not cut:
        parts.append(b"data: [DONE]\n\n")
    return ScriptedReply(content_type="text/event-stream", parts=parts, cut=cut)


def aws_reply(events: Sequence[dict[str, Any]], *, cut: bool = False) -> ScriptedReply:
    """Return a reply in the binary event stream of AWS."""
    parts = [_aws_frame(name, payload) for event in events for name, payload in event.items()]
    return ScriptedReply(content_type="application/vnd.amazon.eventstream", parts=parts, cut=cut)


def _sse(event: Any, named: bool) -> bytes:
    name = f"event: {event['type']}\n" if named else ""
    return f"{name}data: {json.dumps(event)}\n\n".encode()


def _aws_frame(event_type: str, payload: dict[str, Any]) -> bytes:
    headers = b""
    for name, value in (
        (":event-type", event_type),
        (":content-type", "application/json"),
        (":message-type", "event"),
    ):
        headers += bytes([len(name)]) + name.encode() + b"\x07" + struct.pack("!H", len(value)) + value.encode()
    body = json.dumps(payload).encode()
    prelude = struct.pack("!II", len(headers) + len(body) + 16, len(headers))
    message = prelude + struct.pack("!I", zlib.crc32(prelude)) + headers + body
    return message + struct.pack("!I", zlib.crc32(message))


Script = Union[ScriptedReply, Callable[[dict[str, Any]], ScriptedReply]]


@dataclass
class ProviderRequest:
    path: str
    body: dict[str, Any]
    headers: dict[str, str] = field(default_factory=dict)


class ProviderServer:
    """A server on a free loopback port.

    ``script`` is the reply, or a function that returns one for a request's body. A list of them is used in order, and
    its last entry repeats.
    """

    def __init__(self) -> None:
        self.script: Script | list[Script] = json_reply({})
        self.requests: list[ProviderRequest] = []
        owner = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                length = int(self.headers.get("content-length") or 0)
                raw = self.rfile.read(length)
                is_json = "json" in (self.headers.get("content-type") or "")
                body = json.loads(raw) if raw and is_json else {}
                owner.requests.append(ProviderRequest(self.path, body, dict(self.headers)))
                self.send(owner._next(body))

            do_GET = do_POST

            def send(self, reply: ScriptedReply) -> None:
                self.send_response(reply.status)
                self.send_header("content-type", reply.content_type)
                self.send_header("x-amzn-RequestId", "req-aws-1")
                self.send_header("transfer-encoding", "chunked")
                self.end_headers()
                try:
                    for part in reply.parts:
                        self.wfile.write(b"%x\r\n%s\r\n" % (len(part), part))
                        self.wfile.flush()
                    if not reply.cut:
                        self.wfile.write(b"0\r\n\r\n")
                except OSError:
                    pass  # the client went away, as it does in some tests
                self.close_connection = reply.cut

            def log_message(self, format: str, *args: Any) -> None:
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, request: Any, client_address: Any) -> None:
                pass  # a client goes away half-way in some tests

        self._server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self._thread.start()

    def _next(self, body: dict[str, Any]) -> ScriptedReply:
        script = self.script
        if isinstance(script, list):
            script = script.pop(0) if len(script) > 1 else script[0]
        return script(body) if callable(script) else script

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)

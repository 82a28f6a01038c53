"""The server of the fake providers."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Callable, Iterable
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Union, cast
from uuid import uuid4

from openmonetize._arguments import require
from openmonetize.exceptions import ApiValueError
from openmonetize.reconcile.kinds import CACHE_READ, CACHE_WRITE_5M, INPUT, OUTPUT
from openmonetize.testing.fake_providers import routes
from openmonetize.testing.fake_providers.answer import Answer, Failure
from openmonetize.testing.fake_providers.forms import body_of
from openmonetize.testing.fake_providers.jobs import Jobs
from openmonetize.testing.fake_providers.reply import Reply, json_reply
from openmonetize.testing.fake_providers.reports import ADMIN_KEY
from openmonetize.testing.fake_providers.routes import PROVIDERS, ProviderRequest
from openmonetize.testing.fake_providers.usage_export import export
from openmonetize.testing.fake_providers.usage_log import UsageLog

HOST = "127.0.0.1"

# Requests that are kept; the oldest make room.
MAX_REQUESTS = 1000

# A larger body is answered 413.
MAX_BODY_BYTES = 64 * 1024 * 1024

# More connections at the same time wait for one to end, this many seconds, and are closed then.
MAX_CONNECTIONS = 256
ROOM_TIMEOUT = 1.0

# Seconds that a connection may be idle.
IDLE_TIMEOUT = 60.0

# The providers whose usage is noted, for their reports and `FakeProviders.export_usage`.
REPORTING = ("openai", "anthropic", "google", "mistral", "cohere")

# Seconds that `stop` waits for the server's thread.
STOP_TIMEOUT = 5.0

Scripted = Union[Answer, Failure, Reply]
Script = Union[Scripted, Callable[[ProviderRequest], Scripted]]


class FakeProviders:
    """OpenAI, Anthropic, Google, Mistral, Cohere and AWS Bedrock on a loopback port, for their own client libraries.

    Answers are whole or streamed, as the client asks for them, and need neither network nor a real key. It ends with
    `stop`, with its ``with`` block, or with the process.

    Args:
        port: the port; 0 means any free one.
        script: what it answers; see `script`.

    Attributes:
        jobs: batches, background responses, videos and fine-tuning; they have ended when they are first looked at,
            unless ``jobs.seconds`` says otherwise.

    Example:
        >>> with FakeProviders() as fake:
        ...     client = OpenAI(base_url=fake.openai_url, api_key="unused")
    """

    def __init__(self, port: int = 0, script: Script | Iterable[Script] | None = None) -> None:
        require("port", port, int, "a port, a whole number")
        self._port = port
        self._lock = threading.Lock()
        self._script: list[Script] = [Answer()]
        self._requests: list[ProviderRequest] = []
        self.jobs = Jobs(self._scripted)
        self._logs = {name: UsageLog(name) for name in REPORTING}
        self._server: _Server | None = None
        self._thread: threading.Thread | None = None
        if script is not None:
            self.script = script

    def start(self) -> FakeProviders:
        """Start, if it does not run yet.

        Returns:
            itself.

        Raises:
            ApiValueError: the port is in use, or not a port.
        """
        if self._server is None:
            try:
                self._server = _Server((HOST, self._port), self)
            except (OSError, OverflowError) as error:  # in use, forbidden, or beyond 65535
                reason = getattr(error, "strerror", None) or error
                raise ApiValueError(
                    f"the fake providers cannot use port {self._port}: {reason} (0 takes any free one)"
                ) from None
            serve = self._server.serve_forever
            self._thread = threading.Thread(
                target=serve, kwargs={"poll_interval": 0.02}, name="fake-providers", daemon=True
            )
            self._thread.start()
        return self

    def stop(self) -> None:
        """Stop, and break the connections that are open."""
        server, thread, self._server, self._thread = self._server, self._thread, None, None
        if server is not None and thread is not None:
            self._port = server.server_address[1]  # what was its address stays its address
            server.shutdown()
            server.server_close()
            server.break_connections()
            thread.join(STOP_TIMEOUT)

    def __enter__(self) -> FakeProviders:
        return self.start()

    def __exit__(self, *error: object) -> None:
        self.stop()

    @property
    def url(self) -> str:
        """The address of the server. Each provider is below it."""
        if self._server is None and not self._port:
            raise ApiValueError("the fake providers are not started: use `with FakeProviders() as fake`, or start()")
        return f"http://{HOST}:{self._server.server_address[1] if self._server else self._port}"

    @property
    def urls(self) -> dict[str, str]:
        """The base URL for each provider's library, by the provider's name."""
        return {name: f"{self.url}/{name}{'/v1' if name == 'openai' else ''}" for name in PROVIDERS}

    @property
    def openai_url(self) -> str:
        """The ``base_url`` for ``openai.OpenAI``."""
        return self.urls["openai"]

    @property
    def anthropic_url(self) -> str:
        """The ``base_url`` for ``anthropic.Anthropic``."""
        return self.urls["anthropic"]

    @property
    def google_url(self) -> str:
        """The ``http_options={"base_url": ...}`` for ``google.genai.Client``."""
        return self.urls["google"]

    @property
    def mistral_url(self) -> str:
        """The ``server_url`` for ``mistralai.client.Mistral``."""
        return self.urls["mistral"]

    @property
    def cohere_url(self) -> str:
        """The ``base_url`` for ``cohere.ClientV2``."""
        return self.urls["cohere"]

    @property
    def bedrock_url(self) -> str:
        """The ``endpoint_url`` for ``boto3.client("bedrock-runtime")``."""
        return self.urls["bedrock"]

    def environment(self) -> dict[str, str]:
        """Return the environment variables with which the providers' libraries call this server.

        Mistral's library reads no address from the environment: pass ``MISTRAL_SERVER_URL`` as its ``server_url``.
        Cohere's reads it once, when it is imported.
        """
        urls = self.urls
        return {
            "OPENAI_API_KEY": "fake-key",
            "OPENAI_BASE_URL": urls["openai"],
            "OPENAI_API_BASE": urls["openai"],  # its old name, which LlamaIndex reads
            "OPENAI_ADMIN_KEY": ADMIN_KEY,
            "OPENAI_ADMIN_BASE_URL": urls["openai"],
            "ANTHROPIC_API_KEY": "fake-key",
            "ANTHROPIC_BASE_URL": urls["anthropic"],
            "ANTHROPIC_ADMIN_KEY": ADMIN_KEY,
            "ANTHROPIC_ADMIN_BASE_URL": urls["anthropic"],
            "GOOGLE_API_KEY": "fake-key",
            "GOOGLE_GEMINI_BASE_URL": urls["google"],
            "MISTRAL_API_KEY": "fake-key",
            "MISTRAL_SERVER_URL": urls["mistral"],
            "CO_API_KEY": "fake-key",
            "CO_API_URL": urls["cohere"],
            "AWS_ACCESS_KEY_ID": "fake-key",
            "AWS_SECRET_ACCESS_KEY": "fake-key",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_ENDPOINT_URL_BEDROCK_RUNTIME": urls["bedrock"],
        }

    @property
    def script(self) -> list[Script]:
        """What is answered: an `Answer`, `Failure` or `Reply`, or a function of the request that returns one.

        A list of them is used in order, one for each request, and its last entry repeats. At first it is `Answer()`.
        """
        with self._lock:
            return list(self._script)

    @script.setter
    def script(self, script: Script | Iterable[Script]) -> None:
        entries = list(script) if isinstance(script, Iterable) else [script]
        unknown = [
            entry for entry in entries if not isinstance(entry, (Answer, Failure, Reply)) and not callable(entry)
        ]
        if not entries or unknown:
            raise ApiValueError(
                "a script is an Answer, a Failure, a Reply, a function, or a list of at least one of them"
            )
        with self._lock:
            self._script = entries

    @property
    def requests(self) -> list[ProviderRequest]:
        """The last 1,000 requests, the oldest first."""
        with self._lock:
            return list(self._requests)

    def add_usage(
        self,
        provider: str,
        model: str,
        *,
        at: datetime | None = None,
        requests: int = 1,
        input_tokens: int = 0,
        cached_tokens: int = 0,
        cache_write_tokens: int = 0,
        output_tokens: int = 0,
        batch: bool = False,
    ) -> None:
        """Add usage to a provider's reports that nobody has asked for here: of another day, or of another program.

        What is asked for is in the reports without that, whole, also where the answer was cut. Those of OpenAI and
        Anthropic are at the paths of their admin APIs and take the key of :meth:`environment`; :meth:`export_usage` has
        those of all.

        Args:
            provider: ``"openai"``, ``"anthropic"``, ``"google"``, ``"mistral"`` or ``"cohere"``.
            model: the model.
            at: when, an aware datetime; by default now.
            requests: how many requests.
            input_tokens: all tokens of the prompts, those of the cache included.
            cached_tokens: how many of the input were read from the cache.
            cache_write_tokens: how many of the input were written to the cache.
            output_tokens: all tokens of the answers.
            batch: whether the requests were part of a batch, which costs half.

        Raises:
            ApiValueError: the provider has no reports, or there are fewer input tokens than cached ones.
        """
        if provider not in self._logs:
            raise ApiValueError(f"provider {provider!r} has no reports; {', '.join(REPORTING)} have")
        plain = input_tokens - cached_tokens - cache_write_tokens
        if plain < 0:
            raise ApiValueError("input_tokens include cached_tokens and cache_write_tokens, and are fewer here")
        counts = {INPUT: plain, CACHE_READ: cached_tokens, CACHE_WRITE_5M: cache_write_tokens, OUTPUT: output_tokens}
        self._logs[provider].add(model, counts, requests, at, batch=batch)

    def export_usage(self, path: str | os.PathLike[str], provider: str | None = None) -> int:
        """Write the usage and what it costs at list prices as CSV, by day and model, for ``om.reconcile(path)``.

        Args:
            path: the file; it is replaced.
            provider: only of this provider; by default of all but Bedrock, which sells models of several vendors.

        Returns:
            How many rows there are.

        Raises:
            ApiValueError: the provider has no reports.
        """
        if provider is not None and provider not in self._logs:
            raise ApiValueError(f"provider {provider!r} has no reports; {', '.join(REPORTING)} have")
        return export(self._logs if provider is None else {provider: self._logs[provider]}, path)

    def reset(self) -> None:
        """Forget the requests, the script, and what the reports have."""
        with self._lock:
            self._requests.clear()
            self._script = [Answer()]
        self.jobs.clear()
        for log in self._logs.values():
            log.clear()

    def _answer(self, request: ProviderRequest, content: bytes = b"") -> Reply:
        with self._lock:
            self._requests.append(request)
            del self._requests[:-MAX_REQUESTS]
        report = routes.reported(request, self._logs)
        if report is not None:
            return report
        try:
            later = self.jobs.reply(request, content)
        except Exception as error:  # a request that no provider would take
            return json_reply({"error": {"message": f"fake provider: {type(error).__name__}: {error}"}}, 500)
        return self._scripted(request) if later is None else later

    def _scripted(self, request: ProviderRequest) -> Reply:
        with self._lock:
            script = self._script.pop(0) if len(self._script) > 1 else self._script[0]
        try:
            return routes.answer(request, script(request) if callable(script) else script, self._logs)
        except Exception as error:  # of the script's function, or of a request that no provider would take
            return json_reply({"error": {"message": f"fake provider: {type(error).__name__}: {error}"}}, 500)


class _Server(ThreadingHTTPServer):
    """A server with a bounded number of connections, which it can break."""

    daemon_threads = True

    def __init__(self, address: tuple[str, int], fake: FakeProviders) -> None:
        self.fake = fake
        self._free = threading.BoundedSemaphore(MAX_CONNECTIONS)
        self._open: set[socket.socket] = set()
        super().__init__(address, _Handler)

    def server_bind(self) -> None:
        if os.name == "posix":  # the port of a stopped server is free at once
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = HOST, self.server_address[1]  # without asking a name server

    def process_request(self, request: Any, client_address: Any) -> None:
        if not self._free.acquire(timeout=ROOM_TIMEOUT):
            super().shutdown_request(request)
            return
        self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        super().shutdown_request(request)
        if request in self._open:
            self._open.discard(request)
            self._free.release()

    def break_connections(self) -> None:
        for connection in list(self._open):
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass  # it has ended by itself

    def handle_error(self, request: Any, client_address: Any) -> None:
        pass  # the client went away


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = IDLE_TIMEOUT
    disable_nagle_algorithm = True  # else each answer waits 40 ms for the client's acknowledgement of its head

    def do_POST(self) -> None:
        given = self.headers.get("content-length") or "0"
        length = int(given) if given.isdecimal() and len(given) < 20 else None
        if length is None or length > MAX_BODY_BYTES:
            self.close_connection = True
            status, said = (
                (400, "the content-length is no number") if length is None else (413, "the body is too large")
            )
            self._send(json_reply({"error": {"message": said}}, status))
            return
        content = self.rfile.read(length)
        self._send(cast(_Server, self.server).fake._answer(self._request(content), content))

    do_GET = do_PUT = do_PATCH = do_DELETE = do_POST

    def _request(self, content: bytes) -> ProviderRequest:
        body = body_of(content, self.headers.get("content-type") or "")
        headers = {name.lower(): value for name, value in self.headers.items()}
        return ProviderRequest(self.command or "", self.path, body, headers)

    def _send(self, reply: Reply) -> None:
        routes.wait(reply)
        self.send_response(reply.status)
        identifier = uuid4().hex
        headers = {
            "content-type": reply.content_type,
            "x-amzn-RequestId": identifier,
            "x-request-id": identifier,
            "request-id": identifier,
            **reply.headers,
            "transfer-encoding": "chunked",
        }
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        try:
            for part in reply.parts:
                if part:  # an empty part would end the body
                    self.wfile.write(b"%x\r\n%s\r\n" % (len(part), part))
                    self.wfile.flush()
            if not reply.cut:
                self.wfile.write(b"0\r\n\r\n")
        except OSError:
            reply = Reply(cut=True)  # the client went away
        self.close_connection = self.close_connection or reply.cut

    def log_message(self, format: str, *args: Any) -> None:
        pass

"""Paid tools over HTTP: whose access token it is pays, and ids of requests are the client's to choose."""

from __future__ import annotations

import asyncio
import socket
import threading
import warnings
from collections.abc import AsyncIterator, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import pytest

pytest.importorskip("mcp")

from openmonetize import OpenMonetize
from openmonetize.integrations.mcp import PaidTools
from openmonetize.sandbox import Sandbox

from .mcp_servers import LIBRARIES, OF_2, Client, Tools, make_server

# Streams that some versions of the SDK leave open.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")

TOKENS = {"token-of-ada": "acme-ada", "token-of-grace": "acme-grace", "token-of-a-machine": None}


class Verifier:
    """Knows the tokens."""

    async def verify_token(self, token: str) -> Any:
        from mcp.server.auth.provider import AccessToken

        if token not in TOKENS:
            return None
        return AccessToken(token=token, client_id="acme-machine", scopes=[], subject=TOKENS[token])


@pytest.fixture(params=[name for name in LIBRARIES if "low-level" not in name and "older" not in name])
def library(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as running:
        yield running


@pytest.fixture
def om(sandbox: Sandbox) -> Iterator[OpenMonetize]:
    client = OpenMonetize(sandbox.key, sandbox.url)
    for user in ("acme-ada", "acme-machine"):
        client.credits.grant(user_id=user, amount=1000)
    yield client
    client.close()


def make_app(library: str, paid: PaidTools, tools: Tools, *, stateless: bool) -> Any:
    if library.startswith("fastmcp"):
        from fastmcp.server.auth.providers.jwt import StaticTokenVerifier

        tokens = {
            token: {"client_id": "acme-machine", "scopes": [], **({"sub": user} if user else {})}
            for token, user in TOKENS.items()
        }
        server = make_server(library, tools, auth=StaticTokenVerifier(tokens))
        paid.install(server)
        return server.http_app(stateless_http=stateless, json_response=True)
    from mcp.server.auth.settings import AuthSettings

    known = {"validate_token_resource": False} if "validate_token_resource" in AuthSettings.model_fields else {}
    auth = AuthSettings(issuer_url="https://auth.example.test", resource_server_url="http://127.0.0.1/mcp", **known)
    options = {"stateless_http": stateless, "json_response": True}
    in_server = {} if OF_2 else options
    server = make_server(library, tools, auth=auth, token_verifier=Verifier(), **in_server)
    paid.install(server)
    return server.streamable_http_app(**(options if OF_2 else {}))


@contextmanager
def serving(app: Any) -> Iterator[str]:
    """Serve an application on a thread, and yield the address of its endpoint."""
    import uvicorn

    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = uvicorn.Server(uvicorn.Config(app, log_level="error", lifespan="on", ws="none"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}/mcp"
        finally:
            server.should_exit = True
            thread.join(30)


@asynccontextmanager
async def connected(library: str, url: str, token: str) -> AsyncIterator[Client]:
    headers = {"Authorization": f"Bearer {token}"}
    if library.startswith("fastmcp"):
        from fastmcp import Client as FastClient

        async with FastClient(url, auth=token) as session:
            yield Client(session, [], raise_on_error=False)
    elif OF_2:
        import httpx2
        from mcp import Client as NewClient
        from mcp.client.streamable_http import streamable_http_client

        http = httpx2.AsyncClient(headers=headers)
        async with http, NewClient(streamable_http_client(url, http_client=http)) as session:
            yield Client(session, [])
    else:
        from mcp import ClientSession
        from mcp.client.streamable_http import streamablehttp_client

        with warnings.catch_warnings():  # its successor is not in the oldest version
            warnings.simplefilter("ignore", DeprecationWarning)
            transport = streamablehttp_client(url, headers=headers)
        async with transport as (reads, writes, _), ClientSession(reads, writes) as session:
            await session.initialize()
            yield Client(session, [])


def run(main: Coroutine[Any, Any, None]) -> None:
    asyncio.run(asyncio.wait_for(main, 60))


def test_the_subject_of_the_token_pays_else_its_client(library: str, om: OpenMonetize, sandbox: Sandbox) -> None:
    tools = Tools()
    paid = PaidTools(om, {"search": 5}, hidden=True)

    async def main(url: str) -> None:
        async with connected(library, url, "token-of-ada") as client:
            assert not (await client.call("search", q="x")).failed
            assert "search" in await client.tools()
        async with connected(library, url, "token-of-a-machine") as client:
            assert not (await client.call("search", q="x")).failed
        async with connected(library, url, "token-of-grace") as client:  # who has no wallet
            assert "No credit wallet found" in (await client.call("search", q="x")).text
            assert "search" not in await client.tools()

    with serving(make_app(library, paid, tools, stateless=False)) as url:
        run(main(url))
    assert om.flush(10)
    assert [sandbox.billed(user) for user in ("acme-ada", "acme-machine", "acme-grace")] == [5, 5, 0]
    assert len(tools.runs) == 2


def test_a_client_that_repeats_the_id_of_a_request_pays_each_time(
    library: str, om: OpenMonetize, sandbox: Sandbox
) -> None:
    import json
    import urllib.request

    tools = Tools()
    paid = PaidTools(om, {"search": 5})
    call = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "search", "arguments": {"q": "x"}}}
    headers = {
        "Authorization": "Bearer token-of-ada",
        "Content-Type": "application/json",
        "Accept": "application/json, text/event-stream",
        "MCP-Protocol-Version": "2025-06-18",
    }
    with serving(make_app(library, paid, tools, stateless=True)) as url:
        for _ in range(3):
            request = urllib.request.Request(url, json.dumps(call).encode(), headers)
            with urllib.request.urlopen(request, timeout=30) as answer:
                assert "found x" in answer.read().decode()
    assert om.flush(10)
    assert sandbox.billed("acme-ada") == 15
    assert len({event["event_id"] for event in sandbox.events()}) == 3

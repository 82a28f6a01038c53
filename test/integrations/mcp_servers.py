"""One server with the same tools and one client for it, of each library for MCP that is installed."""

from __future__ import annotations

import asyncio
import importlib.util
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from typing import Any, Callable, NamedTuple

OF_2 = importlib.util.find_spec("mcp_types") is not None
LIBRARIES = [
    *(["sdk 2, newest protocol", "sdk 2, older protocol"] if OF_2 else ["sdk 1", "sdk 1, low-level"]),
    *(["fastmcp, newest protocol", "fastmcp, older protocol"] if importlib.util.find_spec("fastmcp") else []),
]


class Answer(NamedTuple):
    text: str
    failed: bool


class Tools:
    """The functions of the tools, and what they have seen."""

    def __init__(self) -> None:
        self.runs: list[str] = []
        self.began = asyncio.Event()
        self.go_on = asyncio.Event()
        self.cancelled = asyncio.Event()
        self.inside: Callable[[], None] = lambda: None

    async def search(self, q: str) -> str:
        self.runs.append(q)
        self.inside()
        return f"found {q}"

    async def render(self, pages: int) -> dict[str, int]:
        self.runs.append(f"{pages} pages")
        return {"pages": pages}

    async def fail(self) -> str:
        self.runs.append("fail")
        raise ValueError("no such page")

    async def slow(self) -> str:
        self.began.set()
        try:
            await self.go_on.wait()
        except asyncio.CancelledError:
            self.cancelled.set()
            raise
        return "done"

    async def ping(self) -> str:
        return "pong"

    @property
    def all(self) -> list[Callable[..., Awaitable[Any]]]:
        return [self.search, self.render, self.fail, self.slow, self.ping]


class Client:
    """A client of a session of any library."""

    def __init__(self, session: Any, pages: list[str], **options: Any) -> None:
        self.session = session
        self._options = options
        self.pages = pages  # that it was asked to open

    async def call(self, tool: str, **arguments: Any) -> Answer:
        result = await self.session.call_tool(tool, arguments, **self._options)
        failed = result.is_error if OF_2 else result.isError
        return Answer("\n".join(part.text for part in result.content), failed)

    async def cancel_first(self) -> None:
        """Cancel the first call of the session, as clients of 1.x do not when their tasks are cancelled."""
        if not OF_2:
            from mcp import types

            params = types.CancelledNotificationParams(requestId=1)
            cancelled = types.CancelledNotification(method="notifications/cancelled", params=params)
            await self.session.send_notification(types.ClientNotification(cancelled))

    async def tools(self) -> list[str]:
        listed = await self.session.list_tools()
        return [tool.name for tool in getattr(listed, "tools", listed)]


def make_server(library: str, tools: Tools, **settings: Any) -> Any:
    if library.startswith("fastmcp"):
        from fastmcp import FastMCP

        server: Any = FastMCP("tools", **settings)
    elif OF_2:
        from mcp.server.mcpserver import MCPServer

        server = MCPServer("tools", **settings)
    elif library == "sdk 1, low-level":
        return low_level(tools)
    else:
        from mcp.server.fastmcp import FastMCP as OldFastMCP

        server = OldFastMCP("tools", **settings)
    for tool in tools.all:
        server.tool()(tool)
    return server


def low_level(tools: Tools) -> Any:
    from mcp import types
    from mcp.server.lowlevel import Server

    server = Server("tools")
    by_name = {tool.__name__: tool for tool in tools.all}

    @server.list_tools()
    async def list_tools() -> list[types.Tool]:
        return [types.Tool(name=name, inputSchema={"type": "object"}) for name in by_name]

    @server.call_tool()
    async def call_tool(name: str, arguments: dict[str, Any]) -> Any:
        result = await by_name[name](**arguments)
        return result if isinstance(result, dict) else [types.TextContent(type="text", text=result)]

    return server


@asynccontextmanager
async def connected(
    library: str, server: Any, *, opens_pages: bool = False, then: Callable[[], None] = lambda: None
) -> AsyncIterator[Client]:
    """Connect a client. ``then`` is what its user does on a page that the client opens."""
    pages: list[str] = []

    async def elicit(*given: Any) -> Any:
        params = next(one for one in given if hasattr(one, "url"))
        pages.append(params.url)
        then()
        if library.startswith("fastmcp"):
            from fastmcp.client.elicitation import ElicitResult as Accepted

            return Accepted(action="accept")
        if OF_2:
            from mcp_types import ElicitResult
        else:
            from mcp.types import ElicitResult
        return ElicitResult(action="accept")

    asked = elicit if opens_pages else None
    mode = "legacy" if "older" in library else "auto"
    if library.startswith("fastmcp"):
        from fastmcp import Client as FastClient

        async with FastClient(server, elicitation_handler=asked, mode=mode) as session:
            yield Client(session, pages, raise_on_error=False)
    elif OF_2:
        from mcp import Client as NewClient

        async with NewClient(server, elicitation_callback=asked, mode=mode) as session:
            yield Client(session, pages)
    else:
        from mcp.shared.memory import create_connected_server_and_client_session

        async with create_connected_server_and_client_session(server, elicitation_callback=asked) as session:
            yield Client(session, pages)

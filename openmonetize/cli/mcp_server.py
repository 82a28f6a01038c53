"""An MCP server that answers questions about usage and cost. It reads, and never writes."""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any, List, Literal, Optional, TypeVar

from pydantic import Field

from openmonetize._version import __version__
from openmonetize.cli import reports
from openmonetize.cli.errors import line_and_code
from openmonetize.exceptions import MissingExtraError

if TYPE_CHECKING:
    from openmonetize.client import OpenMonetize

_INSTRUCTIONS = (
    "Reads the usage and the cost of AI features from OpenMonetize, a metering and billing platform. 1,000 credits are "
    "1 US dollar. Days are days in UTC. Every answer names the account that it is about."
)

Start = Annotated[Optional[str], Field(description="First day, such as 2026-11-01, or time in UTC.")]
End = Annotated[Optional[str], Field(description="Last day, which is included, or time in UTC. Default: now.")]
Last = Annotated[Optional[str], Field(description="Length of the range, instead of start: 24h, 7d, 4w.")]
Report = dict[str, Any]
F = TypeVar("F", bound=Callable[..., Any])


def _told(function: F) -> F:
    """Have an error be the answer of a failed tool, as one line."""

    @functools.wraps(function)
    def with_errors(self: Tools, *args: Any, **kwargs: Any) -> Any:
        try:
            return {"account": self.account, **function(self, *args, **kwargs)}
        except Exception as error:
            # Without hints: they name commands that write, which an agent might try.
            raise self.tool_error(line_and_code(error, hints=False)[0]) from None

    return with_errors  # type: ignore[return-value]


class Tools:
    """The tools of the server.

    Args:
        client: of the account.
        account: which account that is, in words.
        tool_error: the SDK's exception for tools that fail.
    """

    def __init__(self, client: OpenMonetize, account: str, tool_error: type[Exception]) -> None:
        self.account = account
        self.tool_error = tool_error
        self._client = client

    @_told
    def balance(
        self, user_id: Annotated[Optional[str], Field(description="Default: the customer's own wallet.")] = None
    ) -> Report:
        """Show the credits in the wallet of a user, or of the customer."""
        return reports.balance(self._client, user_id)

    @_told
    def usage(
        self, by: Literal["day", "model", "feature"] = "day", start: Start = None, end: End = None, last: Last = None
    ) -> Report:
        """Show events, tokens and credits by day, model or feature; of the last 30 days by default."""
        return reports.usage(self._client, reports.read_range(start, end, last, "30d"), by)

    @_told
    def costs(self, start: Start = None, end: End = None, last: Last = None) -> Report:
        """Show revenue, provider cost and margin by model in US dollars; of the last 30 days by default."""
        return reports.costs(self._client, reports.read_range(start, end, last, "30d"))

    @_told
    def why_did_cost_rise(
        self,
        start: Start = None,
        end: End = None,
        last: Last = None,
        before_start: Annotated[Optional[str], Field(description="First day of the earlier range.")] = None,
        before_end: Annotated[Optional[str], Field(description="Last day of the earlier range.")] = None,
        users: Annotated[
            Optional[List[str]], Field(description=f"Ids of up to {reports.MAX_USERS} users to compare as well.")
        ] = None,
    ) -> Report:
        """Compare a range with an earlier one: which models, features and users cost more, and by how much.

        By default the last 7 days are compared with the 7 days before. A model's change in cost is split into what more
        tokens cost, and what another cost of a token does.
        """
        after = reports.read_range(start, end, last, "7d")
        before = reports.range_before(after)
        if before_start is not None or before_end is not None:
            before = reports.read_range(before_start, before_end, None, "7d")
        return reports.cost_rise(self._client, before, after, users or [])

    @_told
    def forecast(self, days: Annotated[int, Field(ge=1, le=90, description="Days ahead.")] = 30) -> Report:
        """Show the expected burn of the next days from the average of the last 30, and when the balance is empty."""
        return reports.forecast(self._client, days)


def serve(client: OpenMonetize, account: str) -> None:
    """Answer on stdin and stdout, until stdin ends.

    Args:
        client: of the account.
        account: which account that is, in words.

    Raises:
        MissingExtraError: the SDK is not installed.
    """
    server, tool_error, annotations = _sdk()
    tools = Tools(client, account, tool_error)
    reads = annotations.model_validate({"readOnlyHint": True, "openWorldHint": False})
    for tool in (tools.balance, tools.usage, tools.costs, tools.why_did_cost_rise, tools.forecast):
        server.tool(annotations=reads)(tool)
    server.run("stdio")
    if sys.stdout.closed:  # by the SDK 1.x, when its wrapper around the same file goes
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115  # as long as the process


def require_sdk() -> None:
    """Make sure that the SDK is installed.

    Raises:
        MissingExtraError: it is not.
    """
    _sdk()


def _sdk() -> tuple[Any, type[Exception], Any]:
    """Return a server of the SDK, its exception for tools that fail, and its model of what is told of tools."""
    settings: dict[str, Any] = {"instructions": _INSTRUCTIONS, "log_level": "WARNING"}
    try:
        from mcp.server.mcpserver import MCPServer
        from mcp.server.mcpserver.exceptions import ToolError
        from mcp_types import ToolAnnotations

        return MCPServer("openmonetize", version=__version__, **settings), ToolError, ToolAnnotations
    except ImportError:
        pass
    try:  # the SDK 1.x
        from mcp.server.fastmcp import FastMCP
        from mcp.server.fastmcp.exceptions import ToolError as OldToolError
        from mcp.types import ToolAnnotations as OldToolAnnotations
    except ImportError:
        raise MissingExtraError(
            "openmonetize mcp needs the package mcp: pip install 'openmonetize[cli,mcp,sandbox]'"
        ) from None
    return FastMCP("openmonetize", **settings), OldToolError, OldToolAnnotations

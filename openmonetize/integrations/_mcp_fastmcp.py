"""Paid tools in fastmcp, by its own middleware."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from fastmcp.exceptions import ToolError
from fastmcp.server.dependencies import get_access_token
from fastmcp.server.middleware import Middleware

from openmonetize.integrations import _mcp_calls as calls
from openmonetize.integrations._mcp_calls import Denial, ToolCall

if TYPE_CHECKING:
    from openmonetize.integrations.mcp import PaidTools


class PaidToolsMiddleware(Middleware):
    """Charges for the tools of a `FastMCP`.

    Args:
        paid: the tools and their prices.
    """

    def __init__(self, paid: PaidTools) -> None:
        self._paid = paid

    async def on_call_tool(self, context: Any, call_next: Any) -> Any:
        """Run a tool if it can be paid."""
        request = _request_of(context)
        message = context.message

        def denied(denial: Denial) -> Any:
            calls.raise_page_error(denial, request)
            asks = calls.input_required(denial, request, getattr(request, "params", None) or message)
            if asks is not None:
                from fastmcp.tools.base import InputRequiredToolResult

                return InputRequiredToolResult(asks)
            raise ToolError(denial.text if denial.url is None else f"{denial.text} {denial.url}")

        call = ToolCall(message.name, message.arguments or {}, get_access_token(), request)
        return await self._paid.run(call, lambda: call_next(context), denied)

    async def on_list_tools(self, context: Any, call_next: Any) -> Sequence[Any]:
        """List the tools that are for the user."""
        tools = await call_next(context)
        gone = await self._paid.hidden_of([tool.name for tool in tools], get_access_token(), _request_of(context))
        return [tool for tool in tools if tool.name not in gone]


def _request_of(context: Any) -> Any:
    """Return the SDK's context of the request; None where the server's own program calls the tool."""
    return getattr(context.fastmcp_context, "request_context", None)

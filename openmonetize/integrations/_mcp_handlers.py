"""Paid tools in servers of the SDK 1.x, which has no middleware: the functions for calls and lists are replaced."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from openmonetize._arguments import described
from openmonetize.exceptions import ApiTypeError, ApiValueError
from openmonetize.integrations import _mcp_calls as calls
from openmonetize.integrations._mcp_calls import Denial, ToolCall

if TYPE_CHECKING:
    from openmonetize.integrations.mcp import PaidTools


def replace_handlers(server: Any, paid: PaidTools) -> None:
    """Charge for the tools of a low-level server.

    Raises:
        ApiTypeError, ApiValueError: it is no such server, or has no function for calls yet.
    """
    handlers = getattr(server, "request_handlers", None)
    if not isinstance(handlers, dict):
        raise ApiTypeError(f"install() takes a server of mcp or fastmcp, not {described(server)}")
    types = calls.types()
    run_tool: Any = handlers.get(types.CallToolRequest)
    listed: Any = handlers.get(types.ListToolsRequest)
    if run_tool is None:
        raise ApiValueError("the server has no function for calls yet: install() comes after @server.call_tool()")

    def denied(denial: Denial) -> Any:
        calls.raise_page_error(denial, _context_of(server))
        return types.ServerResult(calls.error_result(denial))

    async def run_paid_tool(request: Any) -> Any:
        context = _context_of(server)
        params = request.params
        call = ToolCall(params.name, params.arguments or {}, calls.request_token(context), context)
        return await paid.run(call, lambda: run_tool(request), denied)

    async def list_tools_of_user(request: Any) -> Any:
        result = await listed(request)
        context = _context_of(server)
        tools = result.root.tools
        gone = await paid.hidden_of([tool.name for tool in tools], calls.request_token(context), context)
        kept = [tool for tool in tools if tool.name not in gone]
        return types.ServerResult(result.root.model_copy(update={"tools": kept}))

    handlers[types.CallToolRequest] = run_paid_tool
    if listed is not None:
        handlers[types.ListToolsRequest] = list_tools_of_user


def _context_of(server: Any) -> Any:
    """Return the context of the request; None outside of one."""
    try:
        return server.request_context
    except LookupError:
        return None

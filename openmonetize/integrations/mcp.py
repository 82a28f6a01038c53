"""Paid tools of MCP servers: a tool runs if its user has the credits, and what it costs is billed once it has run.

    paid = PaidTools(om, {"search": 5, "render": Price(most=100, of=lambda answer: answer.structured["pages"] * 2)})
    server = MCPServer("my tools", middleware=[paid])  # the SDK from 2.0 on
    paid.install(server)                               # or any server: the SDK's of 1.x and 2.x, or fastmcp's

It needs asyncio. Methods other than ``tools/call`` and ``tools/list`` pass untouched, and no request is ever sent to a
client: a denial is an answer.
"""

from __future__ import annotations

import asyncio
import dataclasses
import inspect
import logging
from collections.abc import Awaitable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, Callable, NamedTuple, Optional, Union
from urllib.parse import urljoin

from openmonetize._arguments import described
from openmonetize.client.reserving import HOLD_TTL, require_reservation
from openmonetize.exceptions import ApiTypeError, ApiValueError, OpenApiException
from openmonetize.gate import CheckResult, EntitlementDenied, OnOutage
from openmonetize.gate.checks import require_policy
from openmonetize.integrations import _mcp_calls as calls
from openmonetize.integrations._mcp_calls import Denial, ToolAnswer, ToolCall

if TYPE_CHECKING:
    from openmonetize.client import OpenMonetize
    from openmonetize.client.async_hold import AsyncHold

__all__ = ["PaidTools", "Price", "ToolAnswer", "ToolCall"]

_LOG = logging.getLogger("openmonetize.integrations.mcp")

OfCall = Union[str, Callable[[ToolCall], Union[Optional[str], Awaitable[Optional[str]]]], None]
Hidden = Union[bool, Callable[[str, Optional[str]], Union[bool, Awaitable[bool]]]]


class Price(NamedTuple):
    """A price that depends on what a tool has answered.

    Attributes:
        most: whole credits that are held while the tool runs. No call costs more.
        of: a function that returns the price of an answer, in whole credits; 0 bills nothing.
    """

    most: int
    of: Callable[[ToolAnswer], int]


class PaidTools:
    """Charges credits for the calls of tools. It is a middleware of the SDK from 2.0 on; `install` knows all servers.

    A call holds its credits while it runs, so that calls at the same moment cannot spend more than there is; without
    the credits the tool does not run. A client that can send its user to a page gets the link (the error -32042, or a
    request for input by the protocol of 2026-07-28), any other a failed tool whose text says why. Each run of a tool is
    an event of its own, whatever request id the client gives it: ids of requests are the client's to choose, and one
    that repeats them would pay once. What a wrapped client records while the tool runs is billed to the same user,
    beside the price: ``Price(most=100, of=lambda answer: 0)`` bills only that.

    Args:
        om: checks, holds and records.
        prices: whole credits for a call, or a `Price`, by the tool's name. Other tools are free.
        user_id: whose credits they are, or a function of the `ToolCall` that returns it. By default the subject of the
            access token, else its client (which many users may share), else the user of ``om.context``. A server on
            stdio has no token: give it the user from its configuration.
        feature_id: of all tools, or a function of the `ToolCall`; by default ``mcp.`` and the tool's name.
        hidden: tools to leave out when tools are listed: True leaves out what a check denies, for lack of credits too,
            so that nobody is offered to buy them; a function gets the tool's name and the user, and returns whether to
            leave the tool out, which cannot be called then.
        billing_url: what links of the platform's remedies are relative to, and the link where it names none.
        charge_failures: charge for tools that failed as well. Errors of the protocol are free.
        on_outage: ``"deny"`` or ``"allow"``: whether tools run while the platform does not answer. By default they do
            not: what they cost could not be held.
        ttl: seconds after which the credits of a call are free again even if it runs on. Longer than any tool takes.

    Raises:
        ApiTypeError, ApiValueError: an argument cannot be used.
    """

    def __init__(
        self,
        om: OpenMonetize,
        prices: Mapping[str, int | Price],
        *,
        user_id: OfCall = None,
        feature_id: OfCall = None,
        hidden: Hidden = False,
        billing_url: str | None = None,
        charge_failures: bool = False,
        on_outage: OnOutage = "deny",
        ttl: float = HOLD_TTL,
    ) -> None:
        require_policy(on_outage)
        if billing_url is not None and not _is_page(billing_url):
            raise ApiValueError(f"billing_url must begin with https:// or http://, not {billing_url!r}")
        self._om = om
        self._prices = {tool: _checked(tool, price, ttl) for tool, price in prices.items()}
        self._user_id = user_id
        self._feature_id = feature_id
        self._hidden = hidden
        self._billing_url = billing_url
        self._charge_failures = charge_failures
        self._on_outage: OnOutage = on_outage
        self._ttl = ttl
        self._unbilled = om.layer("mcp")
        self._servers: list[Any] = []

    def install(self, server: Any) -> None:
        """Charge for the tools of a server. A second time does nothing.

        Args:
            server: a `FastMCP` of fastmcp, or one of the SDK: `MCPServer` or the low-level `Server` of 2.x, `FastMCP`
                or the low-level `Server` of 1.x. The last one has to know its function for calls already.

        Raises:
            ApiTypeError, ApiValueError: it is no such server, or has no function for calls yet.
        """
        if any(known is server for known in self._servers):
            return
        if hasattr(server, "add_middleware"):
            from openmonetize.integrations._mcp_fastmcp import PaidToolsMiddleware

            server.add_middleware(PaidToolsMiddleware(self))
        elif isinstance(getattr(server, "middleware", None), list):
            server.middleware.append(self)
        else:
            from openmonetize.integrations._mcp_handlers import replace_handlers

            replace_handlers(getattr(server, "_mcp_server", server), self)
        self._servers.append(server)

    async def __call__(self, ctx: Any, call_next: Callable[[Any], Awaitable[Any]]) -> Any:
        """Handle a message as a middleware of the SDK."""
        params = ctx.params or {}
        if ctx.method == "tools/list" and self._hidden:
            result = await call_next(ctx)
            gone = await self.hidden_of([tool["name"] for tool in result["tools"]], calls.request_token(ctx), ctx)
            kept = [tool for tool in result["tools"] if tool["name"] not in gone]
            private = {"cacheScope": "private"} if "cacheScope" in result else {}  # the list is this user's
            return {**result, "tools": kept, **private}
        if ctx.method != "tools/call" or not isinstance(params.get("name"), str):
            return await call_next(ctx)
        call = ToolCall(params["name"], params.get("arguments") or {}, calls.request_token(ctx), ctx)

        async def run() -> Any:
            asked = calls.has_paid_page_behind(params)
            return await call_next(dataclasses.replace(ctx, params=calls.without_own_input(params)) if asked else ctx)

        def denied(denial: Denial) -> Any:
            calls.raise_page_error(denial, ctx)
            return calls.input_required(denial, ctx, params) or calls.error_result(denial)

        return await self.run(call, run, denied)

    async def run(self, call: ToolCall, run: Callable[[], Awaitable[Any]], denied: Callable[[Denial], Any]) -> Any:
        """Run a tool if it is free or its credits can be held, and bill it.

        Args:
            call: the call.
            run: runs the tool.
            denied: returns the answer to a call that is denied, or raises it.
        """
        price = self._prices.get(call.tool)
        if not callable(self._hidden) and price is None:
            return await run()
        user_id = await self._user_of(call)
        if callable(self._hidden) and await _value(self._hidden(call.tool, user_id)):
            return denied(Denial(f"Unknown tool: {call.tool}"))
        if price is None:
            return await run()
        hold = await self._hold(call, user_id, price)
        if isinstance(hold, Denial):
            return denied(hold)
        async with hold:  # a call that fails or is cancelled gives the credits back
            try:
                result = await run()
            except Exception as error:
                if self._charge_failures and not _is_of_protocol(error):
                    await self._settle(hold, call, price, ToolAnswer(None, str(error), True, error))
                raise
            if calls.is_unfinished(result):
                self._tell_of_task(call, result)
            else:
                answer = calls.answer_of(result)
                if not answer.failed or self._charge_failures:
                    await self._settle(hold, call, price, answer)
            return result

    async def hidden_of(self, tools: Iterable[str], token: Any, context: Any) -> set[str]:
        """Return which tools are not for the user of a request."""
        if not self._hidden:
            return set()
        user_id = await self._user_of(ToolCall("", {}, token, context))

        async def is_hidden(tool: str) -> bool:
            if callable(self._hidden):
                return bool(await _value(self._hidden(tool, user_id)))
            if tool not in self._prices:
                return False
            feature_id = await self._feature_of(ToolCall(tool, {}, token, context))
            try:  # in an outage they are shown: calls are denied then, if that is wanted
                return not await self._om.acheck(feature_id, user_id=user_id, on_outage="allow", action="custom")
            except OpenApiException:
                return True  # no user

        names = list(tools)
        answers = await asyncio.gather(*(is_hidden(tool) for tool in names))
        return {tool for tool, is_gone in zip(names, answers) if is_gone}

    async def _hold(self, call: ToolCall, user_id: str | None, price: int | Price) -> AsyncHold | Denial:
        most = price.most if isinstance(price, Price) else price
        feature_id = await self._feature_of(call)
        try:
            return await self._om.areserve(
                feature_id, user_id=user_id, credits=most, ttl=self._ttl, on_outage=self._on_outage, action="custom"
            )
        except EntitlementDenied as error:
            return self._denial(call, most, error.check)
        except OpenApiException as error:
            if user_id is None:
                return Denial(f"The tool {call.tool} was not run: it is paid, and nobody is signed in to pay for it.")
            _LOG.error("the tool %s cannot be charged for, and was not run: %s", call.tool, error)
            return Denial(f"The tool {call.tool} was not run: it cannot be charged for. Tell whoever runs this server.")

    def _denial(self, call: ToolCall, credits: int, check: CheckResult) -> Denial:
        """Return what to tell of a denial. What only the server's owner should know stays out."""
        if check.source == "outage":
            return Denial(f"The tool {call.tool} was not run: its price cannot be charged right now. Try again later.")
        costs = f"{credits} credit{'' if credits == 1 else 's'}"
        text = f"The tool {call.tool} was not run: it needs {costs}. {check.reason or 'It is not allowed now'}."
        for remedy in check.actions:
            url = urljoin(self._billing_url or "", remedy.url or "")
            if _is_page(url):
                return Denial(f"{text} {remedy.label or 'See'}:", url)
        return Denial(text)

    async def _settle(self, hold: AsyncHold, call: ToolCall, price: int | Price, answer: ToolAnswer) -> None:
        """Bill an answer. An error is logged and counted, and the client has its answer."""
        try:
            credits = price
            if isinstance(price, Price):
                credits = price.of(answer)
                if isinstance(credits, bool) or not isinstance(credits, int) or credits < 0:
                    raise ApiTypeError(f"the price of an answer must be whole credits, not {described(credits)}")
                if credits > price.most:
                    _LOG.warning("the tool %s costs %d credits at the most, not %d", call.tool, price.most, credits)
                    credits = price.most
            if credits:
                await hold.settle(credits=credits, metadata={"tool": call.tool})
        except Exception as error:
            self._unbilled.unknown(f"tool {call.tool}", error)

    def _tell_of_task(self, call: ToolCall, result: Any) -> None:
        if not calls.asks_for_input(result):
            self._unbilled.unknown(f"tool {call.tool}", ApiValueError("it runs as a task, whose answer is not seen"))

    async def _user_of(self, call: ToolCall) -> str | None:
        if self._user_id is None:
            return call.principal
        return await _text_of(self._user_id, call)

    async def _feature_of(self, call: ToolCall) -> str:
        return await _text_of(self._feature_id, call) or f"mcp.{call.tool}"


def _checked(tool: str, price: Any, ttl: float) -> int | Price:
    if isinstance(price, Price):
        if not callable(price.of):
            raise ApiTypeError(f"of in the price of {tool!r} must be a function, not {described(price.of)}")
        require_reservation(price.most, ttl)
        return price
    if price is None:
        raise ApiTypeError(f"the price of {tool!r} must be whole credits or a Price, not None")
    require_reservation(price, ttl)
    return int(price)


def _is_page(url: str) -> bool:
    return url.startswith(("https://", "http://"))


def _is_of_protocol(error: Exception) -> bool:
    return type(error).__module__ == "mcp.shared.exceptions"


async def _text_of(given: OfCall, call: ToolCall) -> str | None:
    if given is None or isinstance(given, str):
        return given
    found: str | None = await _value(given(call))
    return found


async def _value(found: Any) -> Any:
    """Return what a function returned, which may be a coroutine's to come."""
    return await found if inspect.isawaitable(found) else found

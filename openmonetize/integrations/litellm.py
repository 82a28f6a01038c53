"""Metering of LiteLLM, the library and the proxy: ``pip install 'openmonetize[litellm]'``.

    import litellm
    from openmonetize.integrations.litellm import MeteringLogger

    litellm.callbacks.append(MeteringLogger(om, feature_id="chat"))

For the proxy, in its ``config.yaml``, with settings from the environment (see `proxy_handler`)::

    litellm_settings:
      callbacks: openmonetize.integrations.litellm.proxy_handler

User, feature and metadata are those of ``om.context`` where the call was made, on whichever thread LiteLLM tells of it.
LiteLLM tells nothing of a stream that is left before its end, and of calls with ``no-log``: they are not recorded here.
"""

from __future__ import annotations

import logging
import threading
import time
import uuid
from collections.abc import Callable, Mapping
from contextvars import Context, copy_context
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from litellm.integrations.custom_logger import CustomLogger

from openmonetize.exceptions import ApiTypeError, ApiValueError, OpenApiException
from openmonetize.gate.checks import require_policy
from openmonetize.integrations import _litellm_proxy as proxy
from openmonetize.integrations._litellm_usage import (
    EMBEDDING,
    IMAGES,
    KEY_OF_MOCKS,
    METERED,
    TOOL_CALL,
    is_cache_hit,
    kind_of,
    model_of,
    payload_of,
    usage_of,
    usage_of_line,
)
from openmonetize.providers import UsageError
from openmonetize.providers.usage import gateway_name

if TYPE_CHECKING:
    from openmonetize import OpenMonetize
    from openmonetize.gate import OnOutage

_LOG = logging.getLogger("openmonetize")

MAX_CALLS = 10_000  # that are under way and remembered

CREDITS_OF_UNIT = 10  # that the platform bills for a unit of a custom event

# Types of calls that only read what another call was charged for, or cost nothing.
_FREE = ("moderation", "amoderation", "list_input_items", "get_responses", "aget_responses", "list_mcp_tools")


class _Call(NamedTuple):
    """A call under way: the context in which it was made, when, by `time.monotonic`, and whether it is a mock."""

    context: Context
    began: float
    mock: bool


class MeteringLogger(CustomLogger):
    """A callback of LiteLLM that records what each call has used, once.

    Answers from LiteLLM's cache and mocks are not recorded. Retries and fallbacks are, as far as a provider has
    answered them. A stream whose usage LiteLLM may have guessed is recorded as partial; a call whose usage it does not
    know is logged and counted (``om.warning_counts()["unmetered"]``).

    Args:
        om: the client of the platform.
        feature_id: the feature of all calls; by default that of ``om.context`` where the call was made.
        user_id: the user of all calls; by default what ``user_of`` returns, else that of ``om.context``.
        metadata: facts to keep with every event.
        gate: for the proxy: ``"allow"`` or ``"deny"`` asks the platform before each request whether the user may go
            ahead, and says what happens if it does not answer. None asks nothing. Calls of the library are not gated:
            use ``om.require`` before them.
        providers: LiteLLM's names of providers that the platform does not know, and as which of its own to bill them,
            such as ``{"groq": "OPENAI"}``.
        tool_prices: whole credits for one call of a tool of an MCP server, by the tool's name. Tools without a price
            and calls that fail are free.
        user_of: returns the user of a call from LiteLLM's keyword arguments of callbacks, or None.

    Raises:
        ApiTypeError, ApiValueError, UsageError: a value cannot be used.
    """

    def __init__(
        self,
        om: OpenMonetize,
        *,
        feature_id: str | None = None,
        user_id: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        gate: OnOutage | None = None,
        providers: Mapping[str, str] | None = None,
        tool_prices: Mapping[str, int] | None = None,
        user_of: Callable[[Mapping[str, Any]], str | None] | None = None,
    ) -> None:
        super().__init__()
        if gate is not None:
            require_policy(gate)
            if feature_id is None:
                raise ApiTypeError("feature_id is missing: a gate asks whether the user may use this feature")
        for tool, price in (tool_prices or {}).items():
            if isinstance(price, bool) or not isinstance(price, int) or price <= 0:
                raise ApiValueError(f"the price of the tool {tool!r} must be whole credits above 0, not {price!r}")
        self._om = om
        self._layer = om.layer("litellm", user_id=user_id, feature_id=feature_id, metadata=metadata)
        self._feature_id, self._user_id, self._metadata = feature_id, user_id, metadata
        self._gate = gate
        self._providers = {name: gateway_name(provider) for name, provider in (providers or {}).items()}
        self._tool_prices = dict(tool_prices or {})
        self._user_of = user_of
        self._lock = threading.Lock()
        self._calls: dict[str, _Call] = {}  # under way, by LiteLLM's id

    # Calls. LiteLLM calls these methods with the arguments' names.

    def log_pre_api_call(self, model: Any, messages: Any, kwargs: dict[str, Any]) -> None:
        """Remember the context of a call: synchronous streams are told of in another one."""
        call_id = kwargs.get("litellm_call_id")
        if call_id is None:
            return
        with self._lock:
            self._calls[call_id] = _Call(copy_context(), time.monotonic(), kwargs.get("api_key") == KEY_OF_MOCKS)
            if len(self._calls) > MAX_CALLS:
                del self._calls[next(iter(self._calls))]

    def log_success_event(self, kwargs: dict[str, Any], response_obj: Any, start_time: Any, end_time: Any) -> None:
        """Record a call."""
        self._told(kwargs, response_obj, start_time)

    async def async_log_success_event(
        self, kwargs: dict[str, Any], response_obj: Any, start_time: Any, end_time: Any
    ) -> None:
        """Record a call. It takes microseconds: events go to memory or a file, and are sent by a thread."""
        self._told(kwargs, response_obj, start_time)

    def log_failure_event(self, kwargs: dict[str, Any], response_obj: Any, start_time: Any, end_time: Any) -> None:
        """Forget a call that has failed."""
        self._take(kwargs)

    async def async_log_failure_event(
        self, kwargs: dict[str, Any], response_obj: Any, start_time: Any, end_time: Any
    ) -> None:
        """Forget a call that has failed."""
        self._take(kwargs)

    def _take(self, kwargs: Mapping[str, Any]) -> _Call | None:
        with self._lock:
            return self._calls.pop(str(kwargs.get("litellm_call_id")), None)

    def _told(self, kwargs: Mapping[str, Any], response: Any, start_time: Any) -> None:
        call = self._take(kwargs)
        if is_cache_hit(kwargs) or (call is not None and call.mock):
            return
        if call is None:
            self._record(kwargs, response, _monotonic(start_time), seen=False)
        else:
            call.context.run(self._record, kwargs, response, call.began, seen=True)

    def _record(self, kwargs: Mapping[str, Any], response: Any, began: float | None, *, seen: bool) -> None:
        """Record a call, in the context in which it was made.

        Args:
            seen: whether LiteLLM has told that it sends a request.
        """
        kind, call_id = kind_of(kwargs), kwargs.get("litellm_call_id")
        try:
            if kind == TOOL_CALL:
                self._record_tool(kwargs)
                return
            if kind not in METERED:
                if not self._is_free(kind, kwargs):
                    raise UsageError(f"calls of the type {kind!r} are not metered for LiteLLM")
                return
            if not seen and kind in (EMBEDDING, *IMAGES) and not kwargs.get("first_api_call_start_time"):
                raise UsageError("LiteLLM tells of no request: a mock, or a provider that it does not tell of")
            usage = usage_of(kwargs, response, self._providers)
        except Exception as error:
            self._layer.unknown(model_of(kwargs, response), error, call_id=call_id, began=began)
            return
        self._layer.record(usage, call_id=call_id, began=began, user_id=self._user(kwargs))

    def _user(self, kwargs: Mapping[str, Any]) -> str | None:
        return self._user_id or (self._user_of(kwargs) if self._user_of else None)

    def _is_free(self, kind: str, kwargs: Mapping[str, Any]) -> bool:
        import litellm

        if "batch" in kind:  # LiteLLM gives its sum when it is retrieved; its lines are told of one by one
            listeners = getattr(litellm, "batch_line_item_callbacks", None) or ()
            return self in listeners or not payload_of(kwargs).get("total_tokens")
        return kind in _FREE or not (payload_of(kwargs).get("response_cost") or payload_of(kwargs).get("total_tokens"))

    # Tools of MCP servers, and batches

    def _record_tool(self, kwargs: Mapping[str, Any]) -> None:
        """Record a successful call of a tool, if it has a price."""
        facts = payload_of(kwargs).get("metadata") or {}
        tool = (facts.get("mcp_tool_call_metadata") or kwargs.get("mcp_tool_call_metadata") or {}).get("name")
        price = self._tool_prices.get(str(tool))
        if price is None:
            return
        self._om.track_custom_event(
            unit_type=f"tool:{tool}",
            quantity=price / CREDITS_OF_UNIT,
            user_id=self._user(kwargs),
            feature_id=self._feature_id,
            metadata=self._metadata,
            event_id=str(uuid.uuid5(uuid.NAMESPACE_OID, f"litellm {kwargs.get('litellm_call_id')}")),
        )

    async def async_log_batch_line_items(self, payload: Mapping[str, Any]) -> None:
        """Record the lines of a finished batch: ``litellm.batch_line_item_callbacks.append(this)`` makes LiteLLM tell.

        The user is that of the key with which the batch was made.
        """
        for line in payload.get("lines") or ():
            if line.get("status") != "success":
                continue
            told = ("line", line.get("batch_id"), line.get("custom_id")) if line.get("custom_id") else None
            try:
                usage = usage_of_line(line, self._providers)
            except Exception as error:
                self._layer.unknown(line.get("model"), error, call_id=told)
                continue
            facts = line.get("metadata") or {}
            key_user, alias = facts.get("user_api_key_user_id"), facts.get("user_api_key_alias")
            self._layer.record(usage, call_id=told, user_id=self._user_id or proxy.paying_user(None, key_user, alias))

    # The proxy's gate

    async def async_pre_call_hook(
        self, user_api_key_dict: Any, cache: Any, data: dict[str, Any], call_type: str
    ) -> None:
        """Reject a request to the proxy with HTTP 402 if its user may not go ahead, and with 400 if it has no user."""
        if self._gate is None or self._feature_id is None:
            return
        user = self._user_id or proxy.user_of_request(user_api_key_dict, data)
        if user is None:
            raise proxy.rejection(400, {"error": "nobody pays for this request: name its user in the field 'user'"})
        try:
            check = await self._om.acheck(self._feature_id, on_outage=self._gate, user_id=user)
        except (ApiTypeError, ApiValueError) as error:
            raise proxy.rejection(400, {"error": str(error)}) from error
        except OpenApiException as error:  # the platform does not understand the question
            _LOG.error("the gate of LiteLLM's proxy cannot ask: %s", error)
            if self._gate == "deny":
                raise proxy.rejection(503, {"error": "it cannot be asked whether this user may go ahead"}) from error
            return
        if not check:
            raise proxy.denial(check, user, self._feature_id)


def _monotonic(start_time: Any) -> float | None:
    """Return when a call began, by `time.monotonic`, from LiteLLM's local time."""
    if not isinstance(start_time, datetime):
        return None
    return time.monotonic() - max(0.0, time.time() - start_time.timestamp())


def handler_from_environment() -> MeteringLogger:
    """Return the callback of LiteLLM's proxy, by these variables of the environment:

    ``OPENMONETIZE_API_KEY``, ``OPENMONETIZE_BASE_URL``; ``OPENMONETIZE_OUTBOX``, a directory that all workers share;
    ``OPENMONETIZE_FEATURE_ID``, by default ``litellm``; ``OPENMONETIZE_GATE``: ``allow`` or ``deny``, what to do if the
    platform does not answer, and by default no gate; ``OPENMONETIZE_LITELLM_PROVIDERS``: ``groq=OPENAI,xai=OPENAI``;
    ``OPENMONETIZE_LITELLM_TOOL_PRICES``: ``search=5,fetch=1``, in credits.

    Raises:
        ApiKeyError: there is no key.
        ApiValueError: a variable cannot be used.
    """
    from openmonetize import OpenMonetize

    prices = proxy.pairs("OPENMONETIZE_LITELLM_TOOL_PRICES")
    if not all(price.isdigit() for price in prices.values()):
        raise ApiValueError("OPENMONETIZE_LITELLM_TOOL_PRICES must be whole credits, such as 'search=5,fetch=1'")
    gate: Any = proxy.setting("OPENMONETIZE_GATE")
    return MeteringLogger(
        OpenMonetize(outbox=proxy.setting("OPENMONETIZE_OUTBOX")),
        feature_id=proxy.setting("OPENMONETIZE_FEATURE_ID", "litellm"),
        gate=gate,
        providers=proxy.pairs("OPENMONETIZE_LITELLM_PROVIDERS"),
        tool_prices={tool: int(price) for tool, price in prices.items()},
        user_of=proxy.user_of_call,
    )


def __getattr__(name: str) -> Any:
    """Make ``proxy_handler`` when the proxy asks for it: it needs a key, and a process of its own."""
    if name != "proxy_handler":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = handler = handler_from_environment()
    return handler

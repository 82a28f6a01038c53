"""Google ADK: the plugin `MeteringPlugin` records what each call of a model has used.

>>> runner = InMemoryRunner(app=App(name="app", root_agent=agent, plugins=[MeteringPlugin(om, feature_id="chat")]))

Subagents and agents used as tools are metered too. Calls that a wrapped client below tells of are recorded once. User
and feature of `om.context` are those where the events of ``runner.run_async`` are read, and are lost in
``runner.run``, which runs on a thread of its own; the user may also be the session's.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Optional

from google.adk.agents.callback_context import CallbackContext
from google.adk.models.llm_request import LlmRequest
from google.adk.models.llm_response import LlmResponse
from google.adk.plugins.base_plugin import BasePlugin

from openmonetize.integrations._names import vendor_and_model
from openmonetize.providers import UsageError, otel, usage_from
from openmonetize.providers.inclusive import usage_of_totals
from openmonetize.providers.usage import Usage, gateway_name

if TYPE_CHECKING:
    from openmonetize import OpenMonetize
    from openmonetize.gate import OnOutage

# Names of Gemini's models that LiteLLM asks: its counts are not Google's own.
_LITELLM = ("gemini/", "vertex_ai/")

MAX_CALLS = 10_000  # that are under way at the same time


class MeteringPlugin(BasePlugin):
    """Meters all calls of models that a runner makes: ``App(..., plugins=[MeteringPlugin(om)])``.

    Plugins are called in their order, and one that answers in place of the model hides its answer from those behind it:
    put this one last before the model is asked, so that it asks for what is really asked, and first among those that
    change answers.

    Args:
        om: the client of the platform.
        user_id, feature_id: of all calls; by default those of ``om.context``.
        metadata: facts to keep with every event. The agent's name is added as ``agent``.
        provider: the vendor of models whose names do not tell it: they begin with ``gemini`` or ``claude``, or have it
            in front (``openai/gpt-4o``). Others are not metered without it.
        session_user: take the user from the session (``run_async(user_id=...)``), unless ``user_id`` is given.
        require: ``"allow"`` or ``"deny"`` to ask, before each call, whether the user may use the feature; it is what
            happens if the platform does not answer. None asks nothing.

    Raises:
        ApiTypeError, ApiValueError: an argument cannot be sent.
    """

    def __init__(
        self,
        om: OpenMonetize,
        *,
        user_id: str | None = None,
        feature_id: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        provider: str | None = None,
        session_user: bool = False,
        require: OnOutage | None = None,
    ) -> None:
        super().__init__(name="openmonetize")
        self._om = om
        self._layer = om.layer("google-adk", user_id=user_id, feature_id=feature_id, metadata=metadata)
        self._user_id = user_id
        self._feature_id = feature_id
        self._provider = None if provider is None else gateway_name(provider)
        self._session_user = session_user
        self._require = require
        self._calls: dict[tuple[str, str | None, str], tuple[str, float]] = {}  # model and beginning, by run and agent

    async def before_model_callback(
        self, *, callback_context: CallbackContext, llm_request: LlmRequest
    ) -> Optional[LlmResponse]:
        """Ask whether the user may, and note the call.

        Raises:
            EntitlementDenied: the user may not use the feature; the framework raises it within an error of its own.
        """
        if self._require is not None:
            user_id = self._user_of(callback_context)
            await self._om.arequire(self._feature_id, user_id=user_id, on_outage=self._require)
        self._calls[_key(callback_context)] = llm_request.model or "", time.monotonic()
        if len(self._calls) > MAX_CALLS:  # of streams that nobody has read to their end
            del self._calls[next(iter(self._calls))]
        return None

    async def after_model_callback(
        self, *, callback_context: CallbackContext, llm_response: LlmResponse
    ) -> Optional[LlmResponse]:
        """Record what the call has used. Parts of a stream repeat its usage: only its end counts."""
        if llm_response.partial:
            return None
        key = _key(callback_context)
        live = getattr(llm_response, "live_session_id", None)
        if live is None and key not in self._calls:
            return None  # it was told: older versions end a stream more than once
        asked, began = self._calls.get(key, ("", None))
        if live and llm_response.usage_metadata is None and llm_response.error_code is None:
            return None  # a live session tells its usage in messages of its own
        model = llm_response.model_version or asked
        try:
            usage = self._usage(llm_response, asked, model)
        except UsageError as error:
            self._layer.unknown(model, error, began=began)
        else:
            if live is None:
                del self._calls[key]
            user_id = self._user_of(callback_context)
            self._layer.record(usage, began=began, user_id=user_id, metadata={"agent": callback_context.agent_name})
        return None

    async def on_model_error_callback(
        self, *, callback_context: CallbackContext, llm_request: LlmRequest, error: Exception
    ) -> Optional[LlmResponse]:
        """Forget a call that failed."""
        self._calls.pop(_key(callback_context), None)
        return None

    def _user_of(self, context: CallbackContext) -> str | None:
        return self._user_id or (context.user_id if self._session_user else None)

    def _usage(self, response: LlmResponse, asked: str, model: str) -> Usage:
        """Return the usage of an answer.

        Raises:
            UsageError: it tells none.
        """
        told = response.usage_metadata
        if told is None or not (told.prompt_token_count or told.candidates_token_count or told.thoughts_token_count):
            raise UsageError("the answer tells no usage")
        provider, name = _vendor(self._provider, _full_name(asked, model))
        if provider == "GOOGLE" and not asked.startswith(_LITELLM):
            raw = {"usageMetadata": told.model_dump(by_alias=True, exclude_none=True), "modelVersion": model}
            grounded = response.grounding_metadata
            if grounded is not None:
                facts = grounded.model_dump(by_alias=True, exclude_none=True, mode="json")
                raw["candidates"] = [{"groundingMetadata": facts}]
            return usage_from(raw, provider=provider, model=model)
        # Whether candidates contain thoughts depends on the model's class; the total tells.
        read, written = told.prompt_token_count or 0, told.candidates_token_count or 0
        return usage_of_totals(
            provider,
            name,
            read,
            max(written, (told.total_token_count or 0) - read),
            {
                otel.CACHE_READ: told.cached_content_token_count,
                otel.CACHE_WRITE: getattr(told, "cache_creation_input_tokens", None),
                otel.REASONING: told.thoughts_token_count,
            },
        )


def _key(context: CallbackContext) -> tuple[str, str | None, str]:
    """Return what tells the calls apart that are under way: an agent makes one at a time, branches run side by side."""
    return context.invocation_id, getattr(context._invocation_context, "branch", None), context.agent_name


def _full_name(asked: str, answered: str) -> str:
    """Return the name with the vendor in front: that of the request, unless another model has answered in its place."""
    short = asked.rpartition("/")[2]
    same = answered.startswith(short) or short.startswith(answered)
    return asked if same and "/" in asked else answered


def _vendor(provider: str | None, name: str) -> tuple[str, str]:
    """Return the vendor and the model of a name.

    Raises:
        UsageError: it does not tell the vendor.
    """
    vendor, model = vendor_and_model("", name)
    known = {"gemini": "GOOGLE", "claude": "ANTHROPIC"}
    vendor = vendor or next((known[start] for start in known if model.startswith(start)), provider or "")
    if not vendor:
        raise UsageError(f"the name {name!r} does not tell the vendor: pass MeteringPlugin(provider=...)")
    return vendor, model

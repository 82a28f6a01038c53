"""OpenAI Agents SDK: `MeteringHooks` meters the runs that it is passed to, `MeteringProcessor` every run.

>>> await Runner.run(agent, "Hi", hooks=MeteringHooks(om, feature_id="chat"))
>>> add_trace_processor(MeteringProcessor(om, feature_id="chat"))

Both may be used at once, also above wrapped clients: each call of a model is recorded once. User and feature of
`om.context` are those at the line that starts the run, for `Runner.run`, `run_sync` and `run_streamed`.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any, Optional
from urllib.parse import urlsplit
from weakref import WeakKeyDictionary

from agents import Agent, ModelResponse, RunContextWrapper, RunHooks
from agents.models.default_models import get_default_model
from agents.models.fake_id import FAKE_RESPONSES_ID
from agents.tracing import GenerationSpanData, ResponseSpanData, Span, Trace, TracingProcessor

from openmonetize.integrations._names import vendor_and_model
from openmonetize.providers import Usage, UsageError, otel, usage_from
from openmonetize.providers.inclusive import usage_of_totals
from openmonetize.providers.usage import gateway_name

if TYPE_CHECKING:
    from openmonetize import OpenMonetize
    from openmonetize.gate import OnOutage

_NO_USAGE = (
    "it tells no usage: a streamed chat completion needs ModelSettings(include_usage=True), "
    "and a stream that was ended early never tells any"
)


class MeteringHooks(RunHooks[Any]):
    """Meters the runs that it is passed to: ``Runner.run(agent, ..., hooks=MeteringHooks(om))``.

    It sees each answer that a run goes on with. It does not see runs within the run, such as those of guardrails and of
    agents used as tools, unless they are passed hooks too; nor answers that the framework throws away before its hook,
    such as those a timeout or a guardrail ends. `MeteringProcessor` sees them.

    Args:
        om: the client of the platform.
        user_id, feature_id: of all calls; by default those of ``om.context``.
        metadata: facts to keep with every event. The agent's name is added as ``agent``.
        provider: the models' vendor, where their names have none in front (``litellm/anthropic/claude-...``).
        model: the name to bill under where the answer names no model. By default it is the agent's; hooks are not told
            of one that ``RunConfig(model=...)`` puts in its place.
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
        provider: str = "openai",
        model: str | None = None,
        require: OnOutage | None = None,
    ) -> None:
        self._om = om
        # Another name than the processor's: a call that both tell of is one, and chat calls share no id.
        self._layer = om.layer("openai-agents", user_id=user_id, feature_id=feature_id, metadata=metadata)
        self._user_id = user_id
        self._feature_id = feature_id
        self._provider = gateway_name(provider)
        self._model = model
        self._require = require
        # A run makes one call at a time. When it began is forgotten with a run that fails.
        self._began: WeakKeyDictionary[RunContextWrapper[Any], float] = WeakKeyDictionary()

    async def on_llm_start(
        self, context: RunContextWrapper[Any], agent: Agent[Any], system_prompt: Optional[str], input_items: Any
    ) -> None:
        """Ask whether the user may, and note when the call begins.

        Raises:
            EntitlementDenied: the user may not use the feature; the run ends with it.
        """
        if self._require is not None:
            await self._om.arequire(self._feature_id, user_id=self._user_id, on_outage=self._require)
        self._began[context] = time.monotonic()

    async def on_llm_end(self, context: RunContextWrapper[Any], agent: Agent[Any], response: ModelResponse) -> None:
        """Record what the call has used."""
        began = self._began.pop(context, None)
        told = _provider_data(response)
        name = told.get("model") or self._model or _model_of(agent)
        response_id = _response_id(response, told, agent)
        requests = _requests(response.usage)
        if not requests:
            self._layer.unknown(name, UsageError(_NO_USAGE), began=began)
        for number, request in enumerate(requests):
            try:
                # An answer that took several requests has the id of the last one.
                own_id = response_id if number == len(requests) - 1 else None
                usage = _usage(self._provider, name, request, own_id)
            except UsageError as error:
                self._layer.unknown(name, error, began=began)
            else:
                self._layer.record(usage, began=began, metadata={"agent": agent.name})


class MeteringProcessor(TracingProcessor):
    """Meters every run of the process, also nested ones: ``add_trace_processor(MeteringProcessor(om))``.

    It sees nothing while tracing is off (``OPENAI_AGENTS_DISABLE_TRACING=1``, ``set_tracing_disabled``,
    ``RunConfig(tracing_disabled=True)``). Tracing also sends the runs to OpenAI, unless
    ``set_trace_processors([MeteringProcessor(om)])`` leaves only this one.

    Args:
        om: the client of the platform.
        user_id, feature_id: of all calls; by default those of ``om.context``.
        metadata: facts to keep with every event.
        provider: the models' vendor, where their names have none in front (``litellm/anthropic/claude-...``).
        model: the name to bill under where the span has none: one of the Responses API, with
            ``RunConfig(trace_include_sensitive_data=False)``.

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
        provider: str = "openai",
        model: str | None = None,
    ) -> None:
        self._layer = om.layer("openai-agents-tracing", user_id=user_id, feature_id=feature_id, metadata=metadata)
        self._provider = gateway_name(provider)
        self._model = model

    def on_span_end(self, span: Span[Any]) -> None:
        """Record what a model's call has used; other spans are left alone."""
        data = span.span_data
        if not isinstance(data, (GenerationSpanData, ResponseSpanData)):
            return
        model = _model_of_span(data) or self._model
        try:
            usage = self._usage(data, model)
        except UsageError as error:
            # A call that failed used nothing, as far as anybody knows.
            if span.error is None:
                self._layer.unknown(model, error, call_id=span.span_id, began=_began(span))
            return
        self._layer.record(usage, call_id=span.span_id, began=_began(span))

    def _usage(self, data: GenerationSpanData | ResponseSpanData, model: str | None) -> Usage:
        if isinstance(data, ResponseSpanData) and data.response is not None:
            provider, name = vendor_and_model(self._provider, model or "")
            return usage_from(data.response, provider=provider, model=name)
        counts = getattr(data, "usage", None) or {}
        if not counts.get("input_tokens") and not counts.get("output_tokens"):
            raise UsageError(_NO_USAGE)
        if model is None:
            raise UsageError("its span names no model: use MeteringHooks, or MeteringProcessor(model=...)")
        config = getattr(data, "model_config", None) or {}
        return _usage(self._provider, model, counts, None, urlsplit(str(config.get("base_url", ""))).hostname)

    def on_trace_start(self, trace: Trace) -> None:
        """Do nothing."""

    def on_trace_end(self, trace: Trace) -> None:
        """Do nothing."""

    def on_span_start(self, span: Span[Any]) -> None:
        """Do nothing."""

    def shutdown(self) -> None:
        """Do nothing: events are delivered by ``om.close()``."""

    def force_flush(self) -> None:
        """Do nothing: events are delivered by ``om.flush()``."""


def _usage(provider: str, model: str, counts: Any, response_id: str | None, host: str | None = None) -> Usage:
    """Return the usage of one request, whose counts are an object of the framework or a dictionary."""
    provider, model = vendor_and_model(provider, model)
    read, written = _get(counts, "input_tokens_details"), _get(counts, "output_tokens_details")
    parts = {
        otel.CACHE_READ: _get(read, "cached_tokens"),
        otel.CACHE_WRITE: _get(read, "cache_write_tokens"),
        otel.REASONING: _get(written, "reasoning_tokens"),
    }
    return usage_of_totals(
        provider,
        model,
        _get(counts, "input_tokens") or 0,
        _get(counts, "output_tokens") or 0,
        parts,
        response_id=response_id,
        host=host,
    )


def _requests(usage: Any) -> list[Any]:
    """Return the requests behind an answer whose usage is known. Attempts that failed have an entry of zeros."""
    entries = getattr(usage, "request_usage_entries", None) or [usage]
    return [entry for entry in entries if entry.input_tokens or entry.output_tokens]


def _provider_data(response: ModelResponse) -> dict[str, Any]:
    """Return what an answer of a chat model says of its origin: the model and the provider's id; it is not typed."""
    for item in response.output:
        told = getattr(item, "provider_data", None) or _get(item, "provider_data")
        if isinstance(told, dict):
            return told
    return {}


def _response_id(response: ModelResponse, told: Mapping[str, Any], agent: Agent[Any]) -> str | None:
    """Return the provider's own id of an answer; models of extensions such as LiteLLM make ids up."""
    if "/" in told.get("model", "") or type(agent.model).__module__.startswith("agents.extensions"):
        return None
    found = told.get("response_id") or response.response_id
    return None if found == FAKE_RESPONSES_ID else found


def _model_of(agent: Agent[Any]) -> str:
    """Return the name of an agent's model: it may be a name, an object, or the default."""
    named = agent.model if isinstance(agent.model, str) else getattr(agent.model, "model", None)
    return str(named or get_default_model())


def _model_of_span(data: GenerationSpanData | ResponseSpanData) -> str | None:
    named = data.model if isinstance(data, GenerationSpanData) else getattr(data.response, "model", None)
    return named or None


def _began(span: Span[Any]) -> float | None:
    """Return when a span began, in monotonic seconds: the framework has it by the clock on the wall."""
    try:
        age = datetime.now(timezone.utc) - datetime.fromisoformat(span.started_at or "")
    except ValueError:
        return None
    return time.monotonic() - max(0.0, age.total_seconds())


def _get(value: Any, name: str) -> Any:
    return value.get(name) if isinstance(value, Mapping) else getattr(value, name, None)

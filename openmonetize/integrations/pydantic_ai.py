"""Pydantic AI: the capability `Metering` meters an agent, `MeteredModel` a model.

>>> agent = Agent("openai:gpt-4o", capabilities=[Metering(om, feature_id="chat")])

Each request to a model is recorded, streamed or not, also those that a `FallbackModel` makes and whose answer it
rejects. Calls that a wrapped client below tells of too are recorded once. User and feature of `om.context` are those at
the line that runs the agent; `run_sync` and tools on threads carry them too. Durable execution (Temporal and the like)
does not: pass them there.
"""

from __future__ import annotations

import copy
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Optional
from urllib.parse import urlsplit

from pydantic_ai import RunContext
from pydantic_ai.capabilities import AbstractCapability
from pydantic_ai.messages import ModelMessage, ModelResponse
from pydantic_ai.models import Model, ModelRequestContext, ModelRequestParameters, StreamedResponse
from pydantic_ai.models.fallback import FallbackModel
from pydantic_ai.models.wrapper import WrapperModel
from pydantic_ai.settings import ModelSettings

from openmonetize.integrations._names import vendor_and_model
from openmonetize.providers import PROVIDERS, Usage, UsageError, otel
from openmonetize.providers.inclusive import usage_of_totals
from openmonetize.providers.usage import gateway_name

if TYPE_CHECKING:
    from openmonetize import OpenMonetize
    from openmonetize.client.layers import Layer
    from openmonetize.gate import OnOutage

if not hasattr(AbstractCapability, "get_wrapper_model"):  # `Metering` would be accepted, and meter nothing
    raise ImportError("metering needs a newer version: pip install 'openmonetize[pydantic-ai]'")

# Names of the framework for services of vendors that the platform takes.
_VENDORS = {"azure": "OPENAI", "openai-codex": "OPENAI", "google-cloud": "GOOGLE"}


class Metering(AbstractCapability[Any]):
    """Meters all requests of an agent: ``Agent(..., capabilities=[Metering(om)])``, or of one run.

    Args:
        om: the client of the platform.
        user_id, feature_id: of all requests; by default those of ``om.context``.
        metadata: facts to keep with every event.
        provider: the vendor to bill under where the answer comes from a service that the platform does not take, such
            as ``groq`` or ``bedrock``, and the model's name has no vendor in front. Without it they are not metered.
        require: ``"allow"`` or ``"deny"`` to ask, before each request, whether the user may use the feature; it is what
            happens if the platform does not answer. None asks nothing. A denial raises `EntitlementDenied`.

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
        require: OnOutage | None = None,
    ) -> None:
        self._om = om
        self._layer = om.layer("pydantic-ai", user_id=user_id, feature_id=feature_id, metadata=metadata)
        self._user_id = user_id
        self._feature_id = feature_id
        self._provider = None if provider is None else gateway_name(provider)
        self._require = require

    async def before_model_request(
        self, ctx: RunContext[Any], request_context: ModelRequestContext
    ) -> ModelRequestContext:
        """Ask whether the user may.

        Raises:
            EntitlementDenied: the user may not use the feature; the run ends with it.
        """
        if self._require is not None:
            await self._om.arequire(self._feature_id, user_id=self._user_id, on_outage=self._require)
        return request_context

    def get_wrapper_model(self, model: Model) -> Model | None:
        """Return a stand-in for the model that serves a request; None if it is metered already."""
        return None if _is_metered(model) else _Metered(model, self._layer, self._provider)


class MeteredModel(WrapperModel):
    """A model whose requests are metered, for use without an agent: ``model_request(MeteredModel(model, om), ...)``.

    Args:
        wrapped: the model, or its name.
        om, user_id, feature_id, metadata, provider: see `Metering`.

    Raises:
        ApiTypeError, ApiValueError: an argument cannot be sent.
    """

    def __init__(
        self,
        wrapped: Model | str,
        om: OpenMonetize,
        *,
        user_id: str | None = None,
        feature_id: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        provider: str | None = None,
    ) -> None:
        super().__init__(wrapped)
        layer = om.layer("pydantic-ai", user_id=user_id, feature_id=feature_id, metadata=metadata)
        self._meter(layer, None if provider is None else gateway_name(provider))

    def _meter(self, layer: Layer, provider: str | None) -> None:
        self._layer = layer
        self._vendor = provider
        self._target = self.wrapped  # makes the requests
        self._records = not _is_metered(self.wrapped)
        if isinstance(self.wrapped, FallbackModel):
            # Its attempts are what costs money. Its lifecycle and settings remain those of the chain itself.
            self._target = copy.copy(self.wrapped)
            self._target.models = [
                model if _is_metered(model) else _Metered(model, layer, provider) for model in self.wrapped.models
            ]
            self._records = False

    async def request(
        self,
        messages: list[ModelMessage],
        model_settings: Optional[ModelSettings],
        model_request_parameters: ModelRequestParameters,
    ) -> ModelResponse:
        """Make a request, and record what it has used."""
        began = time.monotonic()
        response = await self._target.request(messages, model_settings, model_request_parameters)
        if self._records:
            self._told(response, began, "exact")
        return response

    @asynccontextmanager
    async def request_stream(
        self,
        messages: list[ModelMessage],
        model_settings: Optional[ModelSettings],
        model_request_parameters: ModelRequestParameters,
        run_context: Optional[RunContext[Any]] = None,
    ) -> AsyncIterator[StreamedResponse]:
        """Make a streamed request, and record what it has used when it has ended, or is left."""
        began = time.monotonic()
        async with self._target.request_stream(
            messages, model_settings, model_request_parameters, run_context
        ) as stream:
            try:
                yield stream
            finally:
                if self._records:
                    response = stream.get()
                    whole = response.state in ("complete", "suspended")
                    self._told(response, began, "exact" if whole else "partial")

    def _told(self, response: ModelResponse, began: float, completeness: Any) -> None:
        name = response.model_name or self.wrapped.model_name
        try:
            usage = _usage(response, name, self._vendor, completeness)
        except UsageError as error:
            # A job in the background is polled, and tells its usage at its end.
            if response.state != "suspended":
                self._layer.unknown(name, error, began=began)
        else:
            self._layer.record(usage, began=began)


class _Metered(MeteredModel):
    """A model within an agent or a chain that is metered."""

    def __init__(self, wrapped: Model, layer: Layer, provider: str | None) -> None:
        WrapperModel.__init__(self, wrapped)
        self._meter(layer, provider)


def _is_metered(model: Model) -> bool:
    """Return whether the requests of a model are recorded, by itself or by one that it wraps."""
    while isinstance(model, WrapperModel) and not isinstance(model, MeteredModel):
        model = model.wrapped
    return isinstance(model, MeteredModel)


def _usage(response: ModelResponse, model: str, provider: str | None, completeness: Any) -> Usage:
    """Return the usage of an answer.

    Raises:
        UsageError: it tells none, or not whose it is.
    """
    told = response.usage
    if getattr(told, "unmeasured_requests", 0) or not (told.input_tokens or told.output_tokens):
        raise UsageError("the answer tells no usage")
    service = (response.provider_name or "").lower()
    vendor = _VENDORS.get(service) or next((name for name in PROVIDERS if name == service.upper()), None)
    if vendor is None:
        vendor, model = vendor_and_model(provider or "", model)
    if not vendor:
        raise UsageError(f"the platform does not take {response.provider_name!r}: pass provider=, the model's vendor")
    details = told.details
    reasoning = details.get("reasoning_tokens") or details.get("thoughts_tokens")
    parts = {
        otel.CACHE_READ: told.cache_read_tokens,
        otel.CACHE_WRITE: told.cache_write_tokens,
        otel.CACHE_WRITE_1H: getattr(told, "cache_write_1h_tokens", 0),
        otel.REASONING: getattr(told, "output_reasoning_tokens", 0) or reasoning,
        otel.TOOL_PROMPT: details.get("tool_use_prompt_tokens"),
        otel.tool_calls_of("web_search"): details.get("web_search_requests"),
        otel.input_of("audio"): told.input_audio_tokens,
        otel.output_of("audio"): told.output_audio_tokens,
        otel.cached_input_of("audio"): told.cache_audio_read_tokens,
    }
    return usage_of_totals(
        vendor,
        model,
        told.input_tokens,
        told.output_tokens,
        parts,
        response_id=response.provider_response_id,
        host=urlsplit(response.provider_url or "").hostname,
        completeness=completeness,
    )

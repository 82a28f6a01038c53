"""Meter what LangChain and LangGraph call, by a callback.

Example:
    >>> with metering(om, feature_id="chat", user_id=user):
    ...     agent.invoke({"messages": [("user", "Hello")]})
"""

from __future__ import annotations

import contextvars
import logging
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import UUID

from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.outputs import LLMResult
from langchain_core.tracers.context import register_configure_hook

from openmonetize.gate.checks import require_policy
from openmonetize.integrations._langchain_usage import Answered, Asked, asked_of

if TYPE_CHECKING:
    from openmonetize import OpenMonetize
    from openmonetize.gate import OnOutage

__all__ = ["MeteringHandler", "metering"]

_LOG = logging.getLogger("openmonetize")

MAX_RUNS = 10_000  # that have begun and not ended; a stream that nobody reads never ends


class _Run(NamedTuple):
    """A call that has begun."""

    asked: Asked
    began: float
    context: contextvars.Context  # streams may end in another one


class MeteringHandler(BaseCallbackHandler):
    """Records what each call of a chat or completion model used. For sync and async code, one object for any threads.

    Pass it with one call (``model.invoke(..., {"callbacks": [handler]})``), to a model or an agent
    (``callbacks=[handler]``), or use :func:`metering`. A call that is told twice, by two handlers, by a wrapped client
    or by ``om.instrument``, is recorded once. Answers of LangChain's cache are not recorded.

    Without a ``user_id`` or ``feature_id`` here, those of ``om.context`` at the beginning of the call count, in all
    threads and tasks that LangChain starts (``batch``, ``RunnableParallel``, LangGraph). Threads of your own do not
    inherit it.

    Args:
        om: records the calls.
        feature_id: the feature of all calls; by default that of ``om.context``.
        user_id: the user of all calls; by default that of ``om.context``.
        metadata: facts to keep with every event.
        providers: what to bill under, ``"OPENAI"`` for instance, by LangChain's name of a provider that the platform
            does not know (``ls_provider``, such as ``"deepseek"``). Calls of others are not metered, and counted.
        require: ask before each call whether the user may go ahead, as ``om.require`` does. ``"allow"`` or ``"deny"``
            is the answer if the platform gives none. None does not ask.

    Raises:
        EntitlementDenied: of each call, before anything is sent, where ``require`` is given and the user may not.
        ApiTypeError, ApiValueError: a value cannot be sent.
    """

    def __init__(
        self,
        om: OpenMonetize,
        *,
        feature_id: str | None = None,
        user_id: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        providers: Mapping[str, str] | None = None,
        require: OnOutage | None = None,
    ) -> None:
        if require is not None:
            require_policy(require)
        self.raise_error = require is not None  # else LangChain logs the denial, and goes on
        self._om = om
        self._layer = om.layer("langchain", user_id=user_id, feature_id=feature_id, metadata=metadata)
        self._user_id = user_id
        self._feature_id = feature_id
        self._providers = dict(providers or {})
        self._require = require
        self._runs: dict[UUID, _Run] = {}

    def on_chat_model_start(
        self, serialized: dict[str, Any], messages: list[list[Any]], *, run_id: UUID, **given: Any
    ) -> None:
        """Note a call that begins, after asking whether it may."""
        self._begin(serialized, run_id, given)

    def on_llm_start(self, serialized: dict[str, Any], prompts: list[str], *, run_id: UUID, **given: Any) -> None:
        """Do the same for a completion model."""
        self._begin(serialized, run_id, given)

    def on_llm_end(self, response: LLMResult, *, run_id: UUID, **given: Any) -> None:
        """Record a call."""
        run = self._ended(run_id)
        try:
            answered = Answered(response, run.asked, run_id, self._providers)
            if not answered.cached and not answered.part_of_batch:
                self._record(run, run_id, answered, partial=False)
        except Exception as error:  # LangChain calls back in ways that nobody has seen
            self._unknown(run, run_id, run.asked.model, error)

    def on_llm_error(
        self, error: BaseException, *, run_id: UUID, response: LLMResult | None = None, **given: Any
    ) -> None:
        """Record what a call has used that failed after the provider had answered, such as a stream that was left."""
        run = self._ended(run_id)
        try:
            answered = Answered(response, run.asked, run_id, self._providers)
            if answered.has_usage or answered.streamed:  # else the provider has refused it
                self._record(run, run_id, answered, partial=True)
        except Exception as reason:
            self._unknown(run, run_id, run.asked.model, reason)

    def _begin(self, serialized: Mapping[str, Any] | None, run_id: UUID, given: Mapping[str, Any]) -> None:
        if self._require is not None:
            self._om.require(self._feature_id, on_outage=self._require, user_id=self._user_id)
        try:
            asked = asked_of(serialized, given)
        except Exception:
            _LOG.debug("a call that begins cannot be read", exc_info=True)
            asked = Asked(None, "", None, 1)
        if len(self._runs) >= MAX_RUNS:
            self._runs.pop(next(iter(self._runs)), None)
        self._runs[run_id] = _Run(asked, time.monotonic(), contextvars.copy_context())

    def _ended(self, run_id: UUID) -> _Run:
        run = self._runs.pop(run_id, None)
        return run or _Run(Asked(None, "", None, 1), time.monotonic(), contextvars.copy_context())

    def _record(self, run: _Run, run_id: UUID, answered: Answered, *, partial: bool) -> None:
        try:
            usage = answered.usage_so_far() if partial else answered.usage()
        except Exception as error:
            self._unknown(run, run_id, answered.model, error)
            return
        run.context.run(self._layer.record, usage, call_id=run_id, began=run.began)

    def _unknown(self, run: _Run, run_id: UUID, model: str, error: Exception) -> None:
        self._layer.unknown(model or None, error, call_id=run_id, began=run.began)


_metering: contextvars.ContextVar[MeteringHandler | None] = contextvars.ContextVar(
    "openmonetize_langchain", default=None
)
register_configure_hook(_metering, inheritable=True)


@contextmanager
def metering(
    om: OpenMonetize,
    *,
    feature_id: str | None = None,
    user_id: str | None = None,
    metadata: Mapping[str, Any] | None = None,
    providers: Mapping[str, str] | None = None,
    require: OnOutage | None = None,
) -> Iterator[MeteringHandler]:
    """Meter every call of LangChain and LangGraph in a block, in its threads and tasks too: ``with metering(om):``.

    It follows `contextvars`: tasks and the threads of LangChain are within the block, threads of your own are not. Of
    blocks within each other the inner one counts.

    Args:
        om, feature_id, user_id, metadata, providers, require: see `MeteringHandler`.

    Returns:
        The handler.
    """
    handler = MeteringHandler(
        om, feature_id=feature_id, user_id=user_id, metadata=metadata, providers=providers, require=require
    )
    token = _metering.set(handler)
    try:
        yield handler
    finally:
        _metering.reset(token)

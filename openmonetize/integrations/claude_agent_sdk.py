"""Claude Agent SDK: `Metering` passes on the messages of a run, and records what its calls of models have used.

>>> async for message in Metering(om, feature_id="code").query(prompt="Hi", options=options):
>>> async for message in metering.receive_response(client):

The calls are made by a program of its own, the ``claude`` command, so that no wrapped client sees them. With
``ClaudeAgentOptions(include_partial_messages=True)`` each call of the main agent is an event. All else, subagents too,
is known as sums only: an event for each model and each result, with ``sum_of_calls`` in its metadata. The usage of
an `AssistantMessage` is not used: it is from before the answer, and has no output tokens.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterable, AsyncIterator, Mapping
from contextlib import aclosing
from typing import TYPE_CHECKING, Any, Optional
from weakref import WeakKeyDictionary

import claude_agent_sdk
from claude_agent_sdk import AssistantMessage, ClaudeAgentOptions, ClaudeSDKClient, Message, ResultMessage
from claude_agent_sdk.types import StreamEvent

from openmonetize.providers import Usage, UsageError, usage_from

if TYPE_CHECKING:
    from openmonetize import OpenMonetize

Counts = dict[str, int]  # by the names of Anthropic's usage object

# By Anthropic's name, that of the sums of a result.
_SUMS = {
    "input_tokens": "inputTokens",
    "output_tokens": "outputTokens",
    "cache_read_input_tokens": "cacheReadInputTokens",
    "cache_creation_input_tokens": "cacheCreationInputTokens",
}


class Metering:
    """Meters runs of the Claude Agent SDK.

    Args:
        om: the client of the platform.
        user_id, feature_id: of all calls; by default those of ``om.context`` where the messages are read.
        metadata: facts to keep with every event.

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
    ) -> None:
        self._layer = om.layer("claude-agent-sdk", user_id=user_id, feature_id=feature_id, metadata=metadata)
        self._sessions: WeakKeyDictionary[ClaudeSDKClient, _Session] = WeakKeyDictionary()

    async def query(
        self, *, prompt: str | AsyncIterable[dict[str, Any]], options: Optional[ClaudeAgentOptions] = None, **more: Any
    ) -> AsyncIterator[Message]:
        """Yield what ``claude_agent_sdk.query`` yields, and record what its calls have used.

        Leave it by ``aclosing`` or read it to the end, so that a run that is left early is recorded at once.
        """
        session = _Session(options)
        try:
            async with aclosing(claude_agent_sdk.query(prompt=prompt, options=options, **more)) as messages:
                async for message in messages:
                    self._see(message, session)
                    yield message
        finally:
            self._left(session)

    async def receive_response(self, client: ClaudeSDKClient) -> AsyncIterator[Message]:
        """Yield what ``client.receive_response`` yields, up to the result, and record what its calls have used."""
        async with aclosing(client.receive_response()) as messages:
            async for message in messages:
                self._see(message, self._session(client))
                yield message

    async def receive_messages(self, client: ClaudeSDKClient) -> AsyncIterator[Message]:
        """Yield what ``client.receive_messages`` yields, and record what the calls have used."""
        async with aclosing(client.receive_messages()) as messages:
            async for message in messages:
                self._see(message, self._session(client))
                yield message

    def _session(self, client: ClaudeSDKClient) -> _Session:
        return self._sessions.setdefault(client, _Session(client.options))

    def _see(self, message: Message, session: _Session) -> None:
        """Record what a message tells; whatever it looks like, the run goes on."""
        try:
            if isinstance(message, StreamEvent):
                self._event(message.event, message.parent_tool_use_id, session)
            elif isinstance(message, AssistantMessage):
                session.answered(message)
            elif isinstance(message, ResultMessage):
                self._result(message, session)
        except Exception as error:
            self._layer.unknown(session.model, error)

    def _event(self, event: Mapping[str, Any], parent: str | None, session: _Session) -> None:
        """Follow the raw stream of a call."""
        kind = event.get("type")
        if kind == "message_start":
            session.streams[parent] = _Call(event["message"])
            return
        call = session.streams.get(parent)
        if call is None:
            return
        if kind == "message_delta":
            call.usage.update({name: value for name, value in (event.get("usage") or {}).items() if value is not None})
            call.told = True
        elif kind == "message_stop" and call.told:
            del session.streams[parent]
            self._record(call, session)

    def _record(self, call: _Call, session: _Session) -> None:
        usage = _usage(call.model, call.usage, call.id)
        self._layer.record(usage, call_id=call.id, began=call.began)
        _add(session.recorded.setdefault(call.model, {}), call.usage)
        session.begun.pop(call.id, None)

    def _result(self, message: ResultMessage, session: _Session) -> None:
        """Record what the result's sums have beyond the calls that are recorded."""
        for call in session.streams.values():
            if call.told:
                self._record(call, session)
        rest = session.rest(message)
        if rest is None and not session.recorded:
            self._layer.unknown(session.model, UsageError("the result tells no usage"), call_id=message.uuid)
        session.result(message)
        for model, counts in (rest or {}).items():
            if any(counts.values()):
                self._layer.record(
                    _usage(model, counts, None),
                    call_id=message.uuid and (message.uuid, model),
                    metadata={"sum_of_calls": True},
                )

    def _left(self, session: _Session) -> None:
        """Record what is known of calls whose result was not waited for: the input, for the most part."""
        for call in session.streams.values():
            session.begun[call.id] = call
        for call in session.begun.values():
            try:
                usage = _usage(call.model, call.usage, call.id, partial=not call.told)
            except UsageError as error:
                self._layer.unknown(call.model, error, call_id=call.id)
            else:
                self._layer.record(usage, call_id=call.id, began=call.began)


class _Call:
    """A call of a model, as its message begins."""

    def __init__(self, message: Mapping[str, Any]) -> None:
        self.id = message.get("id")
        self.model = str(message.get("model") or "")
        self.usage: dict[str, Any] = dict(message.get("usage") or {})
        self.told = False  # its final usage
        self.began = time.monotonic()


class _Session:
    """What is known of a session, of which a result tells sums.

    Attributes:
        streams: the calls whose raw events arrive now, by the tool's call whose agent makes them.
        begun: the calls without final usage since the last result, by id.
        recorded: what was recorded since the last result, by model.
        sums: the sums of the last result, by model; they are of the whole session, so that those of a session that is
            resumed are not known before its first result.
        model: the model of the main agent.
    """

    def __init__(self, options: ClaudeAgentOptions | None) -> None:
        resumed = options is not None and (options.resume or options.continue_conversation)
        self.streams: dict[str | None, _Call] = {}
        self.begun: dict[Any, _Call] = {}
        self.recorded: dict[str, Counts] = {}
        self.sums: dict[str, Counts] | None = None if resumed else {}
        self.model: str | None = None

    def answered(self, message: AssistantMessage) -> None:
        """Note a call whose final usage is not told."""
        if message.parent_tool_use_id is None and not message.model.startswith("<"):  # <synthetic> is no model
            self.model = message.model
        streamed = any(call.id == message.message_id for call in self.streams.values())
        if message.usage and message.message_id and not streamed:
            facts = {"id": message.message_id, "model": message.model, "usage": message.usage}
            self.begun.setdefault(message.message_id, _Call(facts))

    def rest(self, message: ResultMessage) -> dict[str, Counts] | None:
        """Return what a result has beyond what is recorded, by model; None if it tells nothing."""
        sums = _sums(message)
        if sums and self.sums is not None:
            before = self.sums
            if any(
                sums.get(model, {}).get(name, 0) < count for model in before for name, count in before[model].items()
            ):
                before = {}  # the session has begun anew
            rest = {model: _less(counts, before.get(model, {})) for model, counts in sums.items()}
            names = {model: _name_among(model, rest) for model in self.recorded}
            if None not in names.values():
                for model, counts in self.recorded.items():
                    name = names[model] or ""
                    rest[name] = _less(rest[name], counts)
                return {_plain(model): counts for model, counts in rest.items()}
        if message.usage and self.model:
            # Of the main agent, since the last result.
            counts = {name: int(message.usage.get(name) or 0) for name in _SUMS}
            for recorded in self.recorded.values():
                counts = _less(counts, recorded)
            return {_plain(self.model): counts}
        return None

    def result(self, message: ResultMessage) -> None:
        """Begin anew after a result."""
        self.sums = _sums(message) or self.sums
        self.streams, self.begun, self.recorded = {}, {}, {}


def _sums(message: ResultMessage) -> dict[str, Counts]:
    return {
        model: {name: int(sums.get(other) or 0) for name, other in _SUMS.items()}
        for model, sums in (message.model_usage or {}).items()
    }


def _usage(model: str, counts: Mapping[str, Any], response_id: str | None, partial: bool = False) -> Usage:
    """Return the usage of a call of Anthropic, from its own usage object.

    Raises:
        UsageError: it tells none.
    """
    answer: dict[str, Any] = {"id": response_id, "type": "message", "role": "assistant", "content": [], "model": model}
    usage = usage_from({**answer, "usage": dict(counts)}, provider="ANTHROPIC", model=model)
    if not partial:
        return usage
    return Usage(
        usage.provider,
        usage.model,
        usage.input_tokens,
        usage.output_tokens,
        response_id=response_id,
        details=usage.details,
        completeness="partial",
    )


def _add(counts: Counts, more: Mapping[str, Any]) -> None:
    for name in _SUMS:
        counts[name] = counts.get(name, 0) + int(more.get(name) or 0)


def _less(counts: Counts, known: Counts) -> Counts:
    return {name: max(0, count - known.get(name, 0)) for name, count in counts.items()}


def _name_among(model: str, names: Mapping[str, Any]) -> str | None:
    """Return the name that means a model: the command's may lack the date, or have the size of the context behind."""
    return next((name for name in names if model.startswith(_plain(name)) or _plain(name).startswith(model)), None)


def _plain(model: str) -> str:
    return model.partition("[")[0]

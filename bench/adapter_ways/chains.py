"""LangChain, LlamaIndex and CrewAI. Each function returns the ways to make one call."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from adapter_ways.common import (
    IDLE,
    MODEL,
    OURS,
    QUESTION,
    SPANS,
    WITHOUT,
    Servers,
    Way,
    Ways,
    for_user,
    new_client,
    openllmetry,
    repeated,
)


def langchain(at: Servers) -> Ways:
    """Invoke a chat model of LangChain."""
    from langchain_core.callbacks import BaseCallbackHandler
    from langchain_openai import ChatOpenAI

    from openmonetize.integrations.langchain import MeteringHandler

    om, model = new_client(at), ChatOpenAI(model=MODEL, base_url=at.openai, api_key="unused")
    ours: Any = {"callbacks": [MeteringHandler(om)]}
    idle: Any = {"callbacks": [BaseCallbackHandler()]}
    return {
        WITHOUT: Way(repeated(lambda: model.invoke(QUESTION))),
        OURS: Way(repeated(for_user(om, at, lambda: model.invoke(QUESTION, ours))), om),
        IDLE: Way(repeated(lambda: model.invoke(QUESTION, idle))),
    }


def llama_index(at: Servers) -> Ways:
    """Chat with a model of LlamaIndex."""
    from llama_index.core.instrumentation import get_dispatcher
    from llama_index.core.instrumentation.event_handlers import BaseEventHandler
    from llama_index.core.llms import ChatMessage
    from llama_index.llms.openai import OpenAI

    from openmonetize.integrations.llama_index import metering

    om, model = new_client(at), OpenAI(model=MODEL, api_base=at.openai, api_key="unused")
    messages = [ChatMessage(role="user", content=QUESTION)]

    def call() -> object:
        return model.chat(messages)

    class Idle(BaseEventHandler):  # type: ignore[misc, unused-ignore]
        def handle(self, event: Any, **given: Any) -> None:
            pass

    @contextmanager
    def idle() -> Iterator[None]:
        handlers, handler = get_dispatcher().event_handlers, Idle()
        handlers.append(handler)
        try:
            yield
        finally:
            handlers[:] = [one for one in handlers if one is not handler]

    return {
        WITHOUT: Way(repeated(call)),
        OURS: Way(repeated(for_user(om, at, call)), om, lambda: metering(om)),
        IDLE: Way(repeated(call), around=idle),
        SPANS: Way(repeated(call), around=openllmetry),
    }


def crewai(at: Servers) -> Ways:
    """Call a model of CrewAI."""
    os.environ["CREWAI_DISABLE_TELEMETRY"] = "true"
    from crewai import LLM
    from crewai.events import LLMCallCompletedEvent, crewai_event_bus

    from openmonetize.integrations.crewai import metering

    om, model = new_client(at), LLM(model=f"openai/{MODEL}", base_url=at.openai, api_key="unused")

    def call() -> object:
        return model.call(QUESTION)

    def do_nothing(source: Any, event: Any) -> None:
        pass

    @contextmanager
    def idle() -> Iterator[None]:
        crewai_event_bus.on(LLMCallCompletedEvent)(do_nothing)
        try:
            yield
        finally:
            crewai_event_bus.off(LLMCallCompletedEvent, do_nothing)

    plain = repeated(call, crewai_event_bus.flush)
    return {
        WITHOUT: Way(plain),
        OURS: Way(repeated(for_user(om, at, call), crewai_event_bus.flush), om, lambda: metering(om)),
        IDLE: Way(plain, around=idle),
        SPANS: Way(plain, around=openllmetry),
    }

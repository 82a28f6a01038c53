from __future__ import annotations

import asyncio
from typing import Any

import pytest

from openmonetize.metering import flush_after

from .conftest import MakeRecorder, new_event
from .fault_server import FaultServer


def test_an_invocation_delivers_before_it_ends(make_recorder: MakeRecorder, server: FaultServer) -> None:
    recorder = make_recorder(flush_interval=3600)

    @flush_after(recorder, timeout=10)
    def handler(request: Any, context: Any = None) -> str:
        """The handler."""
        recorder.record(new_event())
        return f"answer to {request}"

    assert handler("a") == "answer to a"
    assert len(server.ledger) == 1
    assert handler(request="b", context=None) == "answer to b"
    assert len(server.ledger) == 2
    assert handler.__doc__ == "The handler."


def test_an_invocation_that_raises_delivers_too(make_recorder: MakeRecorder, server: FaultServer) -> None:
    recorder = make_recorder(flush_interval=3600)

    @flush_after(recorder, timeout=10)
    def handler() -> None:
        recorder.record(new_event())
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        handler()
    assert len(server.ledger) == 1


def test_an_async_handler(make_recorder: MakeRecorder, server: FaultServer) -> None:
    recorder = make_recorder(flush_interval=3600)

    @flush_after(recorder, timeout=10)
    async def handler() -> str:
        recorder.record(new_event())
        return "done"

    assert asyncio.run(handler()) == "done"
    assert len(server.ledger) == 1


def test_a_block(make_recorder: MakeRecorder, server: FaultServer) -> None:
    recorder = make_recorder(flush_interval=3600)
    with flush_after(recorder, timeout=10):
        recorder.record(new_event())
    assert len(server.ledger) == 1

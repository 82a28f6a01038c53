from __future__ import annotations

import asyncio
from typing import Any, Callable

import pytest

from openmonetize.metering import Recorder, flush_after

from .conftest import event
from .fault_server import FaultServer

Make = Callable[..., Recorder]


def test_an_invocation_delivers_before_it_ends(recorder: Make, server: FaultServer) -> None:
    made = recorder(flush_interval=3600)

    @flush_after(made, timeout=10)
    def handler(request: Any, context: Any = None) -> str:
        """The handler."""
        made.record(event())
        return f"answer to {request}"

    assert handler("a") == "answer to a"
    assert len(server.ledger) == 1
    assert handler(request="b", context=None) == "answer to b"
    assert len(server.ledger) == 2
    assert handler.__doc__ == "The handler."


def test_an_invocation_that_raises_delivers_too(recorder: Make, server: FaultServer) -> None:
    made = recorder(flush_interval=3600)

    @flush_after(made, timeout=10)
    def handler() -> None:
        made.record(event())
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        handler()
    assert len(server.ledger) == 1


def test_an_async_handler(recorder: Make, server: FaultServer) -> None:
    made = recorder(flush_interval=3600)

    @flush_after(made, timeout=10)
    async def handler() -> str:
        made.record(event())
        return "done"

    assert asyncio.run(handler()) == "done"
    assert len(server.ledger) == 1


def test_a_block(recorder: Make, server: FaultServer) -> None:
    made = recorder(flush_interval=3600)
    with flush_after(made, timeout=10):
        made.record(event())
    assert len(server.ledger) == 1

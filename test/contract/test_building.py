"""Models are built on first use, which may be in many threads at once."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from openmonetize._schema.model import RequestModel
from openmonetize.events.model import EventModel


@pytest.fixture
def many_switches() -> Iterator[None]:
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(interval)


@pytest.mark.parametrize("base", [RequestModel, EventModel])
def test_many_threads_may_use_a_model_for_the_first_time(many_switches: None, base: type[Any]) -> None:
    errors: list[BaseException] = []
    built: list[Any] = []

    def use(kind: type[Any], start: threading.Barrier) -> None:
        start.wait(10)
        try:
            built.extend(kind(name="x").name for _ in range(3))
        except Exception as error:
            errors.append(error)

    class Named(base):  # type: ignore[misc]
        name: str

        def complete(self) -> None:
            """Leave the event as it is."""

    for _ in range(300):
        kind = type("Kind", (Named,), {"__annotations__": {"more": Any}, "more": None})
        start = threading.Barrier(4)
        threads = [threading.Thread(target=use, args=(kind, start)) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(10)
    assert not errors
    assert built == ["x"] * (300 * 4 * 3)

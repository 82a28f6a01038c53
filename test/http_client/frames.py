"""What tools that report errors show of an exception: the local variables of its frames, and those of its causes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import FrameType
from typing import Any


def frames_of(error: BaseException) -> Iterator[FrameType]:
    """Yield the frames of an error and of everything that is said to have caused it."""
    seen: list[BaseException] = []
    rest: list[BaseException | None] = [error]
    while rest:
        one = rest.pop()
        if one is None or one in seen:
            continue
        seen.append(one)
        trace = one.__traceback__
        while trace is not None:
            yield trace.tb_frame
            trace = trace.tb_next
        rest += [one.__cause__, one.__context__]


def shown(value: Any, depth: int = 3) -> Iterator[str]:
    """Yield the texts under which tools show a value: some show texts as they are, and the values of mappings."""
    yield repr(value)
    if isinstance(value, str):
        yield str.__str__(value)
    elif depth and hasattr(type(value), "__sentry_repr__"):
        yield type(value).__sentry_repr__(value)
    elif depth and isinstance(value, Mapping):
        for one in value.values():
            yield from shown(one, depth - 1)
    elif depth and isinstance(value, (list, tuple)):
        for one in value:
            yield from shown(one, depth - 1)


def frames_that_show(text: str, error: BaseException) -> list[str]:
    """Return the frames, other than those of the tests, that have a local variable in which a text is shown."""
    found = []
    for frame in frames_of(error):
        code = frame.f_code
        if "/test/" in code.co_filename:
            continue
        for name, value in frame.f_locals.items():
            if any(text in one for one in shown(value)):
                found.append(f"{code.co_filename}:{code.co_name}: {name}")
    return found

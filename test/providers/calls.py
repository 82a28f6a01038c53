"""Steps that the tests of all wrapped clients share."""

from __future__ import annotations

import asyncio
import time
import warnings
from typing import Any, AsyncIterator, Callable, Coroutine, Iterable, List, Optional, TypeVar

import pytest

from openmonetize.providers import Usage

T = TypeVar("T")

#: What a provider's library deprecates, says about this Python, or leaves open when a stream of its is dropped, is not
#: what these tests are about.
library_warnings = pytest.mark.filterwarnings(
    "ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::ResourceWarning"
)


def library(name: str) -> Any:
    """A provider's library; without it the tests of the file are skipped."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pytest.importorskip(name, reason=f"{name} is not installed: pip install --group providers")


def run(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run on a fresh event loop, and let the generators and connections that it leaves behind end."""
    return asyncio.run(coroutine)


async def collect(stream: AsyncIterator[T], limit: Optional[int] = None) -> List[T]:
    """The first ``limit`` chunks of an asynchronous stream, or all of them."""
    chunks: List[T] = []
    async for chunk in stream:
        chunks.append(chunk)
        if len(chunks) == limit:
            break
    return chunks


def take(stream: Iterable[T], limit: int) -> List[T]:
    """The first ``limit`` chunks; the stream is dropped then."""
    chunks: List[T] = []
    for chunk in stream:
        chunks.append(chunk)
        if len(chunks) == limit:
            break
    return chunks


def summary(usage: Usage) -> Any:
    return (usage.provider, usage.model, usage.input_tokens, usage.output_tokens, usage.completeness)


def eventually(condition: Callable[[], Any]) -> Any:
    """The condition's value once it is true: a dropped stream is recorded on another thread."""
    for _ in range(1000):
        value = condition()
        if value:
            return value
        time.sleep(0.005)
    raise AssertionError("it did not happen in five seconds")

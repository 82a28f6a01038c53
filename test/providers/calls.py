"""Helpers that the tests of all wrapped clients share."""

from __future__ import annotations

import asyncio
import time
import warnings
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable
from typing import Any, TypeVar

import pytest

from openmonetize.providers import Usage

T = TypeVar("T")

# Warnings about what a provider's library deprecates, about this Python, or about connections that the library leaves
# open when a stream is dropped. These tests are not about them.
library_warnings = pytest.mark.filterwarnings(
    "ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::ResourceWarning"
)


def library(name: str) -> Any:
    """Return a provider's library, or skip the tests of the file where it is not installed."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pytest.importorskip(name, reason=f"{name} is not installed: pip install --group providers")


def mistral_library() -> Any:
    """Return the module that has Mistral's client: another one before version 2."""
    new = library("mistralai.client")
    return new if hasattr(new, "Mistral") else library("mistralai")


def run(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine on a fresh event loop, and end the generators and connections that it leaves behind."""
    return asyncio.run(coroutine)


async def collect(stream: AsyncIterator[T], limit: int | None = None) -> list[T]:
    """Return the first ``limit`` chunks of an asynchronous stream, or all of them."""
    chunks: list[T] = []
    async for chunk in stream:
        chunks.append(chunk)
        if len(chunks) == limit:
            break
    return chunks


def take(stream: Iterable[T], limit: int) -> list[T]:
    """Return the first ``limit`` chunks of a stream, and drop it."""
    chunks: list[T] = []
    for chunk in stream:
        chunks.append(chunk)
        if len(chunks) == limit:
            break
    return chunks


def summary(usage: Usage) -> Any:
    """Return the fields of a usage that most tests compare."""
    return (usage.provider, usage.model, usage.input_tokens, usage.output_tokens, usage.completeness)


def eventually(condition: Callable[[], Any]) -> Any:
    """Return the condition's value once it is true: a dropped stream is recorded on another thread."""
    for _ in range(1000):
        value = condition()
        if value:
            return value
        time.sleep(0.005)
    raise AssertionError("it did not happen in five seconds")

"""`OpenMonetize.context` fills in what recording calls in its block leave out."""

from __future__ import annotations

import asyncio
import contextvars
import threading
from typing import Any

import pytest

from openmonetize import ApiTypeError, ApiValueError
from openmonetize.client import OpenMonetize
from openmonetize.sandbox import Sandbox

from .conftest import USER, Open

CALL: Any = {"provider": "openai", "model": "gpt-4o"}


def seen(om: OpenMonetize, sandbox: Sandbox) -> list[Any]:
    assert om.flush()
    return [(event["user_id"], event["feature_id"], event["metadata"]) for event in sandbox.events()]


def test_blocks_nest_and_a_calls_own_values_win(om: OpenMonetize, sandbox: Sandbox) -> None:
    with om.context(user_id=USER, feature_id="chat", metadata={"plan": "pro", "region": "eu"}):
        om.track_api_call()
        with om.context(feature_id="search", metadata={"region": "us"}):
            om.track_api_call(metadata={"plan": "free"})
            om.track_api_call(user_id="acme-other-user", feature_id="images")
        om.track_api_call()
    outer = (USER, "chat", {"plan": "pro", "region": "eu"})
    assert seen(om, sandbox) == [
        outer,
        (USER, "search", {"plan": "free", "region": "us"}),
        ("acme-other-user", "images", {"plan": "pro", "region": "us"}),
        outer,
    ]


def test_a_block_ends_with_an_exception_too(om: OpenMonetize) -> None:
    with pytest.raises(ZeroDivisionError), om.context(feature_id="chat"):
        1 / 0
    with pytest.raises(ApiTypeError):
        om.track_api_call()


def test_tasks_have_their_own_blocks(om: OpenMonetize, sandbox: Sandbox) -> None:
    async def one(name: str) -> None:
        with om.context(user_id=name, feature_id="chat"):
            await asyncio.sleep(0)
            await asyncio.to_thread(om.track_api_call)

    async def main() -> None:
        await asyncio.gather(*(one(f"acme-corp-user-{number}") for number in range(5)))

    asyncio.run(main())
    assert sorted(user for user, _, _ in seen(om, sandbox)) == [f"acme-corp-user-{number}" for number in range(5)]


def test_a_thread_gets_a_block_with_a_copied_context(om: OpenMonetize, sandbox: Sandbox) -> None:
    with om.context(user_id=USER, feature_id="chat"):
        copied = contextvars.copy_context()
        thread = threading.Thread(target=copied.run, args=(om.track_api_call,))
        thread.start()
        thread.join()
    assert seen(om, sandbox) == [(USER, "chat", {})]


def test_a_block_applies_to_its_own_client_only(om: OpenMonetize, sandbox: Sandbox, opened: Open) -> None:
    other = opened(sandbox)
    with om.context(feature_id="chat"), pytest.raises(ApiTypeError):
        other.track_api_call()


def test_a_bad_value_is_refused_where_the_block_begins(om: OpenMonetize) -> None:
    bad: list[Any] = [
        {"user_id": 7},
        {"feature_id": ""},
        {"user_id": "a\0"},
        {"metadata": [1]},
        {"metadata": {"a": {1}}},
    ]
    for values in bad:
        with pytest.raises((ApiTypeError, ApiValueError)):
            om.context(**values)

"""The methods of `OpenMonetize` for event loops: they do what the others do, and the loop goes on."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from openmonetize import EntitlementDenied, OpenMonetize
from openmonetize.client.worker_threads import THREADS, WorkerThreads
from openmonetize.sandbox import Sandbox

USER = "acme-corp-user-000001"


@pytest.fixture
def om(sandbox: Sandbox) -> Iterator[OpenMonetize]:
    with OpenMonetize(sandbox.key, sandbox.url) as running:
        running.credits.grant(user_id=USER, amount=100)
        yield running


def run(coroutine: Any) -> Any:
    return asyncio.run(asyncio.wait_for(coroutine, 30))


def test_checks(om: OpenMonetize) -> None:
    async def checks() -> None:
        assert (await om.acheck("chat", user_id=USER, on_outage="deny")).balance == 100
        assert (await om.acheck("chat", user_id=USER, on_outage="deny")).source == "cache"
        assert (await om.arequire("chat", user_id=USER, on_outage="deny")).source == "cache"
        with pytest.raises(EntitlementDenied):
            await om.arequire("chat", user_id="acme-corp-nobody-1", on_outage="deny")

    run(checks())


def test_the_scope_is_that_of_the_task(om: OpenMonetize) -> None:
    async def checks() -> None:
        with om.context(user_id=USER, feature_id="chat"):
            assert await om.acheck(on_outage="deny")

    run(checks())


def test_the_loop_goes_on_while_the_platform_answers(om: OpenMonetize, sandbox: Sandbox) -> None:
    sandbox.fail_next("slow=1s")

    async def work() -> int:
        asked, ticks = asyncio.ensure_future(om.aping()), 0
        while not asked.done():
            ticks += 1
            await asyncio.sleep(0)
        return ticks

    assert run(work()) > 10


def test_a_hold_is_released_or_settled(om: OpenMonetize, sandbox: Sandbox) -> None:
    async def work() -> None:
        async with om.areserve("chat", user_id=USER, credits=60, on_outage="deny") as hold:
            assert (hold.credits, hold.check.balance) == (60, 100)
            with pytest.raises(EntitlementDenied):
                await om.areserve("chat", user_id=USER, credits=60, on_outage="deny")
        async with om.areserve("chat", user_id=USER, credits=60, on_outage="deny") as hold:
            om.track_custom_event(unit_type="page", quantity=1)  # in the scope of the hold
            await hold.settle(credits=40)
        hold = await om.areserve("chat", user_id=USER, credits=50, on_outage="deny")
        await hold.release()
        await hold.release()
        assert await om.aflush()
        assert await om.await_billed()

    run(work())
    assert sandbox.balance(USER) == 50


def test_credits_of_a_known_balance_in_memory_wait_for_no_thread(om: OpenMonetize, sandbox: Sandbox) -> None:
    async def work() -> None:
        await (await om.areserve("chat", user_id=USER, credits=10, on_outage="deny")).release()
        threads_are_free = threading.Event()
        busy = [asyncio.ensure_future(om._threads().run(threads_are_free.wait)) for _ in range(THREADS)]
        await asyncio.sleep(0)
        async with om.areserve("chat", user_id=USER, credits=60, on_outage="deny") as hold:
            with pytest.raises(EntitlementDenied, match="40 are free"):
                await om.areserve("chat", user_id=USER, credits=60, on_outage="deny")
            await hold.settle(credits=50)
        threads_are_free.set()
        await asyncio.gather(*busy)
        await om.await_billed()

    run(work())
    assert sandbox.balance(USER) == 50


def test_a_hold_that_is_not_made(om: OpenMonetize) -> None:
    hold = om.areserve("chat", user_id=USER, credits=60, on_outage="deny")
    with pytest.raises(RuntimeError, match="async with"):
        assert hold.credits


def test_a_task_that_is_cancelled_again_while_it_gives_credits_back_gives_them_back(om: OpenMonetize) -> None:
    async def cancelled_twice() -> None:
        inside, threads_are_free = asyncio.Event(), threading.Event()

        async def hold_all() -> None:
            async with om.areserve("chat", user_id=USER, credits=100, on_outage="deny"):
                inside.set()
                await asyncio.Event().wait()

        task = asyncio.ensure_future(hold_all())
        await inside.wait()
        busy = [asyncio.ensure_future(om._threads().run(threads_are_free.wait)) for _ in range(THREADS)]
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.sleep(0)  # the release waits for a thread
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        threads_are_free.set()
        await asyncio.gather(*busy)
        while True:
            try:
                await om.areserve("chat", user_id=USER, credits=100, on_outage="deny")
            except EntitlementDenied:
                await asyncio.sleep(0.01)
            else:
                break

    run(cancelled_twice())


def test_what_a_cancelled_task_reserves_is_given_back(om: OpenMonetize, sandbox: Sandbox) -> None:
    async def work() -> None:
        for feature in ("chat", "search", "draw"):  # which are not known, so that the platform is asked
            waiting = asyncio.ensure_future(
                om.areserve(feature, user_id=USER, credits=90, on_outage="deny")._reserved()
            )
            await asyncio.sleep(0)
            waiting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await waiting
        end = time.monotonic() + 10
        while True:  # until the threads are done
            try:
                async with om.areserve("chat", user_id=USER, credits=90, on_outage="deny"):
                    return
            except EntitlementDenied:
                assert time.monotonic() < end
                await asyncio.sleep(0.02)

    run(work())


def test_it_closes(sandbox: Sandbox, tmp_path: Path) -> None:
    async def work() -> None:
        async with OpenMonetize(sandbox.key, sandbox.url, outbox=tmp_path / "outbox", verify=True) as om:
            om.credits.grant(user_id=USER, amount=100)
            om.track_custom_event(unit_type="page", quantity=1, user_id=USER, feature_id="chat")
            assert await om.averify(timeout=10)

    run(work())
    assert len(sandbox.events()) == 1
    end = time.monotonic() + 10
    while [thread for thread in threading.enumerate() if thread.name.startswith("openmonetize-async")]:
        assert time.monotonic() < end
        time.sleep(0.01)


def test_disabled() -> None:
    async def work() -> None:
        async with OpenMonetize(enabled=False) as om:
            assert await om.acheck("chat", user_id=USER, on_outage="deny")
            async with om.areserve("chat", user_id=USER, credits=60, on_outage="deny") as hold:
                await hold.settle(credits=5)
            assert await om.aflush()

    run(work())


def test_a_wrong_argument_is_an_error_at_the_call(om: OpenMonetize) -> None:
    async def work() -> None:
        await om.acheck("chat", user=USER, on_outage="deny")  # type: ignore[call-arg]

    with pytest.raises(TypeError, match="user_id"):
        run(work())


def test_threads_are_few(om: OpenMonetize) -> None:
    running, most = 0, 0
    lock = threading.Lock()

    def wait() -> None:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        time.sleep(0.01)
        with lock:
            running -= 1

    async def work() -> None:
        threads = WorkerThreads()
        await asyncio.gather(*(threads.run(wait) for _ in range(50)))
        threads.close()

    run(work())
    assert most <= THREADS


@pytest.mark.skipif(not hasattr(os, "fork"), reason="fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_child_has_threads_of_its_own() -> None:
    threads = WorkerThreads()
    assert run(threads.run(lambda: 1)) == 1
    child = os.fork()
    if child == 0:
        os._exit(0 if run(threads.run(lambda: 2)) == 2 else 1)
    assert os.waitpid(child, 0)[1] == 0
    threads.close()

"""Behaviour of all wrapped clients, tested with minimal responses in a provider's format."""

from __future__ import annotations

import contextvars
import copy
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from openmonetize.exceptions import OpenApiException
from openmonetize.providers import Usage, UsageError, wrap
from openmonetize.providers.metered_call import MeteredCall, Metering
from openmonetize.providers.proxy import Proxy

from . import wire
from .calls import eventually, summary, take


def call(recorded: list[Usage]) -> MeteredCall:
    return MeteredCall(Metering("test", None, record=lambda usage, began: recorded.append(usage)), {"model": "m"})


def chunks() -> Iterator[Any]:
    yield from wire.anthropic_events()


@pytest.mark.parametrize("client", [object(), None, "openai", {"chat": 1}])
def test_an_object_that_is_not_a_client_of_a_provider_is_refused(client: Any) -> None:
    with pytest.raises(TypeError, match=r"anthropic, boto3, cohere, google-genai, mistralai, openai"):
        wrap(client, record=print)


def test_a_provider_the_platform_lacks_is_refused_at_once() -> None:
    with pytest.raises(UsageError, match="azure"):
        wrap(object(), record=print, provider="azure")


def test_a_metered_client_is_not_metered_twice() -> None:
    with pytest.raises(ValueError, match="metered already"):
        wrap(Proxy(object()), record=print)


@pytest.mark.parametrize("client", [object(), Proxy(object())])
def test_errors_of_wrap_belong_to_the_library(client: Any) -> None:
    with pytest.raises(OpenApiException):
        wrap(client, record=print)


def test_a_proxy_is_safe_to_copy_and_to_look_at() -> None:
    proxy: Any = Proxy({"a": 1}, {"b": 2})
    assert proxy.b == 2
    assert list(proxy.keys()) == ["a"]
    assert "keys" in dir(proxy)
    assert copy.copy(proxy).b == 2
    with pytest.raises(AttributeError, match="nothing"):
        proxy.nothing


def test_a_stream_is_recorded_once_however_often_it_ends(recorded: list[Usage]) -> None:
    stream = call(recorded).run(chunks)
    assert len(list(stream)) == len(wire.anthropic_events())
    assert list(stream) == []
    stream.close()
    del stream
    assert [summary(usage) for usage in recorded] == [("ANTHROPIC", "claude-sonnet-4-5-20250929", 5, 7, "exact")]


def test_a_dropped_stream_is_recorded_on_another_thread_in_the_callers_context() -> None:
    user: contextvars.ContextVar[str] = contextvars.ContextVar("user", default="nobody")
    lock = threading.Lock()
    seen = []

    def record(usage: Usage, began: float) -> None:
        with lock:
            seen.append((usage.completeness, user.get()))

    user.set("u-1")
    stream = MeteredCall(Metering("test", None, record=record), {}).run(chunks)
    user.set("u-2")
    take(stream, 2)
    with lock:  # garbage collection may happen where this thread holds the lock that `record` needs
        del stream
    assert eventually(lambda: seen) == [("partial", "u-1")]


def test_an_exception_of_a_stream_passes_through_and_what_was_reported_is_recorded(recorded: list[Usage]) -> None:
    class ProviderError(Exception):
        pass

    def failing() -> Iterator[Any]:
        yield from wire.anthropic_events()[:3]
        raise ProviderError

    with pytest.raises(ProviderError):
        list(call(recorded).run(failing))
    assert [usage.completeness for usage in recorded] == ["partial"]


def test_a_chunk_that_cannot_be_read_still_reaches_the_caller(recorded: list[Usage], caplog: Any) -> None:
    odd = {"candidates": [], "usageMetadata": {"promptTokenCount": "many"}}
    assert list(call(recorded).run(lambda: iter([odd]))) == [odd]
    assert recorded == []
    assert "promptTokenCount is 'many'" in caplog.text


def test_unmetered_calls_can_be_counted_instead_of_logged(recorded: list[Usage], caplog: Any) -> None:
    errors: list[Exception] = []
    metering = Metering("test", None, record=lambda usage, began: recorded.append(usage), on_unmetered=errors.append)
    for _ in range(2):
        assert MeteredCall(metering, {}).run(lambda: {"usage": None}) == {"usage": None}
    assert [type(error) for error in errors] == [UsageError, UsageError]
    assert caplog.text == ""


def test_a_failing_on_unmetered_is_logged_and_never_reaches_the_caller(caplog: Any) -> None:
    def fail(error: Exception) -> None:
        raise RuntimeError("no room")

    metering = Metering("test", None, record=print, on_unmetered=fail)
    assert MeteredCall(metering, {}).run(lambda: {"usage": None}) == {"usage": None}
    assert "RuntimeError: no room" in caplog.text


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_forks_copy_of_a_stream_is_not_another_call(recorded: list[Usage]) -> None:
    stream = call(recorded).run(chunks)
    take(stream, 2)
    child = os.fork()
    if child == 0:
        stream.close()
        os._exit(len(recorded))
    assert os.waitpid(child, 0)[1] == 0
    stream.close()
    assert len(recorded) == 1


def test_a_stream_still_open_at_exit_is_recorded() -> None:
    program = """
from openmonetize.providers.metered_call import MeteredCall, Metering
events = [{"type": "message_start", "message": {"id": "x", "model": "claude", "usage": {"input_tokens": 5}}}, {}]
metering = Metering("test", None, record=lambda usage, began: print(usage.input_tokens, usage.completeness))
stream = MeteredCall(metering, {}).run(lambda: iter(events))
next(stream)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == "5 partial\n"


def test_no_providers_library_is_imported() -> None:
    program = """
import sys
import openmonetize.providers
libraries = {"openai", "anthropic", "google", "mistralai", "cohere", "boto3", "botocore", "httpx", "genai_prices"}
sys.exit(sorted(libraries & {name.partition(".")[0] for name in sys.modules}) or 0)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr

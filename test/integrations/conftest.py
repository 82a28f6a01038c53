"""What tests of integrations share, and what their own environments make sure of (nox: ``frameworks``)."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from typing import Any

import pytest

from openmonetize import OpenMonetize
from openmonetize.sandbox import Sandbox
from openmonetize.testing.fake_providers import FakeProviders

from . import inventory, spark_session

# They run in environments of their own only: some frameworks change the whole process.
if "OPENMONETIZE_FRAMEWORKS" not in os.environ:
    collect_ignore = [file.name for file in inventory.HERE.glob("test_*.py") if file.name != "test_inventory.py"]


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "shows(adapter, outcome, *cases): what a passing test shows, see inventory.py")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        # google-genai does so beside aiohttp, and several frameworks leave sockets to the garbage collector.
        item.add_marker(pytest.mark.filterwarnings("ignore:Inheritance class AiohttpClientSession:DeprecationWarning"))
        item.add_marker(pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"))
        for mark in item.iter_markers("shows"):
            adapter, outcome, *cases = mark.args
            for case in cases:
                item.user_properties.append(("shows", list(inventory.check(inventory.Shown(adapter, case, outcome)))))


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Where the frameworks are said to be there, no test may be skipped, and all must show what the inventory says."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if not os.environ.get("OPENMONETIZE_FRAMEWORKS") or reporter is None or session.exitstatus:
        return
    reports = [report for report in reporter.stats.get("passed", ()) if report.when == "call"]
    shown = {inventory.Shown(*value) for report in reports for name, value in report.user_properties if name == "shows"}
    adapters, before = {one.adapter for one in shown}, inventory.read()
    if os.environ.get("OPENMONETIZE_WRITE_INVENTORY"):
        inventory.write({one for one in before if one.adapter not in adapters} | shown)
    elif changed := {one for one in before if one.adapter in adapters} ^ shown:
        reporter.write_line(
            f"not as inventory.csv says: {sorted(changed)}; see test/integrations/inventory.py", red=True
        )
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
    if skipped := reporter.stats.get("skipped"):
        reporter.write_line(f"{len(skipped)} skipped, and nothing may be", red=True)
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.fixture
def om(sandbox: Sandbox) -> Iterator[OpenMonetize]:
    """Yield a client of the sandbox."""
    with OpenMonetize(sandbox.key, sandbox.url) as running:
        yield running


@pytest.fixture(scope="session")
def spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Yield a session of Spark."""
    session = spark_session.started(tmp_path_factory.mktemp("spark"))
    yield session
    session.stop()


@pytest.fixture
def fake() -> Iterator[FakeProviders]:
    """Yield running fake providers."""
    with FakeProviders() as started:
        yield started


def free_port() -> int:
    """Return a port that is free now."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        port: int = bound.getsockname()[1]
    return port


_PATCHED = [f"{kind}{name}" for kind in ("", "Async") for name in ("Completions", "Embeddings", "Responses")]


@pytest.fixture
def unpatched() -> Iterator[None]:
    """Undo what instrumentations have patched: OpenLLMetry leaves a part of it."""
    openai = pytest.importorskip("openai")
    from openai.resources import chat, completions, embeddings, responses

    kinds = [openai.OpenAI, openai.AsyncOpenAI]
    for module in (chat.completions, completions, embeddings, responses):
        kinds += [getattr(module, name) for name in _PATCHED if hasattr(module, name)]
    before = [(kind, dict(vars(kind))) for kind in kinds]
    yield
    for kind, members in before:
        for name, value in dict(vars(kind)).items():
            if name not in members:
                delattr(kind, name)
            elif members[name] is not value:
                setattr(kind, name, members[name])

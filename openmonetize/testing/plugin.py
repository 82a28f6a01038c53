"""The pytest plugin: a sandbox for each test, a client of it, and fake AI providers.

Fixtures:
    openmonetize_sandbox: a running, clean `openmonetize.sandbox.Sandbox`. While the test runs, the environment has
        its ``OPENMONETIZE_BASE_URL`` and ``OPENMONETIZE_API_KEY``, so that ``OpenMonetize()`` reaches it too, and there
        is no other default client. What the library remembers in memory, and events that were not delivered, do not
        outlive the test.
    openmonetize_client: an `openmonetize.ApiClient` for it.
    openmonetize_fake_providers: running `openmonetize.testing.fake_providers.FakeProviders`, which answer the client
        libraries of OpenAI, Anthropic and others. While the test runs, the environment leads those libraries to them.

Marker:
    openmonetize(**settings): settings of the sandbox for a test, a class or a module: those of `Sandbox`, such as
        ``era="seed"``, ``mode="faithful"``, ``processing_delay=1.5``. The nearest marker wins. The environment variable
        ``OPENMONETIZE_SANDBOX_PROCESSING_DELAY`` sets the delay of sandboxes whose marker sets none.

pytest loads this module in every run where the library is installed, so at import time it needs nothing but pytest.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from openmonetize._http.client import ApiClient
    from openmonetize.sandbox import Sandbox
    from openmonetize.testing.fake_providers import FakeProviders

_MARKER = "openmonetize"
_SETTINGS = (
    "era",
    "mode",
    "defects",
    "accounts",
    "key",
    "prices",
    "rate_limit",
    "quota",
    "processing_delay",
    "processing_rate",
    "faults",
)
_SHOWN_REQUESTS = 20
_MEMORIES = (
    ("openmonetize.metering.lifecycle", "start_over"),
    ("openmonetize.events.sent_ids", "forget_sent_ids"),
    ("openmonetize.events.key_owners", "forget_owners"),
    ("openmonetize.gate.gate", "forget_all"),
    ("openmonetize.gate.holds.in_process", "forget_all"),
)

Kind = tuple[tuple[str, str], ...]  # the settings of a sandbox


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers",
        f"{_MARKER}(**settings): settings of `openmonetize_sandbox`: {', '.join(_SETTINGS)}",
    )


@pytest.fixture(scope="session")
def _openmonetize_sandboxes() -> Iterator[dict[Kind, Sandbox]]:
    """Keep the sandboxes of this run, one for each kind that tests ask for."""
    running: dict[Kind, Sandbox] = {}
    yield running
    for sandbox in running.values():
        sandbox.stop()


@pytest.fixture
def openmonetize_sandbox(
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
    _openmonetize_sandboxes: dict[Kind, Sandbox],
) -> Iterator[Sandbox]:
    """Give a running sandbox in its initial state: no events, real time, no faults but those of the marker."""
    try:
        from openmonetize.sandbox import Sandbox
    except ImportError as error:
        pytest.fail(f"openmonetize_sandbox: {error}", pytrace=False)
    settings = _settings(request.node)
    kind = tuple(sorted((name, repr(value)) for name, value in settings.items()))
    kind += (("environment", os.environ.get("OPENMONETIZE_SANDBOX_PROCESSING_DELAY", "")),)
    sandbox = _openmonetize_sandboxes.get(kind)
    if sandbox is not None and sandbox.running:
        sandbox.reset()
    else:  # There is none of this kind yet, or a test has stopped it.
        try:
            sandbox = Sandbox(**settings).start()
        except (ValueError, TypeError) as error:
            pytest.fail(f"@pytest.mark.{_MARKER}: {error}", pytrace=False)
        _openmonetize_sandboxes[kind] = sandbox
    monkeypatch.setenv("OPENMONETIZE_BASE_URL", sandbox.url)
    if sandbox.key is None:
        monkeypatch.delenv("OPENMONETIZE_API_KEY", raising=False)
    else:
        monkeypatch.setenv("OPENMONETIZE_API_KEY", sandbox.key)
    monkeypatch.setattr("openmonetize.ApiClient._default", None)
    monkeypatch.setattr("openmonetize.Configuration._default", None)
    _start_over()
    yield sandbox
    _start_over()


def _start_over() -> None:
    """Forget what modules that are loaded remember in memory, and end their threads."""
    for module, function in _MEMORIES:
        if module in sys.modules:
            getattr(sys.modules[module], function)()


@pytest.fixture
def openmonetize_client(openmonetize_sandbox: Sandbox) -> Iterator[ApiClient]:
    """Give a client of the sandbox, with its key."""
    from openmonetize import ApiClient, Configuration

    key = openmonetize_sandbox.key
    configuration = Configuration(openmonetize_sandbox.url, api_key={} if key is None else {"bearerAuth": key})
    with ApiClient(configuration) as client:
        yield client


@pytest.fixture
def openmonetize_fake_providers(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeProviders]:
    """Give running fake providers, to which the environment leads the providers' libraries."""
    from openmonetize.testing.fake_providers import FakeProviders

    with FakeProviders() as fake:
        for name, value in fake.environment().items():
            monkeypatch.setenv(name, value)
        yield fake


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """Show the sandbox's last requests below a failed test."""
    outcome: Any = yield
    sandbox = getattr(item, "funcargs", {}).get("openmonetize_sandbox")
    report = outcome.get_result()
    if report.when == "call" and report.failed and sandbox is not None:
        lines = [_line(entry) for entry in sandbox.requests[-_SHOWN_REQUESTS:]]
        report.sections.append(("last requests to the OpenMonetize sandbox", "\n".join(lines) or "none"))


def _settings(item: pytest.Item) -> dict[str, Any]:
    """Return the settings of all markers; the nearest one wins."""
    settings: dict[str, Any] = {}
    for marker in item.iter_markers(_MARKER):
        if marker.args:
            pytest.fail(f"@pytest.mark.{_MARKER} takes names and values, such as mode='faithful'", pytrace=False)
        settings = {**marker.kwargs, **settings}
    unknown = sorted(set(settings) - set(_SETTINGS))
    if unknown:
        from openmonetize._arguments import suggestion

        meant = suggestion(unknown[0], _SETTINGS)
        hint = f" (did you mean {meant}?)" if meant else ""
        text = f"@pytest.mark.{_MARKER} does not take {unknown[0]!r}; it takes {', '.join(_SETTINGS)}{hint}"
        pytest.fail(text, pytrace=False)
    return settings


def _line(entry: dict[str, Any]) -> str:
    status = "no answer" if entry["status"] is None else entry["status"]
    fault = f", fault {entry['fault']}" if entry["fault"] else ""
    request = f"{entry['method']} {entry['target']}"
    return f"{request}: {status} ({entry['milliseconds']:g} ms{fault}) {entry['answer'][:200]}"

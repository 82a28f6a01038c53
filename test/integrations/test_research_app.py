"""An application with everything switched on bills each real call once, and answers 402 when a wallet is empty."""

from __future__ import annotations

import collections
import importlib.util
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from openmonetize import OpenMonetize
from openmonetize.sandbox import Sandbox
from openmonetize.testing.fake_providers import Answer, FakeProviders, ProviderRequest, ToolCall

NEEDED = ("langchain", "langchain_openai", "mcp.server.mcpserver", "opentelemetry.instrumentation.openai")
testclient = pytest.importorskip("fastapi.testclient")
for _name in NEEDED:
    pytest.importorskip(_name)

EXAMPLE = Path(__file__).parents[2] / "examples" / "integrations" / "research_app.py"
USERS = [f"acme-corp-user-{number:06}" for number in range(8)]


@pytest.fixture
def app() -> ModuleType:
    spec: Any = importlib.util.spec_from_file_location("research_app", EXAMPLE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def visitor(unpatched: None, app: ModuleType, om: OpenMonetize, fake: FakeProviders) -> Iterator[Any]:
    fake.script = answer
    app.trace_everything(om)
    try:
        with testclient.TestClient(app.create_app(om, fake.openai_url)) as client:
            yield client
    finally:
        app.OpenAIInstrumentor().uninstrument()


def answer(request: ProviderRequest) -> Answer:
    """Ask for the tool first, then say something."""
    if request.body["messages"][-1]["role"] == "tool":
        return Answer("Read these three.", input_tokens=200, output_tokens=30)
    calls = [ToolCall("search_papers", {"query": "metering"})]
    return Answer(input_tokens=100, output_tokens=20, tool_calls=calls)


def ask(visitor: Any, user: str) -> Any:
    return visitor.post("/ask?question=What shall I read?", headers={"X-User": user[len("acme-") :]})


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_each_real_call_is_billed_once(visitor: Any, om: OpenMonetize, sandbox: Sandbox, fake: FakeProviders) -> None:
    for user in USERS:
        om.credits.grant(user_id=user, amount=1000)
    with ThreadPoolExecutor(len(USERS)) as pool:
        answers = list(pool.map(lambda user: ask(visitor, user), USERS * 2))
    assert [one.json() for one in answers] == ["Read these three."] * 16
    om.flush()
    billed = collections.Counter(
        (event["user_id"], event["feature_id"], event["event_type"], event["input_tokens"])
        for event in sandbox.events()
    )
    assert len(fake.requests) == 32
    assert billed == {
        **{(user, "research", "TOKEN_USAGE", 100): 2 for user in USERS},
        **{(user, "research", "TOKEN_USAGE", 200): 2 for user in USERS},
        **{(user, "mcp.search", "CUSTOM", 0): 2 for user in USERS},
    }
    assert om.warning_counts()["unmetered"] == 0


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_an_empty_wallet_is_answered_402(visitor: Any, om: OpenMonetize, sandbox: Sandbox, fake: FakeProviders) -> None:
    om.credits.grant(user_id=USERS[0], amount=1)
    om.track_custom_event(unit_type="page", quantity=1, user_id=USERS[0], feature_id="other")
    assert om.wait_billed()
    refused = ask(visitor, USERS[0])
    assert (refused.status_code, refused.json()["user_id"]) == (402, USERS[0])
    assert refused.json()["actions"]
    assert not fake.requests and len(sandbox.events()) == 1


def test_the_example_runs() -> None:
    done = subprocess.run([sys.executable, str(EXAMPLE)], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0] == "Read these three."
    assert lines[1].startswith("402 ")
    assert sorted(line.split()[2] for line in lines[2:]) == ["CUSTOM", "TOKEN_USAGE", "TOKEN_USAGE"]

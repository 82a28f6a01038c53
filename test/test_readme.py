"""The Python blocks of the README run as written, against the sandbox, and against one that bills later.

Only the host, the key and the undefined `event1..3` are substituted; in the second run the tour's own sandbox as well.
"""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from contract.contract import operations

from openmonetize import CustomEvent, ImageGenerationEvent, TokenUsageEvent
from openmonetize.sandbox import Sandbox
from openmonetize.testing.fake_providers import Answer, FakeProviders

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
HOST, KEY = "https://api.openmonetize.io", "your-api-key"
AT_ONCE: dict[str, Any] = {}
LATER: dict[str, Any] = {"mode": "faithful", "processing_delay": 0.2}


def python_blocks() -> list[str]:
    return re.findall(r"^```python\n(.*?)^```", README.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


@pytest.fixture
def provider(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeProviders]:
    """A server for the README's OpenAI client."""
    with FakeProviders(script=Answer(input_tokens=1000, output_tokens=500)) as fake:
        for name, value in fake.environment().items():
            monkeypatch.setenv(name, value)
        yield fake


def run_blocks(sandbox: Sandbox, settings: dict[str, Any]) -> dict[str, Any]:
    names: dict[str, Any] = {
        "event1": TokenUsageEvent(
            user_id="user_456", feature_id="f", provider="openai", model="gpt-4o", input_tokens=1000, output_tokens=500
        ),
        "event2": ImageGenerationEvent(
            user_id="user_456", feature_id="f", provider="openai", model="dall-e-3", image_count=2
        ),
        "event3": CustomEvent(user_id="user_456", feature_id="f", unit_type="pages", quantity=3),
    }
    for block in python_blocks():
        if "from openai import" in block and importlib.util.find_spec("openai") is None:
            continue
        if re.search(r"\bom\.", block) and "om" not in names and "om = " not in block:
            continue  # a block that goes on with the one before
        for there, here in ((HOST, sandbox.url), (KEY, sandbox.key), ("Sandbox()", f"Sandbox(**{settings})")):
            block = block.replace(there, str(here))
        exec(compile(block, str(README), "exec"), names)
    return names


@pytest.fixture
def sandbox(settings: dict[str, Any]) -> Iterator[Sandbox]:
    with Sandbox(**settings) as running:
        yield running


@pytest.mark.parametrize("settings", [AT_ONCE, LATER], ids=["at once", "later"])
def test_every_block_runs_and_every_event_is_billed_once(
    capsys: pytest.CaptureFixture[str], sandbox: Sandbox, settings: dict[str, Any], provider: FakeProviders
) -> None:
    names = run_blocks(sandbox, settings)
    sandbox.advance(seconds=60)
    # gpt-4-turbo has no price row and is billed at the platform's fallback price; a later block sends an event again.
    assert sandbox.billed(user_id="user_456") == 8 + 40 + 100 + 8 + 80 + 30
    printed = capsys.readouterr().out.split()
    assert printed[-5:] == ["True", "8", "1", "492", "8"]
    if "om" in names:  # the block with `om`: a call of 1,500 tokens, and the user's balance after it
        assert printed[:-5] == ["1500", "492"]
        names["om"].close()
        names["openai"].close()


def test_the_tour_prints_what_its_comments_say() -> None:
    tour = next(block for block in python_blocks() if "Sandbox()" in block)
    stated = " ".join(re.findall(r"^print\(.*\)  # (.*)$", tour, re.MULTILINE))
    assert stated == "True 8 1 492 8"


def test_the_tables_list_every_operation_of_the_contract() -> None:
    row = re.compile(
        r"^\| _(\w+)_ \| \[\*\*(\w+)\*\*\]\(docs/\1\.md#\2\)(?:, `(\w+)`)? \| \*\*(\w+)\*\* (\S+) \| (.*) \|$",
        re.MULTILINE,
    )
    rows = row.findall(README.read_text(encoding="utf-8").replace("{\\*}", "{*}"))
    assert sorted(rows) == sorted(
        (each.class_name, each.name, each.alias, each.verb, each.path, each.node["summary"]) for each in operations()
    )


def anchors(text: str) -> set[str]:
    titles = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def test_links_lead_somewhere() -> None:
    text = README.read_text(encoding="utf-8")
    assert set(re.findall(r"\]\(#([^)]+)\)", text)) <= anchors(text)
    links = re.findall(r"\]\((?!https?:)([^)#]+)(?:#([^)]+))?\)", text)
    assert len(links) > 150
    for path, anchor in links:
        assert (ROOT / path).exists(), path
        if anchor:
            assert anchor in anchors((ROOT / path).read_text(encoding="utf-8")), (path, anchor)

"""What the tests of the chains' frameworks share: a metered program between fake providers and a sandbox."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from openmonetize import OpenMonetize
from openmonetize.sandbox import Sandbox
from openmonetize.testing.fake_providers import Answer, FakeProviders
from openmonetize.testing.fake_providers.anthropic import message_events
from openmonetize.testing.fake_providers.reply import Reply, json_reply, sse_reply

ROOT = Path(__file__).parents[2]

USER = "acme-corp-user-000001"
FEATURE = "chat"

ANSWER = Answer(input_tokens=100, output_tokens=20, cached_tokens=10, reasoning_tokens=5)


class Program:
    """A program whose calls of providers are metered.

    Attributes:
        om: meters it.
        fake: the providers, which answer 100 tokens in and 20 out.
        sandbox: the platform.
    """

    def __init__(self, om: OpenMonetize, fake: FakeProviders, sandbox: Sandbox) -> None:
        self.om = om
        self.fake = fake
        self.sandbox = sandbox

    def events(self) -> list[dict[str, Any]]:
        """Return what was recorded."""
        assert self.om.flush()
        return self.sandbox.events()

    def tokens(self) -> list[tuple[str, int, int]]:
        """Return model, input and output of what was recorded."""
        return [(event["model"], event["input_tokens"], event["output_tokens"]) for event in self.events()]

    @property
    def unmetered(self) -> int:
        """How many calls were told to be unmetered."""
        return self.om.warning_counts()["unmetered"]


@contextmanager
def program(sandbox: Sandbox) -> Iterator[Program]:
    """Run a program in the scope of a user and a feature."""
    fake = FakeProviders(script=ANSWER)
    with fake, OpenMonetize(sandbox.key, sandbox.url) as om, om.context(user_id=USER, feature_id=FEATURE):
        yield Program(om, fake, sandbox)


def printed_by(example: str) -> str:
    """Run an example, and return what it prints."""
    path = ROOT / "examples" / "integrations" / f"{example}.py"
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, path], env=environment, capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stderr
    return done.stdout


def several_choices(request: Any) -> Reply:
    """Answer as OpenAI does where several choices are asked for: with one usage for all."""
    return json_reply(
        {
            "id": "chatcmpl-several",
            "object": "chat.completion",
            "created": 1,
            "model": request.body["model"],
            "choices": [
                {"index": number, "finish_reason": "stop", "message": {"role": "assistant", "content": "Hello"}}
                for number in range(request.body.get("n", 1))
            ],
            "usage": {"prompt_tokens": 100, "completion_tokens": 40, "total_tokens": 140},
        }
    )


def whole_delta(request: Any) -> Reply:
    """Answer a stream as Anthropic does today: its last usage repeats what was read."""
    answer = Answer(input_tokens=100, output_tokens=20, cached_tokens=10, cache_write_tokens=20)
    events = json.loads(json.dumps(message_events(answer.completed(request.body["model"], 100))))
    begun = next(event for event in events if event["type"] == "message_start")["message"]["usage"]
    for event in events:
        if event["type"] == "message_delta":
            event["usage"] = {**begun, **event["usage"], "output_tokens": 20}
    return sse_reply(events, named=True)

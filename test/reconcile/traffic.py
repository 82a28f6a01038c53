"""Traffic of an application: calls of the fake providers over HTTP, and their usage recorded."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import urllib3

from openmonetize import OpenMonetize
from openmonetize.providers import TokenPolicy, usage_from
from openmonetize.sandbox import Sandbox
from openmonetize.testing.fake_providers import Answer, FakeProviders

USER = "acme-grace-hopper"
PATHS = {"openai": "/chat/completions", "anthropic": "/v1/messages"}


class Application:
    """Calls providers and records what they used, in an outbox that keeps it.

    Args:
        sandbox: the platform.
        fake: the providers.
        outbox: the directory of the outbox.
        settings: of `OpenMonetize`.
    """

    def __init__(self, sandbox: Sandbox, fake: FakeProviders, outbox: Path, **settings: Any) -> None:
        self.sandbox, self.fake, self.outbox = sandbox, fake, outbox
        self._settings = settings
        self.om = self.client()
        self.om.credits.grant(user_id=USER, amount=1_000_000)

    def client(self) -> OpenMonetize:
        """Return a client of the outbox."""
        return OpenMonetize(self.sandbox.key, self.sandbox.url, outbox=self.outbox, keep="35d", **self._settings)

    def ask(self, provider: str, model: str, answer: Answer) -> dict[str, Any]:
        """Call a provider, and record nothing."""
        self.fake.script = answer
        body = {"model": model, "messages": [{"role": "user", "content": "Hello!"}]}
        url = f"{self.fake.urls[provider]}{PATHS[provider]}"
        with urllib3.PoolManager() as pool:
            found = pool.request("POST", url, json=body, retries=False)
            return dict(json.loads(found.data))

    def call(
        self,
        provider: str,
        model: str,
        answer: Answer,
        feature_id: str = "chat",
        user_id: str = USER,
        token_policy: TokenPolicy | None = None,
    ) -> str:
        """Call a provider, and record the usage."""
        return self.record(self.ask(provider, model, answer), feature_id, user_id, token_policy)

    def record(
        self, answer: Any, feature_id: str = "chat", user_id: str = USER, token_policy: TokenPolicy | None = None
    ) -> str:
        """Record the usage of an answer, or of a line of a batch's results."""
        usage = usage_from(answer, token_policy=token_policy)
        return self.om.track_usage(usage, feature_id=feature_id, user_id=user_id)

    def restart(self) -> OpenMonetize:
        """Deliver and end, so that all of the outbox's files are complete, and begin again."""
        assert self.om.close()
        self.om = self.client()
        return self.om


def application(tmp_path: Path, monkeypatch: Any, **settings: Any) -> Iterator[Application]:
    """Yield an application with a platform and providers of its own, whose admin keys are in the environment."""
    with Sandbox() as sandbox, FakeProviders() as fake:
        for name, value in fake.environment().items():
            monkeypatch.setenv(name, value)
        started = Application(sandbox, fake, tmp_path / "usage-outbox", **settings)
        yield started
        started.om.close()

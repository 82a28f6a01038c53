"""Which provider a request is for, and its answer in that provider's format."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import ModuleType
from typing import Any
from urllib.parse import unquote

from openmonetize.testing.fake_providers import anthropic, bedrock, cohere, google, mistral, openai
from openmonetize.testing.fake_providers.answer import Answer, Failure, Json
from openmonetize.testing.fake_providers.prompt import limit, prompt_tokens
from openmonetize.testing.fake_providers.reply import Reply, json_reply
from openmonetize.testing.fake_providers.reports import report
from openmonetize.testing.fake_providers.usage_log import UsageLog

# Each provider's answers are below a path of its own: OpenAI and Mistral call the same paths.
PROVIDERS: dict[str, ModuleType] = {
    "openai": openai,
    "anthropic": anthropic,
    "google": google,
    "mistral": mistral,
    "cohere": cohere,
    "bedrock": bedrock,
}

# The model in the path, where the body does not name it: Google's and Bedrock's requests, and Azure's deployments.
_MODEL_IN_PATH = re.compile(r"/(?:models?|deployments)/([^:/]+(?::\d+)?)(?=[:/])")

# Paths that cost nothing, or not by the token.
_ONLY_COUNTS = ("/count_tokens", ":countTokens", "/videos/chat/completions")


@dataclass(frozen=True)
class ProviderRequest:
    """A request that the fake providers have received.

    Attributes:
        method: the method, such as ``"POST"``.
        path: the path, with the provider's own first part (``"/openai/v1/chat/completions"``) and the query.
        body: the JSON body, or the fields of a form without its files; empty for any other body.
        headers: the headers, their names in small letters. They have the key that the client was given.
        batch: whether it is one of a batch, which costs half.
    """

    method: str
    path: str
    body: Json
    headers: dict[str, str] = field(default_factory=dict, repr=False)
    batch: bool = False

    @property
    def provider(self) -> str | None:
        """Which provider it is for: a name of `FakeProviders.urls`, or None."""
        first = self.path.split("/", 2)[1] if self.path.startswith("/") else ""
        return first if first in PROVIDERS else None


def reported(request: ProviderRequest, logs: Mapping[str, UsageLog]) -> Reply | None:
    """Return the reply to a request for a report of usage or costs; None if it is another request."""
    name = request.provider or ""
    if request.method != "GET" or name not in ("openai", "anthropic"):
        return None
    path, _, query = request.path[len(name) + 1 :].partition("?")
    found = report(logs[name], path, query, request.headers)
    return _failure(PROVIDERS[name], found) if isinstance(found, Failure) else found


def answer(request: ProviderRequest, script: Answer | Failure | Reply, logs: Mapping[str, UsageLog]) -> Reply:
    """Return the reply to a request.

    Args:
        request: the request.
        script: what to answer. A `Reply` goes out as it is, whatever was asked.
        logs: take note of what was answered, by provider.
    """
    if isinstance(script, Reply):
        return script
    provider = PROVIDERS.get(request.provider or "")
    if provider is None:
        return json_reply({"error": {"message": f"no provider at {request.path}: see FakeProviders.urls"}}, 404)
    if isinstance(script, Failure):
        return _failure(provider, script)
    path = unquote(request.path.partition("?")[0])
    completion = script.completed(_model(path, request.body), prompt_tokens(request.body), limit(request.body))
    found: Reply | None = provider.answer(path, completion, request.body) if request.method == "POST" else None
    if found is None:
        return _failure(provider, Failure(404, f"the fake provider has no {request.method} {path}"))
    log = logs.get(request.provider or "")
    if log is not None and not path.endswith(_ONLY_COUNTS):
        named = anthropic.SNAPSHOTS.get(completion.model, completion.model)
        log.answered(completion, named if provider is anthropic else completion.model, batch=request.batch)
    return replace(found, delay=script.delay)


def wait(reply: Reply) -> None:
    """Wait for as long as the reply is delayed."""
    if reply.delay:
        time.sleep(reply.delay)


def _failure(provider: ModuleType, failed: Failure) -> Reply:
    headers: dict[str, str] = {}
    if failed.retry_after is not None:
        headers["retry-after"] = f"{failed.retry_after:g}"
    if provider is bedrock:
        headers["x-amzn-ErrorType"] = bedrock.ERRORS.get(failed.status, "InternalServerException")
    return replace(json_reply(provider.failure(failed), failed.status), headers=headers)


def _model(path: str, body: dict[str, Any]) -> str:
    named = body.get("model")
    if isinstance(named, str):
        return named
    found = _MODEL_IN_PATH.search(path)
    return found.group(1) if found else "fake-model"

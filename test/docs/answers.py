"""A provider server on loopback that answers each library in its own format."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from providers import wire
from providers.server import ProviderServer, ScriptedReply, aws_reply, json_reply, sse_reply

Json = dict[str, Any]

# A completion of 8 credits.
EIGHT: Json = {"prompt_tokens": 1000, "completion_tokens": 500, "total_tokens": 1500}


def provider() -> ProviderServer:
    """Return a running server. Its `close` stops it."""
    server = ProviderServer()
    numbers = iter(range(1, 1_000_000))
    server.script = lambda body: _reply(server.requests[-1].path, body, numbers)
    return server


def environment(url: str) -> dict[str, str]:
    """Return the variables that point the libraries to the server."""
    return {
        "OPENAI_API_KEY": "sk-test",
        "OPENAI_BASE_URL": f"{url}/v1",
        "ANTHROPIC_API_KEY": "sk-test",
        "ANTHROPIC_BASE_URL": url,
        "GOOGLE_API_KEY": "g-test",
        "GOOGLE_GEMINI_BASE_URL": url,
        "CO_API_KEY": "co-test",
        "CO_API_URL": url,
        "AWS_ACCESS_KEY_ID": "a-test",
        "AWS_SECRET_ACCESS_KEY": "s-test",
        "AWS_DEFAULT_REGION": "eu-north-1",
        "AWS_ENDPOINT_URL_BEDROCK_RUNTIME": url,
    }


def _reply(path: str, body: Json, numbers: Iterator[int]) -> ScriptedReply:
    streamed = bool(body.get("stream"))
    model = str(body.get("model"))
    for end, (whole, events) in _CHATS.items():
        if path.partition("?")[0].endswith(end):
            return events(model) if streamed or "tream" in end else json_reply({**whole(model), **_id(end, numbers)})
    return json_reply({"error": {"message": f"nothing at {path}"}}, status=404)


def _id(end: str, numbers: Iterator[int]) -> Json:
    return {"id": f"answer-{next(numbers)}"} if end in ("/chat/completions", "/messages", "/responses") else {}


def _dated(model: str, answer: Any) -> Any:
    """Return the answer with the dated snapshot of the requested model, as Anthropic names it."""
    return json.loads(json.dumps(answer).replace("claude-sonnet-4-5-20250929", f"{model}-20251001"))


def _openai_events(model: str) -> ScriptedReply:
    return sse_reply(wire.openai_chat_chunks(model=model), done=True)


_CHATS: dict[str, tuple[Any, Any]] = {
    "/chat/completions": (lambda model: wire.openai_chat(model, **EIGHT), _openai_events),
    "/responses": (lambda model: wire.openai_response(), lambda model: sse_reply(wire.openai_response_events())),
    "/embeddings": (lambda model: wire.openai_embeddings(), None),
    "/images/generations": (lambda model: wire.openai_images(), None),
    "/messages": (
        lambda model: _dated(model, wire.anthropic_message()),
        lambda model: sse_reply(_dated(model, wire.anthropic_events()), named=True),
    ),
    ":generateContent": (lambda model: wire.google_content(), None),
    ":streamGenerateContent": (None, lambda model: sse_reply(wire.google_chunks())),
    "/v2/chat": (lambda model: wire.cohere_chat(), lambda model: sse_reply(wire.cohere_events(), named=True)),
    "/converse": (lambda model: wire.bedrock_converse(), None),
    "/converse-stream": (None, lambda model: aws_reply(wire.bedrock_events())),
}

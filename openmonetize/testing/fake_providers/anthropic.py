"""Anthropic's format: messages."""

from __future__ import annotations

import json

from openmonetize.testing.fake_providers.answer import Completion, Failure, Json
from openmonetize.testing.fake_providers.reply import Reply, json_reply, sse_reply

# Anthropic answers with the dated name of a model (https://docs.anthropic.com/en/docs/about-claude/models/overview).
SNAPSHOTS = {
    "claude-haiku-4-5": "claude-haiku-4-5-20251001",
    "claude-opus-4-1": "claude-opus-4-1-20250805",
    "claude-opus-4-5": "claude-opus-4-5-20251101",
    "claude-sonnet-4-5": "claude-sonnet-4-5-20250929",
}

_STOP_REASONS = {"stop": "end_turn", "length": "max_tokens", "tool_calls": "tool_use", "content_filter": "refusal"}
_ERRORS = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    529: "overloaded_error",
}


def answer(path: str, completion: Completion, body: Json) -> Reply | None:
    """Return the reply to a request, or None if there is nothing at its path."""
    if path.endswith("/messages/count_tokens"):
        return json_reply({"input_tokens": completion.input_tokens})
    if not path.endswith("/messages"):
        return None
    if body.get("stream"):
        return sse_reply(message_events(completion), cut=completion.answer.cut, named=True)
    return json_reply(message(completion), cut=completion.answer.cut)


def failure(failed: Failure) -> Json:
    """Return the body of an error."""
    kind = _ERRORS.get(failed.status, "api_error")
    return {"type": "error", "error": {"type": kind, "message": failed.message}, "request_id": "req_fake"}


def message(completion: Completion) -> Json:
    """Return a message."""
    return {
        "id": f"msg_{completion.id}",
        "type": "message",
        "role": "assistant",
        "model": SNAPSHOTS.get(completion.model, completion.model),
        "content": _content(completion),
        "stop_reason": _STOP_REASONS[completion.finish],
        "stop_sequence": None,
        "usage": completion.usage({**_read(completion), **_written(completion)}),
    }


def message_events(completion: Completion) -> list[Json]:
    """Return the events of a message. What it read is told in the first, what it wrote in the last but one."""
    whole = message(completion)
    begun = {**whole, "content": [], "stop_reason": None, "usage": {**_read(completion), "output_tokens": 1}}
    events: list[Json] = [{"type": "message_start", "message": begun}]
    for number, block in enumerate(whole["content"]):
        place = {"index": number}
        is_text = block["type"] == "text"
        empty = {**block, "text": ""} if is_text else {**block, "input": {}}
        events.append({"type": "content_block_start", **place, "content_block": empty})
        if not number:
            events.append({"type": "ping"})
        deltas = (
            [{"type": "text_delta", "text": piece} for piece in completion.pieces]
            if is_text
            else [{"type": "input_json_delta", "partial_json": json.dumps(block["input"])}]
        )
        events += [{"type": "content_block_delta", **place, "delta": delta} for delta in deltas]
        events.append({"type": "content_block_stop", **place})
    late = {name: value for name, value in whole["usage"].items() if name not in _read(completion)}
    end = {"stop_reason": whole["stop_reason"], "stop_sequence": None}
    events.append({"type": "message_delta", "delta": end, "usage": late})
    events.append({"type": "message_stop"})
    return events


def _content(completion: Completion) -> list[Json]:
    blocks: list[Json] = [{"type": "text", "text": completion.answer.text}] if completion.answer.text else []
    return blocks + [
        {"type": "tool_use", "id": f"toolu_{call.id}", "name": call.name, "input": dict(call.arguments)}
        for call in completion.answer.tool_calls
    ]


def _read(completion: Completion) -> Json:
    """Return the usage of the prompt. Tokens of the cache are not among the input's."""
    written, hour = completion.answer.cache_write_tokens, completion.answer.cache_write_1h_tokens
    return {
        "input_tokens": completion.uncached_tokens,
        "cache_creation_input_tokens": written,
        "cache_read_input_tokens": completion.answer.cached_tokens,
        "cache_creation": {"ephemeral_5m_input_tokens": written - hour, "ephemeral_1h_input_tokens": hour},
        **completion.tier(),
    }


def _written(completion: Completion) -> Json:
    reasoning = completion.answer.reasoning_tokens
    details: Json = {"output_tokens_details": {"thinking_tokens": reasoning}} if reasoning else {}
    searches = completion.answer.web_searches
    if searches:
        details["server_tool_use"] = {"web_search_requests": searches, "web_fetch_requests": 0}
    return {"output_tokens": completion.output_tokens, **details}

"""Cohere's formats: chat of both versions, and embed."""

from __future__ import annotations

import json

from openmonetize.testing.fake_providers.answer import Completion, Failure, Json
from openmonetize.testing.fake_providers.openai import tool_calls
from openmonetize.testing.fake_providers.reply import Reply, json_reply, sse_reply

_FINISH_REASONS = {"stop": "COMPLETE", "length": "MAX_TOKENS", "tool_calls": "TOOL_CALL", "content_filter": "ERROR"}


def answer(path: str, completion: Completion, body: Json) -> Reply | None:
    """Return the reply to a request, or None if there is nothing at its path."""
    cut, streamed = completion.answer.cut, bool(body.get("stream"))
    if path.endswith("/v2/chat"):
        return (
            sse_reply(chat_events(completion), cut=cut, named=True)
            if streamed
            else json_reply(chat(completion), cut=cut)
        )
    if path.endswith("/v1/chat"):
        return _lines(v1_chat_events(completion), cut) if streamed else json_reply(v1_chat(completion), cut=cut)
    if path.endswith(("/v1/embed", "/v2/embed")):
        return json_reply(embed(completion, body, path[-8:-6]), cut=cut)
    return None


def failure(failed: Failure) -> Json:
    """Return the body of an error."""
    return {"id": "fake", "message": failed.message}


def chat(completion: Completion) -> Json:
    """Return an answer of version 2."""
    message: Json = {"role": "assistant"}
    if completion.answer.text:
        message["content"] = [{"type": "text", "text": completion.answer.text}]
    if completion.answer.tool_calls:
        message["tool_calls"] = _calls(completion)
    reason = _FINISH_REASONS[completion.finish]
    return {"id": completion.id, "finish_reason": reason, "message": message, "usage": _usage(completion)}


def chat_events(completion: Completion) -> list[Json]:
    """Return the events of an answer of version 2. The last has the usage."""
    start: Json = {"role": "assistant", "content": [], "tool_plan": "", "tool_calls": [], "citations": []}
    events: list[Json] = [{"type": "message-start", "id": completion.id, "delta": {"message": start}}]
    if completion.answer.text:
        events.append(_content_event("content-start", {"type": "text", "text": ""}))
        events += [_content_event("content-delta", {"text": piece}) for piece in completion.pieces]
        events.append({"type": "content-end", "index": 0})
    for number, call in enumerate(_calls(completion)):
        whole, arguments = call["function"], call["function"]["arguments"]
        begun = {**call, "function": {**whole, "arguments": ""}}
        events.append({"type": "tool-call-start", "index": number, "delta": {"message": {"tool_calls": begun}}})
        part = {"tool_calls": {"function": {"arguments": arguments}}}
        events.append({"type": "tool-call-delta", "index": number, "delta": {"message": part}})
        events.append({"type": "tool-call-end", "index": number})
    end = {"finish_reason": _FINISH_REASONS[completion.finish], "usage": _usage(completion)}
    return [*events, {"type": "message-end", "delta": end}]


def v1_chat(completion: Completion) -> Json:
    """Return an answer of version 1."""
    found: Json = {
        "response_id": completion.id,
        "generation_id": completion.id,
        "text": completion.answer.text,
        "finish_reason": _FINISH_REASONS[completion.finish].replace("TOOL_CALL", "COMPLETE"),
        "meta": {"api_version": {"version": "1"}, **_usage(completion)},
    }
    if completion.answer.tool_calls:
        found["tool_calls"] = [
            {"name": call.name, "parameters": dict(call.arguments)} for call in completion.answer.tool_calls
        ]
    return found


def v1_chat_events(completion: Completion) -> list[Json]:
    """Return the events of an answer of version 1."""
    whole = v1_chat(completion)
    texts = [{"event_type": "text-generation", "text": piece, "is_finished": False} for piece in completion.pieces]
    end = {"event_type": "stream-end", "is_finished": True, "finish_reason": whole["finish_reason"], "response": whole}
    return [{"event_type": "stream-start", "generation_id": completion.id, "is_finished": False}, *texts, end]


def embed(completion: Completion, body: Json, version: str) -> Json:
    """Return embeddings, one for each text of the request."""
    texts = body.get("texts") or []
    vectors = [[0.1, 0.2] for _ in texts or (0,)]
    typed = version == "v2" or bool(body.get("embedding_types"))
    usage = completion.usage({"billed_units": {"input_tokens": float(completion.input_tokens)}})
    return {
        "id": completion.id,
        "response_type": "embeddings_by_type" if typed else "embeddings_floats",
        "embeddings": {"float": vectors} if typed else vectors,
        "texts": texts,
        "meta": {"api_version": {"version": version[1:]}, **usage},
    }


def _content_event(kind: str, content: Json) -> Json:
    return {"type": kind, "index": 0, "delta": {"message": {"content": content}}}


def _calls(completion: Completion) -> list[Json]:
    calls = tool_calls(enumerate(completion.answer.tool_calls))
    return [{name: call[name] for name in ("id", "type", "function")} for call in calls]


def _lines(events: list[Json], cut: bool) -> Reply:
    parts = [json.dumps(event).encode() + b"\n" for event in events]
    return Reply(content_type="application/stream+json", parts=parts, cut=cut)


def _usage(completion: Completion) -> Json:
    read, written = float(completion.input_tokens), float(completion.output_tokens)
    found: Json = {
        "billed_units": {"input_tokens": read, "output_tokens": written},
        "tokens": {"input_tokens": read, "output_tokens": written},
    }
    if completion.answer.web_searches:
        found["billed_units"]["search_units"] = float(completion.answer.web_searches)
    if completion.answer.cached_tokens:
        found["cached_tokens"] = float(completion.answer.cached_tokens)
    return completion.usage(found)

"""OpenAI's formats: chat completions, responses, completions, embeddings, images, transcriptions."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from openmonetize.testing.fake_providers.answer import Completion, Failure, Json, ToolCall
from openmonetize.testing.fake_providers.prompt import number_of_inputs
from openmonetize.testing.fake_providers.reply import Reply, json_reply, sse_reply

CREATED = 1767225600  # 2026-01-01T00:00:00Z

# A picture of one transparent pixel.
PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="

# Tokens of a picture of 1024x1024 (https://platform.openai.com/docs/guides/image-generation, "Cost and latency").
IMAGE_TOKENS = {"low": 272, "medium": 1056, "high": 4160}


def answer(path: str, completion: Completion, body: Json) -> Reply | None:
    """Return the reply to a request, or None if there is nothing at its path."""
    cut = completion.answer.cut
    for end, whole in _WHOLE.items():
        if not path.endswith(end):
            continue
        if not body.get("stream") or end not in _STREAMS:
            return json_reply(whole(completion, body), cut=cut)
        events = _STREAMS[end](completion, body)
        return sse_reply(events, cut=cut, named="completions" not in end, done="completions" in end)
    return None


def failure(failed: Failure) -> Json:
    """Return the body of an error."""
    kind = {401: "authentication_error", 429: "rate_limit_exceeded"}.get(failed.status, "invalid_request_error")
    error = {"message": failed.message, "type": "server_error" if failed.status >= 500 else kind}
    return {"error": {**error, "param": None, "code": None}}


def tool_calls(calls: Any) -> list[Json]:
    """Return tool calls in the format of chat completions, which other providers use too."""
    return [{"index": number, "id": call.id, "type": "function", "function": _function(call)} for number, call in calls]


def chat(completion: Completion, body: Json) -> Json:
    """Return a chat completion."""
    message: Json = {"role": "assistant", "content": completion.answer.text, "refusal": None}
    if completion.answer.tool_calls:
        calls = tool_calls(enumerate(completion.answer.tool_calls))
        message["tool_calls"] = [{name: call[name] for name in ("id", "type", "function")} for call in calls]
    return {
        "id": f"chatcmpl-{completion.id}",
        "object": "chat.completion",
        "created": CREATED,
        "model": completion.model,
        "choices": [{"index": 0, "finish_reason": completion.finish, "message": message, "logprobs": None}],
        **completion.tier(),
        "usage": chat_usage(completion),
    }


def chat_usage(completion: Completion) -> Json:
    """Return the usage object of chat completions."""
    answered = completion.answer
    read: Json = {"cached_tokens": answered.cached_tokens, "audio_tokens": 0}
    if answered.cache_write_tokens:
        read["cache_write_tokens"] = answered.cache_write_tokens
    written = {"reasoning_tokens": answered.reasoning_tokens, "audio_tokens": 0}
    return completion.usage(
        {
            "prompt_tokens": completion.input_tokens,
            "completion_tokens": completion.output_tokens,
            "total_tokens": completion.input_tokens + completion.output_tokens,
            "prompt_tokens_details": read,
            "completion_tokens_details": written,
        }
    )


def chat_chunks(completion: Completion, body: Json) -> list[Json]:
    """Return the chunks of a chat completion. The usage comes last, if the request asks for it."""
    with_usage = _with_usage(body)
    base = {
        "id": f"chatcmpl-{completion.id}",
        "object": "chat.completion.chunk",
        "created": CREATED,
        "model": completion.model,
        **completion.tier(),
    }
    unknown = {"usage": None} if with_usage else {}

    def chunk(delta: Json, finish: str | None = None) -> Json:
        return {**base, "choices": [{"index": 0, "delta": delta, "finish_reason": finish}], **unknown}

    chunks = [chunk({"role": "assistant", "content": ""})]
    chunks += [chunk({"content": piece}) for piece in completion.pieces]
    chunks += [chunk({"tool_calls": [call]}) for call in tool_calls(enumerate(completion.answer.tool_calls))]
    chunks.append(chunk({}, completion.finish))
    if with_usage:
        chunks.append({**base, "choices": [], "usage": chat_usage(completion)})
    return chunks


def text(completion: Completion, body: Json) -> Json:
    """Return a completion of the older kind."""
    choice = {"index": 0, "text": completion.answer.text, "finish_reason": completion.finish, "logprobs": None}
    return {
        "id": f"cmpl-{completion.id}",
        "object": "text_completion",
        "created": CREATED,
        "model": completion.model,
        "choices": [choice],
        "usage": chat_usage(completion),
    }


def text_chunks(completion: Completion, body: Json) -> list[Json]:
    """Return the chunks of a completion of the older kind."""
    base = {name: value for name, value in text(completion, body).items() if name not in ("choices", "usage")}
    pieces = [(piece, None) for piece in completion.pieces] + [("", completion.finish)]
    chunks: list[Json] = [
        {**base, "choices": [{"index": 0, "text": piece, "finish_reason": finish, "logprobs": None}]}
        for piece, finish in pieces
    ]
    if _with_usage(body):
        chunks.append({**base, "choices": [], "usage": chat_usage(completion)})
    return chunks


def response(completion: Completion, body: Json, status: str | None = None) -> Json:
    """Return a response of the responses API."""
    answered = completion.answer
    incomplete = {"length": "max_output_tokens", "content_filter": "content_filter"}.get(completion.finish)
    read = {"cached_tokens": answered.cached_tokens, "cache_write_tokens": answered.cache_write_tokens}
    return {
        "id": f"resp_{completion.id}",
        "object": "response",
        "created_at": CREATED,
        "model": completion.model,
        "status": status or ("incomplete" if incomplete else "completed"),
        "error": None,
        "incomplete_details": {"reason": incomplete} if incomplete else None,
        "instructions": None,
        "metadata": {},
        "output": _output(completion),
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "tools": body.get("tools") or [],
        **completion.tier(),
        **_tool_usage(completion),
        "usage": completion.usage(
            {
                "input_tokens": completion.input_tokens,
                "input_tokens_details": read,
                "output_tokens": completion.output_tokens,
                "output_tokens_details": {"reasoning_tokens": answered.reasoning_tokens},
                "total_tokens": completion.input_tokens + completion.output_tokens,
            }
        ),
    }


def response_events(completion: Completion, body: Json, status: str | None = None) -> list[Json]:
    """Return the events of a response."""
    done = response(completion, body, status)
    started = {**done, "status": "in_progress", "incomplete_details": None, "output": [], "usage": None}
    events: list[Json] = [{"type": "response.created", "response": started}]
    for number, item in enumerate(done["output"]):
        place = {"output_index": number}
        is_text = item["type"] == "message"
        is_search = item["type"] == "web_search_call"
        open_part: Json = {} if is_search else {"content": []} if is_text else {"arguments": ""}
        begun = {**item, "status": "in_progress", **open_part}
        events.append({"type": "response.output_item.added", **place, "item": begun})
        if not is_search:
            events += _text_events(completion, item, place) if is_text else _call_events(item, place)
        events.append({"type": "response.output_item.done", **place, "item": item})
    events.append({"type": f"response.{done['status']}", "response": done})
    return [{**event, "sequence_number": number} for number, event in enumerate(events)]


def embeddings(completion: Completion, body: Json) -> Json:
    """Return embeddings, one for each text of the request."""
    numbers = range(number_of_inputs(body.get("input")))
    return {
        "object": "list",
        "model": completion.model,
        "data": [{"object": "embedding", "index": number, "embedding": [0.1, 0.2]} for number in numbers],
        "usage": completion.usage({"prompt_tokens": completion.input_tokens, "total_tokens": completion.input_tokens}),
    }


def images(completion: Completion, body: Json) -> Json:
    """Return pictures. Those of the older models name neither size nor tokens."""
    count = int(body.get("n") or 1)
    found: Json = {"created": CREATED, "data": [{"b64_json": PIXEL} for _ in range(count)]}
    if not completion.model.startswith("dall-e"):
        found.update(_image_settings(body), usage=_image_usage(completion, body, count))
    return found


def image_events(completion: Completion, body: Json) -> list[Json]:
    """Return the events of a picture."""
    shared = {"b64_json": PIXEL, "created_at": CREATED, **_image_settings(body)}
    kind = "image_generation"
    partial = [
        {"type": f"{kind}.partial_image", "partial_image_index": number, **shared}
        for number in range(int(body.get("partial_images") or 0))
    ]
    return [*partial, {"type": f"{kind}.completed", "usage": _image_usage(completion, body, 1), **shared}]


def transcription(completion: Completion, body: Json) -> Json:
    """Return a transcription, with the tokens of the sound."""
    return {"text": completion.answer.text, "usage": _transcription_usage(completion)}


def transcription_events(completion: Completion, body: Json) -> list[Json]:
    """Return the events of a transcription. The last has the usage."""
    kind = "transcript.text"
    deltas: list[Json] = [{"type": f"{kind}.delta", "delta": piece} for piece in completion.pieces]
    done = {"type": f"{kind}.done", "text": completion.answer.text, "usage": _transcription_usage(completion)}
    return [*deltas, done]


def _transcription_usage(completion: Completion) -> Json:
    return completion.usage(
        {
            "type": "tokens",
            "input_tokens": completion.input_tokens,
            "input_token_details": {"text_tokens": 0, "audio_tokens": completion.input_tokens},
            "output_tokens": completion.output_tokens,
            "total_tokens": completion.input_tokens + completion.output_tokens,
        }
    )


def _function(call: ToolCall) -> Json:
    return {"name": call.name, "arguments": json.dumps(dict(call.arguments))}


def _output(completion: Completion) -> list[Json]:
    items: list[Json] = [
        {
            "type": "web_search_call",
            "id": f"ws_{number}_{completion.id}",
            "status": "completed",
            "action": {"type": "search", "query": query},
        }
        for number, query in enumerate(completion.searches)
    ]
    if completion.answer.text:
        content = {"type": "output_text", "text": completion.answer.text, "annotations": []}
        message = {"type": "message", "id": f"msg_{completion.id}", "status": "completed", "role": "assistant"}
        items.append({**message, "content": [content]})
    for call in completion.answer.tool_calls:
        shared = {"type": "function_call", "id": f"fc_{call.id}", "call_id": call.id, "status": "completed"}
        items.append({**shared, **_function(call)})
    return items


def _tool_usage(completion: Completion) -> Json:
    if not completion.searches:
        return {}
    none = {"input_tokens": 0, "output_tokens": 0, "total_tokens": 0}
    images = {**none, "input_tokens_details": {"image_tokens": 0, "text_tokens": 0}}
    return {"tool_usage": {"image_gen": images, "web_search": {"num_requests": len(completion.searches)}}}


def _text_events(completion: Completion, item: Json, place: Json) -> list[Json]:
    where = {"item_id": item["id"], **place, "content_index": 0}
    part = {"type": "output_text", "text": "", "annotations": []}
    deltas = [
        {"type": "response.output_text.delta", **where, "delta": piece, "logprobs": []} for piece in completion.pieces
    ]
    return [
        {"type": "response.content_part.added", **where, "part": part},
        *deltas,
        {"type": "response.output_text.done", **where, "text": completion.answer.text, "logprobs": []},
        {"type": "response.content_part.done", **where, "part": item["content"][0]},
    ]


def _call_events(item: Json, place: Json) -> list[Json]:
    where = {"item_id": item["id"], **place}
    kind = "response.function_call_arguments"
    return [
        {"type": f"{kind}.delta", **where, "delta": item["arguments"]},
        {"type": f"{kind}.done", **where, "name": item["name"], "arguments": item["arguments"]},
    ]


def _image_settings(body: Json) -> Json:
    chosen = {name: body.get(name) for name in ("size", "quality")}
    size = "1024x1024" if chosen["size"] in (None, "auto") else chosen["size"]
    quality = "high" if chosen["quality"] not in IMAGE_TOKENS else chosen["quality"]
    return {"size": size, "quality": quality, "output_format": "png", "background": "opaque"}


def _image_usage(completion: Completion, body: Json, count: int) -> Json:
    written = completion.answer.output_tokens
    if written is None:
        written = count * IMAGE_TOKENS[_image_settings(body)["quality"]]
    return completion.usage(
        {
            "input_tokens": completion.input_tokens,
            "input_tokens_details": {"text_tokens": completion.input_tokens, "image_tokens": 0},
            "output_tokens": written,
            "total_tokens": completion.input_tokens + written,
        }
    )


_WHOLE: dict[str, Callable[[Completion, Json], Json]] = {
    "/chat/completions": chat,
    "/completions": text,
    "/responses": response,
    "/embeddings": embeddings,
    "/images/generations": images,
    "/images/edits": images,
    "/images/variations": images,
    "/audio/transcriptions": transcription,
}
_STREAMS: dict[str, Callable[[Completion, Json], list[Json]]] = {
    "/chat/completions": chat_chunks,
    "/completions": text_chunks,
    "/responses": response_events,
    "/images/generations": image_events,
    "/audio/transcriptions": transcription_events,
}


def _with_usage(body: Json) -> bool:
    options = body.get("stream_options")
    return isinstance(options, dict) and bool(options.get("include_usage"))

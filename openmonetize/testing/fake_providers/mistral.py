"""Mistral's formats: chat, fill in the middle, agents, embeddings, responses."""

from __future__ import annotations

from openmonetize.testing.fake_providers import openai
from openmonetize.testing.fake_providers.answer import Completion, Failure, Json
from openmonetize.testing.fake_providers.openai import CREATED, tool_calls
from openmonetize.testing.fake_providers.prompt import number_of_inputs
from openmonetize.testing.fake_providers.reply import Reply, json_reply, sse_reply

_CHATS = ("/chat/completions", "/fim/completions", "/agents/completions")
_FINISH_REASONS = {"content_filter": "error"}


def answer(path: str, completion: Completion, body: Json) -> Reply | None:
    """Return the reply to a request, or None if there is nothing at its path."""
    cut = completion.answer.cut
    if path.endswith("/embeddings"):
        return json_reply(embeddings(completion, body), cut=cut)
    if path.endswith("/responses"):  # in OpenAI's format
        return openai.answer(path, completion, body)
    if not path.endswith(_CHATS):
        return None
    return sse_reply(chat_chunks(completion), cut=cut, done=True) if body.get("stream") else _whole(completion, cut)


def failure(failed: Failure) -> Json:
    """Return the body of an error."""
    return {"object": "error", "message": failed.message, "type": "fake_error", "param": None, "code": None}


def chat(completion: Completion) -> Json:
    """Return a chat completion."""
    message: Json = {"role": "assistant", "content": completion.answer.text}
    if completion.answer.tool_calls:
        message["tool_calls"] = tool_calls(enumerate(completion.answer.tool_calls))
    return {
        **_base(completion, ""),
        "choices": [_choice(completion, {"message": message})],
        "usage": _usage(completion),
    }


def chat_chunks(completion: Completion) -> list[Json]:
    """Return the chunks of a chat completion. The last has the usage."""
    base = _base(completion, ".chunk")

    def chunk(delta: Json) -> Json:
        return {**base, "choices": [{"index": 0, "delta": delta, "finish_reason": None}]}

    chunks = [chunk({"role": "assistant", "content": ""})]
    chunks += [chunk({"content": piece}) for piece in completion.pieces]
    last: Json = {"content": ""}
    if completion.answer.tool_calls:
        last["tool_calls"] = tool_calls(enumerate(completion.answer.tool_calls))
    return [*chunks, {**base, "choices": [_choice(completion, {"delta": last})], "usage": _usage(completion)}]


def embeddings(completion: Completion, body: Json) -> Json:
    """Return embeddings, one for each text of the request."""
    numbers = range(number_of_inputs(body.get("input") or body.get("inputs")))
    counted = {"prompt_tokens": completion.input_tokens, "completion_tokens": 0}
    return {
        "id": completion.id,
        "object": "list",
        "model": completion.model,
        "data": [{"object": "embedding", "index": number, "embedding": [0.1, 0.2]} for number in numbers],
        "usage": completion.usage({**counted, "total_tokens": completion.input_tokens}),
    }


def _whole(completion: Completion, cut: bool) -> Reply:
    return json_reply(chat(completion), cut=cut)


def _base(completion: Completion, kind: str) -> Json:
    shared = {"id": completion.id, "object": f"chat.completion{kind}", "created": CREATED}
    return {**shared, "model": completion.model}


def _choice(completion: Completion, content: Json) -> Json:
    reason = _FINISH_REASONS.get(completion.finish, completion.finish)
    return {"index": 0, "finish_reason": reason, **content}


def _usage(completion: Completion) -> Json:
    found: Json = {
        "prompt_tokens": completion.input_tokens,
        "completion_tokens": completion.output_tokens,
        "total_tokens": completion.input_tokens + completion.output_tokens,
    }
    if completion.answer.cached_tokens:
        found["prompt_tokens_details"] = {"cached_tokens": completion.answer.cached_tokens}
    return completion.usage({**found, **completion.tier()})

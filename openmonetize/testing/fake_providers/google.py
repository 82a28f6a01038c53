"""Google's formats: generateContent, embedContent, countTokens."""

from __future__ import annotations

from openmonetize.testing.fake_providers.answer import Completion, Failure, Json
from openmonetize.testing.fake_providers.reply import Reply, json_reply, sse_reply

_FINISH_REASONS = {"stop": "STOP", "length": "MAX_TOKENS", "tool_calls": "STOP", "content_filter": "SAFETY"}
_ERRORS = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    429: "RESOURCE_EXHAUSTED",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}


def answer(path: str, completion: Completion, body: Json) -> Reply | None:
    """Return the reply to a request, or None if there is nothing at its path."""
    cut = completion.answer.cut
    method = path.rpartition(":")[2]
    if method == "generateContent":
        return json_reply(content(completion), cut=cut)
    if method == "streamGenerateContent":
        return sse_reply(content_chunks(completion), cut=cut)
    counted = {"promptTokenCount": completion.input_tokens}
    if method == "embedContent":
        return json_reply({"embedding": {"values": [0.1, 0.2]}, "usageMetadata": counted})
    if method == "batchEmbedContents":
        found = [{"values": [0.1, 0.2]} for _ in body.get("requests") or ()]
        return json_reply({"embeddings": found, "usageMetadata": counted})
    return json_reply({"totalTokens": completion.input_tokens}) if method == "countTokens" else None


def failure(failed: Failure) -> Json:
    """Return the body of an error."""
    status = _ERRORS.get(failed.status, "INTERNAL")
    return {"error": {"code": failed.status, "message": failed.message, "status": status}}


def content(completion: Completion) -> Json:
    """Return generated content."""
    parts: list[Json] = [{"text": completion.answer.text}] if completion.answer.text else []
    parts += [
        {"functionCall": {"name": call.name, "args": dict(call.arguments)}} for call in completion.answer.tool_calls
    ]
    return _content(completion, parts, _FINISH_REASONS[completion.finish], _usage(completion, 1.0))


def content_chunks(completion: Completion) -> list[Json]:
    """Return the chunks of generated content. Each tells the tokens so far."""
    whole = content(completion)["candidates"][0]["content"]["parts"]
    texts: list[Json] = [{"text": piece} for piece in completion.pieces]
    parts = texts + [part for part in whole if "text" not in part]
    chunks = [
        _content(completion, [part], None, _usage(completion, number / (len(parts) + 1)))
        for number, part in enumerate(parts, 1)
    ]
    return [*chunks, _content(completion, [{"text": ""}], _FINISH_REASONS[completion.finish], _usage(completion, 1.0))]


def _content(completion: Completion, parts: list[Json], finish: str | None, usage: Json) -> Json:
    candidate: Json = {"index": 0, "content": {"role": "model", "parts": parts}}
    if finish:
        candidate["finishReason"] = finish
        if completion.searches:
            candidate["groundingMetadata"] = {"webSearchQueries": completion.searches}
    return {
        "candidates": [candidate],
        "modelVersion": completion.model,
        "responseId": completion.id,
        "usageMetadata": usage,
    }


def _usage(completion: Completion, share: float) -> Json:
    """Return the usage when this share of the answer is written. Thoughts are not among the candidates' tokens."""
    answered = completion.answer
    written = int((completion.output_tokens - answered.reasoning_tokens) * share)
    found: Json = {
        "promptTokenCount": completion.input_tokens,
        "candidatesTokenCount": written,
        "totalTokenCount": completion.input_tokens + written + answered.reasoning_tokens,
    }
    if answered.reasoning_tokens:
        found["thoughtsTokenCount"] = answered.reasoning_tokens
    if answered.cached_tokens:
        found["cachedContentTokenCount"] = answered.cached_tokens
    return completion.usage({**found, **completion.tier("serviceTier")})

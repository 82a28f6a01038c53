"""The format of AWS Bedrock: converse."""

from __future__ import annotations

import json
from dataclasses import replace

from openmonetize.testing.fake_providers.answer import Completion, Failure, Json
from openmonetize.testing.fake_providers.reply import Reply, aws_reply, json_reply

_STOP_REASONS = {
    "stop": "end_turn",
    "length": "max_tokens",
    "tool_calls": "tool_use",
    "content_filter": "content_filtered",
}
# The code of an error, which is in a header.
ERRORS = {
    400: "ValidationException",
    403: "AccessDeniedException",
    404: "ResourceNotFoundException",
    424: "ModelErrorException",
    429: "ThrottlingException",
    503: "ServiceUnavailableException",
}


def answer(path: str, completion: Completion, body: Json) -> Reply | None:
    """Return the reply to a request, or None if there is nothing at its path."""
    cut = completion.answer.cut
    if path.endswith("/converse"):
        found = json_reply(converse(completion), cut=cut)
    elif path.endswith("/converse-stream"):
        found = aws_reply(converse_events(completion), cut=cut)
    else:
        return None
    return replace(found, headers={"x-amzn-RequestId": completion.id})  # the body has no id


def failure(failed: Failure) -> Json:
    """Return the body of an error."""
    return {"message": failed.message}


def converse(completion: Completion) -> Json:
    """Return an answer."""
    return {
        "output": {"message": {"role": "assistant", "content": _content(completion)}},
        "stopReason": _STOP_REASONS[completion.finish],
        "usage": _usage(completion),
        "metrics": {"latencyMs": 100},
        **_tier(completion),
    }


def converse_events(completion: Completion) -> list[Json]:
    """Return the events of an answer. The last has the usage."""
    events: list[Json] = [{"messageStart": {"role": "assistant"}}]
    for number, block in enumerate(_content(completion)):
        place = {"contentBlockIndex": number}
        if "text" in block:
            deltas: list[Json] = [{"text": piece} for piece in completion.pieces]
        else:
            used = block["toolUse"]
            start = {"toolUse": {"toolUseId": used["toolUseId"], "name": used["name"]}}
            events.append({"contentBlockStart": {**place, "start": start}})
            deltas = [{"toolUse": {"input": json.dumps(used["input"])}}]
        events += [{"contentBlockDelta": {**place, "delta": delta}} for delta in deltas]
        events.append({"contentBlockStop": place})
    events.append({"messageStop": {"stopReason": _STOP_REASONS[completion.finish]}})
    return [*events, {"metadata": {"usage": _usage(completion), "metrics": {"latencyMs": 100}, **_tier(completion)}}]


def _content(completion: Completion) -> list[Json]:
    blocks: list[Json] = [{"text": completion.answer.text}] if completion.answer.text else []
    return blocks + [
        {"toolUse": {"toolUseId": call.id, "name": call.name, "input": dict(call.arguments)}}
        for call in completion.answer.tool_calls
    ]


def _usage(completion: Completion) -> Json:
    """Return the usage. Tokens of the cache are not among the input's, but in the total."""
    written, hour = completion.answer.cache_write_tokens, completion.answer.cache_write_1h_tokens
    kept = [{"ttl": "5m", "inputTokens": written - hour}, {"ttl": "1h", "inputTokens": hour}]
    return completion.usage(
        {
            "inputTokens": completion.uncached_tokens,
            "outputTokens": completion.output_tokens,
            "totalTokens": completion.input_tokens + completion.output_tokens,
            "cacheReadInputTokens": completion.answer.cached_tokens,
            "cacheWriteInputTokens": written,
            **({"cacheDetails": [entry for entry in kept if entry["inputTokens"]]} if written else {}),
        }
    )


def _tier(completion: Completion) -> Json:
    return {"serviceTier": {"type": completion.answer.service_tier}} if completion.answer.service_tier else {}

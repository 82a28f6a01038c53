"""Usage that a provider tells later than the call: of jobs that have ended, and of the lines of batches' results.

It may be read several times, by several processes, at any host. So each has a ``later_id`` that is the same each time,
from which the event's id derives where the response's own id does not do.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timezone
from typing import Any, NamedTuple

from openmonetize.providers import otel
from openmonetize.providers.extract import read_usage
from openmonetize.providers.openai import later_id_of
from openmonetize.providers.response_fields import get, text
from openmonetize.providers.usage import TokenPolicy, Usage, UsageError

BACKGROUND = "background"  # the field of a response that was made so

# The states in which a background response has its final usage, if it has any.
RESPONSE_ENDS = ("completed", "incomplete", "failed", "cancelled")
VIDEO_ENDS = ("completed", "failed")
FINE_TUNING_ENDS = ("succeeded", "failed", "cancelled")


class Reading(NamedTuple):
    """How the usage is to be billed.

    Attributes:
        host: the host that answered.
        provider, model, token_policy: see :func:`usage_from`.
    """

    host: str | None = None
    provider: str | None = None
    model: str | None = None
    token_policy: TokenPolicy | None = None


def usage_of_line(line: Any, how: Reading) -> Usage | None:
    """Return the usage of a line of a batch's results, or None for a request that failed, and costs nothing.

    Args:
        line: of OpenAI or Anthropic: the library's object, or a dictionary.

    Raises:
        UsageError: the line has an answer without usage, or an unknown shape.
    """
    custom_id, result = text(line, "custom_id") or "", get(line, "result")
    if result is not None:  # Anthropic
        message = get(result, "message")
        if get(result, "type") != "succeeded" or message is None:
            return None
        return _later(line, how, f"{custom_id}\n{text(message, 'id') or ''}")
    response = get(line, "response")
    if get(line, "error") is not None or get(response, "status_code") != 200:
        return None
    body = get(response, "body")
    parts = (text(line, "id"), text(response, "request_id"), custom_id, text(body, "id"), get(body, "created"))
    return _later(line, how, "\n".join(str(part or "") for part in parts))


def usage_of_response(response: Any, how: Reading) -> Usage | None:
    """Return the usage of a background response that has ended; None if it has none, and costs nothing."""
    if get(response, "usage") is None:
        return None
    return _later(response, how, later_id_of(response))


def usage_of_video(video: Any, how: Reading) -> Usage | None:
    """Return the seconds of a video; None if it has failed, and costs nothing.

    They count as calls of a tool that is named by the model and the size, since both are in its price.
    """
    if get(video, "status") != "completed":
        return None
    model, size = how.model or text(video, "model") or "", text(video, "size") or ""
    try:
        seconds = int(str(get(video, "seconds")))
    except ValueError:
        raise UsageError("this video does not tell its seconds") from None
    return _units(video, how, model, {otel.tool_calls_of(f"{model}.{size}.seconds"): seconds})


def usage_of_fine_tuning(job: Any, how: Reading) -> Usage | None:
    """Return the tokens that a fine-tuning job was trained on; None if there are none.

    Each thousand of them, the last one whole, counts as a call of a tool that is named by the model: their price is not
    that of the model's tokens, and a credit would be too much for one.
    """
    trained = get(job, "trained_tokens")
    if not trained:
        return None
    model = how.model or text(job, "model") or ""
    thousands = -(-trained // 1000)
    return _units(
        job, how, model, {otel.tool_calls_of(f"{model}.training_1k_tokens"): thousands, otel.TRAINED: trained}
    )


class Kind(NamedTuple):
    """One of the jobs whose own object tells the usage.

    Attributes:
        ends: the states in which it has ended.
        usage_of: reads the usage of one that has.
        at: the fields that say when it did.
    """

    ends: tuple[str, ...]
    usage_of: Callable[[Any, Reading], Usage | None]
    at: tuple[str, ...]


# By the ``object`` of OpenAI's answers.
OBJECTS: Mapping[str, Kind] = {
    "response": Kind(RESPONSE_ENDS, usage_of_response, ("completed_at", "created_at")),
    "video": Kind(VIDEO_ENDS, usage_of_video, ("completed_at", "created_at")),
    "fine_tuning.job": Kind(FINE_TUNING_ENDS, usage_of_fine_tuning, ("finished_at", "created_at")),
}


def moment(value: Any) -> datetime | None:
    """Return a time of a provider, seconds since 1970 or a datetime; None for anything else."""
    if isinstance(value, datetime):
        return value
    if isinstance(value, (int, float)) and not isinstance(value, bool) and value > 0:
        return datetime.fromtimestamp(value, timezone.utc)
    return None


def _later(response: Any, how: Reading, later_id: str) -> Usage:
    usage = read_usage(response, provider=how.provider, model=how.model, host=how.host, token_policy=how.token_policy)
    return usage if usage.later_id else replace(usage, later_id=later_id)


def _units(job: Any, how: Reading, model: str, units: Mapping[str, int]) -> Usage:
    return Usage(
        provider=(how.provider or "OPENAI").upper(),
        model=model,
        input_tokens=0,
        output_tokens=0,
        response_id=text(job, "id"),
        host=how.host,
        details=units,
        later_id=later_id_of(job),
    )

"""The usage and cost reports of organizations, as OpenAI and Anthropic serve them to admin keys.

https://platform.openai.com/docs/api-reference/usage, https://platform.claude.com/docs/en/manage-claude/usage-cost-api
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs

from openmonetize.reconcile.kinds import CACHE_READ, CACHE_WRITE_1H, CACHE_WRITE_5M, INPUT, OUTPUT
from openmonetize.testing.fake_providers.answer import Failure, Json
from openmonetize.testing.fake_providers.reply import Reply, json_reply
from openmonetize.testing.fake_providers.usage_log import UsageLog, Used

ADMIN_KEY = "fake-admin-key"

MAX_DAYS = 31  # buckets of a page of usage
DEFAULT_DAYS = 7
_EMBEDDINGS = "embedding"  # in the names of the models that are reported apart

_ITEMS = {
    INPUT: "input",
    CACHE_READ: "cached input",
    CACHE_WRITE_5M: "input",
    CACHE_WRITE_1H: "input",
    OUTPUT: "output",
}
_TOKEN_TYPES = {
    INPUT: "uncached_input_tokens",
    CACHE_READ: "cache_read_input_tokens",
    CACHE_WRITE_5M: "cache_creation.ephemeral_5m_input_tokens",
    CACHE_WRITE_1H: "cache_creation.ephemeral_1h_input_tokens",
    OUTPUT: "output_tokens",
}

# Of a log, a day, and what they are grouped by.
_Results = Callable[[UsageLog, date, "list[str]"], "list[Json]"]


def report(log: UsageLog, path: str, query: str, headers: Mapping[str, str]) -> Reply | Failure | None:
    """Return the reply to a request for a report; None if there is no report at its path.

    Args:
        log: what the provider was asked for.
        path: below the provider's base URL, such as ``/v1/organization/costs``.
        query: of the request.
        headers: of the request.
    """
    results = _REPORTS.get(path)
    if results is None:
        return None
    key = headers.get("x-api-key") or headers.get("authorization", "").rpartition(" ")[2]
    if key != ADMIN_KEY:
        return Failure(401, "this needs an admin key of the organization")
    asked = parse_qs(query)
    try:
        first, end = _span(asked)
        limit = int(asked.get("limit", [str(DEFAULT_DAYS)])[0])
        start = int(asked.get("page", ["page_0"])[0].rpartition("_")[2])
    except (ValueError, OverflowError):
        return Failure(400, "the range of time, the limit or the page cannot be read")
    if not 1 <= limit <= MAX_DAYS:
        return Failure(400, f"limit must be 1 to {MAX_DAYS}")
    days = [first + timedelta(days=number) for number in range((end - first).days)]
    shown = days[start : start + limit]
    grouped = asked.get("group_by", []) + asked.get("group_by[]", [])
    is_openai = path.startswith("/v1/organization/")
    has_more = start + limit < len(days)
    body: Json = {
        "data": [{**_bucket(day, is_openai), "results": results(log, day, grouped)} for day in shown],
        "has_more": has_more,
        "next_page": f"page_{start + limit}" if has_more else None,
    }
    return json_reply({"object": "page", **body} if is_openai else body)


def _span(asked: Mapping[str, list[str]]) -> tuple[date, date]:
    """Return the first day, and the one behind the last: tomorrow, if no end is named."""
    tomorrow = datetime.now(timezone.utc) + timedelta(days=1)
    if "start_time" in asked:
        end = asked.get("end_time", [str(int(tomorrow.timestamp()))])
        moments = [datetime.fromtimestamp(int(text), timezone.utc) for text in (asked["start_time"][0], end[0])]
    else:
        texts = (asked.get("starting_at", [""])[0], asked.get("ending_at", [tomorrow.isoformat()])[0])
        moments = [datetime.fromisoformat(text.replace("Z", "+00:00")).astimezone(timezone.utc) for text in texts]
    return moments[0].date(), moments[1].date()


def _bucket(day: date, is_openai: bool) -> Json:
    start = datetime(day.year, day.month, day.day, tzinfo=timezone.utc)
    end = start + timedelta(days=1)
    if is_openai:
        return {"object": "bucket", "start_time": int(start.timestamp()), "end_time": int(end.timestamp())}
    return {"starting_at": f"{start:%Y-%m-%dT%H:%M:%SZ}", "ending_at": f"{end:%Y-%m-%dT%H:%M:%SZ}"}


def _openai_usage(is_embeddings: bool) -> _Results:
    kind = "embeddings" if is_embeddings else "completions"

    def results(log: UsageLog, day: date, grouped: list[str]) -> list[Json]:
        found = []
        for used, counts in log.of_day(day).items():
            if (_EMBEDDINGS in used.model) is not is_embeddings:
                continue
            written = counts.get(CACHE_WRITE_5M, 0) + counts.get(CACHE_WRITE_1H, 0)
            usage: Json = {
                "object": f"organization.usage.{kind}.result",
                "input_tokens": counts.get(INPUT, 0) + counts.get(CACHE_READ, 0) + written,
                "num_model_requests": log.requests(used),
                **dict.fromkeys(("project_id", "user_id", "api_key_id")),
                "model": used.model,
            }
            if not is_embeddings:
                usage.update(
                    output_tokens=counts.get(OUTPUT, 0),
                    input_cached_tokens=counts.get(CACHE_READ, 0),
                    input_audio_tokens=0,
                    output_audio_tokens=0,
                    batch=used.batch,
                    service_tier=None,
                )
            found.append(usage)
        return _summed(found, grouped, ("model", "batch"))

    return results


def _openai_costs(log: UsageLog, day: date, grouped: list[str]) -> list[Json]:
    amounts: dict[str, Any] = {}
    for used, counts in log.of_day(day).items():
        for kind, count in counts.items():
            item = f"{used.model}, {'batch ' if used.batch else ''}{_ITEMS[kind]}"
            amounts[item] = amounts.get(item, 0) + log.usd(used, kind, count)
    if not grouped:
        amounts = {"": sum(amounts.values())} if amounts else {}
    return [
        {
            "object": "organization.costs.result",
            "amount": {"value": float(usd), "currency": "usd"},
            "line_item": item or None,
            "project_id": None,
        }
        for item, usd in amounts.items()
    ]


def _anthropic_usage(log: UsageLog, day: date, grouped: list[str]) -> list[Json]:
    found = []
    for used, counts in log.of_day(day).items():
        found.append(
            {
                "uncached_input_tokens": counts.get(INPUT, 0),
                "cache_creation": {
                    "ephemeral_1h_input_tokens": counts.get(CACHE_WRITE_1H, 0),
                    "ephemeral_5m_input_tokens": counts.get(CACHE_WRITE_5M, 0),
                },
                "cache_read_input_tokens": counts.get(CACHE_READ, 0),
                "output_tokens": counts.get(OUTPUT, 0),
                "server_tool_use": {"web_search_requests": 0},
                **dict.fromkeys(("api_key_id", "workspace_id", "context_window", "inference_geo")),
                "service_tier": _tier(used),
                "model": used.model,
            }
        )
    return _summed(found, grouped, ("model", "service_tier"))


def _anthropic_costs(log: UsageLog, day: date, grouped: list[str]) -> list[Json]:
    found: list[Json] = []
    total = Decimal(0)
    for used, counts in log.of_day(day).items():
        for kind, count in counts.items():
            usd = log.usd(used, kind, count)
            total += usd
            found.append(
                {
                    "currency": "USD",
                    "amount": f"{usd * 100:f}",
                    "workspace_id": None,
                    "description": f"{used.model} Usage - {_TOKEN_TYPES[kind]}",
                    "cost_type": "tokens",
                    "context_window": "0-200k",
                    "model": used.model,
                    "service_tier": _tier(used),
                    "token_type": _TOKEN_TYPES[kind],
                }
            )
    if grouped or not found:
        return found
    return [{**dict.fromkeys(found[0]), "currency": "USD", "amount": f"{total * 100:f}"}]


def _tier(used: Used) -> str:
    return "batch" if used.batch else "standard"


def _summed(found: list[Json], grouped: list[str], told: tuple[str, ...]) -> list[Json]:
    """Return the sums by what they are grouped by. The other fields of those that are told apart are empty."""
    sums: dict[tuple[Any, ...], Json] = {}
    for result in found:
        shown = {**result, **{name: None for name in told if name not in grouped and name in result}}
        total = sums.setdefault(tuple(shown.get(name) for name in told), shown)
        if total is shown:
            continue
        for name, value in result.items():
            if isinstance(value, int) and name not in told:
                total[name] += value
            elif isinstance(value, dict):
                total[name] = {part: total[name][part] + count for part, count in value.items()}
    return list(sums.values())


_REPORTS: Mapping[str, _Results] = {
    "/v1/organization/usage/completions": _openai_usage(False),
    "/v1/organization/usage/embeddings": _openai_usage(True),
    "/v1/organization/costs": _openai_costs,
    "/v1/organizations/usage_report/messages": _anthropic_usage,
    "/v1/organizations/cost_report": _anthropic_costs,
}

"""OpenAI's usage and costs of an organization (https://platform.openai.com/docs/api-reference/usage)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime, timedelta, timezone
from typing import Any

from openmonetize.reconcile.kinds import CACHE_READ, INPUT, OTHER, OUTPUT
from openmonetize.reconcile.report_client import ReportClient
from openmonetize.reconcile.statement import Statement
from openmonetize.reconcile.values import amount, check_currency, count, day_of_seconds

PROVIDER = "OPENAI"
KEY_VARIABLE, URL_VARIABLE = "OPENAI_ADMIN_KEY", "OPENAI_ADMIN_BASE_URL"
_URL = "https://api.openai.com"
_USAGE = ("/v1/organization/usage/completions", "/v1/organization/usage/embeddings")
_COSTS = "/v1/organization/costs"
_DAYS = 31  # buckets of a page; the most that usage by day allows

# A line item of a model is "gpt-4o-2024-08-06, cached input"; others are "Image models", "web search", ...
_ITEM = re.compile(r"(?P<model>[^,]+?)(?:[ -]batch)?, (?:batch )?(?P<kind>cached input|input|output)", re.IGNORECASE)
_KINDS = {"input": INPUT, "cached input": CACHE_READ, "output": OUTPUT}


def read(statement: Statement, first: date, last: date) -> None:
    """Add the usage and the costs of days (UTC), both included.

    Raises:
        ApiKeyError: there is no admin key.
        ApiException: OpenAI does not answer, or refuses the key.
    """
    statement.providers.add(PROVIDER)
    span = {"start_time": _seconds(first), "end_time": _seconds(last + timedelta(days=1)), "bucket_width": "1d"}
    with ReportClient(KEY_VARIABLE, URL_VARIABLE, _URL) as client:
        for path in _USAGE:
            for bucket, result in client.results(path, {**span, "group_by": ["model", "batch"], "limit": _DAYS}):
                _add_usage(statement, day_of_seconds(bucket.get("start_time")), result)
        for bucket, result in client.results(_COSTS, {**span, "group_by": "line_item", "limit": _DAYS}):
            _add_cost(statement, day_of_seconds(bucket.get("start_time")), result)


def _add_usage(statement: Statement, day: date, result: Mapping[str, Any]) -> None:
    place = statement.place(day, PROVIDER, result.get("model"))
    read = count(result, "input_tokens")
    cached = min(read, count(result, "input_cached_tokens"))
    counts = {INPUT: read - cached, CACHE_READ: cached, OUTPUT: count(result, "output_tokens")}
    statement.add_tokens(place, counts, batch=result.get("batch") is True)
    statement.requests[place] += count(result, "num_model_requests")


def _add_cost(statement: Statement, day: date, result: Mapping[str, Any]) -> None:
    item = str(result.get("line_item") or "")
    given = result.get("amount")
    charge = given if isinstance(given, Mapping) else {}
    check_currency(charge.get("currency"))
    usd = amount(charge.get("value"))
    found = _ITEM.fullmatch(item)
    if found is None:
        statement.add_usd(statement.place(day, PROVIDER, item or None), OTHER, usd)
    else:
        place = statement.place(day, PROVIDER, found["model"].strip())
        statement.add_usd(place, _KINDS[found["kind"].lower()], usd)


def _seconds(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=timezone.utc).timestamp())

"""Anthropic's usage and cost reports (https://platform.claude.com/docs/en/manage-claude/usage-cost-api)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from openmonetize.reconcile.kinds import CACHE_READ, CACHE_WRITE_1H, CACHE_WRITE_5M, INPUT, OTHER, OUTPUT
from openmonetize.reconcile.report_client import ReportClient
from openmonetize.reconcile.statement import Statement
from openmonetize.reconcile.values import amount, check_currency, count, day_of_text

PROVIDER = "ANTHROPIC"
KEY_VARIABLE, URL_VARIABLE = "ANTHROPIC_ADMIN_KEY", "ANTHROPIC_ADMIN_BASE_URL"
_URL = "https://api.anthropic.com"
_USAGE, _COSTS = "/v1/organizations/usage_report/messages", "/v1/organizations/cost_report"
_VERSION = {"anthropic-version": "2023-06-01"}
_DAYS = 31  # buckets of a page; the most that usage by day allows
_CENTS = 100  # in a US dollar: amounts are in cents, as texts with decimals

_KINDS = {
    "uncached_input_tokens": INPUT,
    "cache_read_input_tokens": CACHE_READ,
    "cache_creation.ephemeral_5m_input_tokens": CACHE_WRITE_5M,
    "cache_creation.ephemeral_1h_input_tokens": CACHE_WRITE_1H,
    "output_tokens": OUTPUT,
}


def read(statement: Statement, first: date, last: date) -> None:
    """Add the usage and the costs of days (UTC), both included.

    Raises:
        ApiKeyError: there is no admin key.
        ApiException: Anthropic does not answer, or refuses the key.
    """
    statement.providers.add(PROVIDER)
    span = {
        "starting_at": f"{first.isoformat()}T00:00:00Z",
        "ending_at": f"{(last + timedelta(days=1)).isoformat()}T00:00:00Z",
        "bucket_width": "1d",
        "limit": _DAYS,
    }
    with ReportClient(KEY_VARIABLE, URL_VARIABLE, _URL, key_header="x-api-key", headers=_VERSION) as client:
        for bucket, result in client.results(_USAGE, {**span, "group_by[]": ["model", "service_tier"]}):
            _add_usage(statement, day_of_text(bucket.get("starting_at")), result)
        for bucket, result in client.results(_COSTS, {**span, "group_by[]": "description"}):
            _add_cost(statement, day_of_text(bucket.get("starting_at")), result)


def _add_usage(statement: Statement, day: date, result: Mapping[str, Any]) -> None:
    # The report counts no requests.
    place = statement.place(day, PROVIDER, result.get("model"))
    told = result.get("cache_creation")
    written = told if isinstance(told, Mapping) else {}
    statement.add_tokens(
        place,
        {
            INPUT: count(result, "uncached_input_tokens"),
            CACHE_READ: count(result, "cache_read_input_tokens"),
            CACHE_WRITE_5M: count(written, "ephemeral_5m_input_tokens"),
            CACHE_WRITE_1H: count(written, "ephemeral_1h_input_tokens"),
            OUTPUT: count(result, "output_tokens"),
        },
        batch=result.get("service_tier") == "batch",
    )


def _add_cost(statement: Statement, day: date, result: Mapping[str, Any]) -> None:
    kind = _KINDS.get(str(result.get("token_type")), OTHER)
    model = result.get("model") or (result.get("description") if kind == OTHER else None)
    check_currency(result.get("currency"))
    place = statement.place(day, PROVIDER, model)
    statement.add_usd(place, kind, amount(result.get("amount")) / _CENTS)

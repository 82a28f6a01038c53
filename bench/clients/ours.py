"""The library, used as its README says, with its default settings."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fixtures import KEY, USER, ready_events

from openmonetize import ApiClient, Configuration, CreditsApi, EventsApi, TokenUsageEvent, UsageEvent


def _client(url: str) -> ApiClient:
    configuration = Configuration(host=url)
    configuration.api_key["bearerAuth"] = KEY
    return ApiClient(configuration)


def get_balance(url: str) -> Callable[[], object]:
    """Return a callable that makes a small GET."""
    api = CreditsApi(_client(url))
    return lambda: api.v1_credits_balance_get().data.balance


def get_transactions(url: str) -> Callable[[], object]:
    """Return a callable that makes a GET of 50 rows."""
    api = CreditsApi(_client(url))
    return lambda: api.v1_users_user_id_transactions_get(USER).data


def post(url: str, count: int) -> Callable[[], object]:
    """Return a callable that makes a POST of ready events."""
    api = EventsApi(_client(url))
    events = [TokenUsageEvent(**values) for values in ready_events(count)]

    def call() -> object:
        result = api.ingest(events=events)
        assert result.accepted == count
        return result

    return call


def build(values: dict[str, Any]) -> Callable[[], object]:
    """Return a callable that builds an event, normalised and checked."""
    return lambda: TokenUsageEvent(**values)


def read_events(text: bytes) -> Callable[[], object]:
    """Return a callable that reads mixed events from JSON."""
    return lambda: UsageEvent.list_from_json(text)

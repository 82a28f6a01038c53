"""Tokens that providers charge for and that recent events do not bill."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple

from openmonetize.cli.doctor.finding import OK, WARNING, Finding
from openmonetize.exceptions import MissingExtraError

if TYPE_CHECKING:
    from openmonetize.client import OpenMonetize
    from openmonetize.providers import Usage

_MAX_EVENTS = 500  # the newest, that are looked at
_FIELDS = ("provider", "model", "input_tokens", "output_tokens", "metadata")


class _Call(NamedTuple):
    """A call's usage in tokens.

    Attributes:
        usage: all of it.
        cached: read from a cache or written to it.
        unbilled: of all, those that its event does not bill.
    """

    usage: Usage
    cached: int
    unbilled: int


def unbilled(client: OpenMonetize) -> Finding:
    """Return what share of the cached tokens of recent events is not billed, and what else."""
    events = list(islice(client.events.iter_list(), _MAX_EVENTS))
    calls = list(_calls(events))
    cached = sum(call.cached for call in calls)
    missing = sum(min(call.cached, call.unbilled) for call in calls)
    others = sum(call.unbilled for call in calls) - missing
    where = f"of the newest {len(events):,} events"
    found = []
    if cached:
        found.append(f"{missing / cached:.0%} of {cached:,} cached tokens")
    if others:
        found.append(f"{others:,} tokens of thoughts, tools and further passes")
    if not (missing or others):
        return Finding("unbilled", OK, f"{found[0] if found else 'no tokens'} {where} are not billed")
    return Finding(
        "unbilled",
        WARNING,
        f"{' and '.join(found)} {where} are not billed{_of_the_price(call.usage for call in calls if call.unbilled)}",
        "token_policy='price_equivalent' bills what they cost: docs/guides/billed-tokens.md",
    )


def _calls(events: Iterable[Any]) -> Iterator[_Call]:
    from openmonetize.client.provider_usage import POLICY_KEY, usage_of_event
    from openmonetize.providers import UsageError, otel
    from openmonetize.providers.totals import all_tokens

    for event in events:
        if event.event_type != "TOKEN_USAGE" or not event.metadata:
            continue
        try:
            usage = usage_of_event({name: getattr(event, name) for name in _FIELDS})
        except UsageError:  # other programs write metadata too
            continue
        cached = usage.details.get(otel.CACHE_READ, 0) + usage.details.get(otel.CACHE_WRITE, 0)
        left_out = sum(all_tokens(usage)) - usage.input_tokens - usage.output_tokens
        yield _Call(usage, cached, 0 if POLICY_KEY in event.metadata else left_out)


def _of_the_price(calls: Iterable[Usage]) -> str:
    """Return what part of the list price of calls is not billed, as the end of a sentence; empty if nobody knows."""
    from openmonetize.providers.policy import ReportedCost, reported_cost

    try:
        costs = [cost for cost in map(reported_cost, calls) if cost is not None]
    except MissingExtraError:
        return ""
    total = ReportedCost(*(sum(parts, Decimal(0)) for parts in zip(*costs))) if costs else None
    return "" if total is None else f", {total.unbilled_share:.0%} of what those calls cost at list prices"

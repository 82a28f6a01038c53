"""The events that are known: those that were recorded here, and those that the platform has stored."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any, NamedTuple, Optional

from openmonetize._schema import timestamps
from openmonetize.events.providers import PROVIDERS
from openmonetize.exceptions import OpenApiException
from openmonetize.pricing import Charge
from openmonetize.pricing.credits import FALLBACK
from openmonetize.reconcile.kinds import BATCH_SHARE, TOKEN_KINDS, is_batch, kinds_of
from openmonetize.reconcile.statement import Place, Statement

# States of a recorded event. What is known by a lower number wins where an event comes twice.
ACCEPTED, DEAD = 0, 1
_USD_PER_CREDIT = Decimal("0.001")
_NOTHING = Decimal(0)

Estimator = Callable[[Mapping[str, Any]], Charge]


class KnownEvent(NamedTuple):
    """What is compared of an event.

    Attributes:
        id: its id on the wire.
        at: when the usage happened (UTC), in seconds since 1970.
        place: its day and model.
        feature: its feature.
        user: its user; None if it has none, or it is not known.
        input_tokens: as they are billed.
        output_tokens: as they are billed.
        kinds: all tokens by kind, in the order of `TOKEN_KINDS`.
        credits: what it burns: by the estimate where it was recorded, by the platform where it is stored.
        exact_usd: the platform's price of it, before it is rounded up to a credit.
        base_usd: what the tokens that are billed cost at the provider's prices of plain tokens; None if unknown.
        provider_usd: what all its tokens cost at the provider's prices, or at the platform's where those are unknown;
            None if the provider was not asked.
        partial: whether its stream was cut, so that its usage is not all there.
        unpriced: whether the platform has no price for its model, and bills a general one.
        state: `ACCEPTED` or `DEAD`.
    """

    id: str
    at: float
    place: Place
    feature: str
    user: Optional[str]
    input_tokens: int
    output_tokens: int
    kinds: tuple[int, ...]
    credits: int
    exact_usd: Decimal
    base_usd: Optional[Decimal]
    provider_usd: Optional[Decimal]
    partial: bool
    unpriced: bool
    state: int = ACCEPTED


def recorded_events(
    events: Iterable[Mapping[str, Any]],
    state: int,
    statement: Statement,
    estimate: Estimator,
    first: date,
    last: date,
) -> Iterator[KnownEvent]:
    """Yield the events, as they were sent, that are of these days (UTC)."""
    for event in events:
        at = moment_of(event.get("timestamp"))
        if at is None or not first <= at.date() <= last or not isinstance(event.get("event_id"), str):
            continue
        yield _known(event["event_id"], at, event, event.get("user_id"), _charge(event, estimate), statement, state)


def stored_events(
    rows: Iterable[Any], statement: Statement, estimate: Estimator, first: date, last: date
) -> Iterator[KnownEvent]:
    """Yield the platform's events, which come newest first, that are of these days (UTC)."""
    for row in rows:
        at = moment_of(row.timestamp)
        if at is None or at.date() > last:
            continue
        if at.date() < first:
            return
        yield stored_event(row, at, statement, estimate)


def stored_event(row: Any, at: datetime, statement: Statement, estimate: Estimator) -> KnownEvent:
    """Return an event of the platform.

    Args:
        row: a `StoredEvent`.
        at: its time (UTC).
        statement: the provider's prices.
        estimate: the platform's.
    """
    event = {
        "event_type": row.event_type,
        "provider": row.provider,
        "model": row.model,
        "feature_id": row.feature_id,
        "input_tokens": row.input_tokens,
        "output_tokens": row.output_tokens,
        "metadata": row.metadata,
    }
    credits = row.credits_burned or 0
    exact = row.cost_usd if row.cost_usd else credits * _USD_PER_CREDIT
    charge = Charge(credits, Decimal(exact), _charge(event, estimate).basis)
    return _known(row.id, at, event, None, charge, statement, ACCEPTED)


def _charge(event: Mapping[str, Any], estimate: Estimator) -> Charge:
    try:
        return estimate(event)
    except OpenApiException:  # an older release has sent it
        return Charge(0, _NOTHING, "none")


def _known(
    event_id: str,
    at: datetime,
    event: Mapping[str, Any],
    user: str | None,
    charge: Charge,
    statement: Statement,
    state: int,
) -> KnownEvent:
    provider, model = event.get("provider"), event.get("model")
    place = Place(at.date(), provider if provider in PROVIDERS else None, model if provider in PROVIDERS else None)
    read, written = _whole(event.get("input_tokens")), _whole(event.get("output_tokens"))
    told = event.get("metadata")
    metadata = told if isinstance(told, Mapping) else {}
    kinds = kinds_of(provider, read, written, metadata)
    base = cost = None
    if place.provider in statement.providers:
        prices = statement.unit_prices(place)
        cost = _cost(kinds, prices)
        if cost is not None and is_batch(metadata) and statement.has_batches(place):
            cost *= BATCH_SHARE
        base = _cost((read, written), (prices[0], prices[len(TOKEN_KINDS) - 1]))
        if cost is None:  # nobody knows what the provider charges for it: as much as the platform, until it is told
            base = cost = charge.usd
    return KnownEvent(
        event_id,
        at.timestamp(),
        place,
        str(event.get("feature_id") or ""),
        user or None,
        read,
        written,
        kinds,
        charge.credits,
        charge.usd,
        base,
        cost,
        metadata.get("usage_completeness") in ("partial", "estimated"),
        charge.basis == FALLBACK,
        state,
    )


def _whole(value: Any) -> int:
    return value if isinstance(value, int) and value > 0 else 0


def _cost(counts: Iterable[int], prices: Iterable[Decimal | None]) -> Decimal | None:
    total = _NOTHING
    for number, price in zip(counts, prices):
        if number:
            if price is None:
                return None
            total += number * price
    return total


def moment_of(value: Any) -> datetime | None:
    """Return the time (UTC) of an event; None if it is none."""
    try:
        return timestamps.utc(value)
    except (TypeError, ValueError, OverflowError):
        return None

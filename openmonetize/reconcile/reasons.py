"""Why the three columns differ."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from decimal import Decimal

from openmonetize.reconcile.joining import Reason, Sums
from openmonetize.reconcile.kinds import CACHES, INPUT, OTHER, OUTPUT, TOKEN_KINDS
from openmonetize.reconcile.statement import Place, Statement

REASONS: Mapping[str, str] = {
    "cache_policy": "tokens that the provider charges otherwise than they are billed: caches, reasoning, batches; "
    "see token_policy",
    "aborted_streams": "answers whose streams were cut before they had told all of their usage",
    "without_usage": "calls that the provider charges and no event has: retries, streams cut before they told their "
    "usage, other programs with the organization's keys",
    "unmetered": "models, tools and other charges of which nothing was recorded",
    "not_reported": "usage that the provider's report does not have: it may follow, or another organization pays",
    "dead_letters": "events that the platform has refused; see dead_letters()",
    "lost": "events that the platform has accepted and lost; repair sends them again",
    "waiting": "events that the platform has accepted and not billed yet",
    "unfunded": "usage of users without a wallet, which nobody pays",
    "billed_zero": "events that the platform has stored with 0 credits, although they cost something",
    "platform_price": "events that the platform has billed otherwise than estimated: its prices may have changed",
    "unpriced_model": "models of which the platform has no price: it bills a general one, mostly far too high",
    "price": "the platform's prices of the tokens, which are not those of the provider",
    "rounding": "each event is rounded up to a whole credit",
    "unexplained": "what none of the other reasons explains",
}
NO_EVENT = "(no event)"  # shown to people where the feature is empty
# They are there when all is right.
EXPECTED = frozenset(("price", "rounding"))

# US dollars: what divisions leave over.
_NOTHING = Decimal("1e-9")


class Provided:
    """The provider's side of one model and day.

    Attributes:
        place: the day and the model.
        tokens: by kind.
        usd: what is charged.
        requests: how many; None if the report does not tell.
    """

    def __init__(self, place: Place, statement: Statement) -> None:
        self.place = place
        kinds = (*TOKEN_KINDS, OTHER)
        self.tokens = {kind: statement.tokens.get((place, kind), 0) for kind in kinds}
        amounts = {kind: statement.usd.get((place, kind), Decimal(0)) for kind in kinds}
        self.usd = sum(amounts.values(), Decimal(0))
        self.by_tokens = {kind: amounts[kind] for kind in TOKEN_KINDS if self.tokens[kind]}
        self.requests = statement.requests.get(place)

    @property
    def is_told(self) -> bool:
        """Whether the report has anything of it."""
        return bool(self.usd or self.requests or any(self.tokens.values()))


def provided(statement: Statement) -> dict[Place, Provided]:
    """Return what the provider has, by day and model."""
    places = {place for place, _ in (*statement.tokens, *statement.usd)} | set(statement.requests)
    return {place: Provided(place, statement) for place in sorted(places, key=str)}


class Known:
    """The sums of the events of one model and day."""

    def __init__(self) -> None:
        self.events = self.partial = 0
        self.tokens = dict.fromkeys(TOKEN_KINDS, 0)
        self.usd = Decimal(0)

    def add(self, sums: Sums) -> None:
        """Add the events of a feature."""
        self.events += sums.events
        self.partial += sums.partial_events
        self.usd += sums.provider_usd
        for kind, count in zip(TOKEN_KINDS, sums.kinds):
            self.tokens[kind] += count


def known_by_place(sums: Iterable[Sums]) -> dict[Place, Known]:
    """Return the events of all features, by day and model."""
    found: dict[Place, Known] = defaultdict(Known)
    for each in sums:
        found[each.place].add(each)
    return found


def gaps(statement: Statement, charges: Mapping[Place, Provided], known: Mapping[Place, Known]) -> list[Reason]:
    """Return why the provider charges for more, or less, than the events that are known.

    A provider's report knows days and models, but no calls, so this is told by which tokens are missing, and how many
    requests.
    """
    found = []
    places = {place for place in known if place.provider in statement.providers} | set(charges)
    for place in sorted(places, key=str):
        charge = charges.get(place) or Provided(place, statement)
        events = known.get(place) or Known()
        amounts = _of_place(statement, charge, events)
        found += [Reason(place, "", reason, usd, count) for reason, (usd, count) in amounts.items()]
    return found


def _of_place(statement: Statement, charge: Provided, events: Known) -> dict[str, tuple[Decimal, int]]:
    gap = charge.usd - events.usd
    if not events.events:
        return _given({"unmetered": gap}, {"unmetered": charge.requests or 0})
    if not charge.is_told:
        return _given({"not_reported": gap}, {"not_reported": events.events})
    if charge.requests is None:
        missing, may_miss = 0, True
    else:
        missing = max(0, charge.requests - events.events)
        may_miss = missing > 0
    known = dict(events.tokens)
    if statement.has_no_caches(charge.place):
        known[INPUT] += sum(known.pop(kind) for kind in CACHES)
    parts: dict[str, Decimal] = defaultdict(Decimal)
    for kind in known:
        tokens = charge.tokens[kind] - known[kind]
        price = statement.unit_price(charge.place, kind) if tokens else None
        if not price:
            continue
        if tokens < 0:
            reason = "not_reported"
        elif events.partial and (kind == OUTPUT or not may_miss):
            reason = "aborted_streams"
        else:
            reason = "without_usage" if may_miss else "unexplained"
        parts[reason] += tokens * price
    if parts and statement.has_batches(charge.place):
        # Nobody knows how many of the missing tokens were of a batch, and cost half.
        largest = max(parts, key=lambda reason: abs(parts[reason]))
        parts[largest] += sum(charge.by_tokens.values(), Decimal(0)) - events.usd - sum(parts.values(), Decimal(0))
    # Charges that no tokens go with: searches, tools, images.
    parts["unmetered"] += charge.usd - sum(charge.by_tokens.values(), Decimal(0))
    parts["unexplained"] += gap - sum(parts.values(), Decimal(0))
    return _given(parts, {"aborted_streams": events.partial, "without_usage": missing})


def _given(parts: Mapping[str, Decimal], events: Mapping[str, int]) -> dict[str, tuple[Decimal, int]]:
    return {reason: (usd, events.get(reason, 0)) for reason, usd in parts.items() if abs(usd) > _NOTHING}

"""From sums and reasons by day, model and feature to the rows that were asked for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any, NamedTuple, Optional

from openmonetize.reconcile.joining import Reason, Sums
from openmonetize.reconcile.kinds import OUTPUT, TOKEN_KINDS
from openmonetize.reconcile.reasons import Known, Provided
from openmonetize.reconcile.result import Difference, ReconciledRow
from openmonetize.reconcile.statement import Place

_USD_PER_CREDIT = Decimal("0.001")


class _Key(NamedTuple):
    day: Any
    provider: Optional[str]
    model: Optional[str]
    feature: Optional[str]


class _Row:
    """A row while it is added up. The provider's side is None until something is known of it."""

    def __init__(self) -> None:
        self.counts = [0] * 6
        self.credits = [0, 0]
        self.requests: int | None = None
        self.tokens: list[int] | None = None
        self.usd: Decimal | None = None

    def add_known(self, sums: Sums, is_asked: bool) -> None:
        """Add events, and what the provider charges for just these."""
        added = (
            sums.recorded_events,
            sums.stored_events,
            sums.recorded_input,
            sums.recorded_output,
            sums.stored_input,
            sums.stored_output,
        )
        self.counts = [present + more for present, more in zip(self.counts, added)]
        self.credits = [self.credits[0] + sums.recorded_credits, self.credits[1] + sums.paid_credits]
        if is_asked:
            tokens = dict(zip(TOKEN_KINDS, sums.kinds))
            written = tokens.pop(OUTPUT)
            self.add_provided(sum(tokens.values()), written, sums.provider_usd, None)

    def add_provided(self, read: int, written: int, usd: Decimal, requests: int | None) -> None:
        """Add a part of the provider's report."""
        present = self.tokens or [0, 0]
        self.tokens = [present[0] + read, present[1] + written]
        self.usd = (self.usd or Decimal(0)) + usd
        if requests is not None:
            self.requests = (self.requests or 0) + requests

    def reconciled(self, key: _Key) -> ReconciledRow:
        """Return the row."""
        recorded, stored, *tokens = self.counts
        read, written = self.tokens or (None, None)
        return ReconciledRow(
            day=key.day,
            provider=key.provider,
            model=key.model,
            feature=key.feature,
            recorded_events=recorded,
            platform_events=stored,
            provider_requests=self.requests,
            recorded_input_tokens=tokens[0],
            recorded_output_tokens=tokens[1],
            platform_input_tokens=tokens[2],
            platform_output_tokens=tokens[3],
            provider_input_tokens=read,
            provider_output_tokens=written,
            recorded_usd=self.credits[0] * _USD_PER_CREDIT,
            platform_usd=self.credits[1] * _USD_PER_CREDIT,
            provider_usd=None if self.usd is None else self.usd.normalize() + 0,  # without the zeros of the sums
        )


def rows(
    by: Sequence[str],
    sums: Iterable[Sums],
    charges: Mapping[Place, Provided],
    known: Mapping[Place, Known],
    asked: Iterable[str],
) -> list[ReconciledRow]:
    """Return the rows of three columns.

    A provider's report knows no features: a feature's part is what its own events cost, and what no event has is a row
    with an empty feature.

    Args:
        by: what rows are grouped by.
        sums: of the events.
        charges: the provider's side.
        known: the events, by day and model.
        asked: the providers whose reports were read.
    """
    providers = set(asked)
    found: dict[_Key, _Row] = {}
    requests_left = {place: charge.requests for place, charge in charges.items() if charge.requests is not None}
    for each in sums:
        row = found.setdefault(_key(by, each.place, each.feature), _Row())
        row.add_known(each, each.place.provider in providers)
        if each.place in requests_left:
            given = min(each.events, requests_left[each.place])
            requests_left[each.place] -= given
            row.requests = (row.requests or 0) + given
    for place in {*charges, *(place for place in known if place.provider in providers)}:
        charge, events = charges.get(place), known.get(place) or Known()
        read = written = 0
        usd, requests = -events.usd, None
        if charge is not None:
            usd += charge.usd
            requests = requests_left.get(place)
            for kind in TOKEN_KINDS:
                gap = charge.tokens[kind] - events.tokens[kind]
                read, written = (read, written + gap) if kind == OUTPUT else (read + gap, written)
        else:
            read = -sum(events.tokens[kind] for kind in TOKEN_KINDS if kind != OUTPUT)
            written = -events.tokens[OUTPUT]
        if usd or read or written or requests:
            found.setdefault(_key(by, place, ""), _Row()).add_provided(read, written, usd, requests)
    return [found[key].reconciled(key) for key in sorted(found, key=lambda key: tuple(map(str, key)))]


def differences(by: Sequence[str], reasons: Iterable[Reason]) -> list[Difference]:
    """Return the reasons of the rows, the largest first."""
    found: dict[tuple[_Key, str], tuple[Decimal, int]] = {}
    for each in reasons:
        key = (_key(by, each.place, each.feature), each.reason)
        usd, events = found.get(key, (Decimal(0), 0))
        found[key] = (usd + each.usd, events + each.events)
    made = [Difference(*key, reason, usd.normalize() + 0, events) for (key, reason), (usd, events) in found.items()]
    return sorted((each for each in made if each.usd), key=lambda each: -abs(each.usd))


def _key(by: Sequence[str], place: Place, feature: str) -> _Key:
    has_model = "model" in by
    return _Key(
        place.day if "day" in by else None,
        place.provider if has_model else None,
        place.model if has_model else None,
        feature if "feature" in by else None,
    )

"""What a provider says it was asked for and charges, by day, model and kind of token."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple, Optional

from openmonetize.reconcile.kinds import BATCH_SHARE, CACHES, INPUT, TOKEN_KINDS
from openmonetize.reconcile.list_prices import list_price

ListPrice = Callable[[str, str, str], Optional[Decimal]]


class Place(NamedTuple):
    """Where usage belongs: a day (UTC), and a model by the name that the platform prices.

    Attributes:
        day: the day.
        provider: the gateway's name of the provider; None for usage without a model, such as units of one's own.
        model: the model; None where a charge names none.
    """

    day: date
    provider: Optional[str]
    model: Optional[str]


class Statement:
    """The sums of a provider's report.

    Attributes:
        providers: whose reports were read.
        tokens: by place and kind.
        batched: those of the tokens that were part of batches, where a report tells it.
        usd: what is charged, by place and kind.
        requests: by place; a place that is not there has a report that counts none.
        vendor_names: the vendor's own name of a model, by provider and the platform's name.

    Args:
        name: returns the platform's name of a model, by provider and the vendor's name.
        price: returns the list price of a token in US dollars, for reports without amounts.
    """

    def __init__(self, name: Callable[[str, str], str], price: ListPrice = list_price) -> None:
        self.providers: set[str] = set()
        self.tokens: dict[tuple[Place, str], int] = defaultdict(int)
        self.batched: dict[tuple[Place, str], int] = defaultdict(int)
        self.usd: dict[tuple[Place, str], Decimal] = defaultdict(Decimal)
        self.requests: dict[Place, int] = defaultdict(int)
        self.vendor_names: dict[tuple[str, str], str] = {}
        self._name = name
        self._price = price
        self._priced: set[str] = set()
        self._overall: dict[tuple[str, str, str], Decimal] = {}
        self._with_batches: set[Place] = set()

    def place(self, day: date, provider: str, model: Any) -> Place:
        """Return where the usage of a model belongs."""
        self.providers.add(provider)
        if not model:
            return Place(day, provider, None)
        model = str(model).encode("utf-8", "replace").decode("utf-8")  # JSON may have halves of characters
        name = self._name(provider, model)
        self.vendor_names.setdefault((provider, name), model)
        return Place(day, provider, name)

    def add_tokens(self, place: Place, counts: Mapping[str, int], batch: bool = False) -> None:
        """Add tokens by kind, all of a batch or none."""
        for kind, count in counts.items():
            if count:
                self.tokens[place, kind] += count
                if batch:
                    self.batched[place, kind] += count
                    self._with_batches.add(place)

    def add_usd(self, place: Place, kind: str, amount: Decimal) -> None:
        """Add a charge in US dollars."""
        self._priced.add(place.provider or "")
        self.usd[place, kind] += amount

    def parts(self) -> tuple[Any, ...]:
        """Return what was added so far, for `merge`."""
        sums = (self.tokens, self.batched, self.usd, self.requests)
        return (self.providers, self._priced, self._with_batches, self.vendor_names, *(dict(each) for each in sums))

    def merge(self, parts: tuple[Any, ...]) -> None:
        """Add what another statement had added, of another part of the same report.

        Args:
            parts: of that statement.
        """
        providers, priced, with_batches, names, tokens, batched, usd, requests = parts
        self.providers |= providers
        self._priced |= priced
        self._with_batches |= with_batches
        for key, name in names.items():
            self.vendor_names[key] = min(name, self.vendor_names.get(key, name))
        for sums, added in ((self.tokens, tokens), (self.batched, batched), (self.usd, usd), (self.requests, requests)):
            for key, number in added.items():
                sums[key] += number

    def finish(self) -> list[str]:
        """Price the reports that have no amounts, and return sentences on what could not be priced."""
        unknown: set[str] = set()
        for place, kind in self.tokens:
            provider = place.provider or ""
            if provider in self._priced:
                continue
            price = self._list_price(provider, place.model or "", kind)
            if price is None:
                unknown.add(f"{provider} {place.model}")
            else:
                self.usd[place, kind] += price * self._at_full_price(place, kind)
        sums: dict[tuple[str, str, str], tuple[Decimal, Decimal]] = {}
        for place, kind in self.tokens:
            key = (place.provider or "", place.model or "", kind)
            usd, tokens = sums.get(key, (Decimal(0), Decimal(0)))
            sums[key] = (usd + self.usd.get((place, kind), Decimal(0)), tokens + self._at_full_price(place, kind))
        self._overall = {key: usd / tokens for key, (usd, tokens) in sums.items() if usd}
        missing = ", ".join(sorted(unknown))
        return [f"no list price is known of {missing}: genai-prices has none, or is not installed"] if unknown else []

    def unit_price(self, place: Place, kind: str) -> Decimal | None:
        """Return what a token of a kind cost: by the provider's charges of the day, of all days, or by list price.

        It is the price outside of batches, as far as the report tells them apart.
        """
        if place.provider is None or place.model is None:
            return None
        if kind in CACHES and self.has_no_caches(place):
            kind = INPUT
        usd = self.usd.get((place, kind))
        if usd and self.tokens.get((place, kind)):
            return usd / self._at_full_price(place, kind)
        overall = self._overall.get((place.provider, place.model, kind))
        return overall if overall is not None else self._list_price(place.provider, place.model, kind)

    def has_batches(self, place: Place) -> bool:
        """Return whether a report tells of batches of a model."""
        return place in self._with_batches

    def has_no_caches(self, place: Place) -> bool:
        """Return whether a report tells of input as a whole, so that the caches are in it, if there are any."""
        return bool(self.tokens.get((place, INPUT))) and not any(self.tokens.get((place, kind)) for kind in CACHES)

    def unit_prices(self, place: Place) -> tuple[Decimal | None, ...]:
        """Return the prices in the order of `TOKEN_KINDS`."""
        return tuple(self.unit_price(place, kind) for kind in TOKEN_KINDS)

    def list_price(self, place: Place, kind: str) -> Decimal | None:
        """Return the list price of a token in US dollars, if it is known."""
        if place.provider is None or place.model is None:
            return None
        return self._list_price(place.provider, place.model, kind)

    def _at_full_price(self, place: Place, kind: str) -> Decimal:
        """Return how many tokens outside of batches would cost the same."""
        return self.tokens[place, kind] - self.batched.get((place, kind), 0) * (1 - BATCH_SHARE)

    def _list_price(self, provider: str, model: str, kind: str) -> Decimal | None:
        return self._price(provider, self.vendor_names.get((provider, model), model), kind)

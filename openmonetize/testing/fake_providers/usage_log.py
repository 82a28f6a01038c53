"""What the fake providers were asked for, and what they charge for it, by day and model."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from datetime import date, datetime, timezone
from decimal import Decimal
from typing import NamedTuple

from openmonetize.pricing import TEXT_BOOK
from openmonetize.pricing.vendor_names import priced_name
from openmonetize.reconcile.kinds import BATCH_SHARE, CACHE_READ, CACHE_WRITE_1H, CACHE_WRITE_5M, INPUT, OUTPUT
from openmonetize.reconcile.list_prices import list_price
from openmonetize.testing.fake_providers.answer import Completion

# Prices of caches relative to plain input, for models of which `genai-prices` is not installed or knows none: OpenAI's
# of gpt-4o (https://platform.openai.com/docs/pricing), Anthropic's
# (https://docs.anthropic.com/en/docs/build-with-claude/prompt-caching#pricing).
_CACHES = {
    "openai": {CACHE_READ: Decimal("0.5"), CACHE_WRITE_5M: Decimal(1), CACHE_WRITE_1H: Decimal(1)},
    "anthropic": {CACHE_READ: Decimal("0.1"), CACHE_WRITE_5M: Decimal("1.25"), CACHE_WRITE_1H: Decimal(2)},
}


class Used(NamedTuple):
    """What usage is counted by.

    Attributes:
        day: the day (UTC).
        model: the model, as the answers name it.
        batch: whether it was part of a batch, and costs half.
    """

    day: date
    model: str
    batch: bool = False


class UsageLog:
    """The usage of one provider, by day, model, batch and kind of token. Safe to use from several threads.

    Args:
        provider: its name, in small letters.
    """

    def __init__(self, provider: str) -> None:
        self._provider = provider
        self._lock = threading.Lock()
        self._tokens: dict[tuple[Used, str], int] = {}
        self._requests: dict[Used, int] = {}

    def answered(self, completion: Completion, model: str, *, batch: bool = False) -> None:
        """Add a request that was answered; also one whose answer was cut: the provider charges for it."""
        answer = completion.answer
        counts = {
            INPUT: completion.uncached_tokens,
            CACHE_READ: answer.cached_tokens,
            CACHE_WRITE_5M: answer.cache_write_tokens - answer.cache_write_1h_tokens,
            CACHE_WRITE_1H: answer.cache_write_1h_tokens,
            OUTPUT: completion.output_tokens,
        }
        self.add(model, counts, 1, batch=batch)

    def add(
        self, model: str, counts: Mapping[str, int], requests: int, at: datetime | None = None, *, batch: bool = False
    ) -> None:
        """Add usage.

        Args:
            model: the model.
            counts: tokens by kind, one of `openmonetize.reconcile.kinds.TOKEN_KINDS`.
            requests: how many requests.
            at: when; by default now.
            batch: whether they were part of a batch.
        """
        day = (at or datetime.now(timezone.utc)).astimezone(timezone.utc).date()
        used = Used(day, model, batch)
        with self._lock:
            for kind, count in counts.items():
                if count:
                    self._tokens[used, kind] = self._tokens.get((used, kind), 0) + count
            self._requests[used] = self._requests.get(used, 0) + requests

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._tokens.clear()
            self._requests.clear()

    def days(self) -> list[date]:
        """Return the days with usage."""
        with self._lock:
            return sorted({used.day for used in self._requests})

    def of_day(self, day: date) -> dict[Used, dict[str, int]]:
        """Return the tokens of a day, by model and batch, and by kind."""
        with self._lock:
            found: dict[Used, dict[str, int]] = {used: {} for used in self._requests if used.day == day}
            for (used, kind), count in self._tokens.items():
                if used.day == day:
                    found[used][kind] = count
        return dict(sorted(found.items()))

    def requests(self, used: Used) -> int:
        """Return how many requests there were."""
        with self._lock:
            return self._requests.get(used, 0)

    def usd(self, used: Used, kind: str, count: int) -> Decimal:
        """Return what tokens cost in US dollars: by list price; 0 for a model that has none."""
        price = list_price(self._provider.upper(), used.model, kind)
        if price is None:
            price = self._platform_price(used.model, kind)
        return count * price * (BATCH_SHARE if used.batch else 1)

    def _platform_price(self, model: str, kind: str) -> Decimal:
        """Return the price of the platform's rows, which are list prices too."""
        name = priced_name(self._provider.upper(), model)
        rates = None if name is None else TEXT_BOOK.text_rates(self._provider.upper(), name, None)
        if rates is None:
            return Decimal(0)
        if kind == OUTPUT:
            return Decimal(repr(rates.usd_out)) / Decimal(rates.per_out)
        plain = Decimal(repr(rates.usd_in)) / Decimal(rates.per_in)
        return plain * _CACHES.get(self._provider, {}).get(kind, Decimal(1))

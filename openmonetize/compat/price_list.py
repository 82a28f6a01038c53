"""The price rows that an installation of the platform has, as it lists them."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Iterator
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from openmonetize.exceptions import OpenApiException
from openmonetize.pricing import TEXT_BOOK, Price, PriceBook
from openmonetize.pricing.rows import IMAGE, INPUT_TOKEN, OUTPUT_TOKEN, VIDEO

if TYPE_CHECKING:
    from openmonetize._http.client import ApiClient

_LOG = logging.getLogger("openmonetize")
_TIMEOUT = 3.0  # seconds
_RETRY_INTERVAL = 60.0  # seconds until a platform that gave no list is asked again
_UNITS = {"input_token": INPUT_TOKEN, "output_token": OUTPUT_TOKEN, "image": IMAGE, "video": VIDEO}
_ALWAYS = datetime(1970, 1, 1, tzinfo=timezone.utc)  # the list has only rows that are valid


class InstalledPrices:
    """Asks the platform once for its price list.

    Args:
        client: sends the request; None for a client that sends nothing.
    """

    def __init__(self, client: ApiClient | None) -> None:
        self._client = client
        self._host = ""
        self._book: PriceBook | None = None
        self._ask_at = float("-inf")

    def book(self) -> PriceBook:
        """Return the rows of the installation, or those that every installation has if it does not list them now."""
        client = self._client
        if client is None:
            return TEXT_BOOK
        host, now = client.configuration.host, time.monotonic()
        if host != self._host:
            self._host, self._book, self._ask_at = host, None, float("-inf")
        if self._book is None and now >= self._ask_at:
            self._ask_at = now + _RETRY_INTERVAL
            self._book = _ask(client)
        return TEXT_BOOK if self._book is None else self._book


def _ask(client: ApiClient) -> PriceBook | None:
    from openmonetize.api.rating_api import V1_RATING_PRICING_GET

    try:
        answer = client.call(V1_RATING_PRICING_GET, {}, None, {"_request_timeout": _TIMEOUT}, attempts=1)
    except OpenApiException as error:
        _LOG.warning(
            "the platform gives no price list; estimates use the prices that every installation has: %s", error
        )
        return None
    prices = tuple(prices_in(answer.data.data or ()))
    return PriceBook(prices) if prices else None


def prices_in(rows: Iterable[Any]) -> Iterator[Price]:
    """Yield the price rows in the platform's list; what cannot be read is left out.

    Args:
        rows: `PriceRow` models.
    """
    for row in rows:
        for name, unit in _UNITS.items():
            price = getattr(row.pricing, name, None)
            if price is not None and price.cost_per_unit is not None and price.unit_size and row.provider and row.model:
                yield Price(row.provider, row.model, unit, price.cost_per_unit, price.unit_size, _ALWAYS)

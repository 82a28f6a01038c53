"""What the tokens of a call cost at its provider's list prices, by the package ``genai-prices`` (extra ``prices``).

https://github.com/pydantic/genai-prices has the prices by time, with those of service tiers, batches, long contexts.
This module asks for them through its documented function ``calc_price`` and has no price of its own. It is imported
where a price is needed: the import takes a third of a second.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from datetime import datetime
from decimal import Context, Decimal, localcontext
from typing import Any, NamedTuple

from openmonetize.exceptions import MissingExtraError
from openmonetize.pricing.vendor_names import vendor_names
from openmonetize.providers import otel
from openmonetize.providers.totals import all_tokens
from openmonetize.providers.usage import Usage

MAX_MODEL_LENGTH = 200  # characters

_PACKAGE = "genai_prices"
EXACT = Context(prec=60)  # digits: sums and products of prices and counts are exact

# The package's names of parts by ours. It counts the parts of a total as we do: a cache read is a part of the input.
_PARTS: Mapping[str, str] = {
    otel.CACHE_READ: "cache_read_tokens",
    otel.CACHE_WRITE: "cache_write_tokens",
    otel.CACHE_WRITE_5M: "cache_write_5m_tokens",
    otel.CACHE_WRITE_1H: "cache_write_1h_tokens",
    otel.REASONING: "output_reasoning_tokens",
}
_MODALITIES = ("image", "audio", "video")  # a token of text has the direction's price

# Words in the providers' names of tiers (OpenAI "priority", Vertex "ON_DEMAND_PRIORITY"), as the package has them.
_TIERS = ("flex", "priority", "fast")
_BATCH = "batch"  # Anthropic calls it a tier


class Unpriced(Exception):
    """There is no price for a call; the text says why. It does not leave this package."""


class ListPrice(NamedTuple):
    """What a call's tokens cost at list prices, in US dollars.

    Attributes:
        input_cost, output_cost: of all that was read and written, in this very call: with its service tier, as one of
            a batch, at the price of its length.
        input_base, output_base: of one plain token at the model's standard price; 0 if there is no such price.
    """

    input_cost: Decimal
    output_cost: Decimal
    input_base: Decimal
    output_base: Decimal


def load() -> None:
    """Import the package and its prices, so that no call has to wait for them later.

    Raises:
        MissingExtraError: it is not installed.
    """
    package = _package()
    package.calc_price(package.Usage(input_tokens=1, output_tokens=1), "gpt-4o", provider_id="openai")


def loaded() -> bool:
    """Return whether the package has been imported, by whomever, so that a price costs little time."""
    return _PACKAGE in sys.modules


def list_price(usage: Usage, at: datetime | None = None, *, calls: bool = True) -> ListPrice:
    """Return what the tokens of a call cost.

    Args:
        usage: what the call used.
        at: when; by default now.
        calls: False if the usage is the sum of many calls, whose lengths are not known: then the price of long contexts
            does not apply.

    Raises:
        Unpriced: the package does not know the model, or cannot make sense of the counts.
        MissingExtraError: the package is not installed.
    """
    if len(usage.model) > MAX_MODEL_LENGTH:  # the package remembers names, and a server may make up any number
        raise Unpriced("the model's name is too long to be one")
    package = _package()
    counts = _counts(usage)
    # Prices but those of long contexts are linear: a sum is priced as if it were a ten-millionth of a token, say.
    exponent = 0 if calls else len(str(max(counts.values())))
    scaled = {name: Decimal(count).scaleb(-exponent) if exponent else count for name, count in counts.items()}
    with localcontext(EXACT):
        try:
            for model, place in _references(usage):
                try:
                    one = package.Usage(input_tokens=1, output_tokens=1)
                    base = package.calc_price(one, model, genai_request_timestamp=at, **place)
                except LookupError:
                    continue
                full = package.calc_price(
                    package.Usage(**scaled),
                    model,
                    genai_request_timestamp=at,
                    price_context=_context(usage),
                    **place,
                )
                return ListPrice(
                    full.input_price.scaleb(exponent),
                    full.output_price.scaleb(exponent),
                    base.input_price,
                    base.output_price,
                )
        except Exception as error:  # of another package, about counts that a server has made up
            raise Unpriced(f"genai-prices cannot price it: {error}") from error
    raise Unpriced(f"genai-prices does not know the model {usage.model!r} of {usage.provider}")


def _package() -> Any:
    try:
        import genai_prices
    except ImportError:
        raise MissingExtraError(
            "token_policy='price_equivalent' needs list prices: pip install 'openmonetize[prices]'"
            " (Python 3.10 or newer)"
        ) from None
    return genai_prices


def _references(usage: Usage) -> Iterator[tuple[str, Mapping[str, str]]]:
    """Yield a model's possible names, each with where to look for it: at the host that answered, then at the vendor."""
    names = (usage.model, *vendor_names(usage.provider, usage.model))
    if usage.host:
        for name in names:
            yield name, {"provider_api_url": f"https://{usage.host.lower()}/"}
    for name in names:
        yield name, {"provider_id": usage.provider.lower()}


def _counts(usage: Usage) -> dict[str, int]:
    """Return the counts of a usage under the package's names."""
    details = usage.details
    input_tokens, output_tokens = all_tokens(usage)
    counts = {"input_tokens": input_tokens, "output_tokens": output_tokens}
    for name, theirs in _PARTS.items():
        if details.get(name):
            counts[theirs] = details[name]
    parts = counts.get("cache_write_5m_tokens", 0) + counts.get("cache_write_1h_tokens", 0)
    if parts > counts.get("cache_write_tokens", 0):
        counts["cache_write_tokens"] = parts
    for modality in _MODALITIES:
        read, written = details.get(otel.input_of(modality), 0), details.get(otel.output_of(modality), 0)
        if written:
            counts[f"output_{modality}_tokens"] = written
            if otel.REASONING in details:
                counts[f"output_{modality}_reasoning_tokens"] = 0  # thoughts are text
        if read:
            counts[f"input_{modality}_tokens"] = read
            if otel.CACHE_READ in details:
                # Where the provider does not say, as few as the totals allow came from the cache.
                least = max(0, read + details[otel.CACHE_READ] - input_tokens)
                counts[f"cache_{modality}_read_tokens"] = details.get(otel.cached_input_of(modality), least)
            if otel.CACHE_WRITE in details:
                counts[f"cache_{modality}_write_tokens"] = 0
    return counts


def _context(usage: Usage) -> Mapping[str, str]:
    tier = (usage.service_tier or "").lower()
    context = {}
    for word in _TIERS:
        if word in tier:
            # Fast mode is a tier of OpenAI's, and a speed of Anthropic's.
            context.update({"service_tier": word, "speed": word} if word == "fast" else {"service_tier": word})
    if usage.batch or _BATCH in tier:
        context["processing"] = _BATCH
    return context

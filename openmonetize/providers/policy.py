"""From what a call used to the tokens that are billed for it.

The platform knows input and output tokens, and one price for each. Providers charge for more kinds: tokens that were
read from a cache, written to it, reasoned, heard. A token policy turns the latter into the former.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from decimal import ROUND_CEILING, Decimal, localcontext
from typing import NamedTuple, Optional

from openmonetize._arguments import described, explained
from openmonetize._schema.numbers import MAX_SAFE_INTEGER
from openmonetize.providers.prices import EXACT, ListPrice, Unpriced, list_price, load
from openmonetize.providers.totals import all_tokens
from openmonetize.providers.usage import TokenPolicy, Usage, UsageError, check_policy

REPORTED, INCLUSIVE, PRICE_EQUIVALENT, FUNCTION = "reported", "inclusive", "price_equivalent", "function"

MAX_SHOWN = 200  # characters of what a function returns, in an error


class BilledTokens(NamedTuple):
    """The tokens that are billed for a call.

    Attributes:
        input_tokens, output_tokens: what is billed, in tokens of the model's base price.
        policy: the policy that was applied: ``reported``, ``inclusive``, ``price_equivalent`` or ``function``.
        list_cost: what the call's tokens cost at list prices, in US dollars; of ``price_equivalent`` only.
        deviation: by how much the billed tokens cost more than that at the model's base prices, because they are whole
            numbers: less than one input and one output token, in US dollars; of ``price_equivalent`` only.
        unpriced: why ``inclusive`` was applied in place of ``price_equivalent``; else None.
    """

    input_tokens: int
    output_tokens: int
    policy: str
    list_cost: Optional[Decimal] = None
    deviation: Optional[Decimal] = None
    unpriced: Optional[str] = None


def checked_policy(policy: TokenPolicy | None) -> TokenPolicy | None:
    """Return a policy that is ready to be applied: a wrong one raises here, and prices are loaded.

    Raises:
        UsageError: there is no such policy.
        MissingExtraError: it needs prices, and they are not installed.
    """
    if policy is not None:
        check_policy(policy)
        if policy == PRICE_EQUIVALENT:
            load()
    return policy


@explained
def billed_tokens(usage: Usage, policy: TokenPolicy, at: datetime | None = None, *, calls: bool = True) -> BilledTokens:
    """Return the tokens to bill for a call.

    ``reported`` bills the provider's own two fields, as the platform's proxy does. ``inclusive`` bills every token at
    its direction's price. ``price_equivalent`` weights each kind of token by its list price relative to the model's
    standard price of its direction, with service tier, batch discount and long-context price of this very call, and
    rounds each direction up to whole tokens; a direction without a standard price, and a model without prices, are
    billed as by ``inclusive``. A function gets the usage and returns input and output tokens.

    Args:
        usage: what the call used.
        policy: one of these.
        at: when the call was made, for its price; by default now.
        calls: False if the usage is a sum of many calls, so that its length says nothing about a long context.

    Raises:
        UsageError: there is no such policy, or the function returns something else than two counts.
        MissingExtraError: ``price_equivalent`` needs ``pip install 'openmonetize[prices]'``.
    """
    if policy == REPORTED:
        return BilledTokens(usage.input_tokens, usage.output_tokens, REPORTED)
    if policy == INCLUSIVE:
        return BilledTokens(*all_tokens(usage), INCLUSIVE)
    if policy == PRICE_EQUIVALENT:
        return _price_equivalent(usage, at, calls)
    check_policy(policy)
    return BilledTokens(*_by_function(usage, policy), FUNCTION)  # type: ignore[arg-type]


class ReportedCost(NamedTuple):
    """What a call costs at list prices, in US dollars, and which part of that ``reported`` bills.

    Attributes:
        cost: of all its tokens.
        billed: of the provider's own two counts, as plain tokens at the model's standard prices.
    """

    cost: Decimal
    billed: Decimal

    @property
    def unbilled_share(self) -> Decimal:
        """The part of the cost that is not billed, 0 to 1."""
        return max(Decimal(0), 1 - self.billed / self.cost) if self.cost else Decimal(0)


def reported_cost(usage: Usage, at: datetime | None = None) -> ReportedCost | None:
    """Return what a call costs and what ``reported`` bills of that; None if the model has no list price.

    Raises:
        MissingExtraError: list prices are not installed.
    """
    try:
        price = list_price(usage, at)
    except Unpriced:
        return None
    with localcontext(EXACT):
        return ReportedCost(
            price.input_cost + price.output_cost,
            usage.input_tokens * price.input_base + usage.output_tokens * price.output_base,
        )


def _price_equivalent(usage: Usage, at: datetime | None, calls: bool) -> BilledTokens:
    read, written = all_tokens(usage)
    try:
        price = list_price(usage, at, calls=calls)
        _require_base(price, read, written)
    except Unpriced as error:
        return BilledTokens(read, written, INCLUSIVE, unpriced=str(error))
    with localcontext(EXACT):
        input_tokens = _in_base_tokens(price.input_cost, price.input_base)
        output_tokens = _in_base_tokens(price.output_cost, price.output_base)
        cost = price.input_cost + price.output_cost
        charged = input_tokens * price.input_base + output_tokens * price.output_base
        return BilledTokens(input_tokens, output_tokens, PRICE_EQUIVALENT, cost, charged - cost)


def _require_base(price: ListPrice, read: int, written: int) -> None:
    # Models that are free of charge, or priced by the minute or page.
    if (read and not price.input_base) or (written and not price.output_base):
        raise Unpriced("genai-prices has no price per token of it")


def _in_base_tokens(cost: Decimal, base: Decimal) -> int:
    return int((cost / base).to_integral_value(ROUND_CEILING)) if cost else 0


def _by_function(usage: Usage, policy: Callable[[Usage], tuple[int, int]]) -> tuple[int, int]:
    try:
        counts = policy(usage)
    except Exception as error:
        raise UsageError(f"the function for token_policy failed: {type(error).__name__}: {error}") from error
    if not isinstance(counts, tuple) or len(counts) != 2 or not all(map(_is_count, counts)):
        raise UsageError(
            "the function for token_policy must return input and output tokens, a tuple of two whole numbers from 0 to "
            f"2**53-1, not {_shown(counts)}"
        )
    return counts


def _shown(value: object) -> str:
    try:
        return repr(value)[:MAX_SHOWN]
    except Exception:  # a number of more than 4,300 digits, a fault in a class of the caller's
        return described(value)


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MAX_SAFE_INTEGER

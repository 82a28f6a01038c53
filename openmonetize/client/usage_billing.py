"""What is billed for a provider's call: the one place that turns usage into the fields of events."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from openmonetize._arguments import require
from openmonetize._schema.timestamps import utc
from openmonetize.client.provider_usage import RESPONSE_KEY, event_fields
from openmonetize.client.usage_warnings import UsageWarnings
from openmonetize.exceptions import ApiTypeError, ApiValueError
from openmonetize.pricing.credits import CREDITS_PER_CUSTOM_UNIT
from openmonetize.providers import Usage, event_id_for, otel, usage_from
from openmonetize.providers.identity import part_id
from openmonetize.providers.policy import PRICE_EQUIVALENT, REPORTED, BilledTokens, billed_tokens, reported_cost
from openmonetize.providers.prices import loaded
from openmonetize.providers.totals import all_tokens, tool_calls
from openmonetize.providers.usage import TokenPolicy

_FREE_TOOLS = ("web_fetch",)  # https://platform.claude.com/docs/en/agents-and-tools/tool-use/web-fetch-tool

# Credits for one call of a tool: a million US dollars. An event takes no more than a few thousand such calls.
MAX_UNIT_PRICE = 1_000_000_000

# Tokens that a provider's own fields contain, and that cost several times as much as those of text.
_DEAR = {otel.input_of("audio"), otel.output_of("audio"), otel.output_of("image"), otel.output_of("video")}


class UsageBilling:
    """Applies the token policy and the prices of tools to usage, and tells what they do not bill.

    Args:
        policy: of usage that names none itself.
        unit_prices: whole credits for one call of a tool that the provider runs, by tool.
        warnings: counts and logs what is not billed.
    """

    def __init__(self, policy: TokenPolicy, unit_prices: Mapping[str, int], warnings: UsageWarnings) -> None:
        self._policy: TokenPolicy = policy
        self._unit_prices = unit_prices
        self._warnings = warnings

    # Imported here once: an import in each recording call takes a microsecond.
    event_id = staticmethod(event_id_for)

    def usage_of(self, response: Any, provider: str | None, model: str | None, host: str | None) -> Usage:
        """Return the usage of a response, or a usage as it is.

        Raises:
            ApiTypeError: a usage comes with a provider, model or host.
            UsageError: the response has no usage.
        """
        if not isinstance(response, Usage):
            return usage_from(response, provider=provider, model=model, host=host)
        if provider is not None or model is not None or host is not None:
            raise ApiTypeError("provider, model and host are for a response; a Usage says them itself")
        return response

    def event(
        self, usage: Usage, metadata: Mapping[str, Any] | None, timestamp: Any
    ) -> tuple[str, dict[str, Any], BilledTokens | None]:
        """Return the kind and the fields of a call's event, and the tokens that it bills; None as reported.

        Args:
            usage: what the call used.
            metadata: facts to keep with the event.
            timestamp: when the call was made; None for now.

        Raises:
            ApiTypeError, ApiValueError: the metadata or the time cannot be sent, or a policy function failed.
        """
        policy: TokenPolicy = usage.token_policy or self._policy
        billed = None
        if policy != REPORTED and usage.image_count is None:
            at = _moment(timestamp) if policy == PRICE_EQUIVALENT else None
            billed = billed_tokens(usage, policy, at)
        return (*event_fields(usage, metadata, billed), billed)

    def tool_events(self, usage: Usage, metadata: Mapping[str, Any] | None, event_id: str) -> Iterator[dict[str, Any]]:
        """Yield the fields of the custom event for the calls of each tool that has a price and was called.

        Args:
            usage: what the call used.
            metadata: facts to keep with the event.
            event_id: of the call's own event.
        """
        called = tool_calls(usage) if self._unit_prices else {}
        for tool in self._unit_prices.keys() & called:
            count = called[tool]
            # Credits come out exact: k / 10 * 10 == k in doubles (Kahan's theorem on divisors of the form 2^i + 2^j).
            whole, rest = divmod(count * self._unit_prices[tool], CREDITS_PER_CUSTOM_UNIT)
            quantity = whole + rest / CREDITS_PER_CUSTOM_UNIT if rest else whole
            facts = {"provider": usage.provider, "model": usage.model, otel.tool_calls_of(tool): count}
            if usage.response_id:
                facts[RESPONSE_KEY] = usage.response_id
            yield {
                "unit_type": tool,
                "quantity": quantity,
                "metadata": {**facts, **(metadata or {})},
                "event_id": part_id(event_id, tool),
            }

    def tell(self, usage: Usage, billed: BilledTokens | None) -> None:
        """Warn of what the provider charges for and the recorded events do not bill."""
        if billed is not None and billed.unpriced is not None:
            self._warnings.no_list_price(usage.provider, usage.model, billed.unpriced)
        elif billed is None and usage.image_count is None:
            self._tell_of_tokens(usage)
        for tool in tool_calls(usage):
            if tool not in self._unit_prices and tool not in _FREE_TOOLS:
                self._warnings.unbilled_tool(usage.provider, tool)

    def _tell_of_tokens(self, usage: Usage) -> None:
        read, written = all_tokens(usage)
        left_out = read - usage.input_tokens, written - usage.output_tokens
        dear = sum(usage.details[name] for name in _DEAR & usage.details.keys())
        if left_out != (0, 0) or dear:
            self._warnings.unbilled_tokens(usage.provider, usage.model, left_out, dear, lambda: _unbilled_share(usage))


def checked_unit_prices(unit_prices: Mapping[str, int] | None) -> Mapping[str, int]:
    """Return the prices of tools.

    Raises:
        ApiTypeError, ApiValueError: a price is not a whole number of credits from 1 to `MAX_UNIT_PRICE`.
    """
    if unit_prices is None:
        return {}
    require("unit_prices", unit_prices, Mapping, 'a dict of credits by tool, such as {"web_search": 10}')
    for tool, price in unit_prices.items():
        require("a tool in unit_prices", tool, str, "a text")
        require(f"the price of {tool!r}", price, int, "a whole number of credits")
        if not 1 <= price <= MAX_UNIT_PRICE:
            raise ApiValueError(f"the price of {tool!r} must be from 1 to {MAX_UNIT_PRICE:,} credits")
    return dict(unit_prices)


def _unbilled_share(usage: Usage) -> Decimal | None:
    # The import of prices takes a third of a second, for which no call should wait.
    cost = reported_cost(usage) if loaded() else None
    return None if cost is None else cost.unbilled_share


def _moment(timestamp: Any) -> datetime | None:
    if timestamp is None:
        return None
    try:
        return utc(timestamp)
    except (TypeError, ValueError) as error:
        raise ApiValueError(f"timestamp {error} (got {timestamp!r})") from None

"""The terms on which a call is charged: its service tier, its region, and what a gateway says it has cost.

None of them is needed to record the call, so what cannot be read is left out.
"""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from enum import Enum
from typing import Any

from openmonetize.providers.dialect import Terms
from openmonetize.providers.response_fields import get
from openmonetize.providers.usage import MAX_LABEL

_TICKS = Decimal(10**10)  # in a US dollar (https://docs.x.ai/developers/cost-tracking)


def label(source: Any, *names: str) -> str | None:
    """Return the first of these fields if it is a short printable text, or an enum's value that is one."""
    value = get(source, *names)
    value = value.value if isinstance(value, Enum) else value
    return value if isinstance(value, str) and 0 < len(value) <= MAX_LABEL and value.isprintable() else None


def terms_of(usage: Any) -> Terms:
    """Return the terms in a usage block of OpenAI's format, where servers and gateways have added theirs."""
    return Terms(service_tier=label(usage, "service_tier"), gateway_cost=_gateway_cost(usage))


def _gateway_cost(usage: Any) -> Decimal | None:
    ticks = _amount(get(usage, "cost_in_usd_ticks"))
    if ticks is not None:
        return ticks / _TICKS
    told = get(usage, "cost", "estimated_cost")  # of OpenRouter and Perplexity, and of DeepInfra
    if told is None:
        return None
    cost = _amount(told)
    if cost is None:
        return _amount(get(told, "total_cost"))  # Perplexity's, with its parts
    if get(usage, "is_byok") is True:
        # OpenRouter's fee; the provider charges the rest to the caller's own key
        # (https://openrouter.ai/docs/use-cases/usage-accounting).
        cost += _amount(get(get(usage, "cost_details"), "upstream_inference_cost")) or 0
    return cost


def _amount(value: Any) -> Decimal | None:
    if isinstance(value, bool) or not isinstance(value, (int, float, str, Decimal)):
        return None
    try:
        amount = Decimal(str(value))
    except InvalidOperation:
        return None
    return amount if amount.is_finite() and amount >= 0 else None

"""Billed usage in FOCUS, the FinOps Open Cost and Usage Specification, version 1.3 (https://focus.finops.org).

The columns are those that its Cost and Usage dataset demands, the deprecated ones of 1.2 included, so that tools of
both versions read the file; those of what is consumed, and of a price in a virtual currency; and, after ``x_``, what
FOCUS has no name for. A row is what one model was used for on one day; the platform tells nothing finer by cost.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Callable, NamedTuple

if TYPE_CHECKING:
    from openmonetize._schema.time_range import TimeRange
    from openmonetize.client.apis import Apis

FOCUS_VERSION = "1.3"
COLUMNS = (
    "BilledCost",
    "BillingAccountId",
    "BillingAccountName",
    "BillingCurrency",
    "BillingPeriodEnd",
    "BillingPeriodStart",
    "ChargeCategory",
    "ChargeClass",
    "ChargeDescription",
    "ChargeFrequency",
    "ChargePeriodEnd",
    "ChargePeriodStart",
    "ConsumedQuantity",
    "ConsumedUnit",
    "ContractedCost",
    "ContractedUnitPrice",
    "EffectiveCost",
    "HostProviderName",
    "InvoiceIssuerName",
    "ListCost",
    "ListUnitPrice",
    "PricingCategory",
    "PricingCurrency",
    "PricingCurrencyEffectiveCost",
    "PricingQuantity",
    "PricingUnit",
    "ProviderName",
    "PublisherName",
    "ServiceCategory",
    "ServiceName",
    "ServiceProviderName",
    "ServiceSubcategory",
    "x_Events",
    "x_InputTokens",
    "x_Model",
    "x_OutputTokens",
    "x_ProviderCost",
)
_PLATFORM = "OpenMonetize"
_USD_PER_CREDIT = Decimal("0.001")
_CALL_TIMEOUT = 180.0  # seconds; a call waits for the next minute where the rate limit is used up
_ONE_DAY, _ONE_MILLISECOND = timedelta(days=1), timedelta(milliseconds=1)
_LAST_PART = timedelta(microseconds=999_999)  # an end within a second becomes the end of that second


class _Used(NamedTuple):
    """What one model was used for in a period; without provider and model: all events that name none."""

    provider: str | None
    model: str | None
    events: int
    input_tokens: int | None
    output_tokens: int | None
    credits: int
    provider_cost: Decimal


def focus_rows(
    apis: Apis, span: TimeRange, on_day: Callable[[int, int], object] = lambda done, total: None
) -> Iterator[Mapping[str, str]]:
    """Yield the usage of a range of time by day (UTC) and model: values by `COLUMNS`, empty where FOCUS says null.

    It takes two requests for each day that has usage, and two more.

    Args:
        apis: the platform.
        span: the range, with both ends.
        on_day: told after each day how many are done, and of how many.

    Raises:
        ApiException: the platform does not answer.
    """
    account = apis.customers.me().data
    report = _usage(apis, span.start, span.end)
    days = sorted(item.var_date for item in report.timeline or () if item.events)
    for number, day in enumerate(days, 1):
        start, end = _within(day, span)
        # FOCUS takes the end of a period as not included, the platform takes it as included.
        for used in _of_models(apis, start, end - _ONE_MILLISECOND):
            yield _row(used, start, end, account)
        on_day(number, len(days))


def _within(day: date, span: TimeRange) -> tuple[datetime, datetime]:
    start = datetime(day.year, day.month, day.day, tzinfo=timezone.utc)
    end = start + _ONE_DAY
    if span.start is not None:
        start = max(start, span.start)
    return start, end if span.end is None else min(end, span.end + _ONE_MILLISECOND)


def _usage(apis: Apis, start: datetime | None, end: datetime | None) -> Any:
    return apis.analytics.usage(start_date=start, end_date=end, _request_timeout=_CALL_TIMEOUT).data


def _of_models(apis: Apis, start: datetime, end: datetime) -> Iterator[_Used]:
    usage = _usage(apis, start, end)
    costs: Any = apis.analytics.costs(start_date=start, end_date=end, _request_timeout=_CALL_TIMEOUT).data
    counts = {(item.provider, item.model): item for item in usage.by_provider or ()}
    events = usage.summary.total_events
    credits, cost = _credits(costs.summary.total_revenue), costs.summary.total_provider_cost
    for item in costs.by_provider or ():
        count = counts.get((item.provider, item.model))
        used = _Used(
            item.provider,
            item.model,
            0 if count is None else count.event_count,
            None if count is None else count.input_tokens,
            None if count is None else count.output_tokens,
            _credits(item.revenue),
            item.provider_cost,
        )
        events, credits, cost = events - used.events, credits - used.credits, cost - used.provider_cost
        yield used
    if events > 0 or credits > 0:  # API calls and units of one's own
        yield _Used(None, None, max(events, 0), None, None, max(credits, 0), max(cost, Decimal(0)))


def _credits(revenue: Decimal) -> int:
    """Return the credits of an amount: the platform shows them as dollars with four decimals, one more than needed."""
    return int((revenue / _USD_PER_CREDIT).to_integral_value())


def _row(used: _Used, start: datetime, end: datetime, account: Any) -> dict[str, str]:
    billed = str(used.credits * _USD_PER_CREDIT)
    first = start.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    tokens = (used.input_tokens or 0) + (used.output_tokens or 0)
    quantity, unit = (tokens, "Tokens") if tokens else (used.events, "Requests")
    service, seller = used.model or "Other usage", used.provider or _PLATFORM
    values = {
        "BilledCost": billed,
        "BillingAccountId": account.id,
        "BillingAccountName": account.name,
        "BillingCurrency": "USD",
        "BillingPeriodEnd": _text((first + 31 * _ONE_DAY).replace(day=1)),
        "BillingPeriodStart": _text(first),
        "ChargeCategory": "Usage",
        "ChargeDescription": f"{service}: {used.credits} credits",
        "ChargeFrequency": "Usage-Based",
        "ChargePeriodEnd": _text(end + _LAST_PART),
        "ChargePeriodStart": _text(start),
        "ConsumedQuantity": str(quantity),
        "ConsumedUnit": unit,
        "ContractedCost": billed,
        "ContractedUnitPrice": str(_USD_PER_CREDIT),
        "EffectiveCost": billed,
        "HostProviderName": seller,
        "InvoiceIssuerName": _PLATFORM,
        "ListCost": billed,
        "ListUnitPrice": str(_USD_PER_CREDIT),
        "PricingCategory": "Standard",
        "PricingCurrency": "Credits",
        "PricingCurrencyEffectiveCost": str(used.credits),
        "PricingQuantity": str(used.credits),
        "PricingUnit": "Credits",
        "ProviderName": _PLATFORM,
        "PublisherName": seller,
        "ServiceCategory": "AI and Machine Learning",
        "ServiceName": service,
        "ServiceProviderName": _PLATFORM,
        "ServiceSubcategory": "Generative AI",
        "x_Events": str(used.events),
        "x_InputTokens": "" if used.input_tokens is None else str(used.input_tokens),
        "x_Model": used.model or "",
        "x_OutputTokens": "" if used.output_tokens is None else str(used.output_tokens),
        "x_ProviderCost": f"{used.provider_cost:f}",
    }
    return {name: values.get(name, "") for name in COLUMNS}


def _text(moment: datetime) -> str:
    """Return a time as FOCUS has it, to the second."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")

"""The rule about burn rates, whose sign and conclusions are wrong on present servers."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

from openmonetize._schema import timestamps
from openmonetize.api_response import ApiResponse
from openmonetize.compat.rule import OperationCall, Proceed

_MAX_RUNOUT_DAYS = 365 * 1000  # A later date is of no use, and `datetime` ends with the year 9999.


def correct_burn_rate(call: OperationCall, proceed: Proceed) -> ApiResponse[Any]:
    """Make burns positive, and compute run-out and advice from them.

    Present servers add up burns as negative numbers, so their run-out is null and their advice is wrong. The run-out
    is computed here by the platform's own rule (balance over the 7-day average, whole days), with the same thresholds
    for advice: urgent below 7 days, warning below 14, alert if the week burns more than 1.5 times the month's average.
    """
    response = proceed(call)
    data = response.data.data
    if data is None or data.last7_days is None or data.last30_days is None:
        return response
    windows = (data.last7_days, data.last30_days)
    negative = any((window.credits_burned or 0) < 0 for window in windows)
    for window in windows:
        window.credits_burned = abs(window.credits_burned or 0)
        window.average_per_day = abs(window.average_per_day or Decimal(0))
    week, month = windows[0].credits_burned, windows[1].credits_burned
    runout = data.projected_runout
    if not week and runout is not None:  # The first release answers 0 days where it means never.
        runout.days_remaining = runout.estimated_runout_date = None
    if negative:
        days = None if not week else max(0, (data.current_balance or 0) * 7 // week)
        if runout is not None:
            runout.days_remaining, runout.estimated_runout_date = days, _date(days)
        data.recommendations = _advice(days, week / 7, month / 30)
    return response


def _date(days: int | None) -> str | None:
    if days is None or days > _MAX_RUNOUT_DAYS:
        return None
    return timestamps.wire(datetime.now(timezone.utc) + timedelta(days=days))


def _advice(days: int | None, week: float, month: float) -> list[Any]:
    from openmonetize.models.v1_analytics_burn_rate_get200_response_data_recommendations_inner import (
        V1AnalyticsBurnRateGet200ResponseDataRecommendationsInner as Advice,
    )

    advice = []
    if days is not None and days < 14:
        kind = "urgent" if days < 7 else "warning"
        text = f"At this rate the credits are used up in {days} days."
        advice.append(Advice(type=kind, message=text, action="purchase_credits"))
    if week > 1.5 * month:
        text = "The last 7 days burned more than 1.5 times the daily average of the last 30."
        advice.append(Advice(type="alert", message=text, action="review_usage"))
    return advice

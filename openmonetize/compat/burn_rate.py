"""The rule about burn rates, which present servers get wrong in sign and therefore in every conclusion."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any, List, Optional

from openmonetize._schema import timestamps
from openmonetize.api_response import ApiResponse
from openmonetize.compat.rule import OperationCall, Proceed

_FAR = 365 * 1000  # days; beyond it a date says nothing, and dates end somewhere


def burn_is_positive(call: OperationCall, proceed: Proceed) -> ApiResponse[Any]:
    """Present servers add up burns as negative numbers, so their run-out is null and their advice is wrong.

    The run-out is computed here by the platform's own rule (balance over the 7-day average, whole days), with the
    same thresholds for advice: urgent below 7 days, warning below 14, alert where the week burns more than 1.5
    times the month's average.
    """
    answer = proceed(call)
    data = answer.data.data
    if data is None or data.last7_days is None or data.last30_days is None:
        return answer
    windows = (data.last7_days, data.last30_days)
    negative = any((window.credits_burned or 0) < 0 for window in windows)
    for window in windows:
        window.credits_burned = abs(window.credits_burned or 0)
        window.average_per_day = abs(window.average_per_day or 0)
    week, month = windows[0].credits_burned, windows[1].credits_burned
    runout = data.projected_runout
    if not week and runout is not None:  # the first release says 0 days where it means never
        runout.days_remaining = runout.estimated_runout_date = None
    if negative:
        days = None if not week else max(0, (data.current_balance or 0) * 7 // week)
        if runout is not None:
            runout.days_remaining, runout.estimated_runout_date = days, _date(days)
        data.recommendations = _advice(days, week / 7, month / 30)
    return answer


def _date(days: Optional[int]) -> Optional[str]:
    if days is None or days > _FAR:
        return None
    return timestamps.wire(datetime.now(timezone.utc) + timedelta(days=days))


def _advice(days: Optional[int], week: float, month: float) -> List[Any]:
    from openmonetize.models.v1_analytics_burn_rate_get200_response_data_recommendations_inner import (
        V1AnalyticsBurnRateGet200ResponseDataRecommendationsInner as Advice,
    )

    found = []
    if days is not None and days < 14:
        kind = "urgent" if days < 7 else "warning"
        text = f"At this rate the credits are used up in {days} days."
        found.append(Advice(type=kind, message=text, action="purchase_credits"))
    if week > 1.5 * month:
        text = "The last 7 days burned more than 1.5 times the daily average of the last 30."
        found.append(Advice(type="alert", message=text, action="review_usage"))
    return found

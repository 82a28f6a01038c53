# Generated from openapi.yaml by `make generate`; do not edit.
"""AnalyticsApi: What was used, what it cost, and how long the credits last."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Optional, Union

from typing_extensions import Unpack

from openmonetize._http.base_api import BaseApi, api_method, with_http_info, without_preload_content
from openmonetize._http.operation import Operation, Parameter, RequestOptions

if TYPE_CHECKING:
    from openmonetize._schema.timestamps import TimeLike
    from openmonetize.models.group_by import GroupBy
    from openmonetize.models.v1_analytics_burn_forecast_get200_response import V1AnalyticsBurnForecastGet200Response
    from openmonetize.models.v1_analytics_burn_rate_get200_response import V1AnalyticsBurnRateGet200Response
    from openmonetize.models.v1_analytics_cost_breakdown_get200_response import V1AnalyticsCostBreakdownGet200Response
    from openmonetize.models.v1_analytics_costs_get200_response import V1AnalyticsCostsGet200Response
    from openmonetize.models.v1_analytics_summary_get200_response import V1AnalyticsSummaryGet200Response
    from openmonetize.models.v1_analytics_usage_get200_response import V1AnalyticsUsageGet200Response
    from openmonetize.models.v1_analytics_usage_trends_get200_response import V1AnalyticsUsageTrendsGet200Response


V1_ANALYTICS_BURN_FORECAST_GET: Operation[V1AnalyticsBurnForecastGet200Response] = Operation(
    "GET",
    "/v1/analytics/burn-forecast",
    {"200": "V1AnalyticsBurnForecastGet200Response"},
    (Parameter("customer_id", "customerId", "query"), Parameter("days", "days", "query", "int", minimum=1)),
)
V1_ANALYTICS_BURN_RATE_GET: Operation[V1AnalyticsBurnRateGet200Response] = Operation(
    "GET",
    "/v1/analytics/burn-rate",
    {"200": "V1AnalyticsBurnRateGet200Response"},
    (Parameter("customer_id", "customerId", "query", minimum=1), Parameter("user_id", "userId", "query", minimum=1)),
)
V1_ANALYTICS_COST_BREAKDOWN_GET: Operation[V1AnalyticsCostBreakdownGet200Response] = Operation(
    "GET",
    "/v1/analytics/cost-breakdown",
    {"200": "V1AnalyticsCostBreakdownGet200Response"},
    (
        Parameter("customer_id", "customerId", "query"),
        Parameter("start_date", "startDate", "query", "datetime"),
        Parameter("end_date", "endDate", "query", "datetime"),
        Parameter("group_by", "groupBy", "query", choices=("day", "week", "month")),
    ),
    time_range=("start_date", "end_date"),
)
V1_ANALYTICS_COSTS_GET: Operation[V1AnalyticsCostsGet200Response] = Operation(
    "GET",
    "/v1/analytics/costs",
    {"200": "V1AnalyticsCostsGet200Response"},
    (
        Parameter("customer_id", "customerId", "query", minimum=1),
        Parameter("start_date", "startDate", "query", "datetime"),
        Parameter("end_date", "endDate", "query", "datetime"),
        Parameter("provider", "provider", "query"),
        Parameter("model", "model", "query"),
        Parameter("feature_id", "featureId", "query"),
    ),
    time_range=("start_date", "end_date"),
)
V1_ANALYTICS_SUMMARY_GET: Operation[V1AnalyticsSummaryGet200Response] = Operation(
    "GET", "/v1/analytics/summary", {"200": "V1AnalyticsSummaryGet200Response"}, ()
)
V1_ANALYTICS_USAGE_GET: Operation[V1AnalyticsUsageGet200Response] = Operation(
    "GET",
    "/v1/analytics/usage",
    {"200": "V1AnalyticsUsageGet200Response"},
    (
        Parameter("customer_id", "customerId", "query", minimum=1),
        Parameter("start_date", "startDate", "query", "datetime"),
        Parameter("end_date", "endDate", "query", "datetime"),
        Parameter("group_by", "groupBy", "query", choices=("day", "week", "month")),
        Parameter("provider", "provider", "query"),
        Parameter("model", "model", "query"),
        Parameter("feature_id", "featureId", "query"),
    ),
    time_range=("start_date", "end_date"),
)
V1_ANALYTICS_USAGE_TRENDS_GET: Operation[V1AnalyticsUsageTrendsGet200Response] = Operation(
    "GET",
    "/v1/analytics/usage-trends",
    {"200": "V1AnalyticsUsageTrendsGet200Response"},
    (
        Parameter("customer_id", "customerId", "query"),
        Parameter("start_date", "startDate", "query", "datetime"),
        Parameter("end_date", "endDate", "query", "datetime"),
        Parameter("group_by", "groupBy", "query", choices=("day", "week", "month")),
    ),
    time_range=("start_date", "end_date"),
)


class AnalyticsApi(BaseApi):
    """What was used, what it cost, and how long the credits last."""

    @api_method
    def v1_analytics_burn_forecast_get(
        self, customer_id: Optional[str] = None, days: Optional[int] = None, **_options: Unpack[RequestOptions]
    ) -> V1AnalyticsBurnForecastGet200Response:
        """Forecast the credit burn.

        Extends the average daily burn of the last 30 days into the future. Without usage in that time, the answer holds
        an empty forecast and a message, and no balance or projections. Seed-era servers serve it through their wildcard
        route and need `customerId`; present servers answer 404 today.

        Served by present deployments by contract; today they answer 404.

        Args:
            customer_id: Customer whose events are counted. Seed-era servers need it; present servers take the customer
                from the key and ignore it.
            days: Length of the forecast in days; more than 90 counts as 90. Default: 30.
            **_options: See :class:`~openmonetize.RequestOptions`.

        Returns:
            200: The forecast.

        Raises:
            ApiException: The call failed, 400, 401, 403, 404, 429, 500.
        """
        return self._call(V1_ANALYTICS_BURN_FORECAST_GET, _options, {"customer_id": customer_id, "days": days})

    v1_analytics_burn_forecast_get_with_http_info = with_http_info(v1_analytics_burn_forecast_get)
    v1_analytics_burn_forecast_get_without_preload_content = without_preload_content(v1_analytics_burn_forecast_get)

    @api_method
    def v1_analytics_burn_rate_get(
        self, customer_id: Optional[str] = None, user_id: Optional[str] = None, **_options: Unpack[RequestOptions]
    ) -> V1AnalyticsBurnRateGet200Response:
        """Query how fast a wallet burns credits.

        Returns the balance of one wallet, its burn over the last 7 and 30 days, and a projection. Burned sums and
        averages come back negative on present servers, so take absolute values and compute the run-out from them:
        `daysRemaining` stays null, no urgent or warning advice appears, and an alert may appear after a quiet week.
        Without `userId` it is the wallet of the account, which users' events do not touch. A wallet that does not exist
        is a 404.

        Served by seed-era and present deployments.

        Args:
            customer_id: Customer behind the key; another one is refused with 403. Seed-era servers need it, present
                servers take the one behind the key by default.
            user_id: User whose wallet is examined; without it, the account's own wallet.
            **_options: See :class:`~openmonetize.RequestOptions`.

        Returns:
            200: Burn rate of the wallet.

        Raises:
            ApiException: The call failed, 400, 401, 403, 404, 429, 500.
        """
        return self._call(V1_ANALYTICS_BURN_RATE_GET, _options, {"customer_id": customer_id, "user_id": user_id})

    v1_analytics_burn_rate_get_with_http_info = with_http_info(v1_analytics_burn_rate_get)
    v1_analytics_burn_rate_get_without_preload_content = without_preload_content(v1_analytics_burn_rate_get)

    @api_method
    def v1_analytics_cost_breakdown_get(
        self,
        customer_id: Optional[str] = None,
        start_date: Optional[TimeLike] = None,
        end_date: Optional[TimeLike] = None,
        group_by: Optional[GroupBy] = None,
        *,
        last: Union[str, timedelta, None] = None,
        **_options: Unpack[RequestOptions],
    ) -> V1AnalyticsCostBreakdownGet200Response:
        """Break cost down by provider and model.

        Returns tokens, credits and US dollars for each provider and model, the most expensive first; events without
        either are listed as `unknown`. Seed-era servers serve it through their wildcard route and need `customerId`;
        present servers answer 404 today.

        Served by present deployments by contract; today they answer 404.

        Args:
            customer_id: Customer whose events are counted. Seed-era servers need it; present servers take the customer
                from the key and ignore it.
            start_date: First instant of the window, included; UTC ending in Z on present servers. The default is 30
                days ago.
            end_date: Last instant of the window, included; UTC ending in Z on present servers. The default is now.
            group_by: Accepted; the breakdown is by provider and model whatever it says. Default: "day".
            last: The window's length, such as ``'24h'``, ``'30d'``, ``'4w'`` or a timedelta, instead of start_date: it
                ends at end_date, by default now. A day has 24 hours.
            **_options: See :class:`~openmonetize.RequestOptions`.

        Returns:
            200: Cost by provider and model.

        Raises:
            ApiException: The call failed, 400, 401, 403, 404, 429, 500.
        """
        return self._call(
            V1_ANALYTICS_COST_BREAKDOWN_GET,
            _options,
            {
                "customer_id": customer_id,
                "start_date": start_date,
                "end_date": end_date,
                "group_by": group_by,
                "last": last,
            },
        )

    v1_analytics_cost_breakdown_get_with_http_info = with_http_info(v1_analytics_cost_breakdown_get)
    v1_analytics_cost_breakdown_get_without_preload_content = without_preload_content(v1_analytics_cost_breakdown_get)

    @api_method
    def v1_analytics_costs_get(
        self,
        customer_id: Optional[str] = None,
        start_date: Optional[TimeLike] = None,
        end_date: Optional[TimeLike] = None,
        provider: Optional[str] = None,
        model: Optional[str] = None,
        feature_id: Optional[str] = None,
        *,
        last: Union[str, timedelta, None] = None,
        **_options: Unpack[RequestOptions],
    ) -> V1AnalyticsCostsGet200Response:
        """Query provider cost, revenue and margin.

        Returns what the providers charged and what the burned credits are worth (1,000 credits are 1 US dollar), in a
        window of time. The margin is relative to the revenue. A window without events gives zeros, not an error.

        Served by seed-era and present deployments.

        Args:
            customer_id: Customer behind the key; another one is refused with 403. Seed-era servers need it, present
                servers take the one behind the key by default.
            start_date: First instant of the window, included; UTC ending in Z on present servers. The default is 30
                days ago.
            end_date: Last instant of the window, included; UTC ending in Z on present servers. The default is now.
            provider: Only events of these providers: upper-case names, separated by commas. An unknown or lower-case
                name is answered 500. An addition of present servers that no published contract lists; seed-era servers
                ignore it.
            model: Only events of these models: exact names, separated by commas. An addition of present servers that no
                published contract lists; seed-era servers ignore it.
            feature_id: Only events of these features: ids, separated by commas. An addition of present servers that no
                published contract lists; seed-era servers ignore it.
            last: The window's length, such as ``'24h'``, ``'30d'``, ``'4w'`` or a timedelta, instead of start_date: it
                ends at end_date, by default now. A day has 24 hours.
            **_options: See :class:`~openmonetize.RequestOptions`.

        Returns:
            200: Costs in the window.

        Raises:
            ApiException: The call failed, 400, 401, 403, 429, 500.
        """
        return self._call(
            V1_ANALYTICS_COSTS_GET,
            _options,
            {
                "customer_id": customer_id,
                "start_date": start_date,
                "end_date": end_date,
                "provider": provider,
                "model": model,
                "feature_id": feature_id,
                "last": last,
            },
        )

    v1_analytics_costs_get_with_http_info = with_http_info(v1_analytics_costs_get)
    v1_analytics_costs_get_without_preload_content = without_preload_content(v1_analytics_costs_get)

    @api_method
    def v1_analytics_summary_get(self, **_options: Unpack[RequestOptions]) -> V1AnalyticsSummaryGet200Response:
        """Get an overview of the account.

        Returns balance, lifetime counts, the last 30 days and the latest events. Present servers answer 404 today.
        Seed-era servers have it at `/v1/analytics/summary/{customerId}`, by their wildcard route, and fail with 500 as
        soon as one event is stored.

        Served by present deployments by contract; today they answer 404.

        Args:
            **_options: See :class:`~openmonetize.RequestOptions`.

        Returns:
            200: The overview.

        Raises:
            ApiException: The call failed, 401, 404, 429, 500.
        """
        return self._call(V1_ANALYTICS_SUMMARY_GET, _options)

    v1_analytics_summary_get_with_http_info = with_http_info(v1_analytics_summary_get)
    v1_analytics_summary_get_without_preload_content = without_preload_content(v1_analytics_summary_get)

    @api_method
    def v1_analytics_usage_get(
        self,
        customer_id: Optional[str] = None,
        start_date: Optional[TimeLike] = None,
        end_date: Optional[TimeLike] = None,
        group_by: Optional[GroupBy] = None,
        provider: Optional[str] = None,
        model: Optional[str] = None,
        feature_id: Optional[str] = None,
        *,
        last: Union[str, timedelta, None] = None,
        **_options: Unpack[RequestOptions],
    ) -> V1AnalyticsUsageGet200Response:
        """Query usage by feature, provider, event type and day.

        Returns events, tokens and credits of the account in a window of time. Events appear after the platform has
        processed them. The timeline is always by UTC day, and days without events are missing. Per-feature US dollars
        have 4 decimals only; for exact sums read the event list. There is no filter by user. A window without events
        gives zeros, not an error.

        Served by seed-era and present deployments.

        Args:
            customer_id: Customer behind the key; another one is refused with 403. Seed-era servers need it, present
                servers take the one behind the key by default.
            start_date: First instant of the window, included; UTC ending in Z on present servers. The default is 30
                days ago.
            end_date: Last instant of the window, included; UTC ending in Z on present servers. The default is now.
            group_by: Accepted and ignored by all servers: the timeline is always daily.
            provider: Only events of these providers: upper-case names, separated by commas. An unknown or lower-case
                name is answered 500. An addition of present servers that no published contract lists; seed-era servers
                ignore it.
            model: Only events of these models: exact names, separated by commas. An addition of present servers that no
                published contract lists; seed-era servers ignore it.
            feature_id: Only events of these features: ids, separated by commas. An addition of present servers that no
                published contract lists; seed-era servers ignore it.
            last: The window's length, such as ``'24h'``, ``'30d'``, ``'4w'`` or a timedelta, instead of start_date: it
                ends at end_date, by default now. A day has 24 hours.
            **_options: See :class:`~openmonetize.RequestOptions`.

        Returns:
            200: Usage in the window.

        Raises:
            ApiException: The call failed, 400, 401, 403, 429, 500.
        """
        return self._call(
            V1_ANALYTICS_USAGE_GET,
            _options,
            {
                "customer_id": customer_id,
                "start_date": start_date,
                "end_date": end_date,
                "group_by": group_by,
                "provider": provider,
                "model": model,
                "feature_id": feature_id,
                "last": last,
            },
        )

    v1_analytics_usage_get_with_http_info = with_http_info(v1_analytics_usage_get)
    v1_analytics_usage_get_without_preload_content = without_preload_content(v1_analytics_usage_get)

    @api_method
    def v1_analytics_usage_trends_get(
        self,
        customer_id: Optional[str] = None,
        start_date: Optional[TimeLike] = None,
        end_date: Optional[TimeLike] = None,
        group_by: Optional[GroupBy] = None,
        *,
        last: Union[str, timedelta, None] = None,
        **_options: Unpack[RequestOptions],
    ) -> V1AnalyticsUsageTrendsGet200Response:
        """Query usage by day, week or month.

        Returns tokens, credits and US dollars for each period of the window. Unlike the usage query, the grouping takes
        effect here. Seed-era servers serve it through their wildcard route and need `customerId`; present servers
        answer 404 today.

        Served by present deployments by contract; today they answer 404.

        Args:
            customer_id: Customer whose events are counted. Seed-era servers need it; present servers take the customer
                from the key and ignore it.
            start_date: First instant of the window, included; UTC ending in Z on present servers. The default is 30
                days ago.
            end_date: Last instant of the window, included; UTC ending in Z on present servers. The default is now.
            group_by: Length of each period. Default: "day".
            last: The window's length, such as ``'24h'``, ``'30d'``, ``'4w'`` or a timedelta, instead of start_date: it
                ends at end_date, by default now. A day has 24 hours.
            **_options: See :class:`~openmonetize.RequestOptions`.

        Returns:
            200: Usage over time.

        Raises:
            ApiException: The call failed, 400, 401, 403, 404, 429, 500.
        """
        return self._call(
            V1_ANALYTICS_USAGE_TRENDS_GET,
            _options,
            {
                "customer_id": customer_id,
                "start_date": start_date,
                "end_date": end_date,
                "group_by": group_by,
                "last": last,
            },
        )

    v1_analytics_usage_trends_get_with_http_info = with_http_info(v1_analytics_usage_trends_get)
    v1_analytics_usage_trends_get_without_preload_content = without_preload_content(v1_analytics_usage_trends_get)

    burn_forecast = v1_analytics_burn_forecast_get
    burn_rate = v1_analytics_burn_rate_get
    cost_breakdown = v1_analytics_cost_breakdown_get
    costs = v1_analytics_costs_get
    summary = v1_analytics_summary_get
    usage = v1_analytics_usage_get
    usage_trends = v1_analytics_usage_trends_get

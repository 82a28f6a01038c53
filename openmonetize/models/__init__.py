# Generated from openapi.yaml by `make generate`; do not edit.
"""The model classes, each imported on first use."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from openmonetize._exports import MODEL_ALIASES, MODELS

if TYPE_CHECKING:
    from openmonetize.models.api_call_event import ApiCallEvent as ApiCallEvent
    from openmonetize.models.custom_event import CustomEvent as CustomEvent
    from openmonetize.models.customer_tier import CustomerTier as CustomerTier
    from openmonetize.models.error_response import ErrorResponse as ErrorResponse
    from openmonetize.models.event_type import EventType as EventType
    from openmonetize.models.group_by import GroupBy as GroupBy
    from openmonetize.models.health_get200_response import (
        Health as Health,
        HealthGet200Response as HealthGet200Response,
    )
    from openmonetize.models.image_generation_event import ImageGenerationEvent as ImageGenerationEvent
    from openmonetize.models.ingest_events200_response import IngestEvents200Response as IngestEvents200Response
    from openmonetize.models.ingest_events202_response import IngestEvents202Response as IngestEvents202Response
    from openmonetize.models.limit_period import LimitPeriod as LimitPeriod
    from openmonetize.models.limit_type import LimitType as LimitType
    from openmonetize.models.provider_name import ProviderName as ProviderName
    from openmonetize.models.ready_get200_response import (
        Readiness as Readiness,
        ReadyGet200Response as ReadyGet200Response,
    )
    from openmonetize.models.token_usage_event import TokenUsageEvent as TokenUsageEvent
    from openmonetize.models.usage_event import UsageEvent as UsageEvent
    from openmonetize.models.v1_analytics_burn_forecast_get200_response import (
        BurnForecast as BurnForecast,
        V1AnalyticsBurnForecastGet200Response as V1AnalyticsBurnForecastGet200Response,
    )
    from openmonetize.models.v1_analytics_burn_forecast_get200_response_forecast_inner import (
        ForecastDay as ForecastDay,
        V1AnalyticsBurnForecastGet200ResponseForecastInner as V1AnalyticsBurnForecastGet200ResponseForecastInner,
    )
    from openmonetize.models.v1_analytics_burn_forecast_get200_response_projections import (
        V1AnalyticsBurnForecastGet200ResponseProjections as V1AnalyticsBurnForecastGet200ResponseProjections,
    )
    from openmonetize.models.v1_analytics_burn_rate_get200_response import (
        V1AnalyticsBurnRateGet200Response as V1AnalyticsBurnRateGet200Response,
    )
    from openmonetize.models.v1_analytics_burn_rate_get200_response_data import (
        BurnRate as BurnRate,
        V1AnalyticsBurnRateGet200ResponseData as V1AnalyticsBurnRateGet200ResponseData,
    )
    from openmonetize.models.v1_analytics_burn_rate_get200_response_data_last7_days import (
        BurnWindow as BurnWindow,
        V1AnalyticsBurnRateGet200ResponseDataLast7Days as V1AnalyticsBurnRateGet200ResponseDataLast7Days,
    )
    from openmonetize.models.v1_analytics_burn_rate_get200_response_data_projected_runout import (
        ProjectedRunout as ProjectedRunout,
        V1AnalyticsBurnRateGet200ResponseDataProjectedRunout as V1AnalyticsBurnRateGet200ResponseDataProjectedRunout,
    )
    from openmonetize.models.v1_analytics_burn_rate_get200_response_data_recommendations_inner import (
        Recommendation as Recommendation,
        V1AnalyticsBurnRateGet200ResponseDataRecommendationsInner as V1AnalyticsBurnRateGet200ResponseDataRecommendationsInner,
    )
    from openmonetize.models.v1_analytics_cost_breakdown_get200_response import (
        V1AnalyticsCostBreakdownGet200Response as V1AnalyticsCostBreakdownGet200Response,
    )
    from openmonetize.models.v1_analytics_cost_breakdown_get200_response_data_inner import (
        CostBreakdownRow as CostBreakdownRow,
        V1AnalyticsCostBreakdownGet200ResponseDataInner as V1AnalyticsCostBreakdownGet200ResponseDataInner,
    )
    from openmonetize.models.v1_analytics_cost_breakdown_get200_response_period import (
        V1AnalyticsCostBreakdownGet200ResponsePeriod as V1AnalyticsCostBreakdownGet200ResponsePeriod,
    )
    from openmonetize.models.v1_analytics_cost_breakdown_get200_response_totals import (
        V1AnalyticsCostBreakdownGet200ResponseTotals as V1AnalyticsCostBreakdownGet200ResponseTotals,
    )
    from openmonetize.models.v1_analytics_costs_get200_response import (
        V1AnalyticsCostsGet200Response as V1AnalyticsCostsGet200Response,
    )
    from openmonetize.models.v1_analytics_costs_get200_response_data import (
        CostReport as CostReport,
        V1AnalyticsCostsGet200ResponseData as V1AnalyticsCostsGet200ResponseData,
    )
    from openmonetize.models.v1_analytics_costs_get200_response_data_by_provider_inner import (
        ModelCost as ModelCost,
        V1AnalyticsCostsGet200ResponseDataByProviderInner as V1AnalyticsCostsGet200ResponseDataByProviderInner,
    )
    from openmonetize.models.v1_analytics_costs_get200_response_data_summary import (
        CostSummary as CostSummary,
        V1AnalyticsCostsGet200ResponseDataSummary as V1AnalyticsCostsGet200ResponseDataSummary,
    )
    from openmonetize.models.v1_analytics_summary_get200_response import (
        AccountSummary as AccountSummary,
        V1AnalyticsSummaryGet200Response as V1AnalyticsSummaryGet200Response,
    )
    from openmonetize.models.v1_analytics_summary_get200_response_credit_balance import (
        V1AnalyticsSummaryGet200ResponseCreditBalance as V1AnalyticsSummaryGet200ResponseCreditBalance,
    )
    from openmonetize.models.v1_analytics_summary_get200_response_last30_days import (
        V1AnalyticsSummaryGet200ResponseLast30Days as V1AnalyticsSummaryGet200ResponseLast30Days,
    )
    from openmonetize.models.v1_analytics_summary_get200_response_lifetime import (
        V1AnalyticsSummaryGet200ResponseLifetime as V1AnalyticsSummaryGet200ResponseLifetime,
    )
    from openmonetize.models.v1_analytics_summary_get200_response_recent_activity_inner import (
        V1AnalyticsSummaryGet200ResponseRecentActivityInner as V1AnalyticsSummaryGet200ResponseRecentActivityInner,
    )
    from openmonetize.models.v1_analytics_usage_get200_response import (
        V1AnalyticsUsageGet200Response as V1AnalyticsUsageGet200Response,
    )
    from openmonetize.models.v1_analytics_usage_get200_response_data import (
        UsageReport as UsageReport,
        V1AnalyticsUsageGet200ResponseData as V1AnalyticsUsageGet200ResponseData,
    )
    from openmonetize.models.v1_analytics_usage_get200_response_data_by_event_type_inner import (
        EventTypeUsage as EventTypeUsage,
        V1AnalyticsUsageGet200ResponseDataByEventTypeInner as V1AnalyticsUsageGet200ResponseDataByEventTypeInner,
    )
    from openmonetize.models.v1_analytics_usage_get200_response_data_by_feature_inner import (
        FeatureUsage as FeatureUsage,
        V1AnalyticsUsageGet200ResponseDataByFeatureInner as V1AnalyticsUsageGet200ResponseDataByFeatureInner,
    )
    from openmonetize.models.v1_analytics_usage_get200_response_data_by_provider_inner import (
        ModelUsage as ModelUsage,
        V1AnalyticsUsageGet200ResponseDataByProviderInner as V1AnalyticsUsageGet200ResponseDataByProviderInner,
    )
    from openmonetize.models.v1_analytics_usage_get200_response_data_summary import (
        UsageSummary as UsageSummary,
        V1AnalyticsUsageGet200ResponseDataSummary as V1AnalyticsUsageGet200ResponseDataSummary,
    )
    from openmonetize.models.v1_analytics_usage_get200_response_data_timeline_inner import (
        DailyUsage as DailyUsage,
        V1AnalyticsUsageGet200ResponseDataTimelineInner as V1AnalyticsUsageGet200ResponseDataTimelineInner,
    )
    from openmonetize.models.v1_analytics_usage_trends_get200_response import (
        V1AnalyticsUsageTrendsGet200Response as V1AnalyticsUsageTrendsGet200Response,
    )
    from openmonetize.models.v1_analytics_usage_trends_get200_response_data_inner import (
        UsageTrend as UsageTrend,
        V1AnalyticsUsageTrendsGet200ResponseDataInner as V1AnalyticsUsageTrendsGet200ResponseDataInner,
    )
    from openmonetize.models.v1_analytics_usage_trends_get200_response_period import (
        V1AnalyticsUsageTrendsGet200ResponsePeriod as V1AnalyticsUsageTrendsGet200ResponsePeriod,
    )
    from openmonetize.models.v1_burn_tables_active_get200_response import (
        V1BurnTablesActiveGet200Response as V1BurnTablesActiveGet200Response,
    )
    from openmonetize.models.v1_burn_tables_create_post201_response import (
        V1BurnTablesCreatePost201Response as V1BurnTablesCreatePost201Response,
    )
    from openmonetize.models.v1_burn_tables_create_post201_response_data import (
        BurnTable as BurnTable,
        V1BurnTablesCreatePost201ResponseData as V1BurnTablesCreatePost201ResponseData,
    )
    from openmonetize.models.v1_burn_tables_create_post_request import (
        V1BurnTablesCreatePostRequest as V1BurnTablesCreatePostRequest,
    )
    from openmonetize.models.v1_burn_tables_create_post_request_rules_value import (
        BurnTableRule as BurnTableRule,
        V1BurnTablesCreatePostRequestRulesValue as V1BurnTablesCreatePostRequestRulesValue,
    )
    from openmonetize.models.v1_burn_tables_id_delete200_response import (
        V1BurnTablesIdDelete200Response as V1BurnTablesIdDelete200Response,
    )
    from openmonetize.models.v1_burn_tables_id_patch_request import (
        V1BurnTablesIdPatchRequest as V1BurnTablesIdPatchRequest,
    )
    from openmonetize.models.v1_burn_tables_list_get200_response import (
        V1BurnTablesListGet200Response as V1BurnTablesListGet200Response,
    )
    from openmonetize.models.v1_credits_balance_get200_response import (
        V1CreditsBalanceGet200Response as V1CreditsBalanceGet200Response,
    )
    from openmonetize.models.v1_credits_balance_get200_response_data import (
        Balance as Balance,
        V1CreditsBalanceGet200ResponseData as V1CreditsBalanceGet200ResponseData,
    )
    from openmonetize.models.v1_credits_grant_post200_response import (
        V1CreditsGrantPost200Response as V1CreditsGrantPost200Response,
    )
    from openmonetize.models.v1_credits_grant_post200_response_data import (
        Grant as Grant,
        V1CreditsGrantPost200ResponseData as V1CreditsGrantPost200ResponseData,
    )
    from openmonetize.models.v1_credits_grant_post409_response import (
        V1CreditsGrantPost409Response as V1CreditsGrantPost409Response,
    )
    from openmonetize.models.v1_credits_grant_post_request import V1CreditsGrantPostRequest as V1CreditsGrantPostRequest
    from openmonetize.models.v1_credits_purchase_post200_response import (
        V1CreditsPurchasePost200Response as V1CreditsPurchasePost200Response,
    )
    from openmonetize.models.v1_credits_purchase_post200_response_data import (
        Purchase as Purchase,
        V1CreditsPurchasePost200ResponseData as V1CreditsPurchasePost200ResponseData,
    )
    from openmonetize.models.v1_credits_purchase_post_request import (
        V1CreditsPurchasePostRequest as V1CreditsPurchasePostRequest,
    )
    from openmonetize.models.v1_customers_customer_id_entitlements_get200_response import (
        V1CustomersCustomerIdEntitlementsGet200Response as V1CustomersCustomerIdEntitlementsGet200Response,
    )
    from openmonetize.models.v1_customers_customer_id_entitlements_get200_response_data_inner import (
        Entitlement as Entitlement,
        V1CustomersCustomerIdEntitlementsGet200ResponseDataInner as V1CustomersCustomerIdEntitlementsGet200ResponseDataInner,
    )
    from openmonetize.models.v1_customers_customer_id_users_user_id_credits_get200_response import (
        V1CustomersCustomerIdUsersUserIdCreditsGet200Response as V1CustomersCustomerIdUsersUserIdCreditsGet200Response,
    )
    from openmonetize.models.v1_customers_customer_id_users_user_id_credits_get200_response_data import (
        UserBalance as UserBalance,
        V1CustomersCustomerIdUsersUserIdCreditsGet200ResponseData as V1CustomersCustomerIdUsersUserIdCreditsGet200ResponseData,
    )
    from openmonetize.models.v1_customers_customer_id_users_user_id_transactions_get200_response import (
        V1CustomersCustomerIdUsersUserIdTransactionsGet200Response as V1CustomersCustomerIdUsersUserIdTransactionsGet200Response,
    )
    from openmonetize.models.v1_customers_customer_id_users_user_id_transactions_get200_response_data_inner import (
        Transaction as Transaction,
        V1CustomersCustomerIdUsersUserIdTransactionsGet200ResponseDataInner as V1CustomersCustomerIdUsersUserIdTransactionsGet200ResponseDataInner,
    )
    from openmonetize.models.v1_customers_customer_id_users_user_id_transactions_get200_response_pagination import (
        V1CustomersCustomerIdUsersUserIdTransactionsGet200ResponsePagination as V1CustomersCustomerIdUsersUserIdTransactionsGet200ResponsePagination,
    )
    from openmonetize.models.v1_customers_me_get200_response import (
        V1CustomersMeGet200Response as V1CustomersMeGet200Response,
    )
    from openmonetize.models.v1_customers_me_get200_response_data import (
        Customer as Customer,
        V1CustomersMeGet200ResponseData as V1CustomersMeGet200ResponseData,
    )
    from openmonetize.models.v1_customers_register_post201_response import (
        V1CustomersRegisterPost201Response as V1CustomersRegisterPost201Response,
    )
    from openmonetize.models.v1_customers_register_post201_response_data import (
        Registration as Registration,
        V1CustomersRegisterPost201ResponseData as V1CustomersRegisterPost201ResponseData,
    )
    from openmonetize.models.v1_customers_register_post400_response import (
        V1CustomersRegisterPost400Response as V1CustomersRegisterPost400Response,
    )
    from openmonetize.models.v1_customers_register_post_request import (
        V1CustomersRegisterPostRequest as V1CustomersRegisterPostRequest,
    )
    from openmonetize.models.v1_customers_rotate_key_post200_response import (
        V1CustomersRotateKeyPost200Response as V1CustomersRotateKeyPost200Response,
    )
    from openmonetize.models.v1_customers_rotate_key_post200_response_data import (
        RotatedKey as RotatedKey,
        V1CustomersRotateKeyPost200ResponseData as V1CustomersRotateKeyPost200ResponseData,
    )
    from openmonetize.models.v1_demo_generate_post200_response import (
        V1DemoGeneratePost200Response as V1DemoGeneratePost200Response,
    )
    from openmonetize.models.v1_demo_generate_post200_response_choices_inner import (
        V1DemoGeneratePost200ResponseChoicesInner as V1DemoGeneratePost200ResponseChoicesInner,
    )
    from openmonetize.models.v1_demo_generate_post200_response_choices_inner_message import (
        V1DemoGeneratePost200ResponseChoicesInnerMessage as V1DemoGeneratePost200ResponseChoicesInnerMessage,
    )
    from openmonetize.models.v1_demo_generate_post200_response_usage import (
        V1DemoGeneratePost200ResponseUsage as V1DemoGeneratePost200ResponseUsage,
    )
    from openmonetize.models.v1_demo_generate_post_request import V1DemoGeneratePostRequest as V1DemoGeneratePostRequest
    from openmonetize.models.v1_entitlements_check_post200_response import (
        EntitlementDecision as EntitlementDecision,
        V1EntitlementsCheckPost200Response as V1EntitlementsCheckPost200Response,
    )
    from openmonetize.models.v1_entitlements_check_post200_response_actions_inner import (
        V1EntitlementsCheckPost200ResponseActionsInner as V1EntitlementsCheckPost200ResponseActionsInner,
    )
    from openmonetize.models.v1_entitlements_check_post_request import (
        V1EntitlementsCheckPostRequest as V1EntitlementsCheckPostRequest,
    )
    from openmonetize.models.v1_entitlements_check_post_request_action import (
        EntitlementAction as EntitlementAction,
        V1EntitlementsCheckPostRequestAction as V1EntitlementsCheckPostRequestAction,
    )
    from openmonetize.models.v1_entitlements_id_put_request import (
        V1EntitlementsIdPutRequest as V1EntitlementsIdPutRequest,
    )
    from openmonetize.models.v1_entitlements_post201_response import (
        V1EntitlementsPost201Response as V1EntitlementsPost201Response,
    )
    from openmonetize.models.v1_entitlements_post201_response_data import (
        StoredEntitlement as StoredEntitlement,
        V1EntitlementsPost201ResponseData as V1EntitlementsPost201ResponseData,
    )
    from openmonetize.models.v1_entitlements_post_request import V1EntitlementsPostRequest as V1EntitlementsPostRequest
    from openmonetize.models.v1_events_dlq_get200_response import V1EventsDlqGet200Response as V1EventsDlqGet200Response
    from openmonetize.models.v1_events_dlq_get200_response_items_inner import (
        DeadLetterItem as DeadLetterItem,
        V1EventsDlqGet200ResponseItemsInner as V1EventsDlqGet200ResponseItemsInner,
    )
    from openmonetize.models.v1_events_dlq_replay_post200_response import (
        V1EventsDlqReplayPost200Response as V1EventsDlqReplayPost200Response,
    )
    from openmonetize.models.v1_events_dlq_replay_post_request import (
        V1EventsDlqReplayPostRequest as V1EventsDlqReplayPostRequest,
    )
    from openmonetize.models.v1_events_info_get200_response import (
        V1EventsInfoGet200Response as V1EventsInfoGet200Response,
    )
    from openmonetize.models.v1_events_ingest_post_request import V1EventsIngestPostRequest as V1EventsIngestPostRequest
    from openmonetize.models.v1_events_list_get200_response import (
        V1EventsListGet200Response as V1EventsListGet200Response,
    )
    from openmonetize.models.v1_events_list_get200_response_data_inner import (
        StoredEvent as StoredEvent,
        V1EventsListGet200ResponseDataInner as V1EventsListGet200ResponseDataInner,
    )
    from openmonetize.models.v1_events_list_get200_response_pagination import (
        V1EventsListGet200ResponsePagination as V1EventsListGet200ResponsePagination,
    )
    from openmonetize.models.v1_info_get200_response import (
        ServiceInfo as ServiceInfo,
        V1InfoGet200Response as V1InfoGet200Response,
    )
    from openmonetize.models.v1_rating_calculate_bulk_post200_response import (
        V1RatingCalculateBulkPost200Response as V1RatingCalculateBulkPost200Response,
    )
    from openmonetize.models.v1_rating_calculate_bulk_post_request import (
        V1RatingCalculateBulkPostRequest as V1RatingCalculateBulkPostRequest,
    )
    from openmonetize.models.v1_rating_calculate_bulk_post_request_calculations_inner import (
        V1RatingCalculateBulkPostRequestCalculationsInner as V1RatingCalculateBulkPostRequestCalculationsInner,
    )
    from openmonetize.models.v1_rating_calculate_post200_response import (
        CalculatedCost as CalculatedCost,
        V1RatingCalculatePost200Response as V1RatingCalculatePost200Response,
    )
    from openmonetize.models.v1_rating_calculate_post200_response_cost_breakdown import (
        V1RatingCalculatePost200ResponseCostBreakdown as V1RatingCalculatePost200ResponseCostBreakdown,
    )
    from openmonetize.models.v1_rating_calculate_post200_response_cost_breakdown_input import (
        V1RatingCalculatePost200ResponseCostBreakdownInput as V1RatingCalculatePost200ResponseCostBreakdownInput,
    )
    from openmonetize.models.v1_rating_calculate_post_request import (
        V1RatingCalculatePostRequest as V1RatingCalculatePostRequest,
    )
    from openmonetize.models.v1_rating_pricing_get200_response import (
        V1RatingPricingGet200Response as V1RatingPricingGet200Response,
    )
    from openmonetize.models.v1_rating_pricing_get200_response_data_inner import (
        PriceRow as PriceRow,
        V1RatingPricingGet200ResponseDataInner as V1RatingPricingGet200ResponseDataInner,
    )
    from openmonetize.models.v1_rating_pricing_get200_response_data_inner_pricing import (
        V1RatingPricingGet200ResponseDataInnerPricing as V1RatingPricingGet200ResponseDataInnerPricing,
    )
    from openmonetize.models.v1_rating_pricing_get200_response_data_inner_pricing_input_token import (
        V1RatingPricingGet200ResponseDataInnerPricingInputToken as V1RatingPricingGet200ResponseDataInnerPricingInputToken,
    )
    from openmonetize.models.v1_users_create_post201_response import (
        V1UsersCreatePost201Response as V1UsersCreatePost201Response,
    )
    from openmonetize.models.v1_users_create_post201_response_data import (
        CreatedUser as CreatedUser,
        V1UsersCreatePost201ResponseData as V1UsersCreatePost201ResponseData,
    )
    from openmonetize.models.v1_users_create_post_request import V1UsersCreatePostRequest as V1UsersCreatePostRequest
    from openmonetize.models.v1_users_list_get200_response import V1UsersListGet200Response as V1UsersListGet200Response
    from openmonetize.models.v1_users_list_get200_response_data_inner import (
        User as User,
        V1UsersListGet200ResponseDataInner as V1UsersListGet200ResponseDataInner,
    )
    from openmonetize.models.v1_users_list_get200_response_pagination import (
        V1UsersListGet200ResponsePagination as V1UsersListGet200ResponsePagination,
    )
    from openmonetize.models.v1_users_user_id_get200_response import (
        V1UsersUserIdGet200Response as V1UsersUserIdGet200Response,
    )
    from openmonetize.models.v1_users_user_id_get200_response_data import (
        UserDetails as UserDetails,
        V1UsersUserIdGet200ResponseData as V1UsersUserIdGet200ResponseData,
    )
    from openmonetize.models.v1_users_user_id_get200_response_data_recent_events_inner import (
        RecentEvent as RecentEvent,
        V1UsersUserIdGet200ResponseDataRecentEventsInner as V1UsersUserIdGet200ResponseDataRecentEventsInner,
    )


def __getattr__(name: str) -> Any:
    module = MODELS.get(name) or MODEL_ALIASES.get(name)
    if module is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(module), name)


def __dir__() -> list[str]:
    return sorted({**MODELS, **MODEL_ALIASES})

# Generated from openapi.yaml by `make generate`; do not edit.
"""The module of each generated name."""

from __future__ import annotations

TYPE_CHECKING = False  # type checkers take it for True; importing it from `typing` would be slow
if TYPE_CHECKING:
    from openmonetize.api.analytics_api import AnalyticsApi as AnalyticsApi
    from openmonetize.api.burn_tables_api import BurnTablesApi as BurnTablesApi
    from openmonetize.api.credits_api import CreditsApi as CreditsApi
    from openmonetize.api.customers_api import CustomersApi as CustomersApi
    from openmonetize.api.default_api import DefaultApi as DefaultApi
    from openmonetize.api.demo_api import DemoApi as DemoApi
    from openmonetize.api.entitlements_api import EntitlementsApi as EntitlementsApi
    from openmonetize.api.events_api import EventsApi as EventsApi
    from openmonetize.api.health_api import HealthApi as HealthApi
    from openmonetize.api.rating_api import RatingApi as RatingApi
    from openmonetize.api.users_api import UsersApi as UsersApi
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

APIS: dict[str, str] = {
    "AnalyticsApi": "openmonetize.api.analytics_api",
    "BurnTablesApi": "openmonetize.api.burn_tables_api",
    "CreditsApi": "openmonetize.api.credits_api",
    "CustomersApi": "openmonetize.api.customers_api",
    "DefaultApi": "openmonetize.api.default_api",
    "DemoApi": "openmonetize.api.demo_api",
    "EntitlementsApi": "openmonetize.api.entitlements_api",
    "EventsApi": "openmonetize.api.events_api",
    "HealthApi": "openmonetize.api.health_api",
    "RatingApi": "openmonetize.api.rating_api",
    "UsersApi": "openmonetize.api.users_api",
}
MODELS: dict[str, str] = {
    "ApiCallEvent": "openmonetize.models.api_call_event",
    "CustomEvent": "openmonetize.models.custom_event",
    "CustomerTier": "openmonetize.models.customer_tier",
    "ErrorResponse": "openmonetize.models.error_response",
    "EventType": "openmonetize.models.event_type",
    "GroupBy": "openmonetize.models.group_by",
    "HealthGet200Response": "openmonetize.models.health_get200_response",
    "ImageGenerationEvent": "openmonetize.models.image_generation_event",
    "IngestEvents200Response": "openmonetize.models.ingest_events200_response",
    "IngestEvents202Response": "openmonetize.models.ingest_events202_response",
    "LimitPeriod": "openmonetize.models.limit_period",
    "LimitType": "openmonetize.models.limit_type",
    "ProviderName": "openmonetize.models.provider_name",
    "ReadyGet200Response": "openmonetize.models.ready_get200_response",
    "TokenUsageEvent": "openmonetize.models.token_usage_event",
    "UsageEvent": "openmonetize.models.usage_event",
    "V1AnalyticsBurnForecastGet200Response": "openmonetize.models.v1_analytics_burn_forecast_get200_response",
    "V1AnalyticsBurnForecastGet200ResponseForecastInner": "openmonetize.models.v1_analytics_burn_forecast_get200_response_forecast_inner",
    "V1AnalyticsBurnForecastGet200ResponseProjections": "openmonetize.models.v1_analytics_burn_forecast_get200_response_projections",
    "V1AnalyticsBurnRateGet200Response": "openmonetize.models.v1_analytics_burn_rate_get200_response",
    "V1AnalyticsBurnRateGet200ResponseData": "openmonetize.models.v1_analytics_burn_rate_get200_response_data",
    "V1AnalyticsBurnRateGet200ResponseDataLast7Days": "openmonetize.models.v1_analytics_burn_rate_get200_response_data_last7_days",
    "V1AnalyticsBurnRateGet200ResponseDataProjectedRunout": "openmonetize.models.v1_analytics_burn_rate_get200_response_data_projected_runout",
    "V1AnalyticsBurnRateGet200ResponseDataRecommendationsInner": "openmonetize.models.v1_analytics_burn_rate_get200_response_data_recommendations_inner",
    "V1AnalyticsCostBreakdownGet200Response": "openmonetize.models.v1_analytics_cost_breakdown_get200_response",
    "V1AnalyticsCostBreakdownGet200ResponseDataInner": "openmonetize.models.v1_analytics_cost_breakdown_get200_response_data_inner",
    "V1AnalyticsCostBreakdownGet200ResponsePeriod": "openmonetize.models.v1_analytics_cost_breakdown_get200_response_period",
    "V1AnalyticsCostBreakdownGet200ResponseTotals": "openmonetize.models.v1_analytics_cost_breakdown_get200_response_totals",
    "V1AnalyticsCostsGet200Response": "openmonetize.models.v1_analytics_costs_get200_response",
    "V1AnalyticsCostsGet200ResponseData": "openmonetize.models.v1_analytics_costs_get200_response_data",
    "V1AnalyticsCostsGet200ResponseDataByProviderInner": "openmonetize.models.v1_analytics_costs_get200_response_data_by_provider_inner",
    "V1AnalyticsCostsGet200ResponseDataSummary": "openmonetize.models.v1_analytics_costs_get200_response_data_summary",
    "V1AnalyticsSummaryGet200Response": "openmonetize.models.v1_analytics_summary_get200_response",
    "V1AnalyticsSummaryGet200ResponseCreditBalance": "openmonetize.models.v1_analytics_summary_get200_response_credit_balance",
    "V1AnalyticsSummaryGet200ResponseLast30Days": "openmonetize.models.v1_analytics_summary_get200_response_last30_days",
    "V1AnalyticsSummaryGet200ResponseLifetime": "openmonetize.models.v1_analytics_summary_get200_response_lifetime",
    "V1AnalyticsSummaryGet200ResponseRecentActivityInner": "openmonetize.models.v1_analytics_summary_get200_response_recent_activity_inner",
    "V1AnalyticsUsageGet200Response": "openmonetize.models.v1_analytics_usage_get200_response",
    "V1AnalyticsUsageGet200ResponseData": "openmonetize.models.v1_analytics_usage_get200_response_data",
    "V1AnalyticsUsageGet200ResponseDataByEventTypeInner": "openmonetize.models.v1_analytics_usage_get200_response_data_by_event_type_inner",
    "V1AnalyticsUsageGet200ResponseDataByFeatureInner": "openmonetize.models.v1_analytics_usage_get200_response_data_by_feature_inner",
    "V1AnalyticsUsageGet200ResponseDataByProviderInner": "openmonetize.models.v1_analytics_usage_get200_response_data_by_provider_inner",
    "V1AnalyticsUsageGet200ResponseDataSummary": "openmonetize.models.v1_analytics_usage_get200_response_data_summary",
    "V1AnalyticsUsageGet200ResponseDataTimelineInner": "openmonetize.models.v1_analytics_usage_get200_response_data_timeline_inner",
    "V1AnalyticsUsageTrendsGet200Response": "openmonetize.models.v1_analytics_usage_trends_get200_response",
    "V1AnalyticsUsageTrendsGet200ResponseDataInner": "openmonetize.models.v1_analytics_usage_trends_get200_response_data_inner",
    "V1AnalyticsUsageTrendsGet200ResponsePeriod": "openmonetize.models.v1_analytics_usage_trends_get200_response_period",
    "V1BurnTablesActiveGet200Response": "openmonetize.models.v1_burn_tables_active_get200_response",
    "V1BurnTablesCreatePost201Response": "openmonetize.models.v1_burn_tables_create_post201_response",
    "V1BurnTablesCreatePost201ResponseData": "openmonetize.models.v1_burn_tables_create_post201_response_data",
    "V1BurnTablesCreatePostRequest": "openmonetize.models.v1_burn_tables_create_post_request",
    "V1BurnTablesCreatePostRequestRulesValue": "openmonetize.models.v1_burn_tables_create_post_request_rules_value",
    "V1BurnTablesIdDelete200Response": "openmonetize.models.v1_burn_tables_id_delete200_response",
    "V1BurnTablesIdPatchRequest": "openmonetize.models.v1_burn_tables_id_patch_request",
    "V1BurnTablesListGet200Response": "openmonetize.models.v1_burn_tables_list_get200_response",
    "V1CreditsBalanceGet200Response": "openmonetize.models.v1_credits_balance_get200_response",
    "V1CreditsBalanceGet200ResponseData": "openmonetize.models.v1_credits_balance_get200_response_data",
    "V1CreditsGrantPost200Response": "openmonetize.models.v1_credits_grant_post200_response",
    "V1CreditsGrantPost200ResponseData": "openmonetize.models.v1_credits_grant_post200_response_data",
    "V1CreditsGrantPost409Response": "openmonetize.models.v1_credits_grant_post409_response",
    "V1CreditsGrantPostRequest": "openmonetize.models.v1_credits_grant_post_request",
    "V1CreditsPurchasePost200Response": "openmonetize.models.v1_credits_purchase_post200_response",
    "V1CreditsPurchasePost200ResponseData": "openmonetize.models.v1_credits_purchase_post200_response_data",
    "V1CreditsPurchasePostRequest": "openmonetize.models.v1_credits_purchase_post_request",
    "V1CustomersCustomerIdEntitlementsGet200Response": "openmonetize.models.v1_customers_customer_id_entitlements_get200_response",
    "V1CustomersCustomerIdEntitlementsGet200ResponseDataInner": "openmonetize.models.v1_customers_customer_id_entitlements_get200_response_data_inner",
    "V1CustomersCustomerIdUsersUserIdCreditsGet200Response": "openmonetize.models.v1_customers_customer_id_users_user_id_credits_get200_response",
    "V1CustomersCustomerIdUsersUserIdCreditsGet200ResponseData": "openmonetize.models.v1_customers_customer_id_users_user_id_credits_get200_response_data",
    "V1CustomersCustomerIdUsersUserIdTransactionsGet200Response": "openmonetize.models.v1_customers_customer_id_users_user_id_transactions_get200_response",
    "V1CustomersCustomerIdUsersUserIdTransactionsGet200ResponseDataInner": "openmonetize.models.v1_customers_customer_id_users_user_id_transactions_get200_response_data_inner",
    "V1CustomersCustomerIdUsersUserIdTransactionsGet200ResponsePagination": "openmonetize.models.v1_customers_customer_id_users_user_id_transactions_get200_response_pagination",
    "V1CustomersMeGet200Response": "openmonetize.models.v1_customers_me_get200_response",
    "V1CustomersMeGet200ResponseData": "openmonetize.models.v1_customers_me_get200_response_data",
    "V1CustomersRegisterPost201Response": "openmonetize.models.v1_customers_register_post201_response",
    "V1CustomersRegisterPost201ResponseData": "openmonetize.models.v1_customers_register_post201_response_data",
    "V1CustomersRegisterPost400Response": "openmonetize.models.v1_customers_register_post400_response",
    "V1CustomersRegisterPostRequest": "openmonetize.models.v1_customers_register_post_request",
    "V1CustomersRotateKeyPost200Response": "openmonetize.models.v1_customers_rotate_key_post200_response",
    "V1CustomersRotateKeyPost200ResponseData": "openmonetize.models.v1_customers_rotate_key_post200_response_data",
    "V1DemoGeneratePost200Response": "openmonetize.models.v1_demo_generate_post200_response",
    "V1DemoGeneratePost200ResponseChoicesInner": "openmonetize.models.v1_demo_generate_post200_response_choices_inner",
    "V1DemoGeneratePost200ResponseChoicesInnerMessage": "openmonetize.models.v1_demo_generate_post200_response_choices_inner_message",
    "V1DemoGeneratePost200ResponseUsage": "openmonetize.models.v1_demo_generate_post200_response_usage",
    "V1DemoGeneratePostRequest": "openmonetize.models.v1_demo_generate_post_request",
    "V1EntitlementsCheckPost200Response": "openmonetize.models.v1_entitlements_check_post200_response",
    "V1EntitlementsCheckPost200ResponseActionsInner": "openmonetize.models.v1_entitlements_check_post200_response_actions_inner",
    "V1EntitlementsCheckPostRequest": "openmonetize.models.v1_entitlements_check_post_request",
    "V1EntitlementsCheckPostRequestAction": "openmonetize.models.v1_entitlements_check_post_request_action",
    "V1EntitlementsIdPutRequest": "openmonetize.models.v1_entitlements_id_put_request",
    "V1EntitlementsPost201Response": "openmonetize.models.v1_entitlements_post201_response",
    "V1EntitlementsPost201ResponseData": "openmonetize.models.v1_entitlements_post201_response_data",
    "V1EntitlementsPostRequest": "openmonetize.models.v1_entitlements_post_request",
    "V1EventsDlqGet200Response": "openmonetize.models.v1_events_dlq_get200_response",
    "V1EventsDlqGet200ResponseItemsInner": "openmonetize.models.v1_events_dlq_get200_response_items_inner",
    "V1EventsDlqReplayPost200Response": "openmonetize.models.v1_events_dlq_replay_post200_response",
    "V1EventsDlqReplayPostRequest": "openmonetize.models.v1_events_dlq_replay_post_request",
    "V1EventsInfoGet200Response": "openmonetize.models.v1_events_info_get200_response",
    "V1EventsIngestPostRequest": "openmonetize.models.v1_events_ingest_post_request",
    "V1EventsListGet200Response": "openmonetize.models.v1_events_list_get200_response",
    "V1EventsListGet200ResponseDataInner": "openmonetize.models.v1_events_list_get200_response_data_inner",
    "V1EventsListGet200ResponsePagination": "openmonetize.models.v1_events_list_get200_response_pagination",
    "V1InfoGet200Response": "openmonetize.models.v1_info_get200_response",
    "V1RatingCalculateBulkPost200Response": "openmonetize.models.v1_rating_calculate_bulk_post200_response",
    "V1RatingCalculateBulkPostRequest": "openmonetize.models.v1_rating_calculate_bulk_post_request",
    "V1RatingCalculateBulkPostRequestCalculationsInner": "openmonetize.models.v1_rating_calculate_bulk_post_request_calculations_inner",
    "V1RatingCalculatePost200Response": "openmonetize.models.v1_rating_calculate_post200_response",
    "V1RatingCalculatePost200ResponseCostBreakdown": "openmonetize.models.v1_rating_calculate_post200_response_cost_breakdown",
    "V1RatingCalculatePost200ResponseCostBreakdownInput": "openmonetize.models.v1_rating_calculate_post200_response_cost_breakdown_input",
    "V1RatingCalculatePostRequest": "openmonetize.models.v1_rating_calculate_post_request",
    "V1RatingPricingGet200Response": "openmonetize.models.v1_rating_pricing_get200_response",
    "V1RatingPricingGet200ResponseDataInner": "openmonetize.models.v1_rating_pricing_get200_response_data_inner",
    "V1RatingPricingGet200ResponseDataInnerPricing": "openmonetize.models.v1_rating_pricing_get200_response_data_inner_pricing",
    "V1RatingPricingGet200ResponseDataInnerPricingInputToken": "openmonetize.models.v1_rating_pricing_get200_response_data_inner_pricing_input_token",
    "V1UsersCreatePost201Response": "openmonetize.models.v1_users_create_post201_response",
    "V1UsersCreatePost201ResponseData": "openmonetize.models.v1_users_create_post201_response_data",
    "V1UsersCreatePostRequest": "openmonetize.models.v1_users_create_post_request",
    "V1UsersListGet200Response": "openmonetize.models.v1_users_list_get200_response",
    "V1UsersListGet200ResponseDataInner": "openmonetize.models.v1_users_list_get200_response_data_inner",
    "V1UsersListGet200ResponsePagination": "openmonetize.models.v1_users_list_get200_response_pagination",
    "V1UsersUserIdGet200Response": "openmonetize.models.v1_users_user_id_get200_response",
    "V1UsersUserIdGet200ResponseData": "openmonetize.models.v1_users_user_id_get200_response_data",
    "V1UsersUserIdGet200ResponseDataRecentEventsInner": "openmonetize.models.v1_users_user_id_get200_response_data_recent_events_inner",
}
# The short names of models.
MODEL_ALIASES: dict[str, str] = {
    "Health": "openmonetize.models.health_get200_response",
    "Readiness": "openmonetize.models.ready_get200_response",
    "BurnForecast": "openmonetize.models.v1_analytics_burn_forecast_get200_response",
    "ForecastDay": "openmonetize.models.v1_analytics_burn_forecast_get200_response_forecast_inner",
    "BurnRate": "openmonetize.models.v1_analytics_burn_rate_get200_response_data",
    "BurnWindow": "openmonetize.models.v1_analytics_burn_rate_get200_response_data_last7_days",
    "ProjectedRunout": "openmonetize.models.v1_analytics_burn_rate_get200_response_data_projected_runout",
    "Recommendation": "openmonetize.models.v1_analytics_burn_rate_get200_response_data_recommendations_inner",
    "CostBreakdownRow": "openmonetize.models.v1_analytics_cost_breakdown_get200_response_data_inner",
    "CostReport": "openmonetize.models.v1_analytics_costs_get200_response_data",
    "ModelCost": "openmonetize.models.v1_analytics_costs_get200_response_data_by_provider_inner",
    "CostSummary": "openmonetize.models.v1_analytics_costs_get200_response_data_summary",
    "AccountSummary": "openmonetize.models.v1_analytics_summary_get200_response",
    "UsageReport": "openmonetize.models.v1_analytics_usage_get200_response_data",
    "EventTypeUsage": "openmonetize.models.v1_analytics_usage_get200_response_data_by_event_type_inner",
    "FeatureUsage": "openmonetize.models.v1_analytics_usage_get200_response_data_by_feature_inner",
    "ModelUsage": "openmonetize.models.v1_analytics_usage_get200_response_data_by_provider_inner",
    "UsageSummary": "openmonetize.models.v1_analytics_usage_get200_response_data_summary",
    "DailyUsage": "openmonetize.models.v1_analytics_usage_get200_response_data_timeline_inner",
    "UsageTrend": "openmonetize.models.v1_analytics_usage_trends_get200_response_data_inner",
    "BurnTable": "openmonetize.models.v1_burn_tables_create_post201_response_data",
    "BurnTableRule": "openmonetize.models.v1_burn_tables_create_post_request_rules_value",
    "Balance": "openmonetize.models.v1_credits_balance_get200_response_data",
    "Grant": "openmonetize.models.v1_credits_grant_post200_response_data",
    "Purchase": "openmonetize.models.v1_credits_purchase_post200_response_data",
    "Entitlement": "openmonetize.models.v1_customers_customer_id_entitlements_get200_response_data_inner",
    "UserBalance": "openmonetize.models.v1_customers_customer_id_users_user_id_credits_get200_response_data",
    "Transaction": "openmonetize.models.v1_customers_customer_id_users_user_id_transactions_get200_response_data_inner",
    "Customer": "openmonetize.models.v1_customers_me_get200_response_data",
    "Registration": "openmonetize.models.v1_customers_register_post201_response_data",
    "RotatedKey": "openmonetize.models.v1_customers_rotate_key_post200_response_data",
    "EntitlementDecision": "openmonetize.models.v1_entitlements_check_post200_response",
    "EntitlementAction": "openmonetize.models.v1_entitlements_check_post_request_action",
    "StoredEntitlement": "openmonetize.models.v1_entitlements_post201_response_data",
    "DeadLetterItem": "openmonetize.models.v1_events_dlq_get200_response_items_inner",
    "StoredEvent": "openmonetize.models.v1_events_list_get200_response_data_inner",
    "ServiceInfo": "openmonetize.models.v1_info_get200_response",
    "CalculatedCost": "openmonetize.models.v1_rating_calculate_post200_response",
    "PriceRow": "openmonetize.models.v1_rating_pricing_get200_response_data_inner",
    "CreatedUser": "openmonetize.models.v1_users_create_post201_response_data",
    "User": "openmonetize.models.v1_users_list_get200_response_data_inner",
    "UserDetails": "openmonetize.models.v1_users_user_id_get200_response_data",
    "RecentEvent": "openmonetize.models.v1_users_user_id_get200_response_data_recent_events_inner",
}
MODULES: dict[str, str] = {**APIS, **MODELS, **MODEL_ALIASES}

__all__ = [
    "AnalyticsApi",
    "BurnTablesApi",
    "CreditsApi",
    "CustomersApi",
    "DefaultApi",
    "DemoApi",
    "EntitlementsApi",
    "EventsApi",
    "HealthApi",
    "RatingApi",
    "UsersApi",
    "ApiCallEvent",
    "CustomEvent",
    "CustomerTier",
    "ErrorResponse",
    "EventType",
    "GroupBy",
    "HealthGet200Response",
    "Health",
    "ImageGenerationEvent",
    "IngestEvents200Response",
    "IngestEvents202Response",
    "LimitPeriod",
    "LimitType",
    "ProviderName",
    "ReadyGet200Response",
    "Readiness",
    "TokenUsageEvent",
    "UsageEvent",
    "V1AnalyticsBurnForecastGet200Response",
    "BurnForecast",
    "V1AnalyticsBurnForecastGet200ResponseForecastInner",
    "ForecastDay",
    "V1AnalyticsBurnForecastGet200ResponseProjections",
    "V1AnalyticsBurnRateGet200Response",
    "V1AnalyticsBurnRateGet200ResponseData",
    "BurnRate",
    "V1AnalyticsBurnRateGet200ResponseDataLast7Days",
    "BurnWindow",
    "V1AnalyticsBurnRateGet200ResponseDataProjectedRunout",
    "ProjectedRunout",
    "V1AnalyticsBurnRateGet200ResponseDataRecommendationsInner",
    "Recommendation",
    "V1AnalyticsCostBreakdownGet200Response",
    "V1AnalyticsCostBreakdownGet200ResponseDataInner",
    "CostBreakdownRow",
    "V1AnalyticsCostBreakdownGet200ResponsePeriod",
    "V1AnalyticsCostBreakdownGet200ResponseTotals",
    "V1AnalyticsCostsGet200Response",
    "V1AnalyticsCostsGet200ResponseData",
    "CostReport",
    "V1AnalyticsCostsGet200ResponseDataByProviderInner",
    "ModelCost",
    "V1AnalyticsCostsGet200ResponseDataSummary",
    "CostSummary",
    "V1AnalyticsSummaryGet200Response",
    "AccountSummary",
    "V1AnalyticsSummaryGet200ResponseCreditBalance",
    "V1AnalyticsSummaryGet200ResponseLast30Days",
    "V1AnalyticsSummaryGet200ResponseLifetime",
    "V1AnalyticsSummaryGet200ResponseRecentActivityInner",
    "V1AnalyticsUsageGet200Response",
    "V1AnalyticsUsageGet200ResponseData",
    "UsageReport",
    "V1AnalyticsUsageGet200ResponseDataByEventTypeInner",
    "EventTypeUsage",
    "V1AnalyticsUsageGet200ResponseDataByFeatureInner",
    "FeatureUsage",
    "V1AnalyticsUsageGet200ResponseDataByProviderInner",
    "ModelUsage",
    "V1AnalyticsUsageGet200ResponseDataSummary",
    "UsageSummary",
    "V1AnalyticsUsageGet200ResponseDataTimelineInner",
    "DailyUsage",
    "V1AnalyticsUsageTrendsGet200Response",
    "V1AnalyticsUsageTrendsGet200ResponseDataInner",
    "UsageTrend",
    "V1AnalyticsUsageTrendsGet200ResponsePeriod",
    "V1BurnTablesActiveGet200Response",
    "V1BurnTablesCreatePost201Response",
    "V1BurnTablesCreatePost201ResponseData",
    "BurnTable",
    "V1BurnTablesCreatePostRequest",
    "V1BurnTablesCreatePostRequestRulesValue",
    "BurnTableRule",
    "V1BurnTablesIdDelete200Response",
    "V1BurnTablesIdPatchRequest",
    "V1BurnTablesListGet200Response",
    "V1CreditsBalanceGet200Response",
    "V1CreditsBalanceGet200ResponseData",
    "Balance",
    "V1CreditsGrantPost200Response",
    "V1CreditsGrantPost200ResponseData",
    "Grant",
    "V1CreditsGrantPost409Response",
    "V1CreditsGrantPostRequest",
    "V1CreditsPurchasePost200Response",
    "V1CreditsPurchasePost200ResponseData",
    "Purchase",
    "V1CreditsPurchasePostRequest",
    "V1CustomersCustomerIdEntitlementsGet200Response",
    "V1CustomersCustomerIdEntitlementsGet200ResponseDataInner",
    "Entitlement",
    "V1CustomersCustomerIdUsersUserIdCreditsGet200Response",
    "V1CustomersCustomerIdUsersUserIdCreditsGet200ResponseData",
    "UserBalance",
    "V1CustomersCustomerIdUsersUserIdTransactionsGet200Response",
    "V1CustomersCustomerIdUsersUserIdTransactionsGet200ResponseDataInner",
    "Transaction",
    "V1CustomersCustomerIdUsersUserIdTransactionsGet200ResponsePagination",
    "V1CustomersMeGet200Response",
    "V1CustomersMeGet200ResponseData",
    "Customer",
    "V1CustomersRegisterPost201Response",
    "V1CustomersRegisterPost201ResponseData",
    "Registration",
    "V1CustomersRegisterPost400Response",
    "V1CustomersRegisterPostRequest",
    "V1CustomersRotateKeyPost200Response",
    "V1CustomersRotateKeyPost200ResponseData",
    "RotatedKey",
    "V1DemoGeneratePost200Response",
    "V1DemoGeneratePost200ResponseChoicesInner",
    "V1DemoGeneratePost200ResponseChoicesInnerMessage",
    "V1DemoGeneratePost200ResponseUsage",
    "V1DemoGeneratePostRequest",
    "V1EntitlementsCheckPost200Response",
    "EntitlementDecision",
    "V1EntitlementsCheckPost200ResponseActionsInner",
    "V1EntitlementsCheckPostRequest",
    "V1EntitlementsCheckPostRequestAction",
    "EntitlementAction",
    "V1EntitlementsIdPutRequest",
    "V1EntitlementsPost201Response",
    "V1EntitlementsPost201ResponseData",
    "StoredEntitlement",
    "V1EntitlementsPostRequest",
    "V1EventsDlqGet200Response",
    "V1EventsDlqGet200ResponseItemsInner",
    "DeadLetterItem",
    "V1EventsDlqReplayPost200Response",
    "V1EventsDlqReplayPostRequest",
    "V1EventsInfoGet200Response",
    "V1EventsIngestPostRequest",
    "V1EventsListGet200Response",
    "V1EventsListGet200ResponseDataInner",
    "StoredEvent",
    "V1EventsListGet200ResponsePagination",
    "V1InfoGet200Response",
    "ServiceInfo",
    "V1RatingCalculateBulkPost200Response",
    "V1RatingCalculateBulkPostRequest",
    "V1RatingCalculateBulkPostRequestCalculationsInner",
    "V1RatingCalculatePost200Response",
    "CalculatedCost",
    "V1RatingCalculatePost200ResponseCostBreakdown",
    "V1RatingCalculatePost200ResponseCostBreakdownInput",
    "V1RatingCalculatePostRequest",
    "V1RatingPricingGet200Response",
    "V1RatingPricingGet200ResponseDataInner",
    "PriceRow",
    "V1RatingPricingGet200ResponseDataInnerPricing",
    "V1RatingPricingGet200ResponseDataInnerPricingInputToken",
    "V1UsersCreatePost201Response",
    "V1UsersCreatePost201ResponseData",
    "CreatedUser",
    "V1UsersCreatePostRequest",
    "V1UsersListGet200Response",
    "V1UsersListGet200ResponseDataInner",
    "User",
    "V1UsersListGet200ResponsePagination",
    "V1UsersUserIdGet200Response",
    "V1UsersUserIdGet200ResponseData",
    "UserDetails",
    "V1UsersUserIdGet200ResponseDataRecentEventsInner",
    "RecentEvent",
]

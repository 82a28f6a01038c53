"""The client behind `OpenMonetize`: the generated operations, with the same answers from every deployment."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any, TypeVar

from openmonetize._http.client import ApiClient
from openmonetize._http.configuration import Configuration
from openmonetize._http.operation import Operation, RequestOptions
from openmonetize.api.credits_api import (
    V1_CUSTOMERS_CUSTOMER_ID_USERS_USER_ID_CREDITS_GET,
    V1_CUSTOMERS_CUSTOMER_ID_USERS_USER_ID_TRANSACTIONS_GET,
)
from openmonetize.api.entitlements_api import V1_CUSTOMERS_CUSTOMER_ID_ENTITLEMENTS_GET
from openmonetize.api_response import ApiResponse
from openmonetize.compat.burn_rate_rules import correct_burn_rate
from openmonetize.compat.credit_rules import (
    add_idempotency_key,
    notice_wallet,
    notice_wallet_of_check,
    page_locally,
    repeat_after_500,
    report_currency_as_credits,
    return_zero_without_wallet,
    serialize_wallet_changes,
)
from openmonetize.compat.deployment import Deployment
from openmonetize.compat.entitlement_rules import (
    check_video_as_custom,
    omit_null_limit,
    restore_zero_limit,
    warn_of_null_limits,
)
from openmonetize.compat.era_rules import (
    raise_not_served,
    refuse_long_user_id,
    send_customer_id_in_body,
    send_customer_id_in_events,
    send_customer_id_in_query,
    try_path_of_either_era,
)
from openmonetize.compat.rating_rules import calculate_otherwise, fill_in_cost
from openmonetize.compat.rule import OperationCall, Rule, apply_rules

T = TypeVar("T")

# The rules of each operation, the outermost first. `raise_not_served` applies to all operations.
RULES: Mapping[str, tuple[Rule, ...]] = {
    "GET /v1/credits/balance": (report_currency_as_credits, return_zero_without_wallet),
    "POST /v1/credits/grant": (
        add_idempotency_key,
        serialize_wallet_changes,
        repeat_after_500,
        send_customer_id_in_body,
    ),
    "POST /v1/credits/purchase": (serialize_wallet_changes, send_customer_id_in_body),
    "GET /v1/users/{userId}/credits": (
        refuse_long_user_id,
        notice_wallet,
        try_path_of_either_era(V1_CUSTOMERS_CUSTOMER_ID_USERS_USER_ID_CREDITS_GET),
    ),
    "GET /v1/users/{userId}/transactions": (
        refuse_long_user_id,
        page_locally,
        try_path_of_either_era(V1_CUSTOMERS_CUSTOMER_ID_USERS_USER_ID_TRANSACTIONS_GET),
    ),
    "POST /v1/entitlements/check": (notice_wallet_of_check, check_video_as_custom, send_customer_id_in_body),
    "GET /v1/entitlements": (
        warn_of_null_limits,
        try_path_of_either_era(V1_CUSTOMERS_CUSTOMER_ID_ENTITLEMENTS_GET),
    ),
    "POST /v1/entitlements": (restore_zero_limit, omit_null_limit, send_customer_id_in_body),
    "PUT /v1/entitlements/{id}": (restore_zero_limit,),
    "GET /v1/analytics/usage": (send_customer_id_in_query,),
    "GET /v1/analytics/costs": (send_customer_id_in_query,),
    "GET /v1/analytics/burn-rate": (correct_burn_rate, send_customer_id_in_query),
    "GET /v1/analytics/cost-breakdown": (send_customer_id_in_query,),
    "GET /v1/analytics/usage-trends": (send_customer_id_in_query,),
    "GET /v1/analytics/burn-forecast": (send_customer_id_in_query,),
    "POST /v1/rating/calculate": (fill_in_cost, send_customer_id_in_body, calculate_otherwise),
    "POST /v1/rating/calculate/bulk": (fill_in_cost, send_customer_id_in_body),
    "GET /v1/burn-tables": (send_customer_id_in_query,),
    "POST /v1/events/ingest": (send_customer_id_in_events,),
}


class CompatClient(ApiClient):
    """An `ApiClient` that hides the differences between deployments of the platform, and their defects.

    Each rule stands for one of them; `RULES` lists the rules of each operation. Raw responses
    (``*_without_preload_content``, ``call_api``) are left as they are.

    Args:
        configuration: host, key, time-outs.
        customer_id: the customer behind the key, if it is known; otherwise the platform is asked when it matters.
    """

    def __init__(self, configuration: Configuration, customer_id: str | None = None) -> None:
        super().__init__(configuration)
        self.deployment = Deployment(self, customer_id)

    def call(
        self,
        operation: Operation[T],
        values: Mapping[str, Any],
        body: Any,
        options: RequestOptions,
        attempts: int | None = None,
        deadline: float | None = None,
    ) -> ApiResponse[T]:
        """Do as `ApiClient.call`, through the operation's rules, which share its time."""
        rules = RULES.get(f"{operation.method} {operation.path}", ())
        if deadline is None:
            deadline = time.monotonic() + self._timeouts(options)[0]
        call = OperationCall(self.deployment, operation, values, body, options, deadline, attempts)
        return apply_rules((raise_not_served, *rules), call, self._send)

    def customer_id(self) -> str:
        """Return the customer behind the key. The platform is asked the first time.

        Raises:
            ApiException: the platform does not say.
        """
        return self.deployment.customer_id({})

    def _send(self, call: OperationCall) -> ApiResponse[Any]:
        return super().call(call.operation, call.values, call.body, call.options, call.attempts, call.deadline)

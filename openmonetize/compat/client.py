"""The client behind `OpenMonetize`: generated operations in, the same answers from every deployment out."""

from __future__ import annotations

from typing import Any, Callable, Mapping, Optional, Tuple, TypeVar

from openmonetize._http.client import ApiClient
from openmonetize._http.configuration import Configuration
from openmonetize._http.operation import Operation, RequestOptions
from openmonetize.api.credits_api import (
    V1_CUSTOMERS_CUSTOMER_ID_USERS_USER_ID_CREDITS_GET,
    V1_CUSTOMERS_CUSTOMER_ID_USERS_USER_ID_TRANSACTIONS_GET,
)
from openmonetize.api.entitlements_api import V1_CUSTOMERS_CUSTOMER_ID_ENTITLEMENTS_GET
from openmonetize.api_response import ApiResponse
from openmonetize.compat.burn_rate import burn_is_positive
from openmonetize.compat.credits import (
    credits_for_currency,
    key_for_every_grant,
    one_wallet_at_a_time,
    pages_cut_here,
    zero_without_wallet,
)
from openmonetize.compat.deployment import Deployment
from openmonetize.compat.entitlement_limits import custom_for_video, no_null_limit, zero_limit_is_zero
from openmonetize.compat.eras import (
    customer_id_in_body,
    customer_id_in_events,
    customer_id_in_query,
    path_of_either_era,
    readable_user_id,
    say_what_is_not_served,
)
from openmonetize.compat.prices import bulk_of_one, cost_under_both_names
from openmonetize.compat.rule import OperationCall, Rule, through

T = TypeVar("T")

#: The rules of each operation, the outermost first. `say_what_is_not_served` holds for all of them.
RULES: Mapping[str, Tuple[Rule, ...]] = {
    "GET /v1/credits/balance": (credits_for_currency, zero_without_wallet),
    "POST /v1/credits/grant": (key_for_every_grant, one_wallet_at_a_time, customer_id_in_body),
    "POST /v1/credits/purchase": (one_wallet_at_a_time, customer_id_in_body),
    "GET /v1/users/{userId}/credits": (
        readable_user_id,
        path_of_either_era(V1_CUSTOMERS_CUSTOMER_ID_USERS_USER_ID_CREDITS_GET),
    ),
    "GET /v1/users/{userId}/transactions": (
        readable_user_id,
        pages_cut_here,
        path_of_either_era(V1_CUSTOMERS_CUSTOMER_ID_USERS_USER_ID_TRANSACTIONS_GET),
    ),
    "POST /v1/entitlements/check": (custom_for_video, customer_id_in_body),
    "GET /v1/entitlements": (path_of_either_era(V1_CUSTOMERS_CUSTOMER_ID_ENTITLEMENTS_GET),),
    "POST /v1/entitlements": (zero_limit_is_zero, no_null_limit, customer_id_in_body),
    "PUT /v1/entitlements/{id}": (zero_limit_is_zero,),
    "GET /v1/analytics/usage": (customer_id_in_query,),
    "GET /v1/analytics/costs": (customer_id_in_query,),
    "GET /v1/analytics/burn-rate": (burn_is_positive, customer_id_in_query),
    "GET /v1/analytics/cost-breakdown": (customer_id_in_query,),
    "GET /v1/analytics/usage-trends": (customer_id_in_query,),
    "GET /v1/analytics/burn-forecast": (customer_id_in_query,),
    "POST /v1/rating/calculate": (cost_under_both_names, bulk_of_one, customer_id_in_body),
    "POST /v1/rating/calculate/bulk": (cost_under_both_names, customer_id_in_body),
    "GET /v1/burn-tables": (customer_id_in_query,),
    "POST /v1/events/ingest": (customer_id_in_events,),
}


class CompatClient(ApiClient):
    """An `ApiClient` that hides what deployments of the platform do differently, or wrongly.

    Each rule stands for one quirk; which operation has which rules is in `RULES`. Raw answers
    (``*_without_preload_content``, ``call_api``) are left as they are.

    Args:
        configuration: host, key, time-outs.
        customer_id: the customer behind the key, where known; otherwise the platform is asked once it matters.
        wallet_changed: called with the user id after a grant or purchase; None for the customer's own wallet.
    """

    def __init__(
        self,
        configuration: Configuration,
        customer_id: Optional[str] = None,
        wallet_changed: Callable[[Optional[str]], object] = lambda user_id: None,
    ) -> None:
        super().__init__(configuration)
        self.deployment = Deployment(self, customer_id, wallet_changed)

    def call(
        self,
        operation: Operation[T],
        values: Mapping[str, Any],
        body: Any,
        options: RequestOptions,
        attempts: Optional[int] = None,
    ) -> ApiResponse[T]:
        """As `ApiClient.call`, through the operation's rules."""
        rules = RULES.get(f"{operation.method} {operation.path}", ())
        call = OperationCall(self.deployment, operation, values, body, options, attempts)
        return through((say_what_is_not_served, *rules), call, self._send_on)

    def customer_id(self) -> str:
        """The customer behind the key. The platform is asked at the first time.

        Raises:
            ApiException: the platform does not say.
        """
        return self.deployment.customer_id({})

    def _send_on(self, call: OperationCall) -> ApiResponse[Any]:
        return super().call(call.operation, call.values, call.body, call.options, call.attempts)

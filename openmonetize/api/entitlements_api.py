# Generated from openapi.yaml by `make generate`; do not edit.
"""EntitlementsApi: Which user may use which feature, and how often."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Mapping, Optional, Union

from typing_extensions import Unpack

from openmonetize._http.base_api import BaseApi, api_method, with_http_info, without_preload_content
from openmonetize._http.operation import UNSET, Operation, Parameter, RequestOptions, Unset

if TYPE_CHECKING:
    from openmonetize._schema.model import FreeForm, Int
    from openmonetize.models.limit_period import LimitPeriod
    from openmonetize.models.limit_type import LimitType
    from openmonetize.models.v1_customers_customer_id_entitlements_get200_response import (
        V1CustomersCustomerIdEntitlementsGet200Response,
    )
    from openmonetize.models.v1_entitlements_check_post200_response import V1EntitlementsCheckPost200Response
    from openmonetize.models.v1_entitlements_check_post_request import V1EntitlementsCheckPostRequest
    from openmonetize.models.v1_entitlements_check_post_request_action import V1EntitlementsCheckPostRequestAction
    from openmonetize.models.v1_entitlements_id_put_request import V1EntitlementsIdPutRequest
    from openmonetize.models.v1_entitlements_post201_response import V1EntitlementsPost201Response
    from openmonetize.models.v1_entitlements_post_request import V1EntitlementsPostRequest


V1_CUSTOMERS_CUSTOMER_ID_ENTITLEMENTS_GET: Operation[V1CustomersCustomerIdEntitlementsGet200Response] = Operation(
    "GET",
    "/v1/customers/{customerId}/entitlements",
    {"200": "V1CustomersCustomerIdEntitlementsGet200Response"},
    (Parameter("customer_id", "customerId", "path", required=True),),
)
V1_ENTITLEMENTS_CHECK_POST: Operation[V1EntitlementsCheckPost200Response] = Operation(
    "POST",
    "/v1/entitlements/check",
    {"200": "V1EntitlementsCheckPost200Response"},
    (),
    body="V1EntitlementsCheckPostRequest",
    retry="always",
)
V1_ENTITLEMENTS_ID_DELETE: Operation[None] = Operation(
    "DELETE", "/v1/entitlements/{id}", {"204": None}, (Parameter("id", "id", "path", required=True),)
)
V1_ENTITLEMENTS_ID_PUT: Operation[V1EntitlementsPost201Response] = Operation(
    "PUT",
    "/v1/entitlements/{id}",
    {"200": "V1EntitlementsPost201Response"},
    (Parameter("id", "id", "path", required=True),),
    body="V1EntitlementsIdPutRequest",
)
V1_ENTITLEMENTS_LIST_GET: Operation[V1CustomersCustomerIdEntitlementsGet200Response] = Operation(
    "GET", "/v1/entitlements", {"200": "V1CustomersCustomerIdEntitlementsGet200Response"}, ()
)
V1_ENTITLEMENTS_POST: Operation[V1EntitlementsPost201Response] = Operation(
    "POST", "/v1/entitlements", {"201": "V1EntitlementsPost201Response"}, (), body="V1EntitlementsPostRequest"
)


class EntitlementsApi(BaseApi):
    """Which user may use which feature, and how often."""

    @api_method
    def v1_customers_customer_id_entitlements_get(
        self, customer_id: str, **_options: Unpack[RequestOptions]
    ) -> V1CustomersCustomerIdEntitlementsGet200Response:
        """List the entitlements of a customer.

        Seed-era form of the list: feature and limit of each entitlement, without its id, so ids must be remembered from
        creation. The customer must be the one behind the key. Present servers have no such path and answer 404.

        Served by seed-era deployments.

        Args:
            customer_id: Id of the customer behind the key.
            **_options: See :class:`~openmonetize.RequestOptions`.

        Returns:
            200: The entitlements.

        Raises:
            ApiException: The call failed, 400, 401, 403, 404, 429, 500.
        """
        return self._call(V1_CUSTOMERS_CUSTOMER_ID_ENTITLEMENTS_GET, _options, {"customer_id": customer_id})

    v1_customers_customer_id_entitlements_get_with_http_info = with_http_info(v1_customers_customer_id_entitlements_get)
    v1_customers_customer_id_entitlements_get_without_preload_content = without_preload_content(
        v1_customers_customer_id_entitlements_get
    )

    @api_method
    def v1_entitlements_check_post(
        self,
        v1_entitlements_check_post_request: Union[V1EntitlementsCheckPostRequest, Mapping[str, Any], None] = None,
        *,
        customer_id: Optional[str] = None,
        user_id: Optional[str] = None,
        feature_id: Optional[str] = None,
        action: Union[V1EntitlementsCheckPostRequestAction, Mapping[str, Any], None] = None,
        **_options: Unpack[RequestOptions],
    ) -> V1EntitlementsCheckPost200Response:
        """Check whether a user may use a feature.

        Decides from the user's own wallet and the feature's entitlement whether an intended use may go ahead, and
        estimates its price. Nothing is reserved or charged. The answer is 200 for a denial too: read `allowed`. A user
        without a wallet is denied, whatever the customer's wallet holds. A limit counts stored events, not credits or
        tokens, and the first entitlement row of the feature governs every user. Without any entitlement, present
        servers allow what the wallet can pay for, while seed-era servers deny. Events count only after the platform has
        processed them.

        Served by seed-era and present deployments.

        Args:
            v1_entitlements_check_post_request: The whole body, instead of its fields.
            customer_id: Customer that owns the user. Seed-era servers need it and compare it with the key; present
                servers take the customer from the key and drop this field.
            user_id: User whose wallet would pay. Seed-era servers take UUIDs only.
            feature_id: Feature that is about to be used.
            action: A ``V1EntitlementsCheckPostRequestAction``, or a dict.
            **_options: See :class:`~openmonetize.RequestOptions`.

        Returns:
            200: The decision, allowed or not.

        Raises:
            ApiException: The call failed, 400, 401, 403, 413, 415, 429, 500.
        """
        return self._call(
            V1_ENTITLEMENTS_CHECK_POST,
            _options,
            {},
            v1_entitlements_check_post_request,
            {"customer_id": customer_id, "user_id": user_id, "feature_id": feature_id, "action": action},
        )

    v1_entitlements_check_post_with_http_info = with_http_info(v1_entitlements_check_post)
    v1_entitlements_check_post_without_preload_content = without_preload_content(v1_entitlements_check_post)

    @api_method
    def v1_entitlements_id_delete(self, id: str, **_options: Unpack[RequestOptions]) -> None:
        """Delete an entitlement.

        Removes an entitlement for good; the answer has no body. Afterwards present servers gate the feature by the
        wallet alone, while seed-era servers deny it.

        Served by seed-era and present deployments.

        Args:
            id: Id of the entitlement, as returned when it was created.
            **_options: See :class:`~openmonetize.RequestOptions`.

        Returns:
            204: The entitlement was deleted.

        Raises:
            ApiException: The call failed, 400, 401, 403, 404, 429, 500.
        """
        return self._call(V1_ENTITLEMENTS_ID_DELETE, _options, {"id": id})

    v1_entitlements_id_delete_with_http_info = with_http_info(v1_entitlements_id_delete)
    v1_entitlements_id_delete_without_preload_content = without_preload_content(v1_entitlements_id_delete)

    @api_method
    def v1_entitlements_id_put(
        self,
        id: str,
        v1_entitlements_id_put_request: Union[V1EntitlementsIdPutRequest, Mapping[str, Any], None] = None,
        *,
        limit_type: Optional[LimitType] = None,
        limit_value: Union[Int, None, Unset] = UNSET,
        period: Union[LimitPeriod, None, Unset] = UNSET,
        metadata: Optional[FreeForm] = None,
        **_options: Unpack[RequestOptions],
    ) -> V1EntitlementsPost201Response:
        """Change an entitlement.

        Changes the limit, its type, its period or the notes; fields that are left out keep their values. The feature
        and the user cannot be changed, and a period cannot be cleared. A body is needed even if it is empty (`{}`).

        Served by seed-era and present deployments.

        Args:
            id: Id of the entitlement, as returned when it was created.
            v1_entitlements_id_put_request: The whole body, instead of its fields.
            limit_type: HARD denies at the limit, SOFT only warns, NONE has no limit.
            limit_value: Limit in events per period, whole. Null removes the limit.
            period: Window in which events are counted. Null is accepted and ignored: a period cannot be cleared.
            metadata: Free-form notes that replace the stored ones.
            **_options: See :class:`~openmonetize.RequestOptions`.

        Returns:
            200: The entitlement after the change.

        Raises:
            ApiException: The call failed, 400, 401, 403, 404, 413, 415, 429, 500.
        """
        return self._call(
            V1_ENTITLEMENTS_ID_PUT,
            _options,
            {"id": id},
            v1_entitlements_id_put_request,
            {"limit_type": limit_type, "limit_value": limit_value, "period": period, "metadata": metadata},
        )

    v1_entitlements_id_put_with_http_info = with_http_info(v1_entitlements_id_put)
    v1_entitlements_id_put_without_preload_content = without_preload_content(v1_entitlements_id_put)

    @api_method
    def v1_entitlements_list_get(
        self, **_options: Unpack[RequestOptions]
    ) -> V1CustomersCustomerIdEntitlementsGet200Response:
        """List the entitlements of the account.

        Returns every entitlement of the account behind the key, with the events counted in the running period. There is
        no paging. Present deployments list a limit of 0, which blocks, as null, so that it cannot be told apart from no
        limit; a check of the feature shows which it is. Seed-era servers list entitlements under the customer's path
        instead.

        Served by present deployments.

        Args:
            **_options: See :class:`~openmonetize.RequestOptions`.

        Returns:
            200: The entitlements.

        Raises:
            ApiException: The call failed, 401, 403, 404, 429, 500.
        """
        return self._call(V1_ENTITLEMENTS_LIST_GET, _options)

    v1_entitlements_list_get_with_http_info = with_http_info(v1_entitlements_list_get)
    v1_entitlements_list_get_without_preload_content = without_preload_content(v1_entitlements_list_get)

    @api_method
    def v1_entitlements_post(
        self,
        v1_entitlements_post_request: Union[V1EntitlementsPostRequest, Mapping[str, Any], None] = None,
        *,
        customer_id: Optional[str] = None,
        user_id: Optional[str] = None,
        feature_id: Optional[str] = None,
        limit_type: Optional[LimitType] = None,
        limit_value: Union[Int, None, Unset] = UNSET,
        period: Union[LimitPeriod, None, Unset] = UNSET,
        metadata: Optional[FreeForm] = None,
        **_options: Unpack[RequestOptions],
    ) -> V1EntitlementsPost201Response:
        """Create an entitlement.

        Adds a limit on the number of events for a feature. The platform does not keep entitlements unique: a repeated
        call adds a second row for the same feature, and which of them governs is undefined. A `userId` must belong to
        an existing user, otherwise the answer is 500.

        Served by seed-era and present deployments.

        Args:
            v1_entitlements_post_request: The whole body, instead of its fields.
            customer_id: Customer that owns the user. Seed-era servers need it and compare it with the key; present
                servers take the customer from the key and drop this field.
            user_id: Existing user whose events alone count against the limit. Omit it to count every user of the
                customer.
            feature_id: Feature that the entitlement governs.
            limit_type: HARD denies at the limit, SOFT only warns, NONE has no limit.
            limit_value: Limit in events per period, whole; 0 or less blocks at once under HARD. Null, or no value,
                means that a HARD or SOFT entitlement checks nothing. Seed-era servers fail on an explicit null.
            period: Window in which events are counted. Null, or no value, means all time.
            metadata: Free-form notes kept with the entitlement.
            **_options: See :class:`~openmonetize.RequestOptions`.

        Returns:
            201: The entitlement was created.

        Raises:
            ApiException: The call failed, 400, 401, 403, 413, 415, 429, 500.
        """
        return self._call(
            V1_ENTITLEMENTS_POST,
            _options,
            {},
            v1_entitlements_post_request,
            {
                "customer_id": customer_id,
                "user_id": user_id,
                "feature_id": feature_id,
                "limit_type": limit_type,
                "limit_value": limit_value,
                "period": period,
                "metadata": metadata,
            },
        )

    v1_entitlements_post_with_http_info = with_http_info(v1_entitlements_post)
    v1_entitlements_post_without_preload_content = without_preload_content(v1_entitlements_post)

    list_for_customer = v1_customers_customer_id_entitlements_get
    check = v1_entitlements_check_post
    delete = v1_entitlements_id_delete
    update = v1_entitlements_id_put
    list = v1_entitlements_list_get
    create = v1_entitlements_post

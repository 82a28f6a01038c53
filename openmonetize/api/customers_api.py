# Generated from openapi.yaml by `make generate`; do not edit.
"""CustomersApi: Registration, the account behind the key, and key rotation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Mapping, Optional, Union

from typing_extensions import Unpack

from openmonetize._http.base_api import BaseApi, api_method, with_http_info, without_preload_content
from openmonetize._http.operation import Operation, RequestOptions

if TYPE_CHECKING:
    from openmonetize.models.customer_tier import CustomerTier
    from openmonetize.models.v1_customers_me_get200_response import V1CustomersMeGet200Response
    from openmonetize.models.v1_customers_register_post201_response import V1CustomersRegisterPost201Response
    from openmonetize.models.v1_customers_register_post_request import V1CustomersRegisterPostRequest
    from openmonetize.models.v1_customers_rotate_key_post200_response import V1CustomersRotateKeyPost200Response


V1_CUSTOMERS_ME_GET: Operation[V1CustomersMeGet200Response] = Operation(
    "GET", "/v1/customers/me", {"200": "V1CustomersMeGet200Response"}, ()
)
V1_CUSTOMERS_REGISTER_POST: Operation[V1CustomersRegisterPost201Response] = Operation(
    "POST",
    "/v1/customers/register",
    {
        "201": "V1CustomersRegisterPost201Response",
        "400": "V1CustomersRegisterPost400Response",
        "409": "V1CustomersRegisterPost400Response",
    },
    (),
    body="V1CustomersRegisterPostRequest",
    auth="none",
)
V1_CUSTOMERS_ROTATE_KEY_POST: Operation[V1CustomersRotateKeyPost200Response] = Operation(
    "POST", "/v1/customers/rotate-key", {"200": "V1CustomersRotateKeyPost200Response"}, ()
)


class CustomersApi(BaseApi):
    """Registration, the account behind the key, and key rotation."""

    @api_method
    def v1_customers_me_get(self, **_options: Unpack[RequestOptions]) -> V1CustomersMeGet200Response:
        """Get the customer that the API key belongs to.

        The cheapest way to test a key and to learn the customer id that seed-era operations ask for. Present
        deployments serve it although their published contract does not list it.

        Served by seed-era and present deployments.

        Args:
            **_options: See :class:`~openmonetize.RequestOptions`.

        Returns:
            200: The customer.

        Raises:
            ApiException: The call failed, 401, 404, 429, 500.
        """
        return self._call(V1_CUSTOMERS_ME_GET, _options)

    v1_customers_me_get_with_http_info = with_http_info(v1_customers_me_get)
    v1_customers_me_get_without_preload_content = without_preload_content(v1_customers_me_get)

    @api_method
    def v1_customers_register_post(
        self,
        v1_customers_register_post_request: Union[V1CustomersRegisterPostRequest, Mapping[str, Any], None] = None,
        *,
        name: Optional[str] = None,
        email: Optional[str] = None,
        tier: Optional[CustomerTier] = None,
        **_options: Unpack[RequestOptions],
    ) -> V1CustomersRegisterPost201Response:
        """Register a customer and get its API key.

        Creates a customer and shows its API key, this once and never again. Needs no key; one that is sent is ignored.
        No wallet, user or credit comes with it, so grant credits next. Never repeat the call blindly: if the answer was
        lost, the customer exists, a second attempt gets 409, and the key cannot be recovered here.

        Served by seed-era and present deployments.

        Args:
            v1_customers_register_post_request: The whole body, instead of its fields.
            name: Name of the customer, 1 to 255 characters.
            email: Email address, unique on the platform. Compared exactly, so two spellings that differ in case are two
                customers.
            tier: Plan of the customer. It sets the monthly event quota: STARTER 10,000, GROWTH 100,000, ENTERPRISE
                unlimited. STARTER if left out.
            **_options: See :class:`~openmonetize.RequestOptions`.

        Returns:
            201: The customer was created.

        Raises:
            ApiException: The call failed, 400, 409, 413, 415, 429, 500.
        """
        return self._call(
            V1_CUSTOMERS_REGISTER_POST,
            _options,
            {},
            v1_customers_register_post_request,
            {"name": name, "email": email, "tier": tier},
        )

    v1_customers_register_post_with_http_info = with_http_info(v1_customers_register_post)
    v1_customers_register_post_without_preload_content = without_preload_content(v1_customers_register_post)

    @api_method
    def v1_customers_rotate_key_post(self, **_options: Unpack[RequestOptions]) -> V1CustomersRotateKeyPost200Response:
        """Replace the API key by a new one.

        Makes a new API key for the customer and shows it once. The key of this request stops working at the same
        moment, everywhere. Takes no body. Never repeat the call blindly: if the answer was lost, neither the old nor
        the new key is at hand any more.

        Served by present deployments, outside the published contract.

        Args:
            **_options: See :class:`~openmonetize.RequestOptions`.

        Returns:
            200: The new key.

        Raises:
            ApiException: The call failed, 401, 429, 500.
        """
        return self._call(V1_CUSTOMERS_ROTATE_KEY_POST, _options)

    v1_customers_rotate_key_post_with_http_info = with_http_info(v1_customers_rotate_key_post)
    v1_customers_rotate_key_post_without_preload_content = without_preload_content(v1_customers_rotate_key_post)

    me = v1_customers_me_get
    register = v1_customers_register_post
    rotate_key = v1_customers_rotate_key_post

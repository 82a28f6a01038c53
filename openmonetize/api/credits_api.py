# Generated from openapi.yaml by `make generate`; do not edit.
"""CreditsApi: Wallets of the customer and of users, their balances, grants, purchases and transactions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Mapping, Optional, Union

from typing_extensions import Unpack

from openmonetize._http.base_api import BaseApi, api_method, with_http_info, without_preload_content
from openmonetize._http.operation import Operation, Parameter, RequestOptions
from openmonetize._http.paging import Progress, Rows

if TYPE_CHECKING:
    from openmonetize._schema.model import Dec, FreeForm, Int, RequestTimestamp
    from openmonetize.models.v1_credits_balance_get200_response import V1CreditsBalanceGet200Response
    from openmonetize.models.v1_credits_grant_post200_response import V1CreditsGrantPost200Response
    from openmonetize.models.v1_credits_grant_post_request import V1CreditsGrantPostRequest
    from openmonetize.models.v1_credits_purchase_post200_response import V1CreditsPurchasePost200Response
    from openmonetize.models.v1_credits_purchase_post_request import V1CreditsPurchasePostRequest
    from openmonetize.models.v1_customers_customer_id_users_user_id_credits_get200_response import (
        V1CustomersCustomerIdUsersUserIdCreditsGet200Response,
    )
    from openmonetize.models.v1_customers_customer_id_users_user_id_transactions_get200_response import (
        V1CustomersCustomerIdUsersUserIdTransactionsGet200Response,
    )
    from openmonetize.models.v1_customers_customer_id_users_user_id_transactions_get200_response_data_inner import (
        V1CustomersCustomerIdUsersUserIdTransactionsGet200ResponseDataInner,
    )


V1_CREDITS_BALANCE_GET: Operation[V1CreditsBalanceGet200Response] = Operation(
    "GET", "/v1/credits/balance", {"200": "V1CreditsBalanceGet200Response"}, ()
)
V1_CREDITS_GRANT_POST: Operation[V1CreditsGrantPost200Response] = Operation(
    "POST",
    "/v1/credits/grant",
    {"200": "V1CreditsGrantPost200Response", "409": "V1CreditsGrantPost409Response"},
    (),
    body="V1CreditsGrantPostRequest",
    retry="idempotency_key",
)
V1_CREDITS_PURCHASE_POST: Operation[V1CreditsPurchasePost200Response] = Operation(
    "POST", "/v1/credits/purchase", {"200": "V1CreditsPurchasePost200Response"}, (), body="V1CreditsPurchasePostRequest"
)
V1_CUSTOMERS_CUSTOMER_ID_USERS_USER_ID_CREDITS_GET: Operation[V1CustomersCustomerIdUsersUserIdCreditsGet200Response] = (
    Operation(
        "GET",
        "/v1/customers/{customerId}/users/{userId}/credits",
        {"200": "V1CustomersCustomerIdUsersUserIdCreditsGet200Response"},
        (
            Parameter("customer_id", "customerId", "path", required=True),
            Parameter("user_id", "userId", "path", required=True),
        ),
    )
)
V1_CUSTOMERS_CUSTOMER_ID_USERS_USER_ID_TRANSACTIONS_GET: Operation[
    V1CustomersCustomerIdUsersUserIdTransactionsGet200Response
] = Operation(
    "GET",
    "/v1/customers/{customerId}/users/{userId}/transactions",
    {"200": "V1CustomersCustomerIdUsersUserIdTransactionsGet200Response"},
    (
        Parameter("customer_id", "customerId", "path", required=True),
        Parameter("user_id", "userId", "path", required=True),
        Parameter("limit", "limit", "query", "int", minimum=1, maximum=100),
        Parameter("offset", "offset", "query", "int", minimum=0),
    ),
)
V1_USERS_USER_ID_CREDITS_GET: Operation[V1CustomersCustomerIdUsersUserIdCreditsGet200Response] = Operation(
    "GET",
    "/v1/users/{userId}/credits",
    {"200": "V1CustomersCustomerIdUsersUserIdCreditsGet200Response"},
    (Parameter("user_id", "userId", "path", required=True),),
)
V1_USERS_USER_ID_TRANSACTIONS_GET: Operation[V1CustomersCustomerIdUsersUserIdTransactionsGet200Response] = Operation(
    "GET",
    "/v1/users/{userId}/transactions",
    {"200": "V1CustomersCustomerIdUsersUserIdTransactionsGet200Response"},
    (
        Parameter("user_id", "userId", "path", required=True),
        Parameter("limit", "limit", "query", "int", minimum=1, maximum=100),
        Parameter("offset", "offset", "query", "int", minimum=0),
    ),
)


class CreditsApi(BaseApi):
    """Wallets of the customer and of users, their balances, grants, purchases and transactions."""

    @api_method
    def v1_credits_balance_get(self, **_options: Unpack[RequestOptions]) -> V1CreditsBalanceGet200Response:
        """Get the balance of the customer's own wallet.

        Covers the customer's wallet only, which pays for events without a user; users have wallets of their own and
        never draw on this one. Without a wallet seed-era deployments answer 404, present ones zeros with currency
        `USD`. Amounts are whole credits, 1,000 to the US dollar.

        Served by seed-era and present deployments.

        Args:
            **_options: See :class:`~openmonetize.RequestOptions`.

        Returns:
            200: The balance.

        Raises:
            ApiException: The call failed, 401, 404, 429, 500.
        """
        return self._call(V1_CREDITS_BALANCE_GET, _options)

    v1_credits_balance_get_with_http_info = with_http_info(v1_credits_balance_get)
    v1_credits_balance_get_without_preload_content = without_preload_content(v1_credits_balance_get)

    @api_method
    def v1_credits_grant_post(
        self,
        v1_credits_grant_post_request: Union[V1CreditsGrantPostRequest, Mapping[str, Any], None] = None,
        *,
        customer_id: Optional[str] = None,
        user_id: Optional[str] = None,
        team_id: Optional[str] = None,
        amount: Optional[Int] = None,
        reason: Optional[str] = None,
        metadata: Optional[FreeForm] = None,
        idempotency_key: Optional[str] = None,
        expires_at: Optional[RequestTimestamp] = None,
        **_options: Unpack[RequestOptions],
    ) -> V1CreditsGrantPost200Response:
        """Give credits to one wallet.

        Adds credits to the wallet of a user, a team or, with neither, the customer; a missing wallet is made. With an
        `idempotencyKey` the call may be repeated: a repeat answers with the first booking, whatever amount or user it
        names. Keys are shared by all customers of the platform, so make them globally unique. Grant to one wallet one
        at a time: parallel grants can all answer 200 and still lose credits. Grant before usage or after it is billed:
        a burn that is booked at the same moment can vanish from the balance. `expiresAt` moves the expiry of the whole
        wallet.

        Served by seed-era and present deployments.

        Args:
            v1_credits_grant_post_request: The whole body, instead of its fields.
            customer_id: Id of the customer. Seed-era servers need it and refuse an id other than the key's; present
                servers ignore it.
            user_id: User whose wallet is credited. Wins over `teamId`; without either the customer's own wallet is
                credited.
            team_id: Team whose wallet is credited, if no `userId` is given. The team must exist, and no operation
                creates one.
            amount: Credits to add, a whole number from 1 (1,000 credits are 1 USD). A fraction is answered with 500;
                above 2^53-1 the server would book another amount.
            reason: Text for the transaction's description. Generated if left out or empty.
            metadata: Facts of your own to store with the transaction. No operation returns them.
            idempotency_key: Makes repeating the grant safe. Must be unique across all customers of the platform, for
                example a random UUID; an empty string counts as none.
            expires_at: When the whole wallet expires, earlier credits included (UTC). If left out the wallet keeps its
                expiry.
            **_options: See :class:`~openmonetize.RequestOptions`.

        Returns:
            200: The grant was booked, now or by an earlier call with the same key.

        Raises:
            ApiException: The call failed, 400, 401, 403, 409, 413, 415, 429, 500.
        """
        return self._call(
            V1_CREDITS_GRANT_POST,
            _options,
            {},
            v1_credits_grant_post_request,
            {
                "customer_id": customer_id,
                "user_id": user_id,
                "team_id": team_id,
                "amount": amount,
                "reason": reason,
                "metadata": metadata,
                "idempotency_key": idempotency_key,
                "expires_at": expires_at,
            },
        )

    v1_credits_grant_post_with_http_info = with_http_info(v1_credits_grant_post)
    v1_credits_grant_post_without_preload_content = without_preload_content(v1_credits_grant_post)

    @api_method
    def v1_credits_purchase_post(
        self,
        v1_credits_purchase_post_request: Union[V1CreditsPurchasePostRequest, Mapping[str, Any], None] = None,
        *,
        customer_id: Optional[str] = None,
        user_id: Optional[str] = None,
        amount: Optional[Int] = None,
        purchase_price: Optional[Dec] = None,
        expires_at: Optional[RequestTimestamp] = None,
        **_options: Unpack[RequestOptions],
    ) -> V1CreditsPurchasePost200Response:
        """Book credits that a user has bought.

        Adds credits to a user's wallet and records the price in USD. No payment is taken. There is no idempotency key:
        every repeat adds the credits again, so after a lost answer look at the user's transactions first. As with
        grants, changes of one wallet at the same moment can be lost. User ids are shared by all customers of a present
        deployment; an id that another customer uses is answered with 500.

        Served by seed-era and present deployments.

        Args:
            v1_credits_purchase_post_request: The whole body, instead of its fields.
            customer_id: Id of the customer. Seed-era servers need it and refuse an id other than the key's; present
                servers ignore it.
            user_id: User whose wallet is credited.
            amount: Credits to add, a whole number from 1. A fraction is answered with 500; above 2^53-1 the server
                would book another amount.
            purchase_price: What the user paid, in USD. It is only recorded; no payment is taken. Present servers refuse
                0.
            expires_at: When the whole wallet expires, earlier credits included (UTC). If left out the wallet keeps its
                expiry.
            **_options: See :class:`~openmonetize.RequestOptions`.

        Returns:
            200: The purchase was booked.

        Raises:
            ApiException: The call failed, 400, 401, 403, 413, 415, 429, 500.
        """
        return self._call(
            V1_CREDITS_PURCHASE_POST,
            _options,
            {},
            v1_credits_purchase_post_request,
            {
                "customer_id": customer_id,
                "user_id": user_id,
                "amount": amount,
                "purchase_price": purchase_price,
                "expires_at": expires_at,
            },
        )

    v1_credits_purchase_post_with_http_info = with_http_info(v1_credits_purchase_post)
    v1_credits_purchase_post_without_preload_content = without_preload_content(v1_credits_purchase_post)

    @api_method
    def v1_customers_customer_id_users_user_id_credits_get(
        self, customer_id: str, user_id: str, **_options: Unpack[RequestOptions]
    ) -> V1CustomersCustomerIdUsersUserIdCreditsGet200Response:
        """Get a user's balance (seed-era path).

        The seed-era form of `GET /v1/users/{userId}/credits`, with the same answer. 403 if the customer id is not the
        key's, 404 if the user has no wallet. Present deployments answer 404 with a message that names the route.

        Served by seed-era deployments.

        Args:
            customer_id: Id of the customer, the one that the key belongs to.
            user_id: Id of the user. Seed-era servers take UUIDs of existing users only.
            **_options: See :class:`~openmonetize.RequestOptions`.

        Returns:
            200: The balance.

        Raises:
            ApiException: The call failed, 400, 401, 403, 404, 429, 500.
        """
        return self._call(
            V1_CUSTOMERS_CUSTOMER_ID_USERS_USER_ID_CREDITS_GET,
            _options,
            {"customer_id": customer_id, "user_id": user_id},
        )

    v1_customers_customer_id_users_user_id_credits_get_with_http_info = with_http_info(
        v1_customers_customer_id_users_user_id_credits_get
    )
    v1_customers_customer_id_users_user_id_credits_get_without_preload_content = without_preload_content(
        v1_customers_customer_id_users_user_id_credits_get
    )

    @api_method
    def v1_customers_customer_id_users_user_id_transactions_get(
        self,
        customer_id: str,
        user_id: str,
        limit: Optional[int] = None,
        offset: Optional[int] = None,
        **_options: Unpack[RequestOptions],
    ) -> V1CustomersCustomerIdUsersUserIdTransactionsGet200Response:
        """List a user's bookings (seed-era path).

        The seed-era form of `GET /v1/users/{userId}/transactions`, with the same answer and working paging. 403 if the
        customer id is not the key's. Present deployments answer 404 with a message that names the route.

        Served by seed-era deployments.

        Args:
            customer_id: Id of the customer, the one that the key belongs to.
            user_id: Id of the user. Seed-era servers take UUIDs of existing users only.
            limit: Most rows to return, 1 to 100; 50 if left out.
            offset: Rows to skip, from 0; 0 if left out.
            **_options: See :class:`~openmonetize.RequestOptions`.

        Returns:
            200: A page of bookings, newest first.

        Raises:
            ApiException: The call failed, 400, 401, 403, 404, 429, 500.
        """
        return self._call(
            V1_CUSTOMERS_CUSTOMER_ID_USERS_USER_ID_TRANSACTIONS_GET,
            _options,
            {"customer_id": customer_id, "user_id": user_id, "limit": limit, "offset": offset},
        )

    v1_customers_customer_id_users_user_id_transactions_get_with_http_info = with_http_info(
        v1_customers_customer_id_users_user_id_transactions_get
    )
    v1_customers_customer_id_users_user_id_transactions_get_without_preload_content = without_preload_content(
        v1_customers_customer_id_users_user_id_transactions_get
    )

    @api_method
    def v1_users_user_id_credits_get(
        self, user_id: str, **_options: Unpack[RequestOptions]
    ) -> V1CustomersCustomerIdUsersUserIdCreditsGet200Response:
        """Get a user's balance.

        Covers this user's wallet only; the customer's wallet never pays for a user. 404 if the user has no wallet yet.
        The balance may be negative, and it ignores `expiresAt`: only entitlement checks look at the expiry. Seed-era
        deployments answer 404 with a message that names the route.

        Served by present deployments.

        Args:
            user_id: Id of the user as sent with grants, purchases and events, percent-encoded by the client. Ids above
                100 characters are answered with 404.
            **_options: See :class:`~openmonetize.RequestOptions`.

        Returns:
            200: The balance.

        Raises:
            ApiException: The call failed, 400, 401, 403, 404, 429, 500.
        """
        return self._call(V1_USERS_USER_ID_CREDITS_GET, _options, {"user_id": user_id})

    v1_users_user_id_credits_get_with_http_info = with_http_info(v1_users_user_id_credits_get)
    v1_users_user_id_credits_get_without_preload_content = without_preload_content(v1_users_user_id_credits_get)

    @api_method
    def v1_users_user_id_transactions_get(
        self,
        user_id: str,
        limit: Optional[int] = None,
        offset: Optional[int] = None,
        **_options: Unpack[RequestOptions],
    ) -> V1CustomersCustomerIdUsersUserIdTransactionsGet200Response:
        """List a user's bookings.

        Grants, purchases and burns of one user's wallet, newest first. An unknown user gives an empty list, not 404.
        Present deployments answer 400 to any `limit` or `offset`, valid ones included; without them the newest 50 rows
        arrive. Seed-era deployments answer 404 with a message that names the route.

        Served by present deployments.

        Args:
            user_id: Id of the user as sent with grants, purchases and events, percent-encoded by the client. Ids above
                100 characters are answered with 404.
            limit: Most rows to return, 1 to 100; 50 if left out. Refused with 400 by today's servers.
            offset: Rows to skip, from 0; 0 if left out. Refused with 400 by today's servers.
            **_options: See :class:`~openmonetize.RequestOptions`.

        Returns:
            200: A page of bookings, newest first.

        Raises:
            ApiException: The call failed, 400, 401, 403, 404, 429, 500.
        """
        return self._call(
            V1_USERS_USER_ID_TRANSACTIONS_GET, _options, {"user_id": user_id, "limit": limit, "offset": offset}
        )

    v1_users_user_id_transactions_get_with_http_info = with_http_info(v1_users_user_id_transactions_get)
    v1_users_user_id_transactions_get_without_preload_content = without_preload_content(
        v1_users_user_id_transactions_get
    )

    @api_method
    def iter_customer_user_transactions(
        self,
        customer_id: str,
        user_id: str,
        *,
        page_size: int = 100,
        progress: Optional[Progress] = None,
        **_options: Unpack[RequestOptions],
    ) -> Rows[V1CustomersCustomerIdUsersUserIdTransactionsGet200ResponseDataInner]:
        """Return an iterator over the rows of all pages of :meth:`customer_user_transactions`, newest first.

        A row comes once, and none is left out while others are added: those are newer than the first one, and not read.

        Args:
            customer_id: Id of the customer, the one that the key belongs to.
            user_id: Id of the user. Seed-era servers take UUIDs of existing users only.
            page_size: Rows to ask for at a time, 1 to 100.
            progress: Called after each page with the rows read so far, and the rows there were at the beginning; True
                for a progress bar, which tqdm draws.
            **_options: See :class:`~openmonetize.RequestOptions`; they apply to each page.

        Raises:
            ApiException: A page could not be read. The rows before it have been yielded.
        """
        return self._rows(
            self.iter_customer_user_transactions,
            _options,
            lambda limit, offset: self.v1_customers_customer_id_users_user_id_transactions_get(
                customer_id, user_id, limit=limit, offset=offset, **_options
            ),
            page_size,
            progress,
            largest=100,
            key="id",
            total="pagination.total",
            row="V1CustomersCustomerIdUsersUserIdTransactionsGet200ResponseDataInner",
        )

    @api_method
    def iter_transactions(
        self,
        user_id: str,
        *,
        page_size: int = 100,
        progress: Optional[Progress] = None,
        **_options: Unpack[RequestOptions],
    ) -> Rows[V1CustomersCustomerIdUsersUserIdTransactionsGet200ResponseDataInner]:
        """Return an iterator over the rows of all pages of :meth:`transactions`, newest first.

        A row comes once, and none is left out while others are added: those are newer than the first one, and not read.

        Args:
            user_id: Id of the user as sent with grants, purchases and events, percent-encoded by the client. Ids above
                100 characters are answered with 404.
            page_size: Rows to ask for at a time, 1 to 100.
            progress: Called after each page with the rows read so far, and the rows there were at the beginning; True
                for a progress bar, which tqdm draws.
            **_options: See :class:`~openmonetize.RequestOptions`; they apply to each page.

        Raises:
            ApiException: A page could not be read. The rows before it have been yielded.
        """
        return self._rows(
            self.iter_transactions,
            _options,
            lambda limit, offset: self.v1_users_user_id_transactions_get(
                user_id, limit=limit, offset=offset, **_options
            ),
            page_size,
            progress,
            largest=100,
            key="id",
            total="pagination.total",
            row="V1CustomersCustomerIdUsersUserIdTransactionsGet200ResponseDataInner",
        )

    balance = v1_credits_balance_get
    grant = v1_credits_grant_post
    purchase = v1_credits_purchase_post
    customer_user_balance = v1_customers_customer_id_users_user_id_credits_get
    customer_user_transactions = v1_customers_customer_id_users_user_id_transactions_get
    user_balance = v1_users_user_id_credits_get
    transactions = v1_users_user_id_transactions_get

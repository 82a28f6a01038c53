# Generated from openapi.yaml by `make generate`; do not edit.
"""UsersApi: The customer's users."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Mapping, Optional, Union

from typing_extensions import Unpack

from openmonetize._http.base_api import BaseApi, api_method, with_http_info, without_preload_content
from openmonetize._http.operation import Operation, Parameter, RequestOptions
from openmonetize._http.paging import Progress, Rows

if TYPE_CHECKING:
    from openmonetize._schema.model import FreeForm
    from openmonetize.models.v1_users_create_post201_response import V1UsersCreatePost201Response
    from openmonetize.models.v1_users_create_post_request import V1UsersCreatePostRequest
    from openmonetize.models.v1_users_list_get200_response import V1UsersListGet200Response
    from openmonetize.models.v1_users_list_get200_response_data_inner import V1UsersListGet200ResponseDataInner
    from openmonetize.models.v1_users_user_id_get200_response import V1UsersUserIdGet200Response


V1_USERS_CREATE_POST: Operation[V1UsersCreatePost201Response] = Operation(
    "POST", "/v1/users", {"201": "V1UsersCreatePost201Response"}, (), body="V1UsersCreatePostRequest"
)
V1_USERS_LIST_GET: Operation[V1UsersListGet200Response] = Operation(
    "GET",
    "/v1/users",
    {"200": "V1UsersListGet200Response"},
    (
        Parameter("limit", "limit", "query", "int", minimum=1, maximum=100),
        Parameter("offset", "offset", "query", "int", minimum=0),
        Parameter("search", "search", "query"),
    ),
)
V1_USERS_USER_ID_GET: Operation[V1UsersUserIdGet200Response] = Operation(
    "GET",
    "/v1/users/{userId}",
    {"200": "V1UsersUserIdGet200Response"},
    (Parameter("user_id", "userId", "path", required=True),),
)


class UsersApi(BaseApi):
    """The customer's users."""

    @api_method
    def v1_users_create_post(
        self,
        v1_users_create_post_request: Union[V1UsersCreatePostRequest, Mapping[str, Any], None] = None,
        *,
        external_user_id: Optional[str] = None,
        email: Optional[str] = None,
        metadata: Optional[FreeForm] = None,
        **_options: Unpack[RequestOptions],
    ) -> V1UsersCreatePost201Response:
        """Create an end user.

        Rarely wanted: users come into being by themselves with their first grant, purchase or event. A user created
        here has an internal id that differs from yours; on present deployments later grants and purchases for either id
        then fail and events are lost. 409 if the external id exists.

        Served by present deployments, outside the published contract.

        Args:
            v1_users_create_post_request: The whole body, instead of its fields.
            external_user_id: Your own id of the user, 1 to 255 characters. Unique within the customer.
            email: Email address of the user.
            metadata: Facts of your own about the user.
            **_options: See :class:`~openmonetize.RequestOptions`.

        Returns:
            201: The user was created.

        Raises:
            ApiException: The call failed, 400, 401, 409, 413, 415, 429, 500.
        """
        return self._call(
            V1_USERS_CREATE_POST,
            _options,
            {},
            v1_users_create_post_request,
            {"external_user_id": external_user_id, "email": email, "metadata": metadata},
        )

    v1_users_create_post_with_http_info = with_http_info(v1_users_create_post)
    v1_users_create_post_without_preload_content = without_preload_content(v1_users_create_post)

    @api_method
    def v1_users_list_get(
        self,
        limit: Optional[int] = None,
        offset: Optional[int] = None,
        search: Optional[str] = None,
        **_options: Unpack[RequestOptions],
    ) -> V1UsersListGet200Response:
        """List the customer's end users.

        End users with their credit balance and number of events, newest first. A user appears when a grant, a purchase
        or an event first names it, or when it is created by `POST /v1/users`.

        Served by present deployments, outside the published contract.

        Args:
            limit: Most rows to return, 1 to 100.
            offset: Rows to skip, from 0.
            search: Part of an external id or email address to look for; case does not matter.
            **_options: See :class:`~openmonetize.RequestOptions`.

        Returns:
            200: A page of users, newest first.

        Raises:
            ApiException: The call failed, 400, 401, 429, 500.
        """
        return self._call(V1_USERS_LIST_GET, _options, {"limit": limit, "offset": offset, "search": search})

    v1_users_list_get_with_http_info = with_http_info(v1_users_list_get)
    v1_users_list_get_without_preload_content = without_preload_content(v1_users_list_get)

    @api_method
    def v1_users_user_id_get(self, user_id: str, **_options: Unpack[RequestOptions]) -> V1UsersUserIdGet200Response:
        """Get one end user with recent events.

        Credits, usage and the ten latest events of one user. The id is the internal one: for a user made by `POST
        /v1/users` that is the UUID of its answer, and your own id is answered with 404; for all others both are the
        same.

        Served by present deployments, outside the published contract.

        Args:
            user_id: Internal id of the user, percent-encoded by the client. Ids above 100 characters are answered with
                404.
            **_options: See :class:`~openmonetize.RequestOptions`.

        Returns:
            200: The user.

        Raises:
            ApiException: The call failed, 400, 401, 404, 429, 500.
        """
        return self._call(V1_USERS_USER_ID_GET, _options, {"user_id": user_id})

    v1_users_user_id_get_with_http_info = with_http_info(v1_users_user_id_get)
    v1_users_user_id_get_without_preload_content = without_preload_content(v1_users_user_id_get)

    @api_method
    def iter_list(
        self,
        search: Optional[str] = None,
        *,
        page_size: int = 100,
        progress: Optional[Progress] = None,
        **_options: Unpack[RequestOptions],
    ) -> Rows[V1UsersListGet200ResponseDataInner]:
        """Return an iterator over the rows of all pages of :meth:`list`, newest first.

        A row comes once, and none is left out while others are added: those are newer than the first one, and not read.

        Args:
            search: Part of an external id or email address to look for; case does not matter.
            page_size: Rows to ask for at a time, 1 to 100.
            progress: Called after each page with the rows read so far, and the rows there were at the beginning; True
                for a progress bar, which tqdm draws.
            **_options: See :class:`~openmonetize.RequestOptions`; they apply to each page.

        Raises:
            ApiException: A page could not be read. The rows before it have been yielded.
        """
        return self._rows(
            self.iter_list,
            _options,
            lambda limit, offset: self.v1_users_list_get(search=search, limit=limit, offset=offset, **_options),
            page_size,
            progress,
            largest=100,
            key="id",
            total="pagination.total",
            row="V1UsersListGet200ResponseDataInner",
        )

    create = v1_users_create_post
    list = v1_users_list_get
    get = v1_users_user_id_get

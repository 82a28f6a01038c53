# Generated from openapi.yaml by `make generate`; do not edit.
"""BurnTablesApi: Tables that say how many credits a model's tokens are worth in estimates."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Mapping, Optional, Union

from typing_extensions import Unpack

from openmonetize._http.base_api import BaseApi, api_method, with_http_info, without_preload_content
from openmonetize._http.operation import Operation, Parameter, RequestOptions

if TYPE_CHECKING:
    from openmonetize._schema.model import RequestTimestamp
    from openmonetize.models.v1_burn_tables_active_get200_response import V1BurnTablesActiveGet200Response
    from openmonetize.models.v1_burn_tables_create_post201_response import V1BurnTablesCreatePost201Response
    from openmonetize.models.v1_burn_tables_create_post_request import V1BurnTablesCreatePostRequest
    from openmonetize.models.v1_burn_tables_create_post_request_rules_value import (
        V1BurnTablesCreatePostRequestRulesValue,
    )
    from openmonetize.models.v1_burn_tables_id_delete200_response import V1BurnTablesIdDelete200Response
    from openmonetize.models.v1_burn_tables_id_patch_request import V1BurnTablesIdPatchRequest
    from openmonetize.models.v1_burn_tables_list_get200_response import V1BurnTablesListGet200Response


V1_BURN_TABLES_ACTIVE_GET: Operation[V1BurnTablesActiveGet200Response] = Operation(
    "GET", "/v1/burn-tables/active", {"200": "V1BurnTablesActiveGet200Response"}, ()
)
V1_BURN_TABLES_CREATE_POST: Operation[V1BurnTablesCreatePost201Response] = Operation(
    "POST", "/v1/burn-tables", {"201": "V1BurnTablesCreatePost201Response"}, (), body="V1BurnTablesCreatePostRequest"
)
V1_BURN_TABLES_ID_DELETE: Operation[V1BurnTablesIdDelete200Response] = Operation(
    "DELETE",
    "/v1/burn-tables/{id}",
    {"200": "V1BurnTablesIdDelete200Response"},
    (Parameter("id", "id", "path", required=True),),
)
V1_BURN_TABLES_ID_GET: Operation[V1BurnTablesCreatePost201Response] = Operation(
    "GET",
    "/v1/burn-tables/{id}",
    {"200": "V1BurnTablesCreatePost201Response"},
    (Parameter("id", "id", "path", required=True),),
)
V1_BURN_TABLES_ID_PATCH: Operation[V1BurnTablesCreatePost201Response] = Operation(
    "PATCH",
    "/v1/burn-tables/{id}",
    {"200": "V1BurnTablesCreatePost201Response"},
    (Parameter("id", "id", "path", required=True),),
    body="V1BurnTablesIdPatchRequest",
)
V1_BURN_TABLES_LIST_GET: Operation[V1BurnTablesListGet200Response] = Operation(
    "GET",
    "/v1/burn-tables",
    {"200": "V1BurnTablesListGet200Response"},
    (Parameter("customer_id", "customerId", "query"), Parameter("is_active", "isActive", "query", "bool")),
)


class BurnTablesApi(BaseApi):
    """Tables that say how many credits a model's tokens are worth in estimates."""

    @api_method
    def v1_burn_tables_active_get(self, **_options: Unpack[RequestOptions]) -> V1BurnTablesActiveGet200Response:
        """Get the burn table in use.

        Returns the customer's active burn table, or else the active global default; a 404 says that there is neither.
        Present servers answer 404 today in any case. Seed-era servers serve it, by their wildcard route, at
        `/v1/burn-tables/customer/{customerId}/active`.

        Served by present deployments by contract; today they answer 404.

        Args:
            **_options: See :class:`~openmonetize.RequestOptions`.

        Returns:
            200: The burn table in use.

        Raises:
            ApiException: The call failed, 401, 404, 429, 500.
        """
        return self._call(V1_BURN_TABLES_ACTIVE_GET, _options)

    v1_burn_tables_active_get_with_http_info = with_http_info(v1_burn_tables_active_get)
    v1_burn_tables_active_get_without_preload_content = without_preload_content(v1_burn_tables_active_get)

    @api_method
    def v1_burn_tables_create_post(
        self,
        v1_burn_tables_create_post_request: Union[V1BurnTablesCreatePostRequest, Mapping[str, Any], None] = None,
        *,
        customer_id: Optional[str] = None,
        name: Optional[str] = None,
        rules: Optional[Mapping[str, Union[V1BurnTablesCreatePostRequestRulesValue, Mapping[str, Any]]]] = None,
        valid_from: Optional[RequestTimestamp] = None,
        valid_until: Optional[RequestTimestamp] = None,
        **_options: Unpack[RequestOptions],
    ) -> V1BurnTablesCreatePost201Response:
        """Create a burn table.

        Adds a table of credit prices by model and puts the customer's older active tables out of use. Not safe to
        repeat: each call adds a table. The platform's calculator does not read the rule keys that this operation
        writes, so a table made here yields null credits in rating answers. Seed-era servers serve it through their
        wildcard route; present servers answer 404 today.

        Served by present deployments by contract; today they answer 404.

        Args:
            v1_burn_tables_create_post_request: The whole body, instead of its fields.
            customer_id: Customer that the table is for; without it the table is a global default. Seed-era servers read
                it; present servers drop this field.
            name: Name of the table, 1 to 255 characters.
            rules: Prices by exact model name; the name `default` stands for all other models.
            valid_from: When the table takes effect.
            valid_until: When the table ends; without it the table has no end.
            **_options: See :class:`~openmonetize.RequestOptions`.

        Returns:
            201: The burn table was created.

        Raises:
            ApiException: The call failed, 400, 401, 403, 404, 413, 415, 429, 500.
        """
        return self._call(
            V1_BURN_TABLES_CREATE_POST,
            _options,
            {},
            v1_burn_tables_create_post_request,
            {
                "customer_id": customer_id,
                "name": name,
                "rules": rules,
                "valid_from": valid_from,
                "valid_until": valid_until,
            },
        )

    v1_burn_tables_create_post_with_http_info = with_http_info(v1_burn_tables_create_post)
    v1_burn_tables_create_post_without_preload_content = without_preload_content(v1_burn_tables_create_post)

    @api_method
    def v1_burn_tables_id_delete(self, id: str, **_options: Unpack[RequestOptions]) -> V1BurnTablesIdDelete200Response:
        """Deactivate a burn table.

        Puts one burn table out of use. It stays stored, and repeating the call is harmless. Seed-era servers serve it
        through their wildcard route; present servers answer 404 today.

        Served by present deployments by contract; today they answer 404.

        Args:
            id: Id of the burn table.
            **_options: See :class:`~openmonetize.RequestOptions`.

        Returns:
            200: The burn table is out of use.

        Raises:
            ApiException: The call failed, 400, 401, 404, 429, 500.
        """
        return self._call(V1_BURN_TABLES_ID_DELETE, _options, {"id": id})

    v1_burn_tables_id_delete_with_http_info = with_http_info(v1_burn_tables_id_delete)
    v1_burn_tables_id_delete_without_preload_content = without_preload_content(v1_burn_tables_id_delete)

    @api_method
    def v1_burn_tables_id_get(self, id: str, **_options: Unpack[RequestOptions]) -> V1BurnTablesCreatePost201Response:
        """Get a burn table.

        Returns one burn table, in use or not. Seed-era servers serve it through their wildcard route; present servers
        answer 404 today.

        Served by present deployments by contract; today they answer 404.

        Args:
            id: Id of the burn table.
            **_options: See :class:`~openmonetize.RequestOptions`.

        Returns:
            200: The burn table.

        Raises:
            ApiException: The call failed, 400, 401, 404, 429, 500.
        """
        return self._call(V1_BURN_TABLES_ID_GET, _options, {"id": id})

    v1_burn_tables_id_get_with_http_info = with_http_info(v1_burn_tables_id_get)
    v1_burn_tables_id_get_without_preload_content = without_preload_content(v1_burn_tables_id_get)

    @api_method
    def v1_burn_tables_id_patch(
        self,
        id: str,
        v1_burn_tables_id_patch_request: Union[V1BurnTablesIdPatchRequest, Mapping[str, Any], None] = None,
        *,
        name: Optional[str] = None,
        rules: Optional[Mapping[str, Union[V1BurnTablesCreatePostRequestRulesValue, Mapping[str, Any]]]] = None,
        is_active: Optional[bool] = None,
        valid_from: Optional[RequestTimestamp] = None,
        valid_until: Optional[RequestTimestamp] = None,
        **_options: Unpack[RequestOptions],
    ) -> V1BurnTablesCreatePost201Response:
        """Change a burn table.

        Changes name, prices, use or validity of one burn table; fields that are left out keep their values. There is no
        PUT. Seed-era servers serve it through their wildcard route; present servers answer 404 today.

        Served by present deployments by contract; today they answer 404.

        Args:
            id: Id of the burn table.
            v1_burn_tables_id_patch_request: The whole body, instead of its fields.
            name: Name of the table, 1 to 255 characters.
            rules: Prices by model name that replace all present ones; the name `default` stands for all other models.
            is_active: Whether the table is in use.
            valid_from: When the table takes effect.
            valid_until: When the table ends.
            **_options: See :class:`~openmonetize.RequestOptions`.

        Returns:
            200: The burn table after the change.

        Raises:
            ApiException: The call failed, 400, 401, 404, 413, 415, 429, 500.
        """
        return self._call(
            V1_BURN_TABLES_ID_PATCH,
            _options,
            {"id": id},
            v1_burn_tables_id_patch_request,
            {
                "name": name,
                "rules": rules,
                "is_active": is_active,
                "valid_from": valid_from,
                "valid_until": valid_until,
            },
        )

    v1_burn_tables_id_patch_with_http_info = with_http_info(v1_burn_tables_id_patch)
    v1_burn_tables_id_patch_without_preload_content = without_preload_content(v1_burn_tables_id_patch)

    @api_method
    def v1_burn_tables_list_get(
        self, customer_id: Optional[str] = None, is_active: Optional[bool] = None, **_options: Unpack[RequestOptions]
    ) -> V1BurnTablesListGet200Response:
        """List burn tables.

        Returns the burn tables, the newest first, without paging. Burn tables shape rating estimates only; they never
        change what events burn. Seed-era servers serve it through their wildcard route; present servers answer 404
        today.

        Served by present deployments by contract; today they answer 404.

        Args:
            customer_id: Only tables of this customer. Seed-era servers read it; present servers take the customer from
                the key and ignore it.
            is_active: Only tables that are in use (true) or not in use (false); both without it.
            **_options: See :class:`~openmonetize.RequestOptions`.

        Returns:
            200: The burn tables.

        Raises:
            ApiException: The call failed, 400, 401, 403, 404, 429, 500.
        """
        return self._call(V1_BURN_TABLES_LIST_GET, _options, {"customer_id": customer_id, "is_active": is_active})

    v1_burn_tables_list_get_with_http_info = with_http_info(v1_burn_tables_list_get)
    v1_burn_tables_list_get_without_preload_content = without_preload_content(v1_burn_tables_list_get)

    active = v1_burn_tables_active_get
    create = v1_burn_tables_create_post
    delete = v1_burn_tables_id_delete
    get = v1_burn_tables_id_get
    update = v1_burn_tables_id_patch
    list = v1_burn_tables_list_get

# Generated from openapi.yaml by `make generate`; do not edit.
"""DefaultApi: Whatever a deployment serves below its four forwarded prefixes, sent and answered as it is."""

from __future__ import annotations

from typing import Any, Mapping, Optional

from typing_extensions import Unpack

from openmonetize._http.base_api import BaseApi, api_method, with_http_info, without_preload_content
from openmonetize._http.operation import Operation, Parameter, RequestOptions

V1_ANALYTICS_DELETE: Operation[Any] = Operation(
    "DELETE", "/v1/analytics/", {"200": "Any"}, (Parameter("query", "query", "map"),), body="Any"
)
V1_ANALYTICS_DELETE_0: Operation[Any] = Operation(
    "DELETE",
    "/v1/analytics/{*}",
    {"200": "Any"},
    (Parameter("wildcard", "*", "wildcard", required=True), Parameter("query", "query", "map")),
    body="Any",
)
V1_ANALYTICS_GET: Operation[Any] = Operation(
    "GET", "/v1/analytics/", {"200": "Any"}, (Parameter("query", "query", "map"),), body="Any"
)
V1_ANALYTICS_GET_0: Operation[Any] = Operation(
    "GET",
    "/v1/analytics/{*}",
    {"200": "Any"},
    (Parameter("wildcard", "*", "wildcard", required=True), Parameter("query", "query", "map")),
    body="Any",
)
V1_ANALYTICS_HEAD: Operation[Any] = Operation(
    "HEAD", "/v1/analytics/", {"200": "Any"}, (Parameter("query", "query", "map"),), body="Any"
)
V1_ANALYTICS_HEAD_0: Operation[Any] = Operation(
    "HEAD",
    "/v1/analytics/{*}",
    {"200": "Any"},
    (Parameter("wildcard", "*", "wildcard", required=True), Parameter("query", "query", "map")),
    body="Any",
)
V1_ANALYTICS_OPTIONS: Operation[Any] = Operation(
    "OPTIONS", "/v1/analytics/", {"200": "Any"}, (Parameter("query", "query", "map"),), body="Any"
)
V1_ANALYTICS_OPTIONS_0: Operation[Any] = Operation(
    "OPTIONS",
    "/v1/analytics/{*}",
    {"200": "Any"},
    (Parameter("wildcard", "*", "wildcard", required=True), Parameter("query", "query", "map")),
    body="Any",
)
V1_ANALYTICS_PATCH: Operation[Any] = Operation(
    "PATCH", "/v1/analytics/", {"200": "Any"}, (Parameter("query", "query", "map"),), body="Any"
)
V1_ANALYTICS_PATCH_0: Operation[Any] = Operation(
    "PATCH",
    "/v1/analytics/{*}",
    {"200": "Any"},
    (Parameter("wildcard", "*", "wildcard", required=True), Parameter("query", "query", "map")),
    body="Any",
)
V1_ANALYTICS_POST: Operation[Any] = Operation(
    "POST", "/v1/analytics/", {"200": "Any"}, (Parameter("query", "query", "map"),), body="Any"
)
V1_ANALYTICS_POST_0: Operation[Any] = Operation(
    "POST",
    "/v1/analytics/{*}",
    {"200": "Any"},
    (Parameter("wildcard", "*", "wildcard", required=True), Parameter("query", "query", "map")),
    body="Any",
)
V1_ANALYTICS_PUT: Operation[Any] = Operation(
    "PUT", "/v1/analytics/", {"200": "Any"}, (Parameter("query", "query", "map"),), body="Any"
)
V1_ANALYTICS_PUT_0: Operation[Any] = Operation(
    "PUT",
    "/v1/analytics/{*}",
    {"200": "Any"},
    (Parameter("wildcard", "*", "wildcard", required=True), Parameter("query", "query", "map")),
    body="Any",
)
V1_BURN_TABLES_DELETE: Operation[Any] = Operation(
    "DELETE", "/v1/burn-tables/", {"200": "Any"}, (Parameter("query", "query", "map"),), body="Any"
)
V1_BURN_TABLES_DELETE_0: Operation[Any] = Operation(
    "DELETE",
    "/v1/burn-tables/{*}",
    {"200": "Any"},
    (Parameter("wildcard", "*", "wildcard", required=True), Parameter("query", "query", "map")),
    body="Any",
)
V1_BURN_TABLES_GET: Operation[Any] = Operation(
    "GET", "/v1/burn-tables/", {"200": "Any"}, (Parameter("query", "query", "map"),), body="Any"
)
V1_BURN_TABLES_GET_0: Operation[Any] = Operation(
    "GET",
    "/v1/burn-tables/{*}",
    {"200": "Any"},
    (Parameter("wildcard", "*", "wildcard", required=True), Parameter("query", "query", "map")),
    body="Any",
)
V1_BURN_TABLES_HEAD: Operation[Any] = Operation(
    "HEAD", "/v1/burn-tables/", {"200": "Any"}, (Parameter("query", "query", "map"),), body="Any"
)
V1_BURN_TABLES_HEAD_0: Operation[Any] = Operation(
    "HEAD",
    "/v1/burn-tables/{*}",
    {"200": "Any"},
    (Parameter("wildcard", "*", "wildcard", required=True), Parameter("query", "query", "map")),
    body="Any",
)
V1_BURN_TABLES_OPTIONS: Operation[Any] = Operation(
    "OPTIONS", "/v1/burn-tables/", {"200": "Any"}, (Parameter("query", "query", "map"),), body="Any"
)
V1_BURN_TABLES_OPTIONS_0: Operation[Any] = Operation(
    "OPTIONS",
    "/v1/burn-tables/{*}",
    {"200": "Any"},
    (Parameter("wildcard", "*", "wildcard", required=True), Parameter("query", "query", "map")),
    body="Any",
)
V1_BURN_TABLES_PATCH: Operation[Any] = Operation(
    "PATCH", "/v1/burn-tables/", {"200": "Any"}, (Parameter("query", "query", "map"),), body="Any"
)
V1_BURN_TABLES_PATCH_0: Operation[Any] = Operation(
    "PATCH",
    "/v1/burn-tables/{*}",
    {"200": "Any"},
    (Parameter("wildcard", "*", "wildcard", required=True), Parameter("query", "query", "map")),
    body="Any",
)
V1_BURN_TABLES_POST: Operation[Any] = Operation(
    "POST", "/v1/burn-tables/", {"200": "Any"}, (Parameter("query", "query", "map"),), body="Any"
)
V1_BURN_TABLES_POST_0: Operation[Any] = Operation(
    "POST",
    "/v1/burn-tables/{*}",
    {"200": "Any"},
    (Parameter("wildcard", "*", "wildcard", required=True), Parameter("query", "query", "map")),
    body="Any",
)
V1_BURN_TABLES_PUT: Operation[Any] = Operation(
    "PUT", "/v1/burn-tables/", {"200": "Any"}, (Parameter("query", "query", "map"),), body="Any"
)
V1_BURN_TABLES_PUT_0: Operation[Any] = Operation(
    "PUT",
    "/v1/burn-tables/{*}",
    {"200": "Any"},
    (Parameter("wildcard", "*", "wildcard", required=True), Parameter("query", "query", "map")),
    body="Any",
)
V1_EVENTS_DELETE: Operation[Any] = Operation(
    "DELETE", "/v1/events/", {"200": "Any"}, (Parameter("query", "query", "map"),), body="Any", auth="both"
)
V1_EVENTS_DELETE_0: Operation[Any] = Operation(
    "DELETE",
    "/v1/events/{*}",
    {"200": "Any"},
    (Parameter("wildcard", "*", "wildcard", required=True), Parameter("query", "query", "map")),
    body="Any",
    auth="both",
)
V1_EVENTS_GET: Operation[Any] = Operation(
    "GET", "/v1/events/", {"200": "Any"}, (Parameter("query", "query", "map"),), body="Any", auth="both"
)
V1_EVENTS_GET_0: Operation[Any] = Operation(
    "GET",
    "/v1/events/{*}",
    {"200": "Any"},
    (Parameter("wildcard", "*", "wildcard", required=True), Parameter("query", "query", "map")),
    body="Any",
    auth="both",
)
V1_EVENTS_HEAD: Operation[Any] = Operation(
    "HEAD", "/v1/events/", {"200": "Any"}, (Parameter("query", "query", "map"),), body="Any", auth="both"
)
V1_EVENTS_HEAD_0: Operation[Any] = Operation(
    "HEAD",
    "/v1/events/{*}",
    {"200": "Any"},
    (Parameter("wildcard", "*", "wildcard", required=True), Parameter("query", "query", "map")),
    body="Any",
    auth="both",
)
V1_EVENTS_OPTIONS: Operation[Any] = Operation(
    "OPTIONS", "/v1/events/", {"200": "Any"}, (Parameter("query", "query", "map"),), body="Any", auth="both"
)
V1_EVENTS_OPTIONS_0: Operation[Any] = Operation(
    "OPTIONS",
    "/v1/events/{*}",
    {"200": "Any"},
    (Parameter("wildcard", "*", "wildcard", required=True), Parameter("query", "query", "map")),
    body="Any",
    auth="both",
)
V1_EVENTS_PATCH: Operation[Any] = Operation(
    "PATCH", "/v1/events/", {"200": "Any"}, (Parameter("query", "query", "map"),), body="Any", auth="both"
)
V1_EVENTS_PATCH_0: Operation[Any] = Operation(
    "PATCH",
    "/v1/events/{*}",
    {"200": "Any"},
    (Parameter("wildcard", "*", "wildcard", required=True), Parameter("query", "query", "map")),
    body="Any",
    auth="both",
)
V1_EVENTS_POST: Operation[Any] = Operation(
    "POST", "/v1/events/", {"200": "Any"}, (Parameter("query", "query", "map"),), body="Any", auth="both"
)
V1_EVENTS_POST_0: Operation[Any] = Operation(
    "POST",
    "/v1/events/{*}",
    {"200": "Any"},
    (Parameter("wildcard", "*", "wildcard", required=True), Parameter("query", "query", "map")),
    body="Any",
    auth="both",
)
V1_EVENTS_PUT: Operation[Any] = Operation(
    "PUT", "/v1/events/", {"200": "Any"}, (Parameter("query", "query", "map"),), body="Any", auth="both"
)
V1_EVENTS_PUT_0: Operation[Any] = Operation(
    "PUT",
    "/v1/events/{*}",
    {"200": "Any"},
    (Parameter("wildcard", "*", "wildcard", required=True), Parameter("query", "query", "map")),
    body="Any",
    auth="both",
)
V1_RATING_DELETE: Operation[Any] = Operation(
    "DELETE", "/v1/rating/", {"200": "Any"}, (Parameter("query", "query", "map"),), body="Any"
)
V1_RATING_DELETE_0: Operation[Any] = Operation(
    "DELETE",
    "/v1/rating/{*}",
    {"200": "Any"},
    (Parameter("wildcard", "*", "wildcard", required=True), Parameter("query", "query", "map")),
    body="Any",
)
V1_RATING_GET: Operation[Any] = Operation(
    "GET", "/v1/rating/", {"200": "Any"}, (Parameter("query", "query", "map"),), body="Any"
)
V1_RATING_GET_0: Operation[Any] = Operation(
    "GET",
    "/v1/rating/{*}",
    {"200": "Any"},
    (Parameter("wildcard", "*", "wildcard", required=True), Parameter("query", "query", "map")),
    body="Any",
)
V1_RATING_HEAD: Operation[Any] = Operation(
    "HEAD", "/v1/rating/", {"200": "Any"}, (Parameter("query", "query", "map"),), body="Any"
)
V1_RATING_HEAD_0: Operation[Any] = Operation(
    "HEAD",
    "/v1/rating/{*}",
    {"200": "Any"},
    (Parameter("wildcard", "*", "wildcard", required=True), Parameter("query", "query", "map")),
    body="Any",
)
V1_RATING_OPTIONS: Operation[Any] = Operation(
    "OPTIONS", "/v1/rating/", {"200": "Any"}, (Parameter("query", "query", "map"),), body="Any"
)
V1_RATING_OPTIONS_0: Operation[Any] = Operation(
    "OPTIONS",
    "/v1/rating/{*}",
    {"200": "Any"},
    (Parameter("wildcard", "*", "wildcard", required=True), Parameter("query", "query", "map")),
    body="Any",
)
V1_RATING_PATCH: Operation[Any] = Operation(
    "PATCH", "/v1/rating/", {"200": "Any"}, (Parameter("query", "query", "map"),), body="Any"
)
V1_RATING_PATCH_0: Operation[Any] = Operation(
    "PATCH",
    "/v1/rating/{*}",
    {"200": "Any"},
    (Parameter("wildcard", "*", "wildcard", required=True), Parameter("query", "query", "map")),
    body="Any",
)
V1_RATING_POST: Operation[Any] = Operation(
    "POST", "/v1/rating/", {"200": "Any"}, (Parameter("query", "query", "map"),), body="Any"
)
V1_RATING_POST_0: Operation[Any] = Operation(
    "POST",
    "/v1/rating/{*}",
    {"200": "Any"},
    (Parameter("wildcard", "*", "wildcard", required=True), Parameter("query", "query", "map")),
    body="Any",
)
V1_RATING_PUT: Operation[Any] = Operation(
    "PUT", "/v1/rating/", {"200": "Any"}, (Parameter("query", "query", "map"),), body="Any"
)
V1_RATING_PUT_0: Operation[Any] = Operation(
    "PUT",
    "/v1/rating/{*}",
    {"200": "Any"},
    (Parameter("wildcard", "*", "wildcard", required=True), Parameter("query", "query", "map")),
    body="Any",
)


class DefaultApi(BaseApi):
    """Whatever a deployment serves below its four forwarded prefixes, sent and answered as it is."""

    @api_method
    def v1_analytics_delete(
        self, body: Any = None, query: Optional[Mapping[str, Any]] = None, **_options: Unpack[RequestOptions]
    ) -> Any:
        """Forward a DELETE to /v1/analytics/.

        Sends body and query as they are to the analytics service and returns its answer decoded by content type.

        Served by seed-era deployments.

        Args:
            body: Any JSON value, or bytes; forwarded unchanged.
            query: Query parameters, by name; a list repeats its parameter.
            **_options: See :class:`~openmonetize.RequestOptions`.

        Returns:
            200: The answer of the service behind, as it is.

        Raises:
            ApiException: The call failed, 401, 404, 429, 500.
        """
        return self._call(V1_ANALYTICS_DELETE, _options, {"query": query}, body)

    v1_analytics_delete_with_http_info = with_http_info(v1_analytics_delete)
    v1_analytics_delete_without_preload_content = without_preload_content(v1_analytics_delete)

    @api_method
    def v1_analytics_delete_0(
        self,
        wildcard: str,
        body: Any = None,
        query: Optional[Mapping[str, Any]] = None,
        **_options: Unpack[RequestOptions],
    ) -> Any:
        """Forward a DELETE below /v1/analytics/.

        Sends body and query as they are to the analytics service and returns its answer decoded by content type.

        Served by seed-era deployments.

        Args:
            wildcard: The rest of the path. Slashes are kept; segments that are empty, `.` or `..` are refused.
            body: Any JSON value, or bytes; forwarded unchanged.
            query: Query parameters, by name; a list repeats its parameter.
            **_options: See :class:`~openmonetize.RequestOptions`.

        Returns:
            200: The answer of the service behind, as it is.

        Raises:
            ApiException: The call failed, 401, 404, 429, 500.
        """
        return self._call(V1_ANALYTICS_DELETE_0, _options, {"wildcard": wildcard, "query": query}, body)

    v1_analytics_delete_0_with_http_info = with_http_info(v1_analytics_delete_0)
    v1_analytics_delete_0_without_preload_content = without_preload_content(v1_analytics_delete_0)

    @api_method
    def v1_analytics_get(
        self, body: Any = None, query: Optional[Mapping[str, Any]] = None, **_options: Unpack[RequestOptions]
    ) -> Any:
        """Forward a GET to /v1/analytics/.

        Sends body and query as they are to the analytics service and returns its answer decoded by content type.

        Served by seed-era deployments.

        Args:
            body: Any JSON value, or bytes; forwarded unchanged.
            query: Query parameters, by name; a list repeats its parameter.
            **_options: See :class:`~openmonetize.RequestOptions`.

        Returns:
            200: The answer of the service behind, as it is.

        Raises:
            ApiException: The call failed, 401, 404, 429, 500.
        """
        return self._call(V1_ANALYTICS_GET, _options, {"query": query}, body)

    v1_analytics_get_with_http_info = with_http_info(v1_analytics_get)
    v1_analytics_get_without_preload_content = without_preload_content(v1_analytics_get)

    @api_method
    def v1_analytics_get_0(
        self,
        wildcard: str,
        body: Any = None,
        query: Optional[Mapping[str, Any]] = None,
        **_options: Unpack[RequestOptions],
    ) -> Any:
        """Forward a GET below /v1/analytics/.

        Sends body and query as they are to the analytics service and returns its answer decoded by content type.

        Served by seed-era deployments.

        Args:
            wildcard: The rest of the path. Slashes are kept; segments that are empty, `.` or `..` are refused.
            body: Any JSON value, or bytes; forwarded unchanged.
            query: Query parameters, by name; a list repeats its parameter.
            **_options: See :class:`~openmonetize.RequestOptions`.

        Returns:
            200: The answer of the service behind, as it is.

        Raises:
            ApiException: The call failed, 401, 404, 429, 500.
        """
        return self._call(V1_ANALYTICS_GET_0, _options, {"wildcard": wildcard, "query": query}, body)

    v1_analytics_get_0_with_http_info = with_http_info(v1_analytics_get_0)
    v1_analytics_get_0_without_preload_content = without_preload_content(v1_analytics_get_0)

    @api_method
    def v1_analytics_head(
        self, body: Any = None, query: Optional[Mapping[str, Any]] = None, **_options: Unpack[RequestOptions]
    ) -> Any:
        """Forward a HEAD to /v1/analytics/.

        Sends body and query as they are to the analytics service and returns its answer decoded by content type.

        Served by seed-era deployments.

        Args:
            body: Any JSON value, or bytes; forwarded unchanged.
            query: Query parameters, by name; a list repeats its parameter.
            **_options: See :class:`~openmonetize.RequestOptions`.

        Returns:
            200: The answer of the service behind, as it is.

        Raises:
            ApiException: The call failed, 401, 404, 429, 500.
        """
        return self._call(V1_ANALYTICS_HEAD, _options, {"query": query}, body)

    v1_analytics_head_with_http_info = with_http_info(v1_analytics_head)
    v1_analytics_head_without_preload_content = without_preload_content(v1_analytics_head)

    @api_method
    def v1_analytics_head_0(
        self,
        wildcard: str,
        body: Any = None,
        query: Optional[Mapping[str, Any]] = None,
        **_options: Unpack[RequestOptions],
    ) -> Any:
        """Forward a HEAD below /v1/analytics/.

        Sends body and query as they are to the analytics service and returns its answer decoded by content type.

        Served by seed-era deployments.

        Args:
            wildcard: The rest of the path. Slashes are kept; segments that are empty, `.` or `..` are refused.
            body: Any JSON value, or bytes; forwarded unchanged.
            query: Query parameters, by name; a list repeats its parameter.
            **_options: See :class:`~openmonetize.RequestOptions`.

        Returns:
            200: The answer of the service behind, as it is.

        Raises:
            ApiException: The call failed, 401, 404, 429, 500.
        """
        return self._call(V1_ANALYTICS_HEAD_0, _options, {"wildcard": wildcard, "query": query}, body)

    v1_analytics_head_0_with_http_info = with_http_info(v1_analytics_head_0)
    v1_analytics_head_0_without_preload_content = without_preload_content(v1_analytics_head_0)

    @api_method
    def v1_analytics_options(
        self, body: Any = None, query: Optional[Mapping[str, Any]] = None, **_options: Unpack[RequestOptions]
    ) -> Any:
        """Forward an OPTIONS to /v1/analytics/.

        Sends body and query as they are to the analytics service and returns its answer decoded by content type.

        Served by seed-era deployments.

        Args:
            body: Any JSON value, or bytes; forwarded unchanged.
            query: Query parameters, by name; a list repeats its parameter.
            **_options: See :class:`~openmonetize.RequestOptions`.

        Returns:
            200: The answer of the service behind, as it is.

        Raises:
            ApiException: The call failed, 401, 404, 429, 500.
        """
        return self._call(V1_ANALYTICS_OPTIONS, _options, {"query": query}, body)

    v1_analytics_options_with_http_info = with_http_info(v1_analytics_options)
    v1_analytics_options_without_preload_content = without_preload_content(v1_analytics_options)

    @api_method
    def v1_analytics_options_0(
        self,
        wildcard: str,
        body: Any = None,
        query: Optional[Mapping[str, Any]] = None,
        **_options: Unpack[RequestOptions],
    ) -> Any:
        """Forward an OPTIONS below /v1/analytics/.

        Sends body and query as they are to the analytics service and returns its answer decoded by content type.

        Served by seed-era deployments.

        Args:
            wildcard: The rest of the path. Slashes are kept; segments that are empty, `.` or `..` are refused.
            body: Any JSON value, or bytes; forwarded unchanged.
            query: Query parameters, by name; a list repeats its parameter.
            **_options: See :class:`~openmonetize.RequestOptions`.

        Returns:
            200: The answer of the service behind, as it is.

        Raises:
            ApiException: The call failed, 401, 404, 429, 500.
        """
        return self._call(V1_ANALYTICS_OPTIONS_0, _options, {"wildcard": wildcard, "query": query}, body)

    v1_analytics_options_0_with_http_info = with_http_info(v1_analytics_options_0)
    v1_analytics_options_0_without_preload_content = without_preload_content(v1_analytics_options_0)

    @api_method
    def v1_analytics_patch(
        self, body: Any = None, query: Optional[Mapping[str, Any]] = None, **_options: Unpack[RequestOptions]
    ) -> Any:
        """Forward a PATCH to /v1/analytics/.

        Sends body and query as they are to the analytics service and returns its answer decoded by content type.

        Served by seed-era deployments.

        Args:
            body: Any JSON value, or bytes; forwarded unchanged.
            query: Query parameters, by name; a list repeats its parameter.
            **_options: See :class:`~openmonetize.RequestOptions`.

        Returns:
            200: The answer of the service behind, as it is.

        Raises:
            ApiException: The call failed, 401, 404, 429, 500.
        """
        return self._call(V1_ANALYTICS_PATCH, _options, {"query": query}, body)

    v1_analytics_patch_with_http_info = with_http_info(v1_analytics_patch)
    v1_analytics_patch_without_preload_content = without_preload_content(v1_analytics_patch)

    @api_method
    def v1_analytics_patch_0(
        self,
        wildcard: str,
        body: Any = None,
        query: Optional[Mapping[str, Any]] = None,
        **_options: Unpack[RequestOptions],
    ) -> Any:
        """Forward a PATCH below /v1/analytics/.

        Sends body and query as they are to the analytics service and returns its answer decoded by content type.

        Served by seed-era deployments.

        Args:
            wildcard: The rest of the path. Slashes are kept; segments that are empty, `.` or `..` are refused.
            body: Any JSON value, or bytes; forwarded unchanged.
            query: Query parameters, by name; a list repeats its parameter.
            **_options: See :class:`~openmonetize.RequestOptions`.

        Returns:
            200: The answer of the service behind, as it is.

        Raises:
            ApiException: The call failed, 401, 404, 429, 500.
        """
        return self._call(V1_ANALYTICS_PATCH_0, _options, {"wildcard": wildcard, "query": query}, body)

    v1_analytics_patch_0_with_http_info = with_http_info(v1_analytics_patch_0)
    v1_analytics_patch_0_without_preload_content = without_preload_content(v1_analytics_patch_0)

    @api_method
    def v1_analytics_post(
        self, body: Any = None, query: Optional[Mapping[str, Any]] = None, **_options: Unpack[RequestOptions]
    ) -> Any:
        """Forward a POST to /v1/analytics/.

        Sends body and query as they are to the analytics service and returns its answer decoded by content type.

        Served by seed-era deployments.

        Args:
            body: Any JSON value, or bytes; forwarded unchanged.
            query: Query parameters, by name; a list repeats its parameter.
            **_options: See :class:`~openmonetize.RequestOptions`.

        Returns:
            200: The answer of the service behind, as it is.

        Raises:
            ApiException: The call failed, 401, 404, 429, 500.
        """
        return self._call(V1_ANALYTICS_POST, _options, {"query": query}, body)

    v1_analytics_post_with_http_info = with_http_info(v1_analytics_post)
    v1_analytics_post_without_preload_content = without_preload_content(v1_analytics_post)

    @api_method
    def v1_analytics_post_0(
        self,
        wildcard: str,
        body: Any = None,
        query: Optional[Mapping[str, Any]] = None,
        **_options: Unpack[RequestOptions],
    ) -> Any:
        """Forward a POST below /v1/analytics/.

        Sends body and query as they are to the analytics service and returns its answer decoded by content type.

        Served by seed-era deployments.

        Args:
            wildcard: The rest of the path. Slashes are kept; segments that are empty, `.` or `..` are refused.
            body: Any JSON value, or bytes; forwarded unchanged.
            query: Query parameters, by name; a list repeats its parameter.
            **_options: See :class:`~openmonetize.RequestOptions`.

        Returns:
            200: The answer of the service behind, as it is.

        Raises:
            ApiException: The call failed, 401, 404, 429, 500.
        """
        return self._call(V1_ANALYTICS_POST_0, _options, {"wildcard": wildcard, "query": query}, body)

    v1_analytics_post_0_with_http_info = with_http_info(v1_analytics_post_0)
    v1_analytics_post_0_without_preload_content = without_preload_content(v1_analytics_post_0)

    @api_method
    def v1_analytics_put(
        self, body: Any = None, query: Optional[Mapping[str, Any]] = None, **_options: Unpack[RequestOptions]
    ) -> Any:
        """Forward a PUT to /v1/analytics/.

        Sends body and query as they are to the analytics service and returns its answer decoded by content type.

        Served by seed-era deployments.

        Args:
            body: Any JSON value, or bytes; forwarded unchanged.
            query: Query parameters, by name; a list repeats its parameter.
            **_options: See :class:`~openmonetize.RequestOptions`.

        Returns:
            200: The answer of the service behind, as it is.

        Raises:
            ApiException: The call failed, 401, 404, 429, 500.
        """
        return self._call(V1_ANALYTICS_PUT, _options, {"query": query}, body)

    v1_analytics_put_with_http_info = with_http_info(v1_analytics_put)
    v1_analytics_put_without_preload_content = without_preload_content(v1_analytics_put)

    @api_method
    def v1_analytics_put_0(
        self,
        wildcard: str,
        body: Any = None,
        query: Optional[Mapping[str, Any]] = None,
        **_options: Unpack[RequestOptions],
    ) -> Any:
        """Forward a PUT below /v1/analytics/.

        Sends body and query as they are to the analytics service and returns its answer decoded by content type.

        Served by seed-era deployments.

        Args:
            wildcard: The rest of the path. Slashes are kept; segments that are empty, `.` or `..` are refused.
            body: Any JSON value, or bytes; forwarded unchanged.
            query: Query parameters, by name; a list repeats its parameter.
            **_options: See :class:`~openmonetize.RequestOptions`.

        Returns:
            200: The answer of the service behind, as it is.

        Raises:
            ApiException: The call failed, 401, 404, 429, 500.
        """
        return self._call(V1_ANALYTICS_PUT_0, _options, {"wildcard": wildcard, "query": query}, body)

    v1_analytics_put_0_with_http_info = with_http_info(v1_analytics_put_0)
    v1_analytics_put_0_without_preload_content = without_preload_content(v1_analytics_put_0)

    @api_method
    def v1_burn_tables_delete(
        self, body: Any = None, query: Optional[Mapping[str, Any]] = None, **_options: Unpack[RequestOptions]
    ) -> Any:
        """Forward a DELETE to /v1/burn-tables/.

        Sends body and query as they are to the burn table service and returns its answer decoded by content type.

        Served by seed-era deployments.

        Args:
            body: Any JSON value, or bytes; forwarded unchanged.
            query: Query parameters, by name; a list repeats its parameter.
            **_options: See :class:`~openmonetize.RequestOptions`.

        Returns:
            200: The answer of the service behind, as it is.

        Raises:
            ApiException: The call failed, 401, 404, 429, 500.
        """
        return self._call(V1_BURN_TABLES_DELETE, _options, {"query": query}, body)

    v1_burn_tables_delete_with_http_info = with_http_info(v1_burn_tables_delete)
    v1_burn_tables_delete_without_preload_content = without_preload_content(v1_burn_tables_delete)

    @api_method
    def v1_burn_tables_delete_0(
        self,
        wildcard: str,
        body: Any = None,
        query: Optional[Mapping[str, Any]] = None,
        **_options: Unpack[RequestOptions],
    ) -> Any:
        """Forward a DELETE below /v1/burn-tables/.

        Sends body and query as they are to the burn table service and returns its answer decoded by content type.

        Served by seed-era deployments.

        Args:
            wildcard: The rest of the path. Slashes are kept; segments that are empty, `.` or `..` are refused.
            body: Any JSON value, or bytes; forwarded unchanged.
            query: Query parameters, by name; a list repeats its parameter.
            **_options: See :class:`~openmonetize.RequestOptions`.

        Returns:
            200: The answer of the service behind, as it is.

        Raises:
            ApiException: The call failed, 401, 404, 429, 500.
        """
        return self._call(V1_BURN_TABLES_DELETE_0, _options, {"wildcard": wildcard, "query": query}, body)

    v1_burn_tables_delete_0_with_http_info = with_http_info(v1_burn_tables_delete_0)
    v1_burn_tables_delete_0_without_preload_content = without_preload_content(v1_burn_tables_delete_0)

    @api_method
    def v1_burn_tables_get(
        self, body: Any = None, query: Optional[Mapping[str, Any]] = None, **_options: Unpack[RequestOptions]
    ) -> Any:
        """Forward a GET to /v1/burn-tables/.

        Sends body and query as they are to the burn table service and returns its answer decoded by content type.

        Served by seed-era deployments.

        Args:
            body: Any JSON value, or bytes; forwarded unchanged.
            query: Query parameters, by name; a list repeats its parameter.
            **_options: See :class:`~openmonetize.RequestOptions`.

        Returns:
            200: The answer of the service behind, as it is.

        Raises:
            ApiException: The call failed, 401, 404, 429, 500.
        """
        return self._call(V1_BURN_TABLES_GET, _options, {"query": query}, body)

    v1_burn_tables_get_with_http_info = with_http_info(v1_burn_tables_get)
    v1_burn_tables_get_without_preload_content = without_preload_content(v1_burn_tables_get)

    @api_method
    def v1_burn_tables_get_0(
        self,
        wildcard: str,
        body: Any = None,
        query: Optional[Mapping[str, Any]] = None,
        **_options: Unpack[RequestOptions],
    ) -> Any:
        """Forward a GET below /v1/burn-tables/.

        Sends body and query as they are to the burn table service and returns its answer decoded by content type.

        Served by seed-era deployments.

        Args:
            wildcard: The rest of the path. Slashes are kept; segments that are empty, `.` or `..` are refused.
            body: Any JSON value, or bytes; forwarded unchanged.
            query: Query parameters, by name; a list repeats its parameter.
            **_options: See :class:`~openmonetize.RequestOptions`.

        Returns:
            200: The answer of the service behind, as it is.

        Raises:
            ApiException: The call failed, 401, 404, 429, 500.
        """
        return self._call(V1_BURN_TABLES_GET_0, _options, {"wildcard": wildcard, "query": query}, body)

    v1_burn_tables_get_0_with_http_info = with_http_info(v1_burn_tables_get_0)
    v1_burn_tables_get_0_without_preload_content = without_preload_content(v1_burn_tables_get_0)

    @api_method
    def v1_burn_tables_head(
        self, body: Any = None, query: Optional[Mapping[str, Any]] = None, **_options: Unpack[RequestOptions]
    ) -> Any:
        """Forward a HEAD to /v1/burn-tables/.

        Sends body and query as they are to the burn table service and returns its answer decoded by content type.

        Served by seed-era deployments.

        Args:
            body: Any JSON value, or bytes; forwarded unchanged.
            query: Query parameters, by name; a list repeats its parameter.
            **_options: See :class:`~openmonetize.RequestOptions`.

        Returns:
            200: The answer of the service behind, as it is.

        Raises:
            ApiException: The call failed, 401, 404, 429, 500.
        """
        return self._call(V1_BURN_TABLES_HEAD, _options, {"query": query}, body)

    v1_burn_tables_head_with_http_info = with_http_info(v1_burn_tables_head)
    v1_burn_tables_head_without_preload_content = without_preload_content(v1_burn_tables_head)

    @api_method
    def v1_burn_tables_head_0(
        self,
        wildcard: str,
        body: Any = None,
        query: Optional[Mapping[str, Any]] = None,
        **_options: Unpack[RequestOptions],
    ) -> Any:
        """Forward a HEAD below /v1/burn-tables/.

        Sends body and query as they are to the burn table service and returns its answer decoded by content type.

        Served by seed-era deployments.

        Args:
            wildcard: The rest of the path. Slashes are kept; segments that are empty, `.` or `..` are refused.
            body: Any JSON value, or bytes; forwarded unchanged.
            query: Query parameters, by name; a list repeats its parameter.
            **_options: See :class:`~openmonetize.RequestOptions`.

        Returns:
            200: The answer of the service behind, as it is.

        Raises:
            ApiException: The call failed, 401, 404, 429, 500.
        """
        return self._call(V1_BURN_TABLES_HEAD_0, _options, {"wildcard": wildcard, "query": query}, body)

    v1_burn_tables_head_0_with_http_info = with_http_info(v1_burn_tables_head_0)
    v1_burn_tables_head_0_without_preload_content = without_preload_content(v1_burn_tables_head_0)

    @api_method
    def v1_burn_tables_options(
        self, body: Any = None, query: Optional[Mapping[str, Any]] = None, **_options: Unpack[RequestOptions]
    ) -> Any:
        """Forward an OPTIONS to /v1/burn-tables/.

        Sends body and query as they are to the burn table service and returns its answer decoded by content type.

        Served by seed-era deployments.

        Args:
            body: Any JSON value, or bytes; forwarded unchanged.
            query: Query parameters, by name; a list repeats its parameter.
            **_options: See :class:`~openmonetize.RequestOptions`.

        Returns:
            200: The answer of the service behind, as it is.

        Raises:
            ApiException: The call failed, 401, 404, 429, 500.
        """
        return self._call(V1_BURN_TABLES_OPTIONS, _options, {"query": query}, body)

    v1_burn_tables_options_with_http_info = with_http_info(v1_burn_tables_options)
    v1_burn_tables_options_without_preload_content = without_preload_content(v1_burn_tables_options)

    @api_method
    def v1_burn_tables_options_0(
        self,
        wildcard: str,
        body: Any = None,
        query: Optional[Mapping[str, Any]] = None,
        **_options: Unpack[RequestOptions],
    ) -> Any:
        """Forward an OPTIONS below /v1/burn-tables/.

        Sends body and query as they are to the burn table service and returns its answer decoded by content type.

        Served by seed-era deployments.

        Args:
            wildcard: The rest of the path. Slashes are kept; segments that are empty, `.` or `..` are refused.
            body: Any JSON value, or bytes; forwarded unchanged.
            query: Query parameters, by name; a list repeats its parameter.
            **_options: See :class:`~openmonetize.RequestOptions`.

        Returns:
            200: The answer of the service behind, as it is.

        Raises:
            ApiException: The call failed, 401, 404, 429, 500.
        """
        return self._call(V1_BURN_TABLES_OPTIONS_0, _options, {"wildcard": wildcard, "query": query}, body)

    v1_burn_tables_options_0_with_http_info = with_http_info(v1_burn_tables_options_0)
    v1_burn_tables_options_0_without_preload_content = without_preload_content(v1_burn_tables_options_0)

    @api_method
    def v1_burn_tables_patch(
        self, body: Any = None, query: Optional[Mapping[str, Any]] = None, **_options: Unpack[RequestOptions]
    ) -> Any:
        """Forward a PATCH to /v1/burn-tables/.

        Sends body and query as they are to the burn table service and returns its answer decoded by content type.

        Served by seed-era deployments.

        Args:
            body: Any JSON value, or bytes; forwarded unchanged.
            query: Query parameters, by name; a list repeats its parameter.
            **_options: See :class:`~openmonetize.RequestOptions`.

        Returns:
            200: The answer of the service behind, as it is.

        Raises:
            ApiException: The call failed, 401, 404, 429, 500.
        """
        return self._call(V1_BURN_TABLES_PATCH, _options, {"query": query}, body)

    v1_burn_tables_patch_with_http_info = with_http_info(v1_burn_tables_patch)
    v1_burn_tables_patch_without_preload_content = without_preload_content(v1_burn_tables_patch)

    @api_method
    def v1_burn_tables_patch_0(
        self,
        wildcard: str,
        body: Any = None,
        query: Optional[Mapping[str, Any]] = None,
        **_options: Unpack[RequestOptions],
    ) -> Any:
        """Forward a PATCH below /v1/burn-tables/.

        Sends body and query as they are to the burn table service and returns its answer decoded by content type.

        Served by seed-era deployments.

        Args:
            wildcard: The rest of the path. Slashes are kept; segments that are empty, `.` or `..` are refused.
            body: Any JSON value, or bytes; forwarded unchanged.
            query: Query parameters, by name; a list repeats its parameter.
            **_options: See :class:`~openmonetize.RequestOptions`.

        Returns:
            200: The answer of the service behind, as it is.

        Raises:
            ApiException: The call failed, 401, 404, 429, 500.
        """
        return self._call(V1_BURN_TABLES_PATCH_0, _options, {"wildcard": wildcard, "query": query}, body)

    v1_burn_tables_patch_0_with_http_info = with_http_info(v1_burn_tables_patch_0)
    v1_burn_tables_patch_0_without_preload_content = without_preload_content(v1_burn_tables_patch_0)

    @api_method
    def v1_burn_tables_post(
        self, body: Any = None, query: Optional[Mapping[str, Any]] = None, **_options: Unpack[RequestOptions]
    ) -> Any:
        """Forward a POST to /v1/burn-tables/.

        Sends body and query as they are to the burn table service and returns its answer decoded by content type.

        Served by seed-era deployments.

        Args:
            body: Any JSON value, or bytes; forwarded unchanged.
            query: Query parameters, by name; a list repeats its parameter.
            **_options: See :class:`~openmonetize.RequestOptions`.

        Returns:
            200: The answer of the service behind, as it is.

        Raises:
            ApiException: The call failed, 401, 404, 429, 500.
        """
        return self._call(V1_BURN_TABLES_POST, _options, {"query": query}, body)

    v1_burn_tables_post_with_http_info = with_http_info(v1_burn_tables_post)
    v1_burn_tables_post_without_preload_content = without_preload_content(v1_burn_tables_post)

    @api_method
    def v1_burn_tables_post_0(
        self,
        wildcard: str,
        body: Any = None,
        query: Optional[Mapping[str, Any]] = None,
        **_options: Unpack[RequestOptions],
    ) -> Any:
        """Forward a POST below /v1/burn-tables/.

        Sends body and query as they are to the burn table service and returns its answer decoded by content type.

        Served by seed-era deployments.

        Args:
            wildcard: The rest of the path. Slashes are kept; segments that are empty, `.` or `..` are refused.
            body: Any JSON value, or bytes; forwarded unchanged.
            query: Query parameters, by name; a list repeats its parameter.
            **_options: See :class:`~openmonetize.RequestOptions`.

        Returns:
            200: The answer of the service behind, as it is.

        Raises:
            ApiException: The call failed, 401, 404, 429, 500.
        """
        return self._call(V1_BURN_TABLES_POST_0, _options, {"wildcard": wildcard, "query": query}, body)

    v1_burn_tables_post_0_with_http_info = with_http_info(v1_burn_tables_post_0)
    v1_burn_tables_post_0_without_preload_content = without_preload_content(v1_burn_tables_post_0)

    @api_method
    def v1_burn_tables_put(
        self, body: Any = None, query: Optional[Mapping[str, Any]] = None, **_options: Unpack[RequestOptions]
    ) -> Any:
        """Forward a PUT to /v1/burn-tables/.

        Sends body and query as they are to the burn table service and returns its answer decoded by content type.

        Served by seed-era deployments.

        Args:
            body: Any JSON value, or bytes; forwarded unchanged.
            query: Query parameters, by name; a list repeats its parameter.
            **_options: See :class:`~openmonetize.RequestOptions`.

        Returns:
            200: The answer of the service behind, as it is.

        Raises:
            ApiException: The call failed, 401, 404, 429, 500.
        """
        return self._call(V1_BURN_TABLES_PUT, _options, {"query": query}, body)

    v1_burn_tables_put_with_http_info = with_http_info(v1_burn_tables_put)
    v1_burn_tables_put_without_preload_content = without_preload_content(v1_burn_tables_put)

    @api_method
    def v1_burn_tables_put_0(
        self,
        wildcard: str,
        body: Any = None,
        query: Optional[Mapping[str, Any]] = None,
        **_options: Unpack[RequestOptions],
    ) -> Any:
        """Forward a PUT below /v1/burn-tables/.

        Sends body and query as they are to the burn table service and returns its answer decoded by content type.

        Served by seed-era deployments.

        Args:
            wildcard: The rest of the path. Slashes are kept; segments that are empty, `.` or `..` are refused.
            body: Any JSON value, or bytes; forwarded unchanged.
            query: Query parameters, by name; a list repeats its parameter.
            **_options: See :class:`~openmonetize.RequestOptions`.

        Returns:
            200: The answer of the service behind, as it is.

        Raises:
            ApiException: The call failed, 401, 404, 429, 500.
        """
        return self._call(V1_BURN_TABLES_PUT_0, _options, {"wildcard": wildcard, "query": query}, body)

    v1_burn_tables_put_0_with_http_info = with_http_info(v1_burn_tables_put_0)
    v1_burn_tables_put_0_without_preload_content = without_preload_content(v1_burn_tables_put_0)

    @api_method
    def v1_events_delete(
        self, body: Any = None, query: Optional[Mapping[str, Any]] = None, **_options: Unpack[RequestOptions]
    ) -> Any:
        """Forward a DELETE to /v1/events/.

        Sends body and query as they are to the ingestion service and returns its answer decoded by content type.

        Served by seed-era deployments.

        Args:
            body: Any JSON value, or bytes; forwarded unchanged.
            query: Query parameters, by name; a list repeats its parameter.
            **_options: See :class:`~openmonetize.RequestOptions`.

        Returns:
            200: The answer of the service behind, as it is.

        Raises:
            ApiException: The call failed, 401, 404, 429, 500.
        """
        return self._call(V1_EVENTS_DELETE, _options, {"query": query}, body)

    v1_events_delete_with_http_info = with_http_info(v1_events_delete)
    v1_events_delete_without_preload_content = without_preload_content(v1_events_delete)

    @api_method
    def v1_events_delete_0(
        self,
        wildcard: str,
        body: Any = None,
        query: Optional[Mapping[str, Any]] = None,
        **_options: Unpack[RequestOptions],
    ) -> Any:
        """Forward a DELETE below /v1/events/.

        Sends body and query as they are to the ingestion service and returns its answer decoded by content type.

        Served by seed-era deployments.

        Args:
            wildcard: The rest of the path. Slashes are kept; segments that are empty, `.` or `..` are refused.
            body: Any JSON value, or bytes; forwarded unchanged.
            query: Query parameters, by name; a list repeats its parameter.
            **_options: See :class:`~openmonetize.RequestOptions`.

        Returns:
            200: The answer of the service behind, as it is.

        Raises:
            ApiException: The call failed, 401, 404, 429, 500.
        """
        return self._call(V1_EVENTS_DELETE_0, _options, {"wildcard": wildcard, "query": query}, body)

    v1_events_delete_0_with_http_info = with_http_info(v1_events_delete_0)
    v1_events_delete_0_without_preload_content = without_preload_content(v1_events_delete_0)

    @api_method
    def v1_events_get(
        self, body: Any = None, query: Optional[Mapping[str, Any]] = None, **_options: Unpack[RequestOptions]
    ) -> Any:
        """Forward a GET to /v1/events/.

        Sends body and query as they are to the ingestion service and returns its answer decoded by content type.

        Served by seed-era deployments.

        Args:
            body: Any JSON value, or bytes; forwarded unchanged.
            query: Query parameters, by name; a list repeats its parameter.
            **_options: See :class:`~openmonetize.RequestOptions`.

        Returns:
            200: The answer of the service behind, as it is.

        Raises:
            ApiException: The call failed, 401, 404, 429, 500.
        """
        return self._call(V1_EVENTS_GET, _options, {"query": query}, body)

    v1_events_get_with_http_info = with_http_info(v1_events_get)
    v1_events_get_without_preload_content = without_preload_content(v1_events_get)

    @api_method
    def v1_events_get_0(
        self,
        wildcard: str,
        body: Any = None,
        query: Optional[Mapping[str, Any]] = None,
        **_options: Unpack[RequestOptions],
    ) -> Any:
        """Forward a GET below /v1/events/.

        Sends body and query as they are to the ingestion service and returns its answer decoded by content type.

        Served by seed-era deployments.

        Args:
            wildcard: The rest of the path. Slashes are kept; segments that are empty, `.` or `..` are refused.
            body: Any JSON value, or bytes; forwarded unchanged.
            query: Query parameters, by name; a list repeats its parameter.
            **_options: See :class:`~openmonetize.RequestOptions`.

        Returns:
            200: The answer of the service behind, as it is.

        Raises:
            ApiException: The call failed, 401, 404, 429, 500.
        """
        return self._call(V1_EVENTS_GET_0, _options, {"wildcard": wildcard, "query": query}, body)

    v1_events_get_0_with_http_info = with_http_info(v1_events_get_0)
    v1_events_get_0_without_preload_content = without_preload_content(v1_events_get_0)

    @api_method
    def v1_events_head(
        self, body: Any = None, query: Optional[Mapping[str, Any]] = None, **_options: Unpack[RequestOptions]
    ) -> Any:
        """Forward a HEAD to /v1/events/.

        Sends body and query as they are to the ingestion service and returns its answer decoded by content type.

        Served by seed-era deployments.

        Args:
            body: Any JSON value, or bytes; forwarded unchanged.
            query: Query parameters, by name; a list repeats its parameter.
            **_options: See :class:`~openmonetize.RequestOptions`.

        Returns:
            200: The answer of the service behind, as it is.

        Raises:
            ApiException: The call failed, 401, 404, 429, 500.
        """
        return self._call(V1_EVENTS_HEAD, _options, {"query": query}, body)

    v1_events_head_with_http_info = with_http_info(v1_events_head)
    v1_events_head_without_preload_content = without_preload_content(v1_events_head)

    @api_method
    def v1_events_head_0(
        self,
        wildcard: str,
        body: Any = None,
        query: Optional[Mapping[str, Any]] = None,
        **_options: Unpack[RequestOptions],
    ) -> Any:
        """Forward a HEAD below /v1/events/.

        Sends body and query as they are to the ingestion service and returns its answer decoded by content type.

        Served by seed-era deployments.

        Args:
            wildcard: The rest of the path. Slashes are kept; segments that are empty, `.` or `..` are refused.
            body: Any JSON value, or bytes; forwarded unchanged.
            query: Query parameters, by name; a list repeats its parameter.
            **_options: See :class:`~openmonetize.RequestOptions`.

        Returns:
            200: The answer of the service behind, as it is.

        Raises:
            ApiException: The call failed, 401, 404, 429, 500.
        """
        return self._call(V1_EVENTS_HEAD_0, _options, {"wildcard": wildcard, "query": query}, body)

    v1_events_head_0_with_http_info = with_http_info(v1_events_head_0)
    v1_events_head_0_without_preload_content = without_preload_content(v1_events_head_0)

    @api_method
    def v1_events_options(
        self, body: Any = None, query: Optional[Mapping[str, Any]] = None, **_options: Unpack[RequestOptions]
    ) -> Any:
        """Forward an OPTIONS to /v1/events/.

        Sends body and query as they are to the ingestion service and returns its answer decoded by content type.

        Served by seed-era deployments.

        Args:
            body: Any JSON value, or bytes; forwarded unchanged.
            query: Query parameters, by name; a list repeats its parameter.
            **_options: See :class:`~openmonetize.RequestOptions`.

        Returns:
            200: The answer of the service behind, as it is.

        Raises:
            ApiException: The call failed, 401, 404, 429, 500.
        """
        return self._call(V1_EVENTS_OPTIONS, _options, {"query": query}, body)

    v1_events_options_with_http_info = with_http_info(v1_events_options)
    v1_events_options_without_preload_content = without_preload_content(v1_events_options)

    @api_method
    def v1_events_options_0(
        self,
        wildcard: str,
        body: Any = None,
        query: Optional[Mapping[str, Any]] = None,
        **_options: Unpack[RequestOptions],
    ) -> Any:
        """Forward an OPTIONS below /v1/events/.

        Sends body and query as they are to the ingestion service and returns its answer decoded by content type.

        Served by seed-era deployments.

        Args:
            wildcard: The rest of the path. Slashes are kept; segments that are empty, `.` or `..` are refused.
            body: Any JSON value, or bytes; forwarded unchanged.
            query: Query parameters, by name; a list repeats its parameter.
            **_options: See :class:`~openmonetize.RequestOptions`.

        Returns:
            200: The answer of the service behind, as it is.

        Raises:
            ApiException: The call failed, 401, 404, 429, 500.
        """
        return self._call(V1_EVENTS_OPTIONS_0, _options, {"wildcard": wildcard, "query": query}, body)

    v1_events_options_0_with_http_info = with_http_info(v1_events_options_0)
    v1_events_options_0_without_preload_content = without_preload_content(v1_events_options_0)

    @api_method
    def v1_events_patch(
        self, body: Any = None, query: Optional[Mapping[str, Any]] = None, **_options: Unpack[RequestOptions]
    ) -> Any:
        """Forward a PATCH to /v1/events/.

        Sends body and query as they are to the ingestion service and returns its answer decoded by content type.

        Served by seed-era deployments.

        Args:
            body: Any JSON value, or bytes; forwarded unchanged.
            query: Query parameters, by name; a list repeats its parameter.
            **_options: See :class:`~openmonetize.RequestOptions`.

        Returns:
            200: The answer of the service behind, as it is.

        Raises:
            ApiException: The call failed, 401, 404, 429, 500.
        """
        return self._call(V1_EVENTS_PATCH, _options, {"query": query}, body)

    v1_events_patch_with_http_info = with_http_info(v1_events_patch)
    v1_events_patch_without_preload_content = without_preload_content(v1_events_patch)

    @api_method
    def v1_events_patch_0(
        self,
        wildcard: str,
        body: Any = None,
        query: Optional[Mapping[str, Any]] = None,
        **_options: Unpack[RequestOptions],
    ) -> Any:
        """Forward a PATCH below /v1/events/.

        Sends body and query as they are to the ingestion service and returns its answer decoded by content type.

        Served by seed-era deployments.

        Args:
            wildcard: The rest of the path. Slashes are kept; segments that are empty, `.` or `..` are refused.
            body: Any JSON value, or bytes; forwarded unchanged.
            query: Query parameters, by name; a list repeats its parameter.
            **_options: See :class:`~openmonetize.RequestOptions`.

        Returns:
            200: The answer of the service behind, as it is.

        Raises:
            ApiException: The call failed, 401, 404, 429, 500.
        """
        return self._call(V1_EVENTS_PATCH_0, _options, {"wildcard": wildcard, "query": query}, body)

    v1_events_patch_0_with_http_info = with_http_info(v1_events_patch_0)
    v1_events_patch_0_without_preload_content = without_preload_content(v1_events_patch_0)

    @api_method
    def v1_events_post(
        self, body: Any = None, query: Optional[Mapping[str, Any]] = None, **_options: Unpack[RequestOptions]
    ) -> Any:
        """Forward a POST to /v1/events/.

        Sends body and query as they are to the ingestion service and returns its answer decoded by content type.

        Served by seed-era deployments.

        Args:
            body: Any JSON value, or bytes; forwarded unchanged.
            query: Query parameters, by name; a list repeats its parameter.
            **_options: See :class:`~openmonetize.RequestOptions`.

        Returns:
            200: The answer of the service behind, as it is.

        Raises:
            ApiException: The call failed, 401, 404, 429, 500.
        """
        return self._call(V1_EVENTS_POST, _options, {"query": query}, body)

    v1_events_post_with_http_info = with_http_info(v1_events_post)
    v1_events_post_without_preload_content = without_preload_content(v1_events_post)

    @api_method
    def v1_events_post_0(
        self,
        wildcard: str,
        body: Any = None,
        query: Optional[Mapping[str, Any]] = None,
        **_options: Unpack[RequestOptions],
    ) -> Any:
        """Forward a POST below /v1/events/.

        Sends body and query as they are to the ingestion service and returns its answer decoded by content type.

        Served by seed-era deployments.

        Args:
            wildcard: The rest of the path. Slashes are kept; segments that are empty, `.` or `..` are refused.
            body: Any JSON value, or bytes; forwarded unchanged.
            query: Query parameters, by name; a list repeats its parameter.
            **_options: See :class:`~openmonetize.RequestOptions`.

        Returns:
            200: The answer of the service behind, as it is.

        Raises:
            ApiException: The call failed, 401, 404, 429, 500.
        """
        return self._call(V1_EVENTS_POST_0, _options, {"wildcard": wildcard, "query": query}, body)

    v1_events_post_0_with_http_info = with_http_info(v1_events_post_0)
    v1_events_post_0_without_preload_content = without_preload_content(v1_events_post_0)

    @api_method
    def v1_events_put(
        self, body: Any = None, query: Optional[Mapping[str, Any]] = None, **_options: Unpack[RequestOptions]
    ) -> Any:
        """Forward a PUT to /v1/events/.

        Sends body and query as they are to the ingestion service and returns its answer decoded by content type.

        Served by seed-era deployments.

        Args:
            body: Any JSON value, or bytes; forwarded unchanged.
            query: Query parameters, by name; a list repeats its parameter.
            **_options: See :class:`~openmonetize.RequestOptions`.

        Returns:
            200: The answer of the service behind, as it is.

        Raises:
            ApiException: The call failed, 401, 404, 429, 500.
        """
        return self._call(V1_EVENTS_PUT, _options, {"query": query}, body)

    v1_events_put_with_http_info = with_http_info(v1_events_put)
    v1_events_put_without_preload_content = without_preload_content(v1_events_put)

    @api_method
    def v1_events_put_0(
        self,
        wildcard: str,
        body: Any = None,
        query: Optional[Mapping[str, Any]] = None,
        **_options: Unpack[RequestOptions],
    ) -> Any:
        """Forward a PUT below /v1/events/.

        Sends body and query as they are to the ingestion service and returns its answer decoded by content type.

        Served by seed-era deployments.

        Args:
            wildcard: The rest of the path. Slashes are kept; segments that are empty, `.` or `..` are refused.
            body: Any JSON value, or bytes; forwarded unchanged.
            query: Query parameters, by name; a list repeats its parameter.
            **_options: See :class:`~openmonetize.RequestOptions`.

        Returns:
            200: The answer of the service behind, as it is.

        Raises:
            ApiException: The call failed, 401, 404, 429, 500.
        """
        return self._call(V1_EVENTS_PUT_0, _options, {"wildcard": wildcard, "query": query}, body)

    v1_events_put_0_with_http_info = with_http_info(v1_events_put_0)
    v1_events_put_0_without_preload_content = without_preload_content(v1_events_put_0)

    @api_method
    def v1_rating_delete(
        self, body: Any = None, query: Optional[Mapping[str, Any]] = None, **_options: Unpack[RequestOptions]
    ) -> Any:
        """Forward a DELETE to /v1/rating/.

        Sends body and query as they are to the rating engine and returns its answer decoded by content type.

        Served by seed-era deployments.

        Args:
            body: Any JSON value, or bytes; forwarded unchanged.
            query: Query parameters, by name; a list repeats its parameter.
            **_options: See :class:`~openmonetize.RequestOptions`.

        Returns:
            200: The answer of the service behind, as it is.

        Raises:
            ApiException: The call failed, 401, 404, 429, 500.
        """
        return self._call(V1_RATING_DELETE, _options, {"query": query}, body)

    v1_rating_delete_with_http_info = with_http_info(v1_rating_delete)
    v1_rating_delete_without_preload_content = without_preload_content(v1_rating_delete)

    @api_method
    def v1_rating_delete_0(
        self,
        wildcard: str,
        body: Any = None,
        query: Optional[Mapping[str, Any]] = None,
        **_options: Unpack[RequestOptions],
    ) -> Any:
        """Forward a DELETE below /v1/rating/.

        Sends body and query as they are to the rating engine and returns its answer decoded by content type.

        Served by seed-era deployments.

        Args:
            wildcard: The rest of the path. Slashes are kept; segments that are empty, `.` or `..` are refused.
            body: Any JSON value, or bytes; forwarded unchanged.
            query: Query parameters, by name; a list repeats its parameter.
            **_options: See :class:`~openmonetize.RequestOptions`.

        Returns:
            200: The answer of the service behind, as it is.

        Raises:
            ApiException: The call failed, 401, 404, 429, 500.
        """
        return self._call(V1_RATING_DELETE_0, _options, {"wildcard": wildcard, "query": query}, body)

    v1_rating_delete_0_with_http_info = with_http_info(v1_rating_delete_0)
    v1_rating_delete_0_without_preload_content = without_preload_content(v1_rating_delete_0)

    @api_method
    def v1_rating_get(
        self, body: Any = None, query: Optional[Mapping[str, Any]] = None, **_options: Unpack[RequestOptions]
    ) -> Any:
        """Forward a GET to /v1/rating/.

        Sends body and query as they are to the rating engine and returns its answer decoded by content type.

        Served by seed-era deployments.

        Args:
            body: Any JSON value, or bytes; forwarded unchanged.
            query: Query parameters, by name; a list repeats its parameter.
            **_options: See :class:`~openmonetize.RequestOptions`.

        Returns:
            200: The answer of the service behind, as it is.

        Raises:
            ApiException: The call failed, 401, 404, 429, 500.
        """
        return self._call(V1_RATING_GET, _options, {"query": query}, body)

    v1_rating_get_with_http_info = with_http_info(v1_rating_get)
    v1_rating_get_without_preload_content = without_preload_content(v1_rating_get)

    @api_method
    def v1_rating_get_0(
        self,
        wildcard: str,
        body: Any = None,
        query: Optional[Mapping[str, Any]] = None,
        **_options: Unpack[RequestOptions],
    ) -> Any:
        """Forward a GET below /v1/rating/.

        Sends body and query as they are to the rating engine and returns its answer decoded by content type.

        Served by seed-era deployments.

        Args:
            wildcard: The rest of the path. Slashes are kept; segments that are empty, `.` or `..` are refused.
            body: Any JSON value, or bytes; forwarded unchanged.
            query: Query parameters, by name; a list repeats its parameter.
            **_options: See :class:`~openmonetize.RequestOptions`.

        Returns:
            200: The answer of the service behind, as it is.

        Raises:
            ApiException: The call failed, 401, 404, 429, 500.
        """
        return self._call(V1_RATING_GET_0, _options, {"wildcard": wildcard, "query": query}, body)

    v1_rating_get_0_with_http_info = with_http_info(v1_rating_get_0)
    v1_rating_get_0_without_preload_content = without_preload_content(v1_rating_get_0)

    @api_method
    def v1_rating_head(
        self, body: Any = None, query: Optional[Mapping[str, Any]] = None, **_options: Unpack[RequestOptions]
    ) -> Any:
        """Forward a HEAD to /v1/rating/.

        Sends body and query as they are to the rating engine and returns its answer decoded by content type.

        Served by seed-era deployments.

        Args:
            body: Any JSON value, or bytes; forwarded unchanged.
            query: Query parameters, by name; a list repeats its parameter.
            **_options: See :class:`~openmonetize.RequestOptions`.

        Returns:
            200: The answer of the service behind, as it is.

        Raises:
            ApiException: The call failed, 401, 404, 429, 500.
        """
        return self._call(V1_RATING_HEAD, _options, {"query": query}, body)

    v1_rating_head_with_http_info = with_http_info(v1_rating_head)
    v1_rating_head_without_preload_content = without_preload_content(v1_rating_head)

    @api_method
    def v1_rating_head_0(
        self,
        wildcard: str,
        body: Any = None,
        query: Optional[Mapping[str, Any]] = None,
        **_options: Unpack[RequestOptions],
    ) -> Any:
        """Forward a HEAD below /v1/rating/.

        Sends body and query as they are to the rating engine and returns its answer decoded by content type.

        Served by seed-era deployments.

        Args:
            wildcard: The rest of the path. Slashes are kept; segments that are empty, `.` or `..` are refused.
            body: Any JSON value, or bytes; forwarded unchanged.
            query: Query parameters, by name; a list repeats its parameter.
            **_options: See :class:`~openmonetize.RequestOptions`.

        Returns:
            200: The answer of the service behind, as it is.

        Raises:
            ApiException: The call failed, 401, 404, 429, 500.
        """
        return self._call(V1_RATING_HEAD_0, _options, {"wildcard": wildcard, "query": query}, body)

    v1_rating_head_0_with_http_info = with_http_info(v1_rating_head_0)
    v1_rating_head_0_without_preload_content = without_preload_content(v1_rating_head_0)

    @api_method
    def v1_rating_options(
        self, body: Any = None, query: Optional[Mapping[str, Any]] = None, **_options: Unpack[RequestOptions]
    ) -> Any:
        """Forward an OPTIONS to /v1/rating/.

        Sends body and query as they are to the rating engine and returns its answer decoded by content type.

        Served by seed-era deployments.

        Args:
            body: Any JSON value, or bytes; forwarded unchanged.
            query: Query parameters, by name; a list repeats its parameter.
            **_options: See :class:`~openmonetize.RequestOptions`.

        Returns:
            200: The answer of the service behind, as it is.

        Raises:
            ApiException: The call failed, 401, 404, 429, 500.
        """
        return self._call(V1_RATING_OPTIONS, _options, {"query": query}, body)

    v1_rating_options_with_http_info = with_http_info(v1_rating_options)
    v1_rating_options_without_preload_content = without_preload_content(v1_rating_options)

    @api_method
    def v1_rating_options_0(
        self,
        wildcard: str,
        body: Any = None,
        query: Optional[Mapping[str, Any]] = None,
        **_options: Unpack[RequestOptions],
    ) -> Any:
        """Forward an OPTIONS below /v1/rating/.

        Sends body and query as they are to the rating engine and returns its answer decoded by content type.

        Served by seed-era deployments.

        Args:
            wildcard: The rest of the path. Slashes are kept; segments that are empty, `.` or `..` are refused.
            body: Any JSON value, or bytes; forwarded unchanged.
            query: Query parameters, by name; a list repeats its parameter.
            **_options: See :class:`~openmonetize.RequestOptions`.

        Returns:
            200: The answer of the service behind, as it is.

        Raises:
            ApiException: The call failed, 401, 404, 429, 500.
        """
        return self._call(V1_RATING_OPTIONS_0, _options, {"wildcard": wildcard, "query": query}, body)

    v1_rating_options_0_with_http_info = with_http_info(v1_rating_options_0)
    v1_rating_options_0_without_preload_content = without_preload_content(v1_rating_options_0)

    @api_method
    def v1_rating_patch(
        self, body: Any = None, query: Optional[Mapping[str, Any]] = None, **_options: Unpack[RequestOptions]
    ) -> Any:
        """Forward a PATCH to /v1/rating/.

        Sends body and query as they are to the rating engine and returns its answer decoded by content type.

        Served by seed-era deployments.

        Args:
            body: Any JSON value, or bytes; forwarded unchanged.
            query: Query parameters, by name; a list repeats its parameter.
            **_options: See :class:`~openmonetize.RequestOptions`.

        Returns:
            200: The answer of the service behind, as it is.

        Raises:
            ApiException: The call failed, 401, 404, 429, 500.
        """
        return self._call(V1_RATING_PATCH, _options, {"query": query}, body)

    v1_rating_patch_with_http_info = with_http_info(v1_rating_patch)
    v1_rating_patch_without_preload_content = without_preload_content(v1_rating_patch)

    @api_method
    def v1_rating_patch_0(
        self,
        wildcard: str,
        body: Any = None,
        query: Optional[Mapping[str, Any]] = None,
        **_options: Unpack[RequestOptions],
    ) -> Any:
        """Forward a PATCH below /v1/rating/.

        Sends body and query as they are to the rating engine and returns its answer decoded by content type.

        Served by seed-era deployments.

        Args:
            wildcard: The rest of the path. Slashes are kept; segments that are empty, `.` or `..` are refused.
            body: Any JSON value, or bytes; forwarded unchanged.
            query: Query parameters, by name; a list repeats its parameter.
            **_options: See :class:`~openmonetize.RequestOptions`.

        Returns:
            200: The answer of the service behind, as it is.

        Raises:
            ApiException: The call failed, 401, 404, 429, 500.
        """
        return self._call(V1_RATING_PATCH_0, _options, {"wildcard": wildcard, "query": query}, body)

    v1_rating_patch_0_with_http_info = with_http_info(v1_rating_patch_0)
    v1_rating_patch_0_without_preload_content = without_preload_content(v1_rating_patch_0)

    @api_method
    def v1_rating_post(
        self, body: Any = None, query: Optional[Mapping[str, Any]] = None, **_options: Unpack[RequestOptions]
    ) -> Any:
        """Forward a POST to /v1/rating/.

        Sends body and query as they are to the rating engine and returns its answer decoded by content type.

        Served by seed-era deployments.

        Args:
            body: Any JSON value, or bytes; forwarded unchanged.
            query: Query parameters, by name; a list repeats its parameter.
            **_options: See :class:`~openmonetize.RequestOptions`.

        Returns:
            200: The answer of the service behind, as it is.

        Raises:
            ApiException: The call failed, 401, 404, 429, 500.
        """
        return self._call(V1_RATING_POST, _options, {"query": query}, body)

    v1_rating_post_with_http_info = with_http_info(v1_rating_post)
    v1_rating_post_without_preload_content = without_preload_content(v1_rating_post)

    @api_method
    def v1_rating_post_0(
        self,
        wildcard: str,
        body: Any = None,
        query: Optional[Mapping[str, Any]] = None,
        **_options: Unpack[RequestOptions],
    ) -> Any:
        """Forward a POST below /v1/rating/.

        Sends body and query as they are to the rating engine and returns its answer decoded by content type.

        Served by seed-era deployments.

        Args:
            wildcard: The rest of the path. Slashes are kept; segments that are empty, `.` or `..` are refused.
            body: Any JSON value, or bytes; forwarded unchanged.
            query: Query parameters, by name; a list repeats its parameter.
            **_options: See :class:`~openmonetize.RequestOptions`.

        Returns:
            200: The answer of the service behind, as it is.

        Raises:
            ApiException: The call failed, 401, 404, 429, 500.
        """
        return self._call(V1_RATING_POST_0, _options, {"wildcard": wildcard, "query": query}, body)

    v1_rating_post_0_with_http_info = with_http_info(v1_rating_post_0)
    v1_rating_post_0_without_preload_content = without_preload_content(v1_rating_post_0)

    @api_method
    def v1_rating_put(
        self, body: Any = None, query: Optional[Mapping[str, Any]] = None, **_options: Unpack[RequestOptions]
    ) -> Any:
        """Forward a PUT to /v1/rating/.

        Sends body and query as they are to the rating engine and returns its answer decoded by content type.

        Served by seed-era deployments.

        Args:
            body: Any JSON value, or bytes; forwarded unchanged.
            query: Query parameters, by name; a list repeats its parameter.
            **_options: See :class:`~openmonetize.RequestOptions`.

        Returns:
            200: The answer of the service behind, as it is.

        Raises:
            ApiException: The call failed, 401, 404, 429, 500.
        """
        return self._call(V1_RATING_PUT, _options, {"query": query}, body)

    v1_rating_put_with_http_info = with_http_info(v1_rating_put)
    v1_rating_put_without_preload_content = without_preload_content(v1_rating_put)

    @api_method
    def v1_rating_put_0(
        self,
        wildcard: str,
        body: Any = None,
        query: Optional[Mapping[str, Any]] = None,
        **_options: Unpack[RequestOptions],
    ) -> Any:
        """Forward a PUT below /v1/rating/.

        Sends body and query as they are to the rating engine and returns its answer decoded by content type.

        Served by seed-era deployments.

        Args:
            wildcard: The rest of the path. Slashes are kept; segments that are empty, `.` or `..` are refused.
            body: Any JSON value, or bytes; forwarded unchanged.
            query: Query parameters, by name; a list repeats its parameter.
            **_options: See :class:`~openmonetize.RequestOptions`.

        Returns:
            200: The answer of the service behind, as it is.

        Raises:
            ApiException: The call failed, 401, 404, 429, 500.
        """
        return self._call(V1_RATING_PUT_0, _options, {"wildcard": wildcard, "query": query}, body)

    v1_rating_put_0_with_http_info = with_http_info(v1_rating_put_0)
    v1_rating_put_0_without_preload_content = without_preload_content(v1_rating_put_0)

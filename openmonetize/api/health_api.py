# Generated from openapi.yaml by `make generate`; do not edit.
"""HealthApi: Whether the service is alive and ready."""

from __future__ import annotations

from typing import TYPE_CHECKING

from typing_extensions import Unpack

from openmonetize._http.base_api import BaseApi, api_method, with_http_info, without_preload_content
from openmonetize._http.operation import Operation, RequestOptions

if TYPE_CHECKING:
    from openmonetize.models.health_get200_response import HealthGet200Response
    from openmonetize.models.ready_get200_response import ReadyGet200Response
    from openmonetize.models.v1_info_get200_response import V1InfoGet200Response


HEALTH_GET: Operation[HealthGet200Response] = Operation(
    "GET", "/health", {"200": "HealthGet200Response"}, (), auth="none"
)
READY_GET: Operation[ReadyGet200Response] = Operation(
    "GET", "/ready", {"200": "ReadyGet200Response", "503": "ReadyGet200Response"}, (), auth="none"
)
V1_INFO_GET: Operation[V1InfoGet200Response] = Operation(
    "GET", "/v1/info", {"200": "V1InfoGet200Response"}, (), auth="none"
)


class HealthApi(BaseApi):
    """Whether the service is alive and ready."""

    @api_method
    def health_get(self, **_options: Unpack[RequestOptions]) -> HealthGet200Response:
        """Check that the gateway is alive.

        Answers as long as the gateway process runs, whatever the state of the services behind it. Needs no key. It
        counts against the rate limit of the caller's address, so poll it gently.

        Served by seed-era and present deployments.

        Args:
            **_options: See :class:`~openmonetize.RequestOptions`.

        Returns:
            200: The gateway is alive.

        Raises:
            ApiException: The call failed, 429.
        """
        return self._call(HEALTH_GET, _options)

    health_get_with_http_info = with_http_info(health_get)
    health_get_without_preload_content = without_preload_content(health_get)

    @api_method
    def ready_get(self, **_options: Unpack[RequestOptions]) -> ReadyGet200Response:
        """Check that the gateway can do its work.

        Tries the database, the ingestion service and the rating engine. If one cannot be reached the answer is 503 with
        the same body, in which `checks` names the culprit. Needs no key. A busy ingestion service that limits its
        callers shows up as unreachable here.

        Served by seed-era and present deployments.

        Args:
            **_options: See :class:`~openmonetize.RequestOptions`.

        Returns:
            200: Everything is reachable.

        Raises:
            ApiException: The call failed, 429, 503.
        """
        return self._call(READY_GET, _options)

    ready_get_with_http_info = with_http_info(ready_get)
    ready_get_without_preload_content = without_preload_content(ready_get)

    @api_method
    def v1_info_get(self, **_options: Unpack[RequestOptions]) -> V1InfoGet200Response:
        """Get name, version and uptime of the gateway.

        Says which version of the gateway answers and for how long it has been running, in seconds. Needs no key.

        Served by seed-era and present deployments.

        Args:
            **_options: See :class:`~openmonetize.RequestOptions`.

        Returns:
            200: Facts about the gateway.

        Raises:
            ApiException: The call failed, 429.
        """
        return self._call(V1_INFO_GET, _options)

    v1_info_get_with_http_info = with_http_info(v1_info_get)
    v1_info_get_without_preload_content = without_preload_content(v1_info_get)

    health = health_get
    ready = ready_get
    info = v1_info_get

"""What stands in for the platform where nothing may be sent."""

from __future__ import annotations

from typing import Any, Mapping, NoReturn, Optional

from openmonetize._http.client import ApiClient
from openmonetize._http.operation import Operation, RequestOptions
from openmonetize.exceptions import OpenApiException


class DisabledError(OpenApiException):
    """``OpenMonetize(enabled=False)`` sends nothing, so it has no answer to this call."""


class DisabledClient(ApiClient):
    """An `ApiClient` that refuses to send anything."""

    def send(
        self,
        operation: Operation[Any],
        values: Mapping[str, Any],
        body: Any,
        options: RequestOptions,
        attempts: Optional[int] = None,
        *,
        preload: bool = False,
    ) -> NoReturn:
        """Raises `DisabledError`."""
        raise DisabledError(
            f"this OpenMonetize is disabled (enabled=False) and sends nothing, so {operation.method} "
            f"{operation.path} has no answer; tests that need answers can run openmonetize.sandbox.Sandbox"
        )

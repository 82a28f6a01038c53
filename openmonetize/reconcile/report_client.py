"""Reads the pages of providers' usage and cost reports."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from openmonetize._http.client import ApiClient
from openmonetize._http.configuration import Configuration
from openmonetize._http.operation import BYTES, Operation, Parameter, RequestOptions
from openmonetize._http.redaction import Secret
from openmonetize.exceptions import (
    ApiException,
    ApiKeyError,
    ApiValueError,
    ForbiddenException,
    UnauthorizedException,
    UnexpectedBodyError,
)

MAX_PAGES = 1000  # of one report
REPORT_TIMEOUT = 120.0  # seconds for one page, retries included


class ReportClient:
    """Asks a provider for reports, with an organization's admin key.

    Args:
        variable: the environment variable with the key.
        url_variable: the one with another base URL.
        url: the base URL, without ``/v1``.
        key_header: the header with the key; empty for ``Authorization``.
        headers: further headers.

    Raises:
        ApiKeyError: there is no key.
    """

    def __init__(
        self,
        variable: str,
        url_variable: str,
        url: str,
        *,
        key_header: str = "",
        headers: Mapping[str, str] = {},
    ) -> None:
        key = Secret((os.environ.get(variable) or "").strip(), variable)
        if not key.value:
            raise ApiKeyError(f"the provider's reports need an admin key of your organization: set {variable}")
        self._variable = variable
        try:
            settings = Configuration(
                os.environ.get(url_variable) or url, {"bearerAuth": key.value}, timeout=REPORT_TIMEOUT
            )
            secret = settings.secret()
        except ApiKeyError as error:
            raise ApiKeyError(f"{variable}: {error}") from None
        except ApiValueError as error:
            raise ApiValueError(f"{url_variable}: {error}") from None
        self._client = ApiClient(settings)
        self._auth = "none" if key_header else "bearer"
        self._headers: dict[str, Any] = dict(headers)
        if key_header:
            self._headers[key_header] = secret

    def __enter__(self) -> ReportClient:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._client.close()

    def results(self, path: str, query: Mapping[str, Any]) -> Iterator[tuple[Mapping[str, Any], Mapping[str, Any]]]:
        """Yield the results of a report, in all its pages, each after its bucket, which is its day.

        Args:
            path: of the report, from ``/v1`` on.
            query: what is asked for.

        Raises:
            ApiException: a page cannot be had; it says why.
        """
        page: Any = None
        seen = set()
        while True:
            answer = self._page(path, {**query, "page": page})
            for bucket in answer["data"]:
                for result in bucket.get("results") or ():
                    yield bucket, result
            if not answer.get("has_more"):
                return
            seen.add(page)
            page = answer.get("next_page")
            if not isinstance(page, str) or page in seen or len(seen) >= MAX_PAGES:
                raise UnexpectedBodyError(200, f"the pages of {path} do not end: only a part of the report can be read")

    def _page(self, path: str, query: Mapping[str, Any]) -> Any:
        operation: Operation[Any] = Operation(
            "GET", path, {"200": BYTES}, (Parameter("query", "", "map"),), auth=self._auth, accept="application/json"
        )
        options: RequestOptions = {"_headers": dict(self._headers)}
        try:
            answer = self._client.call(operation, {"query": query}, None, options)
        except (UnauthorizedException, ForbiddenException) as error:
            error.hint = f"the reports of an organization need an admin key, in {self._variable}"
            raise
        except ApiException as error:
            error.hint = f"asked for {path} of {self._client.configuration.host}"
            raise
        try:
            found = json.loads(answer.raw_data, parse_float=Decimal)
        except (ValueError, RecursionError):
            found = None
        if not _is_report(found):
            reason = f"the answer of {path} is no report of usage or costs"
            refused = UnexpectedBodyError(answer.status_code, reason, request_id=answer.request_id)
            refused.hint = f"asked for at {self._client.configuration.host}"
            raise refused
        return found


def _is_report(answer: Any) -> bool:
    """Return whether an answer is made of objects where a report is."""
    if not isinstance(answer, dict) or not isinstance(answer.get("data"), list):
        return False
    for bucket in answer["data"]:
        if not isinstance(bucket, dict) or not isinstance(bucket.get("results") or [], list):
            return False
        if not all(isinstance(result, dict) for result in bucket.get("results") or ()):
            return False
    return True

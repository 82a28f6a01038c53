"""Rules: steps between a call of an operation and its response."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, Optional

from openmonetize._http.operation import Operation, RequestOptions
from openmonetize.api_response import ApiResponse
from openmonetize.compat.deployment import Deployment
from openmonetize.exceptions import ApiException, NotFoundException

# The framework's own 404, as opposed to a handler's "Credit wallet not found".
_MISSING_ROUTE = re.compile(r"Route [A-Z]+:\S+ not found")


class OperationCall(NamedTuple):
    """One call of an operation.

    Attributes:
        deployment: what is known about the server.
        operation: the operation.
        values: path and query arguments by name.
        body: the body's model, bytes, or None.
        options: per-call options.
        deadline: monotonic time by which all of it must end.
        attempts: bound on the number of attempts.
    """

    deployment: Deployment
    operation: Operation[Any]
    values: Mapping[str, Any]
    body: Any
    options: RequestOptions
    deadline: float
    attempts: Optional[int] = None

    def customer_id(self) -> str:
        """Return the customer of the key that the call uses; the platform is asked if it is not known."""
        return self.deployment.customer_id(self.options, self.deadline)

    def with_values(self, **values: Any) -> OperationCall:
        """Return the call with other path or query arguments."""
        return self._replace(values={**self.values, **values})

    def with_fields(self, **fields: Any) -> OperationCall:
        """Return the call with other fields in its body."""
        return self._replace(body=self.body.model_copy(update=fields))


# Sends a call, through the rules that are still to come.
Proceed = Callable[[OperationCall], "ApiResponse[Any]"]
# Changes a call or its response, or sends another call.
Rule = Callable[[OperationCall, Proceed], "ApiResponse[Any]"]


class NotServedError(NotFoundException):
    """This deployment has no such route, whatever its documentation says."""


def apply_rules(rules: Sequence[Rule], call: OperationCall, send: Proceed) -> ApiResponse[Any]:
    """Send a call through rules, the first one outermost."""
    if not rules:
        return send(call)
    return rules[0](call, lambda changed: apply_rules(rules[1:], changed, send))


def is_missing_route(error: NotFoundException) -> bool:
    """Return whether a 404 means that there is no such route, rather than no such object."""
    return _MISSING_ROUTE.search(error.message or "") is not None


def response_from(error: ApiException, data: Any) -> ApiResponse[Any]:
    """Return a response that stands in for an error, with the status and the body that came."""
    return ApiResponse(error.status or 0, error.headers, data, (error.body or "").encode(), error.request_id)

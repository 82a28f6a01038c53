"""What a rule is: a step between a call and its answer."""

from __future__ import annotations

import re
from typing import Any, Callable, Mapping, NamedTuple, Optional, Sequence

from openmonetize._http.operation import Operation, RequestOptions
from openmonetize.api_response import ApiResponse
from openmonetize.compat.deployment import Deployment
from openmonetize.exceptions import ApiException, NotFoundException

# The framework's own 404, as opposed to a handler's "Credit wallet not found".
_MISSING_ROUTE = re.compile(r"Route [A-Z]+:\S+ not found")


class OperationCall(NamedTuple):
    """One call on its way to the server.

    Attributes:
        deployment: what is known about the server.
        operation: what to send.
        values: path and query arguments by name.
        body: the body's model, bytes, or None.
        options: per-call options.
        attempts: bound on the number of attempts.
    """

    deployment: Deployment
    operation: Operation[Any]
    values: Mapping[str, Any]
    body: Any
    options: RequestOptions
    attempts: Optional[int] = None

    def with_values(self, **values: Any) -> OperationCall:
        """The same call with other path or query arguments."""
        return self._replace(values={**self.values, **values})

    def with_fields(self, **fields: Any) -> OperationCall:
        """The same call with other fields in its body."""
        return self._replace(body=self.body.model_copy(update=fields))


Proceed = Callable[[OperationCall], "ApiResponse[Any]"]
#: Changes a call, or what comes of it: called with the call and with what sends it on.
Rule = Callable[[OperationCall, Proceed], "ApiResponse[Any]"]


class NotServedError(NotFoundException):
    """This deployment has no such route, whatever its documentation says."""


def through(rules: Sequence[Rule], call: OperationCall, send: Proceed) -> ApiResponse[Any]:
    """Send a call through rules, the first one outermost."""
    if not rules:
        return send(call)
    return rules[0](call, lambda changed: through(rules[1:], changed, send))


def is_missing_route(error: NotFoundException) -> bool:
    """Whether a 404 says that there is no such route, rather than no such thing."""
    return _MISSING_ROUTE.search(error.message or "") is not None


def answer_from(error: ApiException, data: Any) -> ApiResponse[Any]:
    """An answer that stands in for an error; status and body stay as they came."""
    return ApiResponse(error.status or 0, error.headers, data, (error.body or "").encode(), error.request_id)

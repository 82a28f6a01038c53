"""The base of the generated API classes: turns arguments into a call of the client."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Mapping, Optional, TypeVar

from openmonetize.api_client import ApiClient
from openmonetize.exceptions import ApiTypeError
from openmonetize.operation import UNSET, Operation, RequestOptions

if TYPE_CHECKING:
    from openmonetize.api_response import ApiResponse
    from openmonetize.rest import RESTResponse

T = TypeVar("T")


class BaseApi:
    """The base of the generated API classes.

    Args:
        api_client: the client to call through; by default the one that all share.
    """

    def __init__(self, api_client: Optional[ApiClient] = None) -> None:
        self.api_client = ApiClient.get_default() if api_client is None else api_client

    def _call(
        self,
        operation: Operation[T],
        options: RequestOptions,
        values: Mapping[str, Any] = {},
        body: Any = None,
        fields: Optional[Mapping[str, Any]] = None,
    ) -> T:
        return self.api_client.call(operation, values, _body(operation, body, fields), options).data

    def _call_with_http_info(
        self,
        operation: Operation[T],
        options: RequestOptions,
        values: Mapping[str, Any] = {},
        body: Any = None,
        fields: Optional[Mapping[str, Any]] = None,
    ) -> ApiResponse[T]:
        return self.api_client.call(operation, values, _body(operation, body, fields), options)

    def _call_without_preload_content(
        self,
        operation: Operation[T],
        options: RequestOptions,
        values: Mapping[str, Any] = {},
        body: Any = None,
        fields: Optional[Mapping[str, Any]] = None,
    ) -> RESTResponse:
        return self.api_client.send(operation, values, _body(operation, body, fields), options)


def _body(operation: Operation[T], body: Any, fields: Optional[Mapping[str, Any]]) -> Any:
    """The body to send: the caller's model or dict, or one built from keyword arguments."""
    if fields is None:
        return body
    from openmonetize.model import RequestModel, model_named

    given = {name: value for name, value in fields.items() if value is not UNSET}
    model = model_named(operation.body or "")
    assert issubclass(model, RequestModel)
    given = {name: value for name, value in given.items() if value is not None or name in model.nullable}
    if body is None:
        return model(**given)
    if given:
        raise ApiTypeError(f"give either a {operation.body} or its fields ({', '.join(given)}), not both")
    if not isinstance(body, model):
        return model.from_dict(body)
    return body

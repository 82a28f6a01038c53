"""The base of the generated API classes: turns arguments into a call of the client."""

from __future__ import annotations

import inspect
from functools import wraps
from typing import TYPE_CHECKING, Any, Callable, Mapping, Optional, Type, TypeVar

from typing_extensions import Concatenate, ParamSpec

from openmonetize._http.client import ApiClient
from openmonetize._http.operation import UNSET, Operation, RequestOptions, refuse_unknown
from openmonetize.exceptions import ApiTypeError

if TYPE_CHECKING:
    from openmonetize._http.transport import RESTResponse
    from openmonetize.api_response import ApiResponse

P = ParamSpec("P")
Api = TypeVar("Api", bound="BaseApi")
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
        return self.api_client.call(operation, values, _body(operation, options, body, fields), options).data


class _Whole(BaseApi):
    """Runs a generated method so that it returns the answer whole."""

    def _call(self, operation: Any, options: Any, values: Any = {}, body: Any = None, fields: Any = None) -> Any:
        return self.api_client.call(operation, values, _body(operation, options, body, fields), options)


class _Raw(BaseApi):
    """Runs a generated method so that it returns the answer unread."""

    def _call(self, operation: Any, options: Any, values: Any = {}, body: Any = None, fields: Any = None) -> Any:
        return self.api_client.send(operation, values, _body(operation, options, body, fields), options)


def with_http_info(method: Callable[Concatenate[Api, P], T]) -> Callable[Concatenate[Api, P], ApiResponse[T]]:
    """The variant of a generated method that returns the answer with its status and headers."""
    returned = method.__annotations__["return"]
    return _variant(method, _Whole, "_with_http_info", "with status and headers", f"ApiResponse[{returned}]")


def without_preload_content(method: Callable[Concatenate[Api, P], T]) -> Callable[Concatenate[Api, P], RESTResponse]:
    """The variant of a generated method that returns the raw answer, unread."""
    return _variant(method, _Raw, "_without_preload_content", "as the raw answer, unread", "RESTResponse")


def _variant(
    method: Callable[..., Any], runs_on: Type[BaseApi], suffix: str, what: str, returns: str
) -> Callable[..., Any]:
    @wraps(method)
    def variant(self: BaseApi, *args: Any, **kwargs: Any) -> Any:
        return method(runs_on(self.api_client), *args, **kwargs)

    variant.__name__ += suffix
    variant.__qualname__ += suffix
    variant.__doc__ = f":meth:`{method.__name__}`, {what}."
    variant.__annotations__ = {**method.__annotations__, "return": returns}
    variant.__signature__ = inspect.signature(method).replace(return_annotation=returns)  # type: ignore[attr-defined]
    return variant


def _body(operation: Operation[T], options: RequestOptions, body: Any, fields: Optional[Mapping[str, Any]]) -> Any:
    """The body to send: the caller's model or dict, or one built from keyword arguments."""
    refuse_unknown(operation, options)
    if fields is None:
        return body
    from openmonetize._schema.model import RequestModel, model_named

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

"""The base class of the generated API classes: turns arguments into calls of the client."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Mapping
from functools import wraps
from typing import TYPE_CHECKING, Any, Callable, TypeVar, cast

from typing_extensions import Concatenate, ParamSpec

from openmonetize._arguments import described, explained, refused_call, unknown_attribute
from openmonetize._http.client import ApiClient
from openmonetize._http.operation import FREE, UNSET, Operation, RequestOptions, check_names, check_options
from openmonetize._http.paging import Progress, Rows, rows_of_pages
from openmonetize._http.redaction import hide_keys_of
from openmonetize._schema.resolver import model_named
from openmonetize._schema.shown import remember_range
from openmonetize._schema.time_range import ranged
from openmonetize.exceptions import ApiTypeError

if TYPE_CHECKING:
    from openmonetize._http.transport import RESTResponse
    from openmonetize._schema.list_model import ListModel
    from openmonetize.api_response import ApiResponse

F = TypeVar("F", bound=Callable[..., Any])
P = ParamSpec("P")
Api = TypeVar("Api", bound="BaseApi")
Row = TypeVar("Row")
T = TypeVar("T")

_WITH_HTTP_INFO = "_with_http_info"
_WITHOUT_PRELOAD_CONTENT = "_without_preload_content"
_VARIANTS = (_WITH_HTTP_INFO, _WITHOUT_PRELOAD_CONTENT)


class BaseApi:
    """The base class of the generated API classes.

    Args:
        api_client: the client to call through; by default the shared one, ``ApiClient.get_default()``.
    """

    @explained
    def __init__(self, api_client: ApiClient | None = None) -> None:
        if api_client is not None and (isinstance(api_client, type) or not hasattr(api_client, "call")):
            raise ApiTypeError(f"api_client must be an ApiClient, not {described(api_client)}")
        self.api_client = ApiClient.get_default() if api_client is None else api_client

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:
            raise unknown_attribute(type(self).__name__, name, dir(self))

    def __dir__(self) -> Iterable[str]:
        """List each operation once: by its alias where it has one, and without its variants."""
        names = list(super().__dir__())
        methods = {name: getattr(type(self), name, None) for name in names}
        # An alias is the function of the operation itself, under another name.
        aliased = {
            each.__name__ for name, each in methods.items() if inspect.isfunction(each) and each.__name__ != name
        }
        return [name for name in names if name not in aliased and not name.endswith(_VARIANTS)]

    def _call(
        self,
        operation: Operation[T],
        options: RequestOptions,
        values: Mapping[str, Any] = {},
        body: Any = None,
        fields: Mapping[str, Any] | None = None,
    ) -> T:
        if operation.time_range is not None:
            values, asked = ranged(values, operation.time_range)
            answer = self.api_client.call(operation, values, _body(operation, options, body, fields), options).data
            return remember_range(answer, asked)
        return self.api_client.call(operation, values, _body(operation, options, body, fields), options).data

    def _rows(
        self,
        method: Callable[..., Any],
        options: RequestOptions,
        page_at: Callable[[int, int], ListModel[Row]],
        page_size: int,
        progress: Progress | None,
        *,
        largest: int,
        key: str,
        total: str,
        row: str,
    ) -> Rows[Row]:
        check_names(options, method.__name__, [name for name in inspect.signature(method).parameters if name[0] != "_"])
        return rows_of_pages(page_at, page_size, progress, largest=largest, key=key, total=total, row=row)


class _WithHttpInfo(BaseApi):
    """Runs a generated method so that it returns the answer with status and headers."""

    def _call(self, operation: Any, options: Any, values: Any = {}, body: Any = None, fields: Any = None) -> Any:
        if operation.time_range is not None:
            values, asked = ranged(values, operation.time_range)
            answer = self.api_client.call(operation, values, _body(operation, options, body, fields), options)
            remember_range(answer.data, asked)
            return answer
        return self.api_client.call(operation, values, _body(operation, options, body, fields), options)


class _WithoutPreloadContent(BaseApi):
    """Runs a generated method so that it returns the answer with its body unread."""

    def _call(self, operation: Any, options: Any, values: Any = {}, body: Any = None, fields: Any = None) -> Any:
        if operation.time_range is not None:
            values, _ = ranged(values, operation.time_range)
        return self.api_client.send(operation, values, _body(operation, options, body, fields), options)


def api_method(method: F) -> F:
    """Decorate a generated method so that a call whose arguments do not fit raises an `ApiTypeError` that says why."""
    return cast(F, _explained(method, lambda api: api))


def with_http_info(method: Callable[Concatenate[Api, P], T]) -> Callable[Concatenate[Api, P], ApiResponse[T]]:
    """Return the variant of a generated method that returns the answer with its status and headers."""
    returned = method.__annotations__["return"]
    return _variant(method, _WithHttpInfo, _WITH_HTTP_INFO, "with status and headers", f"ApiResponse[{returned}]")


def without_preload_content(method: Callable[Concatenate[Api, P], T]) -> Callable[Concatenate[Api, P], RESTResponse]:
    """Return the variant of a generated method that returns the raw answer, unread."""
    return _variant(
        method, _WithoutPreloadContent, _WITHOUT_PRELOAD_CONTENT, "as the raw answer, unread", "RESTResponse"
    )


def _variant(
    method: Callable[..., Any], runs_on: type[BaseApi], suffix: str, description: str, returns: str
) -> Callable[..., Any]:
    variant: Any = _explained(inspect.unwrap(method), lambda api: runs_on(api.api_client))
    variant.__name__ += suffix
    variant.__qualname__ += suffix
    variant.__doc__ = f":meth:`{method.__name__}`, {description}."
    variant.__annotations__ = {**method.__annotations__, "return": returns}
    variant.__signature__ = inspect.signature(method).replace(return_annotation=returns)
    return variant  # type: ignore[no-any-return]


def _explained(method: Callable[..., Any], target: Callable[[BaseApi], BaseApi]) -> Callable[..., Any]:
    """Return a method that runs another one on the target, and says why arguments do not fit."""

    @wraps(method)
    def call(self: BaseApi, *args: Any, **kwargs: Any) -> Any:
        hide_keys_of(kwargs)
        try:
            return method(target(self), *args, **kwargs)
        except BaseException as error:
            refusal = refused_call(error, method, (self, *args), kwargs)
            args, kwargs = (), {}  # tools that report errors show this frame, and an unknown argument may be a key
            if refusal is not None:
                raise refusal from None
            raise

    return call


def _body(operation: Operation[T], options: RequestOptions, body: Any, fields: Mapping[str, Any] | None) -> Any:
    """Return the body to send: the caller's model or dict, or a model of the keyword arguments."""
    check_options(operation, options)
    if fields is None:
        return _whole(operation, body)
    model = model_named(operation.body or "")
    given = {name: value for name, value in fields.items() if value is not UNSET}
    given = {name: value for name, value in given.items() if value is not None or name in model.nullable}
    if body is None:
        return model(**given)
    if given:
        raise ApiTypeError(f"give either a {operation.body} or its fields ({', '.join(given)}), not both")
    if not isinstance(body, model):
        return model.from_dict(body)
    return body


def _whole(operation: Operation[T], body: Any) -> Any:
    """Return a body that is no object with fields: the bytes of a list or a map, or what is forwarded unchanged."""
    if body is None or operation.body in (None, FREE):
        return body
    from openmonetize._schema.values import values_of  # late: no operation of the contract needs it

    return values_of(operation.body or "").to_wire(body)

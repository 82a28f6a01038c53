"""The description of an operation of the contract, and the building of its path and query."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Dict, Generic, Optional, Tuple, TypeVar, Union
from urllib.parse import quote

from typing_extensions import TypedDict

from openmonetize._arguments import described, unknown_argument, wrong_text
from openmonetize._http.redaction import Secret, hide_keys_of
from openmonetize._schema import timestamps
from openmonetize._schema.resolver import model_named
from openmonetize.exceptions import ApiTypeError, ApiValueError

T = TypeVar("T")

_CONTROL_CHARACTERS = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")


class Unset:
    """The type of :data:`UNSET`, the default of fields for which None is a value."""

    __module__ = "openmonetize"

    def __repr__(self) -> str:
        return "UNSET"

    def __reduce__(self) -> str:
        return "UNSET"  # A copy, or an object from a pickle, is the one UNSET again.

    def __bool__(self) -> bool:
        return False


# Means 'not given' for fields that take None as a value.
UNSET = Unset()

# Stand in place of a model's name: for a body that is forwarded unchanged, and for answers that are not JSON.
FREE, TEXT, BYTES = "Any", "text", "bytes"


class RequestOptions(TypedDict, total=False):
    """Options of every API method.

    ``_request_timeout``: total seconds of the call, or a pair (connect, read) of seconds.
    ``_request_auth``: another API key for this call.
    ``_content_type``: the body's content type instead of ``application/json``.
    ``_headers``: additional headers.
    ``_host_index``: the number of a server of the contract, used instead of ``Configuration.host``.
    """

    _request_timeout: Union[float, Tuple[float, float], None]
    _request_auth: Optional[str]
    _content_type: Optional[str]
    _headers: Optional[Dict[str, str]]
    _host_index: Optional[int]


RequestOptions.__module__ = "openmonetize"  # The body of a TypedDict may not assign it.


_OPTIONS = frozenset(RequestOptions.__annotations__)


@dataclass(frozen=True)
class Parameter:
    """One parameter of path, query or head.

    Attributes:
        name: the argument's name.
        wire: the name on the wire.
        place: ``path``, ``wildcard`` (a path of several segments), ``query``, ``map`` (a free query), or ``header``.
        type: ``str``, ``int``, ``float``, ``bool``, ``datetime`` or ``date``.
        required: whether it must be given.
        choices: the allowed values.
        minimum: the smallest allowed value, or the length of the shortest text.
        maximum: the largest allowed value, or the length of the longest text.
        pattern: what a text must match.
        many: empty for one value; ``repeat`` or ``comma`` for a list of them, by the way in which it is written.
        fewest: the length of the shortest list.
        most: the length of the longest list.
        is_unique: whether no value may be in a list twice.
    """

    name: str
    wire: str
    place: str
    type: str = "str"
    required: bool = False
    choices: tuple[Any, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    pattern: str = ""
    many: str = ""
    fewest: int | None = None
    most: int | None = None
    is_unique: bool = False

    @property
    def is_free(self) -> bool:
        """Whether any text will do."""
        return self.type == "str" and not self.choices and self.maximum is None and not self.pattern


@dataclass(frozen=True)
class Operation(Generic[T]):
    """An operation of the contract: how it is sent and how its answers are read.

    Attributes:
        method: the verb.
        path: the path template.
        answers: the model of each status; ``Any`` where the body is decoded by its content type, ``text`` or ``bytes``
            where it is not JSON, None for no body. ``4XX`` and ``default`` stand for the errors that are not named.
        parameters: those of the path and of the query.
        headers: those of the head.
        body: the request's model, ``Any`` for a body that is forwarded unchanged, None for no body.
        auth: ``bearer``, ``both`` (the key goes out as ``X-API-Key`` too), or ``none``.
        retry: ``always``, ``never``, or the body field that makes a repeat safe.
        accept: the media types that the answers may have.
        time_range: the arguments for the first and the last instant that are asked for, which ``last`` may stand for.
    """

    __module__ = "openmonetize"

    method: str
    path: str
    answers: Mapping[str, str | None]
    parameters: tuple[Parameter, ...] = ()
    body: str | None = None
    auth: str = "bearer"
    retry: str = "never"
    accept: str = "application/json"
    headers: tuple[Parameter, ...] = ()
    time_range: tuple[str, str] | None = None

    def target(self, values: Mapping[str, Any]) -> str:
        """Return the quoted path and query for these arguments.

        Raises:
            ApiTypeError, ApiValueError: an argument does not fit; the text names it.
        """
        path = self.path
        query: list[str] = []
        for parameter in self.parameters:
            value = values.get(parameter.name)
            if value is None:
                if parameter.required:
                    raise ApiTypeError(f"{parameter.name} is missing: {self.method} {self.path} needs it")
            elif parameter.place == "path":
                text = value if parameter.is_free else _text(parameter, value)
                path = path.replace("{" + parameter.wire + "}", _segment(parameter.name, text))
            elif parameter.place == "wildcard":
                path = path.replace("{" + parameter.wire + "}", _segments(parameter.name, value))
            elif parameter.place == "map":
                query += _pairs(parameter.name, value)
            elif parameter.many:
                query += _list(parameter, value)
            else:
                query.append(f"{parameter.wire}={_quoted(parameter.name, _text(parameter, value))}")
        return f"{path}?{'&'.join(query)}" if query else path


def head_of(operation: Operation[Any], values: Mapping[str, Any]) -> dict[str, str]:
    """Return the headers for the arguments of a call.

    Raises:
        ApiTypeError, ApiValueError: an argument does not fit; the text names it.
    """
    head: dict[str, str] = {}
    for parameter in operation.headers:
        value = values.get(parameter.name)
        if value is not None:
            head[parameter.wire] = _text(parameter, value)
        elif parameter.required:
            raise ApiTypeError(f"{parameter.name} is missing: {operation.method} {operation.path} needs it")
    return head


def check_options(operation: Operation[Any], options: Any) -> None:
    """Hide the keys in the options of a call. Raise `ApiTypeError` for one that does not exist, with a suggestion."""
    if _OPTIONS.issuperset(options):
        hide_keys_of(options)
        return
    known = [parameter.name for parameter in (*operation.parameters, *operation.headers)] + ["body"] * (
        operation.body == FREE
    )
    if operation.body not in (None, FREE):
        known += list(model_named(operation.body).model_fields)
    if operation.time_range is not None:
        known.append("last")
    check_names(options, f"{operation.method} {operation.path}", known)


def check_names(options: Any, what: str, known: list[str]) -> None:
    """Do the same for a method with these arguments."""
    hide_keys_of(options)
    unknown = [name for name in options if name not in _OPTIONS]
    for name in unknown:
        options[name] = Secret(options[name])  # it may be a key
    if unknown:
        raise unknown_argument(unknown[0], what, known + sorted(_OPTIONS))


def _segment(name: str, value: Any) -> str:
    if not isinstance(value, str):
        if not hasattr(value, "urn"):  # a UUID
            raise wrong_text(name, value)
        value = str(value)
    if value in ("", ".", ".."):
        raise ApiValueError(f"{name} must not be {value!r}: it would change the path")
    if _CONTROL_CHARACTERS.search(value):
        raise ApiValueError(f"{name} must not contain control characters or lone surrogates (got {value!r})")
    return value if value.isalnum() and value.isascii() else quote(value, safe="")


def _segments(name: str, value: Any) -> str:
    if not isinstance(value, str):
        raise ApiTypeError(f"{name} must be a str such as 'calculate/bulk', not {described(value)}")
    return "/".join(_segment(f"each segment of {name}", part) for part in value.split("/"))


def _pairs(name: str, value: Any) -> Iterable[str]:
    if not isinstance(value, Mapping):
        raise ApiTypeError(f"{name} must be a dict of query parameters, not {described(value)}")
    for key, item in value.items():
        for one in item if isinstance(item, (list, tuple)) else (item,):
            if one is not None:
                yield f"{_quoted(name, str(key))}={_quoted(name, _plain(one))}"


def _list(parameter: Parameter, value: Any) -> Iterable[str]:
    if isinstance(value, (str, bytes, Mapping)) or not isinstance(value, Iterable):
        raise ApiTypeError(f"{parameter.name} must be a list, not {value!r}")
    items = [_quoted(parameter.name, _text(parameter, item)) for item in value]
    if parameter.fewest is not None and len(items) < parameter.fewest:
        raise ApiValueError(f"{parameter.name} must have at least {parameter.fewest} items")
    if parameter.most is not None and len(items) > parameter.most:
        raise ApiValueError(f"{parameter.name} must have at most {parameter.most} items")
    if parameter.is_unique and len(set(items)) < len(items):
        raise ApiValueError(f"{parameter.name} must not have an item twice")
    return [f"{parameter.wire}={item}" for item in ([",".join(items)] if parameter.many == "comma" else items)]


def _quoted(name: str, text: str) -> str:
    try:
        return quote(text, safe="")
    except UnicodeEncodeError:
        raise ApiValueError(f"{name} contains a lone surrogate, which is not text") from None


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return timestamps.wire(value)
    return str(value)


def _check_length(parameter: Parameter, value: str) -> None:
    name, low, high = parameter.name, parameter.minimum, parameter.maximum
    if low is not None and len(value) < low:
        raise ApiValueError(f"{name} must not be empty" if not value else f"{name} must have at least {low} characters")
    if high is not None and len(value) > high:
        raise ApiValueError(f"{name} must have at most {high} characters")
    if parameter.pattern and not re.search(parameter.pattern, value):
        raise ApiValueError(f"{name} must match {parameter.pattern}, not {value!r}")


def _text(parameter: Parameter, value: Any) -> str:
    """Return a query value as text, after checking it against the contract."""
    name, kind = parameter.name, parameter.type
    if kind == "datetime":
        try:
            return timestamps.wire(timestamps.utc(value))
        except TypeError as error:
            raise ApiTypeError(f"{name} {error}") from None
        except ValueError as error:
            raise ApiValueError(f"{name} {error} (got {value!r})") from None
    if kind == "date" and isinstance(value, date):
        return value.isoformat()[:10]
    if kind in ("int", "float"):
        numbers = (int,) if kind == "int" else (int, float, Decimal)
        if isinstance(value, bool) or not isinstance(value, numbers):
            raise ApiTypeError(f"{name} must be a{'n int' if kind == 'int' else ' number'}, not {value!r}")
        low, high = parameter.minimum, parameter.maximum
        if (low is not None and value < low) or (high is not None and value > high):
            raise ApiValueError(f"{name} must be between {low} and {high}, not {value!r}")
    elif kind == "bool":
        if not isinstance(value, bool):
            raise ApiTypeError(f"{name} must be True or False, not {value!r}")
    elif not isinstance(value, str):
        raise wrong_text(name, value)
    else:
        _check_length(parameter, value)
    if parameter.choices and value not in parameter.choices:
        raise ApiValueError(f"{name} must be one of {', '.join(map(repr, parameter.choices))}, not {value!r}")
    return _plain(value)

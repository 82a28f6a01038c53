"""What a caller is told about arguments that do not fit: in the caller's words, with a suggestion.

Python refuses such a call before the function runs, with a `TypeError` that knows no other names. Here it becomes an
`ApiTypeError` that does. Most functions are wrapped (`explained`). Those that must not be slower, or that are given a
key, which the frame of a wrapper would show, take ``*surplus`` and ``**unknown`` and refuse them (`explains`).
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from functools import wraps
from types import ModuleType
from typing import Any, NoReturn, TypeVar, cast

from openmonetize.exceptions import ApiAttributeError, ApiTypeError

F = TypeVar("F", bound=Callable[..., Any])

# Names that other libraries use for what is meant here. The first one that a function takes is suggested.
_OTHER_NAMES: Mapping[str, tuple[str, ...]] = {
    "account": ("customer_id",),
    "apikey": ("_request_auth",),
    "apibase": ("base_url", "host"),
    "basepath": ("host",),
    "baseurl": ("host", "proxy_url"),
    "batchsize": ("flush_at",),
    "buffersize": ("max_events",),
    "cabundle": ("ssl_ca_cert",),
    "cacert": ("ssl_ca_cert",),
    "cachettl": ("check_cache_seconds",),
    "candidatestokencount": ("output_tokens",),
    "completiontokens": ("output_tokens",),
    "count": ("image_count", "quantity", "limit"),
    "credits": ("amount",),
    "data": ("body",),
    "duration": ("seconds",),
    "endpoint": ("base_url", "host"),
    "engine": ("model",),
    "event": ("events", "event_type"),
    "failopen": ("on_outage",),
    "fallback": ("on_outage",),
    "feature": ("feature_id",),
    "generatedtokens": ("output_tokens",),
    "host": ("base_url",),
    "httpproxy": ("proxy",),
    "httpsproxy": ("proxy",),
    "id": ("event_id", "user_id"),
    "images": ("image_count",),
    "inputs": ("input_tokens",),
    "interval": ("flush_interval",),
    "json": ("body",),
    "key": ("api_key",),
    "labels": ("metadata",),
    "maxbatchsize": ("flush_at",),
    "maxqueuesize": ("max_events",),
    "maxresults": ("limit",),
    "maxretries": ("retries", "retry"),
    "modelid": ("model",),
    "modelname": ("model",),
    "name": ("header_name",),
    "n": ("image_count", "quantity"),
    "outputs": ("output_tokens",),
    "pagesize": ("limit",),
    "params": ("query",),
    "path": ("outbox",),
    "perpage": ("limit",),
    "prompttokencount": ("input_tokens",),
    "prompttokens": ("input_tokens",),
    "properties": ("metadata",),
    "proxies": ("proxy",),
    "qty": ("quantity",),
    "queuesize": ("max_events",),
    "secretkey": ("api_key",),
    "server": ("base_url", "host"),
    "size": ("image_size",),
    "skip": ("offset",),
    "tags": ("metadata",),
    "time": ("timestamp",),
    "timeout": ("_request_timeout", "request_timeout", "check_timeout"),
    "token": ("api_key", "access_token"),
    "tokens": ("input_tokens",),
    "tokensin": ("input_tokens",),
    "tokensout": ("output_tokens",),
    "ts": ("timestamp",),
    "type": ("event_type",),
    "unit": ("unit_type",),
    "url": ("base_url", "host", "proxy_url"),
    "usage": ("quantity",),
    "user": ("user_id",),
    "value": ("header_value",),
    "vendor": ("provider",),
    "verify": ("verify_ssl",),
}


class _Missing:
    """The type of :data:`MISSING`."""

    def __repr__(self) -> str:
        return "<missing>"


# Stands for a required argument that was not given, where a function has to look by itself.
MISSING: Any = _Missing()


def suggestion(name: str, known: Iterable[str], likeness: float = 0.6) -> str | None:
    """Return the name that is meant by one that does not exist, or None.

    Args:
        name: the one that does not exist.
        known: those that do.
        likeness: how alike they have to be, from 0 to 1.
    """
    import difflib  # late: only errors need it

    bare = {_bare(one): one for one in known}
    asked = _bare(name)
    if asked in bare:
        return bare[asked]
    other = next((one for one in _OTHER_NAMES.get(asked, ()) if one in bare.values()), None)
    if other is not None:
        return other
    close = difflib.get_close_matches(asked, bare, n=1, cutoff=likeness)
    return bare[close[0]] if close else None


def _bare(name: str) -> str:
    return name.replace("_", "").replace("-", "").lower()


def unknown_argument(name: str, where: str, known: Iterable[str]) -> ApiTypeError:
    """Return the error for an argument that does not exist.

    Args:
        name: the argument.
        where: the function, or what else it was given to.
        known: the arguments that exist.
    """
    known = list(known)
    meant = suggestion(name, known)
    hint = f": did you mean {meant}?" if meant else f"; it takes {', '.join(known) or 'no arguments'}"
    return ApiTypeError(f"unknown argument {name!r} for {where}{hint}")


def refuse_unknown(where: str, given: Mapping[str, Any], known: Iterable[str]) -> None:
    """Raise `ApiTypeError` for the first argument that does not exist, if there is one."""
    known = list(known)
    for name in given:
        if name not in known:
            raise unknown_argument(name, where, known)


def missing_argument(function: Callable[..., Any], name: str, args: tuple[Any, ...] = ()) -> ApiTypeError:
    """Return the error for a required argument that was not given."""
    return ApiTypeError(f"{name} is missing: {_name_of(function, args)} needs it{_meaning(function, name)}")


def unknown_attribute(owner: str, name: str, known: Iterable[str]) -> ApiAttributeError:
    """Return the error for an attribute that does not exist."""
    public = [] if name.startswith("_") else [one for one in known if not one.startswith("_")]
    meant = suggestion(name, public)
    return ApiAttributeError(f"{owner} has no attribute {name!r}{f': did you mean {meant}?' if meant else ''}")


def described(value: Any) -> str:
    """Return what a value is that has the wrong type; for a class or a module, what was meant."""
    if isinstance(value, type):
        return f"the class {value.__name__} itself: pass an instance, {value.__name__}(...)"
    if isinstance(value, ModuleType):
        return f"the module {value.__name__}: pass an object made with it"
    return type(value).__name__


def require(name: str, value: Any, kind: type | tuple[type, ...], wanted: str) -> None:
    """Raise `ApiTypeError` unless a value is of a kind. No kind takes a bool for a number.

    Args:
        name: the argument.
        value: its value.
        kind: the class, or several.
        wanted: what it has to be, in words.
    """
    kinds = kind if isinstance(kind, tuple) else (kind,)
    if not isinstance(value, kind) or (isinstance(value, bool) and bool not in kinds):
        raise ApiTypeError(f"{name} must be {wanted}, not {described(value)}")


def require_function(name: str, value: Any) -> None:
    """Raise `ApiTypeError` unless a value can be called."""
    if not callable(value):
        raise ApiTypeError(f"{name} must be a function, not {described(value)}")


def require_callback(name: str, value: Any) -> None:
    """Raise `ApiTypeError` unless a value can be called, and does its work then: nobody awaits what it returns."""
    from inspect import iscoroutinefunction

    require_function(name, value)
    if iscoroutinefunction(value):
        raise ApiTypeError(f"{name} must be a plain function, not one with async: nobody awaits it")


def wrong_text(name: str, value: Any) -> ApiTypeError:
    """Return the error for a value that should be a str, such as a user's id from a database."""
    hint = f": pass str({value!r})" if isinstance(value, int) and not isinstance(value, bool) else ""
    return ApiTypeError(f"{name} must be a str, not {described(value)}{hint}")


def explained(function: F) -> F:
    """Decorate a function so that a call whose arguments do not fit raises an `ApiTypeError` that says what to do.

    Of a class, the constructor is decorated.
    """
    if isinstance(function, type):
        construct: Any = function
        construct.__init__ = explained(construct.__init__)
        return cast(F, construct)

    @wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        try:
            return function(*args, **kwargs)
        except BaseException as error:
            refusal = refused_call(error, function, args, kwargs)
            args, kwargs = (), {}  # tools that report errors show this frame
            if refusal is not None:
                raise refusal from None
            raise

    return cast(F, call)


def explains(function: F) -> F:
    """Decorate a function that takes ``*surplus`` and ``**unknown`` and refuses them with `refuse`.

    Its required arguments are `MISSING` if they are not given; without that, Python would complain about them before
    the function can name a typo. The signature that tools show is that of the other arguments. No call gets slower.
    """
    signature = inspect.signature(function)
    empty = inspect.Parameter.empty
    shown = [one for one in signature.parameters.values() if one.name not in ("surplus", "unknown")]
    defaults = {one.name: MISSING if one.default is empty else one.default for one in shown[1:]}
    by_name = [one.name for one in shown[1:] if one.kind is one.KEYWORD_ONLY]
    plain: Any = function
    plain.__kwdefaults__ = {name: defaults.pop(name) for name in by_name}
    plain.__defaults__ = tuple(defaults[one.name] for one in shown[1:] if one.kind is one.POSITIONAL_OR_KEYWORD)
    plain.__signature__ = signature.replace(parameters=shown)
    return function


def refuse(function: Callable[..., Any], surplus: int, unknown: Any, also: Iterable[str] = ()) -> NoReturn:
    """Raise `ApiTypeError` for arguments that a function does not take.

    Args:
        function: one that is decorated with `explains`.
        surplus: how many arguments by position it has no place for.
        unknown: the arguments by name that it does not know. They are forgotten, since one may be a key.
        also: names that it takes besides those of its signature.
    """
    names = [name for name in unknown if name not in also]
    unknown.clear()
    refusal = _refusal(function, surplus, names, also=also)
    assert refusal is not None
    raise refusal


def refused_call(
    error: BaseException, function: Callable[..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any]
) -> ApiTypeError | None:
    """Return the error to raise for a call that Python refused; None for an error from within the function."""
    trace = error.__traceback__
    if not isinstance(error, TypeError) or trace is None or trace.tb_next is not None:
        return None
    places = [one.name for one in inspect.signature(function).parameters.values() if _by_position(one)]
    taken_by_position = set(places[: len(args)])
    twice = next((name for name in kwargs if name in taken_by_position), None)
    if twice is not None:
        return ApiTypeError(f"{_name_of(function, args)} has got {twice} twice: by position and by name")
    given = taken_by_position.union(kwargs)
    return _refusal(function, max(0, len(args) - len(places)), list(kwargs), given, args)


def _refusal(
    function: Callable[..., Any],
    surplus: int,
    names: list[str],
    given: Iterable[str] = (),
    args: tuple[Any, ...] = (),
    also: Iterable[str] = (),
) -> ApiTypeError | None:
    """Return the error for the arguments of a call.

    Args:
        function: what was called.
        surplus: how many arguments by position it has no place for.
        names: of the arguments that were given by name.
        given: the names of all arguments.
        args: the arguments by position; the first may be the object of a method.
        also: names that it takes besides those of its signature.
    """
    signature, where = inspect.signature(function), _name_of(function, args)
    parameters = {name: one for name, one in signature.parameters.items() if name not in ("self", "cls")}
    known = [name for name, one in parameters.items() if one.kind not in (one.VAR_KEYWORD, one.VAR_POSITIONAL)]
    required = [name for name in known if parameters[name].default is inspect.Parameter.empty]
    missing = [name for name in required if name not in given]
    free = not also and any(one.kind is one.VAR_KEYWORD for one in parameters.values())
    known += also
    for name in names:
        # With free names, only one that is like what is missing is taken for a typo.
        if name not in known and (not free or suggestion(name, missing)):
            return unknown_argument(name, where, missing if free else known)
    if surplus:
        places = [name for name in known if name in parameters and _by_position(parameters[name])]
        others = ", ".join(name for name in known if name not in places)
        if not places:
            return ApiTypeError(
                f"{where} takes its arguments by name: {others}" if others else f"{where} takes no arguments"
            )
        rest = f", and by name {others}" if others else ""
        return ApiTypeError(f"{where} has got too many arguments by position: it takes {', '.join(places)}{rest}")
    return missing_argument(function, missing[0], args) if missing else None


def _by_position(parameter: inspect.Parameter) -> bool:
    return parameter.kind in (parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD)


def _name_of(function: Callable[..., Any], args: tuple[Any, ...] = ()) -> str:
    """Return the name by which a function is called: of a class for its constructor, of a method by its short name."""
    owner, _, name = function.__qualname__.rpartition(".")
    if name == "__init__":
        return f"{(type(args[0]).__name__ if args else owner)}()"
    for each in type(args[0]).__mro__ if args else ():
        for short, member in vars(each).items():
            if short != name == getattr(member, "__name__", "") and getattr(member, "__wrapped__", None) is function:
                return f"{short}()"
    return f"{name}()"


def _meaning(function: Callable[..., Any], name: str) -> str:
    """Return what the documentation of a function says about an argument, in brackets."""
    for line in (function.__doc__ or "").splitlines():
        said, _, meaning = line.strip().partition(": ")
        if said == name and meaning:
            return f" ({meaning.partition('. ')[0].rstrip('.,;:')})".replace("``", "")
    return ""

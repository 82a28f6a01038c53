"""The base classes of the generated models, and the field types of the wire.

Answers are read leniently: unknown fields and enum values are kept, numbers may come as strings and strings as
numbers, and anything may be missing. Requests are written strictly: unknown fields are refused, with a hint.
"""

from __future__ import annotations

import gc
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from copy import deepcopy
from datetime import date, datetime, timezone
from decimal import Decimal
from functools import lru_cache
from threading import RLock
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, TypeVar, Union, get_args, get_origin

from pydantic import (
    VERSION,
    AfterValidator,
    AllowInfNan,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    GetCoreSchemaHandler,
    PlainSerializer,
    ValidationError,
    ValidationInfo,
    model_validator,
)
from pydantic_core import CoreSchema, PydanticSerializationError, core_schema

from openmonetize._arguments import described, unknown_attribute
from openmonetize._schema import timestamps
from openmonetize._schema.jsonable import jsonable, load_json
from openmonetize._schema.shown import Shown
from openmonetize._schema.signature import FieldSignature
from openmonetize._schema.unreadable import read_around, unreadable_fields
from openmonetize._schema.validation_errors import (
    describe,
    given_by_position,
    number_as_text,
    python_name,
    unknown_field,
)
from openmonetize.exceptions import ApiTypeError, ApiValueError

Self = TypeVar("Self", bound="Model")

_MAX_EXPONENT = 400  # decimal; more than any float has

# Before 2.14, a thread that builds a model takes the one away that another thread has just built, and a third thread
# finds that of the base class, which knows no fields. Later versions have a lock of their own, and two locks could
# wait for each other.
_HAS_LOCK = tuple(map(int, VERSION.split(".")[:2])) >= (2, 14)
_LOCK = RLock()


@contextmanager
def _building() -> Iterator[None]:
    """Have the building of models to this thread, without the finalizers that might build one in the middle of it."""
    if _HAS_LOCK:
        yield
        return
    with _LOCK:
        collects = gc.isenabled()
        gc.disable()
        try:
            yield
        finally:
            if collects:
                gc.enable()


def _refuse_bool(value: Any) -> Any:
    if isinstance(value, bool):  # in Python, True is 1
        raise ValueError("must be a number")
    return value


def _whole_number(value: Any) -> Any:
    """Turn strings such as ``"120"`` and ``"120.00"`` into integers; leave other values to pydantic."""
    if isinstance(value, bool):
        raise ValueError("must be a whole number")
    number = Decimal(value) if isinstance(value, str) and _is_number(value) else value
    if isinstance(number, Decimal) and _is_sane(number) and number == number.to_integral_value():
        return int(number)
    return value


def _is_number(text: str) -> bool:
    try:
        Decimal(text)
    except ArithmeticError:
        return False
    return True


def _is_sane(value: Decimal) -> bool:
    """Return whether a number is finite and small enough for ``int`` not to run out of memory."""
    return value.is_finite() and abs(value.adjusted()) < _MAX_EXPONENT


def _finite(value: Decimal) -> Decimal:
    if not _is_sane(value):
        raise ValueError("must be a finite number")
    return value


def _json_number(value: Decimal) -> Union[int, float]:  # evaluated by pydantic
    return int(value) if value == value.to_integral_value() else float(value)


def _as_utc(value: datetime) -> datetime:
    # The platform's clocks are in UTC: so is a time without a zone.
    try:
        return value.replace(tzinfo=timezone.utc) if value.tzinfo is None else value.astimezone(timezone.utc)
    except OverflowError:
        raise ValueError("is out of the range of times") from None


class _Utc:
    """A datetime in UTC. One that is written in UTC is read by pydantic alone, without a call of Python code."""

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        in_utc = core_schema.datetime_schema(tz_constraint=0)
        other = core_schema.no_info_after_validator_function(_as_utc, handler(source))
        return core_schema.union_schema([in_utc, other], mode="left_to_right")


def _request_time(value: Any) -> datetime:
    try:
        return timestamps.utc(value)
    except TypeError as error:
        raise ValueError(str(error)) from None


def _free_form(value: Any, info: ValidationInfo) -> Any:
    return jsonable(value, info.field_name or "the value")


class _WholeNumber:
    """A whole number. An int, or a string of digits, is read by pydantic alone, without a call of Python code."""

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        digits = core_schema.str_schema(strict=True, pattern="^-?[0-9]{1,18}$")
        number = core_schema.int_schema()
        members: list[Any] = [
            core_schema.int_schema(strict=True),
            core_schema.chain_schema([digits, number]),
            core_schema.no_info_before_validator_function(_whole_number, number),
        ]
        return core_schema.union_schema(members, mode="left_to_right")


def _no_parts(value: Any) -> Any:
    """Refuse the lists of sign, digits and exponent that `Decimal` takes, some of them with errors of its own."""
    if isinstance(value, (list, tuple)):
        raise ValueError("must be a number")
    return value


class _Decimal:
    """A decimal. A JSON number or string is read by pydantic alone, without a call of Python code."""

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        number: Any = handler(source)
        other = core_schema.no_info_before_validator_function(_no_parts, number)
        return core_schema.union_schema([{**number, "strict": True}, other], mode="left_to_right")


# A whole number; a JSON number on the wire.
Int = Annotated[int, _WholeNumber]
# A whole number; a JSON string on the wire, as balances are.
IntString = Annotated[Int, PlainSerializer(str, when_used="json")]
# An exact decimal, such as US dollars; a JSON number on the wire.
Dec = Annotated[Decimal, _Decimal, AfterValidator(_finite), PlainSerializer(_json_number, when_used="json")]
# An exact decimal; a JSON string on the wire.
DecimalString = Annotated[Decimal, _Decimal, AfterValidator(_finite), PlainSerializer(str, when_used="json")]
# A number that is not money, such as a percentage.
Num = Annotated[Union[int, Annotated[float, AllowInfNan(False)]], BeforeValidator(_refuse_bool)]
# The time of an answer, aware and in UTC.
Timestamp = Annotated[datetime, _Utc, PlainSerializer(timestamps.wire, return_type=str, when_used="json")]
# The time of a request: a datetime, a day or an ISO 8601 string; a datetime without a zone is local time.
RequestTimestamp = Annotated[
    datetime,
    BeforeValidator(_request_time),
    PlainSerializer(timestamps.wire, return_type=str, when_used="json"),
]
# Facts of the caller's own that a request carries along, such as metadata.
FreeForm = Annotated[dict[str, Any], BeforeValidator(_free_form)]
Date = date


def _without_repeats(value: Any) -> Any:
    for index, item in enumerate(value):  # JSON values need not be hashable
        if item in value[:index]:
            raise ValueError(f"must not have an item twice, as {item!r}")
    return value


# A list of which no item may be there twice.
UNIQUE = AfterValidator(_without_repeats)


def _is_no_json(error: ValidationError) -> bool:
    return error.errors(include_url=False, include_context=False, include_input=False)[0]["type"] == "json_invalid"


class Model(BaseModel):
    """The base of all models: conversion from and to JSON and dicts, by the names of the wire."""

    model_config = ConfigDict(populate_by_name=True, protected_namespaces=(), defer_build=True)

    if not TYPE_CHECKING:
        __signature__ = FieldSignature()

        def __init__(self, /, *surplus: Any, **data: Any) -> None:
            if surplus:
                raise given_by_position(type(self))
            try:
                self.__pydantic_validator__.validate_python(data, self_instance=self)
            except ValidationError as error:
                raise describe(error, type(self)) from None

        # Tells pydantic to build nested models without calling `__init__`.
        __init__.__pydantic_base_init__ = True

        def __getattr__(self, name: str) -> Any:
            try:
                return super().__getattr__(name)
            except AttributeError:
                raise unknown_attribute(type(self).__name__, name, type(self).model_fields) from None

        @classmethod
        def model_rebuild(cls, *, force=False, _parent_namespace_depth=2, **options):
            """Build the model now, as pydantic does on its first use."""
            if cls.__pydantic_complete__ and not force:
                return None
            with _building():
                depth = _parent_namespace_depth + 1
                built = super().model_rebuild(force=force, _parent_namespace_depth=depth, **options)
                cls.__signature__ = Model.__dict__["__signature__"]  # pydantic has set its own
            return built

    @classmethod
    def from_dict(cls: type[Self], obj: Mapping[str, Any]) -> Self:
        """Build the model from a dict with the wire's names (or Python's).

        Raises:
            ApiTypeError: ``obj`` is not a dict with string keys.
            ApiValueError: a value does not fit; the message names it.
        """
        if isinstance(obj, cls):
            return obj
        if not isinstance(obj, Mapping):
            raise ApiTypeError(f"{cls.__name__} needs a dict, not {described(obj)}")
        try:
            return cls(**obj)
        except TypeError:
            odd = [name for name in obj if not isinstance(name, str)]
            if odd:
                raise ApiTypeError(f"{cls.__name__} has no field {odd[0]!r}: names must be str") from None
            raise

    @classmethod
    def from_json(cls: type[Self], json_str: str | bytes) -> Self:
        """Build the model from JSON text.

        Raises:
            ApiValueError: the text is not JSON, or a value does not fit; the message names it.
        """
        try:
            return cls.__pydantic_validator__.validate_json(json_str)  # type: ignore[no-any-return]
        except ValidationError as error:
            raise describe(error, cls) from None

    def to_dict(self) -> dict[str, Any]:
        """Return the given fields as a dict, with the wire's names and Python values."""
        return self.model_dump(by_alias=True, exclude_unset=True)

    def to_json(self) -> str:
        """Return the model as the JSON text that goes over the wire."""
        return self.to_wire().decode()

    def to_wire(self) -> bytes:
        """Return the model as the bytes that go over the wire."""
        try:
            return self.__pydantic_serializer__.to_json(self, by_alias=True, exclude_unset=True)
        except PydanticSerializationError as error:  # a free-form field was changed in place
            raise ApiValueError(f"{type(self).__name__} cannot be sent as JSON: {error}") from None

    def to_str(self) -> str:
        """Return the model as indented text."""
        import pprint

        return pprint.pformat(self.model_dump(by_alias=True, exclude_unset=True))


class ResponseModel(Shown, Model):
    """An answer, or a part of one. Unknown fields are kept; missing ones are None.

    A single value that cannot be read, such as a date in another form, does not make the answer unreadable: the field
    is None, and `unreadable` has the value.
    """

    # The range of time that was asked for. It is no field: neither compared, nor pickled, nor part of `to_dict`.
    __slots__ = ("_asked_range",)

    model_config = ConfigDict(extra="allow", coerce_numbers_to_str=True)

    @property
    def unreadable(self) -> dict[str, Any]:
        """The values that could not be read, as they came, by the names of their fields; empty as a rule."""
        return unreadable_fields(self) if self.__pydantic_extra__ else {}

    if not TYPE_CHECKING:

        def __init__(self, /, *surplus: Any, **data: Any) -> None:
            if surplus:
                raise given_by_position(type(self))
            try:
                self.__pydantic_validator__.validate_python(data, self_instance=self)
            except ValidationError as error:
                found = read_around(type(self), deepcopy(data), error)
                if found is None:
                    raise describe(error, type(self)) from None
                for name in ("__dict__", "__pydantic_extra__", "__pydantic_fields_set__", "__pydantic_private__"):
                    object.__setattr__(self, name, getattr(found, name))

        __init__.__pydantic_base_init__ = True

    @classmethod
    def from_json(cls: type[Self], json_str: str | bytes) -> Self:
        """Build the model from JSON text.

        Raises:
            ApiValueError: the text is not JSON, or is not such an answer; the message says why.
        """
        try:
            return cls.__pydantic_validator__.validate_json(json_str)  # type: ignore[no-any-return]
        except ValidationError as error:
            found = None if _is_no_json(error) else read_around(cls, load_json(json_str), error)
            if found is None:
                raise describe(error, cls) from None
            return found  # type: ignore[no-any-return]


@lru_cache(maxsize=None)
def _numbers_of(model: type[BaseModel]) -> frozenset[str]:
    """Return the fields that are numbers on the wire, and nothing else but null."""
    found = {
        name: set(_kinds(field.annotation, field.metadata)) - {type(None)} for name, field in model.model_fields.items()
    }
    return frozenset(name for name, kinds in found.items() if kinds and kinds <= {int, float, Decimal})


def _kinds(annotation: Any, marks: Iterable[Any] = ()) -> Iterator[Any]:
    """Yield the types of a union; of a number that is a string on the wire, that of strings."""
    if any(isinstance(mark, PlainSerializer) and mark.func is str for mark in marks):
        yield str
    elif get_origin(annotation) is Annotated:
        inner, *more = get_args(annotation)
        yield from _kinds(inner, more)
    elif get_origin(annotation) is Union:
        for option in get_args(annotation):
            yield from _kinds(option)
    else:
        yield annotation


def _is_the_callers_own(name: Any, model: type[BaseModel]) -> bool:
    """Return whether a field is none of the contract's, of a body that may have such ones."""
    return model.model_config.get("extra") == "allow" and python_name(str(name), model) not in model.model_fields


class RequestModel(Model):
    """The body of a request, or a part of one. Unknown fields are errors; None means that a field is not given.

    ``nullable`` lists the fields that may be null on the wire: their None is sent.
    """

    # Any limit makes pydantic check strings for lone surrogates.
    model_config = ConfigDict(extra="forbid", allow_inf_nan=False, str_min_length=0)
    nullable: ClassVar[frozenset[str]] = frozenset()

    if not TYPE_CHECKING:

        def __setattr__(self, name: str, value: Any) -> None:
            if name not in type(self).model_fields:
                raise unknown_field(name, type(self))
            # An assigned value passes the same checks as one that is given to the constructor.
            given = {known: getattr(self, known) for known in self.__pydantic_fields_set__}
            changed = type(self)(**{**given, name: value})
            vars(self).update(vars(changed))
            self.__pydantic_fields_set__.clear()
            self.__pydantic_fields_set__.update(changed.__pydantic_fields_set__)

    @model_validator(mode="before")
    @classmethod
    def _without_none(cls, data: Any) -> Any:
        if not isinstance(data, Mapping):
            return data
        for name, value in data.items():
            if isinstance(value, str) and python_name(str(name), cls) in _numbers_of(cls):
                raise number_as_text(str(name), value)
        return {
            name: value
            for name, value in data.items()
            if value is not None or python_name(str(name), cls) in cls.nullable or _is_the_callers_own(name, cls)
        }

"""The bases of the generated models, and the field types that the wire needs.

Answers are read leniently (unknown fields and enum values are kept, numbers may come as strings and strings as
numbers, anything may be missing); requests are written strictly (unknown fields are refused, with a hint).
"""

from __future__ import annotations

from datetime import date, datetime, timezone
from decimal import Decimal
from typing import (
    TYPE_CHECKING,
    Any,
    ClassVar,
    Dict,
    FrozenSet,
    Mapping,
    Optional,
    Type,
    TypeVar,
    Union,
)

from pydantic import (
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
from typing_extensions import Annotated

from openmonetize._schema import timestamps
from openmonetize._schema.jsonable import jsonable
from openmonetize._schema.validation_errors import describe, python_name, unknown_field
from openmonetize.exceptions import ApiTypeError, ApiValueError

Self = TypeVar("Self", bound="Model")
T = TypeVar("T")

MAX_SAFE_INTEGER = 2**53 - 1


def _no_boolean(value: Any) -> Any:
    if isinstance(value, bool):  # in Python, True is 1
        raise ValueError("must be a number")
    return value


def _whole(value: Any) -> Any:
    """Let texts such as ``"120"`` and ``"120.00"`` and whole floats count as integers."""
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
    """Finite, and of a size that does not make ``int`` run out of memory."""
    return value.is_finite() and abs(value.adjusted()) < 400


def _finite(value: Decimal) -> Decimal:
    if not _is_sane(value):
        raise ValueError("must be a finite number")
    return value


def _json_number(value: Decimal) -> Union[int, float]:
    return int(value) if value == value.to_integral_value() else float(value)


def _as_utc(value: datetime) -> datetime:
    # An answer's time without a zone is the server's, which is UTC.
    try:
        return value.replace(tzinfo=timezone.utc) if value.tzinfo is None else value.astimezone(timezone.utc)
    except OverflowError:
        raise ValueError("is out of the range of times") from None


class _InUtc:
    """Reads a moment as UTC. One that says it is in UTC does not pass through Python."""

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


class _Whole:
    """Reads a whole number. An int, or one that is written out in digits, does not pass through Python."""

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        digits = core_schema.str_schema(strict=True, pattern="^-?[0-9]{1,18}$")
        number = core_schema.int_schema()
        members: list[Any] = [
            core_schema.int_schema(strict=True),
            core_schema.chain_schema([digits, number]),
            core_schema.no_info_before_validator_function(_whole, number),
        ]
        return core_schema.union_schema(members, mode="left_to_right")


#: Whole number; a JSON number on the wire.
Int = Annotated[int, _Whole]
#: Whole number; a JSON string on the wire, such as a balance.
IntString = Annotated[Int, PlainSerializer(str, when_used="json")]
#: Exact decimal, such as US dollars; a JSON number on the wire.
Dec = Annotated[Decimal, AfterValidator(_finite), PlainSerializer(_json_number, when_used="json")]
#: Exact decimal; a JSON string on the wire.
DecimalString = Annotated[Decimal, AfterValidator(_finite), PlainSerializer(str, when_used="json")]
#: Number that is no money, such as a percentage.
Num = Annotated[Union[int, Annotated[float, AllowInfNan(False)]], BeforeValidator(_no_boolean)]
#: Aware UTC moment of an answer.
Timestamp = Annotated[datetime, _InUtc, PlainSerializer(timestamps.wire, return_type=str, when_used="json")]
#: Moment that a request names: a datetime or an ISO 8601 text; without a zone it is local time.
RequestTimestamp = Annotated[
    datetime,
    BeforeValidator(_request_time),
    PlainSerializer(timestamps.wire, return_type=str, when_used="json"),
]
#: Anything that a request sends along as it is, such as metadata.
FreeForm = Annotated[Dict[str, Any], BeforeValidator(_free_form)]
Date = date

#: Default of fields that the contract promises: an answer without them has None there.
ABSENT: Any = None
if TYPE_CHECKING:
    #: What the contract promises is typed as present, so that nobody has to test for what never happens ...
    Lenient = Annotated[T, "promised by the contract"]
else:
    #: ... and an answer that breaks the promise is read all the same.
    Lenient = Optional


class Model(BaseModel):
    """What all models share: conversion from and to JSON and dicts, by the names of the wire."""

    model_config = ConfigDict(populate_by_name=True, protected_namespaces=(), defer_build=True)

    if not TYPE_CHECKING:

        def __init__(self, /, **data: Any) -> None:
            try:
                self.__pydantic_validator__.validate_python(data, self_instance=self)
            except ValidationError as error:
                raise describe(error, type(self)) from None

        # Nested values are then validated without a detour through Python.
        __init__.__pydantic_base_init__ = True

    @classmethod
    def from_dict(cls: Type[Self], obj: Mapping[str, Any]) -> Self:
        """Build the model from a dict with the wire's names (or Python's).

        Raises:
            ApiValueError: a value does not fit; the text names it.
        """
        if isinstance(obj, cls):
            return obj
        if not isinstance(obj, Mapping):
            raise ApiTypeError(f"{cls.__name__} needs a dict, not {type(obj).__name__}")
        try:
            return cls(**obj)
        except TypeError:
            odd = [name for name in obj if not isinstance(name, str)]
            if odd:
                raise ApiTypeError(f"{cls.__name__} has no field {odd[0]!r}: names must be str") from None
            raise

    @classmethod
    def from_json(cls: Type[Self], json_str: Union[str, bytes]) -> Self:
        """Build the model from JSON text.

        Raises:
            ApiValueError: no JSON, or a value does not fit; the text names it.
        """
        try:
            return cls.__pydantic_validator__.validate_json(json_str)  # type: ignore[no-any-return]
        except ValidationError as error:
            raise describe(error, cls) from None

    def to_dict(self) -> Dict[str, Any]:
        """The model as a dict with the wire's names and Python's values; what was not given is left out."""
        return self.model_dump(by_alias=True, exclude_unset=True)

    def to_json(self) -> str:
        """The model as the JSON text that goes over the wire."""
        return self.to_wire().decode()

    def to_wire(self) -> bytes:
        """The model as the bytes that go over the wire."""
        try:
            return self.__pydantic_serializer__.to_json(self, by_alias=True, exclude_unset=True)
        except PydanticSerializationError as error:  # what was put into a free-form field afterwards
            raise ApiValueError(f"{type(self).__name__} cannot be sent as JSON: {error}") from None

    def to_str(self) -> str:
        """The model for a human's eye."""
        import pprint

        return pprint.pformat(self.model_dump(by_alias=True, exclude_unset=True))


class ResponseModel(Model):
    """An answer, or a part of one. Fields that the library does not know are kept."""

    model_config = ConfigDict(extra="allow", coerce_numbers_to_str=True)


class RequestModel(Model):
    """A request's body, or a part of one. Unknown fields are errors; None means 'not given'.

    Fields that the wire lets be null on purpose are listed in ``nullable``: None is sent for them.
    """

    # A text with any limit is looked at closely: pydantic lets lone surrogates through otherwise.
    model_config = ConfigDict(extra="forbid", allow_inf_nan=False, str_min_length=0)
    nullable: ClassVar[FrozenSet[str]] = frozenset()

    if not TYPE_CHECKING:

        def __setattr__(self, name: str, value: Any) -> None:
            if name not in type(self).model_fields:
                raise unknown_field(name, type(self))
            # One rule for every way a value gets in.
            given = {known: getattr(self, known) for known in self.__pydantic_fields_set__}
            twin = type(self)(**{**given, name: value})
            vars(self).update(vars(twin))
            self.__pydantic_fields_set__.clear()
            self.__pydantic_fields_set__.update(twin.__pydantic_fields_set__)

    @model_validator(mode="before")
    @classmethod
    def _what_was_given(cls, data: Any) -> Any:
        if not isinstance(data, Mapping):
            return data
        return {
            name: value
            for name, value in data.items()
            if value is not None or python_name(str(name), cls) in cls.nullable
        }


def model_named(name: str) -> Any:
    """The generated model class of that name, imported on first use."""
    import openmonetize

    return getattr(openmonetize, name)

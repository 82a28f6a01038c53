"""The bases of the generated models, and the field types that the wire needs.

Answers are read leniently (unknown fields and enum values are kept, numbers may come as strings and strings as
numbers, anything may be missing); requests are written strictly (unknown fields are refused, with a hint).
"""

from __future__ import annotations

import math
from datetime import date, datetime, timezone
from decimal import Decimal
from typing import (
    TYPE_CHECKING,
    Any,
    ClassVar,
    Dict,
    FrozenSet,
    List,
    Mapping,
    Optional,
    Type,
    TypeVar,
    Union,
)

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, PlainSerializer, ValidationError
from typing_extensions import Annotated

from openmonetize import timestamps
from openmonetize.exceptions import ApiTypeError, ApiValueError

Self = TypeVar("Self", bound="Model")
T = TypeVar("T")

MAX_SAFE_INTEGER = 2**53 - 1


def _whole(value: Any) -> Any:
    """Let texts such as ``"120"`` and ``"120.00"`` and whole floats count as integers."""
    if isinstance(value, str):
        number = Decimal(value) if _is_number(value) else None
        if number is not None and number.is_finite() and number == number.to_integral_value():
            return int(number)
    elif isinstance(value, Decimal) and value.is_finite() and value == value.to_integral_value():
        return int(value)
    return value


def _is_number(text: str) -> bool:
    try:
        Decimal(text)
    except ArithmeticError:
        return False
    return True


def _finite(value: Decimal) -> Decimal:
    if not value.is_finite():
        raise ValueError("must be a finite number")
    return value


def _json_number(value: Decimal) -> Union[int, float]:
    return int(value) if value == value.to_integral_value() else float(value)


def _as_utc(value: datetime) -> datetime:
    # An answer's time without a zone is the server's, which is UTC.
    return value.replace(tzinfo=timezone.utc) if value.tzinfo is None else value.astimezone(timezone.utc)


def _request_time(value: Any) -> datetime:
    try:
        return timestamps.utc(value)
    except TypeError as error:
        raise ValueError(str(error)) from None


#: Whole number; a JSON number on the wire.
Int = Annotated[int, BeforeValidator(_whole)]
#: Whole number; a JSON string on the wire, such as a balance.
IntText = Annotated[int, BeforeValidator(_whole), PlainSerializer(str, when_used="json")]
#: Exact decimal, such as US dollars; a JSON number on the wire.
Dec = Annotated[Decimal, AfterValidator(_finite), PlainSerializer(_json_number, when_used="json")]
#: Exact decimal; a JSON string on the wire.
DecText = Annotated[Decimal, AfterValidator(_finite), PlainSerializer(str, when_used="json")]
#: Number that is no money, such as a percentage.
Num = Union[int, float]
#: Aware UTC moment of an answer.
Timestamp = Annotated[
    datetime, AfterValidator(_as_utc), PlainSerializer(timestamps.wire, return_type=str, when_used="json")
]
#: Moment that a request names: a datetime or an ISO 8601 text; without a zone it is local time.
RequestTimestamp = Annotated[
    datetime,
    BeforeValidator(_request_time),
    PlainSerializer(timestamps.wire, return_type=str, when_used="json"),
]
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

        def __init__(self, **data: Any) -> None:
            try:
                self.__pydantic_validator__.validate_python(data, self_instance=self)
            except ValidationError as error:
                raise explain(error, type(self)) from None

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
        return cls(**obj)

    @classmethod
    def from_json(cls: Type[Self], json_str: Union[str, bytes]) -> Self:
        """Build the model from JSON text.

        Raises:
            ApiValueError: no JSON, or a value does not fit; the text names it.
        """
        try:
            return cls.__pydantic_validator__.validate_json(json_str)  # type: ignore[no-any-return]
        except ValidationError as error:
            raise explain(error, cls) from None

    def to_dict(self) -> Dict[str, Any]:
        """The model as a dict with the wire's names and Python's values; what was not given is left out."""
        return self.model_dump(by_alias=True, exclude_unset=True)

    def to_json(self) -> str:
        """The model as the JSON text that goes over the wire."""
        return self.to_wire().decode()

    def to_wire(self) -> bytes:
        """The model as the bytes that go over the wire."""
        return self.__pydantic_serializer__.to_json(self, by_alias=True, exclude_unset=True)

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

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)
    nullable: ClassVar[FrozenSet[str]] = frozenset()

    if not TYPE_CHECKING:

        def __init__(self, **data: Any) -> None:
            nullable = self.nullable
            super().__init__(**{name: v for name, v in data.items() if v is not None or name in nullable})

        __init__.__pydantic_base_init__ = True


def explain(error: ValidationError, model: Type[BaseModel]) -> ApiValueError:
    """Say what is wrong with a model's input, field by field, without pydantic's vocabulary."""
    return ApiValueError(f"{model.__name__}: " + "; ".join(_complaints(error, model)))


def _complaints(error: ValidationError, model: Type[BaseModel]) -> List[str]:
    complaints = []
    for item in error.errors(include_url=False, include_context=True):
        path = ".".join(str(part) for part in item["loc"])
        if item["type"] == "extra_forbidden":
            complaints.append(f"unknown field {path!r}{_did_you_mean(str(item['loc'][-1]), model)}")
        elif item["type"] == "missing":
            complaints.append(f"{_python_name(path, model)} is missing")
        elif item["type"] == "json_invalid":
            complaints.append(item["msg"])
        else:
            shown = repr(item["input"])
            shown = shown if len(shown) <= 80 else shown[:77] + "..."
            complaints.append(f"{_python_name(path, model)} {_plain(item['msg'])} (got {shown})")
    return complaints


def _plain(message: str) -> str:
    for prefix in ("Value error, ", "Input ", "String "):
        message = message[len(prefix) :] if message.startswith(prefix) else message
    if message == r"should match pattern '^[^\x00]*$'":
        return "must not contain NUL, which makes the platform lose the event"
    return message[:1].lower() + message[1:]


def _python_name(path: str, model: Type[BaseModel]) -> str:
    for name, field in model.model_fields.items():
        if field.alias == path:
            return name
    return path


def _did_you_mean(name: str, model: Type[BaseModel]) -> str:
    import difflib

    known = {field.replace("_", ""): field for field in model.model_fields}
    close = difflib.get_close_matches(name.replace("_", "").lower(), known, n=1, cutoff=0.6)
    return f": did you mean {known[close[0]]!r}?" if close else ""


def is_finite_number(value: Any) -> bool:
    """Whether ``value`` is a number that JSON can say; booleans are none."""
    return isinstance(value, (int, float, Decimal)) and not isinstance(value, bool) and math.isfinite(value)


def model_named(name: str) -> Any:
    """The generated model class of that name, imported on first use."""
    import openmonetize

    return getattr(openmonetize, name)

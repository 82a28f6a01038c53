"""The field types of usage events, which convert users' values to the wire's form or refuse them.

``event_id='evt_123'``, ``provider='openai'`` and ``datetime.now().isoformat()`` are not valid on the wire. Values in
the wire's form are validated by pydantic alone; all others are converted by the functions here.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, Callable, Union

from pydantic import Field, GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

from openmonetize._schema.jsonable import jsonable, whole
from openmonetize._schema.numbers import MAX_SAFE_INTEGER
from openmonetize.events.ids import UUID_PATTERN, is_uuid
from openmonetize.events.providers import PROVIDERS
from openmonetize.events.times import WIRE_TIME_PATTERN, event_time
from openmonetize.exceptions import ApiValueError

# Metadata key of a model's name as the provider gave it, where the event carries another name.
MODEL_KEY = "gen_ai.response.model"

_NO_NUL = r"^[^\x00]*$"

# The default of fields that the model fills in.
FILLED: Any = None


class PendingId(str):
    """A caller's own event id, which becomes a UUID once its namespace is known."""


class _WithoutNul:
    """Refuses NUL, with which the platform loses the event after accepting it (measured).

    In JSON a NUL is always escaped; `read_json` searches the whole text for it.
    """

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        without_nul = _str(pattern=_NO_NUL)
        other = core_schema.no_info_before_validator_function(_refuse_nul, without_nul)
        text = core_schema.union_schema([without_nul, other], mode="left_to_right")
        return core_schema.json_or_python_schema(_str(), text)


class _Normalised:
    """Validates values in the wire's form with pydantic alone, and converts others with a function.

    Args:
        form: the schema of the wire's form.
        normalise: converts another value to that form, or raises ``ValueError``.
        again: whether the converted value has to match ``form`` as well.
    """

    def __init__(self, form: CoreSchema, normalise: Callable[[Any], Any], *, again: bool = False) -> None:
        other: CoreSchema
        if again:
            other = core_schema.no_info_before_validator_function(normalise, form)
        else:
            other = core_schema.no_info_plain_validator_function(normalise)
        kind: Any = form["type"]
        written = core_schema.simple_ser_schema(kind)
        self._schema = core_schema.union_schema([form, other], mode="left_to_right", serialization=written)

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return self._schema


def _str(**limits: Any) -> CoreSchema:
    return core_schema.str_schema(strict=True, **limits)


def _refuse_nul(value: Any) -> Any:
    if isinstance(value, str) and "\0" in value:
        raise ValueError("must not contain NUL, which makes the platform lose the event")
    return value


def _own_id(value: Any) -> str:
    """Return an id that is not written as a UUID."""
    if not isinstance(value, str):
        if not hasattr(value, "urn"):
            raise ApiValueError(f"event_id must be a UUID or another text of yours, not {value!r}")
        value = str(value)
        return value if is_uuid(value) else PendingId(value)
    if not value or "\0" in value or not value.isprintable():
        raise ApiValueError(f"event_id must be a UUID or a printable text, not {value!r}")
    return PendingId(value)


def _other_provider(value: Any) -> Any:
    if isinstance(value, str):
        raise ApiValueError(
            f"the platform takes no provider {value!r}, only {', '.join(PROVIDERS)}; usage of another provider is "
            "metered as a CustomEvent, or under a provider that you name yourself"
        )
    raise ValueError("should be a valid string")


def _event_time(moment: Any) -> str:
    """Return the time in the wire's form. A naive time is local time; offsets are converted to UTC."""
    try:
        return event_time(moment)
    except (TypeError, ValueError) as error:
        raise ApiValueError(f"timestamp {error} (got {moment!r})") from None


class _Metadata:
    """Validates metadata: any JSON object. A flat object that was read from JSON is validated by pydantic alone."""

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        any_dict = core_schema.no_info_plain_validator_function(_metadata)
        scalars: list[Any] = [
            _str(),
            core_schema.int_schema(strict=True),
            core_schema.float_schema(strict=True, allow_inf_nan=False),
            core_schema.bool_schema(strict=True),
            core_schema.none_schema(),
        ]
        name = _str(pattern="^[A-Za-z][A-Za-z0-9_.-]*$")
        flat_dict = core_schema.dict_schema(name, core_schema.union_schema(scalars, mode="left_to_right"))
        loaded = core_schema.union_schema([flat_dict, any_dict], mode="left_to_right")
        return core_schema.json_or_python_schema(loaded, any_dict, serialization=core_schema.simple_ser_schema("any"))


def _metadata(value: Any) -> Any:
    if not isinstance(value, Mapping):
        raise ValueError("should be a valid dictionary")
    return jsonable(value, "metadata")


if TYPE_CHECKING:
    Text = str
    EventId = str
    Provider = str
    EventTime = Union[str, datetime]
    Count = int
    PositiveCount = int
    Quantity = float
    Metadata = dict[str, Any]
else:
    Text = Annotated[str, _WithoutNul]
    EventId = Annotated[str, _Normalised(_str(pattern=rf"^(?i:{UUID_PATTERN})$", to_lower=True), _own_id)]
    Provider = Annotated[
        str, _Normalised(_str(pattern=rf"^(?i:{'|'.join(PROVIDERS)})$", to_upper=True), _other_provider)
    ]
    # Kept in the wire's form. The pattern refuses days that do not exist, which would fail the whole batch.
    EventTime = Annotated[str, _Normalised(_str(pattern=rf"^{WIRE_TIME_PATTERN}$"), _event_time)]
    Count = Annotated[
        int, _Normalised(core_schema.int_schema(strict=True, ge=0, le=MAX_SAFE_INTEGER), whole, again=True)
    ]
    PositiveCount = Annotated[
        int, _Normalised(core_schema.int_schema(strict=True, ge=1, le=MAX_SAFE_INTEGER), whole, again=True)
    ]
    Quantity = Union[
        Annotated[int, Field(strict=True, gt=0, lt=10**12)],
        Annotated[float, Field(strict=True, gt=0, lt=10**12, allow_inf_nan=False)],
    ]
    Metadata = Annotated[dict[str, Any], _Metadata]

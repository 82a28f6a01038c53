"""The field types of usage events: what users write becomes what the platform takes, or an error at once.

The README's ``event_id='evt_123'``, ``provider='openai'`` and ``datetime.now().isoformat()`` are not valid on the
wire. What has the wire's own form passes at the speed of pydantic; everything else is normalised here.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, Callable, Dict, List, Mapping, Union

from pydantic import Field, GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema
from typing_extensions import Annotated

from openmonetize._schema import timestamps
from openmonetize._schema.jsonable import jsonable, whole
from openmonetize._schema.model import MAX_SAFE_INTEGER
from openmonetize.events.ids import UUID_PATTERN, is_uuid
from openmonetize.exceptions import ApiValueError

PROVIDERS = ("OPENAI", "ANTHROPIC", "GOOGLE", "COHERE", "MISTRAL")

_NO_NUL = r"^[^\x00]*$"

#: For fields that the model fills in when they are left out.
FILLED: Any = None

# Digits are spelt out: `\d` would let those of other scripts through. The platform cannot store the year 0.
_YEAR = r"(?:000[1-9]|00[1-9][0-9]|0[1-9][0-9]{2}|[1-9][0-9]{3})"
_LEAP_YEAR = r"(?:[0-9]{2}(?:0[48]|[2468][048]|[13579][26])|(?:0[48]|[2468][048]|[13579][26])00)"
_MONTH_AND_DAY = (
    r"(?:(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])|(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)"
    r"|02-(?:0[1-9]|1[0-9]|2[0-8]))"
)
_DAY = rf"(?:{_YEAR}-{_MONTH_AND_DAY}|{_LEAP_YEAR}-02-29)"
_TIME = r"(?:[01][0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9](?:\.[0-9]+)?)?"


class PendingId(str):
    """An event id of the caller's own that becomes a UUID as soon as its namespace is known."""


class _WithoutNul:
    """NUL in any string makes the platform lose the event after it was accepted.

    In JSON it can only stand as an escape, which is looked for in the text as a whole.
    """

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        without_nul = _str(pattern=_NO_NUL)
        other = core_schema.no_info_before_validator_function(_refuse_nul, without_nul)
        text = core_schema.union_schema([without_nul, other], mode="left_to_right")
        return core_schema.json_or_python_schema(_str(), text)


class _Normalised:
    """Takes the wire's own form at the speed of pydantic, and asks a function about everything else.

    Args:
        form: the wire's own form.
        normalise: makes a value of that form out of another one, or raises ``ValueError``.
        again: whether what it makes has to keep to ``form`` as well.
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
    """An id that is not written as a UUID."""
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
    """The time in the wire's form: naive is local, offsets become UTC."""
    try:
        return timestamps.event_time(moment)
    except (TypeError, ValueError) as error:
        raise ApiValueError(f"timestamp {error} (got {moment!r})") from None


class _Metadata:
    """Anything that JSON can say. What was read from JSON needs a look only where it is nested or oddly named."""

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        any_dict = core_schema.no_info_plain_validator_function(_metadata)
        scalars: List[Any] = [
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
    Metadata = Dict[str, Any]
else:
    Text = Annotated[str, _WithoutNul]
    EventId = Annotated[str, _Normalised(_str(pattern=rf"^(?i:{UUID_PATTERN})$", to_lower=True), _own_id)]
    Provider = Annotated[
        str, _Normalised(_str(pattern=rf"^(?i:{'|'.join(PROVIDERS)})$", to_upper=True), _other_provider)
    ]
    #: Kept in the wire's form. The pattern knows the calendar: an impossible day would fail the whole batch.
    EventTime = Annotated[str, _Normalised(_str(pattern=rf"^{_DAY}T{_TIME}Z$"), _event_time)]
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
    Metadata = Annotated[Dict[str, Any], _Metadata]

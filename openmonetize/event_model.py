"""The base of the usage events: what users write becomes what the platform takes, or an error at once.

The README's ``event_id='evt_123'``, ``provider='openai'`` and ``datetime.now().isoformat()`` are not valid on the
wire. The field types below take the wire's own form at the speed of pydantic; everything else is normalised here.
"""

from __future__ import annotations

from datetime import datetime
from typing import (
    TYPE_CHECKING,
    Any,
    Callable,
    ClassVar,
    Dict,
    List,
    Mapping,
    Optional,
    Sequence,
    Set,
    Tuple,
    Type,
    TypeVar,
    Union,
)

from pydantic import ConfigDict, Field, GetCoreSchemaHandler, ValidationError
from pydantic_core import CoreSchema, PydanticSerializationError, core_schema
from typing_extensions import Annotated

from openmonetize import timestamps
from openmonetize.event_id import SOURCE_ID_KEY, UUID_PATTERN, derive_id, is_uuid, mint_id
from openmonetize.exceptions import ApiValueError
from openmonetize.explain import explain, unknown_field
from openmonetize.jsonable import jsonable, load_json, whole
from openmonetize.model import MAX_SAFE_INTEGER, Model

Self = TypeVar("Self", bound="EventModel")

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


class WaitingId(str):
    """An event id of the caller's own that becomes a UUID as soon as its namespace is known."""


class _WithoutNul:
    """NUL in any string makes the platform lose the event after it was accepted.

    In JSON it can only stand as an escape, which is looked for in the text as a whole.
    """

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.json_or_python_schema(_str(), _str(pattern=_NO_NUL))


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
        written = core_schema.simple_ser_schema(form["type"])
        self._schema = core_schema.union_schema([form, other], mode="left_to_right", serialization=written)

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return self._schema


def _str(**limits: Any) -> CoreSchema:
    return core_schema.str_schema(strict=True, **limits)


def _own_id(value: Any) -> str:
    """An id that is not written as a UUID."""
    if not isinstance(value, str):
        if not hasattr(value, "urn"):
            raise ApiValueError(f"event_id must be a UUID or another text of yours, not {value!r}")
        value = str(value)
        return value if is_uuid(value) else WaitingId(value)
    if not value or "\0" in value or not value.isprintable():
        raise ApiValueError(f"event_id must be a UUID or a printable text, not {value!r}")
    return WaitingId(value)


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


class EventModel(Model):
    """What all usage events share.

    ``event_id``, ``timestamp`` and ``idempotency_key`` are filled in when they are left out, once and for all, so
    that every retry carries the same. Raises :class:`~openmonetize.exceptions.ApiValueError` for what the platform
    refuses, loses, or never bills.
    """

    model_config = ConfigDict(extra="forbid")
    #: Fields that count what was used.
    counted: ClassVar[Tuple[str, ...]] = ("input_tokens", "output_tokens", "image_count")

    if not TYPE_CHECKING:

        def __init__(self, /, **data: Any) -> None:
            if "quantity" in data and type(data["quantity"]) not in (int, float):
                data["quantity"] = whole(data["quantity"])  # pydantic would take a numpy boolean for a number
            try:
                self.__pydantic_validator__.validate_python(data, self_instance=self)
            except ValidationError as error:
                given = {name: value for name, value in data.items() if value is not None}
                if len(given) == len(data):
                    raise explain(error, type(self)) from None
                self.__init__(**given)  # type: ignore[misc]
            else:
                self.complete()

        __init__.__pydantic_base_init__ = True

        def __setattr__(self, name: str, value: Any) -> None:
            if name not in type(self).model_fields:
                raise unknown_field(name, type(self))
            # One rule for every way a value gets in: a change is a new event with the same id.
            values = dict(vars(self))
            if values["idempotency_key"] == values["event_id"]:
                del values["idempotency_key"]  # it was filled in, and follows the id
            vars(self).update(vars(type(self)(**{**values, name: value})))
            if value is None:
                self.__pydantic_fields_set__.discard(name)
            else:
                self.__pydantic_fields_set__.add(name)

    @property
    def id_was_given(self) -> bool:
        """Whether the caller chose the event's id."""
        return "event_id" in self.__pydantic_fields_set__

    def identify(self, namespace: Optional[str]) -> None:
        """Settle the id of an event that has neither a UUID nor a ``customer_id``.

        Args:
            namespace: ``Configuration.id_namespace``.

        Raises:
            ApiValueError: there is no namespace; two customers' ``evt_1`` must never meet.
        """
        values: Dict[str, Any] = self.__dict__
        event_id = values["event_id"]
        if type(event_id) is not WaitingId:
            return
        if not namespace:
            raise ApiValueError(
                f"event_id {event_id!r} is no UUID, and nothing tells it from the same id of another customer: "
                "give the event a customer_id, or set Configuration.id_namespace"
            )
        values["event_id"] = wire_id = derive_id(namespace, event_id)
        if values["idempotency_key"] == event_id:
            values["idempotency_key"] = wire_id
        values["metadata"] = {**(values["metadata"] or {}), SOURCE_ID_KEY: str(event_id)}

    def to_dict(self) -> Dict[str, Any]:
        """The event as the platform takes it; what was not given is left out."""
        return self.model_dump(exclude_none=True)

    def to_wire(self) -> bytes:
        """The event's bytes on the wire."""
        try:
            return self.__pydantic_serializer__.to_json(self, exclude_none=True)
        except PydanticSerializationError as error:  # what was put into the metadata afterwards
            raise ApiValueError(f"{type(self).__name__} cannot be sent as JSON: {error}") from None

    @classmethod
    def from_json(cls: Type[Self], json_str: Union[str, bytes]) -> Self:
        """Build the event from JSON text, which may be as lenient as the keyword arguments are.

        Raises:
            ApiValueError: no JSON object, or a value does not fit; the text names it.
        """
        event: Optional[Self] = read_json(cls.__pydantic_validator__, json_str)
        if event is None:
            return cls.from_dict(load_json(json_str))
        event.complete()
        return event

    def complete(self) -> None:
        """Fill in what was left out, once and for all, and refuse what can never be billed."""
        values = self.__dict__
        event_id = values["event_id"]
        if event_id is None:
            values["event_id"] = event_id = mint_id()
        elif type(event_id) is WaitingId and values["customer_id"]:
            self.identify(values["customer_id"])
            event_id = values["event_id"]
        if values["timestamp"] is None:
            values["timestamp"] = timestamps.now()
        if not values["idempotency_key"]:  # an empty one counts as none
            values["idempotency_key"] = event_id
        if not (values["user_id"] and values.get("provider") and values.get("model")) or values["team_id"]:
            self._admit(values)

    def _admit(self, values: Mapping[str, Any]) -> None:
        """Refuse what the platform would accept and then lose, or never bill."""
        if values["team_id"]:
            raise ApiValueError(
                f"{type(self).__name__}: team_id cannot be used: the platform has no way to create teams and loses "
                "such events after accepting them; use user_id, and keep the team in metadata"
            )
        if values["user_id"] == "":
            raise ApiValueError(
                f"{type(self).__name__}: user_id must not be empty: the platform would charge the customer's own "
                "wallet; leave user_id out if that is meant"
            )
        if "quantity" in values:
            _check_quantity(values)
        elif not (values.get("provider") and values.get("model")):
            used = [name for name in self.counted if values.get(name)]
            if "image_count" in values:
                used = ["image_count"]  # left out it counts as one
            if used:
                raise ApiValueError(
                    f"{type(self).__name__}: {' and '.join(used)} without provider and model are never billed"
                )


def read_json(validator: Any, text: Union[str, bytes]) -> Any:
    """What pydantic makes of JSON text by itself; None where that takes a closer look."""
    backslash: Any = "\\" if isinstance(text, str) else b"\\"
    nul: Any = "\\u0000" if isinstance(text, str) else b"\\u0000"
    try:
        # To look for a single character first takes a fraction of the time.
        return None if backslash in text and nul in text else validator.validate_json(text)
    except (TypeError, ValidationError):
        return None


def wires_of(events: Sequence[EventModel]) -> List[bytes]:
    """The bytes of many events on the wire; raises as :meth:`EventModel.to_wire` does."""
    try:
        kinds: Set[Type[EventModel]] = set(map(type, events))
        if len(kinds) == 1:
            to_json = kinds.pop().__pydantic_serializer__.to_json
            return [to_json(event, exclude_none=True) for event in events]
        return [event.__pydantic_serializer__.to_json(event, exclude_none=True) for event in events]
    except PydanticSerializationError:
        return [event.to_wire() for event in events]


def _check_quantity(values: Mapping[str, Any]) -> None:
    quantity = values["quantity"]
    if (quantity * 10) % 1:
        raise ApiValueError(
            f"CustomEvent: quantity {quantity!r} is never billed: the platform charges 10 credits a unit, and drops a "
            "charge that is no whole number in floating point; use steps of 0.1 that come out whole, or count a "
            "smaller unit"
        )
    if not values["unit_type"]:
        raise ApiValueError("CustomEvent: unit_type must not be empty: the platform never bills such an event")

"""The base of the usage events: what users write becomes what the platform takes, or an error at once.

The README's ``event_id='evt_123'``, ``provider='openai'`` and ``datetime.now().isoformat()`` are not valid on the
wire. The field types below take the wire's own form at the speed of pydantic; everything else is normalised here.
"""

from __future__ import annotations

from datetime import datetime
from typing import (
    TYPE_CHECKING,
    Any,
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

from pydantic import ConfigDict, Field, GetCoreSchemaHandler, StringConstraints, ValidationError
from pydantic_core import CoreSchema, PydanticSerializationError, core_schema
from typing_extensions import Annotated

from openmonetize import timestamps
from openmonetize.event_id import SOURCE_ID_KEY, UUID_PATTERN, derive_id, mint_id
from openmonetize.exceptions import ApiValueError
from openmonetize.explain import explain, unknown_field
from openmonetize.jsonable import is_flat_json, jsonable, load_json, whole
from openmonetize.model import MAX_SAFE_INTEGER, Model

Self = TypeVar("Self", bound="EventModel")

PROVIDERS = ("OPENAI", "ANTHROPIC", "GOOGLE", "COHERE", "MISTRAL")

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


class _WithoutNul:
    """NUL in any string makes the platform lose the event after it was accepted.

    In JSON it can only stand as an escape, which is looked for in the text as a whole.
    """

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.json_or_python_schema(
            core_schema.str_schema(strict=True), core_schema.str_schema(strict=True, pattern=r"^[^\x00]*$")
        )


Text = Annotated[str, _WithoutNul]
EventId = Annotated[str, StringConstraints(strict=True, pattern=rf"^(?i:{UUID_PATTERN})$", to_lower=True)]
Provider = Annotated[str, StringConstraints(strict=True, pattern=rf"^(?i:{'|'.join(PROVIDERS)})$", to_upper=True)]
Count = Annotated[int, Field(strict=True, ge=0, le=MAX_SAFE_INTEGER)]
PositiveCount = Annotated[int, Field(strict=True, ge=1, le=MAX_SAFE_INTEGER)]
Metadata = Dict[str, Any]
if TYPE_CHECKING:
    EventTime = Union[str, datetime]
    Quantity = float
else:
    #: Kept in the wire's form. The pattern knows the calendar: an impossible day would fail the whole batch.
    EventTime = Annotated[str, StringConstraints(strict=True, pattern=rf"^{_DAY}T{_TIME}Z$")]
    Quantity = Union[
        Annotated[int, Field(strict=True, gt=0, lt=10**12)],
        Annotated[float, Field(strict=True, gt=0, lt=10**12, allow_inf_nan=False)],
    ]


class WaitingId(str):
    """An event id of the caller's own that becomes a UUID as soon as its namespace is known."""


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
            waiting = None
            event_id = data.get("event_id")
            if event_id is None:
                data.pop("event_id", None)
            elif type(event_id) is not str or len(event_id) != 36:
                waiting = _identify(data, event_id)
            moment = data.get("timestamp")
            if moment is None:
                data.pop("timestamp", None)
            elif type(moment) is not str or moment[-1:] != "Z":
                data["timestamp"] = _event_time(moment)
            if "idempotency_key" in data and data["idempotency_key"] is None:
                del data["idempotency_key"]
            metadata = data.get("metadata")
            if metadata:
                data["metadata"] = jsonable(metadata, "metadata")
            if "quantity" in data and type(data["quantity"]) not in (int, float):
                data["quantity"] = whole(data["quantity"])  # pydantic would take a numpy boolean for a number
            try:
                self.__pydantic_validator__.validate_python(data, self_instance=self)
            except ValidationError as error:
                waiting = _coerce(data, error, type(self)) or waiting
                try:
                    self.__pydantic_validator__.validate_python(data, self_instance=self)
                except ValidationError as error:
                    raise explain(error, type(self)) from None
            if waiting is not None:
                vars(self)["event_id"] = WaitingId(waiting)
            self._complete()

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
        values: Dict[str, Any] = vars(self)
        event_id = values["event_id"]
        if type(event_id) is not WaitingId:
            return
        if not namespace:
            raise ApiValueError(
                f"event_id {event_id!r} is no UUID, and nothing tells it from the same id of another customer: "
                "give the event a customer_id, or set Configuration.id_namespace"
            )
        wire_id = derive_id(namespace, event_id)
        if values["idempotency_key"] == event_id:
            values["idempotency_key"] = wire_id
        values["event_id"] = wire_id
        values["metadata"] = {**(values.get("metadata") or {}), SOURCE_ID_KEY: str(event_id)}

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
        event.complete_from_json()
        return event

    def complete_from_json(self) -> None:
        """Check and fill what pydantic does not when it reads JSON by itself.

        Raises:
            ApiValueError: as the constructor does.
        """
        metadata = vars(self)["metadata"]
        if metadata and not is_flat_json(metadata):
            vars(self)["metadata"] = jsonable(metadata, "metadata")
        self._complete()

    def _complete(self) -> None:
        """Fill in what was left out, once and for all, and refuse what can never be billed."""
        values = vars(self)
        if values["event_id"] is None:
            values["event_id"] = mint_id()
        if values["timestamp"] is None:
            values["timestamp"] = timestamps.now()
        if not values["idempotency_key"]:  # an empty one counts as none
            values["idempotency_key"] = values["event_id"]
        usual = values.get("provider") and values.get("model") and values["user_id"] and not values["team_id"]
        if not usual:
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
    nul: Any = "\\u0000" if isinstance(text, str) else b"\\u0000"
    try:
        return None if nul in text else validator.validate_json(text)
    except (TypeError, ValidationError):
        return None


def wires_of(events: Sequence[EventModel]) -> List[bytes]:
    """The bytes of many events on the wire; raises as :meth:`EventModel.to_wire` does."""
    try:
        kinds: Set[Type[EventModel]] = set(map(type, events))
        to_json = {kind: kind.__pydantic_serializer__.to_json for kind in kinds}
        return [to_json[type(event)](event, exclude_none=True) for event in events]
    except PydanticSerializationError:
        return [event.to_wire() for event in events]


def _identify(data: Dict[str, Any], event_id: Any) -> Optional[str]:
    """Turn an id that is no UUID into one; an id that has to wait for a namespace is returned."""
    if not isinstance(event_id, str):
        if not hasattr(event_id, "urn"):
            raise ApiValueError(f"event_id must be a UUID or another text of yours, not {event_id!r}")
        data["event_id"] = str(event_id)
        return None
    if not event_id or "\0" in event_id or not event_id.isprintable():
        raise ApiValueError(f"event_id must be a UUID or a printable text, not {event_id!r}")
    namespace = data.get("customer_id")
    if not isinstance(namespace, str) or not namespace:
        data["event_id"] = mint_id()
        return event_id
    data["event_id"] = derive_id(namespace, event_id)
    metadata = data.get("metadata")
    if metadata is None or isinstance(metadata, Mapping):
        data["metadata"] = {**(metadata or {}), SOURCE_ID_KEY: event_id}
    return None


def _event_time(moment: Any) -> str:
    """The time in the wire's form: naive is local, offsets become UTC."""
    try:
        return timestamps.event_time(moment)
    except (TypeError, ValueError) as error:
        raise ApiValueError(f"timestamp {error} (got {moment!r})") from None


def _coerce(data: Dict[str, Any], error: ValidationError, model: Type[EventModel]) -> Optional[str]:
    """A second look at what pydantic refused: whole numbers of other types, ids that only look like UUIDs, times that
    only end in Z. Returns an id that has to wait for a namespace.
    """
    waiting = None
    for item in error.errors(include_url=False, include_context=False, include_input=False):
        name = str(item["loc"][0]) if item["loc"] else ""
        value = data.get(name)
        if name == "event_id":
            waiting = _identify(data, value)
        elif name == "timestamp":
            data[name] = _event_time(value)
        elif name in model.counted and name in data:
            data[name] = whole(value)
        elif name == "provider" and isinstance(value, str):
            raise ApiValueError(
                f"{model.__name__}: the platform takes no provider {value!r}, only {', '.join(PROVIDERS)}; "
                "usage of another provider is metered as a CustomEvent, or under a provider that you name yourself"
            )
    return waiting


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

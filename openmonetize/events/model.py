"""The base of the usage events: filled in, checked for what is never billed, and written as bytes."""

from __future__ import annotations

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

from pydantic import ConfigDict, ValidationError
from pydantic_core import PydanticSerializationError

from openmonetize._schema import timestamps
from openmonetize._schema.jsonable import load_json, whole
from openmonetize._schema.model import Model
from openmonetize._schema.validation_errors import describe, unknown_field
from openmonetize.events.fields import PendingId
from openmonetize.events.ids import SOURCE_ID_KEY, derive_id, mint_id
from openmonetize.exceptions import ApiValueError

Self = TypeVar("Self", bound="EventModel")


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
                    raise describe(error, type(self)) from None
                self.__init__(**given)  # type: ignore[misc]  # of this very class
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
        values: Dict[str, Any] = vars(self)
        event_id = values["event_id"]
        if type(event_id) is not PendingId:
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
        values = vars(self)
        event_id = values["event_id"]
        if event_id is None:
            values["event_id"] = event_id = mint_id()
        elif type(event_id) is PendingId and values["customer_id"]:
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

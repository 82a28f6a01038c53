"""The base of the usage events: fills in ids and times, refuses what is never billed, and writes the wire form."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import (
    TYPE_CHECKING,
    Any,
    ClassVar,
    TypeVar,
)

from pydantic import ConfigDict, ValidationError
from pydantic_core import PydanticSerializationError

from openmonetize._schema.jsonable import load_json, whole
from openmonetize._schema.model import Model
from openmonetize._schema.validation_errors import describe, given_by_position, unknown_field
from openmonetize.events.fields import PendingId
from openmonetize.events.ids import SOURCE_ID_KEY, derive_id, mint_id
from openmonetize.events.times import now
from openmonetize.exceptions import ApiValueError

Self = TypeVar("Self", bound="EventModel")


class EventModel(Model):
    """The base class of the usage events.

    ``event_id``, ``timestamp`` and ``idempotency_key`` are filled in at construction if they are left out, so that
    every retry sends the same values. Raises :class:`~openmonetize.exceptions.ApiValueError` for values that the
    platform refuses, loses, or never bills.
    """

    model_config = ConfigDict(extra="forbid")
    # The fields that count usage.
    counted: ClassVar[tuple[str, ...]] = ("input_tokens", "output_tokens", "image_count")

    if not TYPE_CHECKING:

        def __init__(self, /, *surplus: Any, **data: Any) -> None:
            if surplus:
                raise given_by_position(type(self))
            if "quantity" in data and type(data["quantity"]) not in (int, float):
                data["quantity"] = whole(data["quantity"])  # pydantic takes a numpy boolean for a number
            try:
                self.__pydantic_validator__.validate_python(data, self_instance=self)
            except ValidationError as error:
                given = {name: value for name, value in data.items() if value is not None}
                if len(given) == len(data):
                    raise describe(error, type(self)) from None
                self.__init__(**given)  # type: ignore[misc]  # mypy cannot know that it is this class
            else:
                self.complete()

        __init__.__pydantic_base_init__ = True

        def __setattr__(self, name: str, value: Any) -> None:
            if name not in type(self).model_fields:
                raise unknown_field(name, type(self))
            # An assignment is validated like a new event with the same id.
            values = dict(vars(self))
            if values["idempotency_key"] == values["event_id"]:
                del values["idempotency_key"]  # it was filled in and has to follow the id
            vars(self).update(vars(type(self)(**{**values, name: value})))
            if value is None:
                self.__pydantic_fields_set__.discard(name)
            else:
                self.__pydantic_fields_set__.add(name)

    @property
    def id_was_given(self) -> bool:
        """Whether the caller gave the event's id."""
        return "event_id" in self.__pydantic_fields_set__

    def identify(self, namespace: str | None) -> None:
        """Derive the id of an event that has neither a UUID nor a ``customer_id``.

        Args:
            namespace: ``Configuration.id_namespace``.

        Raises:
            ApiValueError: there is no namespace, without which two customers' ``evt_1`` would get the same id.
        """
        values: dict[str, Any] = vars(self)
        event_id = values["event_id"]
        if type(event_id) is not PendingId:
            return
        if not namespace:
            raise ApiValueError(
                f"event_id {event_id!r} is not a UUID, and another customer may use the same: "
                "give the event a customer_id, or set Configuration.id_namespace"
            )
        values["event_id"] = wire_id = derive_id(namespace, event_id)
        if values["idempotency_key"] == event_id:
            values["idempotency_key"] = wire_id
        values["metadata"] = {**(values["metadata"] or {}), SOURCE_ID_KEY: str(event_id)}

    def to_dict(self) -> dict[str, Any]:
        """Return the event as the platform takes it, without fields that were not given."""
        return self.model_dump(exclude_none=True)

    def to_wire(self) -> bytes:
        """Return the event's bytes on the wire."""
        try:
            return self.__pydantic_serializer__.to_json(self, exclude_none=True)
        except PydanticSerializationError as error:  # a value was put into the metadata after validation
            raise ApiValueError(f"{type(self).__name__} cannot be sent as JSON: {error}") from None

    @classmethod
    def from_json(cls: type[Self], json_str: str | bytes) -> Self:
        """Build the event from JSON text. The values may take all forms that keyword arguments take.

        Raises:
            ApiValueError: the text is not a JSON object, or a value does not fit; the message names it.
        """
        event: Self | None = read_json(cls.__pydantic_validator__, json_str)
        if event is None:
            return cls.from_dict(load_json(json_str))
        event.complete()
        return event

    def complete(self) -> None:
        """Fill in id, time and idempotency key if they were left out, and refuse what can never be billed."""
        values = vars(self)
        event_id = values["event_id"]
        if event_id is None:
            values["event_id"] = event_id = mint_id()
        elif type(event_id) is PendingId and values["customer_id"]:
            self.identify(values["customer_id"])
            event_id = values["event_id"]
        if values["timestamp"] is None:
            values["timestamp"] = now()
        if not values["idempotency_key"]:  # an empty key counts as not given
            values["idempotency_key"] = event_id
        if not (values["user_id"] and values.get("provider") and values.get("model")) or values["team_id"]:
            self._admit(values)

    def _admit(self, values: Mapping[str, Any]) -> None:
        """Raise for what the platform would accept and then lose or never bill."""
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
                used = ["image_count"]  # the platform counts a missing one as 1
            if used:
                raise ApiValueError(
                    f"{type(self).__name__}: {' and '.join(used)} without provider and model are never billed"
                )


def read_json(validator: Any, text: str | bytes) -> Any:
    """Return what pydantic reads from JSON text, or None if the text needs the lenient reader."""
    backslash: Any = "\\" if isinstance(text, str) else b"\\"
    nul: Any = "\\u0000" if isinstance(text, str) else b"\\u0000"
    try:
        # Searching for a single character first is several times faster.
        return None if backslash in text and nul in text else validator.validate_json(text)
    except (TypeError, ValidationError):
        return None


def wires_of(events: Sequence[EventModel]) -> list[bytes]:
    """Return the wire bytes of many events. Raises the same errors as :meth:`EventModel.to_wire`."""
    try:
        kinds: set[type[EventModel]] = set(map(type, events))
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

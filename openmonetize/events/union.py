"""The base of the generated union of usage events."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, SchemaValidator, core_schema

from openmonetize._arguments import described
from openmonetize._schema.jsonable import load_json
from openmonetize._schema.resolver import model_named
from openmonetize.events.model import EventModel, read_json
from openmonetize.exceptions import ApiTypeError, ApiValueError


class EventUnion:
    """The base of the generated union of usage events: reads a value as the model that its discriminator names."""

    if not TYPE_CHECKING:

        def __init__(self, *fields: Any, **named: Any) -> None:
            kinds = ", ".join(self.members.values())
            raise ApiTypeError(f"{type(self).__name__} stands for several kinds of events: make one of {kinds}")

    discriminator: ClassVar[str] = ""
    members: ClassVar[Mapping[str, str]] = {}
    _list_validator: ClassVar[SchemaValidator | None] = None

    @classmethod
    def models(cls) -> dict[str, type[EventModel]]:
        """Return the model of each value of the discriminator."""
        return {value: model_named(name) for value, name in cls.members.items()}

    @classmethod
    def from_dict(cls, obj: Mapping[str, Any]) -> EventModel:
        """Build the right model from a dict.

        Raises:
            ApiValueError: the discriminator is missing or unknown, or a value does not fit.
        """
        if isinstance(obj, EventModel):
            return obj
        if not isinstance(obj, Mapping):
            raise ApiTypeError(f"an event must be an event model or a dict, not {described(obj)}")
        kind = obj.get(cls.discriminator)
        model = cls.models().get(kind) if isinstance(kind, str) else None
        if model is None:
            hint = " (the platform accepts FEATURE_ACCESS and then loses it)" if kind == "FEATURE_ACCESS" else ""
            raise ApiValueError(
                f"{cls.discriminator} must be one of {', '.join(cls.members)}, not {kind!r}{hint}; "
                "it says what a dict means, and nothing is billed by a guess"
            )
        return model.from_dict(obj)

    @classmethod
    def from_json(cls, json_str: str | bytes) -> EventModel:
        """Build the right model from JSON text. Raises the same errors as :meth:`from_dict`."""
        return cls.from_dict(load_json(json_str))

    @classmethod
    def list_from_json(cls, json_str: str | bytes) -> list[EventModel]:
        """Build a list of events, of mixed types, from a JSON array.

        Raises:
            ApiValueError: the text is not a JSON array, or an event does not fit; the message gives its position.
        """
        if cls._list_validator is None:
            from pydantic import TypeAdapter

            cls._list_validator = TypeAdapter(list[cls]).validator  # type: ignore[valid-type,assignment]
        assert cls._list_validator is not None
        events: list[EventModel] | None = read_json(cls._list_validator, json_str)
        if events is None:
            loaded = load_json(json_str)
            if not isinstance(loaded, list):
                raise ApiTypeError(f"expected a JSON array of events, not {described(loaded)}")
            return [_at(index, cls.from_dict, item) for index, item in enumerate(loaded)]
        for index, event in enumerate(events):
            try:
                event.complete()
            except ApiValueError as error:
                raise ApiValueError(f"event {index}: {error}") from None
        return events

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.tagged_union_schema(
            {value: handler.generate_schema(model) for value, model in cls.models().items()},
            cls.discriminator,
        )


def _at(index: int, build: Any, item: Any) -> EventModel:
    try:
        event: EventModel = build(item)
    except ApiValueError as error:
        raise ApiValueError(f"event {index}: {error}") from None
    except ApiTypeError as error:
        raise ApiTypeError(f"event {index}: {error}") from None
    return event

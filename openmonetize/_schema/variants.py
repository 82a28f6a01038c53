"""The base of the generated unions: a value is read as one of several models."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from pydantic import GetCoreSchemaHandler, TypeAdapter, ValidationError
from pydantic_core import CoreSchema, core_schema

from openmonetize._schema.resolver import model_named
from openmonetize._schema.validation_errors import complaints
from openmonetize.exceptions import ApiValueError

_OTHER = "another"  # the tag of what is none of the members


class VariantsModel:
    """The base of the generated unions.

    Attributes:
        discriminator: the property whose value says which model it is; empty if the properties say it.
        members: the names of the models, by the discriminator's value.
        marks: without a discriminator, the properties that only the model of this name has.
        is_open: whether a value that is none of the models is kept, as a dict: so in answers.
    """

    discriminator: ClassVar[str] = ""
    members: ClassVar[Mapping[str, str]] = {}
    marks: ClassVar[Mapping[str, tuple[str, ...]]] = {}
    is_open: ClassVar[bool] = True
    _adapter: ClassVar[TypeAdapter[Any] | None] = None

    @classmethod
    def from_dict(cls, obj: Any) -> Any:
        """Build the right model from a dict. Raises ApiValueError if it fits none."""
        return cls._read(lambda adapter: adapter.validate_python(obj))

    @classmethod
    def from_json(cls, json_str: str | bytes) -> Any:
        """Build the right model from JSON text. Raises ApiValueError if the text is not JSON, or fits none."""
        return cls._read(lambda adapter: adapter.validate_json(json_str))

    @classmethod
    def _read(cls, read: Any) -> Any:
        if cls._adapter is None:
            cls._adapter = TypeAdapter(cls)
        try:
            return read(cls._adapter)
        except ValidationError as error:
            raise ApiValueError(f"{cls.__name__}: {complaints(error)}") from None

    @classmethod
    def tag_of(cls, value: Any) -> str:
        """Return which of the members a value is."""
        if not isinstance(value, Mapping):
            return next((tag for tag, name in cls.members.items() if type(value) is model_named(name)), _OTHER)
        if cls.discriminator:
            tag = value.get(cls.discriminator)
            if isinstance(tag, (bool, int)):  # a contract names values by texts
                tag = str(tag).lower()
            return tag if isinstance(tag, str) and tag in cls.members else _OTHER
        return next((tag for tag, names in cls.marks.items() if any(name in value for name in names)), _OTHER)

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        choices: dict[Any, Any] = {tag: handler.generate_schema(model_named(name)) for tag, name in cls.members.items()}
        if cls.is_open:
            choices[_OTHER] = core_schema.dict_schema()
        return core_schema.tagged_union_schema(choices, cls.tag_of)

"""Constructor signatures of the models, for notebooks and editors."""

from __future__ import annotations

from inspect import Parameter, Signature
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, get_type_hints

if TYPE_CHECKING:
    from pydantic import BaseModel


class FieldSignature:
    """The ``__signature__`` of a model class: its fields as keyword arguments, computed when it is asked for.

    pydantic has none before a model's first use, and afterwards one with the wire's names.
    """

    def __get__(self, instance: BaseModel | None, model: type[BaseModel]) -> Signature:
        if instance is not None:  # as in pydantic: an instance is not what it was made with
            raise AttributeError("__signature__")
        fields = model.model_fields
        annotations = {name: field.annotation for name, field in fields.items()}
        types = get_type_hints(SimpleNamespace(__annotations__=annotations))  # without pydantic's metadata
        parameters = [
            Parameter(
                name,
                Parameter.KEYWORD_ONLY,
                default=Parameter.empty if field.is_required() else field.get_default(),
                annotation=types[name],
            )
            for name, field in fields.items()
        ]
        if model.model_config.get("extra") == "allow":
            parameters.append(Parameter("unknown", Parameter.VAR_KEYWORD, annotation=Any))
        return Signature(parameters)

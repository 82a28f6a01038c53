"""Errors about the input of a model, field by field, without pydantic's vocabulary."""

from __future__ import annotations

import re
from typing import Any

from pydantic import BaseModel, ValidationError

from openmonetize._arguments import suggestion
from openmonetize.exceptions import ApiAttributeError, ApiTypeError, ApiValueError

_MAX_SHOWN_INPUT = 80  # characters

# The names of union members, which pydantic puts into the location of an error.
_UNION_MEMBER = re.compile(r"constrained-\w+|int|float|str|datetime|decimal|(?:literal|function-\w+|chain)\[.*")


def describe(error: ValidationError, model: type[BaseModel]) -> ApiValueError:
    """Return the error that says what is wrong with the input of a model."""
    return ApiValueError(f"{model.__name__}: {complaints(error, model)}")


def complaints(error: ValidationError, model: type[BaseModel] | None = None) -> str:
    """Return what is wrong with an input, value by value."""
    found: dict[str, str] = {}
    for item in error.errors(include_url=False):
        location = tuple(part for part in item["loc"] if not (isinstance(part, str) and _UNION_MEMBER.fullmatch(part)))
        owner = _model_at(location[:-1], model) if location else model
        path = ".".join(map(str, (*location[:-1], python_name(str(location[-1]), owner)))) if location else ""
        found[path] = _complaint(dict(item), path, owner)  # of the members of a union, the last one counts
    return "; ".join(found.values())


def unknown_field(name: str, model: type[BaseModel]) -> ApiAttributeError:
    """Return the error for an assignment to a field that does not exist."""
    return ApiAttributeError(f"{model.__name__} has no field {name!r}{_did_you_mean(name, model)}")


def given_by_position(model: type[BaseModel]) -> ApiTypeError:
    """Return the error for a constructor whose fields are given by position."""
    return ApiTypeError(f"{model.__name__}() takes its fields by name: {', '.join(model.model_fields)}")


def number_as_text(name: str, value: str) -> ApiValueError:
    """Return the error for a text that a caller gives in place of a number."""
    return ApiValueError(f"{name} must be a number, not the text {_shown(value)}{_without_quotes(value)}")


def _without_quotes(value: str) -> str:
    return ": give it without quotes" if value.replace(".", "", 1).isdigit() else ""


def python_name(wire_name: str, model: type[BaseModel] | None) -> str:
    """Return the Python name of a field of the wire; where there is no such field, the same name."""
    fields = model.model_fields if model is not None else {}
    return next((name for name, field in fields.items() if field.alias == wire_name), wire_name)


def _complaint(item: dict[str, Any], path: str, model: type[BaseModel] | None) -> str:
    kind, message = item["type"], item["msg"]
    cause = item.get("ctx", {}).get("error")
    if isinstance(cause, ApiValueError):  # its message names the field itself
        return str(cause)
    if kind == "extra_forbidden":
        return f"unknown field {path!r}{_did_you_mean(path.rpartition('.')[2], model)}"
    if kind == "missing":
        return f"{path} is missing"
    if kind == "json_invalid":
        return str(message)
    if kind == "string_unicode":
        return f"{path} must not contain a lone surrogate, which is not text"
    value = item["input"]
    return f"{path} {_plain(message)} (got {_shown(value)}){_advice(kind, value)}".lstrip()


def _shown(value: Any) -> str:
    shown = repr(value)
    return shown if len(shown) <= _MAX_SHOWN_INPUT else shown[: _MAX_SHOWN_INPUT - 3] + "..."


def _advice(kind: str, value: Any) -> str:
    """Return what to do about a value of another type."""
    if kind == "string_type" and isinstance(value, int) and not isinstance(value, bool):
        return f": pass str({_shown(value)})"
    if isinstance(value, str) and kind.partition("_")[0] in ("int", "float"):
        return _without_quotes(value)
    return f": pass an instance, {value.__name__}(...)" if isinstance(value, type) else ""


def _plain(message: str) -> str:
    for prefix in ("Value error, ", "Input ", "String "):
        message = message[len(prefix) :] if message.startswith(prefix) else message
    return message[:1].lower() + message[1:]


def _did_you_mean(name: str, model: type[BaseModel] | None) -> str:
    meant = suggestion(name, model.model_fields if model is not None else ())
    return f": did you mean {meant!r}?" if meant else ""


def _model_at(location: tuple[Any, ...], model: type[BaseModel] | None) -> type[BaseModel] | None:
    """Return the model that the value at this location of the input of ``model`` is read as, if it is one."""
    found: type[BaseModel] | None = model
    for part in location:
        field = found.model_fields.get(python_name(str(part), found)) if found is not None else None
        if field is not None:  # otherwise it is an item of a list or a map, of the same model
            found = _model_in(field.annotation)
    return found


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for part in getattr(annotation, "__args__", ()) if (found := _model_in(part))), None)

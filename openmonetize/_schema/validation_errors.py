"""What is wrong with a model's input, field by field, without pydantic's vocabulary."""

from __future__ import annotations

import re
from typing import Any, Dict, Optional, Tuple, Type

from pydantic import BaseModel, ValidationError

from openmonetize.exceptions import ApiAttributeError, ApiValueError

_SHOWN_INPUT = 80  # characters

#: How pydantic names the member of a union in the place of an error.
_MEMBER = re.compile(r"constrained-\w+|int|float|str|datetime|(?:literal|function-\w+|chain)\[.*")


def describe(error: ValidationError, model: Type[BaseModel]) -> ApiValueError:
    """Say what is wrong with a model's input."""
    complaints: Dict[str, str] = {}
    for item in error.errors(include_url=False):
        place = tuple(part for part in item["loc"] if not (isinstance(part, str) and _MEMBER.fullmatch(part)))
        owner = _model_at(place[:-1], model) if place else model
        path = ".".join(map(str, (*place[:-1], python_name(str(place[-1]), owner)))) if place else ""
        complaints[path] = _complaint(dict(item), path, owner)  # of a union's members the last one speaks
    return ApiValueError(f"{model.__name__}: " + "; ".join(complaints.values()))


def unknown_field(name: str, model: Type[BaseModel]) -> ApiAttributeError:
    """The error for an assignment to a field that does not exist."""
    return ApiAttributeError(f"{model.__name__} has no field {name!r}{_did_you_mean(name, model)}")


def python_name(wire_name: str, model: Optional[Type[BaseModel]]) -> str:
    """The name in Python of a field of the wire; the same name where there is none."""
    fields = model.model_fields if model is not None else {}
    return next((name for name, field in fields.items() if field.alias == wire_name), wire_name)


def _complaint(item: Dict[str, Any], path: str, model: Optional[Type[BaseModel]]) -> str:
    kind, message = item["type"], item["msg"]
    cause = item.get("ctx", {}).get("error")
    if isinstance(cause, ApiValueError):  # it names the place itself
        return str(cause)
    if kind == "extra_forbidden":
        return f"unknown field {path!r}{_did_you_mean(path.rpartition('.')[2], model)}"
    if kind == "missing":
        return f"{path} is missing"
    if kind == "json_invalid":
        return str(message)
    if kind == "string_unicode":
        return f"{path} must not contain a lone surrogate, which is no text"
    shown = repr(item["input"])
    shown = shown if len(shown) <= _SHOWN_INPUT else shown[: _SHOWN_INPUT - 3] + "..."
    return f"{path} {_plain(message)} (got {shown})".lstrip()


def _plain(message: str) -> str:
    for prefix in ("Value error, ", "Input ", "String "):
        message = message[len(prefix) :] if message.startswith(prefix) else message
    if message == r"should match pattern '^[^\x00]*$'":
        return "must not contain NUL, which makes the platform lose the event"
    return message[:1].lower() + message[1:]


def _did_you_mean(name: str, model: Optional[Type[BaseModel]]) -> str:
    import difflib

    known = {field.replace("_", ""): field for field in (model.model_fields if model is not None else ())}
    close = difflib.get_close_matches(name.replace("_", "").lower(), known, n=1, cutoff=0.6)
    return f": did you mean {known[close[0]]!r}?" if close else ""


def _model_at(place: Tuple[Any, ...], model: Type[BaseModel]) -> Optional[Type[BaseModel]]:
    """The model that the value at this place of ``model``'s input is read as, if it is one."""
    found: Optional[Type[BaseModel]] = model
    for part in place:
        field = found.model_fields.get(python_name(str(part), found)) if found is not None else None
        if field is not None:  # otherwise an item of a list or a map, of the same model
            found = _model_in(field.annotation)
    return found


def _model_in(annotation: Any) -> Optional[Type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for part in getattr(annotation, "__args__", ()) if (found := _model_in(part))), None)

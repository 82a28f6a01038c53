"""Annotations of Python for the values of a contract."""

from __future__ import annotations

from collections.abc import Iterable

from reading.model import (
    Body,
    Choice,
    Field,
    Limits,
    Listing,
    Model,
    Parameter,
    Reference,
    Response,
    Scalar,
    Schema,
    Table,
)

# The library's field types (openmonetize/_schema/model.py) where Python's would do too little.
_KINDS = {
    "string": "str",  # UUIDs as well: nothing is gained by parsing them
    "integer": "Int",  # refuses booleans
    "number": "Num",
    "boolean": "bool",
    "datetime": "Timestamp",  # aware UTC, written with milliseconds and Z
    "date": "Date",
    "bytes": "bytes",
    "decimal": "Dec",
    "decimal text": "DecimalString",
    "integer text": "IntString",
    "null": "None",
    "any": "Any",
}
# What the runtime turns a parameter's argument into text by; texts need nothing.
_PARAMETER_KINDS = {"integer": "int", "number": "float", "boolean": "bool", "datetime": "datetime", "date": "date"}


def plain(schema: Schema) -> str:
    """Return the annotation of a value, apart from lists of allowed values that have no name."""
    if isinstance(schema, Reference):
        return schema.name
    if isinstance(schema, Listing):
        return f"List[{plain(schema.items)}]"
    if isinstance(schema, Table):
        return schema.type_name or f"Dict[str, {plain(schema.value)}]"
    if isinstance(schema, Choice):
        return _one_of(plain(option) for option in schema.options)
    return schema.type_name or _KINDS[schema.kind]


def _one_of(kinds: Iterable[str]) -> str:
    """Return the annotation of a value of one of these kinds."""
    found = list(dict.fromkeys(kinds))
    rest = [kind for kind in found if kind != "None"]
    one = rest[0] if len(rest) == 1 else f"Union[{', '.join(rest)}]"
    return one if rest == found else f"Optional[{one}]"


def literal(values: tuple[object, ...]) -> str:
    """Return the annotation of one of these values."""
    return f"Literal[{', '.join(quoted(value) for value in values)}]"


def quoted(value: object) -> str:
    """Return a value of the contract as Python writes it, texts in double quotes."""
    if not isinstance(value, str):
        return repr(value)
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(mark if mark.isprintable() else repr(mark)[1:-1] for mark in escaped) + '"'


def sent(schema: Schema) -> str:
    """Return the annotation of a value in a request's body."""
    if isinstance(schema, Scalar) and schema.values:
        return schema.name or literal(schema.values)
    if isinstance(schema, Table) and schema.value == Scalar("any"):
        return "FreeForm"
    if schema == Scalar("datetime"):
        return "RequestTimestamp"
    if isinstance(schema, Choice):
        return _one_of(sent(option) for option in schema.options)
    return plain(schema)


def checked(schema: Schema) -> str:
    """Return the annotation of a value in a request's body, with the limits of what is in it."""
    if isinstance(schema, Listing):
        return f"List[{_within_limits(schema.items)}]"
    if isinstance(schema, Table) and schema.type_name is None and schema.value != Scalar("any"):
        return f"Dict[str, {_within_limits(schema.value)}]"
    if isinstance(schema, Choice):
        return _one_of(_within_limits(option) for option in schema.options)
    return sent(schema)


def _within_limits(schema: Schema) -> str:
    limits = _limits(schema)
    return f"Annotated[{checked(schema)}, {limits}]" if limits else checked(schema)


def _limits(schema: Schema) -> str:
    """Return what pydantic calls the limits of a value; an empty text if there are none."""
    if not isinstance(schema, (Scalar, Listing)):
        return ""
    bounds = _bounds(schema.limits)
    parts = [f"Field({', '.join(bounds)})"] if bounds else []
    return ", ".join(parts + ["UNIQUE"] * schema.limits.is_unique)


def received(schema: Schema) -> str:
    """Return the annotation of a value in an answer; one that is not in a list of values is kept."""
    if isinstance(schema, Scalar) and schema.values:
        return f"Union[{schema.name or literal(schema.values)}, {_KINDS[schema.kind]}]"
    return plain(schema)


def base(model: Model) -> str:
    """Return the base class of a model."""
    row = model.row()
    if row is not None and model.role == "answer":
        return f"ListModel[{quoted(plain(row)) if isinstance(row, Reference) else plain(row)}]"
    return {"answer": "ResponseModel", "request": "RequestModel", "event": "EventModel"}[model.role]


def field(model: Model, item: Field) -> str:
    """Return annotation and default of a model's field."""
    if model.role == "event":
        return _event_field(item)
    required = model.role == "request" and item.required
    kind = checked(item.schema) if model.role == "request" else received(item.schema)
    kind = kind if required else f"Optional[{kind}]"
    options = [f"alias={quoted(item.wire)}"] if item.wire != item.name else []
    is_unique = False
    if model.role == "request" and isinstance(item.schema, (Scalar, Listing)):
        options += _bounds(item.schema.limits)
        is_unique = item.schema.limits.is_unique
    marks = ([f"Field({', '.join(options)})"] if options else []) + ["UNIQUE"] * is_unique
    annotation = f"Annotated[{kind}, {', '.join(marks)}]" if marks else kind
    return annotation if required else f"{annotation} = None"


def _event_field(item: Field) -> str:
    values = item.schema.values if isinstance(item.schema, Scalar) else ()
    if item.filled:
        return f"{literal(values)} = {quoted(values[0])}" if values else f"{plain(item.schema)} = FILLED"
    return plain(item.schema) if item.required else f"Optional[{plain(item.schema)}] = None"


def _bounds(limits: Limits) -> list[str]:
    named = {
        "ge": limits.minimum,
        "gt": limits.above,
        "le": limits.maximum,
        "lt": limits.below,
        "min_length": limits.shortest,
        "max_length": limits.longest,
        "multiple_of": limits.multiple_of,
        "pattern": limits.pattern,
    }
    return [f"{name}={quoted(value)}" for name, value in named.items() if value is not None]


def argument(item: Field) -> str:
    """Return annotation and default of an argument that becomes a body's field."""
    schema = item.schema
    if item.nullable:
        return f"Union[{sent(schema)}, None, Unset] = UNSET"
    if isinstance(schema, Reference):
        return f"Union[{schema.name}, Mapping[str, Any], None] = None"
    return f"Optional[{_given(schema) if _has_models(schema) else sent(schema)}] = None"


def _has_models(schema: Schema) -> bool:
    if isinstance(schema, Choice):
        return any(map(_has_models, schema.options))
    inner = schema.items if isinstance(schema, Listing) else schema.value if isinstance(schema, Table) else schema
    return isinstance(inner, Reference) or (inner is not schema and _has_models(inner))


def whole_body(body: Body) -> str:
    """Return annotation and default of the argument for a body that is no object with fields."""
    kind = _given(body.schema)
    return kind if body.required else f"Optional[{kind}] = None"


def _given(schema: Schema) -> str:
    """Return the annotation of a value that may be given as models or as dicts."""
    if isinstance(schema, Reference):
        return f"Union[{schema.name}, Mapping[str, Any]]"
    if isinstance(schema, Listing):
        return f"Sequence[{_given(schema.items)}]"
    if isinstance(schema, Table):
        return f"Mapping[str, {_given(schema.value)}]"
    if isinstance(schema, Choice):
        return _one_of(_given(option) for option in schema.options)
    return sent(schema)


def parameter(item: Parameter) -> str:
    """Return the annotation of a parameter of path or query."""
    schema = item.schema
    if not isinstance(schema, Scalar):
        return "Mapping[str, Any]"
    single = {"datetime": "TimeLike", "integer": "int"}.get(schema.kind, plain(schema))
    if schema.values:
        single = schema.name or literal(schema.values)
    return f"Sequence[{single}]" if item.many else single


def descriptor(parameter: Parameter) -> str:
    """Return what the runtime knows of a parameter."""
    parts = [quoted(parameter.name), quoted(parameter.wire), quoted(parameter.place)]
    schema = parameter.schema
    if not isinstance(schema, Scalar):
        return f"Parameter({', '.join(parts)})"
    if schema.kind in _PARAMETER_KINDS:
        parts.append(quoted(_PARAMETER_KINDS[schema.kind]))
    if parameter.required or parameter.place in ("path", "wildcard"):
        parts.append("required=True")
    if parameter.place == "wildcard":
        return f"Parameter({', '.join(parts)})"
    if schema.values:
        parts.append(f"choices=({', '.join(quoted(value) for value in schema.values)},)")
    limits = schema.limits
    low, high = (limits.shortest, limits.longest) if schema.kind == "string" else (limits.minimum, limits.maximum)
    is_told = schema.kind == "string" and parameter.place == "path" and low == 1  # an empty segment is never sent
    if low is not None and not is_told:
        parts.append(f"minimum={low!r}")
    if high is not None:
        parts.append(f"maximum={high!r}")
    if limits.pattern:
        parts.append(f"pattern={quoted(limits.pattern)}")
    if parameter.many:
        parts.append(f"many={quoted(parameter.many)}")
    of_list = parameter.of_list
    parts += [f"fewest={of_list.shortest}"] * (of_list.shortest is not None)
    parts += [f"most={of_list.longest}"] * (of_list.longest is not None)
    parts += ["is_unique=True"] * of_list.is_unique
    return f"Parameter({', '.join(parts)})"


def answer(response: Response) -> str:
    """Return what the runtime reads an answer as."""
    if response.media_type:
        return "TEXT" if response.media_type.startswith("text/") else "BYTES"
    return body(response.schema)


def body(schema: Schema | None) -> str:
    """Return the name of an answer's type, for the runtime."""
    return "None" if schema is None else quoted(plain(schema))


def body_sent(schema: Schema) -> str:
    """Return the name of a request's type, for the runtime."""
    return quoted(plain(schema) if isinstance(schema, Reference) or schema == Scalar("any") else _within_limits(schema))


def returned(responses: Iterable[Response]) -> str:
    """Return the annotation of what a call returns: one of the answers to a call that went well."""
    found = []
    for response in responses:
        if response.media_type:
            found.append("str" if response.media_type.startswith("text/") else "bytes")
        else:
            found.append(plain(response.schema) if response.schema else "None")
    kinds = list(dict.fromkeys(found))
    return kinds[0] if len(kinds) == 1 else f"Union[{', '.join(kinds)}]"


def model_of(schema: Schema | None) -> str | None:
    """Return the name of the model that a value is; None if it is none."""
    return schema.name if isinstance(schema, Reference) else None


def allowed(schema: Schema) -> tuple[object, ...]:
    """Return the values that a value must be one of; empty if there is no such list."""
    return schema.values if isinstance(schema, Scalar) else ()

"""The two contracts that are compared, and which model of the one is which of the other."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from printing import types
from reading.model import (
    Choice,
    Contract,
    Definition,
    Enumeration,
    Listing,
    Model,
    Operation,
    Reference,
    Scalar,
    Schema,
    Table,
    Tag,
    Variants,
    parts,
)

# What people call a value whose annotation is one of the library's field types.
_WORDS = {
    "Count": "int",
    "Date": "date",
    "Dec": "Decimal",
    "DecimalString": "Decimal",
    "EventId": "str",
    "EventTime": "datetime",
    "Int": "int",
    "IntString": "int",
    "Metadata": "Dict[str, Any]",
    "Num": "float",
    "PositiveCount": "int",
    "Provider": "str",
    "Quantity": "float",
    "Text": "str",
    "Timestamp": "datetime",
}


@dataclass(frozen=True)
class Sides:
    """Two contracts."""

    old: Contract
    new: Contract

    @cached_property
    def models(self) -> dict[str, str]:
        """The new names of the old models that are still there, under a name or with the same fields."""
        found = {name: name for name in self.old.models if name in self.new.models}
        for key in (_alias, _contents):
            rest = [
                _by_key([model for model in side.models.values() if model.name not in known], key)
                for side, known in ((self.old, found.keys()), (self.new, found.values()))
            ]
            found.update({rest[0][each]: rest[1][each] for each in rest[0] if each in rest[1]})
        return found

    @cached_property
    def sent(self) -> frozenset[str]:
        """The new names of the lists of values that callers choose from."""
        schemas: list[Schema] = []
        for _, operation in operations_of(self.new):
            schemas += [each.schema for each in operation.parameters]
            schemas += [operation.body.schema] if operation.body else []
        for model in self.new.models.values():
            if isinstance(model, Model) and model.role != "answer":
                schemas += [field.schema for field in model.fields]
        found = (leaf for schema in schemas for leaf in _leaves(schema))
        return frozenset(leaf.name for leaf in found if isinstance(leaf, Scalar) and leaf.name)

    def was(self, schema: Schema) -> str:
        """Return what people called the type of an old value."""
        return python(schema, self._old_names)

    def still(self, schema: Schema) -> str:
        """Return what they would call it today."""
        return python(schema, self._kept_names)

    def now(self, schema: Schema) -> str:
        """Return what people call the type of a new value."""
        return python(schema, self._new_names)

    @cached_property
    def _old_names(self) -> dict[str, str]:
        return {name: called(model) for name, model in self.old.models.items()}

    @cached_property
    def _new_names(self) -> dict[str, str]:
        return {name: called(model) for name, model in self.new.models.items()}

    @cached_property
    def _kept_names(self) -> dict[str, str]:
        return {**self._old_names, **{old: self._new_names[new] for old, new in self.models.items()}}


def python(schema: Schema, names: Mapping[str, str]) -> str:
    """Return a type in Python's words; models have these names."""
    if isinstance(schema, Reference):
        return names[schema.name]
    if isinstance(schema, Listing):
        return f"List[{python(schema.items, names)}]"
    if isinstance(schema, Table) and not schema.type_name:
        return f"Dict[str, {python(schema.value, names)}]"
    if isinstance(schema, Choice):
        return f"Union[{', '.join(python(option, names) for option in schema.options)}]"
    word = types.plain(schema)
    return _WORDS.get(word, word)


def _leaves(schema: Schema) -> Iterator[Schema]:
    """Yield the single values that a value holds."""
    inner = parts(schema)
    for each in inner:
        yield from _leaves(each)
    if not inner:
        yield schema


def called(definition: Definition) -> str:
    """Return what people call a model."""
    return definition.alias or definition.name


def _by_key(models: list[Definition], key: Callable[[Definition], object]) -> dict[object, str]:
    """Return the names of the models that alone have their key."""
    found = defaultdict(list)
    for model in models:
        found[key(model)].append(model.name)
    return {each: names[0] for each, names in found.items() if each and len(names) == 1}


def _alias(definition: Definition) -> str | None:
    return definition.alias


def _contents(definition: Definition) -> tuple[object, ...]:
    if isinstance(definition, Enumeration):
        return definition.values
    if isinstance(definition, Variants):
        return tuple(definition.members)
    names: dict[str, str] = defaultdict(str)
    return tuple((field.wire, python(field.schema, names)) for field in definition.fields)


def operations_of(contract: Contract) -> Iterator[tuple[Tag, Operation]]:
    for tag in contract.tags:
        for operation in tag.operations:
            yield tag, operation

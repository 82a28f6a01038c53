"""Tells what is sent from what is received: requests are strict, answers lenient; what is both becomes two models."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from typing import Any

from typing_extensions import TypeGuard

from reading import names
from reading.model import (
    Choice,
    Contract,
    Definition,
    Enumeration,
    Field,
    Listing,
    Model,
    Operation,
    Reference,
    Schema,
    Table,
    Variants,
    parts,
)

Models = Mapping[str, Definition]


def renamed_models(contract: Contract) -> dict[str, str]:
    """Return the names of the request's models, by the names of those that are received as well."""
    sent, received = _sent_and_received(contract)
    both = sent & received
    while more := {name for name in sent - both if reached(contract.models, [Reference(name)]) & both & received}:
        both |= more  # what holds a model of which there are two is sent with the strict one
    return {name: f"{name}Input" for name in both if name in received and _is_answer(contract.models[name])}


def _sent_and_received(contract: Contract) -> tuple[set[str], set[str]]:
    operations = [operation for tag in contract.tags for operation in tag.operations]
    bodies = (each.body.schema for each in operations if each.body)
    answers = (answer.schema for each in operations for answer in each.responses if answer.schema)
    return reached(contract.models, bodies), reached(contract.models, answers)


def with_roles(contract: Contract, renamed: Mapping[str, str]) -> Contract:
    """Return the contract with a request's model for everything that is sent; `renamed_models` gives their names.

    A model that is also received keeps its name for that, and is sent as ``<name>Input``. Fields that are read only are
    not sent.
    """
    sent, _ = _sent_and_received(contract)
    for name in sent:
        model = contract.models[name]
        if not _is_answer(model):
            continue
        new = _as_request(model, renamed)
        if name in renamed:
            if isinstance(model, Model):
                model.fields = [field for field in model.fields if not field.write_only]
            new.alias = None
        contract.models[new.name] = new
    for name in [renamed.get(name, name) for name in sent]:
        found = contract.models[name]
        if not isinstance(found, Enumeration):
            found.example = _sendable(found.example, Reference(name), contract.models)
    for tag in contract.tags:
        tag.operations = [_with_request(operation, renamed, contract.models) for operation in tag.operations]
    contract.models = dict(sorted(contract.models.items()))
    return contract


def _is_answer(definition: Definition) -> TypeGuard[Model | Variants]:
    return isinstance(definition, (Model, Variants)) and definition.role == "answer"


def _as_request(definition: Model | Variants, renamed: Mapping[str, str]) -> Model | Variants:
    name = renamed.get(definition.name, definition.name)
    module = names.module_name(name)
    if isinstance(definition, Model):
        fields = [_sent(field, renamed) for field in definition.fields if not field.read_only]
        unsent = tuple(field.wire for field in definition.fields if field.read_only)
        return dataclasses.replace(definition, name=name, module=module, role="request", fields=fields, unsent=unsent)
    members = {value: renamed.get(member, member) for value, member in definition.members.items()}
    return dataclasses.replace(definition, name=name, module=module, role="request", members=members)


def _with_request(operation: Operation, renamed: Mapping[str, str], models: Models) -> Operation:
    body = operation.body
    if body is None:
        return operation
    schema = _renamed(body.schema, renamed)
    name = names.snake(schema.name) if isinstance(schema, Reference) else body.name
    example = _sendable(body.example, schema, models)
    return dataclasses.replace(operation, body=dataclasses.replace(body, name=name, schema=schema, example=example))


def _sendable(example: Any, schema: Schema, models: Models) -> Any:
    """Return an example without what is read only."""
    if isinstance(schema, Choice):
        kinds = Listing if isinstance(example, list) else (Reference, Table)
        schema = next((option for option in schema.options if isinstance(option, kinds)), schema)
    if isinstance(example, list) and isinstance(schema, Listing):
        return [_sendable(item, schema.items, models) for item in example]
    if not isinstance(example, dict):
        return example
    if isinstance(schema, Table):
        return {key: _sendable(item, schema.value, models) for key, item in example.items()}
    found = models.get(schema.name) if isinstance(schema, Reference) else None
    if isinstance(found, Variants) and isinstance(example.get(found.discriminator), str):
        found = models.get(found.members.get(example[found.discriminator], ""))
    if not isinstance(found, Model):
        return example
    schemas = {field.wire: field.schema for field in found.fields}
    return {
        key: _sendable(item, schemas[key], models) if key in schemas else item
        for key, item in example.items()
        if key not in found.unsent
    }


def _sent(field: Field, renamed: Mapping[str, str]) -> Field:
    return dataclasses.replace(field, schema=_renamed(field.schema, renamed))


def _renamed(schema: Schema, renamed: Mapping[str, str]) -> Schema:
    if isinstance(schema, Reference):
        return Reference(renamed.get(schema.name, schema.name))
    if isinstance(schema, Listing):
        return dataclasses.replace(schema, items=_renamed(schema.items, renamed))
    if isinstance(schema, Table):
        return dataclasses.replace(schema, value=_renamed(schema.value, renamed))
    if isinstance(schema, Choice):
        return Choice(tuple(_renamed(option, renamed) for option in schema.options))
    return schema


def reached(models: Models, schemas: Iterable[Schema]) -> set[str]:
    """Return the names of the models that schemas lead to."""
    found: set[str] = set()
    rest = list(schemas)
    while rest:
        schema = rest.pop()
        rest += parts(schema)
        if isinstance(schema, Reference) and schema.name not in found:
            found.add(schema.name)
            model = models[schema.name]
            if isinstance(model, Model):
                rest += [field.schema for field in model.fields]
            elif isinstance(model, Variants):
                rest += [Reference(name) for name in model.members.values()]
    return found

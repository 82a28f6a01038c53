"""Tells what is sent from what is received: requests are strict, answers lenient; what is both becomes two models."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping

from typing_extensions import TypeGuard

from reading import names
from reading.model import (
    Contract,
    Definition,
    Field,
    Listing,
    Model,
    Operation,
    Reference,
    Schema,
    Table,
    Variants,
)

Models = Mapping[str, Definition]


def with_roles(contract: Contract) -> Contract:
    """Return the contract with a request's model for everything that is sent.

    A model that is also received keeps its name for that, and is sent as ``<name>Input``. Fields that are read only are
    not sent.
    """
    operations = [operation for tag in contract.tags for operation in tag.operations]
    sent = reached(contract.models, (each.body.schema for each in operations if each.body))
    answers = (answer.schema for each in operations for answer in each.responses if answer.schema)
    received = reached(contract.models, answers)
    both = sent & received
    while more := {name for name in sent - both if reached(contract.models, [Reference(name)]) & both & received}:
        both |= more  # what holds a model of which there are two is sent with the strict one
    renamed = {name: f"{name}Input" for name in both if name in received and _is_answer(contract.models[name])}
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
    for tag in contract.tags:
        tag.operations = [_with_request(operation, renamed) for operation in tag.operations]
    contract.models = dict(sorted(contract.models.items()))
    return contract


def _is_answer(definition: Definition) -> TypeGuard[Model | Variants]:
    return isinstance(definition, (Model, Variants)) and definition.role == "answer"


def _as_request(definition: Model | Variants, renamed: Mapping[str, str]) -> Model | Variants:
    name = renamed.get(definition.name, definition.name)
    module = names.module_name(name)
    if isinstance(definition, Model):
        fields = [_sent(field, renamed) for field in definition.fields if not field.read_only]
        return dataclasses.replace(definition, name=name, module=module, role="request", fields=fields)
    members = {value: renamed.get(member, member) for value, member in definition.members.items()}
    return dataclasses.replace(definition, name=name, module=module, role="request", members=members)


def _with_request(operation: Operation, renamed: Mapping[str, str]) -> Operation:
    body = operation.body
    if body is None:
        return operation
    schema = _renamed(body.schema, renamed)
    name = names.snake(schema.name) if isinstance(schema, Reference) else body.name
    return dataclasses.replace(operation, body=dataclasses.replace(body, name=name, schema=schema))


def _sent(field: Field, renamed: Mapping[str, str]) -> Field:
    return dataclasses.replace(field, schema=_renamed(field.schema, renamed))


def _renamed(schema: Schema, renamed: Mapping[str, str]) -> Schema:
    if isinstance(schema, Reference):
        return Reference(renamed.get(schema.name, schema.name))
    if isinstance(schema, Listing):
        return dataclasses.replace(schema, items=_renamed(schema.items, renamed))
    if isinstance(schema, Table):
        return dataclasses.replace(schema, value=_renamed(schema.value, renamed))
    return schema


def reached(models: Models, schemas: Iterable[Schema]) -> set[str]:
    """Return the names of the models that schemas lead to."""
    found: set[str] = set()
    rest = list(schemas)
    while rest:
        schema = rest.pop()
        if isinstance(schema, Listing):
            rest.append(schema.items)
        elif isinstance(schema, Table):
            rest.append(schema.value)
        elif isinstance(schema, Reference) and schema.name not in found:
            found.add(schema.name)
            model = models[schema.name]
            if isinstance(model, Model):
                rest += [field.schema for field in model.fields]
            elif isinstance(model, Variants):
                rest += [Reference(name) for name in model.members.values()]
    return found

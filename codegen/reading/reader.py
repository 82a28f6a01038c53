"""Reads a contract as a whole: its operations by tag, and its models."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from reading import names
from reading.model import (
    Body,
    Contract,
    Field,
    Listing,
    Model,
    Operation,
    Parameter,
    Reference,
    Response,
    Scalar,
    Schema,
    Table,
    Tag,
)
from reading.roles import with_roles
from reading.schemas import Schemas, described
from reading.source import ContractError, Cursor, Problems, Source

_VERBS = ("get", "put", "post", "delete", "options", "head", "patch")
_RETRIES = ("always", "never")
_SINGLE = ("string", "integer", "number", "boolean", "datetime", "date")
# The ways of sending a key that the library has.
_SCHEMES = {
    "bearerAuth": {"type": "http", "scheme": "bearer"},
    "ApiKeyAuth": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
}


def read_contract(path: Path, taken: Callable[[str], str | None]) -> Contract:
    """Return what a contract says.

    Args:
        path: its first file.
        taken: says whose a class's name is already; None if it is free.

    Raises:
        ContractError: a file cannot be read, or the contract says what the client would lack. The message has a line
            for each problem.
    """
    problems = Problems()
    contract = _Reader(Source(path, problems).root(), taken).read()
    if problems.found:
        raise ContractError("\n".join(problems.found))
    return with_roles(contract)


class _Reader:
    def __init__(self, root: Cursor, taken: Callable[[str], str | None]) -> None:
        self._root = root
        self._taken = taken
        self._schemas = Schemas(taken)
        self._tags: dict[str, Tag] = {}
        self._operations: dict[str, str] = {}

    def read(self) -> Contract:
        root = self._root
        if not str(root.take("openapi", str, "")).startswith(("3.0.", "3.1.")):
            root.problem("is no contract of OpenAPI 3.0 or 3.1")
            return Contract("", [], {})
        root.pass_over("info", "externalDocs")
        self._security(root)
        server = self._server()
        if root.has("tags"):
            for each in root.at("tags").elements():
                self._add_tag(each.take("name", str, ""), each.take("description", str, ""))
                each.pass_over("externalDocs")
                each.done("tag: ")
        self._components()
        if root.has("paths"):
            for path, item in root.at("paths").items():
                self._path(path, item)
        root.done()
        self._aliases()
        tags = [tag for _, tag in sorted(self._tags.items()) if tag.operations]
        if not tags:
            root.problem("has no operations")
        for tag in tags:
            tag.operations.sort(key=lambda operation: operation.name)
        return Contract(server, tags, dict(sorted(self._schemas.models.items())))

    def _server(self) -> str:
        servers = self._root.take("servers", list, [])
        return str(servers[0]["url"]).rstrip("/") if servers else ""

    def _components(self) -> None:
        if not self._root.has("components"):
            return
        components = self._root.at("components")
        components.pass_over("parameters", "requestBodies", "responses", "headers", "examples")
        if components.has("securitySchemes"):
            for name, scheme in components.at("securitySchemes").items():
                known = {key: scheme.value.get(key) for key in ("type", "scheme", "in", "name") if key in scheme.value}
                if known != _SCHEMES.get(name):
                    scheme.problem(f"security scheme {name}: the library sends keys as {' and '.join(_SCHEMES)} only")
        if components.has("schemas"):
            for name, schema in components.at("schemas").items():
                self._schemas.component(schema.named(name), name)
        components.done("components: ")

    def _add_tag(self, name: str, description: str) -> Tag:
        found = self._tags.get(name)
        if found is None:
            class_name, attribute = names.class_name(name) + "Api", names.snake(name)
            found = Tag(name, description or f"{name}.", class_name, names.module_name(class_name), attribute)
            for owner in (self._taken(class_name), self._taken(attribute)):
                if owner is not None:
                    self._root.problem(f"tag {name}: {owner}")
            if not names.is_usable(attribute):
                self._root.problem(f"tag {name}: {attribute!r} is no Python name")
            self._tags[name] = found
        return found

    def _path(self, path: str, item: Cursor) -> None:
        item.pass_over("summary", "description")
        shared = list(item.at("parameters").elements()) if item.has("parameters") else []
        for verb in _VERBS:
            if item.has(verb):
                operation = item.at(verb, f"{verb.upper()} {path}")
                self._operation(verb, path, operation, shared)
        item.done(f"{path}: ")

    def _operation(self, verb: str, path: str, at: Cursor, shared: list[Cursor]) -> None:
        name = names.snake(at.take("operationId", str, "")) or names.operation_name(verb, path)
        if not names.is_usable(name):
            at.problem(f"the operationId {name!r} is no Python name")
        elif name in self._operations:
            at.problem(f"the operationId {name} is that of {self._operations[name]}")
        self._operations[name] = at.name
        tags = at.texts("tags") or ["Default"]
        events = at.take("x-om-events", bool, False)
        forwarded = at.take("x-om-forwarded", bool, False)
        own = list(at.at("parameters").elements()) if at.has("parameters") else []
        parameters = self._parameters(path, at, [*shared, *own])
        operation = Operation(
            name,
            at.take("x-om-alias", str),
            verb.upper(),
            path,
            at.take("summary", str, ""),
            at.take("description", str, ""),
            at.take("x-om-served-by", str, ""),
            at.take("deprecated", bool, False),
            tuple(parameters),
            self._body(at, name),
            tuple(self._responses(at, name)),
            self._auth(at),
            at.take("x-om-retry", str),
            forwarded,
            events,
        )
        at.pass_over("externalDocs")
        at.done()
        self._check(at, operation)
        self._add_tag(tags[0], "").operations.append(operation)

    def _check(self, at: Cursor, operation: Operation) -> None:
        """Refuse what each part of an operation allows, and they do not together."""
        names_of_body = [field.name for field in self._fields(operation)]
        if operation.retry not in (None, *_RETRIES, *names_of_body):
            at.problem(f"x-om-retry {operation.retry} is neither always nor never, nor a field of the body")
        taken = [parameter.name for parameter in operation.parameters] + names_of_body
        taken += [operation.body.name] if operation.body and not operation.takes_events else []
        for name in sorted({name for name in taken if taken.count(name) > 1}):
            at.problem(f"two arguments are {name} in Python")
        if not any(response.is_good for response in operation.responses):
            at.problem("has no answer for a call that goes well (200 and the like)")

    def _fields(self, operation: Operation) -> list[Field]:
        schema = operation.body.schema if operation.body else None
        model = self._schemas.models.get(schema.name) if isinstance(schema, Reference) else None
        is_plain = not operation.takes_events and not operation.is_forwarded
        return model.fields if isinstance(model, Model) and is_plain else []

    def _auth(self, at: Cursor) -> str:
        named = at.take("x-om-auth", str)
        if named not in (None, "both"):
            at.at("x-om-auth").problem(f"x-om-auth {named} is not 'both'")
        needs_key = self._security(at)
        return (named or "bearer") if needs_key else "none"

    def _security(self, at: Cursor) -> bool:
        """Return whether a key is needed."""
        wanted = at.take("security", list)
        for each in wanted or ():
            for name in each if isinstance(each, dict) else (each,):
                if name not in _SCHEMES:
                    at.problem(f"security {name}: the library sends keys as {' and '.join(_SCHEMES)} only")
        return bool(wanted != [])

    def _aliases(self) -> None:
        """Refuse short names that are those of something else."""
        taken = dict.fromkeys(self._schemas.models, "a schema")
        taken.update({tag.class_name: "an API class" for tag in self._tags.values()})
        for name, model in self._schemas.models.items():
            if model.alias is None:
                continue
            owner = taken.get(model.alias) or self._taken(model.alias)
            if owner is not None:
                self._root.problem(f"{name}: the alias {model.alias} is already {owner}")
            elif not names.is_usable(model.alias):
                self._root.problem(f"{name}: the alias {model.alias!r} is not a Python name")
            taken[model.alias] = f"the alias of {name}"
        for tag in self._tags.values():
            methods = dict.fromkeys((operation.name for operation in tag.operations), "an operation")
            for operation in tag.operations:
                alias = operation.alias
                if alias is None:
                    continue
                if alias in methods:
                    self._root.problem(f"{operation.name}: the alias {alias} is already {methods[alias]}")
                elif not names.is_usable(alias):
                    self._root.problem(f"{operation.name}: the alias {alias!r} is not a Python name")
                methods[alias] = f"the alias of {operation.name}"

    def _parameters(self, path: str, at: Cursor, given: list[Cursor]) -> list[Parameter]:
        found: dict[tuple[str, str], Parameter] = {}
        for each in given:
            followed, _ = each.followed()
            if not followed.is_object("a parameter"):
                continue
            wire, place = followed.take("name", str, ""), followed.take("in", str, "")
            parameter = self._parameter(followed.named(f"{at.name}: parameter {wire}"), wire, place)
            found[wire, place] = parameter
        order = {"path": 0, "wildcard": 0}
        in_path = re.findall(r"{([^}]*)}", path)
        named = [parameter.wire for parameter in found.values() if parameter.place in order]
        for wire in in_path:
            if wire not in named:
                at.problem(f"the path's {{{wire}}} is no parameter")
        for wire in named:
            if wire not in in_path:
                at.problem(f"parameter {wire} is not in the path")
        return sorted(found.values(), key=lambda parameter: order.get(parameter.place, 1))

    def _parameter(self, at: Cursor, wire: str, place: str) -> Parameter:
        at.pass_over("name", "in", "example", "examples")
        required = at.take("required", bool, False)
        description = described(at, _default(at.value.get("schema")))
        wildcard = at.take("x-om-wildcard", bool, False)
        style, explode = at.take("style", str), at.take("explode", bool)
        if place not in ("path", "query"):
            at.problem(f"in {place} is not supported; path and query are")
        elif style is not None and style != {"path": "simple", "query": "form"}[place]:
            at.problem(f"style {style} is not supported; use {'simple' if place == 'path' else 'form'}")
        schema: Schema = Scalar("any")
        if at.has("schema"):
            schema = self._schemas.read(at.at("schema"), "")
        else:
            at.problem("has no schema")
        many = ""
        if isinstance(schema, Table) and place == "query":
            place = "map"
            if explode is False:
                at.problem("explode: false is not supported for a map")
        elif isinstance(schema, Listing) and place == "query":
            schema, many = schema.items, "comma" if explode is False else "repeat"
        if place != "map" and not (isinstance(schema, Scalar) and schema.kind in _SINGLE):
            at.problem("is neither a single value nor, in a query, a list of them or a map")
        elif isinstance(schema, Scalar) and schema.limits != dataclasses.replace(
            schema.limits, above=None, below=None, multiple_of=None
        ):
            at.problem("exclusive limits and multipleOf are not supported")
        name = names.argument(wire)
        if not name:
            at.problem(f"the name {wire!r} cannot be one in Python")
        at.done()
        return Parameter(name, wire, "wildcard" if wildcard else place, schema, required, description, many)

    def _body(self, at: Cursor, operation: str) -> Body | None:
        if not at.has("requestBody"):
            return None
        body, _ = at.at("requestBody", f"{at.name}: body").followed()
        body = body.named(f"{at.name}: body")
        body.pass_over("description")
        required = body.take("required", bool, False)
        kind, media = self._media(body)
        body.done()
        if media is None:
            return None
        if not _is_json(kind):
            body.problem(f"content {kind} is not supported; application/json is")
        schema = self._schemas.read(media.at("schema"), names.class_name(f"{operation}_request"))
        example = media.value.get("example")
        media.pass_over("example", "examples")
        media.done()
        name = names.snake(schema.name) if isinstance(schema, Reference) else "body"
        return Body(name, schema, example, required)

    def _media(self, at: Cursor) -> tuple[str, Cursor | None]:
        """Return the way in which a body or an answer is written: JSON, where there are several."""
        ways = dict(at.at("content").items()) if at.has("content") else {}
        if not ways:
            return "", None
        kind = next((each for each in ways if _is_json(each)), next(iter(ways)))
        if not ways[kind].has("schema"):
            ways[kind].problem("has no schema")
            return kind, None
        return kind, ways[kind]

    def _responses(self, at: Cursor, operation: str) -> list[Response]:
        found: list[Response] = []
        if not at.has("responses"):
            return found
        for code, item in at.at("responses").items():
            if not re.fullmatch("[1-5](?:[0-9][0-9]|XX)|default", code):
                item.problem(f"answer {code} is no status, no range such as 4XX, and not default")
            answer, _ = item.followed()
            answer = answer.named(f"{at.name}: answer {code}")
            description = answer.take("description", str, "")
            answer.pass_over("headers", "links")
            kind, media = self._media(answer)
            answer.done()
            schema, example = None, None
            if media is not None:
                schema = self._schemas.read(media.at("schema"), names.class_name(f"{operation}_{code}_response"))
                example = media.value.get("example")
                media.pass_over("example", "examples")
                media.done()
            found.append(Response(code, description, schema, example, "" if _is_json(kind) else kind))
        return found


def _is_json(kind: str) -> bool:
    kind = kind.partition(";")[0].strip()
    return kind in ("application/json", "*/*") or kind.endswith("+json")


def _default(schema: Any) -> Any:
    return schema.get("default") if isinstance(schema, dict) else None

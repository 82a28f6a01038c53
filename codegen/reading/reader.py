"""Reads a contract as a whole: its operations by tag, and its models."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from reading import names
from reading.model import (
    Body,
    Contract,
    Field,
    Limits,
    Listing,
    Model,
    Operation,
    Pages,
    Parameter,
    Reference,
    Response,
    Scalar,
    Schema,
    Server,
    Table,
    Tag,
)
from reading.overlay import lay_over
from reading.roles import renamed_models, with_roles
from reading.schemas import Schemas, described
from reading.source import ContractError, Cursor, Problems, Source

_VERBS = ("get", "put", "post", "delete", "options", "head", "patch")
_RETRIES = ("always", "never")
_SINGLE = ("string", "integer", "number", "boolean", "datetime", "date")
# Headers of requests that an OpenAPI contract does not describe as parameters (3.1.0, Parameter Object).
_HEADERS_OF_HTTP = ("accept", "content-type", "authorization")
# What other tools draw their pages by, and a client does without.
_FOR_PAGES = ("x-displayName", "x-tagGroups", "x-codeSamples", "x-code-samples", "x-logo")
_STYLES = {"path": "simple", "query": "form", "header": "simple"}
# The ways of sending a key that the library has.
_BEARER = {"type": "http", "scheme": "bearer"}
_API_KEY = {"type": "apiKey", "in": "header", "name": "X-API-Key"}
_OURS = "the library sends keys as bearer tokens, and beside that in X-API-Key"


def read_contract(path: Path, taken: Callable[[str], str | None], overlay: Path | None = None) -> Contract:
    """Return what a contract says.

    Args:
        path: its first file.
        taken: says whose a class's name is already; None if it is free.
        overlay: what changes it before it is read.

    Raises:
        ContractError: a file cannot be read, or the contract says what the client would lack. The message has a line
            for each problem.
    """
    problems = Problems()
    source = Source(path, problems)
    if overlay is not None:
        lay_over(source, overlay)
    contract, renamed = _Reader(source.root(), taken).read()
    if problems.found:
        raise ContractError("\n".join(problems.found))
    return with_roles(contract, renamed)


class _Reader:
    def __init__(self, root: Cursor, taken: Callable[[str], str | None]) -> None:
        self._root = root
        self._taken = taken
        self._schemas = Schemas(taken)
        self._tags: dict[str, Tag] = {}
        self._operations: dict[str, str] = {}
        self._to_check: list[tuple[Cursor, Operation]] = []
        self._schemes: dict[str, bool] = {}  # security schemes, and whether they are bearer tokens
        self._all_need = False  # whether operations need a key that do not say it

    def read(self) -> tuple[Contract, dict[str, str]]:
        """Return the contract, and the names of the request's models that `renamed_models` finds."""
        root = self._root
        if not str(root.take("openapi", str, "")).startswith(("3.0.", "3.1.")):
            root.problem("is no contract of OpenAPI 3.0 or 3.1")
            return Contract((), [], {}), {}
        root.pass_over("info", "externalDocs", *_FOR_PAGES)
        servers = tuple(self._servers())
        if root.has("tags"):
            for each in root.at("tags").elements():
                self._add_tag(each.take("name", str, ""), each.take("description", str, ""))
                each.pass_over("externalDocs", *_FOR_PAGES)
                each.done("tag: ")
        self._components()
        self._all_need = self._security(root, False)
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
        contract = Contract(servers, tags, dict(sorted(self._schemas.models.items())))
        renamed = renamed_models(contract)
        for name, other in renamed.items():
            self._schemas.check_free(name, other)
        for at, operation in self._to_check:
            self._check(at, operation, renamed)
        return contract, renamed

    def _servers(self) -> Iterator[Server]:
        given = list(self._root.at("servers").elements()) if self._root.has("servers") else []
        if not given:
            self._root.problem("has no servers: one whole URL is needed, which is the default host")
        for each in given:
            if each.is_object("a server"):
                url = each.take("url", str, "").rstrip("/")
                if not re.fullmatch(r"https?://[^\s{}?#@]+", url):
                    each.problem(f"server {url}: a whole URL without variables is needed")
                yield Server(url, each.take("description", str, "").strip())
                each.done("server: ")

    def _components(self) -> None:
        if not self._root.has("components"):
            return
        components = self._root.at("components")
        components.pass_over("parameters", "requestBodies", "responses", "headers", "examples", "links", "pathItems")
        if components.has("securitySchemes"):
            for name, scheme in components.at("securitySchemes").items():
                self._scheme(name, scheme.followed()[0])
        if components.has("schemas"):
            for name, schema in components.at("schemas").items():
                self._schemas.component(schema.named(name), name)
        components.done("components: ")

    def _scheme(self, name: str, scheme: Cursor) -> None:
        if not scheme.is_object(f"security scheme {name}"):
            return
        said = {key: scheme.value[key] for key in ("type", "scheme", "in", "name") if key in scheme.value}
        if str(said.get("scheme", "")).lower() == "bearer":  # RFC 9110, section 11.1: regardless of case
            said["scheme"] = "bearer"
        if said not in (_BEARER, _API_KEY):
            scheme.problem(f"security scheme {name}: {_OURS}")
        self._schemes[name] = said == _BEARER

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
        if not item.is_object("a path"):
            return
        followed, target = item.followed()
        if target is not None:
            item.done(f"{path}: beside $ref, ")
            item = followed.named(item.name)
        item.pass_over("summary", "description")
        shared = list(item.at("parameters").elements()) if item.has("parameters") else []
        for verb in _VERBS:
            if item.has(verb):
                operation = item.at(verb, f"{verb.upper()} {path}")
                self._operation(verb, path, operation, shared)
        item.done(f"{path}: ")

    def _operation(self, verb: str, path: str, at: Cursor, shared: list[Cursor]) -> None:
        if not at.is_object("an operation"):
            return
        name = names.snake(at.take("operationId", str, "")).strip("_") or names.operation_name(verb, path)
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
            at.take("deprecated", bool, False),
            tuple(parameters),
            self._body(at, name),
            tuple(self._responses(at, name)),
            self._auth(at),
            at.take("x-om-retry", str),
            forwarded,
            events,
        )
        at.pass_over("externalDocs", *_FOR_PAGES)
        if at.has("x-om-pages"):
            operation = dataclasses.replace(operation, pages=self._pages(at.at("x-om-pages"), operation))
        if at.has("x-om-range"):
            operation = dataclasses.replace(operation, time_range=self._range(at.at("x-om-range"), operation))
        at.done()
        self._to_check.append((at, operation))
        self._add_tag(tags[0], "").operations.append(operation)

    def _check(self, at: Cursor, operation: Operation, renamed: Mapping[str, str]) -> None:
        """Refuse what each part of an operation allows, and they do not together."""
        body = operation.body
        names_of_body = [field.name for field in self._fields(operation) if not field.read_only]
        if operation.retry not in (None, *_RETRIES, *names_of_body):
            at.problem(f"x-om-retry {operation.retry} is neither always nor never, nor a field of the body")
        taken = [parameter.name for parameter in operation.parameters] + names_of_body
        if body is not None and not operation.takes_events:
            model = body.schema.name if isinstance(body.schema, Reference) else ""
            taken.append(names.snake(renamed.get(model, model)) if model else body.name)
        for name in sorted({name for name in taken if taken.count(name) > 1}):
            at.problem(f"two arguments are {name} in Python (x-om-name gives one of them another name)")
        if not any(response.is_good for response in operation.responses):
            at.problem("has no answer for a call that goes well (200 and the like)")

    def _pages(self, at: Cursor, operation: Operation) -> Pages | None:
        limit, offset = (
            next((each for each in operation.parameters if each.wire == at.take(name, str, name)), None)
            for name in ("limit", "offset")
        )
        total, key = at.take("total", str, ""), at.take("key", str, "")
        at.done("x-om-pages: ")
        largest = limit.schema.limits.maximum if limit and isinstance(limit.schema, Scalar) else None
        good = next((each.schema for each in operation.responses if each.is_good), None)
        page = self._schemas.models.get(good.name) if isinstance(good, Reference) else None
        row = page.row() if isinstance(page, Model) else None
        if limit is None or offset is None or largest is None:
            at.problem("x-om-pages needs the parameters limit, with a maximum, and offset")
        elif row is None or good is None:
            at.problem("x-om-pages needs an answer with x-om-rows")
        else:
            total_path, key_path = self._path_in(good, total), self._path_in(row, key)
            if total_path and key_path:
                return Pages(limit.name, offset.name, int(largest), key_path, total_path, row)
            at.problem(f"x-om-pages: total {total} or key {key} is no property of the answer or its rows")
        return None

    def _range(self, at: Cursor, operation: Operation) -> tuple[str, str] | None:
        given = [at.take(name, str, "") for name in ("start", "end")]
        at.done("x-om-range: ")
        times = {each.wire: each.name for each in operation.parameters if each.is_time}
        if any(wire not in times for wire in given) or given[0] == given[1]:
            at.problem("x-om-range needs start and end: two times in the query")
        elif operation.body is not None or any(each.name == "last" for each in operation.parameters):
            at.problem("x-om-range takes no body and no parameter that is called last")
        else:
            return times[given[0]], times[given[1]]
        return None

    def _path_in(self, schema: Schema, path: str) -> str:
        """Return the attributes that the properties of a path become; empty if there are no such ones."""
        found: list[str] = []
        for wire in path.split("."):
            model = self._schemas.models.get(schema.name) if isinstance(schema, Reference) else None
            fields = model.fields if isinstance(model, Model) else []
            field = next((each for each in fields if each.wire == wire), None)
            if field is None:
                return ""
            found.append(field.name)
            schema = field.schema
        return ".".join(found)

    def _fields(self, operation: Operation) -> list[Field]:
        schema = operation.body.schema if operation.body else None
        model = self._schemas.models.get(schema.name) if isinstance(schema, Reference) else None
        is_plain = not operation.takes_events and not operation.is_forwarded
        return model.fields if isinstance(model, Model) and is_plain else []

    def _auth(self, at: Cursor) -> str:
        named = at.take("x-om-auth", str)
        if named not in (None, "both"):
            at.at("x-om-auth").problem(f"x-om-auth {named} is not 'both'")
        needs_key = self._security(at, named is not None)
        return (named or "bearer") if needs_key else "none"

    def _security(self, at: Cursor, is_in_both: bool) -> bool:
        """Return whether a key is needed."""
        if not at.has("security"):
            return self._all_need
        ways = at.take("security", list, [])
        for way in ways:
            if not isinstance(way, dict):
                at.at("security").problem(f"security must be a list of objects, and has {way!r}")
                continue
            for name in way:
                if name not in self._schemes:
                    at.at("security").problem(f"security {name} is no security scheme of the contract")
        ways = [way for way in ways if isinstance(way, dict) and way]
        if ways and not is_in_both and not any(self._is_bearer(way) for way in ways):
            at.at("security").problem(f"security {', '.join(ways[0])}: {_OURS} if x-om-auth is both")
        return bool(ways)

    def _is_bearer(self, way: dict[str, Any]) -> bool:
        """Return whether a bearer token is all that a way of authentication needs."""
        return all(self._schemes.get(name, True) for name in way)

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
            if place == "header" and wire.lower() in _HEADERS_OF_HTTP:
                continue
            found[wire, place] = self._parameter(followed.named(f"{at.name}: parameter {wire}"), wire, place)
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
        example = at.value.get("example")
        at.pass_over("name", "in", "example", "examples")
        required = at.take("required", bool, False)
        default, is_deprecated = _default(at.value.get("schema")), bool(at.value.get("deprecated"))
        description = described(at, default)
        wildcard = at.take("x-om-wildcard", bool, False)
        style, explode = at.take("style", str), at.take("explode", bool)
        if place not in _STYLES:
            at.problem(f"in {place} is not supported; path, query and header are")
        elif style is not None and style != _STYLES[place]:
            at.problem(f"style {style} is not supported; use {_STYLES[place]}")
        for word in ("allowReserved", "allowEmptyValue"):
            if at.take(word, bool, False):
                at.problem(f"{word} is not supported")
        schema: Schema = Scalar("any")
        if at.has("schema"):
            schema = self._schemas.read(at.at("schema"), f"{at.name}_{wire}")
        else:
            at.problem("has no schema")
        many, of_list = "", Limits()
        if isinstance(schema, Table) and place == "query":
            place = "map"
            if explode is False:
                at.problem("explode: false is not supported for a map")
        elif isinstance(schema, Listing) and place == "query":
            schema, many, of_list = schema.items, "comma" if explode is False else "repeat", schema.limits
        if place != "map" and not (isinstance(schema, Scalar) and schema.kind in _SINGLE):
            at.problem("is neither a single value nor, in a query, a list of them or a map")
        elif isinstance(schema, Scalar) and schema.limits != dataclasses.replace(
            schema.limits, above=None, below=None, multiple_of=None
        ):
            at.problem("exclusive limits and multipleOf are not supported")
        name = names.argument(at.take("x-om-name", str, wire))
        if not name:
            at.problem(f"the name {wire!r} cannot be one in Python")
        at.done()
        place = "wildcard" if wildcard else place
        more = (many, of_list, example, default, is_deprecated)
        return Parameter(name, wire, place, schema, required, description, *more)

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
        schema = self._schemas.value(media.at("schema"), names.class_name(f"{operation}_request"))
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
        for each, media in ways.items():
            if not re.fullmatch(r"[\w.+*-]+/[\w.+*-]+(\s*;.*)?", each):
                media.problem("is no media type")
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
            answer.pass_over("links")
            headers = tuple(answer.take("headers", dict, {}))
            kind, media = self._media(answer)
            answer.done()
            schema, example = None, None
            if media is not None:
                schema = self._schemas.value(media.at("schema"), names.class_name(f"{operation}_{code}_response"))
                example = media.value.get("example")
                media.pass_over("example", "examples")
                media.done()
            if not _is_json(kind) and schema is not None:  # it is read as it is
                schema = Scalar("string" if kind.startswith("text/") else "bytes")
            kind = "" if _is_json(kind) else kind
            found.append(Response(code, description, schema, example, kind, headers))
        if not any(response.is_good for response in found):  # the default is whatever is not named, also success
            found += [dataclasses.replace(each, code="2XX") for each in found if each.code == "default"]
        return found


def _is_json(kind: str) -> bool:
    kind = kind.partition(";")[0].strip()
    return kind in ("application/json", "*/*") or kind.endswith("+json")


def _default(schema: Any) -> Any:
    return schema.get("default") if isinstance(schema, dict) else None

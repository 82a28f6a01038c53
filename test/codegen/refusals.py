"""What is refused of a contract: what it is called, what changes a good contract into it, and what is said."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any, NamedTuple

Contract = dict[str, Any]


class Refusal(NamedTuple):
    """One construct that is refused."""

    construct: str
    change: Callable[[Contract], object]
    message: str


_GOOD: Contract = {
    "openapi": "3.0.3",
    "info": {"title": "Good", "version": "1"},
    "servers": [{"url": "https://good.example"}],
    "security": [{"key": []}],
    "tags": [{"name": "Things", "description": "Things."}],
    "paths": {
        "/things/{id}": {
            "post": {
                "tags": ["Things"],
                "operationId": "add_thing",
                "summary": "Add a thing",
                "parameters": [{"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}],
                "requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Order"}}}},
                "responses": {
                    "200": {
                        "description": "The thing.",
                        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Thing"}}},
                    }
                },
            }
        }
    },
    "components": {
        "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}},
        "schemas": {
            "Thing": {"type": "object", "properties": {"size": {"type": "integer"}, "name": {"type": "string"}}},
            "Order": {"type": "object", "required": ["key"], "properties": {"key": {"type": "string"}}},
            "Other": {"type": "object", "properties": {"size": {"type": "integer"}}},
        },
    },
}


def good() -> Contract:
    """Return a small contract that is read."""
    return copy.deepcopy(_GOOD)


def changed(change: Callable[[Contract], object]) -> Contract:
    """Return a changed copy of it."""
    contract = good()
    change(contract)
    return contract


def operation(contract: Contract) -> Any:
    return contract["paths"]["/things/{id}"]["post"]


def thing(contract: Contract) -> Any:
    return contract["components"]["schemas"]["Thing"]


def size(contract: Contract) -> Any:
    return thing(contract)["properties"]["size"]


def parameter(**given: Any) -> Callable[[Contract], object]:
    """Return a change that adds a query parameter, or another one."""
    added = {"name": "filter", "in": "query", "schema": {"type": "string"}, **given}
    return lambda contract: operation(contract)["parameters"].append(added)


def schema(name: str, **given: Any) -> Callable[[Contract], object]:
    """Return a change that adds a schema."""
    return lambda contract: contract["components"]["schemas"].update({name: given})


def body(kind: str) -> Callable[[Contract], object]:
    content = {kind: {"schema": {"type": "string"}}}
    return lambda contract: operation(contract).update(requestBody={"content": content})


def security(**scheme: Any) -> Callable[[Contract], object]:
    return lambda contract: contract["components"]["securitySchemes"].update(key=scheme)


def pages(*given: Any, rows: bool = False) -> Callable[[Contract], object]:
    """Return a change that makes the operation's answers pages."""

    def change(contract: Contract) -> None:
        operation(contract)["parameters"] += given
        operation(contract)["x-om-pages"] = {"total": "total", "key": "key"}
        if rows:
            thing(contract)["properties"]["all"] = {"type": "array", "items": {"$ref": "#/components/schemas/Other"}}
            thing(contract)["x-om-rows"] = "all"

    return change


def time_range(*others: str) -> Callable[[Contract], object]:
    """Return a change that makes the operation one of a range of time, with other parameters."""

    def change(contract: Contract) -> None:
        times = [{"name": name, "in": "query", "schema": {"type": "string", "format": "date-time"}} for name in "ab"]
        texts = [{"name": name, "in": "query", "schema": {"type": "string"}} for name in others]
        operation(contract)["parameters"] += times + texts
        operation(contract)["x-om-range"] = {"start": "a", "end": "b"}

    return change


_LIMIT = {"name": "limit", "in": "query", "schema": {"type": "integer", "maximum": 5}}
_OFFSET = {"name": "offset", "in": "query", "schema": {"type": "integer"}}
_WHERE = "POST /things/{id}"
_UNION = [{"$ref": "#/components/schemas/Thing"}, {"$ref": "#/components/schemas/Other"}]

REFUSALS = [
    Refusal("cookie parameters", parameter(**{"in": "cookie"}), f"{_WHERE}: parameter filter: in cookie is not"),
    Refusal(
        "lists in a header",
        parameter(**{"in": "header", "schema": {"type": "array", "items": {"type": "string"}}}),
        "parameter filter: is neither a single value nor",
    ),
    Refusal("reserved characters in a query", parameter(allowReserved=True), "allowReserved is not supported"),
    Refusal("styles of parameters but simple and form", parameter(style="pipeDelimited"), "style pipeDelimited is not"),
    Refusal(
        "deepObject", parameter(style="deepObject", schema={"type": "object"}), "style deepObject is not supported"
    ),
    Refusal(
        "lists of lists in a query",
        parameter(schema={"type": "array", "items": {"type": "array", "items": {}}}),
        "is neither a single value nor",
    ),
    Refusal(
        "objects in a path",
        lambda c: operation(c)["parameters"][0].update(schema={"type": "object"}),
        "parameter id: is neither a single value nor",
    ),
    Refusal("parameters with content", parameter(content={"application/json": {}}), "content is not supported"),
    Refusal(
        "exclusive limits and multipleOf of parameters",
        parameter(schema={"type": "integer", "multipleOf": 2}),
        "exclusive limits and multipleOf are not",
    ),
    Refusal(
        "a part of a path that is no parameter",
        lambda c: operation(c)["parameters"].clear(),
        "the path's {id} is no parameter",
    ),
    Refusal(
        "a path's parameter that is not in the path",
        parameter(**{"in": "path", "required": True}),
        "parameter filter is not in the path",
    ),
    Refusal(
        "multipart and form bodies", body("multipart/form-data"), "body: content multipart/form-data is not supported"
    ),
    Refusal("bodies of XML", body("application/xml"), "body: content application/xml is not supported"),
    Refusal(
        "a body or an answer without a schema",
        lambda c: operation(c)["responses"].update({"200": {"description": "", "content": {"application/json": {}}}}),
        "answer 200: application/json: has no schema",
    ),
    Refusal("an operation without an answer", lambda c: operation(c).update(responses={}), "has no answer for a call"),
    Refusal("callbacks", lambda c: operation(c).update(callbacks={}), "callbacks is not supported"),
    Refusal("servers of operations and paths", lambda c: operation(c).update(servers=[]), "servers is not supported"),
    Refusal("a contract without a server", lambda c: c.pop("servers"), "has no servers: one whole URL is needed"),
    Refusal(
        "servers with variables, and relative ones",
        lambda c: c.update(servers=[{"url": "/api/{version}"}]),
        "server /api/{version}: a whole URL without variables",
    ),
    Refusal("webhooks", lambda c: c.update(webhooks={}), "webhooks is not supported"),
    Refusal(
        "OAuth, and keys in other headers", security(type="oauth2", flows={}), "the library sends keys as bearer tokens"
    ),
    Refusal(
        "a key in X-API-Key alone, without x-om-auth",
        security(type="apiKey", name="X-API-Key", **{"in": "header"}),
        "security key: the library sends keys as bearer tokens, and beside that in X-API-Key if x-om-auth is both",
    ),
    Refusal(
        "security that is not described", lambda c: operation(c).update(security=[{"gone": []}]), "gone is no security"
    ),
    Refusal(
        "two operations of one name",
        lambda c: c["paths"].update({"/x": {"get": operation(c)}}),
        "the operationId add_thing is that of",
    ),
    Refusal("two arguments of one name", parameter(name="KEY"), "two arguments are key in Python"),
    Refusal(
        "two properties of one name",
        lambda c: thing(c)["properties"].update(Size={"type": "string"}),
        "Size and size are both size in Python",
    ),
    Refusal("two schemas of one name", schema("thing", type="object", properties={}), "two schemas get this name"),
    Refusal(
        "a schema that is called like a part of the library",
        schema("Configuration", type="object", properties={}),
        "cannot become Configuration: a hand-written export",
    ),
    Refusal(
        "a schema that is called like a name of Python's typing",
        schema("List", type="object", properties={}),
        "cannot become List: the name of typing",
    ),
    Refusal(
        "a tag that is called like a method",
        lambda c: operation(c).update(tags=["Context"]),
        "tag Context: OpenMonetize has a method context",
    ),
    Refusal(
        "names without a letter",
        lambda c: thing(c)["properties"].update({"@": {"type": "string"}}),
        "the property '@' has no name in Python",
    ),
    Refusal("control characters in texts", lambda c: operation(c).update(summary="a\x07b"), "control characters"),
    Refusal(
        "a reference that leads nowhere",
        lambda c: thing(c)["properties"].update(x={"$ref": "#/a/b"}),
        "$ref #/a/b leads nowhere",
    ),
    Refusal(
        "references to addresses",
        lambda c: thing(c)["properties"].update(x={"$ref": "https://a.example/b"}),
        "only files are read",
    ),
    Refusal(
        "a schema that is nothing but itself",
        schema("Loop", type="array", items={"$ref": "#/components/schemas/Loop"}),
        "contains itself",
    ),
    Refusal("several types at once", lambda c: size(c).update(type=["string", "integer"]), "give one type, and null"),
    Refusal("a type that does not exist", lambda c: size(c).update(type="int"), "type int is none of"),
    Refusal(
        "formats that nobody reads",
        lambda c: size(c).update(type="string", format="odd"),
        "format odd is not supported",
    ),
    Refusal("a list without items", lambda c: size(c).update(type="array"), "a list without items"),
    Refusal(
        "unions that cannot be told apart", schema("Both", oneOf=_UNION), "has no required property that others lack"
    ),
    Refusal(
        "unions of a model and a free object",
        schema("Both", anyOf=[_UNION[0], {"type": "object"}]),
        "anyOf of values that JSON does not tell apart",
    ),
    Refusal(
        "oneOf and anyOf beside properties",
        schema("Both", properties={"a": {"type": "string"}}, oneOf=_UNION),
        "oneOf beside properties, or in an allOf with them, is not supported",
    ),
    Refusal(
        "a discriminator without a mapping, beside properties",
        schema("Base", properties={"a": {"type": "string"}}, discriminator={"propertyName": "a"}),
        "discriminator beside properties, without a mapping",
    ),
    Refusal("an allOf of itself", schema("All", allOf=[{"$ref": "#/components/schemas/All"}]), "contains itself"),
    Refusal(
        "allowed values of another type", lambda c: size(c).update(type="string", enum=["a", 1]), "enum: 1 is no string"
    ),
    Refusal("allowed fractions", lambda c: size(c).update(type="number", enum=[0.5]), "enum: 0.5 is no number"),
    Refusal(
        "patterns that look around",
        lambda c: size(c).update(type="string", pattern="^(?!a)"),
        "pattern ^(?!a) cannot be matched",
    ),
    Refusal("limits of other types", lambda c: size(c).update(minLength=1), "Thing.size: minLength is not supported"),
    Refusal(
        "limits of dates, times, bytes and decimals in texts",
        lambda c: size(c).update(type="string", format="date", minLength=1),
        "format date with limits or allowed values is not supported",
    ),
    Refusal(
        "properties of what is no object",
        schema("Odd", type="string", properties={"a": {"type": "string"}}),
        "type string with properties or variants",
    ),
    Refusal("not, if, patternProperties and the like", lambda c: size(c).update({"not": {}}), "Thing.size: not is not"),
    Refusal(
        "properties beside typed additionalProperties",
        lambda c: thing(c).update(additionalProperties={"type": "string"}),
        "properties and typed additionalProperties together",
    ),
    Refusal(
        "allOf of anything but objects",
        schema("All", allOf=[{"type": "string"}, {"type": "object"}]),
        "allOf with a part of type string",
    ),
    Refusal(
        "a required property that does not exist",
        lambda c: thing(c).update(required=["gone"]),
        "gone is required, but is no property",
    ),
    Refusal(
        "x-om-retry that is no field of the body",
        lambda c: operation(c).update({"x-om-retry": "idem"}),
        "x-om-retry idem is neither always nor never",
    ),
    Refusal(
        "x-om-type that does not exist", lambda c: size(c).update({"x-om-type": "Intt"}), "x-om-type Intt is none of"
    ),
    Refusal("x-om-auth but both", lambda c: operation(c).update({"x-om-auth": "none"}), "x-om-auth none is not 'both'"),
    Refusal("x-om-rows of no list", lambda c: thing(c).update({"x-om-rows": "name"}), "x-om-rows name is no list"),
    Refusal("x-om-pages without its parameters", pages(), "x-om-pages needs the parameters limit, with a maximum,"),
    Refusal("x-om-pages of no list", pages(_LIMIT, _OFFSET), "x-om-pages needs an answer with x-om-rows"),
    Refusal(
        "x-om-pages with a total or a key that does not exist",
        pages(_LIMIT, _OFFSET, rows=True),
        "total total or key key is no property of the answer or its rows",
    ),
    Refusal(
        "x-om-range without two times in the query",
        lambda c: operation(c).update({"x-om-range": {"start": "from", "end": "to"}}),
        "x-om-range needs start and end: two times in the query",
    ),
    Refusal(
        "x-om-range beside a parameter that is called last",
        time_range("last"),
        "x-om-range takes no body and no parameter that is called last",
    ),
    Refusal(
        "unknown extensions", lambda c: operation(c).update({"x-om-allias": "add"}), "x-om-allias is not supported"
    ),
    Refusal(
        "texts where numbers must be", lambda c: size(c).update(minimum="1"), "minimum must be a whole number or a"
    ),
]

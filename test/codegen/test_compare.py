"""What a change of the contract means for users is said in their words."""

from __future__ import annotations

import dataclasses
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from .generated import ROOT
from .refusals import Contract, changed, operation, size, thing

yaml = pytest.importorskip("yaml")
sys.path.insert(0, str(ROOT / "codegen"))

from comparing.change import ADDITIVE, BREAKING, WIRE, Change, told  # noqa: E402
from comparing.contracts import contract_changes  # noqa: E402
from reading.reader import read_contract  # noqa: E402
from reading.source import ContractError  # noqa: E402

Make = Callable[[Contract], object]


def ref(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


def query(name: str, **given: Any) -> dict[str, Any]:
    required = given.pop("required", False)
    return {"name": name, "in": "query", "required": required, "schema": given or {"type": "string"}}


def answer(schema: Any, kind: str = "application/json") -> dict[str, Any]:
    return {"description": "It.", "content": {kind: {"schema": schema}}}


def enriched(contract: Contract) -> None:
    """Add what the contract of the refusals has not, but contracts have."""
    contract["paths"]["/things"] = {
        "get": {
            "tags": ["Things"],
            "operationId": "things_get",
            "x-om-alias": "list",
            "x-om-pages": {"total": "total", "key": "name"},
            "parameters": [
                query("limit", type="integer", maximum=50, default=10),
                query("offset", type="integer"),
                query("kind", **ref("Kind")),
                query("sort", type="string", enum=["up", "down"]),
                {"name": "X-Trace", "in": "header", "schema": {"type": "string"}},
                query("names", type="array", items={"type": "string"}, uniqueItems=True),
            ],
            "responses": {"200": answer(ref("Page")), "404": answer(ref("Other"))},
        }
    }
    contract["paths"]["/more/{*}"] = {
        "put": {
            "tags": ["More"],
            "operationId": "more_put",
            "deprecated": True,
            "x-om-auth": "both",
            "x-om-retry": "always",
            "parameters": [
                {"name": "*", "in": "path", "required": True, "x-om-wildcard": True, "schema": {"type": "string"}},
                {**query("old", type="number", minimum=1), "deprecated": True},
            ],
            "requestBody": {
                "required": True,
                "content": {"application/json": {"schema": {"type": "array", "maxItems": 3, "items": ref("Part")}}},
            },
            "responses": {
                "200": {**answer({}, "text/csv"), "headers": {"X-Id": {"schema": {"type": "string"}}}},
                "202": answer({"type": "object", "additionalProperties": {"type": "number"}}),
            },
        }
    }
    contract["components"]["schemas"].update(
        Page={
            "type": "object",
            "x-om-alias": "Things",
            "x-om-rows": "data",
            "properties": {
                "data": {"type": "array", "items": ref("Thing")},
                "total": {"type": "integer"},
                "amount": {"type": "number"},
                "state": {"type": "string", "enum": ["a", "b"]},
                "shape": ref("Shape"),
                "colour": ref("Colour"),
            },
        },
        Kind={"type": "string", "enum": ["small", "big"]},
        Part={
            "type": "object",
            "additionalProperties": True,
            "properties": {
                "tags": {
                    "oneOf": [{"type": "string", "maxLength": 3}, {"type": "array", "items": {"type": "integer"}}]
                },
                "weight": {"type": "number", "readOnly": True},
            },
        },
        Colour={"type": "string", "enum": ["red", "blue"]},
        Circle={"type": "object", "required": ["round"], "properties": {"round": {"type": "boolean"}}},
        Square={"type": "object", "required": ["side"], "properties": {"side": {"type": "integer"}}},
        Shape={
            "oneOf": [ref("Circle"), ref("Square")],
            "discriminator": {
                "propertyName": "form",
                "mapping": {"circle": ref("Circle")["$ref"], "square": ref("Square")["$ref"]},
            },
        },
    )


def listing(contract: Contract) -> Any:
    return contract["paths"]["/things"]["get"]


def argument(contract: Contract, name: str) -> Any:
    return next(each for each in listing(contract)["parameters"] if each["name"] == name)["schema"]


def model(contract: Contract, name: str) -> Any:
    return contract["components"]["schemas"][name]


def field(contract: Contract, name: str) -> Any:
    return model(contract, "Page")["properties"][name]


def key(contract: Contract) -> Any:
    return model(contract, "Order")["properties"]["key"]


def renamed(contract: Any, old: str, new: str) -> Any:
    """Rename a schema and what refers to it."""
    text = yaml.safe_dump(contract, sort_keys=False).replace(f"schemas/{old}'", f"schemas/{new}'")
    contract.update(yaml.safe_load(text))
    schemas = contract["components"]["schemas"]
    schemas[new] = schemas.pop(old)


def twice(first: Make, second: Make) -> Make:
    return lambda contract: (first(contract), second(contract))


ADD = "things.add_thing"
CHANGES: list[tuple[Make, list[Change]]] = [
    # Names of operations and classes
    (
        lambda c: operation(c).update(operationId="put_thing"),
        [Change(BREAKING, f"`{ADD}()` is now `things.put_thing()`")],
    ),
    (
        lambda c: listing(c).update({"x-om-alias": "all"}),
        [Change(BREAKING, "`things.list()` is now `things.all()`")],
    ),
    (
        lambda c: listing(c).update(operationId="get_things"),
        [Change(BREAKING, "`things.things_get()` is now `things.list()`")],
    ),
    (
        lambda c: operation(c).update({"x-om-alias": "add"}),
        [Change(ADDITIVE, f"`things.add()` is a short name of `{ADD}()`")],
    ),
    (lambda c: c["paths"].pop("/things"), [Change(BREAKING, "`things.list()` is gone")]),
    (
        lambda c: c["paths"].update({"/new": {"get": {**operation(c), "operationId": "new", "parameters": []}}}),
        [Change(ADDITIVE, "`things.new()` is new")],
    ),
    (
        lambda c: operation(c).update(tags=["Wallets"]),
        [
            Change(ADDITIVE, "`om.wallets` and `WalletsApi` are new"),
            Change(BREAKING, f"`{ADD}()` is now `wallets.add_thing()`"),
        ],
    ),
    (
        lambda c: (operation(c).update(tags=["THINGS"]), listing(c).update(tags=["THINGS"])),
        [Change(BREAKING, "`ThingsApi` is now `THINGSApi`")],
    ),
    (lambda c: operation(c).update(deprecated=True), [Change(ADDITIVE, f"`{ADD}()` is deprecated")]),
    # Arguments
    (
        lambda c: operation(c)["parameters"].append(query("colour")),
        [
            Change(ADDITIVE, f"`{ADD}(colour=…)` is new"),
            Change(BREAKING, f"`{ADD}()` takes its arguments in another order: `id`, `colour`, `order`"),
        ],
    ),
    (lambda c: listing(c)["parameters"].append(query("colour")), [Change(ADDITIVE, "`things.list(colour=…)` is new")]),
    (
        lambda c: listing(c)["parameters"].append(query("colour", required=True)),
        [Change(BREAKING, "`things.list(colour=…)` is new, and required")],
    ),
    (lambda c: listing(c)["parameters"].pop(), [Change(BREAKING, "`things.list(names=…)` is gone")]),
    (
        lambda c: listing(c)["parameters"].reverse(),
        [
            Change(
                BREAKING,
                "`things.list()` takes its arguments in another order: `names`, `x_trace`, `sort`, `kind`, `offset`, "
                "`limit`",
            )
        ],
    ),
    (
        lambda c: model(c, "Order").update(properties={"idToken": {"type": "string"}}, required=["idToken"]),
        [Change(BREAKING, f"`{ADD}(key=…)` is now `id_token`")],
    ),
    (
        lambda c: model(c, "Order").update(properties={"code": {"type": "string"}}, required=[]),
        [
            Change(BREAKING, f"`{ADD}(key=…)` is now `code`"),
            Change(ADDITIVE, f"`{ADD}(code=…)` may be left out"),
        ],
    ),
    (lambda c: model(c, "Order").update(required=[]), [Change(ADDITIVE, f"`{ADD}(key=…)` may be left out")]),
    (lambda c: key(c).update(nullable=True), [Change(ADDITIVE, f"`{ADD}(key=…)` may be None")]),
    (lambda c: key(c).update(type="integer"), [Change(BREAKING, f"`{ADD}(key=…)` is `int`, no longer `str`")]),
    (lambda c: key(c).update(format="date-time"), [Change(BREAKING, f"`{ADD}(key=…)` is `datetime`, no longer `str`")]),
    (
        lambda c: key(c).update({"x-om-type": "Text"}),
        [Change(WIRE, f"`{ADD}(key=…)` is read and written as `Text`, no longer `str`")],
    ),
    (lambda c: key(c).update(maxLength=9), [Change(WIRE, f"`{ADD}(key=…)` has the maximum length `9`")]),
    (lambda c: key(c).update(deprecated=True), [Change(ADDITIVE, f"`{ADD}(key=…)` is deprecated")]),
    (
        lambda c: argument(c, "limit").update(maximum=40),
        [
            Change(WIRE, "`things.iter_list()` asks for 40 rows at a time, no longer 50"),
            Change(WIRE, "`things.list(limit=…)` has the maximum `40`, no longer `50`"),
        ],
    ),
    (
        lambda c: argument(c, "limit").update(default=20),
        [Change(WIRE, "`things.list(limit=…)` is 20 by default, no longer 10")],
    ),
    (
        lambda c: argument(c, "limit").pop("default"),
        [Change(WIRE, "`things.list(limit=…)` has no default, no longer 10")],
    ),
    (
        lambda c: argument(c, "sort").update(enum=["up", "none", "more"]),
        [
            Change(BREAKING, "`things.list(sort=…)` is never `down` any more"),
            Change(ADDITIVE, "`things.list(sort=…)` may be `none`, `more`"),
        ],
    ),
    (lambda c: argument(c, "sort").pop("enum"), [Change(ADDITIVE, "`things.list(sort=…)` may be anything")]),
    (lambda c: key(c).update(enum=["a", "b"]), [Change(BREAKING, f"`{ADD}(key=…)` is one of `a`, `b`")]),
    (
        lambda c: next(each for each in listing(c)["parameters"] if each["name"] == "names").update(explode=False),
        [Change(WIRE, "`things.list(names=…)` is sent in the query with commas, no longer in the query")],
    ),
    (
        lambda c: (
            listing(c)["parameters"].pop(0),
            listing(c).pop("x-om-pages"),
            listing(c).update(
                requestBody={
                    "content": {
                        "application/json": {
                            "schema": {
                                "type": "object",
                                "properties": {"limit": {"type": "integer", "maximum": 50, "default": 10}},
                            }
                        }
                    }
                }
            ),
        ),
        [
            Change(BREAKING, "`things.iter_list()` is gone"),
            Change(WIRE, "`things.list(limit=…)` is sent in the body, no longer in the query"),
            Change(BREAKING, "`things.list(limit=…)` is given by name only"),
            Change(ADDITIVE, "`things.list(things_get_request=…)` is new"),
            Change(ADDITIVE, "`ThingsGetRequest` is new"),
        ],
    ),
    # Answers
    (
        lambda c: operation(c)["responses"].update({"200": answer(ref("Other"))}),
        [Change(BREAKING, f"`{ADD}()` returns `Other`, no longer `Thing`")],
    ),
    (
        lambda c: operation(c)["responses"].update({"202": answer({"type": "string"}, "text/plain")}),
        [
            Change(BREAKING, f"`{ADD}()` returns `Thing` or `str`, no longer `Thing`"),
            Change(WIRE, f"`{ADD}()` is answered `200`, `202`, no longer `200`"),
        ],
    ),
    (
        lambda c: operation(c)["responses"].update({"409": {"description": "No."}}),
        [Change(WIRE, f"`{ADD}()` is answered `200`, `409`, no longer `200`")],
    ),
    (
        lambda c: listing(c)["responses"].update({"404": answer(ref("Order"))}),
        [
            Change(WIRE, "a 404 of `things.list()` holds `Order`, no longer `Other`"),
            Change(BREAKING, "`Order` is a model of answers, no longer of requests"),
            Change(ADDITIVE, "`OrderInput` is new"),
            Change(BREAKING, f"`{ADD}(order=…)` is gone"),
            Change(ADDITIVE, f"`{ADD}(order_input=…)` is new"),
        ],
    ),
    (
        lambda c: operation(c)["responses"]["200"].update(headers={"X-Id": {"schema": {"type": "string"}}}),
        [Change(WIRE, f"a 200 of `{ADD}()` has the headers `X-Id`")],
    ),
    # The wire
    (
        lambda c: operation(c).update({"x-om-retry": "key"}),
        [Change(WIRE, f"`{ADD}()` is repeated where `key` is given, no longer as its verb allows")],
    ),
    (
        lambda c: operation(c).update(security=[]),
        [Change(WIRE, f"`{ADD}()` sends no key, no longer `Authorization`")],
    ),
    (
        lambda c: c["paths"].update({"/v2/{id}": c["paths"].pop("/things/{id}")}),
        [Change(WIRE, f"`{ADD}()` sends `POST /v2/{{id}}`, no longer `POST /things/{{id}}`")],
    ),
    (
        lambda c: (
            operation(c)["parameters"][0].update(name="thingId"),
            c["paths"].update({"/things/{thingId}": c["paths"].pop("/things/{id}")}),
        ),
        [Change(BREAKING, f"`{ADD}(id=…)` is now `thing_id`")],
    ),
    (
        lambda c: c.update(servers=[{"url": "https://b.example"}]),
        [Change(WIRE, "the default host is `https://b.example`, no longer `https://good.example`")],
    ),
    (
        lambda c: c["servers"].append({"url": "https://b.example"}),
        [Change(WIRE, "the contract's other hosts are `https://b.example`")],
    ),
    # Pages
    (lambda c: listing(c).pop("x-om-pages"), [Change(BREAKING, "`things.iter_list()` is gone")]),
    (
        lambda c: listing(c).update({"x-om-pages": {"total": "total", "key": "size"}}),
        [
            Change(
                WIRE,
                "`things.iter_list()` tells rows apart by `size` and counts them by `total`, no longer by `name` and "
                "`total`",
            )
        ],
    ),
    (
        lambda c: (listing(c).pop("x-om-pages"), model(c, "Page").pop("x-om-rows")),
        [
            Change(BREAKING, "`Things` is no list any more"),
            Change(BREAKING, "`things.iter_list()` is gone"),
        ],
    ),
    # Models
    (lambda c: thing(c)["properties"].update(colour={"type": "string"}), [Change(ADDITIVE, "`Thing.colour` is new")]),
    (lambda c: thing(c)["properties"].pop("size"), [Change(BREAKING, "`Thing.size` is gone")]),
    (
        lambda c: thing(c)["properties"].update(length=thing(c)["properties"].pop("size")),
        [Change(BREAKING, "`Thing.size` is now `length`")],
    ),
    (lambda c: size(c).update(type="string"), [Change(BREAKING, "`Thing.size` is `str`, no longer `int`")]),
    (lambda c: size(c).update(type="number"), [Change(BREAKING, "`Thing.size` is `float`, no longer `int`")]),
    (
        lambda c: field(c, "amount").update(type="integer"),
        [Change(WIRE, "`Things.amount` is `int`, no longer `float`")],
    ),
    (lambda c: thing(c).update(required=["size"]), [Change(WIRE, "`Thing.size` is always there")]),
    (lambda c: size(c).update(nullable=True), [Change(WIRE, "`Thing.size` may be None")]),
    (
        lambda c: field(c, "state").update(enum=["a", "c"]),
        [
            Change(WIRE, "`Things.state` is never `b` any more"),
            Change(WIRE, "`Things.state` may be `c`"),
        ],
    ),
    (lambda c: model(c, "Page").update({"x-om-alias": "All"}), [Change(BREAKING, "`Things` is now `All`")]),
    (lambda c: model(c, "Page").pop("x-om-alias"), [Change(BREAKING, "`Things` is now `Page`")]),
    (
        lambda c: thing(c).update({"x-om-alias": "It"}),
        [Change(ADDITIVE, "`It` is a short name of `Thing`")],
    ),
    (lambda c: renamed(c, "Thing", "Item"), [Change(BREAKING, "`Thing` is now `Item`")]),
    (lambda c: renamed(c, "Kind", "Size"), [Change(BREAKING, "`Kind` is now `Size`")]),
    (lambda c: renamed(c, "Page", "Pages"), [Change(BREAKING, "`Page` is now `Things`")]),
    (lambda c: c["components"]["schemas"].update(New=dict(thing(c))), [Change(ADDITIVE, "`New` is new")]),
    (
        lambda c: model(c, "Kind").update(enum=["small", "wide"]),
        [
            Change(BREAKING, "`Kind` is never `big` any more"),
            Change(ADDITIVE, "`Kind` may be `wide`"),
        ],
    ),
    (lambda c: model(c, "Colour").update(enum=["red", "blue", "green"]), [Change(WIRE, "`Colour` may be `green`")]),
    (
        lambda c: model(c, "Page")["properties"].update(state=ref("Colour"), colour=dict(field(c, "state"))),
        [
            Change(WIRE, "`Things.colour` is never `red`, `blue` any more"),
            Change(WIRE, "`Things.colour` may be `a`, `b`"),
            Change(WIRE, "`Things.state` is never `a`, `b` any more"),
            Change(WIRE, "`Things.state` may be `red`, `blue`"),
        ],
    ),
    (
        lambda c: (model(c, "Colour").clear(), model(c, "Colour").update(thing(c))),
        [
            Change(BREAKING, "`Colour` is an object, no longer a list of values"),
            Change(BREAKING, "`Things.colour` is `Colour`, no longer `str`"),
        ],
    ),
    (
        lambda c: model(c, "Shape")["discriminator"]["mapping"].pop("square"),
        [  # a model that has no value of its own is named by its own name
            Change(WIRE, "`Shape` is never `square` any more"),
            Change(WIRE, "`Shape` may be `Square`"),
        ],
    ),
    (
        lambda c: model(c, "Shape")["discriminator"]["mapping"].update(
            circle=ref("Square")["$ref"], square=ref("Circle")["$ref"]
        ),
        [
            Change(BREAKING, "`Shape` of kind `circle` is `Square`"),
            Change(BREAKING, "`Shape` of kind `square` is `Circle`"),
        ],
    ),
    (
        lambda c: model(c, "Shape")["discriminator"].update(propertyName="kind"),
        [Change(WIRE, "the kinds of `Shape` are told apart by `kind`, no longer by `form`")],
    ),
]


def read(make: Make, path: Path) -> Any:
    contract = changed(twice(enriched, make))
    path.write_text(json.dumps(contract))
    return read_contract(path, lambda _: None)


def found(change: Make, tmp_path: Path, before: Make = lambda _: None) -> list[Change]:
    return contract_changes(read(before, tmp_path / "old.json"), read(twice(before, change), tmp_path / "new.json"))


@pytest.mark.parametrize(("change", "expected"), CHANGES, ids=[each[0].text if each else "none" for _, each in CHANGES])
def test_a_change_is_told_once(change: Make, expected: list[Change], tmp_path: Path) -> None:
    assert sorted(found(change, tmp_path)) == sorted(expected)


# `unsent` says which properties the examples of requests leave out.
TEXTS = ("description", "summary", "example", "unsent")


def essence(value: Any) -> Any:
    """Return what a contract says, without what is said to people only."""
    if isinstance(value, dict):
        return {name: essence(item) for name, item in value.items() if name not in TEXTS}
    return [essence(item) for item in value] if isinstance(value, (list, tuple)) else value


def mutants(value: Any, where: str = "$") -> Iterator[tuple[str, Callable[[Any], None]]]:
    """Yield changes of a tree, each of one place: it goes, or has another value."""
    places = list(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    for place in places:
        yield f"{where}.{place} goes", lambda tree, place=place: tree.__delitem__(place)
        item = value[place]
        other = not item if isinstance(item, bool) else item + 1 if isinstance(item, int) else f"{item}2"
        if not isinstance(item, (dict, list)):
            yield f"{where}.{place} is {other}", lambda tree, place=place, other=other: tree.__setitem__(place, other)
        for inner, change in mutants(item, f"{where}.{place}"):
            yield inner, lambda tree, place=place, change=change: change(tree[place])


def test_whatever_changes_in_what_is_read_is_told_and_nothing_else(tmp_path: Path) -> None:
    old = read(lambda _: None, tmp_path / "old.json")
    different, wrong = 0, []
    for where, change in mutants(changed(enriched)):
        try:
            new = read(change, tmp_path / "new.json")
        except ContractError:
            continue
        is_same = essence(dataclasses.asdict(old)) == essence(dataclasses.asdict(new))
        if (not contract_changes(old, new)) != is_same:
            wrong.append(where)
        different += not is_same
    assert not wrong
    assert different > 80


def test_an_event_that_needs_more_breaks_programs(tmp_path: Path) -> None:
    def before(contract: Contract) -> None:
        contract["components"]["schemas"]["Used"] = {
            "type": "object",
            "x-om-event": True,
            "required": ["event_type", "size"],
            "properties": {
                "event_type": {"type": "string", "enum": ["USED"], "x-om-filled": True},
                "size": {"type": "integer", "x-om-type": "Count"},
                "unit": {"type": "string", "enum": ["cm", "mm"]},
            },
        }

    def change(contract: Contract) -> None:
        used = model(contract, "Used")
        used["required"] = ["event_type", "unit"]
        used["properties"]["unit"]["enum"] = ["cm", "m"]

    assert found(change, tmp_path, before) == [
        Change(ADDITIVE, "`Used.size` may be left out"),
        Change(BREAKING, "`Used.unit` is never `mm` any more"),
        Change(ADDITIVE, "`Used.unit` may be `m`"),
        Change(BREAKING, "`Used.unit` is required"),
    ]


def test_changes_are_text_for_the_changelog_by_how_much_they_matter() -> None:
    changes = [
        Change(WIRE, "`a()` sends `GET /a`, no longer `GET /" + "b" * 90 + "`"),
        Change(ADDITIVE, "`b()` is new"),
        Change(BREAKING, f"`{'a_long_name.' * 8}method()` is now `{'another_name.' * 3}method()`"),
        Change(ADDITIVE, "`b()` is new"),
    ]
    assert told(changes) == (
        "Breaking:\n\n"
        f"- `{'a_long_name.' * 8}method()` is now\n"
        f"  `{'another_name.' * 3}method()`.\n\n"
        "New:\n\n- `b()` is new.\n\n"
        f"On the wire only:\n\n- `a()` sends `GET /a`, no longer\n  `GET /{'b' * 90}`."
    )
    assert told([]) == "Nothing changes for users."

"""Compares the operations: their names, arguments and answers, and how they are sent."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from reading.model import Contract, Model, Operation, Reference, Response, Scalar, Schema, Tag

from comparing.change import ADDITIVE, BREAKING, WIRE, Change, listed
from comparing.sides import Sides, operations_of
from comparing.slots import Slot, compared, of_field, of_parameter, renaming

Call = tuple[Tag, Operation]

_IN_PATH = ("path", "wildcard")
_AUTH = {"bearer": "`Authorization`", "both": "`Authorization` and `X-API-Key`", "none": "no key"}
_RETRIES = {None: "as its verb allows", "always": "always", "never": "never"}


def operations(sides: Sides) -> Iterator[Change]:
    """Yield what changed of the operations."""
    for was, now in matched(sides):
        if now is None and was is not None:
            yield Change(BREAKING, f"`{_friendly(was)}()` is gone")
        elif was is None and now is not None:
            yield Change(ADDITIVE, f"`{_friendly(now)}()` is new")
        elif was is not None and now is not None:
            yield from _names(was, now)
            yield from _arguments(was[1], now[1], _friendly(now), sides)
            yield from _operation(was[1], now[1], f"`{_friendly(now)}()`", sides)


def matched(sides: Sides) -> list[tuple[Call | None, Call | None]]:
    """Return old and new form of each operation: of the same name, or else the same request or friendly name."""
    old, new = list(operations_of(sides.old)), list(operations_of(sides.new))
    found: list[tuple[Call | None, Call | None]] = []
    for key in (lambda call: call[1].name, lambda call: _request(call[1]), _friendly):
        rest = {key(call): call for call in new}
        pairs = [(call, rest[key(call)]) for call in old if key(call) in rest]
        found += pairs
        old = [call for call in old if key(call) not in rest]
        new = [call for call in new if call not in [now for _, now in pairs]]
    return [*found, *((call, None) for call in old), *((None, call) for call in new)]


def body_model(operation: Operation, contract: Contract) -> Model | None:
    """Return the model whose fields are arguments of an operation."""
    schema = operation.body.schema if operation.body else None
    model = contract.models.get(schema.name) if isinstance(schema, Reference) else None
    return model if isinstance(model, Model) and not operation.takes_events and not operation.is_forwarded else None


def _request(operation: Operation) -> str:
    """Return what is sent, whatever the parameters of the path are called."""
    return f"{operation.verb} {re.sub(r'{[^}]*}', '{}', operation.path)}"


def _friendly(call: Call) -> str:
    tag, operation = call
    return f"{tag.attribute}.{operation.alias or operation.name}"


def _names(was: Call, now: Call) -> Iterator[Change]:
    old, new = ([_friendly(call), f"{call[0].attribute}.{call[1].name}"] for call in (was, now))
    gone = [name for name in old if name not in new]
    come = [name for name in new if name not in old]
    if gone:  # the long name is told where the friendly one stands
        yield Change(BREAKING, f"`{gone[0]}()` is now `{new[0]}()`")
    elif come:
        yield Change(ADDITIVE, f"`{come[0]}()` is a short name of `{new[1]}()`")
    before, after = was[1].pages, now[1].pages
    of_rows = [f"`{call[0].attribute}.iter_{call[1].alias or call[1].name}()`" for call in (was, now)]
    if before and not after:
        yield Change(BREAKING, f"{of_rows[0]} is gone")
    elif after and not before:
        yield Change(ADDITIVE, f"{of_rows[1]} is new")
    elif before and after:
        if before.largest != after.largest:
            yield Change(WIRE, f"{of_rows[1]} asks for {after.largest} rows at a time, no longer {before.largest}")
        if (before.key, before.total) != (after.key, after.total):
            text = f"tells rows apart by `{after.key}` and counts them by `{after.total}`"
            yield Change(WIRE, f"{of_rows[1]} {text}, no longer by `{before.key}` and `{before.total}`")


def _arguments(was: Operation, now: Operation, name: str, sides: Sides) -> Iterator[Change]:
    before, old_fields = _slots(was, sides.old)
    after, new_fields = _slots(now, sides.new)
    yield from compared(f"{name}({{}}=…)", before + old_fields, after + new_fields, sides, is_sent=True)
    renamed = renaming(before + old_fields, after + new_fields, sides)
    order = [slot.name for slot in after]
    kept = [renamed.get(slot.name, slot.name) for slot in before]
    for argument in [slot.name for slot in new_fields if slot.name in kept]:
        yield Change(BREAKING, f"`{name}({argument}=…)` is given by name only")
    kept = [argument for argument in kept if argument in order]
    if order[: len(kept)] != kept:
        yield Change(BREAKING, f"`{name}()` takes its arguments in another order: {listed(order)}")
    if renamed.get(was.retry or "", was.retry) != now.retry:
        rules = [_RETRIES.get(each, f"where `{each}` is given") for each in (now.retry, was.retry)]
        yield Change(WIRE, f"`{name}()` is repeated {rules[0]}, no longer {rules[1]}")


def _slots(operation: Operation, contract: Contract) -> tuple[list[Slot], list[Slot]]:
    """Return the arguments in the order of templates/api.jinja, and those that are given by name only."""
    path = [of_parameter(each) for each in operation.parameters if each.place in _IN_PATH]
    query = [of_parameter(each) for each in operation.parameters if each.place not in _IN_PATH]
    body = operation.body
    if operation.takes_events:
        return [Slot("events", Scalar("any"), True)], []
    if body is None:
        return path + query, []
    if operation.is_forwarded:
        return [*path, Slot(body.name, Scalar("any"), False), *query], []
    model = body_model(operation, contract)
    is_needed = body.required and model is None  # the model's fields may be given instead
    whole = Slot(body.name, body.schema, is_needed, place="in the body")
    fields = [of_field(field, "in the body") for field in model.fields] if model else []
    return ([*path, whole, *query] if is_needed else [*path, *query, whole]), fields


def _operation(was: Operation, now: Operation, code: str, sides: Sides) -> Iterator[Change]:
    if _returned(was, sides.still) != _returned(now, sides.now):
        kinds = [" or ".join(f"`{kind}`" for kind in _returned(*each)) for each in ((now, sides.now), (was, sides.was))]
        yield Change(BREAKING, f"{code} returns {kinds[0]}, no longer {kinds[1]}")
    if was.is_deprecated != now.is_deprecated:
        yield Change(ADDITIVE, f"{code} is {'deprecated' if now.is_deprecated else 'no longer deprecated'}")
    if _request(was) != _request(now):
        yield Change(WIRE, f"{code} sends `{now.verb} {now.path}`, no longer `{was.verb} {was.path}`")
    if was.auth != now.auth:
        yield Change(WIRE, f"{code} sends {_AUTH[now.auth]}, no longer {_AUTH[was.auth]}")
    before, after = ({each.code: each for each in operation.responses} for operation in (was, now))
    if before.keys() != after.keys():
        yield Change(WIRE, f"{code} is answered {listed(after)}, no longer {listed(before)}")
    for status in [status for status in before if status in after]:
        yield from _response(f"a {status} of {code}", before[status], after[status], sides)


def _returned(operation: Operation, words: Callable[[Schema], str]) -> list[str]:
    if operation.takes_events or operation.is_forwarded:
        return ["Any"]
    return sorted({_answer(response, words) for response in operation.responses if response.is_good})


def _answer(response: Response, words: Callable[[Schema], str]) -> str:
    if response.media_type:
        return "str" if response.media_type.startswith("text/") else "bytes"
    return words(response.schema) if response.schema else "None"


def _response(name: str, was: Response, now: Response, sides: Sides) -> Iterator[Change]:
    if not now.is_good and _answer(was, sides.still) != _answer(now, sides.now):
        yield Change(WIRE, f"{name} holds `{_answer(now, sides.now)}`, no longer `{_answer(was, sides.was)}`")
    if was.media_type != now.media_type:
        kinds = [each.media_type or "application/json" for each in (now, was)]
        yield Change(WIRE, f"{name} is `{kinds[0]}`, no longer `{kinds[1]}`")
    for verb, one, other in (("has", now, was), ("no longer has", was, now)):
        headers = [header for header in one.headers if header not in other.headers]
        if headers:
            yield Change(WIRE, f"{name} {verb} the headers {listed(headers)}")

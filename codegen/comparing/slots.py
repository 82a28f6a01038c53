"""Compares what is alike in arguments and fields: their types, values, limits and defaults."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from printing import types
from reading.model import Choice, Field, Limits, Listing, Parameter, Reference, Scalar, Schema, Table

from comparing.change import ADDITIVE, BREAKING, WIRE, Change, listed
from comparing.sides import Sides

_LIMITS = {
    "minimum": "minimum",
    "maximum": "maximum",
    "above": "exclusive minimum",
    "below": "exclusive maximum",
    "shortest": "minimum length",
    "longest": "maximum length",
    "pattern": "pattern",
    "multiple_of": "step",
}
_PLACES = {
    "path": "in the path",
    "wildcard": "in the path with its slashes",
    "query": "in the query",
    "map": "in the query",
    "header": "in a header",
}


class Slot(NamedTuple):
    """An argument of a method, or a field of a model."""

    name: str
    schema: Schema
    required: bool
    nullable: bool = False
    default: Any = None
    is_deprecated: bool = False
    wire: str = ""
    place: str = ""


def of_parameter(item: Parameter) -> Slot:
    """Return a parameter of path or query."""
    schema = Listing(item.schema, item.of_list) if item.many else item.schema
    place = _PLACES[item.place] + (" with commas" if item.many == "comma" else "")
    return Slot(item.name, schema, item.required, False, item.default, item.is_deprecated, item.wire, place)


def of_field(item: Field, place: str = "") -> Slot:
    """Return a field, which may be sent as an argument."""
    required = item.required and not item.filled
    return Slot(item.name, item.schema, required, item.nullable, item.default, item.is_deprecated, item.wire, place)


def compared(label: str, was: Iterable[Slot], now: Iterable[Slot], sides: Sides, is_sent: bool) -> Iterator[Change]:
    """Yield what changed of arguments or fields.

    Args:
        label: what people write to use one, with ``{}`` for its name.
        was: the old ones.
        now: the new ones.
        sides: the contracts.
        is_sent: whether callers give the values; otherwise they receive them.
    """
    before, after = {slot.name: slot for slot in was}, {slot.name: slot for slot in now}
    renamed = renaming(before.values(), after.values(), sides)
    for name, slot in before.items():
        code = f"`{label.format(name)}`"
        other = after.get(renamed.get(name, name))
        if other is None:
            yield Change(BREAKING, f"{code} is gone")
            continue
        if other.name != name:
            yield Change(BREAKING, f"{code} is now `{other.name}`")
        yield from _compared(f"`{label.format(other.name)}`", slot, other, sides, is_sent)
    for name in [name for name in after if name not in before and name not in renamed.values()]:
        needed = is_sent and after[name].required
        text = f"`{label.format(name)}` is new"
        yield Change(BREAKING, f"{text}, and required") if needed else Change(ADDITIVE, text)


def renaming(was: Iterable[Slot], now: Iterable[Slot], sides: Sides) -> dict[str, str]:
    """Return the new name of the one that is gone, where only one of its type is new."""
    old, new = {slot.name for slot in was}, {slot.name for slot in now}
    gone = [slot for slot in was if slot.name not in new]
    come = [slot for slot in now if slot.name not in old]
    if len(gone) == len(come) == 1 and sides.still(gone[0].schema) == sides.now(come[0].schema):
        return {gone[0].name: come[0].name}
    return {}


def _compared(code: str, was: Slot, now: Slot, sides: Sides, is_sent: bool) -> Iterator[Change]:
    narrower, wider = (BREAKING, ADDITIVE) if is_sent else (WIRE, WIRE)
    if sides.still(was.schema) != sides.now(now.schema):
        fits = (now, was) if is_sent else (was, now)  # whole numbers are numbers, too
        is_wider = [types.plain(each.schema) for each in fits] == ["Num", "Int"]
        text = f"{code} is `{sides.now(now.schema)}`, no longer `{sides.was(was.schema)}`"
        yield Change(wider if is_wider else BREAKING, text)
    else:
        yield from _values(code, was.schema, now.schema, sides, is_sent)
    if was.required != now.required:
        yes, no = ("is required", "may be left out") if is_sent else ("is always there", "may be missing")
        yield Change(narrower, f"{code} {yes}") if now.required else Change(wider, f"{code} {no}")
    if was.nullable != now.nullable:
        yield Change(wider, f"{code} may be None") if now.nullable else Change(narrower, f"{code} is never None")
    if was.default != now.default:
        text = "has no default" if now.default is None else f"is {now.default!r} by default"
        yield Change(WIRE, f"{code} {text}" + ("" if was.default is None else f", no longer {was.default!r}"))
    if was.is_deprecated != now.is_deprecated:
        yield Change(ADDITIVE, f"{code} is {'deprecated' if now.is_deprecated else 'no longer deprecated'}")
    if was.name == now.name and was.wire != now.wire:
        yield Change(WIRE, f"{code} is called `{now.wire}`, no longer `{was.wire}`")
    if was.place != now.place:
        yield Change(WIRE, f"{code} is sent {now.place}, no longer {was.place}")


def _values(code: str, was: Schema, now: Schema, sides: Sides, is_sent: bool) -> Iterator[Change]:
    if isinstance(was, Listing) and isinstance(now, Listing):
        yield from _limits(f"the list {code}", was.limits, now.limits)
        yield from _values(code, was.items, now.items, sides, is_sent)
    elif isinstance(was, Table) and isinstance(now, Table) and was.type_name == now.type_name:
        yield from _values(code, was.value, now.value, sides, is_sent)
    elif isinstance(was, Choice) and isinstance(now, Choice):
        for old, new in zip(was.options, now.options):
            yield from _values(code, old, new, sides, is_sent)
    elif not isinstance(was, Reference) and types.plain(was) != types.plain(now):
        yield Change(WIRE, f"{code} is read and written as `{types.plain(now)}`, no longer `{types.plain(was)}`")
    if isinstance(was, Scalar) and isinstance(now, Scalar):
        if not was.name or sides.models.get(was.name) != now.name:  # else the list of values itself tells
            yield from changed_values(code, was.values, now.values, is_sent)
        yield from _limits(code, was.limits, now.limits)


def changed_values(code: str, was: tuple[Any, ...], now: tuple[Any, ...], is_sent: bool) -> Iterator[Change]:
    """Yield what changed of the values that one must be of; no values stand for any value."""
    narrower, wider = (BREAKING, ADDITIVE) if is_sent else (WIRE, WIRE)
    if was and not now:
        yield Change(wider, f"{code} may be anything")
    elif now and not was:
        yield Change(narrower, f"{code} is one of {listed(now)}")
    else:
        gone, new = [each for each in was if each not in now], [each for each in now if each not in was]
        if gone:
            yield Change(narrower, f"{code} is never {listed(gone)} any more")
        if new:
            yield Change(wider, f"{code} may be {listed(new)}")


def _limits(code: str, was: Limits, now: Limits) -> Iterator[Change]:
    if was.is_unique != now.is_unique:
        yield Change(WIRE, f"{code} {'must not' if now.is_unique else 'may'} repeat a value")
    before, after = dataclasses.asdict(was), dataclasses.asdict(now)
    for name, word in _LIMITS.items():
        if before[name] != after[name]:
            text = f"has no {word}" if after[name] is None else f"has the {word} `{after[name]}`"
            yield Change(WIRE, f"{code} {text}" + ("" if before[name] is None else f", no longer `{before[name]}`"))

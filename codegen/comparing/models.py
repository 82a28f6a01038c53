"""Compares the models: their names and fields, the values of lists, and the members of unions."""

from __future__ import annotations

from collections.abc import Iterator

from reading.model import Definition, Enumeration, Model, Variants

from comparing.change import ADDITIVE, BREAKING, WIRE, Change
from comparing.operations import body_model, matched
from comparing.sides import Sides, called
from comparing.slots import changed_values, compared, of_field

_KINDS = {Model: "an object", Variants: "one of several models", Enumeration: "a list of values"}
_ROLES = {"answer": "answers", "request": "requests", "event": "events"}


def models(sides: Sides) -> Iterator[Change]:
    """Yield what changed of the models."""
    kept = set(sides.models.values())
    arguments = _told_as_arguments(sides)
    for name, was in sides.old.models.items():
        now = sides.new.models.get(sides.models.get(name, ""))
        if now is None:
            yield Change(BREAKING, f"`{called(was)}` is gone")
            continue
        yield from _names(was, now)
        code = called(now)
        if isinstance(was, Model) and isinstance(now, Model):
            if was.role != now.role:
                text = f"`{code}` is a model of {_ROLES[now.role]}, no longer of {_ROLES[was.role]}"
                yield Change(BREAKING, text)
            if was.is_open != now.is_open and now.role == "request":
                text = f"`{code}` {'takes' if now.is_open else 'no longer takes'} fields of any name"
                yield Change(ADDITIVE if now.is_open else BREAKING, text)
            yield from _rows(code, was, now)
            if now.name not in arguments:
                before, after = (map(of_field, model.fields) for model in (was, now))
                yield from compared(f"{code}.{{}}", before, after, sides, now.role != "answer")
        elif isinstance(was, Enumeration) and isinstance(now, Enumeration):
            yield from changed_values(f"`{code}`", was.values, now.values, now.name in sides.sent)
        elif isinstance(was, Variants) and isinstance(now, Variants):
            yield from _members(f"`{code}`", was, now, sides)
        else:
            yield Change(BREAKING, f"`{code}` is {_KINDS[type(now)]}, no longer {_KINDS[type(was)]}")
    for name, now in sides.new.models.items():
        if name not in kept:
            yield Change(ADDITIVE, f"`{called(now)}` is new")


def _told_as_arguments(sides: Sides) -> set[str]:
    """Return the models whose fields are arguments, before and now."""
    found = set()
    for was, now in matched(sides):
        before = body_model(was[1], sides.old) if was else None
        after = body_model(now[1], sides.new) if now else None
        if before and after and sides.models.get(before.name) == after.name:
            found.add(after.name)
    return found


def _names(was: Definition, now: Definition) -> Iterator[Change]:
    for name in filter(None, (was.alias, was.name)):
        if name not in (now.alias, now.name):
            yield Change(BREAKING, f"`{name}` is now `{called(now)}`")
    if now.alias and not was.alias and now.name == was.name:
        yield Change(ADDITIVE, f"`{now.alias}` is a short name of `{now.name}`")


def _rows(code: str, was: Model, now: Model) -> Iterator[Change]:
    if was.rows != now.rows:
        text = f"is a list of its `{now.rows}`" if now.rows else "is no list"
        end = f", no longer of its `{was.rows}`" if was.rows and now.rows else " any more" if was.rows else ""
        yield Change(BREAKING if was.rows else ADDITIVE, f"`{code}` {text}{end}")


def _members(code: str, was: Variants, now: Variants, sides: Sides) -> Iterator[Change]:
    before = {_value(was, value, sides): sides.models.get(name) for value, name in was.members.items()}
    is_sent = now.role != "answer"
    yield from changed_values(code, tuple(before), tuple(now.members), is_sent)
    for value in [value for value in before if value in now.members]:
        if before[value] != now.members[value]:
            yield Change(BREAKING, f"{code} of kind `{value}` is `{called(sides.new.models[now.members[value]])}`")
    if was.discriminator != now.discriminator:
        by = [f"`{each.discriminator}`" if each.discriminator else "their fields" for each in (now, was)]
        yield Change(WIRE, f"the kinds of {code} are told apart by {by[0]}, no longer by {by[1]}")


def _value(of: Variants, value: str, sides: Sides) -> str:
    """Return what tells a kind: without a discriminator the model's name, which may be another one now."""
    return value if of.discriminator else sides.models.get(value, value)

"""Compares two contracts as they are read, not as they are written."""

from __future__ import annotations

from collections.abc import Iterator

from reading.model import Contract

from comparing.change import ADDITIVE, BREAKING, WIRE, Change, listed
from comparing.models import models
from comparing.operations import operations
from comparing.sides import Sides, operations_of


def contract_changes(old: Contract, new: Contract) -> list[Change]:
    """Return what people who use the client of the old contract must know of the new one."""
    sides = Sides(old, new)
    return list(dict.fromkeys([*_tags(old, new), *operations(sides), *models(sides), *_servers(old, new)]))


def _tags(old: Contract, new: Contract) -> Iterator[Change]:
    before, after = ({tag.attribute: tag.class_name for tag in contract.tags} for contract in (old, new))
    for attribute in [attribute for attribute in before if attribute not in after]:
        yield Change(BREAKING, f"`om.{attribute}` and `{before[attribute]}` are gone")
    for attribute, name in after.items():
        if attribute not in before:
            yield Change(ADDITIVE, f"`om.{attribute}` and `{name}` are new")
        elif before[attribute] != name:
            yield Change(BREAKING, f"`{before[attribute]}` is now `{name}`")


def _servers(old: Contract, new: Contract) -> Iterator[Change]:
    before, after = ([server.url for server in contract.servers] for contract in (old, new))
    if before[:1] != after[:1]:
        yield Change(WIRE, f"the default host is {listed(after[:1])}, no longer {listed(before[:1])}")
    if sorted(before[1:]) != sorted(after[1:]):
        yield Change(WIRE, f"the contract's other hosts are {listed(after[1:]) or 'gone'}")


def friendly_names(contract: Contract) -> dict[str, str]:
    """Return what people call the methods of the API classes."""
    found = {}
    for tag, operation in operations_of(contract):
        alias = operation.alias or operation.name
        found[f"{tag.class_name}.{operation.name}"] = f"{tag.attribute}.{alias}"
        found[f"{tag.class_name}.iter_{alias}"] = f"{tag.attribute}.iter_{alias}"
    return found

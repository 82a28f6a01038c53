"""Sums over the groups of the roll-ups, by any name."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from openmonetize.sandbox.billing.rollups import Group

Name = tuple[str, ...]


def sums_by(groups: Sequence[Group], name_of: Callable[[Group], Name]) -> list[tuple[Name, Group]]:
    """Return the sums over the groups that share a name, in the order of the first event of each name."""
    sums: dict[Name, list[int]] = {}
    for group in groups:
        name = name_of(group)
        row = (group.events, group.input_tokens, group.output_tokens, group.credits, group.cost)
        known = sums.get(name)
        if known is None:
            sums[name] = [*row, group.first_at]
            continue
        for index, number in enumerate(row):
            known[index] += number
        known[5] = min(known[5], group.first_at)
    ordered = sorted(sums.items(), key=lambda pair: pair[1][5])
    return [(name, Group(0, "", "", "", "", *(int(number) for number in row))) for name, row in ordered]


def total_of(groups: Sequence[Group]) -> Group:
    """Return the sum over all groups."""
    sums = sums_by(groups, lambda group: ())
    return sums[0][1] if sums else Group(0, "", "", "", "", 0, 0, 0, 0, 0, 0)

"""Adding up rolled-up groups by any name."""

from __future__ import annotations

from typing import Callable, Dict, List, Sequence, Tuple

from openmonetize.sandbox.billing.rollups import Group

Name = Tuple[str, ...]


def sums_by(found: Sequence[Group], name_of: Callable[[Group], Name]) -> List[Tuple[Name, Group]]:
    """Add up the groups that share a name; the name whose first event is the earliest comes first."""
    sums: Dict[Name, List[int]] = {}
    for group in found:
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


def total_of(found: Sequence[Group]) -> Group:
    """The sum over all groups."""
    sums = sums_by(found, lambda group: ())
    return sums[0][1] if sums else Group(0, "", "", "", "", 0, 0, 0, 0, 0, 0)

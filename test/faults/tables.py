"""Tables in Markdown of what was observed. Rows that differ only in the fault are one."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from .callers import RECORDERS
from .cells import Cell
from .grid import FAULTS, Place
from .server import Fault

Cells = Mapping[Place, Cell]
REPEATED = ("GET", "grant", "ingest")
_HEAD = re.compile(r"(`[^`]+`)( .*)?")


def reliability(cells: Cells, *groups: str) -> str:
    """Return the table of some groups: what callers see and when, and what becomes of events."""
    head = ["fault", "a call that may be repeated", "time", "a grant without a key", "recorded events"]
    rows = []
    for fault in _of(groups):
        seen = [_calls(cells, fault), _time(cells, fault)]
        seen += [_call(cells, fault, "grant without a key"), _recorders(cells, fault)]
        rows.append((fault.name, seen))
    return _table(head, rows)


def security(cells: Cells, *groups: str) -> str:
    """Return the table of some groups: what callers see, and where the key was sent."""
    head = ["fault", "the caller sees", "the key was sent to"]
    rows = []
    for fault in _of(groups):
        outcome = _of_caller(cells, fault, "GET", "always").outcome
        keys = {_of_caller(cells, fault, caller, "always").key for caller in (*REPEATED, *RECORDERS)}
        if fault.heals:  # after the fault, recorders do send it
            keys = {_of_caller(cells, fault, caller, "always").key for caller in REPEATED}
        where = {"server": "the configured host", "proxy": "the proxy, as `allow_http=True` says", "nowhere": "nobody"}
        rows.append((fault.name, [_words(outcome, fault), ", ".join(where[key] for key in sorted(keys))]))
    return _table(head, rows)


def _of(groups: Iterable[str]) -> list[Fault]:
    return [fault for group in groups for fault in FAULTS if fault.group == group]


def _of_caller(cells: Cells, fault: Fault, caller: str, mode: str) -> Cell:
    return cells[Place(fault.group, fault.name, caller, mode)]


def _words(outcome: str, fault: Fault) -> str:
    """Name what was raised. The table of statuses has the classes: those of `Retry-After` need not repeat them."""
    name, _, status = outcome.partition(" ")
    if outcome == "answer":
        return "answer"
    if fault.group == "Retry-After":
        return "exception"
    return f"`{name}`" if not status or f"`{status}`" in fault.name else f"`{name}` {status}"


def _time(cells: Cells, fault: Fault) -> str:
    return _of_caller(cells, fault, "GET", "always").time


def _calls(cells: Cells, fault: Fault) -> str:
    """Describe what calls see that may be repeated; where they differ, one by one."""
    seen = {caller: _call(cells, fault, caller) for caller in REPEATED}
    if len(set(seen.values())) == 1:
        return seen["GET"]
    found: dict[str, list[str]] = {}
    for caller, words in seen.items():
        found.setdefault(words, []).append(caller)
    return "; ".join(f"{', '.join(callers)}: {words}" for words, callers in found.items())


def _call(cells: Cells, fault: Fault, caller: str) -> str:
    always = _of_caller(cells, fault, caller, "always")
    lasting = _attempt(always, caller, fault)
    if not fault.heals:
        return lasting
    once = _of_caller(cells, fault, caller, "once")
    if once[:3] == always[:3]:
        return lasting
    first = f"once: {_attempt(once, caller, fault)}"
    return f"{first}; always: {lasting}"


def _attempt(cell: Cell, caller: str, fault: Fault) -> str:
    words = _words(cell.outcome, fault)
    if cell.requests is not None and cell.requests > 1:
        words += f" after {cell.requests} requests"
    if caller == "grant without a key" and cell.outcome != "answer" and cell.done:
        words += ", booked"
    return words


def _recorders(cells: Cells, fault: Fault) -> str:
    fates = [_of_caller(cells, fault, caller, "always").outcome for caller in RECORDERS]
    words = [("dead letters" if "dead" in fate else fate) + ("" if fault.heals else ", kept") for fate in fates]
    return words[0] if len(set(words)) == 1 else "; ".join(map("{}: {}".format, RECORDERS, words))


def _table(head: list[str], rows: Iterable[tuple[str, list[str]]]) -> str:
    """Return a table. The faults of equal rows come together, those of equal endings in one phrase."""
    merged: dict[tuple[str, ...], list[str]] = {}
    for name, seen in rows:
        merged.setdefault(tuple(seen), []).append(name)
    lines = ["| " + " | ".join(head) + " |", "|" + " --- |" * len(head)]
    lines += ["| " + " | ".join((_joined(names), *seen)) + " |" for seen, names in merged.items()]
    return "\n".join(lines)


def _joined(names: list[str]) -> str:
    """Return ``"`429`, `503` with a page"`` for ``["`429` with a page", "`503` with a page"]``."""
    plain = [name for name in names if not _HEAD.fullmatch(name)]
    by_ending: dict[str, list[str]] = {}
    for match in filter(None, map(_HEAD.fullmatch, names)):
        by_ending.setdefault(match[2] or "", []).append(match[1])
    by_heads: dict[str, list[str]] = {}
    for ending, heads in by_ending.items():
        by_heads.setdefault(", ".join(heads), []).append(ending)
    return "; ".join([heads + _endings(endings) for heads, endings in by_heads.items()] + plain)


def _endings(endings: list[str]) -> str:
    """Return ``" with `Retry-After`: 0, soon"`` for two of them."""
    values: dict[str, list[str]] = {}
    for ending in endings:
        name, colon, value = ending.rpartition(": ")
        values.setdefault(name + colon if colon else ending, []).append(value if colon else "")
    phrases = [name + ", ".join(filter(None, several)) for name, several in values.items()]
    return ", also".join(phrases)

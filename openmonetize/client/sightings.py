"""Which layers of a program have told of which calls, so that a call that several layers tell of is recorded once."""

from __future__ import annotations

import math
import re
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import NamedTuple, Optional

from openmonetize._fork import ProcessMark
from openmonetize.providers import Usage
from openmonetize.providers.totals import all_tokens

MAX_CALLS = 10_000  # remembered
MAX_AGE = 900.0  # seconds that a call is remembered

# Seconds in which a layer that knows a call's usage may tell of it after one that does not: a stream that is left early
# is told of by a framework before the client below has closed it.
PATIENCE = 10.0

# Seconds that the clocks of two layers may differ. Spans are timed by another clock.
SKEW = 0.05


# What vendors put behind a model's name for one state of it: -2024-08-06, -20250929, @20250929, -latest, -002, -v1:0.
_SNAPSHOT = re.compile(r"([-@:]([\d-]+|latest|preview|v\d+(:\d+)?))*").fullmatch


# Everything that was read and written, and the images.
Counts = tuple[int, int, Optional[int]]


class Call(NamedTuple):
    """What a layer knows of a call.

    Attributes:
        model: the model's name, as far as it is known.
        began, ended: when, in monotonic seconds.
        response_id: the provider's own id of the answer, if the layer has it.
        counts: everything that was read and written; None where the layer does not know it for certain.
    """

    model: str
    began: float
    ended: float
    response_id: Optional[str] = None
    counts: Optional[Counts] = None

    @classmethod
    def of(cls, usage: Usage, began: float | None) -> Call:
        """Return what a usage says of a call that began then and has ended now."""
        now = time.monotonic()
        counts = (*all_tokens(usage), usage.image_count) if usage.completeness == "exact" else None
        return cls(usage.model, now if began is None else min(began, now), now, usage.response_id, counts)

    def may_be(self, other: Call) -> bool:
        """Return whether two layers may have told of the same call."""
        if self.response_id and other.response_id:
            return self.response_id == other.response_id and _same_model(self.model, other.model)
        if self.counts is not None and other.counts is not None and self.counts != other.counts:
            return False
        at_once = self.began <= other.ended + SKEW and other.began <= self.ended + SKEW
        return at_once and _same_model(self.model, other.model)


class Sighting:
    """A call that was told of.

    Attributes:
        call: what the first layer knew.
        layers: those that have told of it.
        event_id: the event that was recorded for it; None while it is being recorded.
    """

    __slots__ = ("call", "event_id", "layers", "told_at")

    def __init__(self, layer: str, call: Call) -> None:
        self.call = call
        self.layers = {layer}
        self.told_at = call.ended
        self.event_id: str | None = None


class _Unknown:
    """A call that layers have told of which do not know its usage. Another layer may, and tell of it a moment later.

    Attributes:
        call: what is known.
        layers: those that have told of it.
        tell: warns that it is not metered.
    """

    __slots__ = ("call", "layers", "tell")

    def __init__(self, layer: str, call: Call, tell: Callable[[], object]) -> None:
        self.call = call
        self.layers = {layer}
        self.tell = tell


class Sightings:
    """Pairs what layers tell: each tells of a call once, and of several that look the same so many times.

    Layers that know the provider's id of the answer are paired by it. For the others, two calls are one that ran at the
    same time, with the same model and the same tokens. Safe to use from several threads and over forks.
    """

    def __init__(self) -> None:
        self._mark = ProcessMark()
        self._clear()

    def _clear(self) -> None:
        self._lock = threading.Lock()
        self._layers: set[str] = set()  # all that have told of anything
        self._calls: deque[Sighting] = deque()
        self._by_counts: dict[Counts | None, deque[Sighting]] = {}  # the same
        self._by_id: dict[str, Sighting] = {}
        self._told: dict[tuple[str, object], None] = {}
        self._unknown: deque[_Unknown] = deque()

    def record(self, layer: str, call: Call, record: Callable[[], str], told: object = None) -> str | None:
        """Record a call unless another layer has told of it.

        Args:
            layer: the layer that tells of it.
            call: what it knows.
            record: records the call, and returns the event's id.
            told: the layer's own id of the call, where it may tell of one twice.

        Returns:
            The event's id; None if this layer has told of the call before, or another one is just recording it.
        """
        with self._locked():
            self._layers.add(layer)
            if not self._claim(layer, told):
                return None
            found = self._take(layer, call)
            if found is not None:
                return found.event_id
            new = self._add(layer, call)
            waiting = self._awaited(layer, call)
            if waiting is not None:
                self._unknown.remove(waiting)
                new.layers |= waiting.layers
        self.tell_of_unknown(call.ended - PATIENCE)
        try:
            new.event_id = record()
        except BaseException:
            with self._locked():
                self._remove(new, layer, told)
            raise
        return new.event_id

    def unknown(self, layer: str, call: Call, tell: Callable[[], object], told: object = None) -> None:
        """Note a call whose usage this layer does not know.

        Args:
            layer, call, told: see :meth:`record`.
            tell: warns that it is not metered; called if no other layer has recorded it within `PATIENCE`.
        """
        with self._locked():
            self._layers.add(layer)
            if not self._claim(layer, told) or self._take(layer, call) is not None:
                return
            waiting = self._awaited(layer, call)
            if waiting is not None:
                waiting.layers.add(layer)
            else:
                self._unknown.append(_Unknown(layer, call, tell))
                if len(self._unknown) > MAX_CALLS:
                    self._unknown.popleft()
        self.tell_of_unknown(call.ended - PATIENCE)

    def count_unknown(self) -> int:
        """Return how many calls wait for a layer that knows their usage."""
        with self._locked():
            return len(self._unknown)

    def tell_of_unknown(self, before: float = math.inf) -> None:
        """Warn of the calls that ended before this monotonic time and that no layer has recorded."""
        while True:
            with self._locked():
                if not self._unknown or self._unknown[0].call.ended > before:
                    return
                tell = self._unknown.popleft().tell
            tell()

    def _locked(self) -> threading.Lock:
        if self._mark.forked():
            self._mark.renew()
            self._clear()
        return self._lock

    def _claim(self, layer: str, told: object) -> bool:
        """Note a layer's own id of a call; return False if it is known."""
        if told is None:
            return True
        if (layer, told) in self._told:
            return False
        self._told[layer, told] = None
        if len(self._told) > MAX_CALLS:
            del self._told[next(iter(self._told))]
        return True

    def _take(self, layer: str, call: Call) -> Sighting | None:
        """Return a call that others have told of, and that may be this one; this layer has told of it from now on."""
        if len(self._layers) == 1:
            return None  # there are no others
        found = self._by_id.get(call.response_id or "")
        if found is None or layer in found.layers or not found.call.may_be(call):
            found = next((one for one in self._at_the_time(call) if layer not in one.layers), None)
        if found is not None:
            found.layers.add(layer)
            if call.response_id and not found.call.response_id:
                found.call = found.call._replace(response_id=call.response_id)
                self._by_id[call.response_id] = found
        return found

    def _awaited(self, layer: str, call: Call) -> _Unknown | None:
        """Return a call without usage that others have told of, and that may be this one."""
        if len(self._layers) == 1:
            return None
        return next((one for one in self._unknown if layer not in one.layers and one.call.may_be(call)), None)

    def _at_the_time(self, call: Call) -> list[Sighting]:
        """Return the calls that may be this one, the oldest first."""
        near = [self._calls]
        if call.counts is not None:  # in a busy program thousands run at the same time, few of which are alike
            near = [self._by_counts[counts] for counts in (call.counts, None) if counts in self._by_counts]
        found = []
        for calls in near:
            for one in reversed(calls):
                if one.told_at + SKEW < call.began:
                    break
                if one.call.may_be(call):
                    found.append(one)
        found.sort(key=lambda one: one.told_at)
        return found

    def _add(self, layer: str, call: Call) -> Sighting:
        oldest = call.ended - MAX_AGE
        while self._calls and (len(self._calls) >= MAX_CALLS or self._calls[0].told_at < oldest):
            self._forget(self._calls.popleft())
        new = Sighting(layer, call)
        self._calls.append(new)
        self._by_counts.setdefault(call.counts, deque()).append(new)
        if call.response_id:
            self._by_id[call.response_id] = new
        return new

    def _remove(self, sighting: Sighting, layer: str, told: object) -> None:
        self._told.pop((layer, told), None)
        if sighting in self._calls:
            self._calls.remove(sighting)
            self._forget(sighting)

    def _forget(self, sighting: Sighting) -> None:
        counts = sighting.call.counts
        alike = self._by_counts[counts]
        alike.remove(sighting)  # the oldest is the first of them
        if not alike:
            del self._by_counts[counts]
        response_id = sighting.call.response_id or ""
        if self._by_id.get(response_id) is sighting:
            del self._by_id[response_id]


def _same_model(one: str, other: str) -> bool:
    """Return whether two names may be of one model: gateways put the provider before it, answers the date behind it."""
    short, long = sorted((one.rpartition("/")[2].lower(), other.rpartition("/")[2].lower()), key=len)
    return not short or (long.startswith(short) and _SNAPSHOT(long[len(short) :]) is not None)

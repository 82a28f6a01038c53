"""The health of recording, as metrics."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable
from typing import TYPE_CHECKING, Callable

from opentelemetry import metrics
from opentelemetry.metrics import CallbackOptions, MeterProvider, Observation

from openmonetize._version import __version__
from openmonetize.client import OpenMonetize

if TYPE_CHECKING:
    from openmonetize.metering.results import Stats

# What only grows while the process runs, and what goes up and down, with what each is.
_COUNTERS = {
    "tracked": "Events recorded",
    "accepted": "Events that the platform has taken",
    "duplicate": "Events that the platform had already",
    "dropped": "Events given up",
    "unpaid": "Events that no user pays for",
}
_GAUGES = {
    "queued": "Events waiting, never sent yet",
    "retrying": "Events being sent, or sent without a final answer",
    "dead": "Events that the platform refuses for good",
    "billed": "Accepted events that were seen to be billed",
    "lost": "Accepted events that the platform has lost",
    "repaired": "Lost events that are billed since they were sent again",
    "followed": "Jobs of providers that have not ended",
}
_KEEP = 0.5  # seconds that one look at the counts serves the instruments of one collection


class _Health:
    """The counts of a client, looked up once a collection: those of an outbox are read from a disk."""

    def __init__(self, om: OpenMonetize) -> None:
        self._om = om
        self._lock = threading.Lock()
        self._looked = float("-inf")
        self._stats: Stats | None = None

    def stats(self) -> Stats:
        """Return the counts."""
        with self._lock:
            if self._stats is None or time.monotonic() - self._looked > _KEEP:
                self._stats, self._looked = self._om.stats(), time.monotonic()
            return self._stats

    def observe(self, name: str) -> Callable[[CallbackOptions], Iterable[Observation]]:
        """Return what observes one count; nothing while it is not known."""

        def observe(options: CallbackOptions) -> Iterable[Observation]:
            stats = self.stats()
            value = getattr(stats, name)
            if value is not None and stats.unknown is None:  # the counts of an outbox that cannot be read are left out
                yield Observation(value)

        return observe

    def unreadable(self, options: CallbackOptions) -> Iterable[Observation]:
        """Observe whether the outbox cannot be read."""
        yield Observation(int(self.stats().unknown is not None))

    def warnings(self, options: CallbackOptions) -> Iterable[Observation]:
        """Observe how often doubtful things were seen."""
        for kind, count in self._om.warning_counts().items():
            yield Observation(count, {"kind": kind})


def observe_health(om: OpenMonetize, meter_provider: MeterProvider | None = None) -> None:
    """Export the health of recording as metrics, read when they are collected.

    ``openmonetize.events.<name>`` for each count of ``om.stats()``; ``openmonetize.warnings`` for
    ``om.warning_counts()``, by ``kind`` (alert on ``unmetered``); ``openmonetize.outbox.unreadable``, 1 while the
    outbox cannot be read, when the others are left out. Call it once for each client and process.

    Args:
        om: the client.
        meter_provider: takes the metrics; None stands for the global one.
    """
    meter = metrics.get_meter("openmonetize", __version__, meter_provider)
    health = _Health(om)
    for name, description in _COUNTERS.items():
        meter.create_observable_counter(f"openmonetize.events.{name}", [health.observe(name)], "{event}", description)
    for name, description in _GAUGES.items():
        meter.create_observable_gauge(f"openmonetize.events.{name}", [health.observe(name)], "{event}", description)
    meter.create_observable_gauge(
        "openmonetize.outbox.unreadable", [health.unreadable], "1", "Whether the outbox cannot be read"
    )
    meter.create_observable_counter(
        "openmonetize.warnings", [health.warnings], "{warning}", "Doubtful things seen, by kind"
    )

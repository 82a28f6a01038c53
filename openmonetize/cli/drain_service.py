"""``openmonetize outbox drain --watch``: delivers what is put into an outbox, until it is asked to end."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from types import TracebackType
from typing import NamedTuple, Optional

from openmonetize.cli import exit_codes
from openmonetize.cli.account_delivery import AccountDelivery, Share, shares
from openmonetize.cli.ending import Ending
from openmonetize.cli.errors import CommandError, line_and_code
from openmonetize.cli.health_server import Address, HealthServer, Sample, metric_text
from openmonetize.cli.outbox_reader import OutboxReader
from openmonetize.exceptions import OpenApiException
from openmonetize.metering.results import Stats

_LOG = logging.getLogger("openmonetize.outbox")
STALLED_SECONDS = 300.0
_STOP_TIMEOUT = 35.0  # seconds for the request under way, which may take 30
_SIGNAL_INTERVAL = 0.1  # seconds between looks whether a signal has come
# Seconds between looks into the outbox. Counting millions of events takes long: it takes a twentieth of the time.
_LOOK_INTERVAL, _LOOK_SHARE = 2.0, 20.0
_ASK_SECONDS = 5.0  # between two looks, for questions whose keys they are
_OLD_LOOK = 120.0  # seconds after which a look says nothing of now


class _Look(NamedTuple):
    """What was found in the outbox.

    Attributes:
        shares: of the deliveries.
        others: events of accounts that are not delivered here.
        problem: why the outbox could not be read; None if it was.
        at: monotonic time.
    """

    shares: Sequence[Share]
    others: Stats
    problem: Optional[str]
    at: float


class Monitor:
    """Looks into the outbox from time to time, in a thread within a block, and says how the deliveries are.

    Args:
        reader: of the outbox.
        deliveries: what this process delivers.
        stalled_seconds: for so long nothing may be delivered while events wait.
    """

    def __init__(self, reader: OutboxReader, deliveries: Sequence[AccountDelivery], stalled_seconds: float) -> None:
        self._reader = reader
        self._deliveries = deliveries
        self._stalled_seconds = stalled_seconds
        self._progress: list[tuple[int, float]] = [(-1, time.monotonic()) for _ in deliveries]
        self._look = _Look([Share(Stats(), None) for _ in deliveries], Stats(), None, time.monotonic())
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, name="openmonetize-monitor", daemon=True)

    def __enter__(self) -> Monitor:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ending.set()

    def _run(self) -> None:
        wait = 0.0
        while not self._ending.wait(wait):
            try:
                began = time.monotonic()
                for delivery in self._deliveries:
                    if time.monotonic() < began + _ASK_SECONDS:  # a platform that is down answers none of many
                        delivery.ask_customer()
                began = time.monotonic()
                self.look()
                wait = max(_LOOK_INTERVAL, (time.monotonic() - began) * _LOOK_SHARE)
            except Exception:  # the service goes on
                _LOG.exception("unexpected error while the outbox was looked at")
                wait = _LOOK_INTERVAL

    def look(self) -> None:
        """Look into the outbox."""
        before = self._look
        try:
            found, others = shares(self._reader.contents().parts, self._deliveries)
            self._look = _Look(found, others, None, time.monotonic())
        except (CommandError, OpenApiException, OSError) as error:
            self._look = before._replace(problem=line_and_code(error, hints=False)[0], at=time.monotonic())
            return
        for place, share in enumerate(found):
            ended = share.stats.tracked - share.stats.pending
            if ended != self._progress[place][0]:  # by this process or another
                self._progress[place] = (ended, time.monotonic())

    def problems(self) -> list[str]:
        """Return what is wrong, in words."""
        look, now = self._look, time.monotonic()
        found = [] if look.problem is None else [look.problem]
        if now - look.at > _OLD_LOOK:
            found.append(f"the outbox was not looked at for {now - look.at:,.0f} seconds")
        for delivery, share, (_, progress_at) in zip(self._deliveries, look.shares, self._progress):
            idle = now - max(progress_at, delivery.delivered_at)
            if delivery.refused is not None:
                found.append(f"the platform refuses account {delivery.name!r}: {delivery.refused}")
            elif idle > self._stalled_seconds and (share.oldest or 0.0) > self._stalled_seconds:
                found.append(
                    f"account {delivery.name!r}: nothing was delivered for {idle:,.0f} seconds, and "
                    f"{share.stats.pending:,} events wait"
                )
        return found

    def metrics(self) -> str:
        """Return what is counted, in the text format of Prometheus."""
        look, now = self._look, time.monotonic()
        both = list(zip(self._deliveries, look.shares))

        def each(value: Callable[[AccountDelivery, Share], float]) -> list[Sample]:
            return [Sample(value(delivery, share), {"account": delivery.name}) for delivery, share in both]

        return "".join(
            (
                metric_text(
                    "openmonetize_delivered_events_total",
                    "counter",
                    "Events that this process has delivered: accepted, or duplicate if the platform had them already.",
                    [
                        Sample(count, {"account": delivery.name, "outcome": outcome})
                        for delivery, _ in both
                        for outcome, count in (("accepted", delivery.accepted), ("duplicate", delivery.duplicate))
                    ],
                ),
                metric_text(
                    "openmonetize_refused_events_total",
                    "counter",
                    "Events that the platform has refused for good, when this process sent them.",
                    each(lambda delivery, share: delivery.dead),
                ),
                metric_text(
                    "openmonetize_outbox_events",
                    "gauge",
                    "Where the events of the outbox are, whoever recorded and delivered them.",
                    [
                        Sample(getattr(share.stats, state), {"account": delivery.name, "state": state})
                        for delivery, share in both
                        for state in ("queued", "retrying", "dead", "accepted", "duplicate", "dropped")
                    ],
                ),
                metric_text(
                    "openmonetize_outbox_other_events",
                    "gauge",
                    "Events that wait, or were refused, under keys that this process does not have.",
                    [Sample(look.others.pending + look.others.dead, {})],
                ),
                metric_text(
                    "openmonetize_outbox_oldest_seconds",
                    "gauge",
                    "For how long the oldest event waits; 0 if none does.",
                    each(lambda delivery, share: 0.0 if share.oldest is None else share.oldest + now - look.at),
                ),
                metric_text(
                    "openmonetize_last_delivery_seconds",
                    "gauge",
                    "Time since this process has delivered something, or since its start.",
                    each(lambda delivery, share: now - delivery.delivered_at),
                ),
                metric_text(
                    "openmonetize_account_refused",
                    "gauge",
                    "1 if the platform refuses the account, by what this process knows.",
                    each(lambda delivery, share: delivery.refused is not None),
                ),
                metric_text(
                    "openmonetize_warnings_total",
                    "counter",
                    "Incidents that this process has reported, by kind.",
                    [
                        Sample(count, {"account": delivery.name, "kind": kind})
                        for delivery, _ in both
                        for kind, count in sorted(dict(delivery.incidents).items())
                    ],
                ),
                metric_text(
                    "openmonetize_outbox_up",
                    "gauge",
                    "1 if the outbox could be read when this process looked last.",
                    [Sample(look.problem is None, {})],
                ),
            )
        )


def serve(
    reader: OutboxReader,
    deliveries: Callable[[], Sequence[AccountDelivery]],
    address: Address | None,
    stalled_seconds: float,
) -> int:
    """Deliver until SIGTERM or Ctrl-C. Return the exit code.

    Args:
        reader: of the outbox.
        deliveries: makes the deliveries.
        address: where health and metrics are served; None for nowhere.
        stalled_seconds: see `Monitor`.
    """
    with Ending() as ending, ExitStack() as stack:
        health = None if address is None else HealthServer(address)
        running = deliveries()  # after the address was found to be free
        monitor = stack.enter_context(Monitor(reader, running, stalled_seconds))
        where = ""
        if health is not None:
            stack.enter_context(health.serving(monitor.problems, monitor.metrics))
            where = f"; {health.url}/healthz and {health.url}/metrics"
        for delivery in running:
            delivery.recorder.start_delivering()
        names = ", ".join(delivery.name for delivery in running)
        print(f"delivering {reader.path} for {names} until SIGTERM or Ctrl-C{where}", flush=True)
        while not ending.asked:
            time.sleep(_SIGNAL_INTERVAL)
        ended = _stop(running)
    for delivery in running:
        print(
            f"{delivery.name}: {delivery.accepted:,} accepted, {delivery.duplicate:,} duplicates, "
            f"{delivery.dead:,} refused"
        )
    if not ended:
        _LOG.warning("a request is still without an answer: its events are sent again, under their ids, by the next")
    return exit_codes.DONE if ended else exit_codes.NO


def _stop(running: Sequence[AccountDelivery]) -> bool:
    """End all deliveries at the same time, each after the request that is under way. Return whether they have ended."""
    with ThreadPoolExecutor(len(running)) as pool:
        return all(pool.map(lambda delivery: delivery.recorder.stop_delivering(_STOP_TIMEOUT), running))

"""One cell of the tables: a caller meets a fault, once or for good, and everything that must hold is checked."""

from __future__ import annotations

import pickle
import time
import traceback
from typing import Any, NamedTuple

from http_client.frames import frames_that_show

from openmonetize import ApiException
from openmonetize.exceptions import OpenApiException

from .callers import CALLS, DEADLINE, EVENTS, Recording, call_of
from .ledger import KEY
from .server import Fault, FaultServer

# Seconds by which a busy machine may be late. What hangs here does so until the fault is over.
SLACK = 5.0
OUTAGE = 1.0  # seconds of a flush while the fault lasts
MAX_OUTAGE_REQUESTS = 25  # of a recorder in that time
RECOVERY = 60.0  # seconds of a flush after it, of which a machine without other load needs one
PASSWORD = "p4ssword"
MODES = ("once", "always", "closing")  # the last: once, and then the recorder is closed


class Cell(NamedTuple):
    """What was observed.

    Attributes:
        outcome: ``answer``, the class and status of what was raised, or what became of recorded events.
        requests: how many requests arrived, of a call.
        done: how often the work was done: events billed, or grants booked.
        key: where the key was seen: ``server``, ``proxy`` in clear text, or nowhere.
        time: about how long a call took; for the pages only, since a busy machine takes longer.
        wrong: what must not be; empty if all is well.
        unexpected: what differs from what the fault has to come to. A machine that stands still for longer than a
            time-out does that, too.
    """

    outcome: str
    requests: int | None
    done: int | None
    key: str
    time: str = ""
    wrong: tuple[str, ...] = ()
    unexpected: tuple[str, ...] = ()


def run_cell(fault: Fault, caller: str, mode: str) -> Cell:
    """Have a caller meet a fault, and return what was observed."""
    server = FaultServer(fault, float("inf") if mode == "always" else 1)
    try:
        if caller in CALLS:
            return _call(server, fault, caller, mode)
        if mode == "closing":
            return _close(server, caller)
        return _record(server, fault, caller, mode)
    finally:
        server.close()


def _call(server: FaultServer, fault: Fault, caller: str, mode: str) -> Cell:
    wrong: list[str] = []
    with call_of(caller, server) as (call, before):
        primed = _prime(server, fault, before)
        started = time.monotonic()
        error: BaseException | None = None
        result: Any = None
        try:
            result = call()
        except Exception as raised:
            error = raised
        took = time.monotonic() - started
        if took > DEADLINE + SLACK:
            wrong.append(f"took {took:.1f} s")
        requests = server.platform.requests[primed:]
        wrong += _exposed(server, error, result)
        outcome = _outcome(error, wrong)
    arrived = [request for request in requests if request.method != "CONNECT"]
    done = _done(server, caller)
    unexpected = _expected(fault, caller, mode, outcome)
    wrong += _doubled(server, caller, len(arrived))
    if outcome == "answer" and caller != "GET" and done != (EVENTS if caller == "ingest" else 1):
        wrong.append(f"an answer, and {done} done")
    if outcome == "answer" and caller == "ingest" and result.accepted + result.duplicates != EVENTS:
        wrong.append(f"answered {result}")
    if outcome == "answer" and caller == "GET" and result.data is not None and result.data.balance not in (10, None):
        wrong.append(f"read {result.data.balance}")
    return Cell(outcome, len(arrived), done, _seen(server), _about(took), tuple(wrong), tuple(unexpected))


def _about(seconds: float) -> str:
    """Say of a time what does not depend on the machine."""
    whole = f"{DEADLINE:g} s"
    return "under 1 s" if seconds < 1 else f"under {whole}" if seconds < DEADLINE - 0.2 else whole


def _prime(server: FaultServer, fault: Fault, before: Any) -> int:
    if not fault.primed:
        return 0
    before()
    if not fault.reused:
        server.idle.wait(5)
        time.sleep(0.05)
    return len(server.platform.requests)


def _outcome(error: BaseException | None, wrong: list[str]) -> str:
    if error is None:
        return "answer"
    if not isinstance(error, ApiException):
        wrong.append("raised " + "".join(traceback.format_exception_only(type(error), error)).strip())
        return type(error).__name__
    name = next(kind.__name__ for kind in type(error).__mro__ if kind.__module__ == "openmonetize.exceptions")
    if error.status is not None and name in ("ApiException", "ServiceException", "RedirectException"):
        name += f" {error.status}"
    return name


def _expected(fault: Fault, caller: str, mode: str, outcome: str) -> list[str]:
    """Say what differs from what the fault has to come to."""
    hidden = fault.harmless or (mode == "once" and fault.repeats and caller != "grant without a key")
    if mode == "once" and fault.error == "ServiceException" and caller == "grant":
        hidden = hidden or "500" in fault.name  # a grant that is answered 500 is repeated once
    if hidden and outcome != "answer":
        return [f"{outcome} instead of an answer"]
    if not hidden and fault.error and not outcome.startswith(fault.error):
        return [f"{outcome} instead of {fault.error}"]
    return []


def _doubled(server: FaultServer, caller: str, arrived: int) -> list[str]:
    platform, found = server.platform, []
    if caller == "grant without a key" and arrived > 1 + server.fault.primed:
        found.append(f"a grant without a key was sent {arrived} times")
    if platform.grants_made() > 1:
        found.append(f"granted {platform.grants_made()} times")
    if platform.events_billed() > EVENTS:
        found.append(f"billed {platform.events_billed()} events of {EVENTS}")
    return found


def _done(server: FaultServer, caller: str) -> int | None:
    if caller == "GET":
        return None
    return server.platform.grants_made() if "grant" in caller else server.platform.events_billed()


def _seen(server: FaultServer) -> str:
    with_key = [request for request in server.platform.requests if request.has_key()]
    if not with_key:
        return "nowhere"
    return "proxy" if any(request.clear for request in with_key) else "server"


def _exposed(server: FaultServer, error: BaseException | None, *shown: Any) -> list[str]:
    """Say where the key is that it must not be: another origin, a proxy, texts, frames, pickles."""
    found = []
    if server.strays:
        found.append(f"{server.strays!r} was sent elsewhere")
    for request in server.platform.requests:
        clear = request.clear and not server.fault.settings.get("allow_http")
        if request.has_key() and (clear or request.method == "CONNECT"):
            found.append("the proxy was shown the key")
    texts = [repr(one) for one in shown]
    if error is not None:
        texts += [str(error), repr(error), repr(vars(error)), repr(error.__cause__)]
        texts += [repr(dict(getattr(error, "headers", {}))), "".join(traceback.format_exception(None, error, None))]
        for secret in (KEY, PASSWORD):
            found += [f"{secret[:4]}... in the frame {frame}" for frame in frames_that_show(secret, error)]
        if isinstance(error, OpenApiException):
            try:
                texts.append(repr(pickle.dumps(error)))
            except Exception as failure:
                texts.append(repr(failure))
    found += ["the key in a text" for text in texts if KEY in text or PASSWORD in text]
    return found


def _record(server: FaultServer, fault: Fault, caller: str, mode: str) -> Cell:
    wrong: list[str] = []
    recording = Recording(caller, server)
    try:
        _prime(server, fault, recording.om.credits.balance)
        recording.record()
        if mode == "once":
            complete = recording.deliver(RECOVERY)
        else:
            started = time.monotonic()
            first = recording.om.flush(OUTAGE)
            took = time.monotonic() - started
            if took > OUTAGE + SLACK:
                wrong.append(f"flush took {took:.1f} s")
            if len(server.platform.requests) > MAX_OUTAGE_REQUESTS:
                wrong.append(f"{len(server.platform.requests)} requests while the fault lasted")
            settled = server.platform.events_billed() + recording.om.stats().dead
            if first.complete and settled < EVENTS:
                wrong.append(f"flush said complete, and {settled} are")
            if not first.complete and first.left != EVENTS - first.accepted - first.duplicate - first.dead:
                wrong.append(f"flush said {first}")
            recording.wait_for_report()
            end = recording.restart()
            if end is not None and not first.complete and not end.complete and end.left is None:
                wrong.append(f"close said {end}")
            server.heal()
            complete = recording.deliver(RECOVERY) if fault.heals else False
        wrong += _recorded(server, fault, recording, complete)
        outcome = _fate(recording, mode)
        wrong += ["the key in a report" for text in recording.texts if KEY in text or PASSWORD in text]
    finally:
        recording.close()
    wrong += _exposed(server, None)
    return Cell(outcome, None, server.platform.events_billed(), _seen(server), "", tuple(wrong))


def _close(server: FaultServer, caller: str) -> Cell:
    """Have a recorder meet the fault once, and close it, with time for more."""
    recording, wrong = Recording(caller, server), []
    try:
        _prime(server, server.fault, recording.om.credits.balance)
        recording.record()
        recording.om.flush(0.0)
        recording.wait_for_report()
        end = recording.om.close(RECOVERY)
    finally:
        recording.close()
    billed, dead = server.platform.events_billed(), recording.incidents.count("dead")
    if billed + dead != EVENTS or not end.complete:
        wrong.append(f"{billed} of {EVENTS} events were billed when the recorder was closed: {end}")
    return Cell("delivered" if end.complete else "left", None, billed, _seen(server), "", tuple(wrong))


def _recorded(server: FaultServer, fault: Fault, recording: Recording, complete: bool) -> list[str]:
    """Say what is wrong with the counts at the end: each event is billed once, a dead letter, or waits."""
    stats, billed, found = recording.om.stats(), server.platform.events_billed(), []
    if any(len(keys) > 1 for keys in server.platform.event_keys.values()):
        found.append("an event was billed twice")
    if fault.heals and not complete:
        found.append(f"not delivered after the fault: {stats}")
    if stats.tracked != sum(stats[1:]):
        found.append(f"the counts do not add up: {stats}")
    if stats.tracked != EVENTS or stats.dropped:
        found.append(f"lost: {stats}")
    if fault.heals and billed + stats.dead != EVENTS:
        found.append(f"{billed} billed, {stats}")
    if not fault.heals and stats.pending != EVENTS:
        found.append(f"not kept: {stats}")
    return found


def _fate(recording: Recording, mode: str) -> str:
    stats = recording.om.stats()
    if stats.dead:
        return f"{stats.dead} dead"
    # Once, it is reported or not: a connection that was kept open is no failure when it is closed.
    told = recording.incidents if mode == "always" else []
    return next((kind for kind in told if kind in ("retrying", "parked")), "delivered")

"""Those who meet the faults: calls of the client, and recorders."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Any

from openmonetize import ApiClient, Configuration, CreditsApi, OpenMonetize, RetryPolicy, TokenUsageEvent

from .ledger import AMOUNT, KEY
from .server import FaultServer

DEADLINE = 5.5  # seconds that a call may take
MAX_ANSWER = 1024 * 1024  # bytes
EVENTS = 3  # in each request
READ_TIMEOUT = 1.0  # seconds
# Short waits, so that there is time for all attempts before the deadline.
RETRIES = RetryPolicy(base=0.02, cap=0.05)
DELIVERY: dict[str, Any] = {
    "retry": RetryPolicy(base=0.1, cap=0.3, retry_after_cap=1.2),
    "request_timeout": 1.2,
    "flush_interval": 60.0,
    "atexit_timeout": 0.0,
}
USER = "acme-user-1"


def configuration(server: FaultServer) -> Configuration:
    """Return the settings of a client of the server."""
    settings = dict(server.fault.settings)
    if "proxy" in settings:
        settings["proxy"] = settings["proxy"].format(port=server.port)
    return Configuration(
        server.url,
        {"bearerAuth": KEY},
        timeout=DEADLINE,
        connect_timeout=READ_TIMEOUT,
        read_timeout=READ_TIMEOUT,
        retries=RETRIES,
        max_response_bytes=MAX_ANSWER,
        **settings,
    )


def events() -> list[TokenUsageEvent]:
    """Return events that the ledger tells apart by their numbers."""
    common: dict[str, Any] = {"user_id": USER, "feature_id": "f", "provider": "OPENAI", "model": "gpt-4o"}
    return [TokenUsageEvent(**common, input_tokens=1, metadata={"number": number}) for number in range(EVENTS)]


Call = Callable[[], Any]


@contextmanager
def _om(server: FaultServer) -> Iterator[OpenMonetize]:
    om = OpenMonetize(configuration=configuration(server), **DELIVERY)
    try:
        yield om
    finally:
        om.close(0.0)


@contextmanager
def call_of(caller: str, server: FaultServer) -> Iterator[tuple[Call, Call]]:
    """Yield a call, and another one to be made before it."""
    with ExitStack() as stack:
        if caller in ("GET", "grant without a key"):  # `OpenMonetize` gives every grant a key
            credits = CreditsApi(stack.enter_context(ApiClient(configuration(server))))
            grant = partial(credits.grant, user_id=USER, amount=AMOUNT)
            yield (credits.balance if caller == "GET" else grant), credits.balance
            return
        om = stack.enter_context(_om(server))
        calls: dict[str, Call] = {
            "grant": lambda: om.credits.grant(user_id=USER, amount=AMOUNT),
            "ingest": lambda: om.events.ingest(events=events()),
        }
        yield calls[caller], om.credits.balance


CALLS = ("GET", "grant", "grant without a key", "ingest")
RECORDERS = ("recorder", "outbox")
CALLERS = (*CALLS, *RECORDERS)


class Recording:
    """A recorder, with its buffer in memory or on disk, that may be started again.

    Attributes:
        incidents: the kinds of what was reported.
    """

    def __init__(self, caller: str, server: FaultServer) -> None:
        self.server = server
        self.incidents: list[str] = []
        self.texts: list[str] = []
        self._folder = tempfile.mkdtemp(prefix="openmonetize-faults-") if caller == "outbox" else None
        self.om = self._start()

    def _start(self) -> OpenMonetize:
        outbox = os.path.join(self._folder, "outbox") if self._folder else None
        return OpenMonetize(configuration=configuration(self.server), outbox=outbox, on_error=self._note, **DELIVERY)

    def _note(self, incident: Any) -> None:
        self.incidents.append(incident.kind)
        self.texts.append(repr(incident))

    def record(self) -> None:
        """Record all events."""
        for event in events():
            self.om.track(event)

    def deliver(self, timeout: float) -> bool:
        """Flush, again if an account was refused meanwhile. Return whether all have their outcome."""
        until = time.monotonic() + timeout
        while True:
            result = self.om.flush(max(0.0, until - time.monotonic()))
            # A flush leaves what another sender has under way to that one, here the first of two on one outbox.
            complete = result.complete and not self.om.stats().pending
            if complete or time.monotonic() > until:
                return complete
            time.sleep(0.1)

    def wait_for_report(self) -> None:
        """Wait until something was reported, if there is anything that was not delivered."""
        until = time.monotonic() + 5.0
        while not self.incidents and self.om.stats().pending and time.monotonic() < until:
            time.sleep(0.02)

    def restart(self) -> Any:
        """Go on as the next process would, with what is on disk. Return what the first has said at its end."""
        if self._folder is None:
            return None
        result = self.om.close(1.0)
        self.om = self._start()
        return result

    def close(self) -> None:
        """End it, and remove what is on disk."""
        self.om.close(0.0)
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)

"""Stand-ins for the parts of `OpenMonetize` that reach the platform, for ``enabled=False``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, NoReturn

from openmonetize._http.client import ApiClient
from openmonetize._http.configuration import Configuration
from openmonetize._http.operation import Operation, RequestOptions
from openmonetize.events.ingest import prepare
from openmonetize.events.model import EventModel
from openmonetize.exceptions import OpenApiException
from openmonetize.gate.checks import CheckResult, OnOutage, Question, require_policy
from openmonetize.gate.gate import Gate
from openmonetize.metering import BillingResult, DeadLetter, FlushResult, OtherAccount, Stats, VerifyReport
from openmonetize.metering.pace import LocalPace, PaceStore
from openmonetize.metering.recorder import FilePath


class DisabledError(OpenApiException):
    """``OpenMonetize(enabled=False)`` sends nothing, so it has no answer to this call."""


class DisabledClient(ApiClient):
    """An `ApiClient` that refuses to send anything.

    Args:
        configuration: as for `ApiClient`.
        customer_id: the customer behind the key, where the user has named it.
    """

    def __init__(self, configuration: Configuration, customer_id: str | None = None) -> None:
        super().__init__(configuration)
        self._customer_id = customer_id

    def send(
        self,
        operation: Operation[Any],
        values: Mapping[str, Any],
        body: Any,
        options: RequestOptions,
        attempts: int | None = None,
        deadline: float | None = None,
        *,
        preload: bool = False,
    ) -> NoReturn:
        """Raise `DisabledError`."""
        raise DisabledError(
            f"this OpenMonetize is disabled (enabled=False) and sends nothing, so {operation.method} "
            f"{operation.path} has no answer; tests that need answers can run openmonetize.sandbox.Sandbox"
        )

    def customer_id(self) -> str:
        """Return the customer that was named.

        Raises:
            DisabledError: none was.
        """
        if self._customer_id is not None:
            return self._customer_id
        raise DisabledError("this OpenMonetize is disabled and asks nobody for the customer: give customer_id")


class DisabledGate(Gate):
    """A `Gate` that allows everything and sends nothing."""

    def check(self, question: Question, on_outage: OnOutage) -> CheckResult:
        """Allow the use."""
        require_policy(on_outage)
        return self.cached(question)

    def cached(self, question: Question, *, refresh: bool = True) -> CheckResult:
        """Allow the use."""
        return CheckResult(True, "disabled", source="disabled")


class DisabledRecorder:
    """A recorder that checks events and drops them. Its methods are those of `openmonetize.metering.Recorder`.

    Args:
        configuration: its ``id_namespace`` turns ids of the caller's own into UUIDs, as when events are sent.
    """

    def __init__(self, configuration: Configuration) -> None:
        self._configuration = configuration

    def record(self, event: EventModel) -> str:
        """Check an event as if it were sent, and return its id."""
        event_id: str = vars(prepare(event, self._configuration)[0])["event_id"]
        return event_id

    def record_in(self, connection: Any, event: EventModel) -> str:
        """Check an event as if it were sent, and return its id; the connection is left alone."""
        return self.record(event)

    def put(self, wire: bytes) -> None:
        """Drop an event that is known to be good."""

    def put_in(self, connection: Any, wire: bytes) -> None:
        """Drop an event that is known to be good; the connection is left alone."""

    def pace(self) -> PaceStore:
        """Return that nothing is known of a rate limit."""
        return LocalPace()

    def flush(self, timeout: float) -> FlushResult:
        """Return that nothing was left to deliver."""
        return FlushResult(True, 0, 0, 0, 0)

    def wait_billed(self, timeout: float) -> BillingResult:
        """Return that nothing was left to bill."""
        return BillingResult(True, 0, 0, 0, 0)

    def verify(self, since: datetime | None, *, repair: bool | None, timeout: float) -> VerifyReport:
        """Return that nothing was accepted."""
        return VerifyReport(True, 0, 0, 0, 0, 0, 0, 0, 0, 0, [])

    def close(self, timeout: float) -> FlushResult:
        """Return that nothing was left to deliver."""
        return self.flush(timeout)

    def stats(self) -> Stats:
        """Return zeros."""
        return Stats()

    def doubtful_ids(self) -> Mapping[str, int]:
        """Return zeros."""
        return {"foreign_customer_id": 0, "unknown_duplicate": 0}

    def dead_letters(self) -> list[DeadLetter]:
        """Return no events."""
        return []

    def replay_dead_letters(self) -> int:
        """Return 0."""
        return 0

    def discard_dead_letters(self) -> int:
        """Return 0."""
        return 0

    def export_dead_letters(self, path: FilePath) -> int:
        """Return 0, and write no file."""
        return 0

    def kept_events(self) -> Iterator[dict[str, Any]]:
        """Return no events."""
        return iter(())

    def usage_of_other_keys(self) -> list[OtherAccount]:
        """Return no accounts."""
        return []

    def adopt_usage(self, account: OtherAccount) -> int:
        """Return 0."""
        return 0

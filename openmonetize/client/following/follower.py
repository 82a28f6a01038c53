"""The thread that looks at jobs of providers and records their usage once."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Any

from openmonetize._fork import ProcessMark
from openmonetize._http.redaction import Secret
from openmonetize._stores.opening import is_postgres
from openmonetize.client.following.job import Job, key_of
from openmonetize.client.following.job_store import JobFolder, JobMemory, JobStore
from openmonetize.client.following.job_table import JobTable
from openmonetize.client.usage_warnings import UsageWarnings
from openmonetize.providers.jobs import Line, Look, look

_LOG = logging.getLogger("openmonetize")

# A job is looked at again after this part of its age, within its own least interval and MAX_POLL_INTERVAL: a day needs
# about a hundred looks, and the usage is known at most that much later.
AGE_SHARE = 0.1
MAX_POLL_INTERVAL = 600.0  # seconds

# Seconds after which a job is given up that the provider does not know: ids may appear with a delay, and a new key or
# project of the provider may have to be set.
MISSING_TIMEOUT = 86400.0
# Seconds after which any job is given up. No provider keeps what it answered any longer.
MAX_AGE = 35 * 86400.0

# Seconds after which the thread looks for jobs that other processes have left.
RESCAN_INTERVAL = 60.0

_MISSING = (404, 410)
_REFUSED = (401, 403)

# Records what a line says: job, line, and when the job ended.
Record = Callable[[Job, Line, Any], object]


class Follower:
    """Looks at jobs until they have ended. Safe to use from several threads and over forks.

    Args:
        store: keeps the jobs.
        record: records one of a job's answers. The job is tried again if it raises.
        warnings: counts what is not billed.
        base_url, fingerprint: return the account under which usage is recorded.
    """

    def __init__(
        self,
        store: JobStore,
        record: Record,
        warnings: UsageWarnings,
        account: Callable[[], tuple[str, str]],
    ) -> None:
        self._store = store
        self._record = record
        self._warnings = warnings
        self._account = account
        self._renew()

    def _renew(self) -> None:
        self._mark = ProcessMark()
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._thread: threading.Thread | None = None
        self._clients: dict[tuple[str, str], list[Any]] = {}  # by library and server
        self._logged: set[tuple[str, str]] = set()
        self._closed = False

    def _after_fork(self) -> None:
        """Forget the parent's clients, whose connections it shares, and its thread. It goes on with its jobs."""
        if self._mark.forked():
            closed = self._closed
            self._renew()
            self._closed = closed
            if isinstance(self._store, JobMemory):
                self._store = JobMemory()

    def follow(self, job: Job, client: Any) -> bool:
        """Follow a job with this client; return False if it is or was followed already."""
        self._after_fork()
        added = self._store.add(job, time.time() + job.poll_interval)
        self.use(client, job.library, job.server)
        return added

    def use(self, client: Any, library: str, server: str) -> int:
        """Go on with the jobs of this client's server; return how many there are."""
        self._after_fork()
        with self._lock:
            clients = self._clients.setdefault((library, server), [])
            if client not in clients:
                clients.insert(0, client)
            waiting = len([job for job, _ in self._mine() if (job.library, job.server) == (library, server)])
            if waiting and not self._closed:
                self._wake.set()
                if self._thread is None:
                    self._thread = threading.Thread(target=self._run, name="openmonetize-follower", daemon=True)
                    self._thread.start()
        return waiting

    def knows(self, library: str, server: str, identifier: str) -> bool:
        """Return whether a job is or was followed, so that its usage is recorded here and nowhere else."""
        return self._store.known(key_of(*self._account(), library, server, identifier))

    def count(self) -> int:
        """Return how many jobs have not ended."""
        self._after_fork()
        return len(self._mine())

    def close(self) -> None:
        """Look at no job any more. Those in an outbox go on with another process; others are given up."""
        self._after_fork()
        with self._lock:
            was_closed, self._closed = self._closed, True
            self._wake.set()
        if isinstance(self._store, JobMemory) and not was_closed and self.count():
            _LOG.warning("%d followed jobs are given up, since there is no outbox to keep them", self.count())

    def _mine(self) -> list[tuple[Job, float]]:
        """Return the jobs of the present account, and when they are due."""
        account = self._account()
        return [(job, due) for job, due in self._store.jobs() if (job.base_url, job.fingerprint) == account]

    def _run(self) -> None:
        wake = self._wake
        while True:
            wake.clear()
            try:
                wait = self._pass()
            except Exception:
                _LOG.exception("followed jobs could not be looked at; they will be")
                wait = RESCAN_INTERVAL
            with self._lock:
                if self._closed or (wait is None and not wake.is_set()):
                    self._thread = None
                    return
            wake.wait(wait)

    def _pass(self) -> float | None:
        """Look at the jobs that are due. Return seconds until the next one is; None if there is none."""
        soonest: float | None = None
        for job, due in self._mine():
            if self._closed:
                return None
            with self._lock:
                clients = list(self._clients.get((job.library, job.server), ()))
            if not clients:
                continue
            now = time.time()
            if due > now + max(job.poll_interval, MAX_POLL_INTERVAL):  # the clock was set back
                due = now + job.poll_interval
                self._store.postpone(job, due)
            if due <= now:
                due = self._look(job, clients)
            if due is not None:
                soonest = due if soonest is None else min(soonest, due)
        return None if soonest is None else min(max(soonest - time.time(), 0.0), RESCAN_INTERVAL)

    def _look(self, job: Job, clients: list[Any]) -> Any:
        """Look at a job, unless another process does. Return when to look again, or None."""
        with self._store.claim(job) as mine:
            if not mine:
                return time.time() + job.poll_interval
            # Said before, so that a job that ends the process is not looked at again and again.
            due = time.time() + _interval(job)
            self._store.postpone(job, due)
            if not self._settled(job, clients):
                return due
            self._store.end(job)
            return None

    def _settled(self, job: Job, clients: list[Any]) -> bool:
        """Return whether the job has ended, and its usage is recorded."""
        error: Exception | None = None
        for client in clients:
            try:
                return self._settle(job, look(job.name, client, job.reading))
            except Exception as failed:
                error = failed
                if getattr(failed, "status_code", None) not in (*_MISSING, *_REFUSED):
                    break  # another client of the server would not fare better
        age = time.time() - job.followed_at
        missing = getattr(error, "status_code", None) in _MISSING
        if age > MAX_AGE or (missing and age > MISSING_TIMEOUT):
            self._warnings.job_unbilled(job.kind, job.id, f"it is given up: {_said(error)}")
            return True
        self._tell(job, error)
        return False

    def _settle(self, job: Job, seen: Look) -> bool:
        if not seen.ended:
            if time.time() - job.followed_at > MAX_AGE:
                self._warnings.job_unbilled(job.kind, job.id, f"it is given up, and still {seen.status}")
                return True
            return False
        recorded = 0
        for line in seen.lines:
            if self._closed:
                return False
            if line.usage is not None:
                self._record(job, line, seen.at)
                recorded += 1
            elif line.error is not None:
                self._warnings.unmetered(f"an answer of {job.kind} {job.id}", line.error)
        if recorded:
            _LOG.info(
                "%s %s has ended (%s): the usage of %d answers is recorded", job.kind, job.id, seen.status, recorded
            )
        else:
            self._warnings.job_unbilled(job.kind, job.id, f"it has ended ({seen.status}) without usage")
        return True

    def _tell(self, job: Job, error: Exception | None) -> None:
        """Log an error, once for each job and kind of error."""
        key = (job.key, type(error).__name__)
        level = logging.DEBUG if key in self._logged else logging.WARNING
        self._logged.add(key)
        _LOG.log(level, "%s %s could not be looked at, and will be again: %s", job.kind, job.id, _said(error))


def make_store(outbox: Secret, durability: str) -> JobStore:
    """Return what keeps jobs: the outbox's directory or database, or memory where there is none."""
    if outbox.value is None:
        return JobMemory()
    return JobTable(outbox) if is_postgres(outbox) else JobFolder(outbox.value, durability == "power")


def _interval(job: Job) -> float:
    age = max(0.0, time.time() - job.followed_at)
    return max(job.poll_interval, min(AGE_SHARE * age, MAX_POLL_INTERVAL))


def _said(error: Exception | None) -> str:
    """Return what to log of an error: its kind and status, since a library's text may have a part of a key."""
    status = getattr(error, "status_code", None)
    return f"{type(error).__name__}{'' if status is None else f' ({status})'}"

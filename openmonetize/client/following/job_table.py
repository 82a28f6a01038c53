"""Jobs that are followed, in the database of the outbox, for a whole fleet."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from openmonetize._http.redaction import Secret
from openmonetize._stores.postgres_connections import PostgresConnections
from openmonetize.client.following.job import Job
from openmonetize.client.following.job_store import ENDED_AGE
from openmonetize.metering.errors import OutboxError

_TIMEOUT = 5.0  # seconds that a statement may take
# Seconds for which a process has a job to itself; a look at one takes less, and one that was killed frees it then.
_CLAIM_SECONDS = 600.0

_ADD = "INSERT INTO openmonetize.jobs (key, job, due) VALUES (%s, %s, %s) ON CONFLICT DO NOTHING RETURNING 1"
_KNOWN = "SELECT 1 FROM openmonetize.jobs WHERE key = %s"
_OPEN = "SELECT job, due FROM openmonetize.jobs WHERE ended IS NULL ORDER BY due"
_CLAIM = """
UPDATE openmonetize.jobs SET claimed = now() + %s * interval '1 second'
WHERE key = %s AND ended IS NULL AND due <= %s AND (claimed IS NULL OR claimed < now()) RETURNING 1
"""
_RELEASE = "UPDATE openmonetize.jobs SET claimed = NULL WHERE key = %s"
_POSTPONE = "UPDATE openmonetize.jobs SET due = %s WHERE key = %s"
_END = "UPDATE openmonetize.jobs SET ended = now(), job = '' WHERE key = %s"
_CLEAN = "DELETE FROM openmonetize.jobs WHERE ended < now() - %s * interval '1 second'"


class JobTable:
    """Keeps jobs in the table ``openmonetize.jobs``.

    Args:
        url: the database.
    """

    def __init__(self, url: Secret) -> None:
        self._connections = PostgresConnections(url, "followed jobs", OutboxError, timeout=_TIMEOUT)

    def add(self, job: Job, due: float) -> bool:
        """See `JobStore.add`.

        Raises:
            OutboxError: it cannot be kept.
        """
        self._connections.run(_CLEAN, (ENDED_AGE,))
        return bool(self._connections.run(_ADD, (job.key, job.to_json(), due)))

    def known(self, key: str) -> bool:
        """See `JobStore.known`."""
        try:
            return bool(self._connections.run(_KNOWN, (key,)))
        except OutboxError:
            return False

    def jobs(self) -> list[tuple[Job, float]]:
        """See `JobStore.jobs`. Those of other releases are left alone."""
        found = []
        try:
            rows = self._connections.run(_OPEN)
        except OutboxError:
            return []
        for content, due in rows:
            try:
                found.append((Job.from_json(content), due))
            except ValueError:
                continue
        return found

    @contextmanager
    def claim(self, job: Job) -> Iterator[bool]:
        """See `JobStore.claim`."""
        try:
            claimed = bool(self._connections.run(_CLAIM, (_CLAIM_SECONDS, job.key, time.time())))
        except OutboxError:
            claimed = False
        try:
            yield claimed
        finally:
            if claimed:
                self._change(_RELEASE, (job.key,))

    def postpone(self, job: Job, due: float) -> None:
        """See `JobStore.postpone`."""
        self._change(_POSTPONE, (due, job.key))

    def end(self, job: Job) -> None:
        """See `JobStore.end`."""
        self._change(_END, (job.key,))

    def _change(self, sql: str, values: tuple[object, ...]) -> None:
        try:
            self._connections.run(sql, values)
        except OutboxError:
            pass  # it is looked at again, and its events have the same ids

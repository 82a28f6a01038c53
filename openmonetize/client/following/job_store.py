"""Where jobs that are followed are kept: in the outbox's directory, or in memory."""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol

from openmonetize.client.following import FOLDER, OPEN
from openmonetize.client.following.job import Job
from openmonetize.metering.buffers.spool.place import failure
from openmonetize.metering.buffers.spool.system import (
    OPEN_FLAGS,
    append_whole,
    flush_directory,
    flush_to_device,
    is_named,
    try_lock,
    unlink,
    unlock,
)

ENDED = ".ended"
MAX_JOB_BYTES = 16 * 1024 * 1024  # of a file; 50,000 users of a batch take 4 MB

# Seconds that it is known of a job that it has ended, so that it is not followed again. OpenAI keeps responses for 30
# days, Anthropic results for 29.
ENDED_AGE = 35 * 86400.0


class JobStore(Protocol):
    """Keeps jobs until they have ended."""

    def add(self, job: Job, due: float) -> bool:
        """Keep a job that is due at this time; return False if it is known already."""
        ...

    def known(self, key: str) -> bool:
        """Return whether a job is or was followed."""
        ...

    def jobs(self) -> list[tuple[Job, float]]:
        """Return the jobs that have not ended, and when each is due."""
        ...

    def claim(self, job: Job) -> AbstractContextManager[bool]:
        """Return a context manager whose value says whether this thread alone may look at the job now."""
        ...

    def postpone(self, job: Job, due: float) -> None:
        """Say when the job is due next."""
        ...

    def end(self, job: Job) -> None:
        """Keep the job no longer."""
        ...


class JobMemory:
    """Keeps jobs for as long as the process lives."""

    def __init__(self) -> None:
        self._jobs: dict[str, tuple[Job, float]] = {}
        self._ended: set[str] = set()

    def add(self, job: Job, due: float) -> bool:
        """See `JobStore.add`."""
        if self.known(job.key):
            return False
        self._jobs[job.key] = job, due
        return True

    def known(self, key: str) -> bool:
        """See `JobStore.known`."""
        return key in self._jobs or key in self._ended

    def jobs(self) -> list[tuple[Job, float]]:
        """See `JobStore.jobs`."""
        return list(self._jobs.values())

    @contextmanager
    def claim(self, job: Job) -> Iterator[bool]:
        """See `JobStore.claim`."""
        yield job.key in self._jobs

    def postpone(self, job: Job, due: float) -> None:
        """See `JobStore.postpone`."""
        if job.key in self._jobs:
            self._jobs[job.key] = job, due

    def end(self, job: Job) -> None:
        """See `JobStore.end`."""
        self._jobs.pop(job.key, None)
        self._ended.add(job.key)


class JobFolder:
    """Keeps jobs in files, one each, which are written once as a whole and renamed when the job has ended.

    A file's time of modification is when its job is due, so that all processes of an outbox share one schedule, and its
    lock is held by the process that looks at the job.

    Args:
        outbox: the outbox's directory, which is there.
        durable: flush files to the device.
    """

    def __init__(self, outbox: str | os.PathLike[str], durable: bool = False) -> None:
        self._outbox = os.path.abspath(outbox)
        self._path = os.path.join(self._outbox, FOLDER)
        self._durable = durable
        self._read: dict[str, Job] = {}

    def add(self, job: Job, due: float) -> bool:
        """See `JobStore.add`.

        Raises:
            OutboxError: it cannot be kept.
        """
        if self.known(job.key):
            return False
        new = os.path.join(self._path, f"{job.key}-{secrets.token_hex(4)}.new")
        try:
            os.makedirs(self._path, 0o700, exist_ok=True)
            self._clean()
            fd = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | OPEN_FLAGS, 0o600)
            try:
                append_whole(fd, job.to_json())
                if self._durable:
                    flush_to_device(fd)
            finally:
                os.close(fd)
            os.utime(new, (due, due))
            try:
                os.link(new, self._file(job.key, OPEN))  # unlike a renaming, it does not replace another's
            except FileExistsError:
                return False
            finally:
                unlink(new)
            if self._durable:
                flush_directory(self._path)
        except OSError as error:
            raise failure(self._outbox, error) from error
        return True

    def known(self, key: str) -> bool:
        """See `JobStore.known`."""
        return os.path.exists(self._file(key, OPEN)) or os.path.exists(self._file(key, ENDED))

    def jobs(self) -> list[tuple[Job, float]]:
        """See `JobStore.jobs`. Files that cannot be read are left alone."""
        found = []
        names = self._names()
        for name in names:
            if not name.endswith(OPEN):
                continue
            path = os.path.join(self._path, name)
            try:
                if name[: -len(OPEN)] + ENDED in names:  # a process was killed while it noted the end
                    unlink(path)
                    continue
                due = os.stat(path).st_mtime
                job = self._read.get(name)
                if job is None:
                    with open(path, "rb") as file:
                        job = self._read[name] = Job.from_json(file.read(MAX_JOB_BYTES))
            except (OSError, ValueError):
                continue
            found.append((job, due))
        return found

    @contextmanager
    def claim(self, job: Job) -> Iterator[bool]:
        """See `JobStore.claim`."""
        path = self._file(job.key, OPEN)
        try:
            fd = os.open(path, os.O_RDWR | OPEN_FLAGS)
        except OSError:  # it has ended, or the outbox is gone
            yield False
            return
        locked = False
        try:
            locked = try_lock(fd)
            # While this process waited its turn, another one may have looked, and so postponed it.
            yield locked and is_named(fd, path) and os.fstat(fd).st_mtime <= time.time()
        finally:
            try:
                if locked:
                    unlock(fd)  # also for forks, which have inherited the open file
            finally:
                os.close(fd)

    def postpone(self, job: Job, due: float) -> None:
        """See `JobStore.postpone`."""
        try:
            os.utime(self._file(job.key, OPEN), (due, due))
        except OSError:
            pass

    def end(self, job: Job) -> None:
        """See `JobStore.end`."""
        path, ended = self._file(job.key, OPEN), self._file(job.key, ENDED)
        try:
            # A new file rather than a new name: Windows renames no file that is open.
            os.close(os.open(ended, os.O_WRONLY | os.O_CREAT | OPEN_FLAGS, 0o600))
            unlink(path)
        except OSError:
            pass  # it is looked at again, and its events have the same ids
        self._read.pop(job.key + OPEN, None)

    def _file(self, key: str, ending: str) -> str:
        return os.path.join(self._path, key + ending)

    def _names(self) -> list[str]:
        try:
            return sorted(os.listdir(self._path))
        except OSError:
            return []

    def _clean(self) -> None:
        """Remove what is known of jobs that ended long ago, and files that were never finished."""
        now = time.time()
        for name in self._names():
            age = ENDED_AGE if name.endswith(ENDED) else 3600.0 if name.endswith(".new") else None
            path = os.path.join(self._path, name)
            try:
                if age is not None and os.stat(path).st_mtime < now - age:
                    unlink(path)
            except OSError:
                continue

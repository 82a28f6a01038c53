"""Followed jobs without the import of all that knows of providers, until there is a job."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from openmonetize._http.redaction import Secret
from openmonetize._stores.opening import is_postgres
from openmonetize.client.following import has_jobs, waiting_jobs

if TYPE_CHECKING:
    from openmonetize._http.configuration import Configuration
    from openmonetize.client.following.following import Following
    from openmonetize.client.recording import Recording

_LOG = logging.getLogger("openmonetize")


class LazyFollowing:
    """Makes a `Following` when there is a job.

    Args:
        recording, configuration, outbox, durability: see `Following`.
    """

    def __init__(
        self,
        recording: Recording,
        configuration: Configuration,
        outbox: Secret,
        durability: str,
    ) -> None:
        self._settings = recording, configuration, outbox, durability
        self._folder = None if outbox.value is None or is_postgres(outbox) else outbox.value
        self._in_database = is_postgres(outbox)
        self._made: Following | None = None
        waiting = 0 if self._folder is None else waiting_jobs(self._folder)
        if waiting:
            _LOG.info("%d jobs of providers wait in the outbox: om.resume_following(client) goes on with them", waiting)

    def get(self) -> Following:
        """Return it."""
        if self._made is None:
            from openmonetize.client.following.following import Following

            # Two threads may each make one; the first is kept, and the other has done nothing yet.
            made = Following(*self._settings)
            self._made = self._made or made
        return self._made

    def follows(self, client: Any, job_id: str) -> bool:
        """Return whether a job is or was followed, here or by another process of the outbox."""
        if self._made is None and not self._in_database and (self._folder is None or not has_jobs(self._folder)):
            return False
        return self.get().follows(client, job_id)

    def count(self) -> int:
        """Return how many jobs have not ended."""
        if self._made is None and not self._in_database and (self._folder is None or not waiting_jobs(self._folder)):
            return 0
        return self.get().follower.count()

    def close(self) -> None:
        """Look at no job any more."""
        if self._made is not None:
            self._made.follower.close()

"""Followed jobs without the import of all that knows of providers, until there is a job."""

from __future__ import annotations

import logging
import os
from typing import TYPE_CHECKING, Any

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
        outbox: str | os.PathLike[str] | None,
        durability: str,
    ) -> None:
        self._settings = recording, configuration, outbox, durability
        self._outbox = outbox
        self._made: Following | None = None
        waiting = 0 if outbox is None else waiting_jobs(outbox)
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
        if self._made is None and (self._outbox is None or not has_jobs(self._outbox)):
            return False
        return self.get().follows(client, job_id)

    def count(self) -> int:
        """Return how many jobs have not ended."""
        if self._made is None and (self._outbox is None or not waiting_jobs(self._outbox)):
            return 0
        return self.get().follower.count()

    def close(self) -> None:
        """Look at no job any more."""
        if self._made is not None:
            self._made.follower.close()

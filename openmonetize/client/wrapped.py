"""The calls of a wrapped client, and how they are recorded."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from openmonetize.client.context import EMPTY
from openmonetize.client.recording import Recording

if TYPE_CHECKING:
    from openmonetize.client.following.lazy import LazyFollowing
    from openmonetize.providers import Usage


class WrappedCalls:
    """Records the calls of one wrapped client.

    Args:
        recording: records the events.
        client: the name of the client's class, for warnings.
        user_id: the user of all calls; None leaves it to the scope.
        feature_id: the feature of all calls; None leaves it to the scope.
        metadata: facts to keep with every event.
        following: knows which jobs are followed.

    Raises:
        ApiTypeError, ApiValueError: a value cannot be sent.
    """

    def __init__(
        self,
        recording: Recording,
        client: str,
        user_id: str | None,
        feature_id: str | None,
        metadata: Mapping[str, Any] | None,
        following: LazyFollowing,
    ) -> None:
        EMPTY.nested(user_id, feature_id, metadata)  # A bad value is an error of the wrapping, not of every call.
        self._recording = recording
        self._client = client
        self._user_id = user_id
        self._feature_id = feature_id
        self._metadata = metadata
        self._following = following

    def record(self, usage: Usage, began: float) -> None:
        """Record what a call used, unless another layer of the program has told of it."""
        sightings = self._recording.sightings
        if sightings is None:
            self._record(usage)
            return
        from openmonetize.client.sightings import Call

        sightings.record("client", Call.of(usage, began), functools.partial(self._record, usage))

    def _record(self, usage: Usage) -> str:
        return self._recording.record_usage(
            usage, user_id=self._user_id, feature_id=self._feature_id, metadata=self._metadata
        )

    def unmetered(self, error: Exception) -> None:
        """Warn that the usage of a call could not be read or recorded, or that a kind of calls never is."""
        job_id = getattr(error, "job_id", None)
        if job_id is not None:
            self._recording.warnings.job_made(job_id)
            return
        path = getattr(error, "path", None)
        self._recording.warnings.unmetered(f"{path or 'a call'} of {self._client}", error)

    def followed(self, client: Any, job_id: str) -> bool:
        """Return whether a job that is being retrieved is followed."""
        self._recording.warnings.job_taken(job_id)
        return self._following.follows(client, job_id)

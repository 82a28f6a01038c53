"""The calls of a wrapped client, and how they are recorded."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from openmonetize.client.context import EMPTY
from openmonetize.client.recording import Recording

if TYPE_CHECKING:
    from openmonetize.providers import Usage


class WrappedCalls:
    """Records the calls of one wrapped client.

    Args:
        recording: records the events.
        client: the name of the client's class, for warnings.
        user_id: the user of all calls; None leaves it to the scope.
        feature_id: the feature of all calls; None leaves it to the scope.
        metadata: facts to keep with every event.

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
    ) -> None:
        EMPTY.nested(user_id, feature_id, metadata)  # A bad value is an error of the wrapping, not of every call.
        self._recording = recording
        self._client = client
        self._user_id = user_id
        self._feature_id = feature_id
        self._metadata = metadata

    def record(self, usage: Usage) -> None:
        """Record what a call used."""
        self._recording.record_usage(usage, user_id=self._user_id, feature_id=self._feature_id, metadata=self._metadata)

    def unmetered(self, error: Exception) -> None:
        """Warn that the usage of a call could not be read or recorded, or that a kind of calls never is."""
        path = getattr(error, "path", None)
        self._recording.warnings.unmetered(f"{path or 'a call'} of {self._client}", error)

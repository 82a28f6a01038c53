"""A layer of a program that tells of the calls of providers: a framework's callback, a gateway, a span."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from openmonetize.client.context import EMPTY
from openmonetize.client.recording import Recording
from openmonetize.client.sightings import Call, Sightings

if TYPE_CHECKING:
    from openmonetize.providers import Usage


class Layer:
    """Records the calls that one layer tells of, unless another layer has told of them.

    Several layers may see one call: a wrapped client, the callback of a framework around it, a gateway, a span. Each
    tells of it, and one event is recorded. Nothing here raises: what cannot be recorded is logged and counted
    (``om.warning_counts()["unmetered"]``), since metering must not break the program that it watches.

    Args:
        recording: records the events.
        sightings: know the calls that the other layers have told of.
        name: of the layer, such as ``langchain``; objects of one name are one layer.
        user_id: the user of all calls; None leaves it to the scope.
        feature_id: the feature of all calls; None leaves it to the scope.
        metadata: facts to keep with every event.

    Raises:
        ApiTypeError, ApiValueError: a value cannot be sent.
    """

    def __init__(
        self,
        recording: Recording,
        sightings: Sightings,
        name: str,
        user_id: str | None,
        feature_id: str | None,
        metadata: Mapping[str, Any] | None,
    ) -> None:
        EMPTY.nested(user_id, feature_id, metadata)  # a bad value is an error of this line, not of every call
        self.name = name
        self._recording = recording
        self._sightings = sightings
        self._user_id = user_id
        self._feature_id = feature_id
        self._metadata = metadata

    def record(
        self,
        usage: Usage,
        *,
        call_id: object = None,
        began: float | None = None,
        user_id: str | None = None,
        feature_id: str | None = None,
        metadata: Mapping[str, Any] | None = None,
    ) -> str | None:
        """Record what a call has used, unless another layer has told of it.

        Args:
            usage: what it has used. Its ``response_id`` is the provider's own, or None.
            call_id: the layer's own id of the call, where it may tell of one call twice.
            began: when the call began, by `time.monotonic`; needed to find it among the calls of other layers where
                the provider's id of the answer is not known.
            user_id, feature_id: of this call; by default those of the layer, else those of ``om.context``.
            metadata: facts of this call, beside those of the layer.

        Returns:
            The event's id; None if it was not recorded, or by another layer.
        """
        facts = {**(self._metadata or {}), **(metadata or {})} or None

        def record() -> str:
            return self._recording.record_usage(
                usage, user_id=user_id or self._user_id, feature_id=feature_id or self._feature_id, metadata=facts
            )

        try:
            return self._sightings.record(self.name, Call.of(usage, began), record, call_id)
        except Exception as error:
            self._recording.warnings.unmetered(f"a call of {usage.model}, seen by {self.name},", error)
            return None

    def unknown(
        self, model: str | None, error: Exception, *, call_id: object = None, began: float | None = None
    ) -> None:
        """Tell of a call whose usage this layer does not know. It is not metered, unless another layer knows it.

        It counts as ``unmetered`` at once, and no more when another layer records it; it is logged after ten seconds.

        Args:
            model: that was called, as far as it is known.
            error: why its usage is not known.
            call_id, began: see :meth:`record`.
        """
        now = time.monotonic()
        call = Call(model or "", now if began is None else min(began, now), now)
        what = f"a call of {model or 'a model'}, seen by {self.name},"
        self._sightings.unknown(self.name, call, lambda: self._recording.warnings.unmetered(what, error), call_id)

"""A recording that tells a function of each event, with its estimate."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from typing import Any

from openmonetize.client.last_usage import estimate_of
from openmonetize.client.recording import Recording
from openmonetize.events.model import EventModel
from openmonetize.pricing import Charge

_LOG = logging.getLogger("openmonetize")

OnRecorded = Callable[[EventModel, Charge], object]


class ToldRecording(Recording):
    """A `Recording` that tells a function of each event. It takes the place of the plain one only where there is one.

    Args:
        on_recorded: called after an event was recorded, by the recording thread. What it raises is logged, once for
            each kind of error.

    The other arguments are those of `Recording`.
    """

    def __init__(self, *args: Any, on_recorded: OnRecorded, **settings: Any) -> None:
        super().__init__(*args, **settings)
        self._on_recorded = on_recorded
        self._telling = threading.local()
        self._failures: set[str] = set()

    def record_tokens(
        self,
        provider: str,
        model: str,
        input_tokens: int | None,
        output_tokens: int | None,
        user_id: str | None,
        feature_id: str | None,
        customer_id: str | None,
        metadata: Mapping[str, Any] | None,
        connection: Any = None,
    ) -> str:
        """Record a token event as a model, which the function is told of."""
        fields = {"provider": provider, "model": model, "input_tokens": input_tokens, "output_tokens": output_tokens}
        return self.record("TOKEN_USAGE", fields, user_id, feature_id, customer_id, metadata, connection=connection)

    def _put(self, event: EventModel, unpriced: str | None, connection: Any) -> str:
        event_id = super()._put(event, unpriced, connection)
        if not getattr(self._telling, "is_on", False):  # what the function itself records is not told
            self._telling.is_on = True
            try:
                told = event.model_copy(update={"event_id": event_id})
                self._on_recorded(told, estimate_of(told))
            except Exception as error:
                kind = type(error).__name__
                level = logging.DEBUG if kind in self._failures else logging.ERROR
                self._failures.add(kind)
                _LOG.log(level, "on_recorded failed; the event was recorded", exc_info=True)
            finally:
                self._telling.is_on = False
        return event_id

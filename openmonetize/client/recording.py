"""The recording core of `OpenMonetize`: what every event goes through, whichever method recorded it."""

from __future__ import annotations

import os
from typing import Any, ContextManager, Dict, List, Mapping, Optional, Tuple, Type, Union

from openmonetize._http.configuration import Configuration
from openmonetize.client.context import EMPTY, ContextScope
from openmonetize.client.usage_warnings import UsageWarnings
from openmonetize.events.fields import MODEL_KEY
from openmonetize.events.ingest import prepare
from openmonetize.events.model import EventModel
from openmonetize.events.token_encoder import TokenEventEncoder
from openmonetize.exceptions import ApiTypeError, ApiValueError
from openmonetize.metering import DeadLetter, FlushResult, OtherAccount, Recorder, Stats
from openmonetize.pricing.model_names import ModelNames, Name

_PRICED_KINDS = ("TOKEN_USAGE", "IMAGE_GENERATION")


class Recording:
    """Completes events from scope, customer and model names, and hands them to the recorder.

    Args:
        recorder: takes the events; None drops them, after the same checks.
        configuration: its `id_namespace` is used where events are dropped.
        customer_id: goes into every event that names none.
        resolve_models: send dated model names as the names that the platform prices.
    """

    def __init__(
        self,
        recorder: Optional[Recorder],
        configuration: Configuration,
        *,
        customer_id: Optional[str] = None,
        resolve_models: bool = True,
    ) -> None:
        from openmonetize.models.api_call_event import ApiCallEvent
        from openmonetize.models.custom_event import CustomEvent
        from openmonetize.models.image_generation_event import ImageGenerationEvent
        from openmonetize.models.token_usage_event import TokenUsageEvent
        from openmonetize.models.usage_event import UsageEvent

        self._event_of_any_kind = UsageEvent
        self._kinds: Mapping[str, Type[EventModel]] = {
            "TOKEN_USAGE": TokenUsageEvent,
            "IMAGE_GENERATION": ImageGenerationEvent,
            "CUSTOM": CustomEvent,
            "API_CALL": ApiCallEvent,
        }
        self._recorder = recorder
        self._namespace = configuration.id_namespace
        self._named_customer = customer_id
        self._scope = ContextScope()
        self._warnings = UsageWarnings()
        self._names = ModelNames(resolve_models)
        self._lines = TokenEventEncoder()

    def track(self, event: Union[EventModel, Mapping[str, Any]]) -> str:
        """Record an event model, or a dict with ``event_type`` and the fields of that kind of event.

        What it leaves out of user, feature and metadata comes from :meth:`context`. The event itself is not changed.

        Returns:
            The event's id on the wire.

        Raises:
            ApiTypeError, ApiValueError, BufferFull: as for :meth:`track_token_usage`.
        """
        try:
            return self._put(*self._completed(event))
        except (ApiTypeError, ApiValueError):
            self._warnings.refused()
            raise

    def context(
        self,
        *,
        user_id: Optional[str] = None,
        feature_id: Optional[str] = None,
        metadata: Optional[Mapping[str, Any]] = None,
    ) -> ContextManager[None]:
        """``with om.context(user_id=..., ...):`` fills in what recording calls and checks in the block leave out.

        Follows threads and tasks as `contextvars` does. Blocks nest: the inner one wins, metadata is merged.

        Args:
            user_id: who uses something.
            feature_id: what is used.
            metadata: facts to keep with every event.

        Raises:
            ApiTypeError, ApiValueError: a value cannot be sent.
        """
        return self._scope.using((self._scope.get() or EMPTY).within(user_id, feature_id, metadata))

    # What becomes of the events

    def flush(self, timeout: float = 10.0) -> FlushResult:
        """Deliver everything recorded so far.

        Args:
            timeout: seconds to wait at the most.

        Returns:
            What happened; true where everything has its outcome.
        """
        if self._recorder is None:
            return FlushResult(True, 0, 0, 0, 0)
        return self._recorder.flush(timeout)

    def stats(self) -> Stats:
        """Where all recorded events are: tracked = accepted + duplicate + queued + retrying + dead + dropped."""
        return Stats() if self._recorder is None else self._recorder.stats()

    def warning_counts(self) -> Dict[str, int]:
        """How often doubtful things were seen; each is logged the first time only.

        ``refused``: events that raised at the caller's line. ``unmetered``: calls of metered functions whose usage
        could not be read or recorded. ``unpriced_model``: events of a model that the platform has no price for.
        ``short_user_id``: events with a user id that another customer is likely to use as well. ``long_user_id``:
        events with one whose balance cannot be looked up.
        """
        return self._warnings.counts()

    def dead_letters(self) -> List[DeadLetter]:
        """The events that the platform refuses for good, with its reasons."""
        return [] if self._recorder is None else self._recorder.dead_letters()

    def replay_dead_letters(self) -> int:
        """Send the refused events again, under their ids. Returns how many."""
        return 0 if self._recorder is None else self._recorder.replay_dead_letters()

    def discard_dead_letters(self) -> int:
        """Give the refused events up: they count as dropped. Returns how many."""
        return 0 if self._recorder is None else self._recorder.discard_dead_letters()

    def export_dead_letters(self, path: Union[str, os.PathLike[str]]) -> int:
        """Write the refused events to a new file, one JSON object a line. Returns how many."""
        return 0 if self._recorder is None else self._recorder.export_dead_letters(path)

    def usage_of_other_keys(self) -> List[OtherAccount]:
        """Events in the outbox that were recorded under other keys, or for other servers, and wait for those.

        Keys that the platform knows to be this customer's are not among them: their events are delivered.
        """
        return [] if self._recorder is None else self._recorder.usage_of_other_keys()

    def adopt_usage(self, account: OtherAccount) -> int:
        """Bill what waits for another key to this customer, on your word that the key was its own.

        Args:
            account: one of :meth:`usage_of_other_keys`.

        Returns:
            How many events were taken over, dead letters included.

        Raises:
            MeteringError: the platform has said that they are another customer's.
            OutboxError: the file cannot be used.
        """
        return 0 if self._recorder is None else self._recorder.adopt_usage(account)

    # The way of an event

    def _record(self, kind: str, fields: Dict[str, Any], derived: bool = False) -> str:
        try:
            added, unpriced = self._additions(fields, kind)
            complete = {**fields, **added}
            if complete["feature_id"] is None:
                raise ApiTypeError(
                    "feature_id is missing: pass it, or set it for a block with `with om.context(feature_id=...)`"
                )
            event = self._kinds[kind](**{name: value for name, value in complete.items() if value is not None})
            if derived:  # by us, not the caller: what another layer says of the same call is no contradiction
                event.model_fields_set.discard("event_id")
            recorded = self._put(event, unpriced)
        except (ApiTypeError, ApiValueError):
            self._warnings.refused()
            raise
        if kind == "TOKEN_USAGE" and unpriced is None:
            self._lines.learn(fields, vars(event))
        return recorded

    def _completed(self, event: Union[EventModel, Mapping[str, Any]]) -> Tuple[EventModel, Optional[str]]:
        if isinstance(event, EventModel):
            added, unpriced = self._additions(vars(event), vars(event)["event_type"])
            return event.model_copy(update=added) if added else event, unpriced
        if not isinstance(event, Mapping):
            raise ApiTypeError(f"an event must be an event model or a dict, not {type(event).__name__}")
        added, unpriced = self._additions(event, event.get("event_type"))
        return self._event_of_any_kind.from_dict({**event, **added}), unpriced

    def _put(self, event: EventModel, unpriced: Optional[str]) -> str:
        if self._recorder is not None:
            self._recorder.record(event)
        else:
            event = prepare(event, self._namespace)[0]
        values = vars(event)
        if values["user_id"]:
            self._warnings.user_id(values["user_id"])
        if unpriced is not None:
            self._warnings.unpriced(values["provider"], unpriced)
        event_id: str = values["event_id"]
        return event_id

    def _additions(self, fields: Mapping[str, Any], kind: Any) -> Tuple[Dict[str, Any], Optional[str]]:
        """What the scope, the client and the model names add to an event, and its model if that has no price."""
        added = self._from_scope(fields)
        if self._named_customer is not None and fields.get("customer_id") is None:
            added["customer_id"] = self._named_customer
        name = self._priced_name(fields) if kind in _PRICED_KINDS else None
        if name is None:
            return added, None
        model = fields["model"]
        if name.model != model:
            added["model"] = name.model
            metadata = added.get("metadata", fields.get("metadata"))
            if metadata is None or isinstance(metadata, Mapping):
                added["metadata"] = {MODEL_KEY: model, **(metadata or {})}
        return added, None if name.priced else model

    def _from_scope(self, fields: Mapping[str, Any]) -> Dict[str, Any]:
        scope = self._scope.get()
        if scope is None:
            return {}
        given = {name: fields.get(name) for name in ("user_id", "feature_id", "metadata")}
        filled = dict(zip(given, scope.fill(*given.values())))
        return {name: value for name, value in filled.items() if value is not given[name]}

    def _priced_name(self, fields: Mapping[str, Any]) -> Optional[Name]:
        """The name under which a model is billed; None where the event will be refused for lack of one."""
        provider, model = fields.get("provider"), fields.get("model")
        if type(provider) is not str or type(model) is not str or not model:
            return None
        return self._names.find(provider.upper(), model, fields.get("image_size"), fields.get("quality"))

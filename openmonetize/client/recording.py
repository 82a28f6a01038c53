"""The recording part of `OpenMonetize`: complete an event, check it, and hand it to the recorder."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any, Callable, Union

from openmonetize._arguments import MISSING, described
from openmonetize.client.context import ContextScope
from openmonetize.client.disabled import DisabledRecorder
from openmonetize.client.last_usage import LastUsages
from openmonetize.client.usage_warnings import UsageWarnings
from openmonetize.events.fields import MODEL_KEY
from openmonetize.events.model import EventModel
from openmonetize.events.token_encoder import TokenEventEncoder
from openmonetize.exceptions import ApiTypeError, ApiValueError
from openmonetize.metering import Recorder
from openmonetize.pricing.model_names import ModelNames, Name

if TYPE_CHECKING:
    from openmonetize.client.sightings import Sightings
    from openmonetize.client.usage_billing import UsageBilling
    from openmonetize.providers.usage import TokenPolicy, Usage

Time = Union[datetime, str, None]

_LOG = logging.getLogger("openmonetize")
_PRICED_KINDS = ("TOKEN_USAGE", "IMAGE_GENERATION")


class Recording:
    """Completes events from the scope, the customer and the model names, and records them.

    Attributes:
        scope: the scope of the running thread or task.
        warnings: warnings about doubtful usage, and their counts.
        last_usages: the last usage of a provider's call, by thread and task.
        sightings: the calls that several layers may tell of; None while no layer but wrapped clients does.
        listeners: called with the usage of each provider's call that is recorded, and the event's id.

    Args:
        recorder: takes the events.
        scope: fills in what recording calls leave out.
        names: the names under which models are billed.
        warnings: counts doubtful usage, and logs it.
        customer_id: goes into every event that names none.
        require_user: refuse events without a user.
        token_policy: which tokens of a provider's call are billed.
        unit_prices: whole credits for one call of a tool that a provider runs, by tool.
    """

    def __init__(
        self,
        recorder: Recorder | DisabledRecorder,
        *,
        scope: ContextScope,
        names: ModelNames,
        warnings: UsageWarnings,
        customer_id: str | None = None,
        require_user: bool = False,
        token_policy: TokenPolicy = "reported",
        unit_prices: Mapping[str, int] | None = None,
    ) -> None:
        from openmonetize.models.api_call_event import ApiCallEvent
        from openmonetize.models.custom_event import CustomEvent
        from openmonetize.models.image_generation_event import ImageGenerationEvent
        from openmonetize.models.token_usage_event import TokenUsageEvent
        from openmonetize.models.usage_event import UsageEvent

        self.scope = scope
        self.warnings = warnings
        self.last_usages = LastUsages()
        self.sightings: Sightings | None = None
        self.listeners: list[Callable[[Usage, str], None]] = []
        self._recorder = recorder
        self._names = names
        self._customer_id = customer_id
        self._require_user = require_user
        self._token_policy: TokenPolicy = token_policy
        self._unit_prices = unit_prices or {}
        self._usage_billing: UsageBilling | None = None
        self._encoder = TokenEventEncoder()
        self._event_of_any_kind = UsageEvent
        self._kinds: Mapping[str, type[EventModel]] = {
            "TOKEN_USAGE": TokenUsageEvent,
            "IMAGE_GENERATION": ImageGenerationEvent,
            "CUSTOM": CustomEvent,
            "API_CALL": ApiCallEvent,
        }

    # Callers pass the arguments of these methods by position, because keywords would make every recording call slower.

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
        """Record a token event that happens now, under an id of ours. Return the id.

        An event like one that was recorded before is written without its model, which is several times faster.
        """
        scope = self.scope.get()
        if scope is not None:
            user_id, feature_id, metadata = scope.fill(user_id, feature_id, metadata)
        encoded = None
        if scope is None or scope.hold is None:
            encoded = self._encoder.write(
                (provider, model, feature_id, customer_id), user_id, input_tokens, output_tokens, metadata
            )
        if encoded is not None and user_id is not None:
            event_id, wire = encoded
            if connection is None:
                self._recorder.put(wire)
            else:
                self._recorder.put_in(connection, wire)
            self.warnings.user_id(user_id)
            return event_id
        fields = {"provider": provider, "model": model, "input_tokens": input_tokens, "output_tokens": output_tokens}
        return self.record("TOKEN_USAGE", fields, user_id, feature_id, customer_id, metadata, connection=connection)

    def record(
        self,
        kind: str,
        fields: dict[str, Any],
        user_id: str | None,
        feature_id: str | None,
        customer_id: str | None,
        metadata: Mapping[str, Any] | None,
        event_id: str | None = None,
        timestamp: Time = None,
        idempotency_key: str | None = None,
        connection: Any = None,
    ) -> str:
        """Record an event of one kind. Return its id on the wire.

        Args:
            kind: the event type.
            fields: the fields that only this kind of event has; the others are added to it.
            connection: record it within this transaction; None for none.
        """
        fields.update(
            user_id=user_id,
            feature_id=feature_id,
            customer_id=customer_id,
            metadata=metadata,
            event_id=event_id,
            timestamp=timestamp,
            idempotency_key=idempotency_key,
        )
        return self._record_event(kind, fields, connection=connection)[0]

    def record_usage(
        self,
        usage: Any,
        provider: str | None = None,
        model: str | None = None,
        host: str | None = None,
        user_id: str | None = None,
        feature_id: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        event_id: str | None = None,
        timestamp: Time = None,
        connection: Any = None,
    ) -> str:
        """Record what a provider's call used; see `OpenMonetize.track_usage`."""
        billing = self._usage_billing or self._make_usage_billing()
        usage = billing.usage_of(usage, provider, model, host)
        kind, fields, billed = billing.event(usage, metadata, timestamp)
        derived = None if event_id is not None else billing.event_id(usage)
        fields.update(user_id=user_id, feature_id=feature_id, timestamp=timestamp, event_id=derived or event_id)
        recorded, event = self._record_event(kind, fields, derived is not None, connection)
        self.last_usages.set(usage, recorded, event)
        if usage.details or billed is not None:
            for fields in billing.tool_events(usage, metadata, str(event_id or recorded)):
                fields.update(user_id=user_id, feature_id=feature_id, timestamp=timestamp)
                self._record_event("CUSTOM", fields, event_id is None, connection)
            billing.tell(usage, billed)
        if usage.completeness == "partial":
            self.warnings.partial_stream(usage.provider, usage.model)
        scope = self.scope.get()
        if scope is not None and scope.recorded is not None:
            scope.recorded.add(usage)
        for listener in self.listeners:
            try:
                listener(usage, recorded)
            except Exception as error:  # it watches, and what it watches is done
                _LOG.warning("a listener to usage has failed: %r", error)
        return recorded

    def make_sightings(self) -> Sightings:
        """Return the calls that several layers may tell of, which are noted from now on."""
        from openmonetize.client.sightings import Sightings

        if self.sightings is None:
            self.sightings = Sightings()
        return self.sightings

    def _make_usage_billing(self) -> UsageBilling:
        from openmonetize.client.usage_billing import UsageBilling  # late, with all that reads providers' answers

        self._usage_billing = UsageBilling(self._token_policy, self._unit_prices, self.warnings)
        return self._usage_billing

    def record_event(self, event: EventModel | Mapping[str, Any], connection: Any = None) -> str:
        """Record an event model or a dict; see `OpenMonetize.track`."""
        try:
            return self._put(*self._complete(event), connection)
        except (ApiTypeError, ApiValueError):
            self.warnings.refused()
            raise

    def complete(self, event: EventModel | Mapping[str, Any]) -> EventModel:
        """Return the event as it would be recorded."""
        return self._complete(event)[0]

    def _record_event(
        self, kind: str, fields: dict[str, Any], derived: bool = False, connection: Any = None
    ) -> tuple[str, EventModel]:
        """Record an event. Return its id on the wire, and the event."""
        try:
            added, unpriced = self._additions(fields, kind)
            complete = {**fields, **added}
            if complete["feature_id"] is None:
                raise ApiTypeError(
                    "feature_id is missing: pass it, or set it for a block with `with om.context(feature_id=...)`"
                )
            event = self._kinds[kind](**{name: value for name, value in complete.items() if value is not None})
            if derived:
                # Another layer may derive the same id and describe the call in other words. That is no contradiction
                # of the caller's, so the id does not count as given.
                event.model_fields_set.discard("event_id")
            recorded = self._put(event, unpriced, connection)
        except (ApiTypeError, ApiValueError):
            self.warnings.refused()
            missing = [name for name, value in fields.items() if value is MISSING]
            if missing:
                wanted = " and ".join(f"{name}=..." for name in missing)
                raise ApiTypeError(f"{missing[0]} is missing: pass {wanted}") from None
            raise
        if kind == "TOKEN_USAGE" and unpriced is None:
            self._encoder.learn(fields, vars(event))
        return recorded, event

    def _complete(self, event: EventModel | Mapping[str, Any]) -> tuple[EventModel, str | None]:
        """Return the complete event, and its model if that has no price."""
        if isinstance(event, EventModel):
            added, unpriced = self._additions(vars(event), vars(event)["event_type"])
            return event.model_copy(update=added) if added else event, unpriced
        if not isinstance(event, Mapping):
            raise ApiTypeError(f"an event must be an event model or a dict, not {described(event)}")
        added, unpriced = self._additions(event, event.get("event_type"))
        return self._event_of_any_kind.from_dict({**event, **added}), unpriced

    def _put(self, event: EventModel, unpriced: str | None, connection: Any) -> str:
        values = vars(event)
        if self._require_user and not values["user_id"]:
            raise ApiValueError(
                "user_id is missing, and this OpenMonetize(require_user=True) records nothing that no user pays for: "
                "pass it, or set it for a block with `with om.context(user_id=...)`"
            )
        record = self._recorder.record if connection is None else partial(self._recorder.record_in, connection)
        scope = self.scope.get()
        event_id = record(event) if scope is None or scope.hold is None else scope.hold.record(event, record)
        if values["user_id"]:
            self.warnings.user_id(values["user_id"])
        elif values["event_type"] != "API_CALL":  # which costs nothing
            self.warnings.no_user()
        if unpriced is not None:
            self.warnings.unpriced(values["provider"], unpriced)
        return event_id

    def _additions(self, fields: Mapping[str, Any], kind: Any) -> tuple[dict[str, Any], str | None]:
        """Return what the scope, the customer and the model names add, and the event's model if that has no price."""
        added = self._from_scope(fields)
        if self._customer_id is not None and fields.get("customer_id") is None:
            added["customer_id"] = self._customer_id
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

    def _from_scope(self, fields: Mapping[str, Any]) -> dict[str, Any]:
        scope = self.scope.get()
        if scope is None:
            return {}
        given = {name: fields.get(name) for name in ("user_id", "feature_id", "metadata")}
        filled = dict(zip(given, scope.fill(*given.values())))
        return {name: value for name, value in filled.items() if value is not given[name]}

    def _priced_name(self, fields: Mapping[str, Any]) -> Name | None:
        """Return the name under which a model is billed, or None if the event will be refused for lack of one."""
        provider, model = fields.get("provider"), fields.get("model")
        if type(provider) is not str or type(model) is not str or not model:
            return None
        return self._names.find(provider.upper(), model, fields.get("image_size"), fields.get("quality"))

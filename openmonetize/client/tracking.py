"""Recording usage: one call per event, a validation error at once or done."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, Mapping, Optional, TypeVar, Union

from openmonetize.client.context import EMPTY
from openmonetize.client.recording import Recording
from openmonetize.exceptions import ApiTypeError

if TYPE_CHECKING:
    from openmonetize.providers import Usage
    from openmonetize.providers.extract import OnPartial
    from openmonetize.providers.metered_call import ModelChoice

Client = TypeVar("Client")
Time = Union[datetime, str, None]


class Tracker(Recording):
    """The recording side of `OpenMonetize`; arguments as for `Recording`."""

    def track_token_usage(
        self,
        *,
        provider: str,
        model: str,
        input_tokens: Optional[int] = None,
        output_tokens: Optional[int] = None,
        user_id: Optional[str] = None,
        feature_id: Optional[str] = None,
        customer_id: Optional[str] = None,
        metadata: Optional[Mapping[str, Any]] = None,
        event_id: Optional[str] = None,
        timestamp: Time = None,
        idempotency_key: Optional[str] = None,
    ) -> str:
        """Record the tokens of one call of a language model.

        Args:
            provider: whose model: openai, anthropic, google, cohere or mistral.
            model: the model's name; dated names are sent as the names that the platform prices.
            input_tokens: tokens read, a whole number.
            output_tokens: tokens written, a whole number.
            user_id: whose wallet pays; without a user the customer's own does. Ids are shared by all customers
                of the platform, so give them a prefix of yours.
            feature_id: the feature of your product.
            customer_id: the customer behind the key; rarely needed.
            metadata: facts of your own, kept with the event.
            event_id: a UUID, or an id of your own (see `Configuration.id_namespace`); by default a new UUID.
            timestamp: when; by default now.
            idempotency_key: by default the event's id.

        What is left out of user, feature and metadata comes from :meth:`context`.

        Returns:
            The event's id on the wire.

        Raises:
            ApiTypeError, ApiValueError: the event cannot be billed; the text says why. Nothing was recorded.
            BufferFull: the buffer had no room; the event was not recorded.
        """
        if event_id is None and timestamp is None and idempotency_key is None and self._recorder is not None:
            scope = self._scope.get()
            if scope is not None:
                user_id, feature_id, metadata = scope.fill(user_id, feature_id, metadata)
            line = self._lines.write(
                (provider, model, feature_id, customer_id), user_id, input_tokens, output_tokens, metadata
            )
            if line is not None and user_id is not None:
                event_id, wire = line
                self._recorder.put(wire)
                self._warnings.user_id(user_id)
                return event_id
        return self._record(
            "TOKEN_USAGE",
            {
                "provider": provider,
                "model": model,
                "input_tokens": input_tokens,
                "output_tokens": output_tokens,
                "user_id": user_id,
                "feature_id": feature_id,
                "customer_id": customer_id,
                "metadata": metadata,
                "event_id": event_id,
                "timestamp": timestamp,
                "idempotency_key": idempotency_key,
            },
        )

    def track_image_generation(
        self,
        *,
        provider: str,
        model: str,
        image_count: int = 1,
        image_size: Optional[str] = None,
        quality: Optional[str] = None,
        user_id: Optional[str] = None,
        feature_id: Optional[str] = None,
        customer_id: Optional[str] = None,
        metadata: Optional[Mapping[str, Any]] = None,
        event_id: Optional[str] = None,
        timestamp: Time = None,
        idempotency_key: Optional[str] = None,
    ) -> str:
        """Record images that a model made.

        Args:
            provider: whose model: openai, google, ...
            model: the model's name. The platform prices quality and size by name (``dall-e-3-hd``): they are
                turned into such a name.
            image_count: how many images, 1 or more.
            image_size: width x height in pixels.
            quality: such as ``hd`` or ``high``.

        All else, what is returned and what is raised: as for :meth:`track_token_usage`.
        """
        return self._record(
            "IMAGE_GENERATION",
            {
                "provider": provider,
                "model": model,
                "image_count": image_count,
                "image_size": image_size,
                "quality": quality,
                "user_id": user_id,
                "feature_id": feature_id,
                "customer_id": customer_id,
                "metadata": metadata,
                "event_id": event_id,
                "timestamp": timestamp,
                "idempotency_key": idempotency_key,
            },
        )

    def track_custom_event(
        self,
        *,
        unit_type: str,
        quantity: float,
        user_id: Optional[str] = None,
        feature_id: Optional[str] = None,
        customer_id: Optional[str] = None,
        metadata: Optional[Mapping[str, Any]] = None,
        event_id: Optional[str] = None,
        timestamp: Time = None,
        idempotency_key: Optional[str] = None,
    ) -> str:
        """Record usage in a unit of your own; the platform bills 10 credits a unit.

        Args:
            unit_type: the unit's name.
            quantity: how many, above 0; ten times it must be a whole number.

        All else, what is returned and what is raised: as for :meth:`track_token_usage`.
        """
        return self._record(
            "CUSTOM",
            {
                "unit_type": unit_type,
                "quantity": quantity,
                "user_id": user_id,
                "feature_id": feature_id,
                "customer_id": customer_id,
                "metadata": metadata,
                "event_id": event_id,
                "timestamp": timestamp,
                "idempotency_key": idempotency_key,
            },
        )

    def track_api_call(
        self,
        *,
        provider: Optional[str] = None,
        model: Optional[str] = None,
        user_id: Optional[str] = None,
        feature_id: Optional[str] = None,
        customer_id: Optional[str] = None,
        metadata: Optional[Mapping[str, Any]] = None,
        event_id: Optional[str] = None,
        timestamp: Time = None,
        idempotency_key: Optional[str] = None,
    ) -> str:
        """Record one call of a feature. The platform counts it, against limits too, and bills nothing.

        Args:
            provider: whose model was involved, if any.
            model: its name.

        All else, what is returned and what is raised: as for :meth:`track_token_usage`.
        """
        return self._record(
            "API_CALL",
            {
                "provider": provider,
                "model": model,
                "user_id": user_id,
                "feature_id": feature_id,
                "customer_id": customer_id,
                "metadata": metadata,
                "event_id": event_id,
                "timestamp": timestamp,
                "idempotency_key": idempotency_key,
            },
        )

    def track_usage(
        self,
        usage: Any,
        *,
        provider: Optional[str] = None,
        model: Optional[str] = None,
        host: Optional[str] = None,
        user_id: Optional[str] = None,
        feature_id: Optional[str] = None,
        metadata: Optional[Mapping[str, Any]] = None,
        event_id: Optional[str] = None,
        timestamp: Time = None,
    ) -> str:
        """Record what a provider's call used.

        Args:
            usage: a `Usage`, or a provider's whole response (the library's object, a dict, JSON).
            provider: for a response: bill under this provider instead of the one whose format it is.
            model: for a response: bill under this model instead of the one it names.
            host: for a response: the host that answered. With the hosts of the vendors themselves the event's id
                derives from the response's, so that a call seen by two layers is billed once.
            event_id: by default derived as just said, else a new UUID.

        All else and what is returned: as for :meth:`track_token_usage`.

        Raises:
            UsageError: the response has no usage.
            ApiTypeError, ApiValueError, BufferFull: as for :meth:`track_token_usage`.
        """
        from openmonetize.client.provider_usage import event_fields
        from openmonetize.providers import Usage, event_id_for, usage_from

        if isinstance(usage, Usage):
            if provider is not None or model is not None or host is not None:
                raise ApiTypeError("provider, model and host are for a response; a Usage says them itself")
        else:
            usage = usage_from(usage, provider=provider, model=model, host=host)
        kind, fields = event_fields(usage, metadata)
        fields.update(user_id=user_id, feature_id=feature_id, timestamp=timestamp)
        derived = None if event_id is not None else event_id_for(usage)
        fields["event_id"] = derived or event_id
        recorded = self._record(kind, fields, derived=derived is not None)
        scope = self._scope.get()
        if scope is not None and scope.seen is not None:
            scope.seen.add(usage)
        return recorded

    def wrap(
        self,
        client: Client,
        *,
        feature_id: Optional[str] = None,
        user_id: Optional[str] = None,
        metadata: Optional[Mapping[str, Any]] = None,
        provider: Optional[str] = None,
        model: ModelChoice = None,
        on_partial: OnPartial = "reported",
        request_usage: bool = True,
    ) -> Client:
        """A stand-in for a provider's client that records what each of its calls used.

        Args:
            client: a client of openai, anthropic, google-genai, mistralai, cohere (sync or async), or boto3's
                bedrock-runtime.
            feature_id: the feature of all its calls; left out, :meth:`context` says.
            user_id: the user of all its calls; left out, :meth:`context` says.
            metadata: facts to keep with every event.
            provider, model, on_partial, request_usage: see `openmonetize.providers.wrap`.

        Trouble in metering is logged once, counted (:meth:`warning_counts`), and never reaches the client's caller.
        With ``enabled=False`` the client itself is returned.

        Raises:
            TypeError, ValueError, UsageError: this client cannot be metered; see `openmonetize.providers.wrap`.
        """
        from openmonetize.providers import wrap

        EMPTY.within(user_id, feature_id, metadata)  # a bad value is an error here, not in every call

        if self._recorder is None:
            return client

        def record(usage: Usage) -> None:
            self.track_usage(usage, user_id=user_id, feature_id=feature_id, metadata=metadata)

        return wrap(
            client,
            record=record,
            on_partial=on_partial,
            provider=provider,
            model=model,
            request_usage=request_usage,
            on_unmetered=lambda error: self._warnings.unmetered(f"a call of {type(client).__qualname__}", error),
        )

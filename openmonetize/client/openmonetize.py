"""The client of the platform: one object that records usage, gates features, and calls the API."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, TypeVar

from typing_extensions import Literal, Never, Unpack

from openmonetize._arguments import MISSING, explained, explains, missing_argument, refuse, require, require_callback
from openmonetize._http.configuration import Configuration, seconds
from openmonetize._http.redaction import Secret
from openmonetize._stores.opening import is_postgres, named_place
from openmonetize.client.apis import Apis
from openmonetize.client.async_calls import AsyncCalls
from openmonetize.client.context import EMPTY, ContextScope
from openmonetize.client.disabled import DisabledClient, DisabledGate, DisabledRecorder
from openmonetize.client.estimates import Amounts, charge_for, installed_charge_for
from openmonetize.client.following.lazy import LazyFollowing
from openmonetize.client.last_usage import LastUsage
from openmonetize.client.llm_proxy import PROXY_URL, ProxyConfig, direct_config, proxy_config
from openmonetize.client.metered import Metered, UserId
from openmonetize.client.ping import Ping, ping
from openmonetize.client.recording import Recording, Time
from openmonetize.client.reserving import HOLD_TTL, HoldRecording, require_reservation
from openmonetize.client.settings import DELIVERY_SETTINGS, DeliverySettings, call_settings
from openmonetize.client.told import ToldRecording
from openmonetize.client.usage_warnings import UsageWarnings
from openmonetize.client.wallets import Wallets
from openmonetize.client.wrapped import WrappedCalls
from openmonetize.compat import CompatClient
from openmonetize.compat.price_list import InstalledPrices
from openmonetize.events.model import EventModel
from openmonetize.exceptions import ApiTimeoutError, ApiTypeError, ApiValueError
from openmonetize.gate import CheckResult, Estimate, Gate, OnOutage, Question
from openmonetize.gate.checks import make_question, require_policy
from openmonetize.gate.holds import Hold, Reservations
from openmonetize.gate.holds.held_credits import HeldCredits
from openmonetize.gate.holds.opening import open_store
from openmonetize.metering import (
    BillingResult,
    DeadLetter,
    Delivered,
    FlushResult,
    Incident,
    OtherAccount,
    Recorder,
    Stats,
    VerifyReport,
)
from openmonetize.metering.recorder import FilePath
from openmonetize.pricing import Charge, PriceBook
from openmonetize.pricing.model_names import ModelNames

if TYPE_CHECKING:
    from datetime import date, datetime, timedelta
    from decimal import Decimal

    from openmonetize.client.layers import Layer
    from openmonetize.files.report import FilesProgress, FilesReport
    from openmonetize.models.v1_credits_grant_post200_response import V1CreditsGrantPost200Response
    from openmonetize.providers.extract import OnPartial
    from openmonetize.providers.metering import ModelChoice
    from openmonetize.providers.usage import TokenPolicy
    from openmonetize.reconcile.result import Reconciliation

Client = TypeVar("Client")
F = TypeVar("F", bound=Callable[..., Any])


class OpenMonetize(AsyncCalls, Apis):
    """Records AI usage, gates features by credits, and calls the platform.

    ``om.credits``, ``om.entitlements``, ... are the API classes, behind rules that make all deployments of the
    platform look alike (see `openmonetize.compat`). Safe to use from several threads and over forks. No thread is
    started before there is something to deliver.

    Args:
        api_key: the API key; by default the environment variable ``OPENMONETIZE_API_KEY``.
        base_url: the platform's URL; by default ``OPENMONETIZE_BASE_URL``, else the hosted platform.
        outbox: a directory that keeps recorded events until they are delivered, for restarts and crashes, and that the
            processes of a host may share; or ``postgresql://...``, which a fleet shares. Without it they are kept in
            memory.
        durability: of the outbox: ``"process"`` or ``"power"``, see `openmonetize.metering.Recorder`.
        customer_id: the customer behind the key. Rarely needed: first-release deployments ask for it, and it is
            learned from them.
        enabled: False records and sends nothing, and allows everything, for your own tests. Events are checked all
            the same. It needs no key.
        configuration: further settings of calls, such as proxies and time-outs; it is copied.
        on_error: called with an `Incident` when deliveries fail, from the sender's thread.
        on_delivered: called with a `Delivered` after each delivery, from the sender's thread.
        on_recorded: called with each event that was recorded and its estimate, a `Charge`, by the thread that records
            it: keep it short. What it raises is logged, and never reaches the caller; what it records itself is not
            told. Nobody is asked for the estimate: it is by the prices that every installation has.
        resolve_models: send dated model names (``gpt-4o-mini-2024-07-18``) as the names that the platform prices,
            with the original in metadata. The platform's own proxy does not, and bills them many times too high.
        check_cache_seconds: how long the answer to a check is cached; after half of that it is refreshed in the
            background. 0 asks every time.
        check_timeout: seconds that a check may take before ``on_outage`` decides.
        require_user: refuse usage without a ``user_id``, which no user's wallet pays.
        token_policy: which tokens of providers' calls are billed: ``"reported"``, the provider's own two counts, as the
            platform's proxy does; ``"inclusive"``, every token; ``"price_equivalent"``, every token by what it costs,
            by the list prices of the extra ``prices``; or a function of a `Usage` that returns input and output tokens.
            See `openmonetize.providers.policy.billed_tokens`.
        unit_prices: by tool that a provider runs (``web_search``, ``code_interpreter``, ...), the whole credits that
            one call of it costs; each tool of a call is a custom event of its own.
        holds: where :meth:`reserve` keeps what it holds: a file (the processes of one host share it),
            ``postgresql://...`` or ``redis://...`` (a fleet shares it). By default within the outbox, for the processes
            that share it, or without one in memory, for this process.
        **delivery: settings of deliveries (``flush_interval``, ``max_events``, ``on_full``, ...), see
            `openmonetize.metering.Recorder`.

    Raises:
        ApiKeyError: there is no API key, or it cannot be sent.
        ApiValueError: a setting is out of range.
        OutboxError: the outbox is in the wrong place or is something else.
    """

    @explains
    def __init__(
        self,
        api_key: str | None = None,
        base_url: str | None = None,
        *surplus: Never,
        outbox: FilePath | None = None,
        durability: Literal["process", "power"] = "process",
        customer_id: str | None = None,
        enabled: bool = True,
        configuration: Configuration | None = None,
        on_error: Callable[[Incident], object] | None = None,
        on_delivered: Callable[[Delivered], object] | None = None,
        on_recorded: Callable[[EventModel, Charge], object] | None = None,
        resolve_models: bool = True,
        check_cache_seconds: float = 5.0,
        check_timeout: float = 3.0,
        require_user: bool = False,
        token_policy: TokenPolicy = "reported",
        unit_prices: Mapping[str, int] | None = None,
        holds: FilePath | None = None,
        **delivery: Unpack[DeliverySettings],
    ) -> None:
        # Hidden first, since what raises below shows this frame to tools that report errors.
        key, api_key = Secret(api_key), None
        store, holds = Secret(holds), None
        place, outbox = Secret(outbox), None
        excess, surplus = len(surplus), ()
        if excess or not set(DELIVERY_SETTINGS).issuperset(delivery):
            refuse(OpenMonetize.__init__, excess, delivery, DELIVERY_SETTINGS)
        for name, flag in (("enabled", enabled), ("resolve_models", resolve_models)):
            require(name, flag, bool, "True or False")
        if on_recorded is not None:
            require_callback("on_recorded", on_recorded)
        settings = call_settings(key, base_url, configuration)
        store, place = named_place("holds", store), named_place("outbox", place, redis=False)
        if customer_id is not None and (not isinstance(customer_id, str) or not customer_id):
            raise ApiValueError(f"customer_id must be a text that is not empty, not {customer_id!r}")
        if settings.id_namespace is None:
            settings.id_namespace = customer_id
        self.enabled = enabled
        self._wallets = Wallets()
        self._warnings = UsageWarnings(self._wallets)
        self._client: CompatClient | DisabledClient
        self._recorder: Recorder | DisabledRecorder
        if enabled:
            settings.key()  # A service should fail at its start, not at its first event.
            self._client = client = CompatClient(settings, customer_id)
            self._gate = Gate(client, cache_seconds=check_cache_seconds, timeout=check_timeout)
            client.deployment.on_wallet_seen = self._warnings.wallet
            if place.value is not None and not is_postgres(place):
                from openmonetize.compat.host_locks import HostLocks

                client.deployment.host_locks = HostLocks(place.value)
            self._recorder = Recorder(
                self._client,
                outbox=place,
                durability=durability,
                on_error=on_error,
                on_delivered=on_delivered,
                **delivery,
            )
        else:
            self._client = DisabledClient(settings, customer_id)
            self._gate = DisabledGate(self._client, cache_seconds=check_cache_seconds, timeout=check_timeout)
            self._recorder = DisabledRecorder(settings)
        super().__init__(self._client)
        self._scope = ContextScope()
        self._prices = InstalledPrices(self._client if enabled else None)
        self._names = ModelNames(resolve_models)
        self._require_user = require_user
        if token_policy != "reported" or unit_prices is not None:
            from openmonetize.client.usage_billing import checked_unit_prices
            from openmonetize.providers.policy import checked_policy

            # Prices are loaded now, and not while a call waits.
            checked_policy(token_policy)
            unit_prices = checked_unit_prices(unit_prices)
        self._token_policy: TokenPolicy = token_policy
        parts: dict[str, Any] = {"scope": self._scope, "names": self._names, "warnings": self._warnings}
        parts.update(customer_id=customer_id, require_user=require_user)
        parts.update(token_policy=token_policy, unit_prices=unit_prices)
        self._recording = (
            Recording(self._recorder, **parts)
            if on_recorded is None or not enabled
            else ToldRecording(self._recorder, on_recorded=on_recorded, **parts)
        )
        self._following = LazyFollowing(self._recording, settings, place if enabled else Secret(None), durability)
        self._holds = HoldRecording(self._recording, self._prices)
        self._instrumented: dict[str, Callable[[], None]] = {}  # what undoes it, by library
        self._reservations: Reservations | None = None
        if isinstance(self._client, CompatClient):
            self._reservations = Reservations(
                self._client,
                self._gate,
                lambda: open_store(store, place),
                max_age=check_cache_seconds,
                timeout=check_timeout,
            )
            self._client.deployment.on_wallet_changed = self._reservations.forget

    @property
    def configuration(self) -> Configuration:
        """The settings in use. A new key (``configuration.api_key["bearerAuth"] = ...``) is used from then on."""
        return self.api_client.configuration

    @property
    def customer_id(self) -> str:
        """The customer behind the key. The platform is asked once, if it was not named.

        Raises:
            ApiException: the platform does not say.
        """
        return self._client.customer_id()

    @explained
    def close(self, timeout: float = 10.0) -> FlushResult:
        """Deliver what is recorded, then end threads and connections. Nothing is recorded afterwards.

        Args:
            timeout: seconds to wait at the most.

        Returns:
            What became of the events; events that stay behind are logged too.
        """
        self.uninstrument()
        self._gate.close()
        self._following.close()
        self._recording.warnings.tell_of_jobs()
        if self._recording.sightings is not None:
            self._recording.sightings.tell_of_unknown()
        result = self._recorder.close(timeout)
        if self._reservations is not None:
            self._reservations.close()
        if self._async_threads is not None:
            self._async_threads.close()
        self.api_client.close()
        return result

    def __enter__(self) -> OpenMonetize:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def __repr__(self) -> str:
        if "api_client" not in vars(self):  # it is half made
            return "OpenMonetize()"
        return f"OpenMonetize(base_url={self.configuration.host!r}{'' if self.enabled else ', enabled=False'})"

    @explained
    def ping(self, timeout: float = 5.0) -> Ping:
        """Make sure that the platform answers and takes the key, for a service's start. ``openmonetize doctor`` looks
        further.

        Args:
            timeout: seconds to wait at the most, retries included.

        Returns:
            The customer, how long it took, the skew of the clocks, and what is left of the rate limit.

        Raises:
            ApiException: it does not answer, or refuses the key.
            ApiValueError: the time-out is out of range.
        """
        if not self.enabled:
            return Ping()
        return ping(self, seconds("timeout", timeout))

    # Recording

    @explains
    def track_token_usage(
        self,
        *surplus: Never,
        provider: str,
        model: str,
        input_tokens: int | None = None,
        output_tokens: int | None = None,
        user_id: str | None = None,
        feature_id: str | None = None,
        customer_id: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        event_id: str | None = None,
        timestamp: Time = None,
        idempotency_key: str | None = None,
        connection: Any = None,
        **unknown: Never,
    ) -> str:
        """Record the tokens of one call of a language model.

        Args:
            provider: the model's vendor: openai, anthropic, google, cohere or mistral.
            model: the model's name; dated names are sent as the names that the platform prices.
            input_tokens: tokens read, a whole number.
            output_tokens: tokens written, a whole number.
            user_id: the user whose wallet pays; without a user the customer's own does. Ids are shared by all
                customers of the platform, so give them a prefix of yours.
            feature_id: the feature of your product.
            customer_id: the customer behind the key; rarely needed.
            metadata: facts of your own, kept with the event.
            event_id: a UUID, or an id of your own (see `Configuration.id_namespace`); by default a new UUID.
            timestamp: when; by default now.
            idempotency_key: by default the event's id.
            connection: of the database that ``outbox`` names: the event is inserted within this transaction of yours,
                and is recorded if that commits. A connection of psycopg or psycopg2, a connection or session of
                SQLAlchemy, or a connection of Django.

        What is left out of user, feature and metadata comes from :meth:`context`.

        Returns:
            The event's id on the wire. An id of your own that names another owner than the key's customer has its final
            form once the platform has said who that is: see :attr:`customer_id`.

        Raises:
            ApiTypeError, ApiValueError: the event cannot be billed; the text says why. Nothing was recorded.
            BufferFull: the buffer had no room; the event was not recorded.
            OutboxError: the event could not be inserted with ``connection``, whose transaction has failed.
        """
        if surplus or unknown:
            refuse(OpenMonetize.track_token_usage, len(surplus), unknown)
        if event_id is None and timestamp is None and idempotency_key is None:
            return self._recording.record_tokens(
                provider, model, input_tokens, output_tokens, user_id, feature_id, customer_id, metadata, connection
            )
        fields = {"provider": provider, "model": model, "input_tokens": input_tokens, "output_tokens": output_tokens}
        return self._recording.record(
            "TOKEN_USAGE",
            fields,
            user_id,
            feature_id,
            customer_id,
            metadata,
            event_id,
            timestamp,
            idempotency_key,
            connection,
        )

    @explains
    def track_image_generation(
        self,
        *surplus: Never,
        provider: str,
        model: str,
        image_count: int = 1,
        image_size: str | None = None,
        quality: str | None = None,
        user_id: str | None = None,
        feature_id: str | None = None,
        customer_id: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        event_id: str | None = None,
        timestamp: Time = None,
        idempotency_key: str | None = None,
        connection: Any = None,
        **unknown: Never,
    ) -> str:
        """Record images that a model made.

        Args:
            provider: the model's vendor: openai, google, ...
            model: the model's name. The platform prices quality and size by name (``dall-e-3-hd``): they are
                turned into such a name.
            image_count: how many images, 1 or more.
            image_size: width x height in pixels.
            quality: such as ``hd`` or ``high``.

        The other arguments, the result and the exceptions are those of :meth:`track_token_usage`.
        """
        if surplus or unknown:
            refuse(OpenMonetize.track_image_generation, len(surplus), unknown)
        fields = {"provider": provider, "model": model, "image_count": image_count}
        fields.update(image_size=image_size, quality=quality)
        return self._recording.record(
            "IMAGE_GENERATION",
            fields,
            user_id,
            feature_id,
            customer_id,
            metadata,
            event_id,
            timestamp,
            idempotency_key,
            connection,
        )

    @explains
    def track_custom_event(
        self,
        *surplus: Never,
        unit_type: str,
        quantity: float,
        user_id: str | None = None,
        feature_id: str | None = None,
        customer_id: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        event_id: str | None = None,
        timestamp: Time = None,
        idempotency_key: str | None = None,
        connection: Any = None,
        **unknown: Never,
    ) -> str:
        """Record usage in a unit of your own; the platform bills 10 credits a unit.

        Args:
            unit_type: the unit's name.
            quantity: how many, above 0; ten times it must be a whole number.

        The other arguments, the result and the exceptions are those of :meth:`track_token_usage`.
        """
        if surplus or unknown:
            refuse(OpenMonetize.track_custom_event, len(surplus), unknown)
        fields = {"unit_type": unit_type, "quantity": quantity}
        return self._recording.record(
            "CUSTOM",
            fields,
            user_id,
            feature_id,
            customer_id,
            metadata,
            event_id,
            timestamp,
            idempotency_key,
            connection,
        )

    @explains
    def track_api_call(
        self,
        *surplus: Never,
        provider: str | None = None,
        model: str | None = None,
        user_id: str | None = None,
        feature_id: str | None = None,
        customer_id: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        event_id: str | None = None,
        timestamp: Time = None,
        idempotency_key: str | None = None,
        connection: Any = None,
        **unknown: Never,
    ) -> str:
        """Record one call of a feature. The platform counts it, against limits too, and bills nothing.

        Args:
            provider: the vendor of the model that was involved, if any.
            model: its name.

        The other arguments, the result and the exceptions are those of :meth:`track_token_usage`.
        """
        if surplus or unknown:
            refuse(OpenMonetize.track_api_call, len(surplus), unknown)
        fields = {"provider": provider, "model": model}
        return self._recording.record(
            "API_CALL",
            fields,
            user_id,
            feature_id,
            customer_id,
            metadata,
            event_id,
            timestamp,
            idempotency_key,
            connection,
        )

    @explains
    def track_usage(
        self,
        usage: Any,
        *surplus: Never,
        provider: str | None = None,
        model: str | None = None,
        host: str | None = None,
        user_id: str | None = None,
        feature_id: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        event_id: str | None = None,
        timestamp: Time = None,
        connection: Any = None,
        **unknown: Never,
    ) -> str:
        """Record what a provider's call used.

        Args:
            usage: a `Usage`, or a provider's whole response (the library's object, a dict, JSON).
            provider: for a response: bill under this provider instead of the one whose format it is.
            model: for a response: bill under this model instead of the one it names.
            host: for a response: the host that answered. With the hosts of the vendors themselves the event's id
                derives from the response's, so that a call seen by two layers is billed once.
            event_id: by default derived as just said, else a new UUID.

        The other arguments and the result are those of :meth:`track_token_usage`.

        Raises:
            UsageError: the response has no usage.
            ApiTypeError, ApiValueError, BufferFull: as for :meth:`track_token_usage`.
        """
        if surplus or unknown:
            refuse(OpenMonetize.track_usage, len(surplus), unknown)
        if usage is MISSING:
            raise missing_argument(OpenMonetize.track_usage, "usage")
        return self._recording.record_usage(
            usage, provider, model, host, user_id, feature_id, metadata, event_id, timestamp, connection
        )

    @explains
    def track(
        self, event: EventModel | Mapping[str, Any], *surplus: Never, connection: Any = None, **unknown: Never
    ) -> str:
        """Record an event model, or a dict with ``event_type`` and the fields of that kind of event.

        What it leaves out of user, feature and metadata comes from :meth:`context`. The event itself is not changed.

        Returns:
            The event's id on the wire.

        Raises:
            ApiTypeError, ApiValueError, BufferFull: as for :meth:`track_token_usage`.
        """
        if surplus or unknown:
            refuse(OpenMonetize.track, len(surplus), unknown)
        if event is MISSING:
            raise missing_argument(OpenMonetize.track, "event")
        return self._recording.record_event(event, connection)

    @explained
    def last_usage(self) -> LastUsage | None:
        """Return what the last call of a provider used and costs, of this thread or task; None if there was none.

        It is the usage that a wrapped client, a metered function or :meth:`track_usage` recorded last; a stream's is
        recorded at its end. ``om.last_usage().credits`` is its estimate, ``.usage.details`` has caches and reasoning.
        """
        return self._recording.last_usages.get()

    @explained
    def wrap(
        self,
        client: Client,
        *,
        feature_id: str | None = None,
        user_id: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        provider: str | None = None,
        model: ModelChoice = None,
        on_partial: OnPartial = "prompt",
        request_usage: bool = True,
        token_policy: TokenPolicy | None = None,
    ) -> Client:
        """Return a stand-in for a provider's client that records what each of its calls used.

        Args:
            client: a client of openai, anthropic, google-genai, mistralai, cohere (sync or async), or boto3's
                bedrock-runtime.
            feature_id: the feature of all its calls; by default that of :meth:`context`.
            user_id: the user of all its calls; by default that of :meth:`context`.
            metadata: facts to keep with every event.
            provider, model, on_partial, request_usage: see `openmonetize.providers.wrap`.
            token_policy: which tokens of its calls are billed; by default as `OpenMonetize` was told.

        What the provider has answered is recorded, whatever its library does with the answer. Errors of the metering
        are logged once, counted (:meth:`warning_counts`), and never reach the client's caller. Each path of the
        provider's API that may cost something and is not metered is logged and counted once.
        With ``enabled=False`` the client itself is returned.

        Raises:
            ApiTypeError, ApiValueError, UsageError: this client cannot be metered; see `openmonetize.providers.wrap`.
        """
        from openmonetize.providers.wrap import metered

        calls = WrappedCalls(self._recording, type(client).__qualname__, user_id, feature_id, metadata, self._following)
        if not self.enabled:
            return client
        return metered(
            client,
            record=calls.record,
            on_partial=on_partial,
            provider=provider,
            model=model,
            request_usage=request_usage,
            on_unmetered=calls.unmetered,
            token_policy=token_policy,
            followed=calls.followed,
        )

    @explained
    def instrument(
        self,
        *libraries: str,
        feature_id: str | None = None,
        user_id: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        provider: str | None = None,
        model: ModelChoice = None,
        on_partial: OnPartial = "prompt",
        request_usage: bool = True,
        token_policy: TokenPolicy | None = None,
    ) -> None:
        """Record what every client of these libraries uses in this process, those that exist already included.

        For programs that make their clients in many places, or leave that to a framework. Clients that are wrapped
        are recorded as they were wrapped, and once. :meth:`uninstrument` and :meth:`close` undo it.

        Args:
            libraries: ``"openai"``, ``"anthropic"``, ``"google-genai"``, ``"mistralai"``, ``"cohere"``, ``"boto3"``
                (of AWS Bedrock, which needs ``provider`` and ``model``).
            feature_id, user_id, metadata: of all calls; by default those of :meth:`context`.
            provider, model, on_partial, request_usage, token_policy: see :meth:`wrap`.

        Raises:
            ApiTypeError: a library is unknown or not installed.
            ApiValueError: a library is instrumented already, or a value cannot be sent.
            UsageError: the provider is not one that the platform takes, or missing.
        """
        from openmonetize.providers.instrument import instrument

        for library in libraries:
            calls = WrappedCalls(self._recording, library, user_id, feature_id, metadata, self._following)
            if not self.enabled:
                continue
            self._instrumented[library] = instrument(
                library,
                record=calls.record,
                on_partial=on_partial,
                provider=provider,
                model=model,
                request_usage=request_usage,
                on_unmetered=calls.unmetered,
                token_policy=token_policy,
                followed=calls.followed,
            )

    @explained
    def uninstrument(self, *libraries: str) -> None:
        """Undo :meth:`instrument`.

        Args:
            libraries: see there; by default all that this object has instrumented. Others are left alone.
        """
        for library in libraries or tuple(self._instrumented):
            undo = self._instrumented.pop(library, None)
            if undo is not None:
                undo()

    @explained
    def layer(
        self,
        name: str,
        *,
        user_id: str | None = None,
        feature_id: str | None = None,
        metadata: Mapping[str, Any] | None = None,
    ) -> Layer:
        """Return what records the calls that a layer of a program tells of: a framework's callback, a gateway, a span.

        The integrations of this library are made with it, and yours may be: ``om.layer("haystack").record(usage)``.
        Calls that several layers tell of, wrapped clients included, are recorded once.

        Args:
            name: of the layer; objects of one name are one layer.
            user_id: the user of all its calls; by default that of :meth:`context`.
            feature_id: the feature of all its calls; by default that of :meth:`context`.
            metadata: facts to keep with every event.

        Raises:
            ApiTypeError, ApiValueError: a value cannot be sent.
        """
        from openmonetize.client.layers import Layer

        require("name", name, str, "a text")
        return Layer(self._recording, self._recording.make_sightings(), name, user_id, feature_id, metadata)

    @explained
    def follow(
        self,
        job: Any,
        *,
        client: Any,
        feature_id: str | None = None,
        user_id: str | Mapping[str, str] | None = None,
        metadata: Mapping[str, Any] | None = None,
        provider: str | None = None,
        model: str | None = None,
        token_policy: TokenPolicy | None = None,
        poll_interval: float = 15.0,
    ) -> str:
        """Record the usage of a provider's job when it has ended: of a batch, background response, video, fine-tuning.

        A thread asks the provider from time to time. The answers of a batch are an event each, those that failed are
        none. Their ids derive from the provider's, so that nothing is billed twice, whoever else reads them. With an
        outbox the job is kept there, without any key, and another process goes on: see :meth:`resume_following`.
        Without one it is given up when this process ends. Nothing is asked here, and :meth:`close` does not wait.
        ``stats().followed`` counts the jobs that have not ended, :meth:`warning_counts` those that end without usage.

        Args:
            job: OpenAI's batch, background response, video or fine-tuning job, Anthropic's message batch; or its id.
            client: a synchronous client of its library, wrapped or not.
            feature_id: the feature; by default that of :meth:`context`.
            user_id: the user; or, for the requests of a batch, users by ``custom_id``; by default that of
                :meth:`context`.
            metadata: facts to keep with every event.
            provider, model: bill under these instead of those that the answers name.
            token_policy: the name of a policy; by default as `OpenMonetize` was told.
            poll_interval: the least seconds between two looks. They grow with the job's age, to ten minutes.

        Returns:
            The job's id. A job that is or was followed already stays as it is.

        Raises:
            ApiTypeError, ApiValueError: it is another kind of job, or an argument is wrong.
            OutboxError: it cannot be kept.
        """
        if not self.enabled:
            from openmonetize.providers.jobs import job_named

            return job_named(job).id
        return self._following.get().follow(
            job,
            client,
            feature_id=feature_id,
            user_id=user_id,
            metadata=metadata,
            provider=provider,
            model=model,
            token_policy=token_policy,
            poll_interval=poll_interval,
        )

    @explained
    def resume_following(self, client: Any) -> int:
        """Go on with the jobs in the outbox that are of this client's library and server. Call it at a service's start.

        Several processes may do so: one at a time looks at a job. Those of other keys of the platform are left alone.

        Args:
            client: a synchronous client of openai or anthropic, wrapped or not.

        Returns:
            How many jobs there are.

        Raises:
            ApiTypeError: it is another client.
        """
        return self._following.get().resume(client) if self.enabled else 0

    @explained
    def context(
        self,
        *,
        user_id: str | Callable[[], str | None] | None = None,
        feature_id: str | Callable[[], str | None] | None = None,
        metadata: Mapping[str, Any] | None = None,
    ) -> AbstractContextManager[None]:
        """Fill in what recording calls and checks leave out: ``with om.context(user_id=..., ...):``.

        Follows threads and tasks as `contextvars` does. Blocks nest: the inner one wins, metadata is merged.

        Args:
            user_id: the user, or a function that returns it when it is needed, or None.
            feature_id: the feature, or a function that returns it.
            metadata: facts to keep with every event.

        Raises:
            ApiTypeError, ApiValueError: a value cannot be sent.
        """
        return self._scope.using((self._scope.get() or EMPTY).nested(user_id, feature_id, metadata))

    # Delivery

    @explained
    def flush(self, timeout: float = 10.0) -> FlushResult:
        """Deliver everything recorded so far. What is accepted then is not billed yet: see :meth:`wait_billed`.

        Args:
            timeout: seconds to wait at the most.

        Returns:
            What happened; true if everything has its outcome.
        """
        return self._recorder.flush(timeout)

    @explained
    def wait_billed(self, timeout: float = 30.0) -> BillingResult:
        """Deliver everything recorded so far, and wait until the platform has billed it, or has lost it.

        An idle platform bills within a second, a busy one minutes later: one queue serves all customers. Its list of
        events is read, first at once and then at growing intervals up to 3 seconds. What other processes deliver, and
        what :meth:`ingest_files` sends, is not looked for. Then the wallets of the first users of whom nothing is known
        are looked up, ten at most, since usage of a user without one is billed to nobody (:meth:`warning_counts`).

        Args:
            timeout: seconds to wait at the most.

        Returns:
            What was seen: how many events are ``billed``, ``waiting`` and ``missing``; true if all are billed. If the
            platform cannot be reached, what was seen before.

        Raises:
            ApiException: this platform does not list its events (the first release), or the key is refused.
        """
        deadline = time.monotonic() + timeout
        result = self._recorder.wait_billed(timeout)
        if self.enabled:
            self._wallets.look(self, deadline)
        return result

    @explained
    def verify(
        self, since: datetime | date | str | None = None, *, repair: bool | None = None, timeout: float = 60.0
    ) -> VerifyReport:
        """Deliver everything recorded so far, and find out whether all that is kept was billed and booked.

        ``OpenMonetize(verify=True)`` keeps what the platform accepts, and does the same in the background, the bookings
        every ten minutes. Here it is done now. The platform's list of events is read as far back as what is not known
        to be billed, in pages of 100. An event that it does not have although it has billed a later one is lost. Sent
        again, it counts for the monthly quota once more, and is billed once. Then the transactions of the users who pay
        are compared with what their events cost.

        Args:
            since: only what was accepted since then: a time, a day, or a length such as ``"24h"`` or ``"30d"`` before
                now; by default all that is kept.
            repair: True sends the lost again, also those that were sent again before and lost again; False sends
                nothing. By default as ``verify=`` says.
            timeout: seconds to wait for the billing at the most. Comparing the bookings may take as long again.

        Returns:
            How many events are ``billed``, ``lost``, ``unpaid``, ... and which; true if all is well.

        Raises:
            ApiException: this platform does not list its events (the first release), or it cannot be reached.
            ApiTypeError, ApiValueError: an argument is wrong, or nothing is kept.
            OutboxError: what is kept cannot be read.
        """
        moment = None if since is None else _since(since)
        return self._recorder.verify(moment, repair=repair, timeout=timeout)

    @explained
    def stats(self) -> Stats:
        """Return where all recorded events are: tracked = accepted + duplicate + queued + retrying + dead + dropped.

        Accepted events are billed later; how many are, ``stats().billed`` says once :meth:`wait_billed` has looked.
        ``stats().followed`` counts the jobs of providers that :meth:`follow` has been given and that have not ended.
        ``stats().unpaid`` counts usage without a user, or of users known to have no wallet, since this object was made.
        """
        stats = self._recorder.stats()
        counts = self._warnings.counts()
        stats.unpaid += counts["no_user"] + counts["no_wallet"]
        stats.followed = self._following.count()
        return stats

    @explained
    def warning_counts(self) -> dict[str, int]:
        """Return how often doubtful things were seen; each is logged the first time only.

        ``refused``: events that raised at the caller's line. ``unmetered``: calls of wrapped clients and metered
        functions whose usage could not be read or recorded, and each path of a wrapped client that may cost something
        and is not metered, once. ``unpriced_model``: events of a model that the platform has no price for.
        ``unbilled_tokens``: calls with tokens that ``token_policy="reported"`` does not bill, or bills as text.
        ``unbilled_tool``: calls with a tool that the provider runs and that has no price in ``unit_prices``.
        ``no_list_price``: calls that ``"price_equivalent"`` has billed as ``"inclusive"``, as their model has no price.
        ``job_unbilled``: followed jobs that ended without usage, or were given up.
        ``partial_stream``: streams that were ended before the provider had told the usage, and are billed below it.
        ``short_user_id``: events with a user id that another customer is likely to use as well. ``long_user_id``:
        events with one whose balance cannot be looked up. ``no_user``: usage without a user, which no user pays for.
        ``no_wallet``: usage of users who are known to have no wallet, from a check, from their balance, or from
        :meth:`wait_billed`; nobody pays for it. ``foreign_customer_id``: delivered events that name another customer
        than that of the key. ``unknown_duplicate``: events that the platform had, under an id of yours, before this
        process sent them.
        """
        counts = {**self._warnings.counts(), **self._recorder.doubtful_ids()}
        if self._recording.sightings is not None:
            counts["unmetered"] += self._recording.sightings.count_unknown()
        return counts

    @explained
    def dead_letters(self) -> list[DeadLetter]:
        """Return the events that the platform refuses for good, with its reasons."""
        return self._recorder.dead_letters()

    @explained
    def replay_dead_letters(self) -> int:
        """Send the refused events again, under their ids. Return how many."""
        return self._recorder.replay_dead_letters()

    @explained
    def discard_dead_letters(self) -> int:
        """Give the refused events up: they count as dropped. Return how many."""
        return self._recorder.discard_dead_letters()

    @explained
    def export_dead_letters(self, path: FilePath) -> int:
        """Write the refused events to a new file, one JSON object a line. Return how many."""
        return self._recorder.export_dead_letters(path)

    @explained
    def kept_events(self) -> Iterator[dict[str, Any]]:
        """Yield the delivered events that the outbox keeps (``keep="35d"``), oldest first, as they were sent."""
        return self._recorder.kept_events()

    @explained
    def usage_of_other_keys(self) -> list[OtherAccount]:
        """Return the events in the outbox that were recorded under other keys, or for other servers, and wait for them.

        Keys that the platform knows to be this customer's are not among them: their events are delivered.
        """
        return self._recorder.usage_of_other_keys()

    @explained
    def adopt_usage(self, account: OtherAccount) -> int:
        """Bill to this customer what waits for another key, on your word that the key was its own.

        Args:
            account: one of :meth:`usage_of_other_keys`.

        Returns:
            How many events were taken over, dead letters included.

        Raises:
            MeteringError: the platform has said that they are another customer's.
            OutboxError: the outbox cannot be used.
        """
        return self._recorder.adopt_usage(account)

    @explained
    def grant_when_settled(
        self,
        *,
        amount: int,
        user_id: str | None = None,
        reason: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        idempotency_key: str | None = None,
        expires_at: datetime | None = None,
        timeout: float = 30.0,
    ) -> V1CreditsGrantPost200Response:
        """Grant credits as soon as everything recorded so far is billed.

        Present servers book a burn and a grant of the same moment wrongly: the burn vanishes from the balance. This
        waits as :meth:`wait_billed` does and then does as ``om.credits.grant``. It knows of the usage that this process
        has delivered, not of that of others. An event that the platform has lost is not waited for.

        Args:
            amount: credits to add, a whole number from 1.
            user_id: the user whose wallet is credited; without a user the customer's own is.
            reason: for the transaction's description.
            metadata: facts of your own to store with the transaction.
            idempotency_key: makes a repeat safe; unique among all customers. By default a new one.
            expires_at: when the whole wallet expires.
            timeout: seconds to wait for the billing at the most. The grant itself has the time of any call.

        Raises:
            ApiTimeoutError: usage still waits after that time. Nothing was granted.
            ApiException: the grant failed, or this platform does not list its events.
            ApiTypeError, ApiValueError: an argument is wrong; nothing was granted.
        """
        from openmonetize.models.v1_credits_grant_post_request import V1CreditsGrantPostRequest

        request = V1CreditsGrantPostRequest(
            user_id=user_id,
            amount=amount,
            reason=reason,
            metadata=None if metadata is None else dict(metadata),
            idempotency_key=idempotency_key,
            expires_at=expires_at,
        )
        result = self._recorder.wait_billed(timeout)
        if result.waiting != 0:
            count = "an unknown number of" if result.waiting is None else result.waiting
            raise ApiTimeoutError(None, f"{count} usage events wait for billing: nothing was granted")
        return self.credits.grant(request)

    # Files

    @explained
    def ingest_files(
        self,
        paths: FilePath | Iterable[FilePath],
        *,
        columns: Mapping[str, str] | None = None,
        constants: Mapping[str, Any] | None = None,
        preset: str | None = None,
        providers: Mapping[str, str] | None = None,
        source: str | None = None,
        id_column: str | None = None,
        format: Literal["csv", "json", "jsonl", "parquet"] | None = None,
        dry_run: bool = False,
        rejected: FilePath | None = None,
        row_report: FilePath | None = None,
        checkpoint: FilePath | None = None,
        rate_share: float = 0.9,
        max_outage: float = 300.0,
        on_progress: Callable[[FilesProgress], object] | None = None,
        token_policy: TokenPolicy | None = None,
    ) -> FilesReport:
        """Load usage files: each row becomes an event, and is billed once however often it is given.

        CSV, JSON, JSON Lines and Parquet, plain or compressed by gzip or zstd, in constant memory. A row's id derives
        from the customer, ``source``, the row's content and its number among equal rows: running again, going on
        after a run was killed, and appending, inserting or moving rows bills nothing twice. Rows are sent from here,
        in requests of 1,000 at the pace of the platform's rate limit; the outbox is not used, since the files are
        what is durable. :meth:`context` does not apply.

        Args:
            paths: paths, patterns such as ``logs/*.csv.gz``, addresses such as ``s3://bucket/usage/*.parquet``
                (also ``gs://``, ``r2://``, ``https://``), or ``-`` for standard input.
            columns: by field of an event (or ``metadata.NAME``), the column or the expression of columns that gives
                it: ``{"input_tokens": "ContextTokens"}``. A field that is not named comes from a column of its name.
            constants: by field, its value; ``acme_{end_user}`` takes a column in braces from the row.
            preset: the columns of a well-known file: ``azure-llm-trace``, ``openai-usage``, ``anthropic-usage``,
                ``litellm-spend-logs``, ``langfuse-export``, ``openrouter-activity``. What is named comes before it.
            providers: the platform's provider by the name in the file, such as ``{"azure": "openai"}``.
            source: the name of where the rows come from, by default the preset's or ``files``. Equal rows of one
                source that are given in two runs are one row; if they are two, name two sources.
            id_column: the column that identifies a row, such as ``request_id``, for logs whose rows change later: a
                row's id then derives from that column's text in place of its content. Of rows with one text, the
                first is billed. By default that of the preset, if the file has it; else the content.
            format: of the files; by default what their names and first bytes say.
            dry_run: send nothing, and report what would be sent, what it would burn, and how long it would take.
            rejected: path for the refused rows, in the form of their file with the reason, to be mended and given
                again. An existing file is not overwritten: a number is put to the name.
            row_report: path for one JSON object a row: what became of it.
            checkpoint: path for the ids of what was sent, so that a later run does not use up quota for them.
            rate_share: the part of the platform's rate limit to use, 0.01 to 1.
            max_outage: seconds of failures after which to give up.
            on_progress: called with a `FilesProgress` a few times a second, from the calling thread.
            token_policy: which tokens of the rows are billed; by default as `OpenMonetize` was told. Cached and other
                kinds of tokens are those in ``metadata.gen_ai.usage...`` of a row.

        Returns:
            What became of the rows.

        Raises:
            ApiTypeError, ApiValueError: an argument is wrong; nothing was sent.
            FilesError: a file cannot be read or written.
            MissingExtraError: Parquet or zstd needs a package: ``pip install 'openmonetize[files]'``; an address
                ``openmonetize[objects]``.
            ApiException: the platform refuses the key, its quota is used up, or it failed for too long. The
                attribute ``report`` says how far it came. Running again goes on.
        """
        from openmonetize.files.ingest import ingest_files

        return ingest_files(
            self,
            paths,
            names=self._names,
            prices=self._prices.book,
            require_user=self._require_user,
            columns=columns,
            constants=constants,
            preset=preset,
            providers=providers,
            source=source,
            id_column=id_column,
            format=format,
            dry_run=dry_run,
            rejected=rejected,
            row_report=row_report,
            checkpoint=checkpoint,
            rate_share=rate_share,
            max_outage=max_outage,
            on_progress=on_progress,
            token_policy=self._token_policy if token_policy is None else token_policy,
        )

    # Reconciling

    @explained
    def reconcile(
        self,
        provider: FilePath | Iterable[FilePath] | None = None,
        *,
        by: Iterable[str] | str = ("day", "model"),
        last: str | timedelta | None = None,
        start_date: date | str | None = None,
        end_date: date | str | None = None,
        repair: bool = False,
        tolerance: Decimal | float | str = "0.01",
        events: Iterable[Mapping[str, Any] | DeadLetter] | None = None,
        preset: str | None = None,
    ) -> Reconciliation:
        """Put side by side what was recorded, what the platform billed, and what the provider charges.

        Recorded is what the outbox keeps (``keep="35d"``) and what was refused; without kept events the platform's own
        stand for them. Platform is its list of events: one request, of 100 a minute, for each hundred. The provider is
        asked for its usage and its costs with an admin key of your organization, from the environment:
        ``OPENAI_ADMIN_KEY``, ``ANTHROPIC_ADMIN_KEY``. Whole days (UTC) are compared, since providers report no parts
        of them; their reports follow after minutes, and may change for a day. What waits is delivered first, for 30
        seconds at most.

        Args:
            provider: ``"openai"``, ``"anthropic"``, the path of an exported usage file, or several of them; without
                it only what was recorded and billed is compared.
            by: what rows are grouped by: some of ``"day"``, ``"model"`` and ``"feature"``.
            last: the length of the range, such as ``"7d"``, widened to whole days; by default ``"1d"``.
            start_date: the first day, instead of ``last``.
            end_date: the last day, included; by default today.
            repair: first send again what the platform has accepted and lost, see ``verify``.
            tolerance: US dollars; the result is true if nothing differs by more, prices and rounding left out.
            events: what was recorded, where another process keeps it: events as they were sent, and dead letters.
                Nothing is delivered then.
            preset: the columns of an exported file, see :meth:`ingest_files`; by default what its first row says.

        Returns:
            The rows, the differences with their reasons, and ``to_dataframe()``, ``plot()``, ``to_json()``,
            ``to_csv()``, ``to_html()``.

        Raises:
            ApiException: the platform or the provider does not answer, or refuses the key.
            ApiKeyError: there is no admin key.
            ApiTypeError, ApiValueError: an argument is wrong, or a report cannot be read.
            FilesError: an exported file cannot be read.
            MissingExtraError: DuckDB is not installed: ``pip install 'openmonetize[files]'``.
        """
        from openmonetize.reconcile.reconcile import reconcile

        return reconcile(
            self,
            names=self._names,
            prices=self._prices.book,
            provider=provider,
            by=by,
            last=last,
            start_date=start_date,
            end_date=end_date,
            repair=repair,
            tolerance=tolerance,
            events=events,
            preset=preset,
        )

    # Gating

    @explained
    def check(
        self,
        feature_id: str | None = None,
        *,
        on_outage: OnOutage,
        user_id: str | None = None,
        **estimate: Unpack[Estimate],
    ) -> CheckResult:
        """Ask whether a user may use a feature now. Nothing is reserved or charged.

        The answer is cached for a few seconds (``check_cache_seconds``), in this process.

        Args:
            feature_id: the feature; by default that of :meth:`context`.
            on_outage: ``"allow"`` or ``"deny"``: the answer if the platform gives none.
            user_id: the user; by default that of :meth:`context`.
            **estimate: what the use is expected to take, see `Estimate`: ``provider``, ``model``,
                ``input_tokens``, ``output_tokens``, ``image_count``, ``seconds``, ``action``.

        Returns:
            True or false, with reason, estimate, balance and remedies.

        Raises:
            ApiTypeError, ApiValueError: the question is incomplete or wrong.
        """
        return self._gate.check(self._question(user_id, feature_id, estimate), on_outage)

    @explained
    def require(
        self,
        feature_id: str | None = None,
        *,
        on_outage: OnOutage,
        user_id: str | None = None,
        **estimate: Unpack[Estimate],
    ) -> CheckResult:
        """Do as :meth:`check`, but raise on a denial.

        Raises:
            EntitlementDenied: the user may not go ahead; ``check`` says why and what to offer.
            ApiTypeError, ApiValueError: the question is incomplete or wrong.
        """
        return self._gate.require(self._question(user_id, feature_id, estimate), on_outage)

    @explained
    def reserve(
        self,
        feature_id: str | None = None,
        *,
        on_outage: OnOutage,
        user_id: str | None = None,
        credits: int | None = None,
        ttl: float = HOLD_TTL,
        **estimate: Unpack[Estimate],
    ) -> Hold:
        """Check as :meth:`require` does, and hold credits for the use: ``with om.reserve(...) as hold:``.

        Calls at the same moment cannot spend more than there is: the credits must be free in the platform's balance,
        less what is held, and less what was used and is not burned yet. Give the hold what the call has used
        (``hold.settle(answer)``); without that, it is released at the end of the block. What other programs spend is
        seen when the balance is read the next time, after ``check_cache_seconds``.

        Args:
            feature_id: the feature; by default that of :meth:`context`.
            on_outage: ``"allow"`` or ``"deny"``: whether to go ahead if the platform does not answer, or the store of
                the holds cannot be used.
            user_id: the user; by default that of :meth:`context`.
            credits: how many to hold; by default what the estimate costs.
            ttl: seconds after which the hold ends by itself, for a process that has crashed. Longer than the call.
            **estimate: the most that the use may take, see `Estimate`.

        Returns:
            The hold.

        Raises:
            EntitlementDenied: the user may not go ahead, or has too few credits that are free.
            ApiTypeError, ApiValueError: the question is incomplete or wrong.
            MissingExtraError: the store needs a package, ``openmonetize[postgres]`` or ``openmonetize[redis]``.
        """
        require_policy(on_outage)
        require_reservation(credits, ttl)
        question = self._question(user_id, feature_id, estimate)
        return self._hold(question, self._credits_of(question, credits), on_outage, ttl)

    def _hold(self, question: Question, credits: int, on_outage: OnOutage, ttl: float) -> Hold:
        if self._reservations is None:
            hold_id, check = "", self._gate.check(question, on_outage)
        else:
            hold_id, check = self._reservations.reserve(question, credits, on_outage, ttl)
        return self._held(question, credits, hold_id, check)

    def _hold_at_once(self, question: Question, credits: int, ttl: float) -> Hold | None:
        """Return a hold if that waits for nothing, else None."""
        found = None if self._reservations is None else self._reservations.reserve_at_once(question, credits, ttl)
        return None if found is None else self._held(question, credits, *found)

    def _held(self, question: Question, credits: int, hold_id: str, check: CheckResult) -> Hold:
        held = HeldCredits(self._reservations, hold_id, question.user_id, credits, self._holds.cost)
        return Hold(held, credits, check, question, self._holds)

    def _credits_of(self, question: Question, credits: int | None) -> int:
        """Return how many credits to hold: those that are given, or those that the estimate costs."""
        if credits is not None:
            return credits
        usage = {name: value for name, value in question._asdict().items() if name in Amounts.__annotations__}
        given = {name: value for name, value in usage.items() if value is not None}
        if not any(name in given for name in ("input_tokens", "output_tokens", "image_count", "seconds")):
            raise ApiTypeError(
                "credits is missing: say how many to hold, or what the use may take at the most (provider, model, "
                "input_tokens and output_tokens, image_count, or seconds)"
            )
        return self.estimate_credits(**given).credits

    @explained
    def metered(
        self,
        *,
        feature_id: str,
        on_outage: OnOutage,
        user_id: UserId = None,
        usage_of: Callable[[Any], Any] | None = None,
        reserve: bool | int = False,
        **estimate: Unpack[Estimate],
    ) -> Callable[[F], F]:
        """Decorate a function that calls a provider: check, call, read what was used, record it.

        For functions, generators and coroutines of both kinds that return a provider's response, its stream, or a
        `Usage`. The function runs in the scope of the call (see :meth:`context`); what a wrapped client records
        within it is not recorded again. A denial raises `EntitlementDenied` and the function is not called. An
        exception of the function passes through and records nothing. Errors of the metering are logged and counted
        (:meth:`warning_counts`), and never reach the caller.

        Args:
            feature_id: the feature that the function is.
            on_outage: ``"allow"`` or ``"deny"``: whether to go ahead if the platform does not answer.
            user_id: the user; or a function that is called with the call's arguments and returns the user; by
                default the user of :meth:`context`.
            usage_of: a function that finds the provider's response in the result (or in each chunk of a stream).
            reserve: True holds what the estimate costs for the time of each call, as :meth:`reserve` does; a number
                holds so many credits. False only checks.
            **estimate: for the check, see :meth:`check`.
        """
        question = self._question("anybody", feature_id, estimate)  # A mistake is an error here, not in every call.
        credits = None if isinstance(reserve, bool) else reserve
        require_reservation(credits, HOLD_TTL)
        if reserve:
            require_policy(on_outage)
            self._credits_of(question, credits)

        def hold(question: Question) -> Hold:
            return self._hold(question, self._credits_of(question, credits), on_outage, HOLD_TTL)

        return Metered(
            self._recording,
            self._gate,
            question=lambda user: self._question(user, feature_id, estimate),
            on_outage=on_outage,
            user_id=user_id,
            usage_of=usage_of,
            reserve=hold if reserve else None,
        )

    def _question(self, user_id: str | None, feature_id: str | None, estimate: Mapping[str, Any]) -> Question:
        scope = self._scope.get() or EMPTY
        user_id, feature_id, _ = scope.fill(user_id, feature_id, None)
        return make_question(user_id, feature_id, estimate, self._names)

    # Money

    @explained
    def estimate_credits(
        self,
        event: EventModel | Mapping[str, Any] | None = None,
        *,
        book: PriceBook | None = None,
        era: str = "current",
        **usage: Unpack[Amounts],
    ) -> Charge:
        """Compute what an event would burn, by the platform's own arithmetic.

        Offline, unless the prices that every installation has lack the model, such as those of images and video: then
        the platform is asked, once, for the price list of the installation, for 3 seconds at most.

        Args:
            event: an event as for :meth:`track`, instead of the usage that follows.
            book: the platform's prices, to compute offline in any case: `openmonetize.pricing.TEXT_BOOK` has those of
                every installation, ``FULL_BOOK`` images and video as well.
            era: ``"current"``, or ``"seed"`` for the first release, which bills unknown models nothing.
            **usage: what is used, see `Amounts`: ``provider``, ``model``, ``input_tokens``, ``output_tokens``,
                ``image_count``, ``image_size``, ``quality``, ``seconds``, ``unit_type``, ``quantity``.

        Returns:
            Credits, US dollars, and where the price comes from.

        Raises:
            ApiTypeError, ApiValueError: there is no such event.
        """
        complete = self._recording.complete
        if book is not None:
            return charge_for(event, usage, complete=complete, book=book, era=era)
        return installed_charge_for(event, usage, complete=complete, installed=self._prices.book, era=era)

    @explained
    def usage_by_user(
        self,
        *,
        last: str | timedelta | None = None,
        start_date: date | str | None = None,
        end_date: date | str | None = None,
        users: Iterable[str] | None = None,
        progress: Callable[[int, int | None], object] | bool | None = None,
    ) -> Any:
        """Return what each user burned as a ``pandas.DataFrame``; needs ``pip install 'openmonetize[notebook]'``.

        The platform has no such report: the figures are sums of the users' bookings, the largest first. The frame's
        ``attrs["limits"]`` say what they leave out (usage without a wallet has no booking, for one), and
        ``attrs["range"]`` how the range was read.

        Args:
            last: the length of the range, such as ``"24h"``, ``"30d"`` (the default) or ``"4w"``.
            start_date: the first instant or day of the range, instead of ``last``.
            end_date: the last instant or day of the range, included; by default now.
            users: the ids of the users to ask about; by default all. Each is one request for 100 bookings.
            progress: called after each user with the users that are done, and how many there are; True for a bar.

        Returns:
            Columns ``user_id``, ``credits_burned``, ``burns`` (how many), ``credits_added`` (by grants and purchases),
            ``balance`` and ``last_burn``.

        Raises:
            ApiException: a user's bookings could not be read.
            ApiTypeError, ApiValueError: a date cannot be read, or ``last`` and ``start_date`` are both given.
            MissingExtraError: pandas is not installed.
        """
        from openmonetize.notebook.users import usage_by_user  # late, and upwards

        return usage_by_user(self, start_date, end_date, last, users, progress)

    @explained
    def proxy_config(
        self,
        provider: str,
        *,
        user_id: str | None = None,
        feature_id: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        proxy_url: str = PROXY_URL,
    ) -> ProxyConfig:
        """Return settings that send a provider's client through the platform's LLM proxy, which meters by itself.

        The proxy checks no balance before the call; use :meth:`check` for that. Do not wrap such a client as well.

        Args:
            provider: ``openai``, ``anthropic`` or ``google``.
            user_id: the user of the client; by default that of :meth:`context`.
            feature_id: the feature; by default that of :meth:`context`.
            metadata: facts to keep with every event.
            proxy_url: the URL of the proxy.

        Returns:
            Base URL and headers. With ``enabled=False`` they lead to the provider itself.

        Raises:
            ApiException: the platform does not say which customer the key is of. Give ``customer_id`` to avoid it.
            ApiTypeError, ApiValueError: a value cannot be sent in a header.
        """
        asked, direct = self._question(user_id, feature_id, {}), direct_config(provider)
        if not self.enabled:
            return direct
        scope = self._scope.get() or EMPTY
        return proxy_config(
            provider,
            settings=self.configuration,
            customer_id=self.customer_id,
            user_id=asked.user_id,
            feature_id=asked.feature_id,
            metadata={**scope.metadata, **(metadata or {})},
            proxy_url=proxy_url,
        )


def _since(value: Any) -> datetime:
    """Return the time that is meant by a time, a day, or a length of time before now."""
    from datetime import datetime, timezone

    from openmonetize._schema.time_range import instant, length_of

    if isinstance(value, str) and value[4:5] != "-":
        return datetime.now(timezone.utc) - length_of(value)
    return instant("since", value)

"""The client of the platform: one object that records usage, gates features, and calls the API."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, TypeVar

from typing_extensions import Literal, Unpack

from openmonetize._http.configuration import Configuration
from openmonetize._http.redaction import Secret
from openmonetize.client.apis import Apis
from openmonetize.client.context import EMPTY, ContextScope
from openmonetize.client.disabled import DisabledClient, DisabledGate, DisabledRecorder
from openmonetize.client.estimates import Amounts, charge_for
from openmonetize.client.llm_proxy import PROXY_URL, ProxyConfig, direct_config, proxy_config
from openmonetize.client.metered import Metered, UserId
from openmonetize.client.recording import Recording, Time
from openmonetize.client.settings import DeliverySettings, call_settings
from openmonetize.client.usage_warnings import UsageWarnings
from openmonetize.client.wrapped import WrappedCalls
from openmonetize.compat import CompatClient
from openmonetize.events.model import EventModel
from openmonetize.exceptions import ApiValueError
from openmonetize.gate import CheckResult, Estimate, Gate, OnOutage, Question
from openmonetize.gate.checks import make_question
from openmonetize.metering import DeadLetter, Delivered, FlushResult, Incident, OtherAccount, Recorder, Stats
from openmonetize.metering.recorder import FilePath
from openmonetize.pricing import TEXT_BOOK, Charge, PriceBook
from openmonetize.pricing.model_names import ModelNames

if TYPE_CHECKING:
    from openmonetize.providers.extract import OnPartial
    from openmonetize.providers.metering import ModelChoice

Client = TypeVar("Client")
F = TypeVar("F", bound=Callable[..., Any])


class OpenMonetize(Apis):
    """Records AI usage, gates features by credits, and calls the platform.

    ``om.credits``, ``om.entitlements``, ... are the API classes, behind rules that make all deployments of the
    platform look alike (see `openmonetize.compat`). Safe to use from several threads and over forks. No thread is
    started before there is something to deliver.

    Args:
        api_key: the API key; by default the environment variable ``OPENMONETIZE_API_KEY``.
        base_url: the platform's URL; by default ``OPENMONETIZE_BASE_URL``, else the hosted platform.
        outbox: a directory that keeps recorded events until they are delivered, for restarts and crashes. Several
            processes may share it. Without it they are kept in memory.
        durability: of the outbox: ``"process"`` or ``"power"``, see `openmonetize.metering.Recorder`.
        customer_id: the customer behind the key. Rarely needed: first-release deployments ask for it, and it is
            learned from them.
        enabled: False records and sends nothing, and allows everything, for your own tests. Events are checked all
            the same. It needs no key.
        configuration: further settings of calls, such as proxies and time-outs; it is copied.
        on_error: called with an `Incident` when deliveries fail, from the sender's thread.
        on_delivered: called with a `Delivered` after each delivery, from the sender's thread.
        resolve_models: send dated model names (``gpt-4o-mini-2024-07-18``) as the names that the platform prices,
            with the original in metadata. The platform's own proxy does not, and bills them many times too high.
        check_cache_seconds: how long the answer to a check is cached; after half of that it is refreshed in the
            background. 0 asks every time.
        check_timeout: seconds that a check may take before ``on_outage`` decides.
        **delivery: settings of deliveries (``flush_interval``, ``max_events``, ``on_full``, ...), see
            `openmonetize.metering.Recorder`.

    Raises:
        ApiKeyError: there is no API key, or it cannot be sent.
        ApiValueError: a setting is out of range.
        OutboxError: the outbox is in the wrong place or is something else.
    """

    def __init__(
        self,
        api_key: str | None = None,
        base_url: str | None = None,
        *,
        outbox: FilePath | None = None,
        durability: Literal["process", "power"] = "process",
        customer_id: str | None = None,
        enabled: bool = True,
        configuration: Configuration | None = None,
        on_error: Callable[[Incident], object] | None = None,
        on_delivered: Callable[[Delivered], object] | None = None,
        resolve_models: bool = True,
        check_cache_seconds: float = 5.0,
        check_timeout: float = 3.0,
        **delivery: Unpack[DeliverySettings],
    ) -> None:
        key, api_key = Secret(api_key), None  # hidden from what reports this frame, should a setting be refused
        settings = call_settings(key, base_url, configuration)
        if customer_id is not None and (not isinstance(customer_id, str) or not customer_id):
            raise ApiValueError(f"customer_id must be a text that is not empty, not {customer_id!r}")
        if settings.id_namespace is None:
            settings.id_namespace = customer_id
        self.enabled = enabled
        self._client: CompatClient | DisabledClient
        self._recorder: Recorder | DisabledRecorder
        if enabled:
            settings.key()  # A service should fail at its start, not at its first event.
            self._client = client = CompatClient(settings, customer_id)
            self._gate = Gate(client, cache_seconds=check_cache_seconds, timeout=check_timeout)
            client.deployment.on_wallet_changed = self._gate.forget
            self._recorder = Recorder(
                self._client,
                outbox=outbox,
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
        self._names = ModelNames(resolve_models)
        self._warnings = UsageWarnings()
        self._recording = Recording(
            self._recorder, scope=self._scope, names=self._names, warnings=self._warnings, customer_id=customer_id
        )

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

    def close(self, timeout: float = 10.0) -> FlushResult:
        """Deliver what is recorded, then end threads and connections. Nothing is recorded afterwards.

        Args:
            timeout: seconds to wait at the most.

        Returns:
            What became of the events; events that stay behind are logged too.
        """
        self._gate.close()
        result = self._recorder.close(timeout)
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

    # Recording

    def track_token_usage(
        self,
        *,
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

        What is left out of user, feature and metadata comes from :meth:`context`.

        Returns:
            The event's id on the wire.

        Raises:
            ApiTypeError, ApiValueError: the event cannot be billed; the text says why. Nothing was recorded.
            BufferFull: the buffer had no room; the event was not recorded.
        """
        if event_id is None and timestamp is None and idempotency_key is None:
            return self._recording.record_tokens(
                provider, model, input_tokens, output_tokens, user_id, feature_id, customer_id, metadata
            )
        fields = {"provider": provider, "model": model, "input_tokens": input_tokens, "output_tokens": output_tokens}
        return self._recording.record(
            "TOKEN_USAGE", fields, user_id, feature_id, customer_id, metadata, event_id, timestamp, idempotency_key
        )

    def track_image_generation(
        self,
        *,
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
        fields = {"provider": provider, "model": model, "image_count": image_count}
        fields.update(image_size=image_size, quality=quality)
        return self._recording.record(
            "IMAGE_GENERATION", fields, user_id, feature_id, customer_id, metadata, event_id, timestamp, idempotency_key
        )

    def track_custom_event(
        self,
        *,
        unit_type: str,
        quantity: float,
        user_id: str | None = None,
        feature_id: str | None = None,
        customer_id: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        event_id: str | None = None,
        timestamp: Time = None,
        idempotency_key: str | None = None,
    ) -> str:
        """Record usage in a unit of your own; the platform bills 10 credits a unit.

        Args:
            unit_type: the unit's name.
            quantity: how many, above 0; ten times it must be a whole number.

        The other arguments, the result and the exceptions are those of :meth:`track_token_usage`.
        """
        fields = {"unit_type": unit_type, "quantity": quantity}
        return self._recording.record(
            "CUSTOM", fields, user_id, feature_id, customer_id, metadata, event_id, timestamp, idempotency_key
        )

    def track_api_call(
        self,
        *,
        provider: str | None = None,
        model: str | None = None,
        user_id: str | None = None,
        feature_id: str | None = None,
        customer_id: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        event_id: str | None = None,
        timestamp: Time = None,
        idempotency_key: str | None = None,
    ) -> str:
        """Record one call of a feature. The platform counts it, against limits too, and bills nothing.

        Args:
            provider: the vendor of the model that was involved, if any.
            model: its name.

        The other arguments, the result and the exceptions are those of :meth:`track_token_usage`.
        """
        fields = {"provider": provider, "model": model}
        return self._recording.record(
            "API_CALL", fields, user_id, feature_id, customer_id, metadata, event_id, timestamp, idempotency_key
        )

    def track_usage(
        self,
        usage: Any,
        *,
        provider: str | None = None,
        model: str | None = None,
        host: str | None = None,
        user_id: str | None = None,
        feature_id: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        event_id: str | None = None,
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

        The other arguments and the result are those of :meth:`track_token_usage`.

        Raises:
            UsageError: the response has no usage.
            ApiTypeError, ApiValueError, BufferFull: as for :meth:`track_token_usage`.
        """
        return self._recording.record_usage(
            usage, provider, model, host, user_id, feature_id, metadata, event_id, timestamp
        )

    def track(self, event: EventModel | Mapping[str, Any]) -> str:
        """Record an event model, or a dict with ``event_type`` and the fields of that kind of event.

        What it leaves out of user, feature and metadata comes from :meth:`context`. The event itself is not changed.

        Returns:
            The event's id on the wire.

        Raises:
            ApiTypeError, ApiValueError, BufferFull: as for :meth:`track_token_usage`.
        """
        return self._recording.record_event(event)

    def wrap(
        self,
        client: Client,
        *,
        feature_id: str | None = None,
        user_id: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        provider: str | None = None,
        model: ModelChoice = None,
        on_partial: OnPartial = "reported",
        request_usage: bool = True,
    ) -> Client:
        """Return a stand-in for a provider's client that records what each of its calls used.

        Args:
            client: a client of openai, anthropic, google-genai, mistralai, cohere (sync or async), or boto3's
                bedrock-runtime.
            feature_id: the feature of all its calls; by default that of :meth:`context`.
            user_id: the user of all its calls; by default that of :meth:`context`.
            metadata: facts to keep with every event.
            provider, model, on_partial, request_usage: see `openmonetize.providers.wrap`.

        What the provider has answered is recorded, whatever its library does with the answer. Errors of the metering
        are logged once, counted (:meth:`warning_counts`), and never reach the client's caller. Each path of the
        provider's API that may cost something and is not metered is logged and counted once.
        With ``enabled=False`` the client itself is returned.

        Raises:
            ApiTypeError, ApiValueError, UsageError: this client cannot be metered; see `openmonetize.providers.wrap`.
        """
        from openmonetize.providers import wrap

        calls = WrappedCalls(self._recording, type(client).__qualname__, user_id, feature_id, metadata)
        if not self.enabled:
            return client
        return wrap(
            client,
            record=calls.record,
            on_partial=on_partial,
            provider=provider,
            model=model,
            request_usage=request_usage,
            on_unmetered=calls.unmetered,
        )

    def context(
        self, *, user_id: str | None = None, feature_id: str | None = None, metadata: Mapping[str, Any] | None = None
    ) -> AbstractContextManager[None]:
        """Fill in what recording calls and checks leave out: ``with om.context(user_id=..., ...):``.

        Follows threads and tasks as `contextvars` does. Blocks nest: the inner one wins, metadata is merged.

        Args:
            user_id: the user.
            feature_id: the feature.
            metadata: facts to keep with every event.

        Raises:
            ApiTypeError, ApiValueError: a value cannot be sent.
        """
        return self._scope.using((self._scope.get() or EMPTY).nested(user_id, feature_id, metadata))

    # Delivery

    def flush(self, timeout: float = 10.0) -> FlushResult:
        """Deliver everything recorded so far.

        Args:
            timeout: seconds to wait at the most.

        Returns:
            What happened; true if everything has its outcome.
        """
        return self._recorder.flush(timeout)

    def stats(self) -> Stats:
        """Return where all recorded events are: tracked = accepted + duplicate + queued + retrying + dead + dropped."""
        return self._recorder.stats()

    def warning_counts(self) -> dict[str, int]:
        """Return how often doubtful things were seen; each is logged the first time only.

        ``refused``: events that raised at the caller's line. ``unmetered``: calls of wrapped clients and metered
        functions whose usage could not be read or recorded, and each path of a wrapped client that may cost something
        and is not metered, once. ``unpriced_model``: events of a model that the platform has no price for.
        ``short_user_id``: events with a user id that another customer is likely to use as well. ``long_user_id``:
        events with one whose balance cannot be looked up.
        """
        return self._warnings.counts()

    def dead_letters(self) -> list[DeadLetter]:
        """Return the events that the platform refuses for good, with its reasons."""
        return self._recorder.dead_letters()

    def replay_dead_letters(self) -> int:
        """Send the refused events again, under their ids. Return how many."""
        return self._recorder.replay_dead_letters()

    def discard_dead_letters(self) -> int:
        """Give the refused events up: they count as dropped. Return how many."""
        return self._recorder.discard_dead_letters()

    def export_dead_letters(self, path: FilePath) -> int:
        """Write the refused events to a new file, one JSON object a line. Return how many."""
        return self._recorder.export_dead_letters(path)

    def kept_events(self) -> Iterator[dict[str, Any]]:
        """Yield the delivered events that the outbox keeps (``keep="35d"``), oldest first, as they were sent."""
        return self._recorder.kept_events()

    def usage_of_other_keys(self) -> list[OtherAccount]:
        """Return the events in the outbox that were recorded under other keys, or for other servers, and wait for them.

        Keys that the platform knows to be this customer's are not among them: their events are delivered.
        """
        return self._recorder.usage_of_other_keys()

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

    # Gating

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

    def metered(
        self,
        *,
        feature_id: str,
        on_outage: OnOutage,
        user_id: UserId = None,
        usage_of: Callable[[Any], Any] | None = None,
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
            **estimate: for the check, see :meth:`check`.
        """
        self._question("anybody", feature_id, estimate)  # A wrong estimate is an error here, not in every call.
        return Metered(
            self._recording,
            self._gate,
            question=lambda user: self._question(user, feature_id, estimate),
            on_outage=on_outage,
            user_id=user_id,
            usage_of=usage_of,
        )

    def _question(self, user_id: str | None, feature_id: str | None, estimate: Mapping[str, Any]) -> Question:
        scope = self._scope.get() or EMPTY
        user_id, feature_id, _ = scope.fill(user_id, feature_id, None)
        return make_question(user_id, feature_id, estimate, self._names)

    # Money

    def estimate_credits(
        self,
        event: EventModel | Mapping[str, Any] | None = None,
        *,
        book: PriceBook = TEXT_BOOK,
        era: str = "current",
        **usage: Unpack[Amounts],
    ) -> Charge:
        """Compute what an event would burn, offline and by the platform's own arithmetic.

        Args:
            event: an event as for :meth:`track`, instead of the usage that follows.
            book: the platform's prices; by default what every installation has. `openmonetize.pricing.FULL_BOOK` has
                images and video as well.
            era: ``"current"``, or ``"seed"`` for the first release, which bills unknown models nothing.
            **usage: what is used, see `Amounts`: ``provider``, ``model``, ``input_tokens``, ``output_tokens``,
                ``image_count``, ``image_size``, ``quality``, ``seconds``, ``unit_type``, ``quantity``.

        Returns:
            Credits, US dollars, and where the price comes from.

        Raises:
            ApiTypeError, ApiValueError: there is no such event.
        """
        return charge_for(event, usage, complete=self._recording.complete, book=book, era=era)

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
        asked = self._question(user_id, feature_id, {})
        if not self.enabled:
            return direct_config(provider)
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

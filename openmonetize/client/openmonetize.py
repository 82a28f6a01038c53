"""The front door: one object that meters, gates, and calls the platform."""

from __future__ import annotations

from typing import Any, Callable, Mapping, Optional, TypeVar, Union

from typing_extensions import Unpack

from openmonetize._http.client import ApiClient
from openmonetize._http.configuration import Configuration
from openmonetize.client.apis import Apis
from openmonetize.client.disabled import DisabledClient, DisabledError
from openmonetize.client.estimates import Amounts, usage_event
from openmonetize.client.llm_proxy import PROXY_URL, ProxyConfig, direct_config, proxy_config
from openmonetize.client.metered import Metered, UserId
from openmonetize.client.settings import DeliverySettings, Path, call_settings
from openmonetize.client.tracking import Tracker
from openmonetize.compat import CompatClient
from openmonetize.events.model import EventModel
from openmonetize.exceptions import ApiValueError
from openmonetize.gate.checks import (
    CheckResult,
    EntitlementDenied,
    Estimate,
    OnOutage,
    Question,
    question,
    require_policy,
)
from openmonetize.gate.gate import Gate
from openmonetize.metering import Delivered, FlushResult, Incident, Recorder
from openmonetize.pricing import TEXT_BOOK, Charge, PriceBook, credits_for_event

F = TypeVar("F", bound=Callable[..., Any])


class OpenMonetize(Tracker, Apis):
    """Meters AI usage, gates features by credits, and calls the platform.

    ``om.credits``, ``om.entitlements``, ... are the API classes, behind rules that make all deployments of the
    platform look alike (see `openmonetize.compat`). Safe to use from several threads and over forks; starts no
    thread before there is something to deliver.

    Args:
        api_key: the API key; by default the environment variable ``OPENMONETIZE_API_KEY``.
        base_url: where the platform is; by default ``OPENMONETIZE_BASE_URL``, else the hosted platform.
        outbox: a file that keeps recorded events until they are delivered, for restarts and crashes. Several
            processes may share it. Without it they are kept in memory.
        durability: of the outbox: ``"process"`` or ``"power"``, see `openmonetize.metering.Recorder`.
        customer_id: the customer behind the key. Rarely needed: first-release deployments ask for it, and it is
            learned from them.
        enabled: False records and sends nothing, and allows everything, for your own tests. Events are checked all
            the same. It needs no key.
        configuration: further settings of calls, such as proxies and time-outs; it is copied.
        on_error: called with an `Incident` where deliveries fail, from the sender's thread.
        on_delivered: called with a `Delivered` after each delivery, from the sender's thread.
        resolve_models: send dated model names (``gpt-4o-mini-2024-07-18``) as the names that the platform prices,
            with the original in metadata. The platform's own proxy does not, and bills them many times too high.
        check_cache_seconds: how long the answer to a check is remembered; from half of that on it is refreshed in
            the background. 0 asks every time.
        check_timeout: seconds that a check may take before ``on_outage`` decides.
        **delivery: settings of deliveries (``flush_interval``, ``max_events``, ``on_full``, ...), see
            `openmonetize.metering.Recorder`.

    Raises:
        ApiKeyError: there is no API key, or it cannot be sent.
        ApiValueError: a setting is out of range.
        OutboxError: the outbox is in the wrong place or another kind of file.
    """

    def __init__(
        self,
        api_key: Optional[str] = None,
        base_url: Optional[str] = None,
        *,
        outbox: Optional[Path] = None,
        durability: str = "process",
        customer_id: Optional[str] = None,
        enabled: bool = True,
        configuration: Optional[Configuration] = None,
        on_error: Optional[Callable[[Incident], object]] = None,
        on_delivered: Optional[Callable[[Delivered], object]] = None,
        resolve_models: bool = True,
        check_cache_seconds: float = 5.0,
        check_timeout: float = 3.0,
        **delivery: Unpack[DeliverySettings],
    ) -> None:
        settings = call_settings(api_key, base_url, configuration)
        if customer_id is not None and (not isinstance(customer_id, str) or not customer_id):
            raise ApiValueError(f"customer_id must be a text that is not empty, not {customer_id!r}")
        if settings.id_namespace is None:
            settings.id_namespace = customer_id
        self.enabled = enabled
        recorder: Optional[Recorder] = None
        client: ApiClient = DisabledClient(settings)
        if enabled:
            settings.key()  # a service should fail at its start, not at its first event
            client = CompatClient(settings, customer_id, self._wallet_changed)
            recorder = Recorder(
                client,
                outbox=outbox,
                durability=durability,
                on_error=on_error,
                on_delivered=on_delivered,
                **delivery,
            )
        Apis.__init__(self, client)
        Tracker.__init__(self, recorder, settings, customer_id=customer_id, resolve_models=resolve_models)
        self._gate = Gate(client, seconds=check_cache_seconds, timeout=check_timeout)

    @property
    def configuration(self) -> Configuration:
        """The settings in use. A new key (``configuration.api_key["bearerAuth"] = ...``) is taken up at once."""
        return self.api_client.configuration

    def close(self, timeout: float = 10.0) -> FlushResult:
        """Deliver what is recorded, then end threads and connections. Nothing is recorded afterwards.

        Args:
            timeout: seconds to wait at the most.

        Returns:
            What became of the events; what stayed behind is logged too.
        """
        self._gate.close()
        result = FlushResult(True, 0, 0, 0, 0) if self._recorder is None else self._recorder.close(timeout)
        self.api_client.close()
        return result

    def __enter__(self) -> OpenMonetize:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"OpenMonetize(base_url={self.configuration.host!r}{'' if self.enabled else ', enabled=False'})"

    # The gate

    def check(
        self,
        feature_id: Optional[str] = None,
        *,
        on_outage: OnOutage,
        user_id: Optional[str] = None,
        **estimate: Unpack[Estimate],
    ) -> CheckResult:
        """Ask whether a user may use a feature now. Nothing is reserved or charged.

        The answer is remembered for a few seconds (``check_cache_seconds``), in this process.

        Args:
            feature_id: the feature; left out, :meth:`context` says.
            on_outage: ``"allow"`` or ``"deny"``: what is answered where the platform does not.
            user_id: the user; left out, :meth:`context` says.
            **estimate: what the use is expected to take, see `Estimate`: ``provider``, ``model``,
                ``input_tokens``, ``output_tokens``, ``images``, ``seconds``, ``action``.

        Returns:
            True or false, with reason, estimate, balance and remedies.

        Raises:
            ApiTypeError, ApiValueError: the question is incomplete or wrong.
        """
        return self._check(self._question(user_id, feature_id, estimate), on_outage)

    def require(
        self,
        feature_id: Optional[str] = None,
        *,
        on_outage: OnOutage,
        user_id: Optional[str] = None,
        **estimate: Unpack[Estimate],
    ) -> CheckResult:
        """As :meth:`check`, but a denial raises.

        Raises:
            EntitlementDenied: the user may not go ahead; ``check`` says why and what to offer.
            ApiTypeError, ApiValueError: the question is incomplete or wrong.
        """
        return self._admit(self._question(user_id, feature_id, estimate), on_outage)

    def metered(
        self,
        *,
        feature_id: str,
        on_outage: OnOutage,
        user_id: UserId = None,
        usage_of: Optional[Callable[[Any], Any]] = None,
        **estimate: Unpack[Estimate],
    ) -> Callable[[F], F]:
        """Decorate a function that calls a provider: check, call, read what was used, record it.

        For functions, generators and coroutines of both kinds that return a provider's response, its stream, or a
        `Usage`. The function runs in the scope of the call (see :meth:`context`); what a wrapped client records
        within it is not recorded again. A denial raises `EntitlementDenied` and the function is not called. An
        exception of the function passes through and records nothing. Trouble in metering is logged and counted
        (:meth:`warning_counts`), and never reaches the caller.

        Args:
            feature_id: the feature that the function is.
            on_outage: ``"allow"`` or ``"deny"``: whether to go ahead where the platform does not answer.
            user_id: the user; or a function that is called with the call's arguments and says the user; left out,
                :meth:`context` says.
            usage_of: a function that finds the provider's response in the result (or in each chunk of a stream).
            **estimate: for the check, see :meth:`check`.
        """
        self._question("anybody", feature_id, estimate)  # a wrong estimate is an error here, not in every call
        require_policy(on_outage)
        return Metered(
            self,
            ask=lambda user: self._question(user, feature_id, estimate),
            admit=lambda asked: self._admit(asked, on_outage),
            remembers=lambda asked: not self.enabled or self._gate.remembered(asked) is not None,
            user_id=user_id,
            usage_of=usage_of,
        )

    def _question(self, user_id: Optional[str], feature_id: Optional[str], estimate: Mapping[str, Any]) -> Question:
        scope = self._scope.get()
        if scope is not None:
            user_id = scope.user_id if user_id is None else user_id
            feature_id = scope.feature_id if feature_id is None else feature_id
        return question(user_id, feature_id, estimate, self._names)

    def _check(self, asked: Question, on_outage: OnOutage) -> CheckResult:
        require_policy(on_outage)
        if not self.enabled:
            return CheckResult(True, "disabled", source="disabled")
        return self._gate.check(asked, on_outage)

    def _admit(self, asked: Question, on_outage: OnOutage) -> CheckResult:
        result = self._check(asked, on_outage)
        if not result:
            raise EntitlementDenied(result, asked)
        return result

    def _wallet_changed(self, user_id: Optional[str]) -> None:
        if user_id is not None:
            self._gate.forget(user_id)

    # Money

    def estimate_credits(
        self,
        event: Union[EventModel, Mapping[str, Any], None] = None,
        *,
        book: PriceBook = TEXT_BOOK,
        era: str = "current",
        **usage: Unpack[Amounts],
    ) -> Charge:
        """What an event would burn, computed offline by the platform's own arithmetic.

        Args:
            event: an event as for :meth:`track`, instead of the usage that follows.
            book: the platform's prices; by default what every installation has. `openmonetize.pricing.FULL_BOOK` has
                images and video as well.
            era: ``"current"``, or ``"seed"`` for the first release, which bills unknown models nothing.
            **usage: what is used, see `Amounts`: ``provider``, ``model``, ``input_tokens``, ``output_tokens``,
                ``image_count``, ``image_size``, ``quality``, ``unit_type``, ``quantity``.

        Returns:
            Credits, US dollars, and where the price comes from.

        Raises:
            ApiTypeError, ApiValueError: there is no such event.
        """
        wanted, _ = self._completed(usage_event(usage) if event is None else event)
        return credits_for_event(wanted.to_dict(), book=book, era=era)

    def proxy_config(
        self,
        provider: str,
        *,
        user_id: Optional[str] = None,
        feature_id: Optional[str] = None,
        metadata: Optional[Mapping[str, Any]] = None,
        proxy_url: str = PROXY_URL,
    ) -> ProxyConfig:
        """Settings that send a provider's client through the platform's LLM proxy, which meters by itself.

        The proxy checks no balance before the call; use :meth:`check` for that. Do not wrap such a client as well.

        Args:
            provider: ``openai``, ``anthropic`` or ``google``.
            user_id: who uses the client; left out, :meth:`context` says.
            feature_id: the feature; left out, :meth:`context` says.
            metadata: facts to keep with every event.
            proxy_url: where the proxy is.

        Returns:
            Base URL and headers. With ``enabled=False`` they lead to the provider itself.

        Raises:
            ApiException: the platform does not say which customer the key is of. Give ``customer_id`` to avoid it.
            ApiTypeError, ApiValueError: a value cannot travel in a header.
        """
        asked = self._question(user_id, feature_id, {})
        if not self.enabled:
            return direct_config(provider)
        scope = self._scope.get()
        return proxy_config(
            provider,
            settings=self.configuration,
            customer_id=self.customer_id,
            user_id=asked.user_id,
            feature_id=asked.feature_id,
            metadata={**(scope.metadata if scope is not None else {}), **(metadata or {})},
            proxy_url=proxy_url,
        )

    @property
    def customer_id(self) -> str:
        """The customer behind the key. The platform is asked once, if it was not named.

        Raises:
            ApiException: the platform does not say.
        """
        if isinstance(self.api_client, CompatClient):
            return self.api_client.customer_id()
        raise DisabledError("this OpenMonetize is disabled and asks nobody for the customer: give customer_id")

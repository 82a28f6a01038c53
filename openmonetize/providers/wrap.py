"""``wrap``: a stand-in for a provider's client that records what each call used."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any, TypeVar

from openmonetize._arguments import described, explained
from openmonetize.exceptions import ApiTypeError, ApiValueError
from openmonetize.providers.bedrock_client import metered_bedrock
from openmonetize.providers.cohere_client import metered_cohere
from openmonetize.providers.extract import OnPartial
from openmonetize.providers.google_client import metered_google
from openmonetize.providers.libraries import library_of
from openmonetize.providers.metering import Metering, ModelChoice
from openmonetize.providers.mistral_client import MeteredMistral
from openmonetize.providers.openai_anthropic import ANTHROPIC_PATHS, OPENAI_PATHS, metered_client
from openmonetize.providers.policy import checked_policy
from openmonetize.providers.proxy import Proxy
from openmonetize.providers.usage import TokenPolicy, Usage, gateway_name
from openmonetize.providers.versions import check_version

ClientT = TypeVar("ClientT")


@explained
def wrap(
    client: ClientT,
    *,
    record: Callable[[Usage], object],
    on_partial: OnPartial = "prompt",
    provider: str | None = None,
    model: ModelChoice = None,
    request_usage: bool = True,
    on_unmetered: Callable[[Exception], object] | None = None,
    token_policy: TokenPolicy | None = None,
    followed: Callable[[Any, str], bool] | None = None,
) -> ClientT:
    """Return a stand-in for a provider's client that records the usage of every answer of the provider.

    The client itself is not changed, and calls made on it directly are not recorded. The stand-in passes on all
    attributes, and ``isinstance`` holds for the client's class; ``type()`` differs. What the provider has answered is
    recorded even if its library then fails to parse it. An exception passes through untouched. An error in
    metering never reaches the caller: it is logged, once per incident, by the logger ``openmonetize.providers``. So is
    each kind of call that may cost something and is not metered, once.

    Args:
        client: a client of openai, anthropic, google-genai, mistralai, cohere (all synchronous or
            asynchronous), or a boto3 ``bedrock-runtime`` client. ``METERED`` lists the calls that are metered,
            ``NOT_METERED`` those that are not.
        record: called once per finished call, on the thread (or event loop) that finished it; it should not
            block.
        on_partial: what to record for a stream that ended before the provider's final usage. ``prompt``: what the
            provider had reported, or the prompt if that is nothing and it was you who ended the stream, since the
            provider charges for it: marked ``partial``, its tokens a rough estimate. ``reported``: only what the
            provider had reported, marked ``partial``, or nothing. ``estimate``: that completed by a rough estimate of
            prompt and answer, marked ``estimated``.
        provider: bill under this provider instead of the one whose format it is. Required for boto3.
        model: bill under this model instead of the one the response names; or a mapping from models asked for
            to names. Required for boto3, where the keys are model ids.
        request_usage: ask for usage in OpenAI chat streams (``stream_options.include_usage``) where the caller
            has not; the extra chunk is hidden. A server that refuses the option is asked again without it, once.
        on_unmetered: called with the error for each call that could not be metered, and with an `UnmeteredCall` once
            for each path or method that is not metered, and for each job whose usage is told later, instead of logging
            it.
        token_policy: which tokens of its calls to bill, see `usage_from`.
        followed: called with the original client and the id of a job (a batch, a background response, a video) that is
            retrieved; returns whether its usage is recorded elsewhere, and so not here.

    Returns:
        The metered client.

    Raises:
        ApiTypeError: the client cannot be metered.
        UsageError: the provider is not one that the platform takes, or a boto3 client comes without provider and
            model.
        ApiValueError: the client is metered already.
    """
    return metered(
        client,
        record=lambda usage, began: record(usage),
        on_partial=on_partial,
        provider=provider,
        model=model,
        request_usage=request_usage,
        on_unmetered=on_unmetered,
        token_policy=token_policy,
        followed=followed,
    )


def metered(
    client: ClientT,
    *,
    record: Callable[[Usage, float], object],
    provider: str | None,
    token_policy: TokenPolicy | None,
    **settings: Any,
) -> ClientT:
    """Do as :func:`wrap`; ``record`` is also told when the call began, in monotonic seconds."""
    if isinstance(client, Proxy):
        raise ApiValueError("this client is metered already: wrap the original, or its calls are billed twice")
    if isinstance(client, (type, ModuleType)):
        raise ApiTypeError(f"cannot meter {described(client)}")
    library = library_of(client)
    metering = Metering(
        library,
        client,
        record=record,
        provider=None if provider is None else gateway_name(provider),
        token_policy=checked_policy(token_policy),
        **settings,
    )
    meter = _METERS.get(library)
    if meter is None:
        raise ApiTypeError(
            f"cannot meter {type(client).__module__}.{type(client).__qualname__}: "
            f"pass a client of {', '.join(sorted(_METERS))}, or use usage_from and StreamMeter"
        )
    check_version(library)
    return meter(client, metering)  # type: ignore[no-any-return]


def _openai(client: Any, metering: Metering) -> Any:
    return metered_client(client, metering, "openai", OPENAI_PATHS)


def _anthropic(client: Any, metering: Metering) -> Any:
    return metered_client(client, metering, "anthropic", ANTHROPIC_PATHS)


_METERS: dict[str, Callable[[Any, Metering], Any]] = {
    "openai": _openai,
    "anthropic": _anthropic,
    "google-genai": metered_google,
    "mistralai": MeteredMistral,
    "cohere": metered_cohere,
    "boto3": metered_bedrock,
}

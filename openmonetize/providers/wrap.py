"""``wrap``: a stand-in for a provider's client that records what each call used."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any, TypeVar

from openmonetize._arguments import described, explained
from openmonetize.exceptions import ApiTypeError, ApiValueError
from openmonetize.providers.coverage import METERED
from openmonetize.providers.extract import OnPartial
from openmonetize.providers.metered_call import MeteredCall, Metering, ModelChoice
from openmonetize.providers.openai_anthropic import ANTHROPIC_PATHS, OPENAI_PATHS, metered_client
from openmonetize.providers.proxy import Proxy
from openmonetize.providers.usage import Usage, UsageError, gateway_name

ClientT = TypeVar("ClientT")


@explained
def wrap(
    client: ClientT,
    *,
    record: Callable[[Usage], object],
    on_partial: OnPartial = "reported",
    provider: str | None = None,
    model: ModelChoice = None,
    request_usage: bool = True,
    on_unmetered: Callable[[Exception], object] | None = None,
) -> ClientT:
    """Return a stand-in for a provider's client that records the usage of every finished call.

    The client itself is not changed, and calls made on it directly are not recorded. The stand-in passes on all
    attributes, and ``isinstance`` holds for the client's class; ``type()`` differs. An exception of the provider
    passes through untouched and records nothing, unless a stream had reported usage before it broke. An error in
    metering never reaches the caller: it is logged, once per incident, by the logger ``openmonetize.providers``.

    Args:
        client: a client of openai, anthropic, google-genai, mistralai, cohere (all synchronous or
            asynchronous), or a boto3 ``bedrock-runtime`` client. ``METERED`` lists the calls that are metered,
            ``NOT_METERED`` those that are not.
        record: called once per finished call, on the thread (or event loop) that finished it; it should not
            block.
        on_partial: what to record for a stream that ended before the provider's final usage. ``reported``: what
            the provider had reported, marked ``partial``, or nothing. ``estimate``: that completed by a rough
            estimate, marked ``estimated``.
        provider: bill under this provider instead of the one whose format it is. Required for boto3.
        model: bill under this model instead of the one the response names; or a mapping from models asked for
            to names. Required for boto3, where the keys are model ids.
        request_usage: ask for usage in OpenAI chat streams (``stream_options.include_usage``) where the caller
            has not; the extra chunk is hidden. Turn it off for servers that refuse the option.
        on_unmetered: called with the error for each call that could not be metered, instead of logging it.

    Returns:
        The metered client.

    Raises:
        ApiTypeError: the client cannot be metered.
        UsageError: the provider is not one that the platform takes, or a boto3 client comes without provider and
            model.
        ApiValueError: the client is metered already.
    """
    if isinstance(client, Proxy):
        raise ApiValueError("this client is metered already: wrap the original, or its calls are billed twice")
    if isinstance(client, (type, ModuleType)):
        raise ApiTypeError(f"cannot meter {described(client)}")
    library = _library_of(client)
    metering = Metering(
        library,
        client,
        record=record,
        on_partial=on_partial,
        provider=None if provider is None else gateway_name(provider),
        model=model,
        request_usage=request_usage,
        on_unmetered=on_unmetered,
    )
    meter = _METERS.get(library)
    if meter is None:
        raise ApiTypeError(
            f"cannot meter {type(client).__module__}.{type(client).__qualname__}: "
            f"pass a client of {', '.join(sorted(_METERS))}, or use usage_from and StreamMeter"
        )
    return meter(client, metering)  # type: ignore[no-any-return]


def _library_of(client: Any) -> str:
    """Return the library that a client comes from, also where its class is the user's own subclass."""
    for parent in type(client).__mro__:
        for library, module in _MODULES.items():
            if parent.__module__ == module or parent.__module__.startswith(module + "."):
                return library
    return ""


def _openai(client: Any, metering: Metering) -> Any:
    return metered_client(client, metering, OPENAI_PATHS)


def _anthropic(client: Any, metering: Metering) -> Any:
    return metered_client(client, metering, ANTHROPIC_PATHS)


def _google(client: Any, metering: Metering) -> Any:
    # One public call may make several requests (automatic function calling, continuation), each with a usage of
    # its own that the final response does not include. So the private methods that make one request are metered.
    models = _with_metered(client.models, ("_generate_content", "_generate_content_stream"), metering)
    replaced = {"models": models, "chats": type(client.chats)(modules=models)}
    if hasattr(client, "aio"):
        replaced["aio"] = _google(client.aio, metering)
    return Proxy(client, replaced)


def _mistral(client: Any, metering: Metering) -> Any:
    chats = ("complete", "complete_async", "stream", "stream_async")
    resources = {"chat": chats, "fim": chats, "agents": chats, "embeddings": ("create", "create_async")}
    return Proxy(
        client,
        {
            name: _with_metered(getattr(client, name), methods, metering)
            for name, methods in resources.items()
            if hasattr(client, name)  # the clients for Azure and Google Cloud have fewer
        },
    )


def _cohere(client: Any, metering: Metering) -> Any:
    def metered(target: Any) -> dict[str, Any]:
        return {name: metering.metered(getattr(target, name)) for name in METERED["cohere"]}

    replaced = metered(client)
    if hasattr(client, "v2"):
        replaced["v2"] = Proxy(client.v2, metered(client.v2))
    return Proxy(client, replaced)


def _bedrock(client: Any, metering: Metering) -> Any:
    if client.meta.service_model.service_name != "bedrock-runtime":
        raise ApiTypeError("of the boto3 clients only bedrock-runtime can be metered")
    if metering.provider is None or metering.model is None:
        raise UsageError(
            "AWS Bedrock is not a provider the platform takes: pass provider= and model= (one name, or a mapping from "
            "model ids to names) to bill under"
        )

    def converse_stream(**request: Any) -> Any:
        response = client.converse_stream(**request)
        request_id = response.get("ResponseMetadata", {}).get("RequestId")
        return {
            **response,
            "stream": MeteredCall(metering, request).stream(response["stream"], response_id=request_id),
        }

    return Proxy(client, {"converse": metering.metered(client.converse), "converse_stream": converse_stream})


def _with_metered(resource: Any, names: tuple[str, ...], metering: Metering) -> Any:
    """Return a copy of a resource on which these methods are metered, also when its other methods call them."""
    metered = copy.copy(resource)
    for name in names:
        if not hasattr(resource, name):
            raise ApiTypeError(f"this version of {type(resource).__module__} has no {name}: it cannot be metered")
        setattr(metered, name, metering.metered(getattr(resource, name)))
    return metered


_METERS: dict[str, Callable[[Any, Metering], Any]] = {
    "openai": _openai,
    "anthropic": _anthropic,
    "google-genai": _google,
    "mistralai": _mistral,
    "cohere": _cohere,
    "boto3": _bedrock,
}
_MODULES: Mapping[str, str] = {
    "openai": "openai",
    "anthropic": "anthropic",
    "google-genai": "google.genai",
    "mistralai": "mistralai",
    "cohere": "cohere",
    "boto3": "botocore",
}

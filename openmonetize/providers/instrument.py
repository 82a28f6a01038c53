"""``instrument``: meter every client of a provider's library in this process, by methods of the library's classes.

A patched method meters its call as a wrapped client does. What meters it calls the client's own method, which is the
patched one again: it notices that and goes on to the original, as it does for the calls of clients that are wrapped.
"""

from __future__ import annotations

import functools
import importlib
import inspect
import itertools
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from typing import Any

from openmonetize.exceptions import ApiTypeError, ApiValueError
from openmonetize.providers import detect
from openmonetize.providers.bedrock_client import FREE, check_named
from openmonetize.providers.google_client import metered_api_client
from openmonetize.providers.metered_call import MeteredCall
from openmonetize.providers.metering import Metering, like
from openmonetize.providers.mistral_client import meter_exchange
from openmonetize.providers.openai_anthropic import ANTHROPIC_PATHS, OPENAI_PATHS, metered_request
from openmonetize.providers.policy import checked_policy
from openmonetize.providers.proxy import Proxy
from openmonetize.providers.usage import TokenPolicy, gateway_name
from openmonetize.providers.versions import check_version
from openmonetize.providers.within_call import is_metered

# Returns the settings of a client's calls.
Settings = Callable[[Any], Metering]

# A class, the name of one of its methods, and what makes the metered method of the original one.
Patch = tuple[type, str, Callable[[Any], Any]]

_instrumented: set[str] = set()
_lock = threading.Lock()
_numbers = itertools.count()


def instrument(
    library: str, *, provider: str | None = None, token_policy: TokenPolicy | None = None, **settings: Any
) -> Callable[[], None]:
    """Meter every client of a library from now on, those that exist included. Return what undoes it.

    Args:
        library: one of `LIBRARIES`.
        provider, token_policy, settings: see `Metering`.

    Raises:
        ApiTypeError: the library is unknown, not installed, or has none of the methods.
        ApiValueError: it is instrumented already.
        UsageError: the provider is not one that the platform takes, or boto3 comes without provider and model.
    """
    patches = LIBRARIES.get(library)
    if patches is None:
        raise ApiTypeError(f"cannot instrument {library!r}: name one of {', '.join(LIBRARIES)}")
    settings["provider"] = None if provider is None else gateway_name(provider)
    settings["token_policy"] = checked_policy(token_policy)
    if library == "boto3":
        check_named(settings["provider"], settings.get("model"))
    with _lock:
        if library in _instrumented:
            raise ApiValueError(f"{library} is instrumented already: call uninstrument({library!r}) first")
        try:
            found = list(patches(lambda client: Metering(library, client, **settings)))
        except ImportError as error:
            raise ApiTypeError(f"cannot instrument {library}: {error}") from None
        if not found:
            raise ApiTypeError(
                f"cannot instrument {library}: it is not installed, or this version of it has none of the known methods"
            )
        check_version(library)
        originals = [(owner, name, owner.__dict__[name]) for owner, name, _ in found]
        for owner, name, metered in found:
            setattr(owner, name, metered(owner.__dict__[name]))
        _instrumented.add(library)

    def undo() -> None:
        with _lock:
            if library in _instrumented:
                _instrumented.remove(library)
                for owner, name, original in originals:
                    setattr(owner, name, original)

    return undo


def _once_for_each(make: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Return a function that makes one thing for each object, which keeps it."""
    place = f"_openmonetize_{next(_numbers)}"  # never one that was used before, whose things an object may still keep

    def of(owner: Any) -> Any:
        # Not in a weak dictionary: what is made refers to its owner, and would keep it there for ever.
        kept: dict[str, Any] = getattr(owner, "__dict__", {})
        found = kept.get(place)
        if found is None or found[0] is not owner:  # a copy has what was made for the original
            found = kept[place] = owner, make(owner)
        return found[1]

    return of


def _own(owners: Iterable[type | None], *names: str) -> Iterator[tuple[type, str]]:
    """Yield the methods of these names that each class defines itself."""
    for owner in owners:
        for name in names:
            if owner is not None and name in owner.__dict__:
                yield owner, name


def _classes(module: str, *names: str) -> Iterator[type | None]:
    """Yield the classes of a module, as far as this version has them."""
    found = importlib.import_module(module)
    for name in names:
        yield getattr(found, name, None)


def _with_subclasses(base: type | None) -> Iterator[type]:
    """Yield a class and all below it."""
    if base is not None:
        yield base
        below: list[type] = base.__subclasses__()
        for kind in below:
            yield from _with_subclasses(kind)


def _handed(method: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Return what makes a method that hands each call to the client's metered one, unless that is what calls it."""

    def metered(original: Any) -> Any:
        def call(self: Any, *args: Any, **kwargs: Any) -> Any:
            return (original.__get__(self) if is_metered() else method(self))(*args, **kwargs)

        return like(original, call)

    return metered


def _like_openai(library: str, paths: Mapping[str, Any]) -> Callable[[Settings], Iterator[Patch]]:
    def patches(settings: Settings) -> Iterator[Patch]:
        method = _once_for_each(lambda client: metered_request(client, settings(client), library, paths))
        for base in _classes(f"{library}._base_client", "SyncAPIClient", "AsyncAPIClient"):
            # OpenInference gives the clients a method of their own, which does not look at that of the base again.
            for owner, name in _own(_with_subclasses(base), "request"):
                yield owner, name, _handed(method)

    return patches


def _google(settings: Settings) -> Iterator[Patch]:
    stand_in = _once_for_each(lambda client: metered_api_client(client, settings(client)))

    def method(name: str) -> Callable[[Any], Any]:
        return lambda client: getattr(stand_in(client), name)

    names = ("request", "async_request", "request_streamed", "async_request_streamed")
    for owner, name in _own(_classes("google.genai._api_client", "BaseApiClient"), *names):
        yield owner, name, _handed(method(name))


def _cohere(settings: Settings) -> Iterator[Patch]:
    of_client = _once_for_each(settings)

    def metered(original: Any) -> Any:
        def call(self: Any, *args: Any, **kwargs: Any) -> Any:
            if is_metered():
                return original(self, *args, **kwargs)
            one = MeteredCall(of_client(self), kwargs, dialect=detect.COHERE, certain=True)
            return one.run(original, self, *args, **kwargs)

        return like(original, call)

    # The classes that `cohere.Client` and its like inherit from: their own `embed` calls these in parts.
    for classes in (
        _classes("cohere.base_client", "BaseCohere", "AsyncBaseCohere"),
        _classes("cohere.v2.client", "V2Client", "AsyncV2Client"),
    ):
        for owner, name in _own(classes, "chat", "chat_stream", "embed"):
            yield owner, name, metered


def _mistral(settings: Settings) -> Iterator[Patch]:
    of_client = _once_for_each(settings)

    def settle(self: Any, response: Any) -> Any:
        with suppress(AttributeError):
            configuration = self.sdk_configuration
            if not any(isinstance(one, Proxy) for one in (configuration.client, configuration.async_client)):
                meter_exchange(response.request, response, of_client(self))
        return response

    def metered(original: Any) -> Any:
        if inspect.iscoroutinefunction(original):

            async def call_async(self: Any, *args: Any, **kwargs: Any) -> Any:
                return settle(self, await original(self, *args, **kwargs))

            return functools.wraps(original)(call_async)

        def call(self: Any, *args: Any, **kwargs: Any) -> Any:
            return settle(self, original(self, *args, **kwargs))

        return functools.wraps(original)(call)

    for package in ("mistralai", "mistralai.client", "mistralai.azure.client", "mistralai.gcp.client"):
        with suppress(ImportError):
            for owner, name in _own(_classes(f"{package}.basesdk", "BaseSDK"), "do_request", "do_request_async"):
                yield owner, name, metered


def _bedrock(settings: Settings) -> Iterator[Patch]:
    from botocore import xform_name  # type: ignore[import-untyped, unused-ignore]

    of_client = _once_for_each(settings)

    def metered(original: Any) -> Any:
        def call(self: Any, operation_name: str, api_params: Any) -> Any:
            if is_metered() or self.meta.service_model.service_name != "bedrock-runtime":
                return original(self, operation_name, api_params)
            metering = of_client(self)
            if operation_name not in ("Converse", "ConverseStream"):
                response = original(self, operation_name, api_params)
                if (name := xform_name(operation_name)) not in FREE:
                    metering.passed(name)
                return response
            one = MeteredCall(metering, api_params, dialect=detect.CONVERSE)
            if operation_name == "Converse":
                return one.run(original, self, operation_name, api_params)
            response = original(self, operation_name, api_params)
            request_id = response.get("ResponseMetadata", {}).get("RequestId")
            return {**response, "stream": one.stream(response["stream"], response_id=request_id)}

        return like(original, call)

    for owner, name in _own(_classes("botocore.client", "BaseClient"), "_make_api_call"):
        yield owner, name, metered


LIBRARIES: Mapping[str, Callable[[Settings], Iterator[Patch]]] = {
    "openai": _like_openai("openai", OPENAI_PATHS),
    "anthropic": _like_openai("anthropic", ANTHROPIC_PATHS),
    "google-genai": _google,
    "mistralai": _mistral,
    "cohere": _cohere,
    "boto3": _bedrock,
}

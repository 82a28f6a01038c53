"""Metering of the google-genai client, at the API client that all its resources share.

One public call may make several requests (automatic function calling, continuation), each with a usage of its own that
the final response does not include, so requests are metered, and not calls.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from openmonetize.exceptions import ApiTypeError
from openmonetize.providers.detect import GENERATE_CONTENT, INTERACTIONS
from openmonetize.providers.metered_call import MeteredCall, metered_method
from openmonetize.providers.metering import Metering
from openmonetize.providers.paths import is_free, path_of
from openmonetize.providers.proxy import Proxy
from openmonetize.providers.within_call import WithinCall

_METERED = ("generateContent", "streamGenerateContent", "embedContent", "batchEmbedContents")
_USAGE = "usageMetadata"  # embeddings have it on some of the services only

# Resources whose requests are seen at the API client.
_RESOURCES = ("models", "batches", "caches", "tunings", "files", "operations", "file_search_stores")

# Resources whose requests are not seen there, and those of their methods that are metered themselves.
_UNSEEN = ("interactions", "live", "decisions", "voices")
_METERED_METHODS = {"interactions": "create", "decisions": "create"}


def metered_google(client: Any, metering: Metering) -> Any:
    """Return a stand-in for a client, or for its asynchronous part."""
    replaced: dict[str, Any] = {}
    for name in _RESOURCES:
        resource: Any = getattr(client, name, None)
        if hasattr(resource, "_api_client"):
            replaced[name] = copy.copy(resource)
            replaced[name]._api_client = metered_api_client(resource._api_client, metering)
    if "models" not in replaced:
        raise ApiTypeError("this version of google-genai has no API client in its models: it cannot be metered")
    replaced["chats"] = type(client.chats)(modules=replaced["models"])
    if hasattr(client, "aio"):
        replaced["aio"] = metered_google(client.aio, metering)
    return _MeteredGoogle(client, replaced, metering)


class _MeteredGoogle(Proxy):
    """A client that tells of the resources that do not use its API client."""

    def __init__(self, client: Any, replaced: dict[str, Any], metering: Metering) -> None:
        super().__init__(client, replaced)
        self._metering = metering

    def __getattr__(self, name: str) -> Any:
        value = super().__getattr__(name)
        if name in _UNSEEN and name not in self._replaced:
            called = {
                method: self._metering.passing(f"{name}.{method}", getattr(value, method))
                for method in ("create", "connect")
                if hasattr(value, method)
            }
            metered = _METERED_METHODS.get(name)
            if metered in called:
                method = getattr(value, metered)
                called[metered] = metered_method(self._metering, method, dialect=INTERACTIONS, certain=True)
            value = self._replaced[name] = Proxy(value, called)
        return value


def metered_api_client(client: Any, metering: Metering) -> Proxy:
    """Return a stand-in for the API client, whose ``request`` methods are metered."""

    def call_of(http_method: str, path: str, body: Any) -> MeteredCall | None:
        """Return the metering of a request, or None for one whose answer is not read."""
        resource, _, method = str(path).partition("?")[0].rpartition(":")
        if http_method.lower() != "post" or method not in _METERED:
            return None
        model = resource.rpartition("/")[2]
        request = {**body, "model": model} if isinstance(body, Mapping) else {"model": model}
        return MeteredCall(metering, request, dialect=GENERATE_CONTENT, content=_body_of)

    def settle(http_method: str, path: str, call: MeteredCall | None, response: Any) -> Any:
        """Record an answer, or tell of one that is not metered."""
        try:
            if call is not None and (_USAGE in str(response.body) or not _is_embedding(path)):
                call.record(response)
            elif http_method.lower() == "post":
                _passed(metering, path)
        except Exception as error:
            metering.report(error)
        return response

    def request(http_method: str, path: str, body: Any, *args: Any, **options: Any) -> Any:
        call = call_of(http_method, path, body)
        with WithinCall():
            response = client.request(http_method, path, body, *args, **options)
        return settle(http_method, path, call, response)

    async def async_request(http_method: str, path: str, body: Any, *args: Any, **options: Any) -> Any:
        call = call_of(http_method, path, body)
        with WithinCall():
            response = await client.async_request(http_method, path, body, *args, **options)
        return settle(http_method, path, call, response)

    def streamed(name: str) -> Any:
        method = getattr(client, name)

        def request_streamed(http_method: str, path: str, body: Any, *args: Any, **options: Any) -> Any:
            call = call_of(http_method, path, body)
            if call is not None:
                return call.run(method, http_method, path, body, *args, **options)
            _passed(metering, path)
            with WithinCall():
                return method(http_method, path, body, *args, **options)

        return request_streamed

    return Proxy(
        client,
        {
            "request": request,
            "async_request": async_request,
            "request_streamed": streamed("request_streamed"),
            "async_request_streamed": streamed("async_request_streamed"),
        },
    )


def _body_of(response: Any) -> Any:
    return response.body


def _is_embedding(path: str) -> bool:
    return "mbedContent" in path


def _passed(metering: Metering, path: str) -> None:
    """Tell of a request that is not metered, by its method: paths contain the names of models."""
    resource, colon, method = str(path).partition("?")[0].rpartition(":")
    name = f"{path_of(resource, '').rpartition('/')[0] or '/'}/*:{method}" if colon else path_of(path, "")
    if not is_free("google-genai", name):
        metering.passed(name)

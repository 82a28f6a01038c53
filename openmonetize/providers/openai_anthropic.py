"""Metering of the openai and anthropic clients, which are built alike.

All their methods end in the client's public ``request``, which gets one HTTP response and hands it to
``_process_response``. It is metered there, before the library reads, parses or refuses it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MethodType
from typing import Any

from openmonetize.providers import detect
from openmonetize.providers.dialect import Dialect
from openmonetize.providers.metered_call import MeteredCall
from openmonetize.providers.metering import Metering
from openmonetize.providers.openai_anthropic_call import OneCall
from openmonetize.providers.paths import is_free, path_of
from openmonetize.providers.proxy import Proxy
from openmonetize.providers.response_fields import text
from openmonetize.providers.retrieved import retrieval
from openmonetize.providers.within_call import WithinCall

Paths = Mapping[str, Dialect]

OPENAI_PATHS: Paths = {
    "/chat/completions": detect.CHAT,
    "/completions": detect.CHAT,
    "/responses": detect.RESPONSES,
    "/responses/compact": detect.RESPONSES,
    "/embeddings": detect.EMBEDDINGS,
    "/images/generations": detect.IMAGES,
    "/images/edits": detect.IMAGES,
    "/images/variations": detect.IMAGES,
    "/audio/transcriptions": detect.TRANSCRIPTION,
    "/decisions": detect.RESPONSES,
}
ANTHROPIC_PATHS: Paths = {"/v1/messages": detect.MESSAGES}

# Methods that return another client made from this one.
_COPY_METHODS = ("copy", "with_options", "with_middleware")

# Resources whose ``connect`` opens a socket, on which no response is seen.
_SOCKETS = ("realtime", "responses", "live")


class MeteredClient(Proxy):
    """A client whose ``post`` and ``request`` are metered, and whose resources use them."""

    def __init__(self, client: Any, replaced: dict[str, Any], metering: Metering) -> None:
        super().__init__(client, replaced)
        self._metering = metering

    def __getattr__(self, name: str) -> Any:
        value = super().__getattr__(name)
        if getattr(value, "_client", None) is not self._proxied:
            return value
        # A resource (client.chat) is bound to its client: bind another of its class to this proxy, and keep it.
        resource = self._replaced[name] = type(value)(self)
        if name in _SOCKETS and hasattr(resource, "connect"):
            resource.connect = self._metering.passing(f"{name}.connect", resource.connect)
        return resource


def metered_client(client: Any, metering: Metering, library: str, paths: Paths) -> MeteredClient:
    """Return a stand-in for the client that meters calls to these paths."""
    replaced: dict[str, Any] = {}

    def copy_method(name: str) -> Callable[..., MeteredClient]:
        def copy(*args: Any, **options: Any) -> MeteredClient:
            other = getattr(client, name)(*args, **options)
            return metered_client(other, metering.for_client(other), library, paths)

        return copy

    for name in _COPY_METHODS:
        if hasattr(client, name):
            replaced[name] = copy_method(name)
    metered = MeteredClient(client, replaced, metering)
    if "post" in vars(client) or not hasattr(client, "_process_response"):
        replaced["post"] = _post(client, metering, paths)  # not the library's own way: what it returns is metered
    else:
        replaced["request"] = metered_request(client, metering, library, paths)
        replaced["post"] = MethodType(type(client).post, metered)
        if "get" not in vars(client):
            replaced["get"] = MethodType(type(client).get, metered)
    return metered


def metered_request(client: Any, metering: Metering, library: str, paths: Paths) -> Callable[..., Any]:
    """Return a ``request`` of the client that meters responses of these paths, and tells of others that have a cost."""

    def start(options: Any, how: Mapping[str, Any]) -> OneCall | str | None:
        """Return the metering of a request, or the path of one that is not metered, or None."""
        try:
            method = str(options.method).lower()
            what = retrieval(library, options.url) if method == "get" else None
            if what is not None:
                return OneCall(client, metering, detect.RESPONSES, "", options, bool(how.get("stream")), what)
            if method != "post":
                return None
            path = path_of(options.url, client.base_url, paths)
            if path in paths:
                return OneCall(client, metering, paths[path], path, options, bool(how.get("stream")))
            return None if is_free(library, path) else path
        except Exception as error:
            metering.report(error)
            return None

    def request(cast_to: Any, options: Any, *args: Any, **how: Any) -> Any:
        with WithinCall():
            return requested(cast_to, options, *args, **how)

    def requested(cast_to: Any, options: Any, *args: Any, **how: Any) -> Any:
        call = start(options, how)
        if not isinstance(call, OneCall):
            result = client.request(cast_to, options, *args, **how)
            if call is not None:
                metering.passed(call, text(result, "id"))
            return result
        try:
            return call.settle(call.request(cast_to, call.options, *args, **how))
        except Exception as error:
            if not call.may_go_without_usage(error):
                raise
        result = call.request(cast_to, options, *args, **how)
        call.remember_refusal()
        return call.settle(result)

    async def request_async(cast_to: Any, options: Any, *args: Any, **how: Any) -> Any:
        with WithinCall():
            return await requested_async(cast_to, options, *args, **how)

    async def requested_async(cast_to: Any, options: Any, *args: Any, **how: Any) -> Any:
        call = start(options, how)
        if not isinstance(call, OneCall):
            result = await client.request(cast_to, options, *args, **how)
            if call is not None:
                metering.passed(call, text(result, "id"))
            return result
        try:
            return call.settle(await call.request(cast_to, call.options, *args, **how))
        except Exception as error:
            if not call.may_go_without_usage(error):
                raise
        result = await call.request(cast_to, options, *args, **how)
        call.remember_refusal()
        return call.settle(result)

    return request_async if hasattr(type(client), "__aenter__") else request


def _post(client: Any, metering: Metering, paths: Paths) -> Callable[..., Any]:
    def post(path: str, **options: Any) -> Any:
        body = options.get("body")
        dialect = paths.get(path_of(path, client.base_url, paths))
        if dialect is None:
            return client.post(path, **options)
        request = body if isinstance(body, Mapping) else {}
        return MeteredCall(metering, request, dialect=dialect).run(client.post, path, **options)

    return post

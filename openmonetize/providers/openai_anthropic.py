"""Metering of the openai and anthropic clients, which are built alike.

All their methods end in the client's public ``post(path, body=…)``: ``create``, ``parse``, the ``stream``
managers, raw responses and tool runners. Calls are metered there, and told apart by their path.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from openmonetize.providers.metered_call import MeteredCall, Metering
from openmonetize.providers.proxy import Proxy
from openmonetize.providers.response_fields import get, items

OPENAI_PATHS = (
    "/chat/completions",
    "/completions",
    "/responses",
    "/embeddings",
    "/images/generations",
    "/images/edits",
    "/images/variations",
)
ANTHROPIC_PATHS = ("/v1/messages",)

# Streams of these paths carry usage only on request.
_USAGE_ON_REQUEST = ("/chat/completions", "/completions")

# Methods that return another client made from this one.
_COPY_METHODS = ("copy", "with_options", "with_middleware")


class MeteredClient(Proxy):
    """A client whose ``post`` is metered, and whose resources use that ``post``."""

    def __getattr__(self, name: str) -> Any:
        value = super().__getattr__(name)
        if getattr(value, "_client", None) is not self._proxied:
            return value
        # A resource (client.chat) is bound to its client: bind another of its class to this proxy, and keep it.
        resource = self._replaced[name] = type(value)(self)
        return resource


def metered_client(client: Any, metering: Metering, paths: tuple[str, ...]) -> MeteredClient:
    """Return a stand-in for the client that meters calls to these paths."""

    def post(path: str, **options: Any) -> Any:
        route = path.partition("?")[0]
        if route not in paths:
            return client.post(path, **options)
        body = options.get("body")
        request = body if isinstance(body, Mapping) else {}
        hide: Callable[[Any], bool] = _hide_nothing
        if metering.request_usage and options.get("stream") and route in _USAGE_ON_REQUEST:
            options, hide = _with_usage_requested(options)
        return MeteredCall(metering, request, hide=hide).run(client.post, path, **options)

    def copy_method(name: str) -> Callable[..., MeteredClient]:
        def copy(*args: Any, **options: Any) -> MeteredClient:
            other = getattr(client, name)(*args, **options)
            return metered_client(other, metering.for_client(other), paths)

        return copy

    replaced = {name: copy_method(name) for name in _COPY_METHODS if hasattr(client, name)}
    return MeteredClient(client, {"post": post, **replaced})


def _with_usage_requested(options: dict[str, Any]) -> tuple[dict[str, Any], Callable[[Any], bool]]:
    """Return the request with ``stream_options.include_usage``, and a function that says which chunks to hide.

    The extra chunk that carries only usage is hidden, unless the caller has asked for it.
    """
    request_options = options.get("options") or {}
    extra_body = request_options.get("extra_json")  # merged into the body by the library
    extra = isinstance(extra_body, Mapping) and "stream_options" in extra_body
    body = extra_body if extra else options.get("body")
    if not isinstance(body, Mapping):
        return options, _hide_nothing
    asked = body.get("stream_options")
    asked = asked if isinstance(asked, Mapping) else {}
    if asked.get("include_usage"):
        return options, _hide_nothing
    body = {**body, "stream_options": {**asked, "include_usage": True}}
    if extra:
        return {**options, "options": {**request_options, "extra_json": body}}, _is_usage_chunk
    return {**options, "body": body}, _is_usage_chunk


def _is_usage_chunk(chunk: Any) -> bool:
    return get(chunk, "usage") is not None and not items(chunk, "choices")


def _hide_nothing(chunk: Any) -> bool:
    return False

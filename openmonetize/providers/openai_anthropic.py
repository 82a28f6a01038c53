"""Metering of the openai and anthropic clients, which are built alike.

Every method of theirs ends in the client's public ``post(path, body=…)``: ``create``, ``parse``, the
``stream`` managers, raw responses and tool runners. So the meter sits there, once, and knows a call by its
path.
"""

from __future__ import annotations

from typing import Any, Callable, Dict, Mapping, Tuple

from openmonetize.providers.fields import get, items
from openmonetize.providers.metered_call import MeteredCall, Metering
from openmonetize.providers.proxy import Proxy

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

# These streams carry usage only on request.
_SILENT_STREAMS = ("/chat/completions", "/completions")

# Methods that give another client like this one.
_REMAKERS = ("copy", "with_options", "with_middleware")


class MeteredClient(Proxy):
    """A client whose ``post`` is metered, and whose resources post through it."""

    def __getattr__(self, name: str) -> Any:
        value = super().__getattr__(name)
        if getattr(value, "_client", None) is not self._proxied:
            return value
        # A resource (client.chat) is bound to its client: bind another of its kind to this one, and keep it.
        resource = self._replaced[name] = type(value)(self)
        return resource


def metered_client(client: Any, metering: Metering, paths: Tuple[str, ...]) -> MeteredClient:
    """The client with calls to these paths metered."""

    def post(path: str, **options: Any) -> Any:
        route = path.partition("?")[0]
        if route not in paths:
            return client.post(path, **options)
        body = options.get("body")
        request = body if isinstance(body, Mapping) else {}
        hide: Callable[[Any], bool] = _nothing
        if metering.request_usage and options.get("stream") and route in _SILENT_STREAMS:
            options, hide = _asking_for_usage(options)
        return MeteredCall(metering, request, hide=hide).run(client.post, path, **options)

    def remade(name: str) -> Callable[..., MeteredClient]:
        def remake(*args: Any, **options: Any) -> MeteredClient:
            other = getattr(client, name)(*args, **options)
            return metered_client(other, metering.of(other), paths)

        return remake

    replaced = {name: remade(name) for name in _REMAKERS if hasattr(client, name)}
    return MeteredClient(client, {"post": post, **replaced})


def _asking_for_usage(options: Dict[str, Any]) -> Tuple[Dict[str, Any], Callable[[Any], bool]]:
    """The request with ``stream_options.include_usage``, and which chunks to hide then: the extra one that
    carries only usage, unless the caller has asked for it.
    """
    request_options = options.get("options") or {}
    extra_body = request_options.get("extra_json")  # laid over the body by the library
    extra = isinstance(extra_body, Mapping) and "stream_options" in extra_body
    body = extra_body if extra else options.get("body")
    if not isinstance(body, Mapping):
        return options, _nothing
    asked = body.get("stream_options")
    asked = asked if isinstance(asked, Mapping) else {}
    if asked.get("include_usage"):
        return options, _nothing
    body = {**body, "stream_options": {**asked, "include_usage": True}}
    if extra:
        return {**options, "options": {**request_options, "extra_json": body}}, _is_usage_chunk
    return {**options, "body": body}, _is_usage_chunk


def _is_usage_chunk(chunk: Any) -> bool:
    return get(chunk, "usage") is not None and not items(chunk, "choices")


def _nothing(chunk: Any) -> bool:
    return False

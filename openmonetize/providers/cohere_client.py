"""Metering of the cohere client, at its methods."""

from __future__ import annotations

from typing import Any

from openmonetize.providers.detect import COHERE
from openmonetize.providers.metered_call import metered_method
from openmonetize.providers.metering import Metering
from openmonetize.providers.proxy import Proxy

_METERED = ("chat", "chat_stream", "embed")

# Calls that Cohere charges for in other units, and the resources with such calls.
_PASSING = ("rerank", "classify", "generate", "generate_stream", "summarize", "parse")
_PASSING_RESOURCES = {
    "embed_jobs": ("create",),
    "batches": ("create",),
    "finetuning": ("create_finetuned_model",),
    "audio": ("transcriptions",),
}


def metered_cohere(client: Any, metering: Metering) -> Proxy:
    """Return a stand-in for a client of either version of the API."""
    replaced = _methods(client, metering)
    if hasattr(client, "v2"):
        replaced["v2"] = _MeteredCohere(client.v2, _methods(client.v2, metering), metering)
    return _MeteredCohere(client, replaced, metering)


def _methods(target: Any, metering: Metering) -> dict[str, Any]:
    return {
        **{name: metered_method(metering, getattr(target, name), dialect=COHERE, certain=True) for name in _METERED},
        **{name: metering.passing(name, getattr(target, name)) for name in _PASSING if hasattr(target, name)},
    }


class _MeteredCohere(Proxy):
    """A client whose resources are looked at only when they are used, since the library makes them then."""

    def __init__(self, client: Any, replaced: dict[str, Any], metering: Metering) -> None:
        super().__init__(client, replaced)
        self._metering = metering

    def __getattr__(self, name: str) -> Any:
        value = super().__getattr__(name)
        if name in self._replaced:
            return value
        if name == "with_raw_response":
            value = self._replaced[name] = Proxy(value, _raw_methods(value, self._metering))
        elif name in _PASSING_RESOURCES:
            called = {
                method: self._metering.passing(f"{name}.{method}", getattr(value, method))
                for method in _PASSING_RESOURCES[name]
                if callable(getattr(value, method, None))
            }
            value = self._replaced[name] = Proxy(value, called)
        return value


def _raw_methods(raw: Any, metering: Metering) -> dict[str, Any]:
    """Return the methods of the raw client: whole responses are metered, streams are told of."""
    metered = {
        name: metered_method(metering, getattr(raw, name), dialect=COHERE, certain=True, content=_data_of)
        for name in ("chat", "embed")
        if hasattr(raw, name)
    }
    passing = {
        name: metering.passing(f"with_raw_response.{name}", getattr(raw, name))
        for name in ("chat_stream", *_PASSING)
        if hasattr(raw, name)
    }
    return {**metered, **passing}


def _data_of(response: Any) -> Any:
    return response.data

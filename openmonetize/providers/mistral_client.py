"""Metering of the mistralai client, at the HTTP client that all its resources share."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Mapping
from typing import Any

from openmonetize.providers import detect
from openmonetize.providers.dialect import Dialect
from openmonetize.providers.metered_body import meter_response
from openmonetize.providers.metered_call import MeteredCall
from openmonetize.providers.metering import Metering
from openmonetize.providers.paths import is_free, path_of
from openmonetize.providers.proxy import Proxy

# The last parts of the paths: the clients for Azure and Google Cloud have others before them.
_PATHS: Mapping[str, Dialect] = {
    "/chat/completions": detect.MISTRAL_CHAT,
    "/fim/completions": detect.MISTRAL_CHAT,
    "/agents/completions": detect.MISTRAL_CHAT,
    "/embeddings": detect.MISTRAL_EMBEDDINGS,
    "/responses": detect.MISTRAL_RESPONSES,
    "/conversations": detect.MISTRAL_CONVERSATION,
    "/conversations/*": detect.MISTRAL_CONVERSATION,
    "/conversations/*/restart": detect.MISTRAL_CONVERSATION,
    "/audio/transcriptions": detect.MISTRAL_TRANSCRIPTION,
    ":rawPredict": detect.MISTRAL_CHAT,  # Google Cloud
    ":streamRawPredict": detect.MISTRAL_CHAT,
}


class MeteredMistral(Proxy):
    """A client whose resources send their requests through metered HTTP clients."""

    def __init__(self, client: Any, metering: Metering) -> None:
        super().__init__(client)
        self._metering = metering

    def __getattr__(self, name: str) -> Any:
        value = super().__getattr__(name)
        if name in self._replaced or not hasattr(value, "sdk_configuration"):
            return value
        try:
            resource = type(value)(_configuration(value.sdk_configuration, self._metering))
        except Exception as error:  # another version makes its resources in another way
            self._metering.report(error)
            return value
        self._replaced[name] = resource
        if name == "audio" and hasattr(resource, "realtime"):
            resource.realtime.connect = self._metering.passing("audio.realtime.connect", resource.realtime.connect)
        return resource


def _configuration(configuration: Any, metering: Metering) -> Any:
    """Return a copy of a configuration, with metered HTTP clients."""
    metered = copy.copy(configuration)
    if metered.client is not None:
        metered.client = Proxy(metered.client, {"send": _send(metered.client.send, metering)})
    if metered.async_client is not None:
        metered.async_client = Proxy(metered.async_client, {"send": _send_async(metered.async_client.send, metering)})
    return metered


def _send(send: Callable[..., Any], metering: Metering) -> Callable[..., Any]:
    def metered(request: Any, **options: Any) -> Any:
        response = send(request, **options)
        meter_exchange(request, response, metering)
        return response

    return metered


def _send_async(send: Callable[..., Any], metering: Metering) -> Callable[..., Any]:
    async def metered(request: Any, **options: Any) -> Any:
        response = await send(request, **options)
        meter_exchange(request, response, metering)
        return response

    return metered


def meter_exchange(request: Any, response: Any, metering: Metering) -> None:
    """Meter the response to a request of the library; tell of one that is not metered."""
    try:
        if response.status_code >= 400 or request.method != "POST":
            return
        path = path_of(request.url, "")
        dialect = next((dialect for end, dialect in _PATHS.items() if path.endswith(end)), None)
        if dialect is None:
            if not is_free("mistralai", path):
                metering.passed(path)
            return
        call = MeteredCall(metering, _sent(request), dialect=dialect, certain=True)
        meter_response(response, call, look_ahead=True)
    except Exception as error:
        metering.report(error)


def _sent(request: Any) -> Mapping[str, Any]:
    if "json" not in str(request.headers.get("content-type")):
        return {}  # a form with a file in it, which may be sent piece by piece
    body = json.loads(request.content)
    return body if isinstance(body, Mapping) else {}

"""One request of a wrapped client of openai or anthropic."""

from __future__ import annotations

import copy
import functools
from collections.abc import Mapping
from typing import Any

from openmonetize.providers.detect import CHAT
from openmonetize.providers.dialect import Dialect
from openmonetize.providers.metered_body import MeteredBody, meter_response
from openmonetize.providers.metered_call import MeteredCall
from openmonetize.providers.metering import Metering
from openmonetize.providers.proxy import is_stream, metered_stream
from openmonetize.providers.retrieved import Retrieval, RetrievedCall

# Streams of these paths carry usage only on request.
_USAGE_ON_REQUEST = ("/chat/completions", "/completions")

# Parameters that make a library parse the end of an answer, and raise where that was cut.
_STRUCTURED = ("response_format", "text", "output_format", "output_config")

# Claude on Bedrock streams in AWS's own encoding, which only the library reads.
_AWS_STREAM = "application/vnd.amazon.eventstream"

# How servers refuse a parameter that they do not know.
_REFUSED = (400, 422)


class OneCall:
    """The metering of one request.

    Args:
        client: the original client.
        metering: its settings.
        dialect: the format of the answer.
        path: the path of the request.
        options: the library's options of the request.
        streamed: whether the answer is a stream.
        retrieved: what is retrieved, if the request is not a call of a model.

    Attributes:
        options: the options to request with. They ask for usage where the provider gives it on request only.
    """

    def __init__(
        self,
        client: Any,
        metering: Metering,
        dialect: Dialect,
        path: str,
        options: Any,
        streamed: bool,
        retrieved: Retrieval | None = None,
    ) -> None:
        self._client = client
        self._metering = metering
        self._dialect = dialect
        self._body_sent = _merged_body(options)
        self._streamed = streamed
        self._retrieved = retrieved
        self._host = metering.host()
        self._answered = False  # whether there was a response of the provider's server
        self._seen = False  # whether it was metered
        self._body: MeteredBody | None = None
        kind: Any = type(client)
        self._kind = _requesting_class(kind)
        self.options = options
        self._asked = False  # whether this asks for usage that the caller has not asked for
        if (
            streamed
            and path in _USAGE_ON_REQUEST
            and metering.request_usage
            and not metering.refuses_usage.get(self._host)
        ):
            self.options, self._asked = _with_usage_requested(options)

    def request(self, cast_to: Any, options: Any, *args: Any, **how: Any) -> Any:
        """Make the request with these options, as the client itself does."""
        self._asked = self._asked and options is self.options
        requesting = object.__new__(self._kind)
        requesting.__dict__ = self._client.__dict__  # one state: what the library remembers is not lost
        requesting._one_call = self
        return requesting.request(cast_to, options, *args, **how)

    def settle(self, result: Any) -> Any:
        """Return what to hand to the caller for a request that was answered well."""
        try:
            return self._settle(result)
        except Exception as error:
            self._metering.report(error)
            return result

    def _settle(self, result: Any) -> Any:
        if self._asked:
            self._metering.refuses_usage.setdefault(self._host, False)
        if self._seen:
            if self._body is None or not is_stream(result):
                return result
            return metered_stream(result, _show, self._body.end_once)  # which notices that the stream is dropped
        if not self._answered and getattr(self._client, "_middleware", None):
            return result  # the caller's own middleware has answered, and not the provider
        return self._new_call().settle(result)

    def may_go_without_usage(self, error: Exception) -> bool:
        """Return whether to make the request again, as the caller wrote it, because the server may not take ours."""
        if not self._asked or getattr(error, "status_code", None) not in _REFUSED:
            return False
        named = "stream_options" in str(error) or "include_usage" in str(error)
        known = self._metering.refuses_usage.get(self._host)
        if not named and known is not None:
            return False
        # If the request is refused without the option as well, this stands, and the error is the caller's own.
        self._metering.refuses_usage[self._host] = named
        return True

    def remember_refusal(self) -> None:
        """Ask this server for usage no more: it has taken the request without it."""
        self._metering.refuses_usage[self._host] = True

    def process(self, *args: Any, **kwargs: Any) -> Any:
        """Meter the HTTP response, and let the library go on with it."""
        self._answered = True
        try:
            response = kwargs["response"]
            if response.status_code < 400 and not _is_aws_stream(response):
                self._seen = True
                self._body = meter_response(
                    response, self._new_call(), hide_usage=self._asked, look_ahead=self._looks_ahead()
                )
        except Exception as error:
            self._metering.report(error)
        return self._client._process_response(*args, **kwargs)

    def _new_call(self) -> MeteredCall:
        if self._retrieved is not None:
            return RetrievedCall(self._metering, self._retrieved, dialect=self._dialect)
        return MeteredCall(self._metering, self._body_sent, dialect=self._dialect)

    def _looks_ahead(self) -> bool:
        return (
            self._retrieved is None
            and self._streamed
            and (self._dialect is CHAT or any(self._body_sent.get(name) for name in _STRUCTURED))
        )


@functools.lru_cache(maxsize=64)
def _requesting_class(kind: Any) -> Any:
    """Return a subclass of a client's class whose instances make one request, and hand its response to a call."""

    def process_response(self: Any, *args: Any, **kwargs: Any) -> Any:
        return self._one_call.process(*args, **kwargs)

    def delete(self: Any) -> None:
        pass  # that is for the client itself to do

    namespace = {
        "__slots__": ("_one_call",),  # apart from the attributes, which it shares with the client
        "__module__": kind.__module__,
        "__qualname__": kind.__qualname__,
        "__del__": delete,
        "_process_response": process_response,
    }
    if hasattr(kind, "_build_middleware_chain"):  # the client's own chain calls the client's own methods
        namespace["_middleware_chain"] = property(lambda self: self._build_middleware_chain())
    return type(kind.__name__, (kind,), namespace)


def _is_aws_stream(response: Any) -> bool:
    return str(response.headers.get("content-type")).startswith(_AWS_STREAM)


def _merged_body(options: Any) -> Mapping[str, Any]:
    """Return the body of a request with what the caller adds to it (``extra_body``)."""
    body, extra = options.json_data, getattr(options, "extra_json", None)
    body = body if isinstance(body, Mapping) else {}
    return {**body, **extra} if isinstance(extra, Mapping) else body


def _with_usage_requested(options: Any) -> tuple[Any, bool]:
    """Return the request with ``stream_options.include_usage``, and whether that is not the caller's own wish."""
    extra = getattr(options, "extra_json", None)  # merged into the body by the library
    place = "extra_json" if isinstance(extra, Mapping) and "stream_options" in extra else "json_data"
    body = getattr(options, place)
    if not isinstance(body, Mapping):
        return options, False
    asked = body.get("stream_options")
    asked = asked if isinstance(asked, Mapping) else {}
    if asked.get("include_usage"):
        return options, False
    options = copy.copy(options)
    setattr(options, place, {**body, "stream_options": {**asked, "include_usage": True}})
    return options, True


def _show(chunk: Any) -> bool:
    return True

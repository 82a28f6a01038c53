"""The metering of one provider call, from its parameters to its record."""

from __future__ import annotations

import contextvars
import copy
import inspect
import logging
from collections.abc import Callable, Mapping
from typing import Any, Union

from openmonetize._fork import ProcessMark
from openmonetize.providers.extract import OnPartial, StreamMeter, read_usage
from openmonetize.providers.hosts import host_of
from openmonetize.providers.proxy import is_stream, metered_stream
from openmonetize.providers.response_fields import text
from openmonetize.providers.usage import Usage

logger = logging.getLogger("openmonetize.providers")

ModelChoice = Union[str, Mapping[str, str], None]


class Metering:
    """The settings that all calls of one wrapped client share: where usage goes, and under which names.

    Args:
        library: the provider library.
        client: its client.
        record: called with each finished call's usage.
        on_partial: see :class:`StreamMeter`.
        provider: bill under this provider instead of the one whose format it is.
        model: bill under this model: one name for all calls, or a mapping from the model asked for to the
            name.
        request_usage: ask for usage in streams where the provider only gives it on request.
        on_unmetered: called with the error for each call that is not metered, instead of logging it.
    """

    def __init__(
        self,
        library: str,
        client: Any,
        *,
        record: Callable[[Usage], object],
        on_partial: OnPartial = "reported",
        provider: str | None = None,
        model: ModelChoice = None,
        request_usage: bool = True,
        on_unmetered: Callable[[Exception], object] | None = None,
    ) -> None:
        self._library = library
        self._client = client
        self._record = record
        self.on_partial = on_partial
        self.provider = provider
        self.model = model
        self.request_usage = request_usage
        self._on_unmetered = on_unmetered
        self._failing: set[str] = set()  # kinds of errors in the present incident

    def for_client(self, client: Any) -> Metering:
        """Return the same settings for another client that was made from this one."""
        other = copy.copy(self)
        other._client = client
        return other

    def record(self, usage: Usage) -> None:
        """Hand over the usage of a call; success ends the present incident, so that the next error is logged again."""
        self._record(usage)
        self._failing.clear()

    def report(self, error: Exception) -> None:
        """Report a call that is not metered to ``on_unmetered``, or else to the log.

        Of successive errors of one kind only the first is logged as a warning, the rest for debugging.
        """
        if self._on_unmetered is not None:
            try:
                self._on_unmetered(error)
                return
            except Exception as another:
                error = another
        kind = type(error).__name__
        level = logging.DEBUG if kind in self._failing else logging.WARNING
        self._failing.add(kind)
        logger.log(level, "a call of the %s client is not metered: %s: %s", self._library, kind, error)

    def host(self) -> str | None:
        """Return the host that the client talks to now, or None where it cannot be found."""
        return host_of(self._library, self._client)

    def billed_model(self, request: Mapping[str, Any]) -> str | None:
        """Return the model that the user chose to bill a request under, or None to leave it to the response."""
        if self.model is None or isinstance(self.model, str):
            return self.model
        return self.model.get(request.get("model") or request.get("modelId") or "")

    def metered(self, method: Callable[..., Any]) -> Callable[..., Any]:
        """Return a metered version of a method whose keyword arguments are the request's parameters."""

        def call(*args: Any, **kwargs: Any) -> Any:
            return MeteredCall(self, kwargs).run(method, *args, **kwargs)

        call.__name__ = getattr(method, "__name__", "call")
        call.__doc__ = method.__doc__
        return call


class MeteredCall:
    """One call of a wrapped client. An error in metering is reported, and never reaches the caller.

    Args:
        metering: the settings of the client.
        request: the parameters of the request.
        hide: whether to hide a chunk of a stream from the caller.
    """

    def __init__(
        self,
        metering: Metering,
        request: Mapping[str, Any],
        *,
        hide: Callable[[Any], bool] = lambda chunk: False,
    ) -> None:
        self._metering = metering
        estimating = metering.on_partial == "estimate"  # the prompt is needed for estimates only
        self._request = request if estimating else {name: request.get(name) for name in ("model", "modelId")}
        self._hide = hide
        self._mark = ProcessMark()
        self._meter: StreamMeter | None = None
        self._context: contextvars.Context | None = None

    def run(self, method: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Call the provider, and return what the library returns, streams with a meter in them.

        The provider's exceptions pass through untouched, and nothing is recorded for them.
        """
        response = method(*args, **kwargs)
        return self._run_async(response) if inspect.isawaitable(response) else self.settle(response)

    async def _run_async(self, response: Any) -> Any:
        return self.settle(await response)

    def settle(self, response: Any) -> Any:
        """Record a whole response, or put a meter in a stream; return what to hand to the caller."""
        try:
            return self._settle(response)
        except Exception as error:
            self._metering.report(error)
            return response

    def _settle(self, response: Any) -> Any:
        if is_stream(response):
            return self.stream(response)
        if hasattr(response, "http_response") and hasattr(response, "parse"):
            return self._settle_raw(response)
        self._record_whole(response)
        return response

    def stream(self, stream: Any, *, response_id: str | None = None) -> Any:
        """Return the stream with this call's meter in it."""
        try:
            self._meter = self._new_meter(response_id)
        except Exception as error:
            self._metering.report(error)
            return stream
        # A stream may end in another context, but is recorded in the one of the call.
        self._context = contextvars.copy_context()
        return metered_stream(stream, self._on_chunk, self._on_end)

    def _new_meter(self, response_id: str | None) -> StreamMeter:
        metering = self._metering
        return StreamMeter(
            provider=metering.provider,
            model=metering.billed_model(self._request),
            default_model=text(self._request, "model"),
            host=metering.host(),
            response_id=response_id,
            on_partial=metering.on_partial,
            request=self._request,
        )

    def _settle_raw(self, response: Any) -> Any:
        """Record a response of ``with_raw_response``, whose body is there or, if it is streamed, read by ``parse``."""
        if response.http_response.is_closed:
            self._record_whole(response.http_response.content)
            return response
        parse = response.parse

        def metered_parse(*args: Any, **kwargs: Any) -> Any:
            response.parse = parse  # a call is recorded once, however often it is parsed
            return self.run(parse, *args, **kwargs)

        response.parse = metered_parse
        return response

    def _record_whole(self, response: Any) -> None:
        metering = self._metering
        usage = read_usage(
            response,
            provider=metering.provider,
            model=metering.billed_model(self._request),
            default_model=text(self._request, "model"),
            host=metering.host(),
        )
        metering.record(usage)

    def _on_chunk(self, chunk: Any) -> bool:
        """Show a chunk to the meter; return False to hide it from the caller."""
        try:
            if self._meter is not None:
                self._meter.feed(chunk)
            return not self._hide(chunk)
        except Exception as error:
            self._metering.report(error)
            return True

    def _on_end(self) -> None:
        meter, context = self._meter, self._context
        if meter is None or context is None or self._mark.forked():  # a fork's copy is not another call
            return
        try:
            context.run(self._metering.record, meter.usage())
        except Exception as error:
            self._metering.report(error)

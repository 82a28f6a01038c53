"""The metering of one provider call, from its parameters to its record, never in the caller's way."""

from __future__ import annotations

import contextvars
import copy
import inspect
import logging
from typing import Any, Callable, Mapping, Optional, Set, Union

from openmonetize._fork import ProcessMark
from openmonetize.providers.extract import OnPartial, StreamMeter, read_usage
from openmonetize.providers.fields import text
from openmonetize.providers.hosts import host_of
from openmonetize.providers.proxy import is_stream, metered_stream
from openmonetize.providers.usage import Usage

logger = logging.getLogger("openmonetize.providers")

ModelChoice = Union[str, Mapping[str, str], None]


class Metering:
    """What the calls of one wrapped client have in common: where usage goes, and under which names.

    Args:
        library: the provider library.
        client: its client.
        record: called with each finished call's usage.
        on_partial: see :class:`StreamMeter`.
        provider: bill under this provider instead of the one whose format it is.
        model: bill under this model: one name for all calls, or a mapping from the model asked for to the
            name.
        request_usage: ask for usage in streams where the provider only gives it on request.
        on_unmetered: told of trouble instead of the log.
    """

    def __init__(
        self,
        library: str,
        client: Any,
        *,
        record: Callable[[Usage], object],
        on_partial: OnPartial = "reported",
        provider: Optional[str] = None,
        model: ModelChoice = None,
        request_usage: bool = True,
        on_unmetered: Optional[Callable[[Exception], object]] = None,
    ) -> None:
        self._library = library
        self._client = client
        self._record = record
        self.on_partial = on_partial
        self.provider = provider
        self.model = model
        self.request_usage = request_usage
        self._on_unmetered = on_unmetered
        self._failing: Set[str] = set()  # kinds of trouble in the present incident

    def of(self, client: Any) -> Metering:
        """The same metering for another client, made from this one."""
        other = copy.copy(self)
        other._client = client
        return other

    def record(self, usage: Usage) -> None:
        """Hand the usage over; a record that works ends whatever incident there was."""
        self._record(usage)
        self._failing.clear()

    def trouble(self, error: Exception) -> None:
        """Tell of a call that is not metered: to ``on_unmetered``, else to the log, which gets one warning for a run
        of the same trouble, and the rest for debugging only."""
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

    def host(self) -> Optional[str]:
        """The host the client talks to now, if it can be told."""
        return host_of(self._library, self._client)

    def billed_model(self, request: Mapping[str, Any]) -> Optional[str]:
        """The model to bill under whatever the response says, if the user chose one."""
        if self.model is None or isinstance(self.model, str):
            return self.model
        return self.model.get(request.get("model") or request.get("modelId") or "")

    def metered(self, method: Callable[..., Any]) -> Callable[..., Any]:
        """The method with a meter in it, for methods whose keyword arguments are the request's parameters."""

        def call(*args: Any, **kwargs: Any) -> Any:
            return MeteredCall(self, kwargs).run(method, *args, **kwargs)

        call.__name__ = getattr(method, "__name__", "call")
        call.__doc__ = method.__doc__
        return call


class MeteredCall:
    """One call. ``run`` makes it and gives back what the library gave, streams with a meter in them."""

    def __init__(
        self,
        metering: Metering,
        request: Mapping[str, Any],
        *,
        hide: Callable[[Any], bool] = lambda chunk: False,
    ) -> None:
        self._metering = metering
        estimating = metering.on_partial == "estimate"  # only then is the prompt of any use
        self._request = request if estimating else {name: request.get(name) for name in ("model", "modelId")}
        self._hide = hide
        self._mark = ProcessMark()
        self._meter: Optional[StreamMeter] = None
        self._context: Optional[contextvars.Context] = None

    def run(self, method: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """MeteredCall the provider; its exceptions pass through untouched, and nothing is recorded for them."""
        answer = method(*args, **kwargs)
        return self._later(answer) if inspect.isawaitable(answer) else self.settle(answer)

    async def _later(self, answer: Any) -> Any:
        return self.settle(await answer)

    def settle(self, answer: Any) -> Any:
        """Record a whole answer, or put a meter in a stream."""
        try:
            return self._settle(answer)
        except Exception as error:
            self._metering.trouble(error)
            return answer

    def _settle(self, answer: Any) -> Any:
        if is_stream(answer):
            return self.stream(answer)
        if hasattr(answer, "http_response") and hasattr(answer, "parse"):
            return self._raw(answer)
        self._record_whole(answer)
        return answer

    def stream(self, stream: Any, *, response_id: Optional[str] = None) -> Any:
        """The stream with this call's meter in it."""
        try:
            self._meter = self._new_meter(response_id)
        except Exception as error:
            self._metering.trouble(error)
            return stream
        self._context = contextvars.copy_context()  # a stream may end elsewhere, and belongs to where it was asked for
        return metered_stream(stream, self._take, self._finish)

    def _new_meter(self, response_id: Optional[str]) -> StreamMeter:
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

    def _raw(self, answer: Any) -> Any:
        """``with_raw_response``: the body is there already, or, where it is to be streamed, ``parse`` reads it."""
        if answer.http_response.is_closed:
            self._record_whole(answer.http_response.content)
            return answer
        parse = answer.parse

        def metered_parse(*args: Any, **kwargs: Any) -> Any:
            answer.parse = parse  # a call is recorded once, however often it is parsed
            return self.run(parse, *args, **kwargs)

        answer.parse = metered_parse
        return answer

    def _record_whole(self, answer: Any) -> None:
        metering = self._metering
        usage = read_usage(
            answer,
            provider=metering.provider,
            model=metering.billed_model(self._request),
            default_model=text(self._request, "model"),
            host=metering.host(),
        )
        metering.record(usage)

    def _take(self, chunk: Any) -> bool:
        """Show a chunk to the meter; False hides it from the caller."""
        try:
            if self._meter is not None:
                self._meter.feed(chunk)
            return not self._hide(chunk)
        except Exception as error:
            self._metering.trouble(error)
            return True

    def _finish(self) -> None:
        meter, context = self._meter, self._context
        if meter is None or context is None or self._mark.forked():  # a fork's copy is not another call
            return
        try:
            context.run(self._metering.record, meter.usage())
        except Exception as error:
            self._metering.trouble(error)

"""The metering of one provider call, from its parameters to its record."""

from __future__ import annotations

import contextvars
import inspect
import time
from collections.abc import Callable, Mapping
from typing import Any

from openmonetize._fork import ProcessMark
from openmonetize.providers.dialect import Dialect
from openmonetize.providers.extract import StreamMeter, read_usage
from openmonetize.providers.metering import Metering, like
from openmonetize.providers.proxy import is_stream, metered_stream
from openmonetize.providers.response_fields import text, without_data
from openmonetize.providers.within_call import WithinCall

# The parameters that say how a call is billed. All others are needed for estimates only.
_BILLED_BY = ("model", "modelId", "size", "quality")


class MeteredCall:
    """One call of a wrapped client. An error in metering is reported, and never reaches the caller.

    Args:
        metering: the settings of the client.
        request: the parameters of the request.
        dialect: the format of the response, where the call tells it.
        certain: whether the dialect holds whatever the response looks like.
        content: returns what is to be read of the library's response or chunk.
    """

    def __init__(
        self,
        metering: Metering,
        request: Mapping[str, Any],
        *,
        dialect: Dialect | None = None,
        certain: bool = False,
        content: Callable[[Any], Any] | None = None,
    ) -> None:
        self.metering = metering
        self._request = (
            request if metering.on_partial != "reported" else {name: request.get(name) for name in _BILLED_BY}
        )
        self._dialect = dialect
        self._certain = certain
        self._content = content
        self._mark = ProcessMark()
        self.began = time.monotonic()
        self.meter: StreamMeter | None = None
        self._context: contextvars.Context | None = None
        self._unsent = False  # whether the request may not have been made yet
        self._over = False  # whether the provider or the network has ended the stream, and not the caller

    def run(self, method: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Call the provider, and return what the library returns, streams with a meter in them.

        The provider's exceptions pass through untouched, and nothing is recorded for them.
        """
        with WithinCall():
            response = method(*args, **kwargs)
        if inspect.isawaitable(response):
            return self._run_async(response)
        # A generator makes its request when its first chunk is asked for.
        self._unsent = inspect.isgenerator(response) or inspect.isasyncgen(response)
        return self.settle(response)

    async def _run_async(self, response: Any) -> Any:
        with WithinCall():
            answer = await response
        return self.settle(answer)

    def settle(self, response: Any) -> Any:
        """Record a whole response, or put a meter in a stream; return what to hand to the caller."""
        if is_stream(response):
            return self.stream(response)
        self.record(response)
        return response

    def stream(self, stream: Any, *, response_id: str | None = None) -> Any:
        """Return the stream with this call's meter in it."""
        return metered_stream(stream, self._on_chunk, self.end, self.over) if self.begin(response_id) else stream

    def record(self, response: Any) -> None:
        """Record a whole response: the library's object, a dictionary or JSON."""
        metering = self.metering
        try:
            usage = read_usage(
                self._readable(response),
                provider=metering.provider,
                model=metering.billed_model(self._request),
                host=metering.host(),
                request=self._request,
                dialect=self._dialect if self._certain else None,
                token_policy=metering.token_policy,
            )
            metering.record(usage, self.began)
        except Exception as error:
            metering.report(error)

    def _readable(self, response: Any) -> Any:
        if self._content is not None:
            return self._content(response)
        if isinstance(response, bytes) and self._dialect is not None and self._dialect.bulky:
            return without_data(response)
        return response

    def keeps(self, piece: bytes) -> bool:
        """Return whether a body that begins so is to be kept and recorded as a whole."""
        return True

    def record_later(self, response: Any) -> None:
        """Record a whole response that was read after :meth:`begin`, in the context of the call."""
        if self._context is None or self._mark.forked():
            return
        try:
            self._context.run(self.record, response)
        except Exception as error:
            self.metering.report(error)

    def begin(self, response_id: str | None = None) -> bool:
        """Make the meter of a stream; return whether there is one."""
        metering = self.metering
        try:
            meter = StreamMeter(
                provider=metering.provider,
                model=metering.billed_model(self._request),
                default_model=text(self._request, "model"),
                host=metering.host(),
                response_id=response_id,
                on_partial=metering.on_partial,
                request=self._request,
                token_policy=metering.token_policy,
            )
            if self._dialect is not None:
                meter.expect(self._dialect, certain=self._certain)
        except Exception as error:
            metering.report(error)
            return False
        self.meter = meter
        # A stream may end in another context, but is recorded in the one of the call.
        self._context = contextvars.copy_context()
        return True

    def _on_chunk(self, chunk: Any) -> bool:
        """Show a chunk to the meter; the caller gets all of them."""
        self._unsent = False
        try:
            if self.meter is not None:
                self.meter.feed(chunk if self._content is None else self._content(chunk))
        except Exception as error:
            self.metering.report(error)
        return True

    def over(self) -> None:
        """Say that the provider or the network has ended the stream."""
        self._over = True

    def end(self) -> None:
        """Record a stream that has ended."""
        meter, context = self.meter, self._context
        # A fork's copy is not another call, and without a request there is nothing to bill.
        if meter is None or context is None or self._unsent or self._mark.forked():
            return
        try:
            if not self._over:
                meter.abort()
            context.run(self.metering.record, meter.usage(), self.began)
        except Exception as error:
            self.metering.report(error)


def metered_method(metering: Metering, method: Callable[..., Any], **options: Any) -> Callable[..., Any]:
    """Return a metered version of a method whose keyword arguments are the request's parameters.

    Args:
        metering: the settings of the client.
        method: a method of the client.
        options: see :class:`MeteredCall`.
    """

    def call(*args: Any, **kwargs: Any) -> Any:
        return MeteredCall(metering, kwargs, **options).run(method, *args, **kwargs)

    return like(method, call)

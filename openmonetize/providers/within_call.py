"""Whether the running code is within a call that is metered already, so that patched methods let it pass."""

from __future__ import annotations

from contextvars import ContextVar, Token
from types import TracebackType

_within: ContextVar[bool] = ContextVar("openmonetize_within_call", default=False)

# Returns whether the call that is being made is metered by its caller.
is_metered = _within.get


class WithinCall:
    """A block in which the client's own methods are called by what meters them."""

    __slots__ = ("_token",)

    def __enter__(self) -> None:
        self._token: Token[bool] = _within.set(True)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        try:
            _within.reset(self._token)
        except ValueError:  # a coroutine that is closed in another context, whose value ends with it
            pass

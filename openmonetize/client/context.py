"""The scope of a block of code: user, feature and metadata of the usage recorded in it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, NamedTuple, Optional, Union

from openmonetize._arguments import described, wrong_text
from openmonetize._schema.jsonable import jsonable
from openmonetize.exceptions import ApiTypeError, ApiValueError

if TYPE_CHECKING:
    from openmonetize.gate.holds.held_credits import HeldCredits
    from openmonetize.providers import Usage


# An id, or what returns it when it is needed: a web framework knows the user only after its own middleware.
_Id = Union[str, Callable[[], Optional[str]], None]


class RecordedUsage:
    """The usage recorded within one call of a metered function. Each is added to the enclosing calls too.

    Args:
        outer: the same of the metered function around this one.
    """

    def __init__(self, outer: RecordedUsage | None = None) -> None:
        self.usages: list[Usage] = []
        self._outer = outer

    def add(self, usage: Usage) -> None:
        """Note that a provider's call was recorded."""
        self.usages.append(usage)
        if self._outer is not None:
            self._outer.add(usage)

    def has(self, usage: Usage) -> bool:
        """Return whether the call that a usage is of was recorded."""
        return any(_same_call(usage, other) for other in self.usages)


class Scope(NamedTuple):
    """What recording calls may leave out.

    Attributes:
        user_id: the user, or what returns it.
        feature_id: the feature, or what returns it.
        metadata: facts to keep with every event.
        recorded: the usage recorded so far within a metered function or the block of a hold; None outside of one.
        hold: the credits that are held in the block, if they are.
    """

    user_id: _Id = None
    feature_id: _Id = None
    metadata: Mapping[str, Any] = {}
    recorded: Optional[RecordedUsage] = None
    hold: Optional[HeldCredits] = None

    def nested(self, user_id: _Id, feature_id: _Id, metadata: Mapping[str, Any] | None) -> Scope:
        """Return a scope inside this one: the arguments win, metadata is merged.

        Raises:
            ApiTypeError, ApiValueError: a value cannot be sent.
        """
        facts: dict[str, Any] = dict(self.metadata)
        if metadata is not None:
            if not isinstance(metadata, Mapping):
                raise ApiTypeError(f"metadata must be a dict, not {described(metadata)}")
            facts.update(jsonable(metadata, "metadata"))
        return Scope(
            self.user_id if user_id is None else _require_id("user_id", user_id),
            self.feature_id if feature_id is None else _require_id("feature_id", feature_id),
            facts,
            self.recorded,
            self.hold,
        )

    def fill(self, user_id: Any, feature_id: Any, metadata: Any) -> tuple[Any, Any, Any]:
        """Return user, feature and metadata of a recording call, completed from the scope."""
        if self.metadata and (metadata is None or isinstance(metadata, Mapping)):
            metadata = {**self.metadata, **(metadata or {})}
        return (
            _now(self.user_id) if user_id is None else user_id,
            _now(self.feature_id) if feature_id is None else feature_id,
            metadata,
        )


EMPTY = Scope()


class ContextScope:
    """The scope of the running thread or task. Each `OpenMonetize` has its own.

    Attributes:
        get: returns the innermost scope, or None.
    """

    def __init__(self) -> None:
        self._current: ContextVar[Scope | None] = ContextVar("openmonetize_scope", default=None)
        self.get: Callable[[], Scope | None] = self._current.get

    @contextmanager
    def using(self, scope: Scope) -> Iterator[None]:
        """Make this the scope of a block."""
        token = self._current.set(scope)
        try:
            yield
        finally:
            self._current.reset(token)

    @contextmanager
    def entered(self, scope: Scope) -> Iterator[None]:
        """Do as :meth:`using` for a block that a generator may leave elsewhere, such as when it is collected."""
        token = self._current.set(scope)
        try:
            yield
        finally:
            try:
                self._current.reset(token)
            except ValueError:  # set in another context, whose scope ends with it
                pass


def _same_call(one: Usage, other: Usage) -> bool:
    if one.response_id and other.response_id:
        return (one.provider, one.response_id) == (other.provider, other.response_id)
    # Embeddings have no id. A wrapped client knows its host, and the name to bill, which the answer alone does not say.
    return _counts(one) == _counts(other)


def _counts(usage: Usage) -> tuple[int, int, int | None]:
    return usage.input_tokens, usage.output_tokens, usage.image_count


def _now(value: _Id) -> str | None:
    return value() if callable(value) else value


def _require_id(argument: str, value: Any) -> Any:
    if callable(value) and not isinstance(value, type):
        return value
    if not isinstance(value, str):
        raise wrong_text(argument, value)
    if not value or "\0" in value:
        raise ApiValueError(f"{argument} must not be {'empty' if not value else 'a text with NUL'}")
    return value

"""What a block of code knows about the usage recorded in it: the user, the feature, facts to keep."""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Callable, Dict, Iterator, List, Mapping, NamedTuple, Optional, Tuple

from openmonetize._schema.jsonable import jsonable
from openmonetize.exceptions import ApiTypeError, ApiValueError

if TYPE_CHECKING:
    from openmonetize.providers import Usage


class Seen:
    """The provider calls recorded within one call of a metered function, and within those around it.

    Args:
        outer: what the function around this one has seen.
    """

    def __init__(self, outer: Optional[Seen] = None) -> None:
        self.usages: List[Usage] = []
        self._outer = outer

    def add(self, usage: Usage) -> None:
        """A provider call was recorded."""
        self.usages.append(usage)
        if self._outer is not None:
            self._outer.add(usage)


class Scope(NamedTuple):
    """What recording calls may leave out.

    Attributes:
        user_id: who used something.
        feature_id: what was used.
        metadata: facts to keep with every event.
        seen: provider calls recorded within a metered function so far; None outside of one.
    """

    user_id: Optional[str] = None
    feature_id: Optional[str] = None
    metadata: Mapping[str, Any] = {}
    seen: Optional[Seen] = None

    def within(self, user_id: Optional[str], feature_id: Optional[str], metadata: Optional[Mapping[str, Any]]) -> Scope:
        """A scope inside this one: what is given wins, metadata is merged.

        Raises:
            ApiTypeError, ApiValueError: a value cannot be sent.
        """
        facts: Dict[str, Any] = dict(self.metadata)
        if metadata is not None:
            if not isinstance(metadata, Mapping):
                raise ApiTypeError(f"metadata must be a dict, not {type(metadata).__name__}")
            facts.update(jsonable(metadata, "metadata"))
        return Scope(
            self.user_id if user_id is None else _name("user_id", user_id),
            self.feature_id if feature_id is None else _name("feature_id", feature_id),
            facts,
            self.seen,
        )

    def fill(self, user_id: Any, feature_id: Any, metadata: Any) -> Tuple[Any, Any, Any]:
        """User, feature and metadata of a recording call, completed from the scope."""
        if self.metadata and (metadata is None or isinstance(metadata, Mapping)):
            metadata = {**self.metadata, **(metadata or {})}
        return (
            self.user_id if user_id is None else user_id,
            self.feature_id if feature_id is None else feature_id,
            metadata,
        )


EMPTY = Scope()


class ContextScope:
    """The scope of the running thread or task. One for each `OpenMonetize`."""

    def __init__(self) -> None:
        self._current: ContextVar[Optional[Scope]] = ContextVar("openmonetize_scope", default=None)
        #: The innermost scope, or None.
        self.get: Callable[[], Optional[Scope]] = self._current.get

    @contextmanager
    def using(self, scope: Scope) -> Iterator[None]:
        """Make this the scope of a block."""
        token = self._current.set(scope)
        try:
            yield
        finally:
            self._current.reset(token)


def _name(argument: str, value: Any) -> str:
    if not isinstance(value, str):
        raise ApiTypeError(f"{argument} must be a str, not {type(value).__name__}")
    if not value or "\0" in value:
        raise ApiValueError(f"{argument} must not be {'empty' if not value else 'a text with NUL'}")
    return value

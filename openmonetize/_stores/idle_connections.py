"""The connections of a store between two calls."""

from __future__ import annotations

from typing import Generic, Protocol, TypeVar

from openmonetize._fork import ProcessMark


class Connection(Protocol):
    """What can be closed."""

    def close(self) -> None:
        """Close it."""


C = TypeVar("C", bound=Connection)

# Connections that a forked child has copies of. They are kept here, because closing a copy would harm the parent's.
_OF_PARENTS: list[object] = []


class IdleConnections(Generic[C]):
    """Connections that are not in use. Safe to use from several threads, from finalizers and over forks.

    A list needs no lock, so that a finalizer within a call cannot wait for one.
    """

    def __init__(self) -> None:
        self._renew()

    def _renew(self) -> None:
        self._connections: list[C] = []
        self._mark = ProcessMark()

    def take(self) -> C | None:
        """Return a connection, None if there is none."""
        self._after_fork()
        try:
            return self._connections.pop()
        except IndexError:
            return None

    def put(self, connection: C) -> None:
        """Keep a connection for the next call."""
        self._connections.append(connection)

    def close(self) -> None:
        """Close the connections."""
        while (connection := self.take()) is not None:
            connection.close()

    def _after_fork(self) -> None:
        if self._mark.forked():
            _OF_PARENTS.append(self._connections)
            self._renew()

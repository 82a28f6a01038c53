"""What can go wrong between recording an event and its delivery."""

from __future__ import annotations

from openmonetize.exceptions import OpenApiException


class MeteringError(OpenApiException):
    """The base of the recorder's own errors."""


class BufferFull(MeteringError):
    """The buffer is at its bound and did not get room in time: this event was **not** recorded.

    The platform is down or slower than the events come. Record again later, raise ``max_events`` or
    ``max_bytes``, or choose ``on_full="spill"``.
    """


class KeyChanged(MeteringError):
    """The API key was changed after these events were leased: they may not belong to the new key's customer."""


class OutboxError(MeteringError):
    """The outbox cannot be used; the text says why and what to do.

    Attributes:
        misuse: the place is the wrong one (as opposed to a full disk, which can happen to the right one).
    """

    def __init__(self, message: str, *, misuse: bool = False) -> None:
        super().__init__(message)
        self.misuse = misuse

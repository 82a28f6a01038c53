"""What became of the events of one ``ingest`` call, whether it succeeded or failed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from openmonetize.exceptions import OpenApiException


@dataclass
class IngestResult:
    """What became of the events of one ``ingest`` call.

    ``accepted`` means that the platform has queued the events; it bills them later, and may lose some before that.

    Attributes:
        accepted: events taken.
        duplicates: events that the platform, or this call, had already.
        rejected: events refused. The platform refuses whole requests, so this is 0 on success.
        batch_ids: the platform's ids of the requests, for its support.
    """

    accepted: int = 0
    duplicates: int = 0
    rejected: int = 0
    batch_ids: list[str] = field(default_factory=list)

    def add(self, answer: Any) -> None:
        """Count the answer of one request."""
        self.accepted += answer.accepted or 0
        self.duplicates += answer.duplicates or 0
        self.rejected += answer.rejected or 0
        if answer.batch_id:
            self.batch_ids.append(answer.batch_id)


class IngestError(OpenApiException):
    """An ``ingest`` call that ended before all of its events were sent.

    It is also an instance of what went wrong: ``except ServiceException`` and ``except IngestError`` both catch a
    call that failed with status 500.

    Attributes:
        result: what earlier requests of the same call achieved.
        unsent: the events whose fate is unknown or that were not sent, with their ids fixed: passing them to
            ``ingest`` again bills nothing twice. An invalid event of a list is in it unchanged. Of another iterable it
            has what was read; the rest is still there to be read.
    """

    result: IngestResult
    unsent: Sequence[Any] = ()

    def __str__(self) -> str:
        text = super().__str__()
        return f"{text} [{len(self.unsent)} events unsent, see .unsent]" if self.unsent else text

    def __reduce__(self) -> tuple[Any, ...]:
        cause = next((cause for cause, kind in _KINDS.items() if kind is type(self)), None)
        if cause is None:  # the class can be imported
            return type(self), self.args, vars(self)
        return _unpickled, (cause, self.args, vars(self))


def with_outcome(error: BaseException, result: IngestResult, unsent: Sequence[Any]) -> None:
    """Turn the error that ended an ``ingest`` call into an `IngestError` of the same kind.

    One that is not of this library stays of its kind, since it is the caller's own, and gets the attributes.

    Args:
        error: what went wrong; it is changed in place, so that its traceback and cause stay.
        result: what earlier requests achieved.
        unsent: what was read and is left to send.
    """
    if isinstance(error, OpenApiException):
        error.__class__ = _kind(type(error))
    vars(error).update(result=result, unsent=unsent)


_KINDS: dict[type[OpenApiException], type[OpenApiException]] = {}


def _kind(cause: type[OpenApiException]) -> type[OpenApiException]:
    """Return the class of errors that are both an `IngestError` and a ``cause``."""
    if issubclass(cause, IngestError):
        return cause
    if cause not in _KINDS:
        attributes = {"__module__": cause.__module__, "__doc__": cause.__doc__}
        _KINDS[cause] = type(cause.__name__, (IngestError, cause), attributes)
    return _KINDS[cause]


def _unpickled(cause: type[OpenApiException], args: tuple[Any, ...], attributes: dict[str, Any]) -> OpenApiException:
    kind = _kind(cause)
    error = kind.__new__(kind, *args)
    error.args = args
    vars(error).update(attributes)
    return error

"""Sending usage events: any number of any type in, requests that every deployment takes out, one result back."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import (
    TYPE_CHECKING,
    Any,
    Iterable,
    Iterator,
    List,
    Mapping,
    Optional,
    Sequence,
    Tuple,
    Union,
    cast,
)

from openmonetize.api_response import ApiResponse
from openmonetize.event_model import EventModel
from openmonetize.exceptions import ApiException, ApiTypeError, ApiValueError
from openmonetize.model import model_named
from openmonetize.operation import Operation, RequestOptions

if TYPE_CHECKING:
    from openmonetize.api_client import ApiClient
    from openmonetize.rest import RESTResponse

#: Events in one request at the most: the platform's limit.
MAX_EVENTS = 1000
#: Bytes of one request at the most. Present servers refuse 1 MiB, whatever they document; this leaves room for
#: what a gateway adds on the way.
MAX_BYTES = 960 * 1024

_ENVELOPE = len(b'{"events":[]}')
_REMEMBERED_IDS = 50_000

Event = Union[EventModel, Mapping[str, Any]]


@dataclass
class IngestResult:
    """What became of the events of one ``ingest`` call.

    ``accepted`` means that the platform has taken them for processing; it bills a moment later.

    Attributes:
        accepted: events taken.
        duplicates: events that the platform, or this call, had already.
        rejected: events refused. The platform refuses whole requests, so this is 0 on success.
        batch_ids: the platform's ids of the requests, for its support.
    """

    accepted: int = 0
    duplicates: int = 0
    rejected: int = 0
    batch_ids: List[str] = field(default_factory=list)

    def add(self, answer: Any) -> None:
        """Count the answer of one request."""
        self.accepted += answer.accepted or 0
        self.duplicates += answer.duplicates or 0
        self.rejected += answer.rejected or 0
        if answer.batch_id:
            self.batch_ids.append(answer.batch_id)


class _SentIds:
    """The ids that callers chose and this process has sent, with what they stood for.

    The platform drops a repeated id without a word; here the same id with another payload is an error. The time is
    no part of the payload: a repeat that was built anew differs in nothing else.
    """

    def __init__(self) -> None:
        self._payloads: OrderedDict[str, int] = OrderedDict()
        self._lock = threading.Lock()

    def check(self, event: EventModel, wire: bytes) -> None:
        before, _, after = wire.partition(b'"timestamp":"')
        payload = hash((before, after.partition(b'"')[2]))
        event_id = cast(str, event.event_id)  # type: ignore[attr-defined]  # every generated event has one
        with self._lock:
            known = self._payloads.setdefault(event_id, payload)
            if len(self._payloads) > _REMEMBERED_IDS:
                self._payloads.popitem(last=False)
        if known != payload:
            shown = (getattr(event, "metadata", None) or {}).get("source_event_id", event_id)
            raise ApiValueError(
                f"event_id {shown!r} was already sent by this process for a different event; the platform would "
                "silently drop this one as a duplicate: give every event an id of its own"
            )


SENT_IDS = _SentIds()


def prepare(event: Event, namespace: Optional[str]) -> Tuple[EventModel, bytes]:
    """An event, with its id settled, and its bytes.

    Args:
        event: a model, or a dict with ``event_type``.
        namespace: ``Configuration.id_namespace``.

    Raises:
        ApiTypeError, ApiValueError: it is no event, cannot be billed, or is too large; the text says which and why.
    """
    ready: EventModel = event if isinstance(event, EventModel) else model_named("UsageEvent").from_dict(event)
    values = vars(ready)
    if len(values["event_id"]) != 36:
        ready.identify(namespace)
    wire = ready.to_wire()
    if len(wire) > MAX_BYTES - _ENVELOPE:
        raise ApiValueError(
            f"event {values['event_id']} is {len(wire)} bytes; the platform takes events of less than "
            f"{MAX_BYTES - _ENVELOPE}: put less into its metadata"
        )
    if ready.id_was_given:
        SENT_IDS.check(ready, wire)
    return ready, wire


def ingest(
    client: ApiClient, operation: Operation[Any], events: Iterable[Event], options: RequestOptions
) -> ApiResponse[IngestResult]:
    """Send events in as many requests as it takes.

    A list is checked whole before anything is sent; another iterable is read as it is sent.

    Raises:
        ApiException: a request failed. ``result`` says what earlier requests achieved, ``unsent`` holds the events
            whose fate is unknown or that were not sent; sending them again bills nothing twice.
        ApiTypeError, ApiValueError: an event cannot be sent; the text says which and why.
    """
    prepared = _prepared(events, client.configuration.id_namespace)
    if isinstance(events, (list, tuple)):
        prepared = iter(list(prepared))
    result = IngestResult()
    response = ApiResponse(200, {}, result, b"")
    for chunk, duplicates in _chunks(prepared):
        result.duplicates += duplicates
        if not chunk:
            continue
        try:
            answer = client.call(operation, {}, _body([wire for _, wire in chunk]), options)
        except ApiException as error:
            error.result = result
            error.unsent = [event for event, _ in chunk] + [event for event, _ in prepared]
            raise
        result.add(answer.data)
        response = ApiResponse(answer.status_code, answer.headers, result, answer.raw_data)
    return response


def ingest_raw(
    client: ApiClient, operation: Operation[Any], events: Iterable[Event], options: RequestOptions
) -> RESTResponse:
    """Send events that fit into one request, and return its answer as it comes.

    Raises:
        ApiValueError: they need more than one request.
    """
    chunks = list(_chunks(_prepared(events, client.configuration.id_namespace)))
    if len(chunks) != 1:
        raise ApiValueError(f"these events need {len(chunks)} requests: a raw answer is that of exactly one")
    return client.send(operation, {}, _body([wire for _, wire in chunks[0][0]]), options)


def send_chunk(client: ApiClient, wire: Sequence[bytes], *, deadline: Optional[float] = None) -> ApiResponse[Any]:
    """Send ready events in one request, once: for callers with a schedule of their own, such as the recorder.

    Args:
        client: whose configuration is used, but for the retries.
        wire: the events' bytes; at most MAX_EVENTS, and MAX_BYTES together.
        deadline: total seconds for the request.

    Raises:
        ApiException: the request failed.
    """
    from openmonetize.api.events_api import INGEST

    options: RequestOptions = {} if deadline is None else {"_request_timeout": deadline}
    return client.call(INGEST, {}, _body(wire), options, attempts=1)


def _prepared(events: Iterable[Event], namespace: Optional[str]) -> Iterator[Tuple[EventModel, bytes]]:
    if isinstance(events, (EventModel, Mapping, str, bytes)) or not hasattr(events, "__iter__"):
        raise ApiTypeError(f"events must be a list (or another iterable) of events, not {type(events).__name__}")
    for index, event in enumerate(events):
        try:
            yield prepare(event, namespace)
        except (ApiTypeError, ApiValueError) as error:
            raise type(error)(f"events[{index}]: {error}") from None


def _chunks(
    prepared: Iterator[Tuple[EventModel, bytes]],
) -> Iterator[Tuple[List[Tuple[EventModel, bytes]], int]]:
    """Group events by count and bytes; a repeat of the same event in one call is counted, not sent."""
    chunk: List[Tuple[EventModel, bytes]] = []
    size, duplicates, seen = _ENVELOPE, 0, set()
    for item in prepared:
        event_id, wire = vars(item[0])["event_id"], item[1]
        if event_id in seen:
            duplicates += 1
            continue
        seen.add(event_id)
        if len(chunk) == MAX_EVENTS or size + len(wire) + 1 > MAX_BYTES:
            yield chunk, duplicates
            chunk, size, duplicates = [], _ENVELOPE, 0
        chunk.append(item)
        size += len(wire) + 1
    if chunk or duplicates:
        yield chunk, duplicates


def _body(wire: Sequence[bytes]) -> bytes:
    return b'{"events":[' + b",".join(wire) + b"]}"

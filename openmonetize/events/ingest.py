"""Sending usage events: any number of any type in, requests that every deployment takes out, one result back."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from operator import itemgetter
from typing import (
    TYPE_CHECKING,
    Any,
    Dict,
    Iterable,
    Iterator,
    List,
    Mapping,
    NamedTuple,
    Optional,
    Sequence,
    Tuple,
    Union,
    cast,
)

from openmonetize._http.decoding import unexpected
from openmonetize._http.operation import Operation, RequestOptions, refuse_unknown
from openmonetize._schema.resolver import model_named
from openmonetize.api_response import ApiResponse
from openmonetize.events.model import EventModel, wires_of
from openmonetize.events.sent_ids import SENT_IDS, Payload, agree, payload_of, taken
from openmonetize.exceptions import ApiException, ApiTypeError, ApiValueError, OpenApiException, UnexpectedBodyError

if TYPE_CHECKING:
    from openmonetize._http.client import ApiClient
    from openmonetize._http.transport import RESTResponse

#: Events in one request at the most: the platform's limit.
MAX_EVENTS = 1000
#: Bytes of one request at the most. Present servers refuse 1 MiB, whatever they document; this leaves room for
#: what a gateway adds on the way.
MAX_BYTES = 960 * 1024

_ENVELOPE = len(b'{"events":[]}')
_SENT = "was already sent by this process for a different event"

_EVENT_ID, _TIMESTAMP = itemgetter("event_id"), itemgetter("timestamp")

Event = Union[EventModel, Mapping[str, Any]]
#: An event, its bytes, and what its id stands for.
_Item = Tuple[EventModel, bytes, Payload]


class _Batch(NamedTuple):
    """What goes into one request; ``payloads`` by the events' ids."""

    events: Sequence[EventModel]
    wires: Sequence[bytes]
    payloads: Mapping[str, Payload]


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


def prepare(event: Event, namespace: Optional[str]) -> Tuple[EventModel, bytes]:
    """An event that is about to be sent or stored, with its id settled, and its bytes.

    Args:
        event: a model, or a dict with ``event_type``.
        namespace: ``Configuration.id_namespace``.

    Raises:
        ApiTypeError, ApiValueError: it is no event, cannot be billed, or is too large; the text says which and why.
    """
    ready, wire = _ready(event, namespace)
    if ready.id_was_given:
        event_id, payload = vars(ready)["event_id"], payload_of(ready, wire)
        if not agree(ready, wire, SENT_IDS.get(event_id, payload)):
            raise taken(ready, _SENT)
        SENT_IDS.add({event_id: payload})
    return ready, wire


def _ready(event: Event, namespace: Optional[str]) -> Tuple[EventModel, bytes]:
    ready: EventModel = event if isinstance(event, EventModel) else model_named("UsageEvent").from_dict(event)
    if ready.id_was_given:
        ready.identify(namespace)
    wire = ready.to_wire()
    if len(wire) > MAX_BYTES - _ENVELOPE:
        raise ApiValueError(
            f"event {vars(ready)['event_id']} is {len(wire)} bytes; the platform takes events of less than "
            f"{MAX_BYTES - _ENVELOPE}: put less into its metadata"
        )
    return ready, wire


def ingest(
    client: ApiClient, operation: Operation[Any], events: Iterable[Event], options: RequestOptions
) -> ApiResponse[IngestResult]:
    """Send events in as many requests as it takes.

    A list is checked whole before anything is sent; another iterable is read as it is sent.

    Raises:
        ApiException: a request failed. ``result`` says what earlier requests achieved, ``unsent`` holds the events
            whose fate is unknown or that were not sent; sending them again bills nothing twice.
        ApiTypeError, ApiValueError: an event cannot be sent; the text says which and why. Nothing of a list was
            sent then; of another iterable, ``unsent`` holds what was read and not sent.
    """
    refuse_unknown(operation, options)
    namespace, result = client.configuration.id_namespace, IngestResult()
    source = _source(events)
    held: List[_Item] = []
    batches = _batches(_read(source, namespace, result), held)
    checked: Iterator[_Batch] = iter(())
    if isinstance(events, (list, tuple)):
        batches = checked = iter(_in_one_pass(events) or list(batches))
        source = iter(())
    response = ApiResponse(200, {}, result, b"")
    batch: Optional[_Batch] = None
    try:
        for batch in batches:
            answer = _send(client, operation, batch, options)
            result.add(answer.data)
            response = replace(answer, data=result)
            batch = None
    except OpenApiException as error:
        unsent = [event for failed in (batch, *checked) if failed is not None for event in failed.events]
        unsent += [event for event, _, _ in held]
        error.result, error.unsent = result, unsent
        if isinstance(error, ApiException):
            try:
                _drain(source, namespace, unsent)
            except Exception as broken:  # the caller's iterable fails as well: the call's failure comes first
                raise error from broken
        raise
    return response


def ingest_raw(
    client: ApiClient, operation: Operation[Any], events: Iterable[Event], options: RequestOptions
) -> RESTResponse:
    """Send events that fit into one request, and return its answer as it comes.

    Raises:
        ApiValueError: they need more than one request.
    """
    refuse_unknown(operation, options)
    batches = list(_batches(_read(_source(events), client.configuration.id_namespace, IngestResult()), []))
    if len(batches) != 1:
        raise ApiValueError(f"these events need {len(batches)} requests: a raw answer is that of exactly one")
    response = client.send(operation, {}, body_of(batches[0].wires), options)
    if not 300 <= response.status < 500:
        SENT_IDS.add(batches[0].payloads)
    return response


def _send(client: ApiClient, operation: Operation[Any], batch: _Batch, options: RequestOptions) -> ApiResponse[Any]:
    """Send one request, and remember the ids that the platform may have taken."""
    try:
        answer = counted(client.call(operation, {}, body_of(batch.wires), options))
    except ApiException as error:
        if error.status is None or error.status >= 500 or isinstance(error, UnexpectedBodyError):
            SENT_IDS.add(batch.payloads)
        raise
    SENT_IDS.add(batch.payloads)
    return answer


def counted(answer: ApiResponse[Any]) -> ApiResponse[Any]:
    """Return the answer to one request of events, once it is known to say what became of them.

    Raises:
        UnexpectedBodyError: it counts neither accepted events nor duplicates.
    """
    if answer.data.accepted is None and answer.data.duplicates is None:
        raise unexpected(answer, "does not say what became of the events")
    return answer


def _in_one_pass(events: Sequence[Event]) -> Optional[List[_Batch]]:
    """Group the usual list in a fraction of the time: models whose ids are settled, none twice, none large.

    None where anything is out of the ordinary and needs a closer look.
    """
    batches = []
    for start in range(0, len(events), MAX_EVENTS):
        some = cast(Sequence[EventModel], events[start : start + MAX_EVENTS])
        if not all(issubclass(kind, EventModel) for kind in set(map(type, some))):
            return None
        fields = [event.__dict__ for event in some]
        ids = list(map(_EVENT_ID, fields))
        if not set(map(type, ids)) <= {str}:  # one waits for a namespace
            return None
        wires = wires_of(some)
        if sum(map(len, wires)) + len(wires) + _ENVELOPE > MAX_BYTES:
            return None
        payloads = dict(zip(ids, zip(map(hash, wires), map(_TIMESTAMP, fields))))
        if len(payloads) < len(ids) or not SENT_IDS.all_new_or_same(payloads):
            return None
        batches.append(_Batch(some, wires, payloads))
    if len(batches) > 1 and len(set().union(*(batch.payloads for batch in batches))) < len(events):
        return None
    return batches


def _source(events: Iterable[Event]) -> Iterator[Tuple[int, Event]]:
    if isinstance(events, (EventModel, Mapping, str, bytes)) or not hasattr(events, "__iter__"):
        raise ApiTypeError(f"events must be a list (or another iterable) of events, not {type(events).__name__}")
    return enumerate(events)


def _read(source: Iterator[Tuple[int, Event]], namespace: Optional[str], result: IngestResult) -> Iterator[_Item]:
    """Make events ready, one by one; a repeat of the same event in one call is counted, not sent."""
    seen: Dict[str, Payload] = {}
    for index, event in source:
        try:
            ready, wire = _ready(event, namespace)
            payload = payload_of(ready, wire)
            event_id = vars(ready)["event_id"]
            known = seen.get(event_id)
            if known is not None and not agree(ready, wire, known):
                raise taken(ready, "stands for two different events in this call")
            if not agree(ready, wire, SENT_IDS.get(event_id, payload)):
                raise taken(ready, _SENT)
        except (ApiTypeError, ApiValueError) as error:
            raise type(error)(f"events[{index}]: {error}") from None
        if known is not None:
            result.duplicates += 1
            continue
        seen[event_id] = payload
        yield ready, wire, payload


def _batches(items: Iterable[_Item], held: List[_Item]) -> Iterator[_Batch]:
    """Group events by count and bytes; ``held`` has those that were read and not handed out yet."""
    size = _ENVELOPE - 1  # the last event has no comma
    for item in items:
        length = len(item[1]) + 1
        if held and (len(held) == MAX_EVENTS or size + length > MAX_BYTES):
            batch, held[:] = _batch(held), [item]
            yield batch
            size = _ENVELOPE - 1 + length
        else:
            held.append(item)
            size += length
    if held:
        batch, held[:] = _batch(held), []
        yield batch


def _batch(items: Sequence[_Item]) -> _Batch:
    events, wires, payloads = zip(*items)
    return _Batch(events, wires, {vars(event)["event_id"]: payload for event, payload in zip(events, payloads)})


def _drain(source: Iterator[Tuple[int, Event]], namespace: Optional[str], into: List[Any]) -> None:
    """Take all the rest. What cannot be sent stays as it came, so that sending it again says why."""
    for _, event in source:
        try:
            into.append(_ready(event, namespace)[0])
        except (ApiTypeError, ApiValueError):
            into.append(event)


def body_of(wire: Sequence[bytes]) -> bytes:
    """The body of a request with these events, of which there is at least one."""
    parts = list(wire)
    # Around the first and the last event, the envelope costs no copies of the whole body.
    parts[0] = b'{"events":[' + parts[0]
    parts[-1] += b"]}"
    return b",".join(parts)

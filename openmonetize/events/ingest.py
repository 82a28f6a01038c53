"""The ``ingest`` call: checks events, sends them in as many requests as needed, and adds up the answers."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from operator import itemgetter
from typing import (
    TYPE_CHECKING,
    Any,
    NamedTuple,
    Union,
    cast,
)

from openmonetize._arguments import described
from openmonetize._http.decoding import unexpected
from openmonetize._http.operation import Operation, RequestOptions, check_options
from openmonetize._schema.resolver import model_named
from openmonetize.api_response import ApiResponse
from openmonetize.events.key_owners import UNSETTLED, KeyOwner, find_owner, known_owner, warn_of_foreign
from openmonetize.events.model import EventModel, wires_of
from openmonetize.events.own_ids import may_be_derived, with_account
from openmonetize.events.result import IngestResult, with_outcome
from openmonetize.events.sent_ids import Payload, SentIds, agree, payload_of, sent_ids, taken
from openmonetize.exceptions import (
    ApiConnectionError,
    ApiException,
    ApiKeyError,
    ApiTypeError,
    ApiValueError,
    OpenApiException,
    UnexpectedBodyError,
)

if TYPE_CHECKING:
    from openmonetize._http.client import ApiClient
    from openmonetize._http.configuration import Configuration
    from openmonetize._http.transport import RESTResponse

_LOG = logging.getLogger("openmonetize")
# The platform's limit of events in one request.
MAX_EVENTS = 1000
# The largest request in bytes. Present servers refuse 1 MiB (measured), although they document more; the rest is
# left for what a gateway adds.
MAX_BYTES = 960 * 1024

# Events of one call among which repeats are noticed.
_MAX_SEEN = 50_000

_ENVELOPE = len(b'{"events":[]}')
_ALREADY_SENT = "was already sent by this process for a different event"

_EVENT_ID = itemgetter("event_id")

Event = Union[EventModel, Mapping[str, Any]]
# An event, its bytes, and its id's payload.
_Item = tuple[EventModel, bytes, Payload]


class _Batch(NamedTuple):
    """The events of one request, and the payloads of ids that are the caller's own."""

    events: Sequence[EventModel]
    wires: Sequence[bytes]
    payloads: Mapping[str, Payload]


def prepare(event: Event, configuration: Configuration) -> tuple[EventModel, bytes]:
    """Return an event that is ready to be sent or stored, with its final id, and its bytes.

    Args:
        event: a model, or a dict with ``event_type``.
        configuration: of the client that will send it.

    Raises:
        ApiTypeError, ApiValueError: it is not an event, cannot be billed, or is too large; the text says why.
    """
    ready, wire = _ready(event, configuration.id_namespace)
    if ready.id_was_given:
        owner = known_owner(configuration) if may_be_derived(wire) else None
        if owner is not None:
            ready, wire = _with_account(ready, wire, configuration.id_namespace, owner)
        remembered = sent_ids(configuration)
        event_id, payload = vars(ready)["event_id"], payload_of(ready, wire)
        sent = remembered.get(event_id)
        if sent is not None and not agree(ready, wire, sent):
            raise taken(ready, _ALREADY_SENT)
        remembered.add({event_id: payload})
    return ready, wire


def _ready(event: Event, namespace: str | None) -> tuple[EventModel, bytes]:
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


def _with_account(event: EventModel, wire: bytes, namespace: str | None, owner: KeyOwner) -> tuple[EventModel, bytes]:
    """Return an event under the id that it has in the account of the key, and its bytes."""
    if owner.customer_id is None or vars(event)["event_id"] in UNSETTLED:
        return event, wire
    named = vars(event)["customer_id"]
    if named and named != owner.customer_id:
        warn_of_foreign(named, owner.customer_id)
    settled = with_account(event, namespace, owner.customer_id)
    return (event, wire) if settled is event else (settled, settled.to_wire())


def ingest(
    client: ApiClient, operation: Operation[Any], events: Iterable[Event], options: RequestOptions
) -> ApiResponse[IngestResult]:
    """Send events in as many requests as needed.

    A list is checked as a whole before anything is sent. Another iterable is read while it is sent, and no further than
    to the first failure.

    Raises:
        ApiException: a request failed.
        ApiTypeError, ApiValueError: an event cannot be sent; the text says which and why. If ``events`` is a list,
            nothing was sent.
        IngestError: every one of these; ``result`` and ``unsent`` say how far the call came. What the iterable itself
            raises has the same attributes.
    """
    check_options(operation, options)
    result, sent = IngestResult(), sent_ids(client.configuration)
    held: list[_Item] = []
    batches = _batches(_read(_source(events), client, options, result, sent, held), held)
    checked: Iterator[_Batch] = iter(())
    if isinstance(events, (list, tuple)):
        try:
            batches = checked = iter(_in_one_pass(events, sent) or list(batches))
        except OpenApiException as error:
            with_outcome(error, result, list(events))
            raise
    response = ApiResponse(200, {}, result, b"")
    batch: _Batch | None = None
    try:
        for batch in batches:
            answer = _send(client, operation, batch, options, sent)
            result.add(answer.data)
            response = replace(answer, data=result)
            batch = None
    except BaseException as error:
        unsent = [event for failed in (batch, *checked) if failed is not None for event in failed.events]
        with_outcome(error, result, [*unsent, *(event for event, _, _ in held)])
        raise
    return response


def ingest_raw(
    client: ApiClient, operation: Operation[Any], events: Iterable[Event], options: RequestOptions
) -> RESTResponse:
    """Send events that fit into one request, and return its raw answer.

    Raises:
        ApiValueError: they need more than one request.
    """
    check_options(operation, options)
    sent = sent_ids(client.configuration)
    batches = list(_batches(_read(_source(events), client, options, IngestResult(), sent, []), []))
    if len(batches) != 1:
        raise ApiValueError(f"these events need {len(batches)} requests: a raw answer is that of exactly one")
    response = client.send(operation, {}, body_of(batches[0].wires), options)
    if not 300 <= response.status < 500:
        sent.add(batches[0].payloads)
    return response


def _send(
    client: ApiClient, operation: Operation[Any], batch: _Batch, options: RequestOptions, sent: SentIds
) -> ApiResponse[Any]:
    """Send one request and remember the ids that the platform may have taken."""
    unsent = [event_id for event_id in batch.payloads if sent.get(event_id) is None]
    try:
        answer = counted(client.call(operation, {}, body_of(batch.wires), options))
    except ApiException as error:
        if error.status is None or error.status >= 500 or isinstance(error, UnexpectedBodyError):
            sent.add(batch.payloads)
        raise
    sent.add(batch.payloads)
    if unsent and answer.data.duplicates:
        _warn_of_duplicates(batch, unsent, answer.data.duplicates)
    return answer


def _warn_of_duplicates(batch: _Batch, unsent: Sequence[str], duplicates: int) -> None:
    """Warn of events that the platform had although their ids, given by the caller, were not sent from here.

    Those with an id that is derived from the customer as well cannot be another customer's.
    """
    ids = {vars(event)["event_id"] for event, wire in zip(batch.events, batch.wires) if not may_be_derived(wire)}
    count = min(duplicates, len(ids.intersection(unsent)))
    if count:
        _LOG.warning(
            "the platform had %d of these events before, under the ids that you gave them, and this process had not "
            "sent them: if no other process or earlier run of yours has, another customer uses the same ids, and these "
            "events are not stored; UUIDs of your own have to be unique",
            count,
        )


def counted(answer: ApiResponse[Any]) -> ApiResponse[Any]:
    """Return the answer to one request of events, after checking that it says what became of them.

    Raises:
        UnexpectedBodyError: it counts neither accepted events nor duplicates.
    """
    if answer.data.accepted is None and answer.data.duplicates is None:
        raise unexpected(answer, "does not say what became of the events")
    return answer


def _in_one_pass(events: Sequence[Event], sent: SentIds) -> list[_Batch] | None:
    """Group a list of models with final, distinct ids into batches, in a fraction of the time.

    Return None if the list has anything else, which takes the general way.
    """
    batches = []
    all_ids: set[str] = set()
    for start in range(0, len(events), MAX_EVENTS):
        some = cast(Sequence[EventModel], events[start : start + MAX_EVENTS])
        if not all(issubclass(kind, EventModel) for kind in set(map(type, some))):
            return None
        fields = [event.__dict__ for event in some]
        ids = list(map(_EVENT_ID, fields))
        if not set(map(type, ids)) <= {str}:  # an id still needs a namespace
            return None
        wires = wires_of(some)
        if sum(map(len, wires)) + len(wires) + _ENVELOPE > MAX_BYTES:
            return None
        all_ids.update(ids)
        payloads = _payloads(some, wires)
        if payloads and any(map(may_be_derived, wires)):  # they may get other ids
            return None
        if len(all_ids) < start + len(ids) or not sent.all_new_or_same(payloads):
            return None
        batches.append(_Batch(some, wires, payloads))
    return batches


def _payloads(events: Sequence[EventModel], wires: Sequence[bytes]) -> dict[str, Payload]:
    """Return what the ids that callers gave stand for. Nobody else has the ids that the library makes."""
    given = [(event.__dict__, wire) for event, wire in zip(events, wires) if event.id_was_given]
    return {fields["event_id"]: (hash(wire), fields["timestamp"]) for fields, wire in given}


def _source(events: Iterable[Event]) -> Iterator[tuple[int, Event]]:
    if isinstance(events, (EventModel, Mapping, str, bytes)) or not hasattr(events, "__iter__"):
        hint = ": put it into a list, [event]" if isinstance(events, (EventModel, Mapping)) else ""
        raise ApiTypeError(f"events must be a list (or another iterable) of events, not {described(events)}{hint}")
    return enumerate(events)


def _read(
    source: Iterator[tuple[int, Event]],
    client: ApiClient,
    options: RequestOptions,
    result: IngestResult,
    remembered: SentIds,
    held: list[_Item],
) -> Iterator[_Item]:
    """Prepare events one by one. A repeat of an event, among the last of one call, is counted and not sent.

    The first with an id of the caller's own waits for the answer to whose the key is, if that is not known. If that
    fails, the event is put to those that were read and not sent.
    """
    seen: dict[str, Payload] = {}
    namespace = client.configuration.id_namespace
    owner: KeyOwner | None = None
    unsettled = False
    for index, event in source:
        try:
            ready, wire = _ready(event, namespace)
            if ready.id_was_given and may_be_derived(wire):
                try:
                    owner = owner or find_owner(client, options)
                except ApiKeyError:  # nothing will be sent
                    owner = KeyOwner(None)
                except ApiConnectionError:  # if the server is there, it does not answer this question
                    owner, unsettled = KeyOwner(None), True
                except ApiException:
                    held.append((ready, wire, payload_of(ready, wire)))
                    raise
                if unsettled and len(UNSETTLED) < _MAX_SEEN:
                    UNSETTLED.add(vars(ready)["event_id"])
                ready, wire = _with_account(ready, wire, namespace, owner)
            payload = payload_of(ready, wire)
            event_id = vars(ready)["event_id"]
            known = seen.get(event_id)
            if known is not None and not agree(ready, wire, known):
                raise taken(ready, "stands for two different events in this call")
            sent = remembered.get(event_id)
            if sent is not None and not agree(ready, wire, sent):
                raise taken(ready, _ALREADY_SENT)
        except (ApiTypeError, ApiValueError) as error:
            raise type(error)(f"events[{index}]: {error}") from None
        if known is not None:
            result.duplicates += 1
            continue
        if len(seen) >= _MAX_SEEN:
            seen.clear()
        seen[event_id] = payload
        yield ready, wire, payload


def _batches(items: Iterable[_Item], held: list[_Item]) -> Iterator[_Batch]:
    """Group events by count and bytes. ``held`` has the events that were read and are not in a batch yet."""
    size = _ENVELOPE - 1  # the last event is not followed by a comma
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
    events, wires, _ = zip(*items)
    return _Batch(events, wires, _payloads(events, wires))


def body_of(wire: Sequence[bytes]) -> bytes:
    """Return the body of a request with these events (one or more)."""
    parts = list(wire)
    # Adding the envelope to the first and the last event avoids a copy of the whole body.
    parts[0] = b'{"events":[' + parts[0]
    parts[-1] += b"]}"
    return b",".join(parts)

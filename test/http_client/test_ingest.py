"""Ingest of any number of events, in requests within the platform's limits, without billing an event twice."""

from __future__ import annotations

import json
import pickle
import tracemalloc
import uuid
from collections.abc import Iterator
from itertools import count, islice
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

import openmonetize
from openmonetize import (
    ApiClient,
    ApiConnectionError,
    ApiException,
    ApiKeyError,
    ApiTypeError,
    ApiValueError,
    BadRequestException,
    CustomEvent,
    EventsApi,
    ImageGenerationEvent,
    IngestError,
    IngestResult,
    ServiceException,
    TokenUsageEvent,
    UnexpectedBodyError,
)
from openmonetize.events.ids import derive_id
from openmonetize.events.ingest import MAX_BYTES, MAX_EVENTS
from openmonetize.events.sent_ids import sent_ids

from .conftest import MakeClient
from .ledger import Ledger, event
from .loopback import HTML, Loopback, answer, raw, reset

TOKENS: dict[str, Any] = {
    "event_type": "TOKEN_USAGE", "user_id": "acme_1", "feature_id": "chat", "provider": "openai", "model": "gpt-4o",
    "input_tokens": 5,
}  # fmt: skip
ENVELOPE = len(b'{"events":[]}')


@pytest.fixture
def ledger(server: Loopback) -> Ledger:
    made = Ledger()
    server.default = made
    return made


@pytest.fixture
def events_api(client: ApiClient) -> EventsApi:
    return EventsApi(client)


def events(number: int) -> list[TokenUsageEvent]:
    return [event(input_tokens=index) for index in range(number)]


def ids(batch: Any) -> list[str]:
    return [one["event_id"] if isinstance(one, dict) else one.event_id for one in batch]


# Input


def test_models_and_dicts_of_all_types_may_be_mixed(ledger: Ledger, events_api: EventsApi) -> None:
    result = events_api.ingest(
        events=[
            event(input_tokens=3),
            TOKENS,
            {"event_type": "API_CALL", "feature_id": "search"},
            ImageGenerationEvent(feature_id="art", provider="OPENAI", model="dall-e-3", image_count=2),
            {"event_type": "CUSTOM", "feature_id": "pdf", "unit_type": "pages", "quantity": 10},
            CustomEvent(feature_id="pdf", unit_type="pages", quantity=2),
        ]
    )
    assert (result.accepted, result.duplicates, result.rejected) == (6, 0, 0)
    assert result.batch_ids == ["batch-1"]
    (batch,) = ledger.batches
    kinds = ["TOKEN_USAGE", "TOKEN_USAGE", "API_CALL", "IMAGE_GENERATION", "CUSTOM", "CUSTOM"]
    assert [one["event_type"] for one in batch] == kinds
    assert batch[1]["provider"] == "OPENAI"


@pytest.mark.parametrize(
    "make", [list, tuple, iter, lambda some: (one for one in some), lambda some: dict(enumerate(some)).values()]
)
def test_events_may_be_any_iterable(make: Any, ledger: Ledger, events_api: EventsApi) -> None:
    some = events(3)
    assert events_api.ingest(events=make(some)).accepted == 3
    assert ids(ledger.batches[0]) == ids(some)


def test_a_generator_is_read_as_it_is_sent(ledger: Ledger, events_api: EventsApi) -> None:
    sent_when_read: list[int] = []

    def source() -> Iterator[TokenUsageEvent]:
        for one in events(3 * MAX_EVENTS):
            sent_when_read.append(len(ledger.batches))
            yield one

    assert events_api.ingest(events=source()).accepted == 3 * MAX_EVENTS
    # One event is read ahead, to know whether another request follows.
    assert sent_when_read == [0] * (MAX_EVENTS + 1) + [1] * MAX_EVENTS + [2] * (MAX_EVENTS - 1)


@pytest.mark.parametrize("empty", [[], (), iter([])])
def test_an_empty_iterable_sends_no_request(empty: Any, server: Loopback, events_api: EventsApi) -> None:
    assert events_api.ingest(events=empty) == IngestResult()
    assert events_api.ingest_with_http_info(events=[]).data == IngestResult()
    assert not server.connections


@pytest.mark.parametrize("wrong", [event(), TOKENS, json.dumps([TOKENS]), b"[]", 5, None, event])
def test_anything_but_an_iterable_of_events_is_refused(wrong: Any, server: Loopback, events_api: EventsApi) -> None:
    with pytest.raises(ApiTypeError, match=f"events must be a list .* of events, not {type(wrong).__name__}"):
        events_api.ingest(events=wrong)
    assert not server.connections


def test_events_must_be_given(server: Loopback, events_api: EventsApi) -> None:
    with pytest.raises(TypeError, match="events"):
        events_api.ingest()
    assert not server.connections


BAD_EVENTS: Any = [
    (5, ApiTypeError, "int"),
    (None, ApiTypeError, "NoneType"),
    ("evt", ApiTypeError, "str"),
    ({}, ApiValueError, "event_type"),
    ({"event_type": "FEATURE_ACCESS", "feature_id": "f"}, ApiValueError, "loses it"),
    ({**TOKENS, "inputtokens": 5}, ApiValueError, "did you mean 'input_tokens'"),
    ({**TOKENS, "input_tokens": -1}, ApiValueError, "input_tokens"),
    ({**TOKENS, "event_id": "evt_1"}, ApiValueError, "id_namespace"),
    ({**TOKENS, "metadata": {"text": "x" * 1_000_000}}, ApiValueError, "event [0-9a-f-]{36} is 1000[0-9]{3} bytes"),
]


@pytest.mark.parametrize(("bad", "kind", "text"), BAD_EVENTS)
def test_a_bad_event_is_named_by_its_index_and_nothing_is_sent(
    bad: Any, kind: Any, text: str, server: Loopback, events_api: EventsApi
) -> None:
    with pytest.raises(kind, match=rf"events\[1500\]: .*{text}"):
        events_api.ingest(events=[*events(1500), bad, *events(10)])
    with pytest.raises(kind, match=rf"events\[1\]: .*{text}"):
        events_api.ingest_without_preload_content(events=(one for one in [event(), bad]))
    assert not server.connections


# Requests


@pytest.mark.parametrize(
    ("number", "sizes"), [(1, [1]), (999, [999]), (1000, [1000]), (1001, [1000, 1]), (2500, [1000, 1000, 500])]
)
def test_a_request_has_at_most_a_thousand_events(
    number: int, sizes: list[int], ledger: Ledger, events_api: EventsApi
) -> None:
    some = events(number)
    result = events_api.ingest(events=some)
    assert [len(batch) for batch in ledger.batches] == sizes
    assert [name for batch in ledger.batches for name in ids(batch)] == ids(some)
    assert result.accepted == number
    assert result.batch_ids == [f"batch-{index + 1}" for index in range(len(sizes))]


def padded(size: int) -> TokenUsageEvent:
    """Return an event of exactly ``size`` bytes."""
    bare = event(metadata={"x": ""})
    bare.metadata = {"x": "x" * (size - len(bare.to_wire()))}
    assert len(bare.to_wire()) == size
    return bare


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(sizes=st.lists(st.integers(400, 300_000) | st.sampled_from([MAX_BYTES - ENVELOPE, 400]), max_size=12))
def test_a_request_stays_below_the_limit_in_bytes(sizes: list[int], server: Loopback, events_api: EventsApi) -> None:
    ledger = server.default = Ledger()
    some = [padded(size) for size in sizes]
    assert events_api.ingest(events=some).accepted == len(some)
    assert [name for batch in ledger.batches for name in ids(batch)] == ids(some)
    assert all(size <= MAX_BYTES for size in ledger.sizes)
    assert all(
        one + following[0] > MAX_BYTES - 1
        for one, following in zip(
            ledger.sizes, [[len(json.dumps(batch[0], separators=(",", ":")))] for batch in ledger.batches[1:]]
        )
    )  # no request is smaller than necessary


def test_the_limit_is_below_that_of_the_present_servers() -> None:
    assert MAX_BYTES < 1024 * 1024
    assert MAX_EVENTS == 1000


def test_an_event_of_exactly_the_limit_is_sent_and_one_byte_more_is_not(ledger: Ledger, events_api: EventsApi) -> None:
    largest = padded(MAX_BYTES - ENVELOPE)
    assert events_api.ingest(events=[event(), largest, event()]).accepted == 3
    assert len(ledger.batches) == 3
    assert json.loads(events_api.ingest_without_preload_content(events=[largest]).data)["duplicates"] == 1
    too_large = padded(MAX_BYTES - ENVELOPE + 1)
    with pytest.raises(ApiValueError, match=f"events\\[1\\]: event {too_large.event_id} is"):
        events_api.ingest(events=[event(), too_large])
    assert len(ledger.batches) == 4


def test_a_raw_answer_is_available_for_exactly_one_request(ledger: Ledger, events_api: EventsApi) -> None:
    response = events_api.ingest_without_preload_content(events=events(1000))
    assert (response.status, json.loads(response.data)["accepted"]) == (202, 1000)
    for wrong in (events(1001), []):
        with pytest.raises(ApiValueError, match="exactly one"):
            events_api.ingest_without_preload_content(events=wrong)
    assert len(ledger.batches) == 1


def test_http_info_is_that_of_the_last_request(ledger: Ledger, events_api: EventsApi) -> None:
    some = events(1001)
    told = events_api.ingest_with_http_info(events=some)
    assert (told.status_code, told.data.accepted) == (202, 1001)
    again = events_api.ingest_with_http_info(events=some)
    assert (again.status_code, again.data.accepted, again.data.duplicates) == (200, 0, 1001)
    assert again.data.batch_ids == []


# Ids


def test_every_event_carries_an_idempotency_key(ledger: Ledger, events_api: EventsApi) -> None:
    own = str(uuid.uuid4())
    events_api.ingest(
        events=[event(), TOKENS, event(event_id=own), event(idempotency_key="mine"), event(idempotency_key=None)]
    )
    (batch,) = ledger.batches
    for one in batch[:3]:
        assert one["idempotency_key"] == one["event_id"]
    assert batch[2]["event_id"] == own
    assert batch[3]["idempotency_key"] == "mine"
    assert batch[4]["idempotency_key"] == batch[4]["event_id"]
    assert all(uuid.UUID(one["event_id"]).version == 4 for one in (batch[0], batch[1], batch[3], batch[4]))


def test_a_custom_id_becomes_a_uuid_derived_from_the_customer(ledger: Ledger, events_api: EventsApi) -> None:
    events_api.ingest(events=[event(event_id="evt_1", customer_id="a"), event(event_id="evt_1", customer_id="b")])
    one, other = ledger.batches[0]
    assert one["event_id"] == derive_id("a", "evt_1") != other["event_id"]
    assert one["metadata"] == other["metadata"] == {"source_event_id": "evt_1"}


def test_an_id_without_a_customer_needs_a_namespace(
    ledger: Ledger, events_api: EventsApi, server: Loopback, make_client: MakeClient
) -> None:
    lonely = event(event_id="evt_2")
    with pytest.raises(ApiValueError, match=r"events\[0\]: event_id 'evt_2'.*customer_id.*id_namespace"):
        events_api.ingest(events=[lonely])
    assert not server.connections
    mine = EventsApi(make_client(server.url, id_namespace="example.com"))
    mine.ingest(events=[lonely, {**TOKENS, "event_id": "evt_3"}])
    assert ids(ledger.batches[0]) == [derive_id("example.com", "evt_2"), derive_id("example.com", "evt_3")]
    assert lonely.event_id == derive_id("example.com", "evt_2")
    assert ledger.batches[0][0]["idempotency_key"] == lonely.event_id


def test_the_same_event_in_one_call_is_sent_once_and_counted(ledger: Ledger, events_api: EventsApi) -> None:
    one, two = event(), event(event_id=str(uuid.uuid4()))
    for some in ([one, one, two, one, two], iter([one, two, two])):
        result = events_api.ingest(events=some)
        assert result.accepted + result.duplicates == (5 if isinstance(some, list) else 3)
    assert [len(batch) for batch in ledger.batches] == [2, 2]
    assert events_api.ingest(events=[*events(1000), one, one]).duplicates == 2


def test_an_event_sent_again_is_a_duplicate(ledger: Ledger, events_api: EventsApi) -> None:
    some = events(3)
    events_api.ingest(events=some)
    result = events_api.ingest(events=[*some, event()])
    assert (result.accepted, result.duplicates) == (1, 3)
    assert ledger.billed_once


def test_the_same_id_for_two_events_in_one_call_is_an_error(server: Loopback, events_api: EventsApi) -> None:
    name = str(uuid.uuid4())
    pairs: Any = [
        [event(event_id=name, input_tokens=1), event(event_id=name, input_tokens=2)],
        [{**TOKENS, "event_id": name}, {**TOKENS, "event_id": name, "user_id": "acme_2"}],
    ]
    template = event(input_tokens=1)
    pairs.append([template, template.model_copy(update={"input_tokens": 2})])
    for pair in pairs:
        with pytest.raises(ApiValueError, match=r"events\[1001\]: event_id '[-0-9a-f]{36}' stands for two"):
            events_api.ingest(events=[pair[0], *events(1000), pair[1]])
    assert not server.connections


def test_the_same_id_for_two_events_in_one_process_is_an_error(ledger: Ledger, events_api: EventsApi) -> None:
    events_api.ingest(events=[event(event_id="evt_9", customer_id="c", input_tokens=1)])
    with pytest.raises(ApiValueError, match=r"events\[0\]: event_id 'evt_9' was already sent"):
        events_api.ingest(events=[event(event_id="evt_9", customer_id="c", input_tokens=2)])
    with pytest.raises(ApiValueError, match="evt_9"):
        events_api.ingest_without_preload_content(events=[event(event_id="evt_9", customer_id="c", input_tokens=2)])
    assert len(ledger.batches) == 1


def test_an_event_that_is_changed_after_it_was_sent_is_counted_as_a_duplicate(
    ledger: Ledger, events_api: EventsApi
) -> None:
    """Ids that the library makes are not remembered, which would take memory for every event."""
    changed = event(input_tokens=1)
    events_api.ingest(events=[changed])
    changed.input_tokens = 2
    assert events_api.ingest(events=[changed]).duplicates == 1


def test_the_same_event_built_again_is_a_duplicate_not_an_error(ledger: Ledger, events_api: EventsApi) -> None:
    for _ in range(2):
        built = event(event_id="evt_10", customer_id="c", input_tokens=1)
        result = events_api.ingest(events=[built])
    assert (result.accepted, result.duplicates) == (0, 1)


def test_an_id_that_was_never_sent_can_be_used_for_another_event(
    ledger: Ledger, server: Loopback, make_client: MakeClient
) -> None:
    name = str(uuid.uuid4())
    api = EventsApi(make_client(server.url, api_key=None))
    with pytest.raises(ApiKeyError):
        api.ingest(events=[event(event_id=name, input_tokens=1)])
    with pytest.raises(ApiValueError):
        api.ingest(events=[event(event_id=name, input_tokens=2), {}])
    api.api_client.configuration.access_token = "key"
    server.then(answer(400, {"error": "Bad Request", "message": "body/events/0/feature_id"}))
    with pytest.raises(BadRequestException):  # the platform accepted no event of this request
        api.ingest(events=[event(event_id=name, input_tokens=3)])
    assert api.ingest(events=[event(event_id=name, input_tokens=4)]).accepted == 1


@pytest.mark.parametrize("fault", [reset, answer(500, {}), answer(200, HTML), raw(b"nonsense")])
def test_an_id_that_may_have_arrived_cannot_be_used_for_another_event(
    fault: Any, ledger: Ledger, server: Loopback, events_api: EventsApi
) -> None:
    name = str(uuid.uuid4())
    server.then(*[fault] * 4)
    with pytest.raises(ApiException):
        events_api.ingest(events=[event(event_id=name, input_tokens=1)])
    with pytest.raises(ApiValueError, match="already sent"):
        events_api.ingest(events=[event(event_id=name, input_tokens=2)])
    server.script.clear()
    assert events_api.ingest(events=[event(event_id=name, input_tokens=1)]).accepted == 1


# Failures

FAULTS = {
    "400": answer(400, {"error": "Bad Request", "message": "bad"}),
    "401": answer(401, {"error": "Unauthorized", "message": "bad"}),
    "402": answer(402, {"error": "Payment Required", "message": "quota"}),
    "413": answer(413, {"error": "Payload Too Large", "message": "large"}),
    "500": answer(500, {"error": "INTERNAL_ERROR", "message": "failed"}),
    "portal": answer(200, HTML),
    "empty": answer(200, {}),
    "reset": reset,
    "broken": raw(b"HTTP/1.1 202 Accepted\r\nContent-Length: 100\r\n\r\n{"),
}


@pytest.mark.parametrize("taken", [False, True], ids=["refused", "taken"])
@pytest.mark.parametrize("fault", FAULTS.values(), ids=list(FAULTS))
@pytest.mark.parametrize("lazy", [False, True], ids=["list", "generator"])
def test_after_request_3_of_5_failed_the_unsent_events_can_be_sent_again_and_are_billed_once(
    taken: bool, fault: Any, lazy: bool, server: Loopback, make_client: MakeClient
) -> None:
    faults = {3: fault, 4: fault} if fault is reset else {3: fault}  # a kept connection may break once
    ledger = server.default = Ledger(after=faults) if taken else Ledger(faults)
    api = EventsApi(make_client(server.url, retries=0))
    some: list[Any] = [padded(300_000) for _ in range(13)]  # 3 a request
    some[1] = some[1].to_dict()
    some[7] = {**TOKENS, "metadata": {"text": "x" * 300_000}}  # its id is made by ingest
    source = iter(some)
    with pytest.raises(ApiException) as caught:
        api.ingest(events=source if lazy else some)
    error = caught.value
    assert len(ledger.batches) == max(faults)
    assert error.result == IngestResult(6, 0, 0, ["batch-1", "batch-2"])
    read = 4 if lazy else 7  # a request is complete when the next event is read
    assert len(error.unsent) == read
    assert f"{read} events unsent" in str(error)
    assert ids(error.unsent[:3]) == ids(ledger.batches[2])
    again = api.ingest(events=[*error.unsent, *source] if lazy else error.unsent)
    assert again.accepted == (4 if taken else 7)
    assert again.duplicates == (3 if taken else 0)
    assert len(ledger.billed) == 13
    assert ledger.billed_once


def test_retries_within_a_call_bill_nothing_twice(server: Loopback, client: ApiClient) -> None:
    ledger = server.default = Ledger(after={1: reset, 2: answer(503, {}), 4: reset})
    result = EventsApi(client).ingest(events=events(1500))
    assert result.accepted + result.duplicates == 1500
    assert len(ledger.billed) == 1500
    assert ledger.billed_once
    assert ledger.batches[0] == ledger.batches[1] == ledger.batches[2]


@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    number=st.integers(1, 60),
    faults=st.dictionaries(st.integers(1, 12), st.sampled_from(sorted(FAULTS))),
    after=st.dictionaries(st.integers(1, 12), st.sampled_from(sorted(FAULTS))),
    size=st.sampled_from([400, 100_000, 400_000]),
    lazy=st.booleans(),
)
def test_after_any_failures_sending_the_unsent_events_again_bills_each_event_once(
    number: int, faults: dict[int, str], after: dict[int, str], size: int, lazy: bool,
    server: Loopback, client: ApiClient,
) -> None:  # fmt: skip
    ledger = server.default = Ledger(
        {key: FAULTS[name] for key, name in faults.items()}, {key: FAULTS[name] for key, name in after.items()}
    )
    some = [padded(size) for _ in range(number)]
    left: Any = some
    total = IngestResult()
    for _ in range(40):
        source = iter(left)
        try:
            result = EventsApi(client).ingest(events=source if lazy else left)
        except ApiException as error:
            left, result = [*error.unsent, *(source if lazy else ())], error.result or IngestResult()
        else:
            left = []
        total.accepted += result.accepted
        total.duplicates += result.duplicates
        if not left:
            break
    assert sorted(ledger.billed) == sorted(ids(some))
    assert ledger.billed_once
    assert total.accepted + total.duplicates == number


def test_a_missing_key_leaves_all_events_unsent(server: Loopback, make_client: MakeClient) -> None:
    some = events(3)
    with pytest.raises(ApiKeyError) as caught:
        EventsApi(make_client(server.url, api_key=None)).ingest(events=iter(some))
    assert caught.value.unsent == some
    assert caught.value.result == IngestResult()


def test_a_source_that_never_ends_is_read_no_further_than_to_the_failure(
    server: Loopback, make_client: MakeClient
) -> None:
    server.default = Ledger({1: FAULTS["400"]})
    read = 0

    def endless() -> Iterator[Any]:
        nonlocal read
        while read < 100_000:
            read += 1
            yield TOKENS

    with pytest.raises(BadRequestException) as caught:
        EventsApi(make_client(server.url)).ingest(events=endless())
    assert read == len(caught.value.unsent) == 1001  # one more than a request takes


@pytest.mark.parametrize("error", [RuntimeError("the database is gone"), KeyboardInterrupt()])
def test_what_a_source_raises_says_how_far_the_call_came(
    ledger: Ledger, events_api: EventsApi, error: BaseException
) -> None:
    some = events(1500)

    def source() -> Iterator[Any]:
        yield from some
        raise error

    with pytest.raises(type(error)) as caught:
        events_api.ingest(events=source())
    assert caught.value is error
    assert error.result == IngestResult(1000, 0, 0, ["batch-1"])  # type: ignore[attr-defined]
    assert error.unsent == some[1000:]  # type: ignore[attr-defined]


def test_a_source_of_any_length_takes_the_same_memory(
    server: Loopback, events_api: EventsApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.default = answer(202, {"accepted": 1000, "rejected": 0, "duplicates": 0, "batch_id": "b"})
    monkeypatch.setattr("openmonetize.events.sent_ids._MAX_REMEMBERED", 1000)
    monkeypatch.setattr("openmonetize.events.ingest._MAX_SEEN", 1000)
    ours = tracemalloc.Filter(True, f"{Path(openmonetize.__file__).parent}/*")
    used = []

    def source() -> Iterator[Any]:
        for number in range(12_000):
            if number % 1000 == 500:
                taken = tracemalloc.take_snapshot().filter_traces([ours])
                used.append(sum(trace.size for trace in taken.traces))
            yield TOKENS

    tracemalloc.start()
    try:
        events_api.ingest(events=source())
    finally:
        tracemalloc.stop()
    assert max(used[6:]) < 1.1 * max(used[:6])


# Iterables that fail


def test_after_a_bad_event_of_a_generator_all_others_can_still_be_sent(ledger: Ledger, events_api: EventsApi) -> None:
    some = events(2000)
    source = iter([*some[:1500], {**TOKENS, "input_tokens": -1}, *some[1500:]])
    with pytest.raises(ApiValueError, match=r"events\[1500\]: .*input_tokens") as caught:
        events_api.ingest(events=source)
    error = caught.value
    assert error.result == IngestResult(1000, 0, 0, ["batch-1"])
    assert error.unsent == some[1000:1500]
    events_api.ingest(events=error.unsent)
    events_api.ingest(events=source)
    assert len(ledger.billed) == 2000
    assert ledger.billed_once


def test_an_endless_iterable_is_not_read_ahead_of_successful_requests(ledger: Ledger, events_api: EventsApi) -> None:
    numbers = count()
    endless = (event(input_tokens=number) for number in numbers)
    assert events_api.ingest(events=islice(endless, 2000)).accepted == 2000
    assert next(numbers) == 2000


def test_failures_are_api_exceptions_with_the_unsent_events(server: Loopback, make_client: MakeClient) -> None:
    api = EventsApi(make_client(server.url, retries=0))
    for fault, kind in ((reset, ApiConnectionError), (answer(200, {}), UnexpectedBodyError)):
        server.then(fault)
        with pytest.raises(kind) as caught:
            api.ingest(events=[event()])
        assert len(caught.value.unsent) == 1


def test_a_failed_call_raises_an_ingest_error_of_the_class_of_its_status(
    server: Loopback, make_client: MakeClient
) -> None:
    server.then(FAULTS["500"])
    with pytest.raises(IngestError) as caught:
        EventsApi(make_client(server.url, retries=0)).ingest(events=[event()])
    error = caught.value
    assert isinstance(error, ServiceException)
    assert type(error).__name__ == "ServiceException"
    assert error.status == 500
    again = pickle.loads(pickle.dumps(error))
    assert isinstance(again, ServiceException)
    assert isinstance(again, IngestError)
    assert (str(again), again.result, again.unsent) == (str(error), IngestResult(), error.unsent)


def test_errors_of_other_calls_have_no_unsent_events(server: Loopback, make_client: MakeClient) -> None:
    server.then(FAULTS["500"])
    with pytest.raises(ServiceException) as caught:
        EventsApi(make_client(server.url, retries=0)).list()
    assert not isinstance(caught.value, IngestError)
    assert not hasattr(caught.value, "unsent")


def test_an_ingest_within_the_events_of_another_fails_as_itself(server: Loopback, make_client: MakeClient) -> None:
    api = EventsApi(make_client(server.url, retries=0))
    inner, outer = event(), event()

    def source() -> Iterator[TokenUsageEvent]:
        yield outer
        server.then(FAULTS["500"])
        api.ingest(events=[inner])

    with pytest.raises(ServiceException) as caught:
        api.ingest(events=source())
    assert isinstance(caught.value, IngestError)
    assert caught.value.unsent == [outer]


def test_a_list_with_a_bad_event_is_unsent_as_a_whole(ledger: Ledger, events_api: EventsApi) -> None:
    some: list[Any] = [event(), {**TOKENS, "input_tokens": -1}]
    with pytest.raises(ApiValueError, match=r"events\[1\]") as caught:
        events_api.ingest(events=some)
    assert isinstance(caught.value, IngestError)
    assert (caught.value.result, caught.value.unsent) == (IngestResult(), some)
    assert not ledger.billed


class OwnIngestError(IngestError):
    """A kind that a caller has made."""


def test_kinds_of_the_callers_own_can_be_copied_and_pickled() -> None:
    for error in (IngestError("ours"), OwnIngestError("theirs")):
        again = pickle.loads(pickle.dumps(error))
        assert (type(again), str(again), again.unsent) == (type(error), str(error), ())


def test_ids_are_remembered_for_each_host_and_key(server: Loopback, make_client: MakeClient) -> None:
    server.default = Ledger()
    one, other = event(event_id=str(uuid.uuid4())), event()
    other = TokenUsageEvent.from_dict({**other.to_dict(), "event_id": one.event_id})
    apis = [EventsApi(make_client(server.url, api_key=key)) for key in ({"bearerAuth": "a"}, {"bearerAuth": "b"})]
    apis[0].ingest(events=[one])
    apis[1].ingest(events=[other])
    with pytest.raises(ApiValueError, match="already sent"):
        apis[0].ingest(events=[other])


def test_only_ids_of_the_callers_own_are_remembered(ledger: Ledger, events_api: EventsApi, client: ApiClient) -> None:
    remembered = sent_ids(client.configuration)
    before = sum(map(len, remembered._halves))
    for source in ([event() for _ in range(1500)], [TOKENS] * 100, (event() for _ in range(100))):
        events_api.ingest(events=source)
    assert sum(map(len, remembered._halves)) == before
    own = [event(event_id=str(uuid.uuid4())) for _ in range(3)]
    events_api.ingest(events=own)
    assert sum(map(len, remembered._halves)) == before + 3

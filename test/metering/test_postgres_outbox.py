"""The outbox in PostgreSQL: transactions of the caller's, leases, accounts, bounds, and what is wrong with a place."""

from __future__ import annotations

import os
import threading
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from http_client.frames import frames_that_show

from openmonetize import ApiClient, ApiTypeError, ApiValueError, OpenMonetize
from openmonetize._http.redaction import Secret
from openmonetize._stores.documents import Written
from openmonetize._stores.postgres import PostgresDocuments
from openmonetize.metering import Incident, OutboxError, Recorder
from openmonetize.metering.buffers.base import Account
from openmonetize.metering.buffers.postgres import outbox as postgres_outbox, schema
from openmonetize.metering.buffers.postgres.outbox import PostgresOutbox

from .conftest import MakeRecorder, adds_up, new_event, new_events
from .fault_server import FaultServer

psycopg = pytest.importorskip("psycopg")

ONE, OTHER = Account("http://platform", "one"), Account("http://platform", "other")


@pytest.fixture
def connection(database: str) -> Iterator[Any]:
    """A connection of the caller's, in a transaction of its own."""
    with psycopg.connect(database) as opened:
        yield opened


@pytest.fixture
def outboxes(database: str) -> Iterator[Any]:
    """Yield a function that opens the outbox, as another process would."""
    made: list[PostgresOutbox] = []

    def open_one(**settings: Any) -> PostgresOutbox:
        made.append(PostgresOutbox(Secret(database), **settings))
        made[-1].open()
        made[-1].serve([ONE])
        return made[-1]

    yield open_one
    for one in made:
        one.close()


def waiting(database: str) -> int:
    with psycopg.connect(database, autocommit=True) as opened:
        return int(opened.execute("SELECT count(*) FROM openmonetize.events").fetchone()[0])


def change(database: str, sql: str) -> None:
    with psycopg.connect(database, autocommit=True) as opened:
        opened.execute(sql.encode())


# Transactions of the caller's


def test_what_commits_is_billed_once_and_what_rolls_back_is_not(
    make_recorder: MakeRecorder, server: FaultServer, database: str, connection: Any
) -> None:
    recorder = make_recorder(outbox=database)
    committed = recorder.record_in(connection, new_event(1))
    connection.commit()
    rolled_back = recorder.record_in(connection, new_event(2))
    connection.rollback()
    assert recorder.flush(10)
    assert set(server.ledger) == {committed} and rolled_back not in server.ledger
    assert server.billed_once()
    assert recorder.stats() == (1, 1, 0, 0, 0, 0, 0)


def test_an_event_is_not_sent_before_its_transaction_commits(
    make_recorder: MakeRecorder, server: FaultServer, database: str, connection: Any
) -> None:
    recorder = make_recorder(outbox=database)
    recorder.record_in(connection, new_event(1))
    recorder.record(new_event(2))
    assert recorder.flush(10)
    assert len(server.ledger) == 1
    connection.commit()
    assert server.wait_for(2)  # nobody says when: the sender looks from time to time


def test_an_id_that_was_rolled_back_may_be_recorded_again(
    make_recorder: MakeRecorder, server: FaultServer, database: str, connection: Any
) -> None:
    recorder, event = make_recorder(outbox=database), new_event().model_copy(update={"event_id": str(uuid.uuid4())})
    for end in (connection.rollback, connection.commit, connection.commit):
        recorder.record_in(connection, event)
        end()
    assert recorder.flush(10)
    assert server.billed_once() and len(server.ledger) == 1
    stats = recorder.stats()
    assert (stats.accepted, stats.duplicate) == (1, 1)


@pytest.mark.parametrize("kind", ["token_usage", "image_generation", "custom_event", "api_call", "usage", "event"])
def test_every_way_to_record_takes_a_connection(sandbox: Any, database: str, connection: Any, kind: str) -> None:
    usage: dict[str, Any] = {"id": "x", "object": "chat.completion", "model": "gpt-4o", "choices": []}
    usage["usage"] = {"prompt_tokens": 10, "completion_tokens": 2, "total_tokens": 12}
    with (
        OpenMonetize(sandbox.key, sandbox.url, outbox=database) as om,
        om.context(user_id="acme-ada", feature_id="chat"),
    ):
        calls: dict[str, Any] = {
            "token_usage": lambda: om.track_token_usage(
                provider="openai", model="gpt-4o", input_tokens=1, output_tokens=1, connection=connection
            ),
            "image_generation": lambda: om.track_image_generation(
                provider="openai", model="dall-e-3", connection=connection
            ),
            "custom_event": lambda: om.track_custom_event(unit_type="page", quantity=1, connection=connection),
            "api_call": lambda: om.track_api_call(connection=connection),
            "usage": lambda: om.track_usage(usage, connection=connection),
            "event": lambda: om.track({"event_type": "API_CALL"}, connection=connection),
        }
        calls[kind]()
        assert waiting(database) == 0
        connection.commit()
        assert om.flush()
        assert len(sandbox.events()) == 1


def test_a_connection_needs_an_outbox_in_the_database(
    make_recorder: MakeRecorder, connection: Any, tmp_path: Path
) -> None:
    for settings in ({}, {"outbox": tmp_path / "usage-outbox"}):
        with pytest.raises(ApiValueError, match="postgresql://"):
            make_recorder(**settings).record_in(connection, new_event())


class _Asynchronous:
    def cursor(self) -> None: ...

    async def execute(self) -> None: ...


@pytest.mark.parametrize("wrong", [object(), "postgresql://", _Asynchronous()], ids=["object", "text", "async"])
def test_what_is_no_connection_is_refused(make_recorder: MakeRecorder, database: str, wrong: Any) -> None:
    with pytest.raises(ApiTypeError, match="connection"):
        make_recorder(outbox=database).record_in(wrong, new_event())
    assert waiting(database) == 0


def test_a_transaction_that_has_failed_says_so(make_recorder: MakeRecorder, database: str, connection: Any) -> None:
    recorder = make_recorder(outbox=database)
    with pytest.raises(psycopg.Error):
        connection.execute("SELECT 1 / 0")
    with pytest.raises(OutboxError, match="in your transaction"):
        recorder.record_in(connection, new_event())
    connection.rollback()
    recorder.record_in(connection, new_event())
    connection.commit()
    assert recorder.flush(10)


# Leases


def test_no_two_senders_have_the_same_events(outboxes: Any) -> None:
    senders = [outboxes() for _ in range(4)]
    for number in range(100):
        senders[0].put(b"%d" % number, ONE)
    taken: list[bytes] = []

    def take(one: PostgresOutbox) -> None:
        while batch := one.lease(7, 1_000_000):
            taken.extend(batch.wires)
            batch.source.ack(batch, 1)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(take, senders))
    assert sorted(taken) == sorted(b"%d" % number for number in range(100))
    stats = senders[0].stats()
    assert stats.accepted + stats.duplicate == stats.tracked == 100 and stats.duplicate >= 15


def test_a_lease_ends_by_itself(outboxes: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres_outbox, "LEASE_SECONDS", 0.2)
    killed, other = outboxes(), outboxes()
    killed.put(b"event", ONE)
    first = killed.lease(10, 1000)
    assert other.lease(10, 1000) is None and first.attempts == 0
    assert (other.stats().queued, other.stats().retrying) == (0, 1)
    threading.Event().wait(0.3)
    second = other.lease(10, 1000)
    assert second.wires == (b"event",) and second.attempts == 1
    first.source.nack(first)  # too late: it is the other's
    assert killed.lease(10, 1000) is None
    second.source.ack(second)
    first.source.ack(first)  # the platform had it from the first
    assert killed.stats() == (1, 1, 0, 0, 0, 0, 0)


def test_events_come_in_their_order_and_within_bounds(outboxes: Any) -> None:
    one = outboxes()
    for number in range(10):
        one.put(b"%d" % number * 10, ONE)
    batch = one.lease(8, 35)
    assert batch.wires == (b"0" * 10, b"1" * 10, b"2" * 10)
    rest = one.lease(8, 10_000)
    assert [wire[:1] for wire in rest.wires] == [b"3", b"4", b"5", b"6", b"7", b"8", b"9"] and rest.attempts == 0
    assert outboxes().lease(8, 5) is None


def test_what_is_put_back_waits_as_long_as_it_was_told(outboxes: Any) -> None:
    one, other = outboxes(), outboxes()
    one.put(b"event", ONE)
    batch = one.lease(10, 1000)
    batch.is_about_to_be_sent()
    batch.source.nack(batch, 60.0)
    assert one.lease(10, 1000) is None
    other.clear_delays()  # of what the other itself has put back
    assert one.lease(10, 1000) is None
    one.clear_delays()
    again = other.lease(10, 1000)
    assert again.attempts == 1
    again.source.nack(again)  # never sent
    assert one.lease(10, 1000).attempts == 1


def test_what_was_delivered_while_the_database_was_away_is_settled_later(
    outboxes: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    one = outboxes()
    one.put(b"event", ONE)
    batch = one.lease(10, 1000)
    with monkeypatch.context() as away:

        def fail(*args: Any) -> None:
            raise OutboxError("the outbox is away")

        away.setattr(one._patient, "run", fail)
        batch.source.ack(batch)
    assert "taken out later" in caplog.text
    one.maintain()
    assert one.stats() == (1, 1, 0, 0, 0, 0, 0)


def test_a_flush_waits_for_its_own_events_and_not_for_what_others_are_sending(outboxes: Any) -> None:
    one, other = outboxes(), outboxes()
    other.put(b"other", ONE)
    taken = other.lease(10, 1000)
    assert one.is_past(one.watermark()) and not other.is_past(other.watermark())
    one.put(b"one", ONE)
    mark = one.watermark()
    assert not one.is_past(mark)
    again = other.lease(10, 1000)
    assert not one.is_past(mark), "its own, whoever sends it"
    for batch in (taken, again):
        batch.source.ack(batch)
    assert one.is_past(mark) and other.is_past(other.watermark())
    one._check_at = 0.0
    one.maintain()
    assert one._leases.own(1) == []


# Counts, dead letters, bounds


def test_counts_add_up_through_everything(outboxes: Any) -> None:
    one = outboxes()
    for number in range(6):
        one.put(b"%d" % number, ONE)
    batch = one.lease(4, 1000)
    accepted, refused, back = batch.slice(0, 1), batch.slice(1, 3), batch.slice(3, 4)
    accepted.source.ack(accepted)
    refused.source.dead_letter(refused, 400, "no \0 good")
    back.is_about_to_be_sent()
    back.source.nack(back)
    assert one.stats() == (6, 1, 0, 2, 1, 2, 0) and adds_up(one.stats())
    letters = one.dead_letters()
    assert [(letter.wire, letter.status, letter.reason) for letter in letters] == [
        (b"1", 400, "no  good"),
        (b"2", 400, "no  good"),
    ]
    assert one.replay_dead_letters() == 2
    assert one.stats() == (6, 1, 0, 4, 1, 0, 0)
    again = one.lease(10, 1000)
    again.source.dead_letter(again, None, "none")
    assert one.discard_dead_letters() == 5 and one.dead_letters() == []
    assert one.stats() == (6, 1, 0, 0, 0, 0, 5)


def test_a_count_that_takes_too_long_is_unknown(outboxes: Any, database: str) -> None:
    one = outboxes()
    one.put(b"event", ONE)
    with psycopg.connect(database) as blocking:
        blocking.execute("LOCK TABLE openmonetize.events IN ACCESS EXCLUSIVE MODE")
        stats = one.stats(time.monotonic() + 0.1)
        assert stats.unknown is not None and "in time" in stats.unknown
    assert one.stats().queued == 1


def test_a_full_outbox_takes_nothing_and_takes_it_when_there_is_room(outboxes: Any) -> None:
    one = outboxes(max_bytes=100_000)
    for _ in range(100):
        one.put(os.urandom(1500), ONE)
    one.maintain()
    with pytest.raises(OutboxError, match="full, at 100000 bytes"):
        one.put(b"event", ONE)
    batch = one.lease(60, 1_000_000)
    batch.source.ack(batch)
    one._check_at = 0.0
    one.maintain()
    one.put(b"event", ONE)


def test_a_recorder_goes_on_in_memory_where_the_database_is_full(
    make_recorder: MakeRecorder, server: FaultServer, database: str
) -> None:
    incidents: list[Incident] = []
    server.always = "503"
    recorder = make_recorder(outbox=database, outbox_max_bytes=1, on_error=incidents.append)
    recorder.record(new_event())
    recorder._durable[0]._check_at = 0.0  # type: ignore[attr-defined]
    recorder._durable[0].maintain()
    recorder.record(new_event())
    assert [incident.kind for incident in incidents if incident.kind == "outbox"] == ["outbox"]
    assert recorder.in_memory()
    server.always = None
    assert recorder.flush(10)
    assert len(server.ledger) == 2


# Accounts


def test_events_of_other_accounts_are_left_to_them(outboxes: Any) -> None:
    one, other = outboxes(), outboxes()
    other.serve([OTHER])
    one.put(b"one", ONE)
    other.put(b"other", OTHER)
    other.note_customer(OTHER, "cust-b")
    assert one.customers() == {OTHER: "cust-b"}
    assert [tuple(found) for found in one.others()] == [(*OTHER, "cust-b", 1)]
    assert one.stats().tracked == 1
    assert one.lease(10, 1000).wires == (b"one",) and one.lease(10, 1000) is None
    assert one.adopt(OTHER, ONE) == 1
    assert one.lease(10, 1000).wires == (b"other",)


def test_what_is_being_sent_is_not_adopted(outboxes: Any) -> None:
    one, other = outboxes(), outboxes()
    other.serve([OTHER])
    other.put(b"other", OTHER)
    batch = other.lease(10, 1000)
    assert one.adopt(OTHER, ONE) == 0
    batch.source.ack(batch)
    assert other.stats().accepted == 1


def test_other_customers_usage_is_nothing_to_tell_of(
    make_recorder: MakeRecorder, server: FaultServer, client: ApiClient, database: str
) -> None:
    incidents: list[Incident] = []
    server.always = "503"
    other = make_recorder(outbox=database)
    client.configuration.api_key["bearerAuth"] = "om_live_b"
    other.record(new_event())
    other.flush(0.5)
    other.close(0.1)
    client.configuration.api_key["bearerAuth"] = "om_live_a"
    recorder = make_recorder(outbox=database, on_error=incidents.append)
    recorder.record(new_event())
    recorder.flush(0.5)
    assert [other.customer_id for other in recorder.usage_of_other_keys()] == ["cust-b"]
    assert "other_key" not in [incident.kind for incident in incidents]


# Kept events


def test_kept_events_go_after_their_time_and_their_counts_stay(sandbox: Any, database: str) -> None:
    with OpenMonetize(sandbox.key, sandbox.url, outbox=database, verify="report", keep="1h") as om:
        for _ in range(3):
            om.track_api_call(user_id="acme-ada", feature_id="chat")
        assert om.verify(timeout=10).billed == 3
        assert len(list(om.kept_events())) == 3
    for table, column in (("batches", "at"), ("notes", "hour")):
        change(database, f"UPDATE openmonetize.{table} SET {column} = {column} - interval '2 hours'")
    with OpenMonetize(sandbox.key, sandbox.url, outbox=database, verify="report", keep="1h") as om:
        om.track_api_call(user_id="acme-ada", feature_id="chat")
        assert om.verify(timeout=10).accepted >= 1
        deadline = time.monotonic() + 30
        while len(list(om.kept_events())) > 1:  # they go between two looks at what was billed
            assert time.monotonic() < deadline
            time.sleep(0.1)
        assert om.stats().billed == 4


def test_delivered_events_are_kept_when_asked(make_recorder: MakeRecorder, database: str) -> None:
    recorder = make_recorder(outbox=database, keep="35d")
    recorded = new_events(5)
    for event in recorded:
        recorder.record(event)
    assert recorder.flush(10)
    assert {event["event_id"] for event in recorder.kept_events()} == {str(event.event_id) for event in recorded}
    assert recorder.stats() == (5, 5, 0, 0, 0, 0, 0)


def test_what_is_put_back_while_it_is_looked_for_waits(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    account, outbox = Account("http://127.0.0.1:1", "a"), PostgresOutbox(Secret(database))
    outbox.serve([account])
    writer = PostgresOutbox(Secret(database))
    writer.put(b"{}", account)
    mark, leased, look = outbox.watermark(), outbox.lease(10, 10**6), outbox._waits
    assert leased is not None

    def looked(number: int, last: int) -> bool:
        waits = look(number, last)
        leased.source.nack(leased)  # on the sender's thread, just then
        return waits

    monkeypatch.setattr(outbox, "_waits", looked)
    assert not outbox.is_past(mark)
    outbox.close()
    writer.close()


# The place


def test_a_database_without_tables_says_what_to_do(client: ApiClient, postgres_url: str) -> None:
    with pytest.raises(OutboxError, match="outbox migrate") as caught:
        Recorder(client, outbox=postgres_url)
    assert caught.value.misuse


def test_tables_of_a_later_release_are_refused(client: ApiClient, database: str) -> None:
    change(database, "INSERT INTO openmonetize.outbox_version VALUES (99)")
    with pytest.raises(OutboxError, match="later release"):
        Recorder(client, outbox=database)


def test_migrating_twice_changes_nothing(postgres_url: str) -> None:
    name = f"empty_{uuid.uuid4().hex[:8]}"
    change(postgres_url, f"CREATE DATABASE {name}")
    url = postgres_url.replace("/postgres?", f"/{name}?")
    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(lambda _: schema.migrate(Secret(url)), range(4))) == [0, 1, 1, 1]
    PostgresOutbox(Secret(url)).open()


def test_documents_that_were_there_before_the_tables_stay(postgres_url: str) -> None:
    name = f"early_{uuid.uuid4().hex[:8]}"
    change(postgres_url, f"CREATE DATABASE {name}")
    url = postgres_url.replace("/postgres?", f"/{name}?")
    PostgresDocuments(Secret(url), "holds").change("name", lambda document, now: (None, Written("text", now + 60)))
    assert schema.migrate(Secret(url)) == 0
    assert PostgresDocuments(Secret(url), "holds").load("name")[0] == "text"


def as_role(database: str, name: str) -> str:
    """Return the URL for a new role with the privileges that the guide gives to the role of this name."""
    role = f"{name}_{uuid.uuid4().hex[:8]}"
    change(database, f"CREATE ROLE {role} LOGIN")
    guide = (Path(__file__).parents[2] / "docs" / "guides" / "fleet.md").read_text(encoding="utf-8")
    granted = [line.replace(name, role) for line in guide.splitlines() if line.startswith("GRANT") and name in line]
    assert granted
    change(database, " ".join(granted))
    return database.replace("postgres@", f"{role}@")


def test_the_roles_of_the_guide_have_the_privileges_that_they_need(sandbox: Any, database: str) -> None:
    application, drainer = as_role(database, "usage_app"), as_role(database, "usage_drainer")
    with OpenMonetize(sandbox.key, sandbox.url, outbox=application, deliver=False) as om:
        with psycopg.connect(application) as connection:
            om.track_api_call(user_id="acme-ada", feature_id="chat", connection=connection)
        om.track_api_call(user_id="acme-ada", feature_id="chat")
        assert om.flush() and not sandbox.events()
    assert waiting(database) == 2
    with OpenMonetize(sandbox.key, sandbox.url, outbox=drainer, verify=True) as om:
        assert om.flush()
        assert om.verify(timeout=10).billed == 2
        assert om.stats().tracked == 2 and om.stats().unknown is None


def test_who_only_records_delivers_what_the_database_does_not_take(
    make_recorder: MakeRecorder, server: FaultServer, database: str
) -> None:
    recorder = make_recorder(outbox=database, deliver=False)
    recorder.record(new_event(1))
    change(database, "ALTER TABLE openmonetize.events RENAME TO gone")
    recorder.record(new_event(2))
    assert server.wait_for(1)
    change(database, "ALTER TABLE openmonetize.gone RENAME TO events")
    assert recorder.flush(5)
    assert len(server.ledger) == 1 and waiting(database) == 1


@pytest.mark.parametrize("settings", [{}, {"verify": True}, {"keep": "1d"}])
def test_deliver_false_needs_somebody_else_who_delivers(client: ApiClient, database: str, settings: Any) -> None:
    with pytest.raises(ApiValueError, match="deliver=False"):
        Recorder(client, outbox=database if settings else None, deliver=False, **settings)


def test_an_unreachable_database_does_not_stop_the_application(
    make_recorder: MakeRecorder, server: FaultServer, caplog: pytest.LogCaptureFixture
) -> None:
    incidents: list[Incident] = []
    url = "postgresql://user:secret-word@127.0.0.1:1/none"
    recorder = make_recorder(outbox=url, on_error=incidents.append)
    recorder.record(new_event())
    assert server.wait_for(1)
    assert recorder.stats().unknown is not None
    assert "outbox" in [incident.kind for incident in incidents]
    text = caplog.text + repr(incidents) + repr(recorder.stats()) + repr(recorder.flush(0.2))
    assert "secret-word" not in text


@pytest.mark.parametrize(
    "url",
    ["postgresql://user:secret-word@[::1/none", "redis://:secret-word@host/0", "host=host password=secret-word", ""],
)
def test_the_password_of_an_outbox_is_in_no_text_and_in_no_frame(url: str) -> None:
    with pytest.raises(ApiValueError) as caught:
        OpenMonetize("om_test_1", "http://127.0.0.1:1", outbox=url)
    assert "secret-word" not in str(caught.value)
    assert frames_that_show("secret-word", caught.value) == []


def test_settings_of_directories_are_refused(client: ApiClient, database: str) -> None:
    with pytest.raises(ApiValueError, match="outbox_min_free_bytes"):
        Recorder(client, outbox=database, outbox_min_free_bytes=1)


def test_holds_are_kept_beside_the_events(sandbox: Any, database: str) -> None:
    with OpenMonetize(sandbox.key, sandbox.url, outbox=database) as om:
        om.credits.grant(user_id="acme-ada", amount=100)
        with om.reserve("chat", user_id="acme-ada", credits=10, on_outage="deny"):
            with psycopg.connect(database) as opened:
                (names,) = opened.execute("SELECT array_agg(name) FROM openmonetize.documents").fetchone()
            assert any(name.startswith("holds:") for name in names)

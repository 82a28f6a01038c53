"""Processing of accepted events: each is priced, stored and charged to a wallet, or becomes a dead letter.

Each accepted event ends in exactly one way: *billed* (stored, and paid by a wallet if it costs anything), *unfunded*
(stored, but the wallet that should pay does not exist) or *dead-lettered*.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pydantic_core import to_json

from openmonetize.pricing.credits import event_cost
from openmonetize.sandbox.accounts.users import UserClash
from openmonetize.sandbox.billing import rollups
from openmonetize.sandbox.billing.event_queue import Job
from openmonetize.sandbox.billing.money import USD_UNITS
from openmonetize.sandbox.billing.showing_times import showing_times
from openmonetize.sandbox.billing.uniqueness import key_of, may_repeat_keys, stored_ids, stored_keys
from openmonetize.sandbox.billing.wallet_charges import WalletCharges
from openmonetize.sandbox.clock import HOUR, to_datetime
from openmonetize.sandbox.database import cell, marks
from openmonetize.sandbox.defects import FEATURE_ACCESS_LOST, TEAMS_UNKNOWN
from openmonetize.sandbox.fates import ACCEPT_AND_LOSE, BILL_ZERO, FIRST_GRANT_LOSES_EVENT
from openmonetize.sandbox.json_text import write_json
from openmonetize.sandbox.state import State
from openmonetize.sandbox.validation.formats import instant_ms
from openmonetize.sandbox.validation.unstorable_text import has_unstorable_text

# A cost of this or more does not fit the platform's cost column.
_COST_LIMIT_USD = 10.0**10
# A higher cost does not fit a 64-bit number of cost units.
_MAX_64_BIT_USD = 9e8

# Python's sqlite3 binds None slowly, so '' and 0 stand for an absent value on the way into the table.
_INSERT_EVENT = """
INSERT INTO events (event_id, idempotency_key, own_key, customer, batch_id, user_id, team_id, event_type, feature_id,
    provider, model, input_tokens, output_tokens, image_count, unit_type, quantity, timestamp, metadata, credits,
    cost, user, wallet, entry, balance, processed_at)
VALUES (?, nullif(?, ''), ?, ?, ?, nullif(?, ''), nullif(?, ''), ?, ?,
    nullif(?, ''), nullif(?, ''), ?, ?, nullif(?, 0), nullif(?, ''), nullif(?, 0), ?, nullif(?, ''), ?,
    ?, nullif(?, 0), nullif(?, 0), nullif(?, 0), ?, ?)
ON CONFLICT DO NOTHING
"""

_INSERT_DEAD_LETTER = f"""
INSERT INTO dead_letters (id, customer, batch_id, event, accepted_at, failed_at, reason, shown_at)
VALUES ({marks(8)})
"""


class _AlreadyStored(Exception):
    """An event of the batch is stored already, under its id or its idempotency key."""


class _CannotStore(Exception):
    """An event becomes a dead letter; the text says why."""


def process_new(state: State, customer: int, events: list[dict[str, Any]], batch_id: str) -> bool:
    """Process a batch whose events are all new and can all be stored, as in nearly every batch.

    The caller holds a transaction.

    Returns:
        False, with nothing done, if an event is not new or cannot be stored.
    """
    if may_repeat_keys(state, events):
        return False
    state.db.execute("SAVEPOINT batch")
    try:
        writer = _EventWriter(state, customer)
        writer.add(events, batch_id)
        writer.write()
    except (_AlreadyStored, _CannotStore, UserClash):
        state.db.execute("ROLLBACK TO batch")
        return False
    finally:
        state.db.execute("RELEASE batch")
    return True


def process(state: State, customer: int, jobs: list[Job]) -> None:
    """Process accepted events of one customer, in order. The caller holds a transaction."""
    ids = stored_ids(state, (job.event["event_id"] for job in jobs))
    keys = stored_keys(state, (key_of(job.event) for job in jobs))
    writer = _EventWriter(state, customer)
    dead: list[tuple[Job, str]] = []
    for job in jobs:
        event_id, key = job.event["event_id"], key_of(job.event)
        try:
            if has_unstorable_text(job.event):
                raise _CannotStore("a text holds a NUL character or a lone surrogate")
            if event_id in ids:
                raise _CannotStore(f"an event with the id {event_id} is stored already")
            if key in keys:
                raise _CannotStore(f"an event with the idempotency key {key!r} is stored already")
            if job.fate in (ACCEPT_AND_LOSE, FIRST_GRANT_LOSES_EVENT):
                raise _CannotStore(f"the fault {job.fate} has struck")
            writer.add([job.event], job.batch_id, job.fate)
        except (_CannotStore, UserClash) as reason:
            dead.append((job, str(reason)))
            continue
        ids.add(event_id)
        if key is not None:
            keys.add(key)
    writer.write()
    if dead:
        _dead_letter(state, customer, dead)


class _EventWriter:
    """Events to be written into the tables, with the sums and balances that they change."""

    def __init__(self, state: State, customer: int) -> None:
        self._state = state
        self._customer = customer
        self._now = state.clock.now()
        self._today = to_datetime(self._now)
        self._charges = WalletCharges(state, customer)
        self._events: list[tuple[Any, ...]] = []
        self._hours: dict[rollups.GroupKey, list[float]] = {}

    def add(self, events: Iterable[dict[str, Any]], batch_id: str, fate: str | None = None) -> None:
        """Price events one after the other and charge them to their wallets, or what their fate is instead.

        Raises:
            _CannotStore: an event cannot be stored; it and the events after it are left out.
            UserClash: the present servers could not store the user of an event; likewise.
        """
        # A batch has up to a thousand events: names and attributes are looked up once, outside of the loop.
        customer, now, today, settings = self._customer, self._now, self._today, self._state.settings
        book, era, flawed = settings.book, settings.era, bool(settings.defects)
        find_charge, hours, append = self._charges.find, self._hours, self._events.append
        for event in events:
            if flawed:
                self._refuse_defective(event)
            get = event.get
            burn, usd, _ = event_cost(event, book, era, today) if fate != BILL_ZERO else (0, 0.0, None)
            cost: float = int(usd * USD_UNITS + 0.5) if usd <= _MAX_64_BIT_USD else _large_cost(usd)
            event_id, key = event["event_id"], get("idempotency_key") or ""
            own_key = 1 if key == event_id else 0
            user_id, team_id = get("user_id") or "", get("team_id") or ""
            charge = find_charge(user_id, team_id)
            timestamp = instant_ms(event["timestamp"])
            hour = timestamp - timestamp % HOUR
            wallet, entry, balance = charge.add(burn, hour, fate)
            event_type, feature_id = event["event_type"], event["feature_id"]
            provider, model = get("provider") or "", get("model") or ""
            input_tokens, output_tokens = get("input_tokens") or 0, get("output_tokens") or 0
            metadata = get("metadata")
            append(
                (
                    event_id,
                    "" if own_key else key,
                    own_key,
                    customer,
                    batch_id,
                    user_id,
                    team_id,
                    event_type,
                    feature_id,
                    provider,
                    model,
                    input_tokens,
                    output_tokens,
                    get("image_count") or 0,
                    get("unit_type") or "",
                    get("quantity") or 0,
                    timestamp,
                    _metadata_text(metadata) if metadata else "",
                    burn,
                    cost,
                    charge.user,
                    wallet,
                    entry,
                    balance,
                    now,
                )
            )
            group = (hour, feature_id, event_type, provider, model)
            sums = hours.get(group)
            if sums is None:
                hours[group] = [1, input_tokens, output_tokens, burn, cost, timestamp, timestamp]
                continue
            sums[0] += 1
            sums[1] += input_tokens
            sums[2] += output_tokens
            sums[3] += burn
            sums[4] += cost
            if timestamp < sums[5]:
                sums[5] = timestamp
            elif timestamp > sums[6]:
                sums[6] = timestamp

    def _refuse_defective(self, event: dict[str, Any]) -> None:
        """Refuse an event that a defect of the present servers loses."""
        if event["event_type"] == "FEATURE_ACCESS" and self._state.has(FEATURE_ACCESS_LOST):
            raise _CannotStore("the event type FEATURE_ACCESS cannot be stored")
        if event.get("team_id") and self._state.has(TEAMS_UNKNOWN):
            raise _CannotStore(f"team {event['team_id']!r} does not exist")

    def write(self) -> None:
        """Store the events, the sums and the balances.

        Raises:
            _AlreadyStored: an event is stored already; the caller has to roll back.
        """
        if not self._events:
            return
        if self._state.db.executemany(_INSERT_EVENT, self._events).rowcount != len(self._events):
            raise _AlreadyStored
        self._state.db.execute(
            "UPDATE customers SET events = events + ? WHERE pk = ?", (len(self._events), self._customer)
        )
        self._charges.write(self._now)
        rollups.add(self._state, self._customer, self._hours)


def _large_cost(usd: float) -> float:
    """Return a cost above `_MAX_64_BIT_USD` in cost units."""
    if usd >= _COST_LIMIT_USD:
        raise _CannotStore(f"a cost of {usd:.0f} US dollars does not fit the cost column")
    return cell(int(usd * USD_UNITS + 0.5))


def _metadata_text(metadata: dict[str, Any]) -> str:
    try:
        return to_json(metadata, inf_nan_mode="null").decode()
    except ValueError:  # nested deeper than pydantic's writer goes
        return write_json(metadata)


def _dead_letter(state: State, customer: int, dead: list[tuple[Job, str]]) -> None:
    """Store events that cannot be processed, each with the reason."""
    now = state.clock.now()
    shown = showing_times(state, len(dead))
    first = 1 + (state.db.value("SELECT seq FROM sqlite_sequence WHERE name = 'dead_letters'") or 0)
    state.db.executemany(
        _INSERT_DEAD_LETTER,
        [
            (
                f"{now}-{first + index}",
                customer,
                job.batch_id,
                write_json(job.event),
                job.accepted_at,
                now,
                reason.encode("utf-8", "backslashreplace").decode("utf-8"),
                shown[index],
            )
            for index, (job, reason) in enumerate(dead)
        ],
    )

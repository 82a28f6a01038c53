"""What happens to an event after its 202: it is priced, stored and paid for, or it becomes a dead letter.

Each accepted event ends in exactly one way: *billed* (stored, and paid by a wallet if it costs anything), *unfunded*
(stored, but the wallet that should pay does not exist) or *dead-lettered*.
"""

from __future__ import annotations

import json
from typing import Any, Dict, Iterable, List, NamedTuple, Tuple

from pydantic_core import to_json

from openmonetize.pricing.credits import event_cost
from openmonetize.sandbox import defects
from openmonetize.sandbox.accounts.customers import UserClash
from openmonetize.sandbox.billing import rollups
from openmonetize.sandbox.billing.events import has_unstorable_text
from openmonetize.sandbox.billing.uniqueness import key_of, keys_meet, stored_ids, stored_keys
from openmonetize.sandbox.billing.wallet_charges import WalletCharges
from openmonetize.sandbox.clock import HOUR, to_datetime
from openmonetize.sandbox.database import cell, marks
from openmonetize.sandbox.state import State
from openmonetize.sandbox.tables import USD_UNITS
from openmonetize.sandbox.validation.formats import instant_ms

MAX_COST_USD = 10.0**10
"""A cost of this or more does not fit the platform's cost column."""

_LARGE_USD = 9e8
"""A cost of more is no 64-bit number of ten-billionths any more."""

# Python's sqlite3 takes its time over each None, so '' and 0 stand for nothing on the way into the table.
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
INSERT INTO dead_letters (id, customer, batch_id, event, accepted_at, failed_at, reason) VALUES ({marks(7)})
"""


class Job(NamedTuple):
    """An accepted event on its way."""

    event: Dict[str, Any]
    batch_id: str
    accepted_at: int


class _Known(Exception):
    """An event of the batch is stored already, under its id or its idempotency key."""


class _CannotStore(Exception):
    """Why an event becomes a dead letter."""


def process_new(state: State, customer: int, events: List[Dict[str, Any]], batch_id: str) -> bool:
    """Work through a batch in which everything is new and can be stored; that is, through nearly every batch.

    Returns False, with nothing done, if that turns out to be wrong. The caller holds a transaction.
    """
    if keys_meet(state, events):
        return False
    state.db.execute("SAVEPOINT batch")
    try:
        batch = _Batch(state, customer)
        batch.book(events, batch_id)
        batch.write()
    except (_Known, _CannotStore, UserClash):
        state.db.execute("ROLLBACK TO batch")
        return False
    finally:
        state.db.execute("RELEASE batch")
    return True


def process(state: State, customer: int, jobs: List[Job]) -> None:
    """Work through accepted events of one customer, in order. The caller holds a transaction."""
    ids = stored_ids(state, (job.event["event_id"] for job in jobs))
    keys = stored_keys(state, (key_of(job.event) for job in jobs))
    batch = _Batch(state, customer)
    dead: List[Tuple[Job, str]] = []
    for job in jobs:
        event_id, key = job.event["event_id"], key_of(job.event)
        try:
            if has_unstorable_text(job.event):
                raise _CannotStore("a text holds a NUL character or a lone surrogate")
            if event_id in ids:
                raise _CannotStore(f"an event with the id {event_id} is stored already")
            if key in keys:
                raise _CannotStore(f"an event with the idempotency key {key!r} is stored already")
            batch.book([job.event], job.batch_id)
        except (_CannotStore, UserClash) as reason:
            dead.append((job, str(reason)))
            continue
        ids.add(event_id)
        if key is not None:
            keys.add(key)
    batch.write()
    if dead:
        _bury(state, customer, dead)


class _Batch:
    """Events on their way into the tables, with the sums and balances that they change."""

    def __init__(self, state: State, customer: int) -> None:
        self._state = state
        self._customer = customer
        self._now = state.clock.now()
        self._today = to_datetime(self._now)
        self._payers = WalletCharges(state, customer)
        self._events: List[Tuple[Any, ...]] = []
        self._hours: Dict[rollups.GroupKey, List[float]] = {}

    def book(self, events: Iterable[Dict[str, Any]], batch_id: str) -> None:
        """Price events one after the other and let their wallets pay.

        Raises:
            _CannotStore: one cannot be stored, and why; it and those behind it are left out.
            UserClash: the present servers could not store one for its user.
        """
        # A batch has a thousand events: what they share is looked up once.
        customer, now, today, settings = self._customer, self._now, self._today, self._state.settings
        book, era, flawed = settings.book, settings.era, bool(settings.defects)
        find, hours, append = self._payers.find, self._hours, self._events.append
        for event in events:
            if flawed:
                self._refuse_defective(event)
            get = event.get
            burn, usd, _ = event_cost(event, book, era, today)
            cost: float = int(usd * USD_UNITS + 0.5) if usd <= _LARGE_USD else _large_cost(usd)
            event_id, key = event["event_id"], get("idempotency_key") or ""
            own_key = 1 if key == event_id else 0
            user_id, team_id = get("user_id") or "", get("team_id") or ""
            payer = find(user_id, team_id)
            wallet, entry, balance = payer.pay(burn)
            event_type, feature_id = event["event_type"], event["feature_id"]
            provider, model = get("provider") or "", get("model") or ""
            input_tokens, output_tokens = get("input_tokens") or 0, get("output_tokens") or 0
            timestamp = instant_ms(event["timestamp"])
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
                    payer.user,
                    wallet,
                    entry,
                    balance,
                    now,
                )
            )
            group = (timestamp - timestamp % HOUR, feature_id, event_type, provider, model)
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

    def _refuse_defective(self, event: Dict[str, Any]) -> None:
        """A defect of the present servers may lose this event."""
        if event["event_type"] == "FEATURE_ACCESS" and self._state.has(defects.FEATURE_ACCESS_LOST):
            raise _CannotStore("the event type FEATURE_ACCESS cannot be stored")
        if event.get("team_id") and self._state.has(defects.TEAMS_UNKNOWN):
            raise _CannotStore(f"team {event['team_id']!r} does not exist")

    def write(self) -> None:
        """Store everything.

        Raises:
            _Known: an event is stored already; the caller has to undo what was written.
        """
        if not self._events:
            return
        if self._state.db.executemany(_INSERT_EVENT, self._events).rowcount != len(self._events):
            raise _Known
        self._state.db.execute(
            "UPDATE customers SET events = events + ? WHERE pk = ?", (len(self._events), self._customer)
        )
        self._payers.write(self._now)
        rollups.add(self._state, self._customer, self._hours)


def _large_cost(usd: float) -> float:
    """A cost of more than `_LARGE_USD` in the units of its column."""
    if usd >= MAX_COST_USD:
        raise _CannotStore(f"a cost of {usd:.0f} US dollars does not fit the cost column")
    return cell(int(usd * USD_UNITS + 0.5))


def _metadata_text(metadata: Dict[str, Any]) -> str:
    try:
        return to_json(metadata, inf_nan_mode="null").decode()
    except ValueError:  # nested deeper than the fast writer goes
        return json.dumps(metadata)


def _bury(state: State, customer: int, dead: List[Tuple[Job, str]]) -> None:
    """Store events that cannot be processed, with the reason."""
    now = state.clock.now()
    first = 1 + (state.db.value("SELECT seq FROM sqlite_sequence WHERE name = 'dead_letters'") or 0)
    state.db.executemany(
        _INSERT_DEAD_LETTER,
        [
            (
                f"{now}-{first + index}",
                customer,
                job.batch_id,
                json.dumps(job.event),
                job.accepted_at,
                now,
                reason.encode("utf-8", "backslashreplace").decode("utf-8"),
            )
            for index, (job, reason) in enumerate(dead)
        ],
    )

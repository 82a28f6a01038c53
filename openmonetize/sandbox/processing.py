"""What happens to an event after its 202: it is priced, stored and paid for, or it becomes a dead letter.

Each accepted event ends in exactly one way: *billed* (stored, and paid by a wallet if it costs anything), *unfunded*
(stored, but the wallet that should pay does not exist) or *dead-lettered*.
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any, Dict, Iterable, List, NamedTuple, Optional, Set, Tuple

from openmonetize.pricing.credits import event_cost

from . import defects, rollups
from .clock import HOUR, to_datetime
from .database import cell, marks
from .events import has_unstorable_text
from .formats import instant_ms
from .state import State
from .tables import USD_UNITS
from .tenants import UserClash, claim_user

MAX_COST_USD = 10.0**10
"""A cost of this or more does not fit the platform's cost column."""

_INSERT_EVENT = f"""
INSERT INTO events (event_id, idempotency_key, customer, batch_id, user_id, team_id, event_type, feature_id,
    provider, model, input_tokens, output_tokens, image_count, unit_type, quantity, timestamp, metadata, credits,
    cost, wallet, processed_at)
VALUES ({marks(21)})
"""

_INSERT_BURN = """
INSERT INTO ledger (wallet, seq, event_id, kind, amount, balance, created_at) VALUES (?, ?, ?, 'BURN', ?, ?, ?)
"""

_INSERT_DEAD_LETTER = """
INSERT INTO dead_letters (id, customer, batch_id, event, accepted_at, failed_at, reason) VALUES (?, ?, ?, ?, ?, ?, ?)
"""


class Job(NamedTuple):
    """An accepted event on its way."""

    event: Dict[str, Any]
    batch_id: str
    accepted_at: int


class _Wallet:
    """A wallet's row while a batch is worked on."""

    def __init__(self, pk: int, balance: int, entries: int) -> None:
        self.pk = pk
        self.balance = balance
        self.entries = entries
        self.burned = 0


class _Payer(NamedTuple):
    user: Optional[int]
    wallet: Optional[_Wallet]


def process(state: State, customer: int, jobs: Iterable[Job]) -> None:
    """Work through accepted events of one customer, in order. The caller holds a transaction."""
    _Batch(state, customer).run(list(jobs))


def stored_values(state: State, column: str, values: Iterable[str]) -> Set[str]:
    """Which of `values` the stored events have in `column` (``event_id`` or ``idempotency_key``)."""
    wanted = list(values)
    found: Set[str] = set()
    for start in range(0, len(wanted), 900):  # below the smallest limit on parameters that SQLite may have
        chunk = wanted[start : start + 900]
        sql = f"SELECT {column} FROM events WHERE {column} IN ({marks(len(chunk))})"
        found.update(row[0] for row in state.db.execute(sql, chunk))
    return found


class _Batch:
    def __init__(self, state: State, customer: int) -> None:
        self.state = state
        self.customer = customer
        self.now = state.clock.now()
        self.today: datetime = to_datetime(self.now)
        self.payers: Dict[Tuple[Optional[str], Optional[str]], _Payer] = {}
        self.wallets: Dict[int, _Wallet] = {}
        self.users: Dict[int, List[int]] = {}
        self.events: List[Tuple[Any, ...]] = []
        self.burns: List[Tuple[Any, ...]] = []
        self.dead: List[Tuple[Job, str]] = []
        self.hours: Dict[rollups.GroupKey, List[int]] = {}

    def run(self, jobs: List[Job]) -> None:
        self.ids = stored_values(self.state, "event_id", _storable(job.event["event_id"] for job in jobs))
        keys = (job.event.get("idempotency_key") for job in jobs)
        self.keys = stored_values(self.state, "idempotency_key", _storable(key for key in keys if key))
        for job in jobs:
            reason = self._take(job)
            if reason is not None:
                self.dead.append((job, reason))
        self._write()

    def _take(self, job: Job) -> Optional[str]:
        """Price and book one event; the reason if it cannot be stored."""
        event = job.event
        get = event.get
        event_id = event["event_id"]
        key = get("idempotency_key") or None
        if has_unstorable_text(event):
            return "a text holds a NUL character or a lone surrogate"
        if event_id in self.ids:
            return f"an event with the id {event_id} is stored already"
        if key is not None and key in self.keys:
            return f"an event with the idempotency key {key!r} is stored already"
        refused = self._refused(event)
        if refused is not None:
            return refused
        burn, usd, _ = event_cost(event, self.state.settings.book, self.state.settings.era, self.today)
        if usd >= MAX_COST_USD:
            return f"a cost of {usd:.0f} US dollars does not fit the cost column"
        try:
            payer = self._payer(get("user_id") or None, get("team_id") or None)
        except UserClash as clash:
            return str(clash)
        self.ids.add(event_id)
        if key is not None:
            self.keys.add(key)
        self._book(job, key, burn, cost_units(usd), payer)
        return None

    def _refused(self, event: Dict[str, Any]) -> Optional[str]:
        """A defect of the present servers that loses this event."""
        if not self.state.settings.defects:
            return None
        if event["event_type"] == "FEATURE_ACCESS" and self.state.has(defects.FEATURE_ACCESS_LOST):
            return "the event type FEATURE_ACCESS cannot be stored"
        if event.get("team_id") and self.state.has(defects.TEAMS_UNKNOWN):
            return f"team {event['team_id']!r} does not exist"
        return None

    def _payer(self, user_id: Optional[str], team_id: Optional[str]) -> _Payer:
        """The user of an event and the wallet that pays: the team's, else the user's, else the customer's."""
        try:
            return self.payers[user_id, team_id]
        except KeyError:
            pass
        user = None if user_id is None else claim_user(self.state, self.customer, user_id)
        wallet_user = "" if team_id or user is None else user["id"]
        row = self.state.db.row(
            "SELECT pk, balance, entries FROM wallets WHERE customer = ? AND user_id = ? AND team_id = ?",
            (self.customer, wallet_user, team_id or ""),
        )
        wallet = None
        if row is not None:
            wallet = self.wallets.setdefault(row["pk"], _Wallet(row["pk"], row["balance"], row["entries"]))
        payer = _Payer(None if user is None else user["pk"], wallet)
        self.payers[user_id, team_id] = payer
        return payer

    def _book(self, job: Job, key: Optional[str], burn: int, cost: int, payer: _Payer) -> None:
        event = job.event
        get = event.get
        timestamp = instant_ms(event["timestamp"])
        wallet = payer.wallet
        input_tokens = get("input_tokens") or 0
        output_tokens = get("output_tokens") or 0
        model = get("model") or None
        provider = get("provider")
        metadata = get("metadata")
        self.events.append(
            (
                event["event_id"],
                key,
                self.customer,
                job.batch_id,
                get("user_id") or None,
                get("team_id") or None,
                event["event_type"],
                event["feature_id"],
                provider,
                model,
                input_tokens,
                output_tokens,
                get("image_count"),
                get("unit_type") or None,
                get("quantity"),
                timestamp,
                json.dumps(metadata) if metadata else None,
                cell(burn),
                cell(cost),
                None if wallet is None else wallet.pk,
                self.now,
            )
        )
        if wallet is not None and burn > 0:
            wallet.entries += 1
            wallet.balance -= burn
            wallet.burned += burn
            self.burns.append(
                (wallet.pk, wallet.entries, event["event_id"], cell(-burn), cell(wallet.balance), self.now)
            )
        if payer.user is not None:
            counts = self.users.setdefault(payer.user, [0, 0])
            counts[0] += 1
            counts[1] += burn
        start = timestamp - timestamp % HOUR
        group = (start, event["feature_id"], event["event_type"], provider or "", model or "")
        sums = self.hours.get(group)
        if sums is None:
            self.hours[group] = [1, input_tokens, output_tokens, burn, cost, timestamp]
        else:
            sums[0] += 1
            sums[1] += input_tokens
            sums[2] += output_tokens
            sums[3] += burn
            sums[4] += cost
            if timestamp < sums[5]:
                sums[5] = timestamp

    def _write(self) -> None:
        db = self.state.db
        db.executemany(_INSERT_EVENT, self.events)
        db.executemany(_INSERT_BURN, self.burns)
        hour = self.now - self.now % HOUR
        for wallet in self.wallets.values():
            if not wallet.burned:
                continue
            db.execute(
                "UPDATE wallets SET balance = ?, entries = ? WHERE pk = ?",
                (cell(wallet.balance), wallet.entries, wallet.pk),
            )
            db.execute(
                "INSERT INTO burns (wallet, hour, credits) VALUES (?, ?, ?)"
                " ON CONFLICT DO UPDATE SET credits = credits + excluded.credits",
                (wallet.pk, hour, cell(wallet.burned)),
            )
        db.executemany(
            "UPDATE users SET events = events + ?, credits = credits + ? WHERE pk = ?",
            [(count, cell(burned), user) for user, (count, burned) in self.users.items()],
        )
        rollups.add(self.state, self.customer, self.hours)
        if self.dead:
            bury(self.state, self.customer, self.dead, self.now)


def bury(state: State, customer: int, dead: Iterable[Tuple[Job, str]], now: int) -> None:
    """Store events that cannot be processed, with the reason."""
    first = int(state.db.value("SELECT coalesce(max(seq), 0) FROM dead_letters"))
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
                _storable_text(reason),
            )
            for index, (job, reason) in enumerate(dead)
        ],
    )


def cost_units(usd: float) -> int:
    """US dollars in stored units, ten decimals, half up."""
    return int(usd * USD_UNITS + 0.5)


def _storable(values: Iterable[str]) -> List[str]:
    return [value for value in values if value.isascii() or _encodes(value)]


def _encodes(value: str) -> bool:
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _storable_text(text: str) -> str:
    return text.encode("utf-8", "backslashreplace").decode("utf-8")

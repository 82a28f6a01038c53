"""A random walk over the whole service against a small model of it.

In every state, the balance of each wallet is what was granted and bought, less the events that the wallet paid for;
each accepted event is exactly one of billed, unfunded and dead-lettered; analytics are sums over the stored events. The
database is a file, which is sometimes closed and reopened, or reopened as a killed process would have left it.
"""

from __future__ import annotations

import shutil
import tempfile
import uuid
from collections import Counter
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, settings, strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from openmonetize.pricing import credits_for_event
from openmonetize.sandbox import Sandbox

from .client import SandboxClient, event

WINDOW = "startDate=2026-01-01T00:00:00Z&endDate=2027-01-01T00:00:00Z"
_users = st.sampled_from(["anna", "ben", "carl"])
_payer = st.none() | _users
_models = st.sampled_from(["gpt-4o", "gpt-4o-mini", "o1", "no-such-model"])
_key = st.none() | st.sampled_from(["k1", "k2", "k3"])


class Service(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.path = str(Path(self.folder.name) / "sandbox.db")
        self.made = 0
        self.accepted = 0
        self.stored: dict[str, dict[str, Any]] = {}
        self.outcomes: dict[str, str] = {}
        self.keys: set[str] = set()
        self.grants: dict[str, Any] = {}
        self.balances: dict[str | None, int] = {}
        self.history: Counter[str | None] = Counter()
        self.dead = 0
        self.credits = 0
        self.open()

    def open(self) -> None:
        self.sandbox = Sandbox(db=self.path, accounts="none", key="my-own-key").start()
        self.client = SandboxClient(self.sandbox)

    def teardown(self) -> None:
        self.client.close()
        self.sandbox.stop()
        self.folder.cleanup()

    @initialize()
    def register(self) -> None:
        self.customer = self.client.other_customer()
        self.key = str(self.customer.key)

    @rule()
    def restart(self) -> None:
        self.client.close()
        self.customer.close()
        self.sandbox.stop()
        self.open()
        self.customer = SandboxClient(self.sandbox, self.key)

    @rule()
    def kill(self) -> None:
        """Continue with the files as they are on disk at this moment, which is what a killed process leaves."""
        left = str(Path(self.folder.name) / f"left-{uuid.uuid4().hex}.db")
        for end in ("", "-wal"):
            shutil.copyfile(self.path + end, left + end)
        self.path, killed = left, self.path
        self.restart()
        for end in ("", "-wal", "-shm"):
            Path(killed + end).unlink(missing_ok=True)

    @rule(user=_payer, amount=st.integers(1, 500), key=st.none() | st.sampled_from(["g1", "g2"]))
    def grant(self, user: str | None, amount: int, key: str | None) -> None:
        reply = self.customer.grant(amount, user, **({} if key is None else {"idempotencyKey": key}))
        assert reply.status == 200
        data = reply.body["data"]
        if key in self.grants:
            assert data == self.grants[key]
            return
        self.balances[user] = self.balances.get(user, 0) + amount
        self.history[user] += 1
        assert int(data["newBalance"]) == self.balances[user]
        if key is not None:
            self.grants[key] = data

    @rule(user=_users, amount=st.integers(1, 500))
    def purchase(self, user: str, amount: int) -> None:
        body = {"userId": user, "amount": amount, "purchasePrice": amount / 1000}
        reply = self.customer.post("/v1/credits/purchase", body)
        self.balances[user] = self.balances.get(user, 0) + amount
        self.history[user] += 1
        assert reply.body["data"]["newBalance"] == self.balances[user]

    @rule(
        batch=st.lists(
            st.tuples(_payer, _models, st.integers(0, 9000), _key | st.just("own"), st.booleans()),
            min_size=1,
            max_size=4,
        ),
        repeat=st.booleans(),
    )
    def ingest(self, batch: list[Any], repeat: bool) -> None:
        events = []
        for user, model, tokens, key, again in batch:
            known = sorted(self.stored)
            event_id = known[tokens % len(known)] if again and known else self.new_id()
            key = event_id if key == "own" else key
            events.append(event(event_id=event_id, user_id=user, model=model, input_tokens=tokens, idempotency_key=key))
        for _ in range(2 if repeat else 1):
            self.send(events)

    def new_id(self) -> str:
        """Return an id that is the same in each run of the same steps; the order of ids decides which is repeated."""
        self.made += 1
        return str(uuid.uuid5(uuid.NAMESPACE_OID, str(self.made)))

    def send(self, events: list[dict[str, Any]]) -> None:
        fresh = [item for item in events if item.get("idempotency_key") not in self.keys]
        reply = self.customer.ingest(*events)
        assert reply.status == (202 if fresh else 200)
        assert (reply.body["accepted"], reply.body["duplicates"]) == (len(fresh), len(events) - len(fresh))
        self.accepted += len(fresh)
        for item in fresh:
            key = item.get("idempotency_key")
            if item["event_id"] in self.stored or key in self.keys:
                self.dead += 1
                continue
            self.stored[item["event_id"]] = item
            if key is not None:
                self.keys.add(key)
            burned = credits_for_event(item).credits
            self.credits += burned
            funded = item.get("user_id") in self.balances or not burned
            self.outcomes[item["event_id"]] = "billed" if funded else "unfunded"
            if item.get("user_id") in self.balances and burned:
                self.balances[item.get("user_id")] -= burned
                self.history[item.get("user_id")] += 1

    @precondition(lambda self: self.dead > 0)
    @rule()
    def replay(self) -> None:
        """Replay the dead letters, which still cannot be stored."""
        assert self.customer.post("/v1/events/dlq/replay", {}).body["count"] == min(self.dead, 1000)

    @rule(user=_users, estimate=st.integers(0, 100_000))
    def check(self, user: str, estimate: int) -> None:
        action = {"type": "token_usage", "provider": "OPENAI", "model": "gpt-4o", "estimated_input_tokens": estimate}
        found = self.customer.post(
            "/v1/entitlements/check", {"userId": user, "featureId": "chat", "action": action}
        ).body
        balance = self.balances.get(user)
        assert found["currentBalance"] == balance
        assert found["allowed"] == (balance is not None and balance >= (found["estimatedCostCredits"] or 0))

    @invariant()
    def balances_are_right(self) -> None:
        for user, balance in self.balances.items():
            if user is None:
                shown = self.customer.get("/v1/credits/balance").body["data"]["balance"]
                assert int(shown) == balance
                continue
            assert self.customer.get(f"/v1/users/{user}/credits").body["data"]["balance"] == balance
            page = self.customer.get(f"/v1/users/{user}/transactions?limit=100").body
            rows = page["data"]
            assert page["pagination"]["total"] == self.history[user]
            if self.history[user] <= 100:
                assert sum(row["amount"] for row in rows) == balance
            assert rows[0]["balanceAfter"] == balance
            for later, earlier in zip(rows, rows[1:]):
                assert later["balanceBefore"] == earlier["balanceAfter"]
                assert later["balanceAfter"] == later["balanceBefore"] + later["amount"]

    @invariant()
    def every_event_ends_in_exactly_one_way(self) -> None:
        stored = self.sandbox.events()
        assert {row["event_id"] for row in stored} == set(self.stored)
        assert len(self.sandbox.dead_letters()) == self.dead
        assert len(stored) + self.dead == self.accepted
        for row in stored:
            assert row["outcome"] == self.outcomes[row["event_id"]]
            assert row["credits"] == credits_for_event(self.stored[row["event_id"]]).credits

    @invariant()
    def analytics_are_sums(self) -> None:
        if not hasattr(self, "customer"):
            return
        summary = self.customer.get(f"/v1/analytics/usage?{WINDOW}").body["data"]["summary"]
        assert summary["totalEvents"] == len(self.stored)
        assert int(summary["totalCreditsBurned"]) == self.credits
        tokens = sum(item["input_tokens"] for item in self.stored.values())
        assert int(summary["totalInputTokens"]) == tokens


TestService = Service.TestCase
TestService.settings = settings(
    max_examples=15, stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck)
)

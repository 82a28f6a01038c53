"""Decisions about entitlements: whether an action is allowed, by its estimated cost, the wallet, and the usage."""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Callable
from datetime import timedelta
from typing import Any, NamedTuple, Optional

from openmonetize.pricing import CREDITS_PER_USD
from openmonetize.pricing.rows import IMAGE, INPUT_TOKEN, OUTPUT_TOKEN, VIDEO
from openmonetize.sandbox.accounts.users import find_user
from openmonetize.sandbox.billing import rollups
from openmonetize.sandbox.billing.ledger import find_wallet
from openmonetize.sandbox.clock import MAX_MS, MIN_MS, to_datetime, to_ms
from openmonetize.sandbox.defects import ENTITLEMENT_ROW
from openmonetize.sandbox.json_text import read_json
from openmonetize.sandbox.state import State


class Action(NamedTuple):
    """A way out of a refusal that the user may take."""

    type: str
    label: str
    url: str


CREATE_WALLET = Action("create_wallet", "Create Credit Wallet", "/credits/wallet")
RENEW = Action("purchase", "Purchase New Credits", "/credits/purchase")
PURCHASE = Action("purchase", "Purchase Credits", "/credits/purchase")
RAISE_LIMIT = Action("upgrade", "Increase Limit", "/upgrade")
UPGRADE = Action("upgrade", "Upgrade Plan", "/upgrade")


# Types of actions that have prices.
PRICED_ACTIONS = frozenset(("token_usage", "image_generation", "video_generation"))


class Decision(NamedTuple):
    """The outcome of a check; `balance` is None if there is no wallet."""

    allowed: bool
    reason: Optional[str]
    balance: Optional[int]
    actions: list[Action]


def rows(state: State, customer: int) -> list[sqlite3.Row]:
    """Return all entitlements of a customer, oldest first."""
    return state.db.rows("SELECT * FROM entitlements WHERE customer = ? ORDER BY pk", (customer,))


def governing(state: State, customer: int, user_id: str, feature_id: str) -> sqlite3.Row | None:
    """Return the entitlement that decides about a user: its own, else the customer's general one."""
    found = state.db.rows(
        "SELECT * FROM entitlements WHERE customer = ? AND feature_id = ? ORDER BY pk", (customer, feature_id)
    )
    if state.has(ENTITLEMENT_ROW):
        return found[0] if found else None
    user = find_user(state, customer, user_id)
    own = [row for row in found if user is not None and row["user_id"] == user["id"]]
    general = [row for row in found if row["user_id"] is None]
    return next(iter(own + general), None)


def current_usage(state: State, row: sqlite3.Row) -> int:
    """Return the usage of an entitlement: the *number* of events in its period, by their own time."""
    start = _period_start(state, row["period"])
    if row["user_id"] is None:
        filters = {"feature_id": [row["feature_id"]]}
        groups = rollups.groups(state, row["customer"], start, MAX_MS, filters, [])
        return sum(group.events for group in groups)
    sql = (
        "SELECT count(*) FROM events e JOIN users u ON u.pk = e.user"
        " WHERE u.customer = ? AND u.id = ? AND e.timestamp >= ? AND e.feature_id = ?"
    )
    return int(state.db.value(sql, (row["customer"], row["user_id"], start, row["feature_id"])))


def _period_start(state: State, period: str | None) -> int:
    if period not in ("DAILY", "MONTHLY"):
        return MIN_MS
    today = to_datetime(state.clock.now()).replace(hour=0, minute=0, second=0, microsecond=0)
    return to_ms(today if period == "DAILY" else today - timedelta(days=today.day - 1))


def estimate_usd(state: State, action: dict[str, Any]) -> float:
    """Return what an action may cost in US dollars; 0 if its price is unknown."""
    kind = action["type"]
    if kind == "token_usage":
        return _price(state, action, INPUT_TOKEN, action.get("estimated_input_tokens") or 0) + _price(
            state, action, OUTPUT_TOKEN, action.get("estimated_output_tokens") or 0
        )
    if state.seed_era:
        return 0.0
    if kind == "image_generation":
        return _price(state, action, IMAGE, action.get("estimated_count") or 1)
    if kind == "video_generation":
        return _price(state, action, VIDEO, action.get("estimated_duration_seconds") or 1)
    return 0.0


def _price(state: State, action: dict[str, Any], unit: str, amount: float) -> float:
    today = to_datetime(state.clock.now())
    price = state.settings.book.find(action.get("provider") or "", action.get("model") or "", unit, today)
    return 0.0 if price is None else amount / price.per * float(price.usd)


def estimate_credits(usd: float) -> int:
    """Return whole credits, rounded up; 0 if the estimate is not positive, or too large for 64 bits."""
    credits_needed = usd * CREDITS_PER_USD
    return math.ceil(credits_needed) if 0 < credits_needed < 2**63 else 0


def decide(state: State, customer: int, user_id: str, feature_id: str, estimate: Callable[[], int]) -> Decision:
    """Decide whether a user may do something. The first rule that applies wins.

    Args:
        state: the sandbox.
        customer: whose user it is.
        user_id: of the user.
        feature_id: what is to be used.
        estimate: returns the credits that it may cost. It is called only for a wallet that can pay.
    """
    row = governing(state, customer, user_id, feature_id)
    if state.seed_era and row is None:
        return Decision(False, "Feature not enabled for this customer", None, [UPGRADE])
    user = find_user(state, customer, user_id)
    wallet = None if user is None else find_wallet(state, customer, user["id"])
    if wallet is None:
        return Decision(False, "No credit wallet found", None, [CREATE_WALLET])
    balance = wallet["balance"]
    if wallet["expires_at"] is not None and wallet["expires_at"] < state.clock.now():
        return Decision(False, "Credits have expired", balance, [RENEW])
    short = balance < estimate()
    if row is None or row["limit_type"] == "NONE":
        if short and not state.seed_era:
            return Decision(False, "Insufficient credits", balance, [PURCHASE])
        return Decision(True, None, balance, [])
    limit = row["limit_value"]
    if limit is None:
        return Decision(True, None, balance, [])
    used_up = not state.seed_era and current_usage(state, row) >= limit
    if row["limit_type"] == "HARD":
        if used_up:
            return Decision(False, f"Usage limit of {limit} reached", balance, [RAISE_LIMIT])
        if short:
            return Decision(False, "Insufficient credits", balance, [PURCHASE])
    elif used_up:
        text = f"Usage limit of {limit} reached (soft limit)"
        return Decision(True, text, balance, [PURCHASE] if short else [])
    elif short:
        return Decision(True, "Low credits - consider purchasing more", balance, [PURCHASE])
    return Decision(True, None, balance, [])


def metadata_of(row: sqlite3.Row) -> Any:
    """Return the metadata of an entitlement."""
    return None if row["metadata"] is None else read_json(row["metadata"])

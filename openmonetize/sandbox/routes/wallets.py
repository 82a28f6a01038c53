"""Balances, grants, purchases and transactions."""

from __future__ import annotations

from typing import Any, Dict, List, Optional, Tuple

from openmonetize.sandbox.accounts.customers import UserClash, claim_user, find_user
from openmonetize.sandbox.billing.grant_races import Done
from openmonetize.sandbox.billing.ledger import (
    Entry,
    TooManyCredits,
    add_credits,
    find_grant,
    find_wallet,
    open_wallet,
    transactions,
)
from openmonetize.sandbox.clock import iso
from openmonetize.sandbox.defects import (
    FRACTION_500,
    GRANTS_COLLIDE,
    GRANTS_OVERWRITE,
    SEED_TRANSACTIONS_500,
    TEAMS_UNKNOWN,
    TRANSACTIONS_PAGING,
)
from openmonetize.sandbox.http.request import Request, Route
from openmonetize.sandbox.http.responses import Refusal, Response, gateway_error
from openmonetize.sandbox.state import CURRENT, SEED
from openmonetize.sandbox.validation import formats
from openmonetize.sandbox.validation.issues import MAX_SAFE_INTEGER
from openmonetize.sandbox.validation.schema import Fields, Node, Number, Optionally, Record, Text

_uuid = Text(form="uuid")
_some = Text(least=1)
_moment = Optionally(Text(form="date-time"))

_PURCHASE = Fields({"userId": _some, "amount": Number(above=0), "purchasePrice": Number(above=0), "expiresAt": _moment})
_SEED_PURCHASE = Fields(
    {
        "customerId": _uuid,
        "userId": _uuid,
        "amount": Number(least=1),
        "purchasePrice": Number(least=0),
        "expiresAt": _moment,
    }
)


def _grant(first: Dict[str, Node], identity: Node) -> Fields:
    return Fields(
        {
            **first,
            "userId": Optionally(identity),
            "teamId": Optionally(identity),
            "amount": Number(least=1),
            "reason": Optionally(Text()),
            "metadata": Optionally(Record()),
            "idempotencyKey": Optionally(Text()),
            "expiresAt": _moment,
        }
    )


_MOST = MAX_SAFE_INTEGER + 1  # 2^53 is the double that 2^53 + 1 becomes, and it is stored

_USER = Fields({"userId": _some})
_SEED_USER = Fields({"customerId": _uuid, "userId": _uuid})
_LIMIT = Number(least=1, most=100, whole=True, from_text=True)
_OFFSET = Number(least=0, whole=True, from_text=True)
_PAGE = Fields({"limit": Optionally(_LIMIT, default=50), "offset": Optionally(_OFFSET, default=0)})
_UNREADABLE_PAGE = Fields({"limit": Optionally(Number(), default=50), "offset": Optionally(Number(), default=0)})


def balance(call: Request) -> Response:
    wallet = find_wallet(call.state, call.customer.pk)
    if wallet is None and call.state.seed_era:
        raise _no_wallet()
    amount = "0" if wallet is None else str(wallet["balance"])
    return Response(
        {
            "data": {
                "balance": amount,
                "reservedBalance": "0",
                "availableBalance": amount,
                "currency": "USD" if wallet is None else "credits",
            }
        }
    )


def user_balance(call: Request) -> Response:
    _require_own_path(call)
    wallet = _user_wallet(call, call.params["userId"])
    if wallet is None:
        raise _no_wallet()
    expires = wallet["expires_at"]
    return Response(
        {
            "data": {
                "balance": wallet["balance"],
                "reserved": 0,
                "available": wallet["balance"],
                "expiresAt": None if expires is None else iso(expires),
            }
        }
    )


def user_transactions(call: Request) -> Response:
    _require_own_path(call)
    if call.state.seed_era and call.state.has(SEED_TRANSACTIONS_500):
        raise gateway_error(500, "Failed to fetch transaction history")
    page = {"limit": call.query["limit"], "offset": call.query["offset"]}
    wallet = _user_wallet(call, call.params["userId"])
    data: Any = []
    total = 0
    if wallet is not None:
        data, total = transactions(call.state, wallet, page["limit"], page["offset"])
    return Response({"data": data, "pagination": {**page, "total": total}})


def purchase(call: Request) -> Response:
    _require_own_body(call)
    failure = "Failed to purchase credits"
    user_id = _credited_user(call, call.body["userId"], failure)
    price = formats.js_text(call.body["purchasePrice"])
    entry = _add(call, user_id, "", "PURCHASE", {"purchasePrice": price}, failure)
    return Response({"data": {"transactionId": entry.id, "newBalance": entry.balance}})


def grant(call: Request) -> Response:
    _require_own_body(call)
    key = call.body.get("idempotencyKey") or None
    overlapping = call.state.races.since(call.arrived)
    if key and call.state.has(GRANTS_COLLIDE) and any(done.key == key for done in overlapping):
        raise gateway_error(500, _GRANT_FAILED)
    earlier = find_grant(call.state, key) if key else None
    if earlier is None:
        entry = _new_grant(call, key, overlapping)
    elif earlier.customer == call.customer.pk:
        entry = earlier
    else:
        # Keys are global on the platform, which here hands out the other customer's transaction.
        raise gateway_error(409, "Duplicate grant operation detected")
    return Response(
        {
            "data": {
                "transactionId": entry.id,
                "walletId": entry.wallet_id,
                "newBalance": str(entry.balance),
                "amount": str(entry.amount),
            }
        }
    )


def _new_grant(call: Request, key: Optional[str], overlapping: List[Done]) -> Entry:
    state, body, customer = call.state, call.body, call.customer
    user_id, team_id, created = "", "", False
    if "userId" in body:
        created = find_user(state, customer.pk, body["userId"]) is None
        user_id = _credited_user(call, body["userId"], _GRANT_FAILED)
    elif "teamId" in body:
        if state.has(TEAMS_UNKNOWN):
            raise gateway_error(500, _GRANT_FAILED)
        team_id = body["teamId"]
    owner = (customer.pk, user_id, team_id)
    meeting = [done for done in overlapping if done.owner == owner]
    if state.has(GRANTS_COLLIDE) and any(done.created for done in meeting):
        raise gateway_error(500, _GRANT_FAILED)
    unread = meeting[0].amount if meeting and state.has(GRANTS_OVERWRITE) else 0
    metadata = {
        **body.get("metadata", {}),
        "grantedBy": customer.id,
        "userId": body.get("userId"),
        "teamId": body.get("teamId"),
    }
    entry = _add(call, user_id, team_id, "GRANT", metadata, _GRANT_FAILED, unread)
    state.races.note(owner, entry.amount, key, created)
    return entry


def _add(
    call: Request, user_id: str, team_id: str, kind: str, metadata: Dict[str, Any], failure: str, unread: int = 0
) -> Entry:
    """Open the wallet and put the body's amount into it."""
    body = call.body
    amount = body["amount"]
    whole = isinstance(amount, int) or amount.is_integer()
    problem = None if whole else "Invalid input: expected int, received number"
    if amount > _MOST:
        problem = f"Too big: expected number to be <={MAX_SAFE_INTEGER}"
    late = call.state.has(FRACTION_500)
    if problem and not late:
        raise gateway_error(400, f"body/amount {problem}")
    expires = body.get("expiresAt")
    expires_at = None if expires is None else formats.instant_ms(expires)
    wallet = open_wallet(call.state, call.customer.pk, user_id, team_id, expires_at)
    if problem:  # the present servers fail only now, and leave the empty wallet behind
        raise gateway_error(500, failure)
    description = body.get("reason") or f"Credit {kind.lower()}: {int(amount)} credits"
    try:
        return add_credits(
            call.state, wallet, kind, int(amount), description, metadata, body.get("idempotencyKey") or None, unread
        )
    except TooManyCredits:
        if late:
            raise gateway_error(500, failure) from None
        raise gateway_error(400, "body/amount Too big: the balance would not fit") from None


def _credited_user(call: Request, user_id: str, failure: str) -> str:
    try:
        return str(claim_user(call.state, call.customer.pk, user_id)["id"])
    except UserClash:
        raise gateway_error(500, failure) from None


def _user_wallet(call: Request, user_id: str) -> Any:
    user = find_user(call.state, call.customer.pk, user_id)
    return None if user is None else find_wallet(call.state, call.customer.pk, user["id"])


def _require_own_body(call: Request) -> None:
    if call.state.seed_era:
        call.require_own(call.body["customerId"])


def _require_own_path(call: Request) -> None:
    if call.state.seed_era:
        call.require_own(call.params["customerId"])


def _no_wallet() -> Refusal:
    return gateway_error(404, "Credit wallet not found")


_BALANCE_FAILED = "Failed to fetch credit balance"
_GRANT_FAILED = "Failed to grant credits"
_HISTORY_FAILED = "Failed to fetch transaction history"

ROUTES: Tuple[Route, ...] = (
    Route("GET", "/v1/credits/balance", balance, failure=_BALANCE_FAILED),
    Route("GET", "/v1/users/<userId>/credits", user_balance, params=_USER, eras=(CURRENT,), failure=_BALANCE_FAILED),
    Route(
        "GET",
        "/v1/customers/<customerId>/users/<userId>/credits",
        user_balance,
        params=_SEED_USER,
        eras=(SEED,),
        failure=_BALANCE_FAILED,
    ),
    Route(
        "GET",
        "/v1/users/<userId>/transactions",
        user_transactions,
        params=_USER,
        query=_PAGE,
        eras=(CURRENT,),
        unless=TRANSACTIONS_PAGING,
        failure=_HISTORY_FAILED,
    ),
    Route(
        "GET",
        "/v1/users/<userId>/transactions",
        user_transactions,
        params=_USER,
        query=_UNREADABLE_PAGE,
        eras=(CURRENT,),
        only_with=TRANSACTIONS_PAGING,
        failure=_HISTORY_FAILED,
    ),
    Route(
        "GET",
        "/v1/customers/<customerId>/users/<userId>/transactions",
        user_transactions,
        params=_SEED_USER,
        query=_PAGE,
        eras=(SEED,),
        failure=_HISTORY_FAILED,
    ),
    Route(
        "POST",
        "/v1/credits/purchase",
        purchase,
        body=_PURCHASE,
        eras=(CURRENT,),
        failure="Failed to purchase credits",
    ),
    Route(
        "POST",
        "/v1/credits/purchase",
        purchase,
        body=_SEED_PURCHASE,
        eras=(SEED,),
        failure="Failed to purchase credits",
    ),
    Route("POST", "/v1/credits/grant", grant, body=_grant({}, _some), eras=(CURRENT,), failure=_GRANT_FAILED),
    Route(
        "POST",
        "/v1/credits/grant",
        grant,
        body=_grant({"customerId": _uuid}, _uuid),
        eras=(SEED,),
        failure=_GRANT_FAILED,
    ),
)

"""Balances, grants, purchases and transactions."""

from __future__ import annotations

from typing import Any

from openmonetize.sandbox.accounts.users import UserClash, find_or_add_user, find_user
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
from openmonetize.sandbox.fates import GRANT_FATES, GRANT_OVERWRITES_BURN
from openmonetize.sandbox.grant_races import CompletedGrant
from openmonetize.sandbox.http.request import Request
from openmonetize.sandbox.http.responses import Refusal, Response, gateway_error
from openmonetize.sandbox.http.routing import Route
from openmonetize.sandbox.routes.fields import (
    NON_EMPTY,
    OPTIONAL_TEXT,
    OPTIONAL_TIME,
    UNREADABLE_PAGE,
    UUID,
    page_fields,
    whole_number_problem,
)
from openmonetize.sandbox.state import CURRENT_ERA, SEED_ERA
from openmonetize.sandbox.validation.formats import instant_ms
from openmonetize.sandbox.validation.javascript_numbers import number_text
from openmonetize.sandbox.validation.schema import Fields, Node, Number, Optionally, Record

_PURCHASE = Fields(
    {
        "userId": NON_EMPTY,
        "amount": Number(above=0),
        "purchasePrice": Number(above=0),
        "expiresAt": OPTIONAL_TIME,
    }
)
_SEED_PURCHASE = Fields(
    {
        "customerId": UUID,
        "userId": UUID,
        "amount": Number(minimum=1),
        "purchasePrice": Number(minimum=0),
        "expiresAt": OPTIONAL_TIME,
    }
)


def _grant_fields(owner_id: Node) -> dict[str, Node]:
    return {
        "userId": Optionally(owner_id),
        "teamId": Optionally(owner_id),
        "amount": Number(minimum=1),
        "reason": OPTIONAL_TEXT,
        "metadata": Optionally(Record()),
        "idempotencyKey": OPTIONAL_TEXT,
        "expiresAt": OPTIONAL_TIME,
    }


_GRANT = Fields(_grant_fields(NON_EMPTY))
_SEED_GRANT = Fields({"customerId": UUID, **_grant_fields(UUID)})


_USER = Fields({"userId": NON_EMPTY})
_SEED_USER = Fields({"customerId": UUID, "userId": UUID})
_PAGE = Fields(page_fields())

_BALANCE_FAILED = "Failed to fetch credit balance"
_GRANT_FAILED = "Failed to grant credits"
_PURCHASE_FAILED = "Failed to purchase credits"
_HISTORY_FAILED = "Failed to fetch transaction history"


def balance(request: Request) -> Response:
    """Return the balance of the customer's own wallet."""
    wallet = find_wallet(request.state, request.customer.pk)
    if wallet is None and request.state.seed_era:
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


def user_balance(request: Request) -> Response:
    """Return the balance of a user's wallet."""
    _require_own_path(request)
    wallet = _user_wallet(request, request.params["userId"])
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


def user_transactions(request: Request) -> Response:
    """Return a page of the transactions of a user's wallet, the newest first."""
    _require_own_path(request)
    if request.state.seed_era and request.state.has(SEED_TRANSACTIONS_500):
        raise gateway_error(500, _HISTORY_FAILED)
    page = {"limit": request.query["limit"], "offset": request.query["offset"]}
    wallet = _user_wallet(request, request.params["userId"])
    data: Any = []
    total = 0
    if wallet is not None:
        data, total = transactions(request.state, wallet, page["limit"], page["offset"])
    return Response({"data": data, "pagination": {**page, "total": total}})


def purchase(request: Request) -> Response:
    """Add bought credits to a user's wallet. Purchases have no idempotency key."""
    _require_own_body(request)
    user_id = _credited_user(request, request.body["userId"], _PURCHASE_FAILED)
    price = number_text(request.body["purchasePrice"])
    entry = _add(request, user_id, "", "PURCHASE", {"purchasePrice": price}, _PURCHASE_FAILED)
    return Response({"data": {"transactionId": entry.id, "newBalance": entry.balance}})


def grant(request: Request) -> Response:
    """Add credits to a user's, a team's or the customer's wallet, once for each idempotency key."""
    _require_own_body(request)
    key = request.body.get("idempotencyKey") or None
    overlapping = request.state.grant_races.completed_since(request.arrived)
    if key and request.state.has(GRANTS_COLLIDE) and any(other.key == key for other in overlapping):
        raise gateway_error(500, _GRANT_FAILED)
    earlier = find_grant(request.state, key) if key else None
    if earlier is None:
        entry = _new_grant(request, key, overlapping)
    elif earlier.customer == request.customer.pk:
        entry = earlier
    else:
        # Keys are global on the platform. Its servers return the other customer's transaction here.
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


def _new_grant(request: Request, key: str | None, overlapping: list[CompletedGrant]) -> Entry:
    state, body, customer = request.state, request.body, request.customer
    user_id, team_id, created = "", "", False
    if "userId" in body:
        created = find_user(state, customer.pk, body["userId"]) is None
        user_id = _credited_user(request, body["userId"], _GRANT_FAILED)
    elif "teamId" in body:
        if state.has(TEAMS_UNKNOWN):
            raise gateway_error(500, _GRANT_FAILED)
        team_id = body["teamId"]
    owner = (customer.pk, user_id, team_id)
    same_owner = [other for other in overlapping if other.owner == owner]
    if state.has(GRANTS_COLLIDE) and any(other.created_user for other in same_owner):
        raise gateway_error(500, _GRANT_FAILED)
    unread = same_owner[0].amount if same_owner and state.has(GRANTS_OVERWRITE) else 0
    metadata = {
        **body.get("metadata", {}),
        "grantedBy": customer.id,
        "userId": body.get("userId"),
        "teamId": body.get("teamId"),
    }
    entry = _add(request, user_id, team_id, "GRANT", metadata, _GRANT_FAILED, unread)
    state.grant_races.record(owner, entry.amount, key, created)
    return entry


def _add(
    request: Request, user_id: str, team_id: str, kind: str, metadata: dict[str, Any], failure: str, unread: int = 0
) -> Entry:
    """Open the wallet, and add the body's amount to it."""
    body = request.body
    amount = body["amount"]
    problem = whole_number_problem(amount)
    late = request.state.has(FRACTION_500)
    if problem and not late:
        raise gateway_error(400, f"body/amount {problem}")
    expires = body.get("expiresAt")
    expires_at = None if expires is None else instant_ms(expires)
    if not team_id:
        _strike_waiting_event(request, body.get("userId") or "")
    wallet = open_wallet(request.state, request.customer.pk, user_id, team_id, expires_at)
    if problem:  # the present servers fail only now, and leave the empty wallet behind
        raise gateway_error(500, failure)
    description = body.get("reason") or f"Credit {kind.lower()}: {int(amount)} credits"
    try:
        return add_credits(
            request.state, wallet, kind, int(amount), description, metadata, body.get("idempotencyKey") or None, unread
        )
    except TooManyCredits:
        if late:
            raise gateway_error(500, failure) from None
        raise gateway_error(400, "body/amount Too big: the balance would not fit") from None


def _strike_waiting_event(request: Request, user_id: str) -> None:
    """Let the first event of this wallet that waits for billing meet its fate, if there is a fault that says so."""
    state, queue = request.state, request.ingestion.queue
    if not state.fates.strike_events():
        return
    place = queue.first_of(request.customer.pk, user_id)
    if place is None:
        return
    new = user_id and _user_wallet(request, user_id) is None
    fate = state.fates.draw_fate(GRANT_FATES if new else (GRANT_OVERWRITES_BURN,))
    if fate is not None:
        queue.doom(place, fate)


def _credited_user(request: Request, user_id: str, failure: str) -> str:
    try:
        return str(find_or_add_user(request.state, request.customer.pk, user_id)["id"])
    except UserClash:
        raise gateway_error(500, failure) from None


def _user_wallet(request: Request, user_id: str) -> Any:
    user = find_user(request.state, request.customer.pk, user_id)
    return None if user is None else find_wallet(request.state, request.customer.pk, user["id"])


def _require_own_body(request: Request) -> None:
    if request.state.seed_era:
        request.require_own(request.body["customerId"])


def _require_own_path(request: Request) -> None:
    if request.state.seed_era:
        request.require_own(request.params["customerId"])


def _no_wallet() -> Refusal:
    return gateway_error(404, "Credit wallet not found")


ROUTES: tuple[Route, ...] = (
    Route("GET", "/v1/credits/balance", balance, failure=_BALANCE_FAILED),
    Route(
        "GET", "/v1/users/<userId>/credits", user_balance, params=_USER, eras=(CURRENT_ERA,), failure=_BALANCE_FAILED
    ),
    Route(
        "GET",
        "/v1/customers/<customerId>/users/<userId>/credits",
        user_balance,
        params=_SEED_USER,
        eras=(SEED_ERA,),
        failure=_BALANCE_FAILED,
    ),
    Route(
        "GET",
        "/v1/users/<userId>/transactions",
        user_transactions,
        params=_USER,
        query=_PAGE,
        eras=(CURRENT_ERA,),
        unless=TRANSACTIONS_PAGING,
        failure=_HISTORY_FAILED,
    ),
    Route(
        "GET",
        "/v1/users/<userId>/transactions",
        user_transactions,
        params=_USER,
        query=UNREADABLE_PAGE,
        eras=(CURRENT_ERA,),
        only_with=TRANSACTIONS_PAGING,
        failure=_HISTORY_FAILED,
    ),
    Route(
        "GET",
        "/v1/customers/<customerId>/users/<userId>/transactions",
        user_transactions,
        params=_SEED_USER,
        query=_PAGE,
        eras=(SEED_ERA,),
        failure=_HISTORY_FAILED,
    ),
    Route(
        "POST",
        "/v1/credits/purchase",
        purchase,
        body=_PURCHASE,
        eras=(CURRENT_ERA,),
        failure=_PURCHASE_FAILED,
    ),
    Route(
        "POST",
        "/v1/credits/purchase",
        purchase,
        body=_SEED_PURCHASE,
        eras=(SEED_ERA,),
        failure=_PURCHASE_FAILED,
    ),
    Route("POST", "/v1/credits/grant", grant, body=_GRANT, eras=(CURRENT_ERA,), failure=_GRANT_FAILED),
    Route(
        "POST",
        "/v1/credits/grant",
        grant,
        body=_SEED_GRANT,
        eras=(SEED_ERA,),
        failure=_GRANT_FAILED,
    ),
)

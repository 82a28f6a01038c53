"""Rules about wallets: balances, grants, and the list of transactions."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any

from openmonetize.api_response import ApiResponse
from openmonetize.compat.rule import NotServedError, OperationCall, Proceed, is_missing_route, response_from
from openmonetize.compat.wallet_locks import WALLETS
from openmonetize.events.ids import mint_id
from openmonetize.exceptions import BadRequestException, NotFoundException, ServiceException

_PAGE_SIZE = 50  # rows that the platform answers without a limit


def return_zero_without_wallet(call: OperationCall, proceed: Proceed) -> ApiResponse[Any]:
    """Return zeros if the customer has no wallet yet, as later servers do: the first release answers 404."""
    try:
        return proceed(call)
    except NotFoundException as error:
        if is_missing_route(error):
            raise
        from openmonetize.models.v1_credits_balance_get200_response import V1CreditsBalanceGet200Response

        zeros = {"balance": 0, "reservedBalance": 0, "availableBalance": 0, "currency": "credits"}
        return response_from(error, V1CreditsBalanceGet200Response.from_dict({"data": zeros}))


def report_currency_as_credits(call: OperationCall, proceed: Proceed) -> ApiResponse[Any]:
    """Replace the currency by credits: present servers say `USD` with the zeros of a missing wallet."""
    response = proceed(call)
    if response.data.data is not None:
        response.data.data.currency = "credits"
    return response


def add_idempotency_key(call: OperationCall, proceed: Proceed) -> ApiResponse[Any]:
    """Give every grant a key: without one a repeated grant credits twice. All customers share the space of keys."""
    if not call.body.idempotency_key:
        call = call.with_fields(idempotency_key=mint_id())
    return proceed(call)


def serialize_wallet_changes(call: OperationCall, proceed: Proceed) -> ApiResponse[Any]:
    """Change a wallet from one thread at a time, and from one process at a time of those that share an outbox.

    The servers read, add and write without a lock, so most of several parallel grants to one wallet are lost.
    """
    user_id, others = call.body.user_id, call.deployment.host_locks
    wallet = call.deployment.host, user_id
    with WALLETS.hold(wallet, call.deadline), nullcontext() if others is None else others.hold(wallet, call.deadline):
        response = proceed(call)
    call.deployment.on_wallet_changed(user_id)
    call.deployment.on_wallet_seen(user_id, True)
    return response


def notice_wallet(call: OperationCall, proceed: Proceed) -> ApiResponse[Any]:
    """Take note of whether a user has a wallet, from the answer about its balance."""
    try:
        response = proceed(call)
    except NotFoundException as error:
        if not is_missing_route(error):
            call.deployment.on_wallet_seen(call.values["user_id"], False)
        raise
    call.deployment.on_wallet_seen(call.values["user_id"], True)
    return response


def notice_wallet_of_check(call: OperationCall, proceed: Proceed) -> ApiResponse[Any]:
    """Take note of whether a user has a wallet, from the remedies of a check: one without is told to create it."""
    response = proceed(call)
    remedies = {action.type for action in response.data.actions or []}
    call.deployment.on_wallet_seen(call.body.user_id, "create_wallet" not in remedies)
    return response


def repeat_after_500(call: OperationCall, proceed: Proceed) -> ApiResponse[Any]:
    """Send a grant once more that was answered 500, under its idempotency key.

    A user's first grant meets the user's first event: the repeat succeeds, and books once (measured).
    """
    try:
        return proceed(call)
    except ServiceException as error:
        if error.status != 500:
            raise
    return proceed(call)


def page_locally(call: OperationCall, proceed: Proceed) -> ApiResponse[Any]:
    """Cut the page out of the newest 50 transactions if the server refuses to.

    Present servers answer 400 to any `limit` or `offset` of transactions, and the newest 50 without them.
    """
    limit, offset = call.values.get("limit"), call.values.get("offset")
    try:
        return proceed(call)
    except BadRequestException as error:
        message = error.message or ""
        if "querystring/limit" not in message and "querystring/offset" not in message:
            raise
        refusal = error
    call.deployment.warn_once(
        "this deployment refuses limit and offset of transactions: the newest %d are fetched and cut here", _PAGE_SIZE
    )
    response = proceed(call.with_values(limit=None, offset=None))
    rows, page = response.data.data or [], response.data.pagination
    limit, offset = limit or _PAGE_SIZE, offset or 0
    served, total = len(rows), page.total if page is not None and page.total is not None else len(rows)
    if offset >= served and offset < total:
        raise NotServedError(
            refusal.status,
            f"this deployment shows only the newest {served} of {total} transactions, and none from {offset} on",
            body=refusal.body,
            headers=refusal.headers,
            data=refusal.data,
            request_id=refusal.request_id,
        )
    response.data.data = rows[offset : offset + limit]
    if page is not None:
        # A page that the deployment cuts short is not the last one, as fewer rows than its limit would mean.
        page.limit = served - offset if offset + limit > served and served < total else limit
        page.offset = offset
    return response

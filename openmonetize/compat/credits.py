"""Rules about wallets: balances, grants, and the list of transactions."""

from __future__ import annotations

from typing import Any

from openmonetize.api_response import ApiResponse
from openmonetize.compat.rule import NotServedError, OperationCall, Proceed, answer_from, is_missing_route
from openmonetize.events.ids import mint_id
from openmonetize.exceptions import BadRequestException, NotFoundException

_PAGE = 50  # rows without a limit


def zero_without_wallet(call: OperationCall, proceed: Proceed) -> ApiResponse[Any]:
    """Where the customer has no wallet yet, the first release answers 404 and later ones zeros."""
    try:
        return proceed(call)
    except NotFoundException as error:
        if is_missing_route(error):
            raise
        from openmonetize.models.v1_credits_balance_get200_response import V1CreditsBalanceGet200Response

        zeros = {"balance": 0, "reservedBalance": 0, "availableBalance": 0, "currency": "credits"}
        return answer_from(error, V1CreditsBalanceGet200Response.from_dict({"data": zeros}))


def credits_for_currency(call: OperationCall, proceed: Proceed) -> ApiResponse[Any]:
    """Present servers call the zeros of a missing wallet `USD`; the amounts are credits all the same."""
    answer = proceed(call)
    if answer.data.data is not None:
        answer.data.data.currency = "credits"
    return answer


def key_for_every_grant(call: OperationCall, proceed: Proceed) -> ApiResponse[Any]:
    """Without a key a repeated grant credits twice; keys are shared by all customers of the platform."""
    if not call.body.idempotency_key:
        call = call.with_fields(idempotency_key=mint_id())
    return proceed(call)


def one_wallet_at_a_time(call: OperationCall, proceed: Proceed) -> ApiResponse[Any]:
    """The servers read, add and write without a lock: of parallel grants to one wallet most are lost."""
    user_id = call.body.user_id
    with call.deployment.wallet_lock(user_id):
        answer = proceed(call)
    call.deployment.wallet_changed(user_id)
    return answer


def pages_cut_here(call: OperationCall, proceed: Proceed) -> ApiResponse[Any]:
    """Present servers answer 400 to any `limit` or `offset` of transactions, and show the newest 50 without."""
    limit, offset = call.values.get("limit"), call.values.get("offset")
    try:
        return proceed(call)
    except BadRequestException as error:
        refused = error.message or ""
        if "querystring/limit" not in refused and "querystring/offset" not in refused:
            raise
        why = error
    call.deployment.tell_once(
        "this deployment refuses limit and offset of transactions: the newest %d are fetched and cut here", _PAGE
    )
    answer = proceed(call.with_values(limit=None, offset=None))
    rows, page = answer.data.data or [], answer.data.pagination
    limit, offset = limit or _PAGE, offset or 0
    served, total = len(rows), page.total if page is not None and page.total is not None else len(rows)
    if offset >= served and offset < total:
        raise NotServedError(
            why.status,
            f"this deployment shows only the newest {served} of {total} transactions, and none from {offset} on",
            body=why.body,
            headers=why.headers,
            data=why.data,
            request_id=why.request_id,
        )
    answer.data.data = rows[offset : offset + limit]
    if page is not None:
        page.limit, page.offset = limit, offset
    return answer

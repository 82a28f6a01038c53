"""Changes of wallets: one at a time in a process, within the time of the call, and repeated where that is safe."""

from __future__ import annotations

import threading
import time

import pytest

from openmonetize import ApiTimeoutError, OpenMonetize, ServiceException
from openmonetize.compat.wallet_locks import WALLETS

from .canned import Canned, CannedReply
from .conftest import USER, Open
from .test_gate import eventually

GRANTED = CannedReply(body={"data": {"transactionId": "t", "walletId": "w", "newBalance": "1", "amount": "1"}})
FAILED = CannedReply(500, {"error": "Internal Server Error", "message": "Failed to grant credits"})


def grant(om: OpenMonetize) -> None:
    om.credits.grant(user_id=USER, amount=1)


def test_all_clients_of_a_process_change_a_wallet_one_at_a_time(canned: Canned, opened: Open) -> None:
    canned.reply = GRANTED
    canned.hold.clear()
    threads = [threading.Thread(target=grant, args=(opened(canned),)) for _ in range(3)]
    for thread in threads:
        thread.start()
    eventually(lambda: canned.asked)
    time.sleep(0.2)
    assert len(canned.asked) == 1
    canned.hold.set()
    for thread in threads:
        thread.join()
    assert len(canned.asked) == 3


def test_the_wait_for_a_wallet_is_part_of_the_calls_time(canned: Canned, opened: Open) -> None:
    om = opened(canned)
    with WALLETS.hold((om.configuration.host, USER), time.monotonic() + 10.0):
        started = time.monotonic()
        with pytest.raises(ApiTimeoutError, match="another change of this wallet"):
            om.credits.grant(user_id=USER, amount=1, _request_timeout=0.1)
        assert time.monotonic() - started < 5.0
    assert not canned.asked


def test_all_steps_of_a_call_share_its_time(canned: Canned, opened: Open) -> None:
    canned.delay = 1.0
    canned.replies.extend(
        [
            CannedReply(404, {"statusCode": 404, "error": "Not Found", "message": "Route GET:/v1/users/u not found"}),
            CannedReply(body={"data": {"id": "11111111-1111-1111-1111-111111111111"}}),
            CannedReply(body={"data": {"balance": 1, "reserved": 0, "available": 1}}),
        ]
    )
    om = opened(canned)
    started = time.monotonic()
    with pytest.raises(ApiTimeoutError):
        om.credits.user_balance(USER, _request_timeout=1.2)
    assert time.monotonic() - started < 2.5  # each step took 1 s
    assert len(canned.asked) == 2


def test_a_grant_that_is_answered_500_is_sent_once_more_under_its_key(canned: Canned, opened: Open) -> None:
    canned.replies.extend([FAILED, GRANTED])
    om = opened(canned)
    grant(om)
    keys = [asked.body["idempotencyKey"] for asked in canned.asked]
    assert len(keys) == 2
    assert keys[0] == keys[1]
    canned.reply = FAILED
    with pytest.raises(ServiceException):
        grant(om)
    assert len(canned.asked) == 4

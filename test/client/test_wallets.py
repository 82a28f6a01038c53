"""Changes of wallets: one at a time in a process, within the time of the call, and repeated where that is safe."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from openmonetize import ApiTimeoutError, ApiTypeError, ApiValueError, OpenMonetize, ServiceException
from openmonetize.compat.host_locks import FOLDER, HostLocks
from openmonetize.compat.wallet_locks import WALLETS
from openmonetize.sandbox import Sandbox

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


# Several processes

_GRANTS = """
import sys
from concurrent.futures import ThreadPoolExecutor
from openmonetize import OpenMonetize

key, url, outbox, user = sys.argv[1:]
with OpenMonetize(key, url, outbox=outbox) as om, ThreadPoolExecutor(4) as pool:
    list(pool.map(lambda _: om.credits.grant(user_id=user, amount=10), range(20)))
"""


def test_processes_that_share_an_outbox_change_a_wallet_one_at_a_time(faithful: Sandbox, tmp_path: Path) -> None:
    outbox = tmp_path / "usage-outbox"
    arguments = [sys.executable, "-c", _GRANTS, str(faithful.key), faithful.url, str(outbox), USER]
    faithful.fail_next("slow=0.01s:path=/v1/credits/grant", times=1000)
    processes = [subprocess.Popen(arguments) for _ in range(2)]
    assert [process.wait(60) for process in processes] == [0, 0]
    assert faithful.balance(USER) == 2 * 20 * 10
    assert os.listdir(outbox / FOLDER)


def test_the_wait_for_another_process_is_part_of_the_calls_time(canned: Canned, opened: Open, tmp_path: Path) -> None:
    canned.reply = GRANTED
    om = opened(canned, outbox=tmp_path / "usage-outbox")
    other = HostLocks(tmp_path / "usage-outbox")  # as another process has it
    wallet = (om.configuration.host, USER)
    users = (f"{USER}-{number}" for number in range(2, 99))
    another = next(user for user in users if other.path((om.configuration.host, user)) != other.path(wallet))
    with other.hold(wallet, time.monotonic() + 10.0):
        started = time.monotonic()
        with pytest.raises(ApiTimeoutError, match="another change of this wallet"):
            om.credits.grant(user_id=USER, amount=1, _request_timeout=0.2)
        assert time.monotonic() - started < 5.0
        with pytest.raises(ApiTimeoutError, match="another change of this wallet"):
            om.credits.purchase(user_id=USER, amount=1, purchase_price=1, _request_timeout=0.2)
        assert not canned.asked
        om.credits.grant(user_id=another, amount=1, _request_timeout=10)
    grant(om)
    assert len(canned.asked) == 2


def test_a_grant_that_fails_frees_the_wallet(canned: Canned, opened: Open, tmp_path: Path) -> None:
    canned.replies.extend([FAILED, FAILED, GRANTED])
    om = opened(canned, outbox=tmp_path / "usage-outbox")
    with pytest.raises(ServiceException):
        grant(om)
    grant(om)
    assert len(canned.asked) == 3


def test_a_grant_does_not_depend_on_the_outbox(
    canned: Canned, opened: Open, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    canned.reply = GRANTED
    om = opened(canned, outbox=tmp_path / "usage-outbox")
    (tmp_path / "usage-outbox" / FOLDER).write_text("a file")
    grant(om)
    grant(om)
    assert len(canned.asked) == 2
    assert sum("locks of wallets" in record.message for record in caplog.records) == 1


def test_the_outbox_opens_with_locks_in_it(sandbox: Sandbox, opened: Open, tmp_path: Path) -> None:
    for number in range(2):
        om = opened(sandbox, outbox=tmp_path / "usage-outbox")
        om.credits.grant(user_id=USER, amount=5)
        om.track_custom_event(unit_type="page", quantity=0.1, user_id=USER, feature_id="ocr")
        assert om.close().complete
        assert sandbox.balance(USER) == (number + 1) * 4


# Grants and billing

USED: dict[str, Any] = {"unit_type": "page", "quantity": 1, "user_id": USER, "feature_id": "ocr"}


def test_a_grant_waits_for_the_billing(opened: Open) -> None:
    with Sandbox(processing_delay=0.3) as later:
        om = opened(later)
        om.credits.grant(user_id=USER, amount=50)
        om.track_custom_event(**USED)
        granted = om.grant_when_settled(user_id=USER, amount=100, reason="top-up", metadata={"by": "test"})
        assert granted.data is not None and granted.data.amount == 100
        assert later.balance(USER) == 140
        (grant, billed, _) = om.credits.transactions(USER).data or []
        assert (grant.transaction_type, billed.transaction_type) == ("GRANT", "BURN")
        assert grant.description == "top-up"


def test_while_usage_waits_nothing_is_granted(opened: Open) -> None:
    with Sandbox(processing_delay=60) as slow:
        om = opened(slow)
        om.track_custom_event(**USED)
        with pytest.raises(ApiTimeoutError, match="1 usage events wait for billing: nothing was granted"):
            om.grant_when_settled(user_id=USER, amount=100, timeout=0.3)
        assert not any(request["target"] == "/v1/credits/grant" for request in slow.requests)
        slow.advance(seconds=60)
        om.grant_when_settled(user_id=USER, amount=100)
        assert slow.balance(USER) == 100


def test_a_wrong_grant_does_not_wait(opened: Open) -> None:
    with Sandbox(processing_delay=60) as slow:
        om = opened(slow)
        om.track_custom_event(**USED)
        wrong: Any = {"amount": "many"}
        started = time.monotonic()
        with pytest.raises((ApiTypeError, ApiValueError)):
            om.grant_when_settled(user_id=USER, **wrong)
        assert time.monotonic() - started < 10

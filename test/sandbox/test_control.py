"""The sandbox's own routes, and the sandbox as an object."""

from __future__ import annotations

import errno
import sys
from datetime import datetime, timezone
from typing import Any

import pytest

from openmonetize import MissingExtraError, OpenApiException
from openmonetize.sandbox import Sandbox, SandboxAddressError

from .client import SandboxClient, event, send_raw


def test_the_clock(client: SandboxClient) -> None:
    now = client.post("/_sandbox/clock", {"now": "2030-01-31T12:00:00Z", "days": 1, "seconds": 30}).body["now"]
    assert now.startswith("2030-02-01T12:00:30")
    assert client.get("/_sandbox/clock").body["now"] >= now
    assert client.get("/health").body["timestamp"].startswith("2030-02-01T12:00:3")
    assert "Feb 2030 12:00:3" in client.get("/health").headers["date"]
    assert client.sandbox.state.clock.now() >= datetime(2030, 2, 1, tzinfo=timezone.utc).timestamp() * 1000
    for wrong in ({"now": "tomorrow"}, {"days": "many"}, {"days": 1e12}):
        assert client.post("/_sandbox/clock", wrong).status == 400
    with pytest.raises(ValueError, match="aware datetime"):
        client.sandbox.set_time(datetime(2030, 1, 1))
    client.post("/_sandbox/reset")
    assert not client.get("/_sandbox/clock").body["now"].startswith("2030")


def test_the_clock_works_up_to_its_last_date(client: SandboxClient) -> None:
    client.sandbox.set_time(datetime(8999, 12, 31, 23, 59, tzinfo=timezone.utc))
    client.ingest(event(timestamp="8999-12-31T00:00:00Z"))
    for path in ("/health", "/v1/analytics/usage", "/v1/analytics/burn-rate", "/v1/analytics/burn-forecast"):
        assert client.get(path).status == 200
    with pytest.raises(ValueError, match="from the year 1970 to the year 9000"):
        client.sandbox.advance(days=2)
    with pytest.raises(ValueError, match="from the year 1970 to the year 9000"):
        client.sandbox.set_time(datetime(1969, 12, 31, tzinfo=timezone.utc))


def test_faults_over_http(client: SandboxClient) -> None:
    described = client.post("/_sandbox/faults", {"standing": ["500:0%"], "next": "503", "times": 2}).body
    assert described == {"standing": ["500:0%"], "next": ["503", "503"]}
    assert client.get("/health").status == 503
    assert client.get("/_sandbox/faults").body["next"] == ["503"]
    assert client.post("/_sandbox/faults", {"next": "teapot"}).status == 400


def test_events_and_dead_letters_over_http(client: SandboxClient) -> None:
    one = event(user_id="anna")
    client.ingest(one, event(feature_id="other"))
    client.ingest(one)
    (row,) = client.get("/_sandbox/events?user_id=anna").body["data"]
    assert (row["event_id"], row["credits"], row["outcome"], row["cost_usd"]) == (
        one["event_id"],
        8,
        "unfunded",
        "0.0075000000",
    )
    assert row == client.sandbox.events(user_id="anna")[0]
    assert len(client.get("/_sandbox/events").body["data"]) == 2
    assert [row["feature_id"] for row in client.get("/_sandbox/events?limit=1").body["data"]] == ["other"]
    assert client.get("/_sandbox/events?color=red").status == 400
    (letter,) = client.get("/_sandbox/dead-letters").body["data"]
    assert letter["event"]["event_id"] == one["event_id"]


def test_the_request_log_shows_no_key(client: SandboxClient) -> None:
    client.other_customer().get("/v1/customers/me")
    client.post("/v1/credits/grant", raw=b"x" * 10_000, headers={"Content-Type": "text/plain"})
    entries = client.get("/_sandbox/requests").body["data"]
    assert [entry["target"] for entry in entries] == [
        "/v1/customers/register",
        "/v1/customers/me",
        "/v1/credits/grant",
    ]
    assert entries == client.sandbox.requests
    assert entries[0]["answer"].count("om_live_...") == 1
    assert "om_dev_test_key" not in repr(entries)
    last = entries[-1]
    assert (last["status"], last["body_bytes"], len(last["body"]), last["keyed"]) == (400, 10_000, 4096, True)
    assert len(client.get(f"/_sandbox/requests?after={last['number'] - 1}").body["data"]) == 1


def test_the_state(client: SandboxClient) -> None:
    body = client.get("/_sandbox/state").body
    assert (body["era"], body["mode"], body["defects"], body["pendingEvents"]) == ("current", "contract", {}, 0)
    assert client.get("/_sandbox/nothing").status == 404
    assert client("DELETE", "/_sandbox/state").status == 404
    assert client.post("/_sandbox/clock", raw=b"{").status == 400
    assert client.post("/_sandbox/clock", []).status == 400


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Host": "evil.example"},
        {"Host": "evil.example:80"},
        {"Host": "127.0.0.1.evil.example"},
    ],
)
def test_pages_of_other_sites_cannot_steer_it(client: SandboxClient, headers: dict[str, str]) -> None:
    for method, path in (("POST", "/_sandbox/reset"), ("GET", "/_sandbox/events")):
        reply = client(method, path, headers=headers)
        assert reply.status == 403
        assert "access-control-allow-origin" not in reply.headers


def test_the_origin_of_the_sandbox_is_accepted(client: SandboxClient) -> None:
    assert client.post("/_sandbox/reset", headers={"Origin": client.sandbox.url}).status == 200
    port = client.sandbox.url.rpartition(":")[2]
    assert client.get("/_sandbox/state", headers={"Host": f"localhost:{port}"}).status == 200


def test_an_address_that_others_reach_needs_its_own_key() -> None:
    for key in (None, "om_dev_test_key"):
        with pytest.raises(ValueError, match="give the sandbox a key of your own"):
            Sandbox(host="0.0.0.0", key=key)
    with Sandbox(host="0.0.0.0", key="my-own-key") as sandbox:
        port = sandbox.url.rpartition(":")[2].encode()
        request = b"GET %s HTTP/1.1\r\nHost: 127.0.0.1:" + port + b"\r\nConnection: close\r\n%s\r\n"
        raw = sandbox.url.replace("0.0.0.0", "127.0.0.1")
        assert raw
        assert send_raw(_LocalUrl(sandbox), request % (b"/_sandbox/state", b"")).startswith(b"HTTP/1.1 401 ")
        key_line = b"Authorization: Bearer my-own-key\r\n"
        assert send_raw(_LocalUrl(sandbox), request % (b"/_sandbox/state", key_line)).startswith(b"HTTP/1.1 200 ")
        assert send_raw(_LocalUrl(sandbox), request % (b"/v1/customers/me", key_line)).startswith(b"HTTP/1.1 200 ")


class _LocalUrl:
    """A sandbox on all addresses, as this machine reaches it."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.url = sandbox.url.replace("0.0.0.0", "127.0.0.1")


# --- the object -----------------------------------------------------------------------------------------------------


def test_starting_and_stopping() -> None:
    sandbox = Sandbox()
    with pytest.raises(RuntimeError, match=r"call start\(\) first"):
        _ = sandbox.url
    assert sandbox.start() is sandbox
    with pytest.raises(RuntimeError, match="runs already"):
        sandbox.start()
    client = SandboxClient(sandbox)
    assert client.get("/health").status == 200
    sandbox.stop()
    sandbox.stop()
    client.close()


def test_a_port_that_is_taken_is_named() -> None:
    with Sandbox() as sandbox:
        port = int(sandbox.url.rpartition(":")[2])
        second = Sandbox(port=port)
        with pytest.raises(OSError, match=f"cannot listen on 127.0.0.1 port {port}") as raised:
            second.start()
        assert isinstance(raised.value, SandboxAddressError)
        assert isinstance(raised.value, OpenApiException)
        assert raised.value.errno == errno.EADDRINUSE
        second.stop()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"era": "future"}, "era must be"),
        ({"mode": "lenient"}, "mode must be"),
        ({"accounts": "many"}, "accounts must be"),
        ({"prices": "few"}, "prices must be"),
        ({"mode": "faithful", "defects": ["typo"]}, "unknown defect 'typo'"),
        ({"defects": ["calculate-500"]}, "contract mode has no defects"),
        ({"faults": ["teapot"]}, "cannot read the fault"),
    ],
)
def test_settings_are_checked_at_once(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Sandbox(**settings)


def test_accounts() -> None:
    with Sandbox(accounts="none") as sandbox:
        assert sandbox.key is None
        client = SandboxClient(sandbox)
        assert client.get("/v1/customers/me", key="om_dev_test_key").status == 401
        assert client.other_customer().get("/v1/customers/me").status == 200
        client.close()
    with Sandbox(key="my-own-key") as sandbox:
        assert sandbox.key == "my-own-key"
        client = SandboxClient(sandbox)
        assert client.get("/v1/customers/me").body["data"]["email"] == "dev@acme-ai.example.com"
        assert client.get("/v1/customers/me", key="om_dev_test_key").status == 401
        client.close()


def test_the_development_account(client: SandboxClient) -> None:
    me = client.get("/v1/customers/me").body["data"]
    assert (me["name"], me["email"], me["tier"], me["status"]) == (
        "Acme AI Corp",
        "dev@acme-ai.example.com",
        "GROWTH",
        "ACTIVE",
    )
    (user,) = client.get("/v1/users").body["data"]
    assert (user["externalUserId"], user["email"]) == ("user_001", "john@acme-ai.example.com")
    assert user["id"] != "user_001"
    assert user["metadata"] == {"name": "John Developer", "role": "Engineer"}
    assert client.get("/v1/users/user_001/credits").status == 404
    rows = client.get("/v1/entitlements").body["data"]
    assert [(row["featureId"], row["limitType"], row["limitValue"], row["period"]) for row in rows] == [
        ("ai-text-generation", "SOFT", 1_000_000, "MONTHLY"),
        ("ai-image-generation", "HARD", 100, "MONTHLY"),
    ]


def test_a_reset_keeps_the_account_and_forgets_the_rest(client: SandboxClient) -> None:
    before = client.customer_id
    other = client.other_customer()
    client.grant(5, "anna")
    client.ingest(event(idempotency_key="one"))
    client.sandbox.reset()
    assert client.sandbox.requests == []
    assert client.customer_id == before
    assert other.get("/v1/customers/me").status == 401
    assert client.sandbox.balance() == 10_000
    assert client.sandbox.events() == []
    assert client.ingest(event(idempotency_key="one")).status == 202


def test_looking_in(client: SandboxClient) -> None:
    with pytest.raises(ValueError, match="cannot filter events by 'color'"):
        client.sandbox.events(color="red")
    with pytest.raises(ValueError, match="no customer 'x'"):
        client.sandbox.balance(customer_id="x")
    other = client.other_customer()
    other.grant(5)
    assert client.sandbox.balance(customer_id=other.customer_id) == 5
    assert client.sandbox.balance() == 10_005
    assert client.sandbox.balance("nobody") == 0
    other.ingest(event())
    assert client.sandbox.billed(customer_id=client.customer_id) == 0
    assert client.sandbox.billed(customer_id=other.customer_id) == 8


def test_without_the_extra_the_import_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    import importlib.util

    real = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name, *rest: None if name == "werkzeug" else real(name, *rest)
    )
    monkeypatch.delitem(sys.modules, "openmonetize.sandbox")
    with pytest.raises(ImportError, match=r"pip install 'openmonetize\[sandbox\]'") as raised:
        importlib.import_module("openmonetize.sandbox")
    assert isinstance(raised.value, MissingExtraError)
    assert raised.value.name == "werkzeug"

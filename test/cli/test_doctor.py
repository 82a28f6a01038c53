"""``openmonetize doctor``, and ``om.ping()``, its short form."""

from __future__ import annotations

import importlib.util
import json
import os
import socket
import ssl
import threading
from pathlib import Path
from typing import Any

import pytest

from openmonetize import ApiConnectionError, ApiValueError, OpenMonetize, Ping, UnauthorizedException, Usage
from openmonetize.sandbox import Sandbox

from .conftest import KEY, Run

pytestmark = pytest.mark.slow  # a process for each command


def findings(run: Run, *arguments: str, code: int = 0, **environment: str | None) -> dict[str, dict[str, Any]]:
    """Run it. Return its findings by check."""
    done = run("doctor", "--json", *arguments, **environment)
    assert (done.returncode, done.stderr) == (code, "")
    return {finding["check"]: finding for finding in json.loads(done.stdout)}


def test_a_working_account_has_no_failures_and_names_what_nobody_pays(om: Run) -> None:
    found = findings(om)
    assert [found[check]["state"] for check in ("URL", "DNS", "TLS", "key", "clock")] == ["ok"] * 5
    assert "OPENMONETIZE_API_KEY" in found["key"]["text"]
    assert found["wallets"]["state"] == "warning"
    assert found["wallets"]["fix"] == "openmonetize grant AMOUNT --user acme_nobody"
    assert found["prices"]["state"] == "warning"
    assert "OPENAI gpt-9-odd" in found["prices"]["text"]
    assert "current" in found["era"]["text"]
    assert "openmonetize" in found["versions"]["text"]


def test_whatever_is_not_good_has_a_fix(om: Run) -> None:
    cases: list[tuple[list[str], dict[str, str | None], str]] = [
        (["--unsafe-api-key", "om_live_wrong_4712"], {}, "key"),
        ([], {"OPENMONETIZE_API_KEY": None}, "key"),
        (["--base-url", "http://127.0.0.1:9"], {}, "key"),
        (["--base-url", "https://nothing.invalid"], {}, "DNS"),
        (["--base-url", "localhost:3000"], {}, "URL"),
        (["--profile", "nothing"], {}, "key"),
        (["--outbox", "/nowhere"], {}, "outbox"),
    ]
    for arguments, environment, check in cases:
        found = findings(om, *arguments, code=1, **environment)
        assert found[check]["state"] == "failure"
        assert found[check]["fix"]
        assert "`openmonetize doctor`" not in found[check]["text"]
    nowhere = findings(om, "--base-url", "https://nothing.invalid", code=1, OPENMONETIZE_API_KEY=None)
    assert [nowhere[check]["state"] for check in ("DNS", "key")] == ["failure"] * 2
    shown = om("doctor", "--base-url", "https://nothing.invalid").stdout
    assert "\n                     fix: correct the URL" in shown
    assert shown.endswith("1 failure, 0 warnings\n")


def test_what_is_left_of_the_limits_is_shown(om: Run) -> None:
    with Sandbox(key=KEY, rate_limit=100, quota=500) as limited:
        found = findings(om, "--base-url", limited.url)
        assert "99 of 100 requests left" in found["rate limit"]["text"]
        assert "499 events left this month" in found["quota"]["text"]
        assert found["quota"]["state"] == "warning"
    with Sandbox(key=KEY, quota=0) as used_up:
        found = findings(om, "--base-url", used_up.url, code=1)
        assert found["quota"]["state"] == "failure"


def test_the_first_release_is_recognised(om: Run) -> None:
    with Sandbox(key=KEY, era="seed") as seed:
        assert "first release" in findings(om, "--base-url", seed.url)["era"]["text"]


def test_a_wrong_clock_is_noticed(om: Run) -> None:
    with answering("HTTP/1.1 200 OK", "Date: Mon, 05 Jan 2026 10:00:00 GMT") as url:
        found = findings(om, "--base-url", url)
    assert found["clock"]["state"] == "warning"
    assert "ahead" in found["clock"]["text"]


def test_keys_that_others_may_read_are_noticed(om: Run, home: Path) -> None:
    assert om("profile", "add", "one", given=KEY + "\n").returncode == 0
    assert findings(om)["profiles"]["state"] == "ok"
    if os.name != "nt":
        (home / "openmonetize" / "config.toml").chmod(0o644)
        assert findings(om)["profiles"]["fix"].startswith("chmod 600")


def test_an_outbox_with_refused_events_is_a_warning(om: Run, platform: Sandbox, tmp_path: Path) -> None:
    with OpenMonetize(KEY, platform.url, outbox=tmp_path / "outbox") as client:
        platform.fail_next("413:path=/v1/events")
        client.track_custom_event(unit_type="page", quantity=1, user_id="acme_ada", feature_id="ocr")
        client.flush()
    found = findings(om, "--outbox", str(tmp_path / "outbox"))["outbox"]
    assert (found["state"], "1 were refused" in found["text"]) == ("warning", True)


def test_tokens_that_are_not_billed_are_named_with_their_share(om: Run) -> None:
    cached = {"gen_ai.usage.cache_read.input_tokens": 150_000, "gen_ai.usage.cache_write.input_tokens": 30_000}
    details = {**cached, "gen_ai.usage.input_tokens": 180_086}
    call = Usage("ANTHROPIC", "claude-haiku-4-5-20251001", 86, 400, details=details)
    thoughts = Usage("GOOGLE", "gemini-2.5-pro", 10, 60, details={"gen_ai.usage.output_tokens": 1260})
    for policy, usages, state, expected in (
        ("reported", [], "ok", "no tokens of the newest 0 events are not billed"),
        ("reported", [call], "warning", "100% of 180,000 cached tokens of the newest 1 events are not billed"),
        ("reported", [thoughts], "warning", "1,200 tokens of thoughts, tools and further passes"),
        ("inclusive", [call, thoughts], "ok", "0% of 180,000 cached tokens of the newest 2 events are not billed"),
    ):
        with Sandbox(key=KEY) as platform:
            with OpenMonetize(KEY, platform.url, token_policy=policy) as client:  # type: ignore[arg-type]
                for usage in usages:
                    client.track_usage(usage, user_id="acme_ada", feature_id="chat")
                assert client.wait_billed()
            found = findings(om, "--base-url", platform.url)["unbilled"]
        assert (found["state"], found["text"][: len(expected)]) == (state, expected)
        if usages == [call] and importlib.util.find_spec("genai_prices"):
            assert found["text"].endswith("96% of what those calls cost at list prices")


CERTIFICATES = Path(__file__).parents[1] / "http_client"


def test_a_certificate_that_is_not_trusted_or_has_ended_is_a_failure(om: Run) -> None:
    for name, trusted, state, expected in (
        ("loopback.pem", False, "failure", "not valid here"),
        ("loopback.pem", True, "ok", "TLSv1."),
        ("expired.pem", True, "failure", "expired"),
    ):
        file = str(CERTIFICATES / name)
        with answering("HTTP/1.1 200 OK", certificate=file) as url:
            code = 0 if state == "ok" else 1
            found = findings(om, "--base-url", url, code=code, SSL_CERT_FILE=file if trusted else None)
        assert found["TLS"]["state"] == state
        assert expected in found["TLS"]["text"]
        assert ("key" in found) == (state == "ok")


def test_a_proxy_is_shown_without_its_password(om: Run) -> None:
    variables = dict.fromkeys(("HTTPS_PROXY", "https_proxy"), "http://ada:secret@127.0.0.1:9")
    done = om("doctor", "--base-url", "https://nothing.invalid", **variables)
    assert done.returncode == 1
    assert "proxy       http://127.0.0.1:9\n" in done.stdout
    assert "secret" not in done.stdout + done.stderr


class answering:
    """A server that answers each request with a customer, under the head that it is given."""

    def __init__(self, *head: str, certificate: str | None = None) -> None:
        body = '{"data": {"id": "c-1"}}'
        lines = (*head, "Content-Type: application/json", f"Content-Length: {len(body)}", "Connection: close", "", body)
        self._answer = "\r\n".join(lines).encode()
        self._server = socket.create_server(("127.0.0.1", 0))
        self._tls: ssl.SSLContext | None = None
        if certificate is not None:
            self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self._tls.load_cert_chain(certificate)

    def __enter__(self) -> str:
        threading.Thread(target=self._serve, daemon=True).start()
        return f"{'http' if self._tls is None else 'https'}://127.0.0.1:{self._server.getsockname()[1]}"

    def __exit__(self, *exc_info: object) -> None:
        self._server.close()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._server.accept()
            except OSError:
                return
            try:
                with connection if self._tls is None else self._tls.wrap_socket(connection, server_side=True) as peer:
                    peer.recv(65_536)
                    peer.sendall(self._answer)
            except OSError:  # who asked did not like the certificate
                connection.close()


def test_ping_says_who_and_how_fast(platform: Sandbox) -> None:
    with OpenMonetize(KEY, platform.url) as client:
        answer = client.ping()
        assert answer.customer_id == client.customer_id
        assert 0 < answer.seconds < 5
        assert answer.clock_skew is not None
        assert abs(answer.clock_skew) < 5


def test_ping_raises_where_a_service_should_not_start(platform: Sandbox) -> None:
    with OpenMonetize("om_live_wrong_4712", platform.url) as client, pytest.raises(UnauthorizedException):
        client.ping()
    with OpenMonetize(KEY, "http://127.0.0.1:9") as client:
        with pytest.raises(ApiConnectionError):
            client.ping(2.0)
        with pytest.raises(ApiValueError, match="timeout"):
            client.ping(0)


def test_ping_of_a_disabled_client_asks_nobody() -> None:
    with OpenMonetize(enabled=False) as client:
        assert client.ping() == Ping()

"""The pytest plugin, as the suites of its users see it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from .suites import run

pytestmark = pytest.mark.slow  # whole test suites within it

SEND = """
    from openmonetize import CreditsApi, EventsApi, TokenUsageEvent

    def send(client, **fields):
        event = dict(user_id="ada", feature_id="chat", provider="OPENAI", model="gpt-4o", input_tokens=1000, **fields)
        return EventsApi(client).ingest(events=[TokenUsageEvent(output_tokens=500, **event)])
"""


def test_a_suite_can_meter_inject_faults_and_move_the_clock(tmp_path: Path) -> None:
    suite = (
        SEND
        + """
    import os, pytest
    from openmonetize import AnalyticsApi, ApiException, OpenMonetize

    def test_bill(openmonetize_sandbox, openmonetize_client):
        CreditsApi(openmonetize_client).grant(user_id="ada", amount=100)
        send(openmonetize_client)
        (event,) = openmonetize_sandbox.events(feature_id="chat")
        assert (event["user_id"], event["credits"]) == ("ada", 8)
        assert openmonetize_sandbox.billed(user_id="ada") == 8
        assert openmonetize_sandbox.balance(user_id="ada") == 92

    def test_fault(openmonetize_sandbox, openmonetize_client):
        openmonetize_sandbox.fail_next("400")
        with pytest.raises(ApiException):
            send(openmonetize_client)
        send(openmonetize_client)
        assert len(openmonetize_sandbox.events()) == 1

    def test_clock(openmonetize_sandbox, openmonetize_client):
        send(openmonetize_client)
        assert AnalyticsApi(openmonetize_client).usage().data.summary.total_events == 1
        openmonetize_sandbox.advance(days=31)
        assert AnalyticsApi(openmonetize_client).usage().data.summary.total_events == 0

    def test_code_that_reads_the_environment(openmonetize_sandbox):
        with OpenMonetize() as om:
            om.track_token_usage(user_id="ada", feature_id="chat", provider="OPENAI", model="gpt-4o", input_tokens=1)
        assert len(openmonetize_sandbox.events(user_id="ada")) == 1

    def test_the_environment_afterwards():
        assert not {"OPENMONETIZE_BASE_URL", "OPENMONETIZE_API_KEY"} & set(os.environ)
    """
    )
    assert run(tmp_path, suite).summary == "5 passed"


def test_every_test_gets_a_clean_sandbox_of_the_same_server(tmp_path: Path) -> None:
    suite = (
        SEND
        + """
    import datetime, pytest
    seen = set()

    @pytest.mark.parametrize("number", range(3))
    def test_clean(number, openmonetize_sandbox, openmonetize_client):
        today = datetime.date.today()
        assert openmonetize_sandbox.events() == []
        assert openmonetize_sandbox.requests == []
        assert abs(openmonetize_sandbox.state.clock.now() / 1000 - datetime.datetime.now().timestamp()) < 3600
        send(openmonetize_client)
        openmonetize_sandbox.advance(days=40)
        openmonetize_sandbox.fail_next("500", times=5)
        seen.add(openmonetize_sandbox.url)

    def test_one_server():
        assert len(seen) == 1
    """
    )
    assert run(tmp_path, suite).summary == "4 passed"


def test_the_nearest_marker_wins(tmp_path: Path) -> None:
    suite = (
        SEND
        + """
    import pytest
    pytestmark = pytest.mark.openmonetize(era="seed", mode="faithful")

    def settings(sandbox):
        found = sandbox.state.settings
        return found.era, found.mode, found.processing_delay

    def test_module(openmonetize_sandbox):
        assert settings(openmonetize_sandbox) == ("seed", "faithful", 0)

    @pytest.mark.openmonetize(processing_delay=60)
    class TestClass:
        def test_class(self, openmonetize_sandbox):
            assert settings(openmonetize_sandbox) == ("seed", "faithful", 60)

        @pytest.mark.openmonetize(era="current", mode="contract", key="mine", faults=["429:0%"])
        def test_test(self, openmonetize_sandbox, openmonetize_client):
            assert settings(openmonetize_sandbox) == ("current", "contract", 60)
            assert openmonetize_sandbox.key == "mine"
            send(openmonetize_client)
            assert openmonetize_sandbox.events() == []
            openmonetize_sandbox.advance(seconds=61)
            assert len(openmonetize_sandbox.events()) == 1

        @pytest.mark.openmonetize(accounts="none")
        def test_no_account(self, openmonetize_sandbox, openmonetize_client):
            assert openmonetize_sandbox.key is None
    """
    )
    assert run(tmp_path, suite).summary == "4 passed"


def test_a_whole_suite_can_run_against_a_sandbox_that_bills_later(tmp_path: Path) -> None:
    suite = (
        SEND
        + """
    import pytest

    def test_later(openmonetize_sandbox, openmonetize_client):
        send(openmonetize_client)
        assert openmonetize_sandbox.events() == []
        openmonetize_sandbox.advance(seconds=61)
        assert len(openmonetize_sandbox.events()) == 1

    @pytest.mark.openmonetize(processing_delay=0)
    def test_at_once(openmonetize_sandbox, openmonetize_client):
        send(openmonetize_client)
        assert len(openmonetize_sandbox.events()) == 1

    def test_another_delay(openmonetize_sandbox, monkeypatch):
        monkeypatch.setenv("OPENMONETIZE_SANDBOX_PROCESSING_DELAY", "7")
        assert openmonetize_sandbox.state.settings.processing_delay == 60

    @pytest.mark.openmonetize(processing_rate=28, faults=["accept-and-lose"])
    def test_the_platforms_ways(openmonetize_sandbox, openmonetize_client):
        send(openmonetize_client)
        openmonetize_sandbox.advance(seconds=61)
        assert len(openmonetize_sandbox.dead_letters()) == 1
    """
    )
    assert run(tmp_path, suite, delay="60").summary == "4 passed"


def test_a_wrong_marker_says_what_is_wrong(tmp_path: Path) -> None:
    wrong = {
        "'seed'": "takes names and values",
        "ear='seed'": "does not take 'ear'; it takes era, mode",
        "db='bills.db'": "does not take 'db'",
        "era='future'": "'future'",
        "mode='kind'": "mode must be 'contract' or 'faithful', not 'kind'",
        "faults=['teapot']": "cannot read the fault 'teapot'",
        "rate_limit='many'": "@pytest.mark.openmonetize: ",
    }
    suite = "import pytest\n"
    for number, marker in enumerate(wrong):
        suite += f"@pytest.mark.openmonetize({marker})\ndef test_{number}(openmonetize_sandbox): pass\n"
    ran = run(tmp_path, suite)
    assert ran.summary == f"{len(wrong)} errors"
    assert [text for text in wrong.values() if text not in ran.output] == []
    assert "Traceback" not in ran.output


def test_a_failed_test_shows_its_requests_and_no_key(tmp_path: Path) -> None:
    suite = (
        SEND
        + """
    def test_wrong(openmonetize_sandbox, openmonetize_client):
        send(openmonetize_client)
        assert openmonetize_sandbox.billed() == 8
    """
    )
    ran = run(tmp_path, suite)
    assert ran.summary.startswith("1 failed")
    shown = ran.output.partition("last requests to the OpenMonetize sandbox")[2]
    assert "POST /v1/events/ingest: 202" in shown
    assert '"accepted":1' in shown
    assert "om_dev_test_key" not in ran.output


def test_a_test_may_stop_the_sandbox(tmp_path: Path) -> None:
    suite = (
        SEND
        + """
    import pytest
    from openmonetize import ApiConnectionError

    def test_outage(openmonetize_sandbox, openmonetize_client):
        openmonetize_sandbox.stop()
        openmonetize_client.configuration.retries = 0
        with pytest.raises(ApiConnectionError):
            send(openmonetize_client)

    def test_after_it(openmonetize_sandbox, openmonetize_client):
        assert send(openmonetize_client).accepted == 1
    """
    )
    assert run(tmp_path, suite).summary == "2 passed"


def test_xdist_gives_each_worker_its_own(tmp_path: Path) -> None:
    pytest.importorskip("xdist")
    suite = (
        SEND
        + """
    import pytest

    @pytest.mark.parametrize("number", range(6))
    def test_it(number, openmonetize_sandbox, openmonetize_client):
        send(openmonetize_client)
        assert len(openmonetize_sandbox.events()) == 1
    """
    )
    assert run(tmp_path, suite, "-n", "2").summary == "6 passed"


def test_the_default_client_is_the_sandboxs_whatever_was_before(tmp_path: Path) -> None:
    suite = """
    import pytest
    from openmonetize import ApiClient, Configuration, EventsApi, TokenUsageEvent

    EVENT = dict(user_id="ada", feature_id="chat", provider="OPENAI", model="gpt-4o", input_tokens=1)

    def test_production():
        Configuration.set_default(Configuration("https://production.example", {"bearerAuth": "k"}))
        assert ApiClient.get_default().configuration.host == "https://production.example"

    @pytest.mark.parametrize("number", range(2))
    def test_sandbox(openmonetize_sandbox, number):
        assert ApiClient.get_default().configuration.host == openmonetize_sandbox.url
        EventsApi().ingest(events=[TokenUsageEvent(**EVENT)])
        assert len(openmonetize_sandbox.events()) == 1

    @pytest.mark.openmonetize(key="om_live_another_key_for_this_test")
    def test_another_sandbox(openmonetize_sandbox):
        EventsApi().ingest(events=[TokenUsageEvent(**EVENT)])
        assert len(openmonetize_sandbox.events()) == 1

    def test_production_again():
        assert ApiClient.get_default().configuration.host == "https://production.example"
    """
    assert run(tmp_path, suite).summary == "5 passed"


def test_what_is_in_memory_does_not_outlive_a_test(tmp_path: Path) -> None:
    suite = """
    import threading, time
    from openmonetize import OpenMonetize

    PAGE = dict(unit_type="page", user_id="acme-ada-lovelace", feature_id="ocr")
    ID = "0b6f2d6e-9a51-4f0e-8a57-3f0f5f7f2b11"
    kept = []

    def test_events_that_nobody_flushed(openmonetize_sandbox):
        kept.append(OpenMonetize(flush_interval=0.3))
        kept[0].track_custom_event(quantity=1, **PAGE)

    def test_are_gone(openmonetize_sandbox):
        assert not [thread for thread in threading.enumerate() if thread.name == "openmonetize-sender"]
        time.sleep(0.5)
        assert openmonetize_sandbox.events() == []

    def test_the_client_can_still_be_used(openmonetize_sandbox):
        kept[0].track_custom_event(quantity=1, event_id=ID, **PAGE)
        assert kept[0].flush()
        assert len(openmonetize_sandbox.events()) == 1

    def test_with_the_same_id(openmonetize_sandbox):
        kept[0].track_custom_event(quantity=2, event_id=ID, **PAGE)
        assert kept[0].flush()
        assert len(openmonetize_sandbox.events()) == 1

    def test_checks(openmonetize_sandbox):
        kept[0].credits.grant(user_id="acme-ada-lovelace", amount=100)
        assert kept[0].check("ocr", user_id="acme-ada-lovelace", on_outage="deny")

    def test_are_asked_anew(openmonetize_sandbox):
        assert not kept[0].check("ocr", user_id="acme-ada-lovelace", on_outage="deny")
    """
    assert run(tmp_path, suite).summary == "6 passed"


def test_the_marker_is_listed(tmp_path: Path) -> None:
    assert "@pytest.mark.openmonetize(**settings)" in run(tmp_path, "", "--markers").output


def test_a_suite_can_call_fake_providers(tmp_path: Path) -> None:
    suite = """
    import json, os, urllib.request
    from openmonetize.testing.fake_providers import Answer

    def chat():
        request = urllib.request.Request(
            os.environ["OPENAI_BASE_URL"] + "/chat/completions",
            json.dumps({"model": "gpt-4o", "messages": [{"role": "user", "content": "Hello!"}]}).encode(),
            {"content-type": "application/json"},
        )
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)["choices"][0]["message"]["content"]

    def test_script(openmonetize_fake_providers):
        openmonetize_fake_providers.script = Answer("scripted")
        assert chat() == "scripted"
        assert len(openmonetize_fake_providers.requests) == 1

    def test_the_next_test_has_a_new_one(openmonetize_fake_providers):
        assert openmonetize_fake_providers.requests == []
        assert chat() == "Hello there"

    def test_the_environment_afterwards():
        assert not {"OPENAI_BASE_URL", "ANTHROPIC_BASE_URL"} & set(os.environ)
    """
    assert run(tmp_path, suite).summary == "3 passed"


def test_without_the_extra_only_a_test_that_asks_for_it_fails(tmp_path: Path) -> None:
    suite = """
    def test_mine():
        pass

    def test_it(openmonetize_sandbox):
        pass
    """
    ran = run(tmp_path, suite, without="werkzeug")
    assert ran.summary == "1 passed, 1 error"
    assert "pip install 'openmonetize[sandbox]'" in ran.output


def test_loading_the_plugin_loads_nothing_heavy() -> None:
    program = (
        "import sys, pytest; before = set(sys.modules); import openmonetize.testing.plugin;"
        "print(*sorted(set(sys.modules) - before))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)
    loaded = done.stdout.split()
    assert "openmonetize.testing.plugin" in loaded
    assert [name for name in loaded if not name.startswith("openmonetize")] == []
    assert len(loaded) < 8

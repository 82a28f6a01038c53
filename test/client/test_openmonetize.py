"""`OpenMonetize` itself: settings, closing, threads, forks, and ``enabled=False``."""

from __future__ import annotations

import gc
import multiprocessing
import os
import re
import subprocess
import sys
import threading
import weakref
from pathlib import Path
from typing import Any

import pytest

import openmonetize
from openmonetize import ApiKeyError, ApiTypeError, ApiValueError, Configuration
from openmonetize.client import OpenMonetize
from openmonetize.client.disabled import DisabledError
from openmonetize.compat.wallet_locks import WALLETS
from openmonetize.sandbox import Sandbox

from .conftest import USER, Open, accepted

CHAT: Any = {"provider": "openai", "model": "gpt-4o", "input_tokens": 1, "feature_id": "chat", "user_id": USER}


# Names of the standard library, type variables, and aliases for unions of plain types.
OTHER_TYPES = {"Any", "Callable", "Mapping", "None", "AbstractContextManager", "Unpack", "Client", "F"}
OTHER_TYPES |= {"Decimal", "FilePath", "Iterable", "Iterator", "Literal", "Never", "Time", "UserId", "ModelChoice"}


def test_what_its_methods_take_and_return_is_importable_from_the_package() -> None:
    methods = [getattr(member, "fget", member) for member in vars(OpenMonetize).values()]
    annotations = [kind for method in methods for kind in getattr(method, "__annotations__", {}).values()]
    assert len(annotations) > 100
    names = {name for kind in annotations for name in re.findall(r"\b[A-Z]\w*", kind)}
    assert names - OTHER_TYPES <= set(openmonetize.__all__)


def test_explicit_settings_come_before_the_environments(
    sandbox: Sandbox, opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENMONETIZE_API_KEY", "om_live_environment")
    monkeypatch.setenv("OPENMONETIZE_BASE_URL", "http://127.0.0.1:1/v1/")
    with OpenMonetize() as om:
        assert (om.configuration.host, om.configuration.key()) == ("http://127.0.0.1:1", "om_live_environment")
    explicit = opened(sandbox)
    assert (explicit.configuration.host, explicit.configuration.key()) == (sandbox.url, sandbox.key)
    given = Configuration("https://example.com", {"bearerAuth": "om_live_given"}, timeout=7.0)
    with OpenMonetize(configuration=given) as om:
        assert (om.configuration.host, om.configuration.key(), om.configuration.timeout) == (
            "https://example.com",
            "om_live_given",
            7.0,
        )
        assert om.configuration is not given


def test_a_missing_or_useless_key_fails_at_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENMONETIZE_API_KEY", raising=False)
    for key in (None, "", "two words"):
        with pytest.raises(ApiKeyError):
            OpenMonetize(key)
    with pytest.raises(ApiKeyError, match="clear text"):
        OpenMonetize("om_live_secret", "http://example.com")


def test_settings_out_of_range_fail_at_the_start() -> None:
    for options in (
        {"base_url": "ftp://x"},
        {"flush_at": 0},
        {"check_timeout": 0},
        {"check_cache_seconds": -1},
        {"durability": "hope"},
        {"customer_id": ""},
        {"configuration": "https://example.com"},
    ):
        if options.get("durability"):
            options["outbox"] = os.devnull
        with pytest.raises((ApiValueError, ApiTypeError)):
            OpenMonetize("om_live_k", **options)  # type: ignore[arg-type]


def test_the_key_is_never_shown(opened: Open, sandbox: Sandbox) -> None:
    om = opened(sandbox)
    shown = f"{om!r} {om.configuration!r} {om.api_client!r} {vars(om)}"
    assert sandbox.key is not None
    assert sandbox.key not in shown


def test_no_thread_before_there_is_something_to_deliver(sandbox: Sandbox, opened: Open) -> None:
    before = threading.active_count()
    om = opened(sandbox)
    assert om.credits.balance().data.balance == 10_000
    assert threading.active_count() <= before + 1  # One is the sandbox's, for the connection.


def test_each_api_is_there_under_its_name(om: OpenMonetize) -> None:
    names = ("analytics", "burn_tables", "credits", "customers", "demo", "entitlements", "events", "health", "rating")
    for name in (*names, "users"):
        api = getattr(om, name)
        assert type(api).__name__.lower() == f"{name.replace('_', '')}api"
        assert getattr(om, name) is api
    assert om.health.health().status == "ok"
    assert om.customers.me().data.id == om.customer_id


def test_a_rotated_key_is_used_at_once(om: OpenMonetize, sandbox: Sandbox) -> None:
    om.configuration.api_key["bearerAuth"] = om.customers.rotate_key().data.api_key
    om.track_token_usage(**CHAT)
    assert accepted(om) == 1


def test_a_disabled_client_records_nothing_and_allows_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENMONETIZE_API_KEY", raising=False)
    with OpenMonetize(enabled=False) as om:
        assert len(om.track_token_usage(**CHAT)) == 36
        assert om.track(
            {"event_type": "API_CALL", "feature_id": "chat", "event_id": "00000000-0000-4000-8000-000000000001"}
        )
        assert om.flush()
        assert om.stats().tracked == 0
        assert om.dead_letters() == []
        check = om.check("chat", user_id=USER, on_outage="deny")
        assert check
        assert check.source == "disabled"
        assert om.require("chat", user_id=USER, on_outage="deny")
        client = object()
        assert om.wrap(client) is client
        assert om.metered(feature_id="chat", on_outage="deny", user_id=USER)(lambda: "a text")() == "a text"
        assert om.proxy_config("openai", user_id=USER, feature_id="chat").base_url == "https://api.openai.com/v1"


def test_a_disabled_client_still_refuses_bad_arguments() -> None:
    om = OpenMonetize(enabled=False)
    with pytest.raises(ApiValueError):
        om.track_token_usage(**{**CHAT, "input_tokens": -1})
    with pytest.raises(ApiTypeError):
        om.check("chat", on_outage="deny")
    with pytest.raises(DisabledError, match="enabled=False"):
        om.credits.balance()
    with pytest.raises(DisabledError):
        _ = om.customer_id
    assert OpenMonetize(enabled=False, customer_id="acme").customer_id == "acme"


def test_closing_delivers_and_returns_the_result(sandbox: Sandbox) -> None:
    om = OpenMonetize(sandbox.key, sandbox.url)
    om.track_token_usage(**CHAT)
    assert om.close()
    assert om.close()
    assert len(sandbox.events()) == 1


@pytest.mark.parametrize("outbox", [False, True])
def test_dropped_without_closing_it_delivers_and_ends(sandbox: Sandbox, tmp_path: Path, outbox: bool) -> None:
    om = OpenMonetize(sandbox.key, sandbox.url, outbox=tmp_path / "usage-outbox" if outbox else None)
    om.credits.grant(user_id=USER, amount=5)
    om.check("chat", user_id=USER, on_outage="deny")
    om.track_api_call(feature_id="chat", user_id=USER)
    (sender,) = [thread for thread in threading.enumerate() if thread.name == "openmonetize-sender"]
    dropped = weakref.ref(om)
    del om
    gc.collect()
    assert dropped() is None
    sender.join(20)
    assert not sender.is_alive()
    assert len(sandbox.events()) == 1


def test_several_threads_share_it(om: OpenMonetize, sandbox: Sandbox) -> None:
    def work() -> None:
        for _ in range(50):
            om.track_token_usage(**CHAT)
            om.check("chat", user_id=USER, on_outage="deny")

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert om.flush()
    assert om.stats().accepted == 200
    assert len(sandbox.events()) == 200


def _in_child(om: OpenMonetize, done: Any) -> None:
    om.track_token_usage(**CHAT)
    allowed = bool(om.check("chat", user_id=USER, on_outage="deny"))
    om.credits.grant(user_id=USER, amount=1)
    done.put((allowed, accepted(om)))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_child_has_counts_and_locks_of_its_own(om: OpenMonetize, sandbox: Sandbox) -> None:
    om.credits.grant(user_id=USER, amount=10)
    om.track_token_usage(**CHAT)
    om.check("chat", user_id=USER, on_outage="deny")
    context = multiprocessing.get_context("fork")
    done = context.Queue()
    with om._gate._lock, om._warnings._locked(), WALLETS.find((om.configuration.host, USER)):
        child = context.Process(target=_in_child, args=(om, done))
        child.start()
    assert done.get(timeout=20) == (True, 1)
    child.join(20)
    assert om.flush()
    assert len(sandbox.events()) == 2


def _locks_in_child(om: OpenMonetize, done: Any) -> None:
    barrier = threading.Barrier(8)
    found: list[Any] = []

    def find() -> None:
        barrier.wait()
        found.append(WALLETS.find((om.configuration.host, USER)))

    threads = [threading.Thread(target=find) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    done.put((len(found), len(set(map(id, found))), found[0].locked()))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_threads_of_a_forked_child_share_one_lock_of_a_wallet(om: OpenMonetize) -> None:
    context = multiprocessing.get_context("fork")
    done = context.Queue()
    with WALLETS.find((om.configuration.host, USER)):
        child = context.Process(target=_locks_in_child, args=(om, done))
        child.start()
    assert done.get(timeout=20) == (8, 1, False)
    child.join(20)


def test_importing_it_starts_nothing_and_loads_no_providers_library() -> None:
    script = (
        "import sys, threading, openmonetize.client as c; c.OpenMonetize('k');"
        "assert threading.active_count() == 1;"
        "print([n for n in ('openai', 'anthropic', 'werkzeug', 'sqlite3', 'dateutil') if n in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"

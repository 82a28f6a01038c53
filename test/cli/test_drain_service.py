"""``openmonetize outbox drain --watch``: processes that deliver what others record, until they are told to end."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Callable

import pytest
import urllib3

from openmonetize import OpenMonetize
from openmonetize.sandbox import Sandbox

from .conftest import KEY, Run, die
from .program import COMMAND, TIMEOUT, take_ctrl_c

pytestmark = [
    pytest.mark.slow,  # a process for each service
    pytest.mark.skipif(os.name == "nt", reason="services are ended by the signals of POSIX"),
]
_WRONG = "om_live_wrong_key_4714"


class Service:
    """A running service."""

    def __init__(self, arguments: tuple[str, ...], environment: dict[str, str]) -> None:
        self.keys = [KEY, _WRONG]
        self.process = subprocess.Popen(
            [*COMMAND, "outbox", "drain", "--watch", "--health", "0", *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environment,
            preexec_fn=take_ctrl_c,
        )
        assert self.process.stdout is not None
        self.welcome = self.process.stdout.readline()
        found = re.search(r"http://127\.0\.0\.1:\d+", self.welcome)
        assert found, self.process.communicate(timeout=TIMEOUT)
        self.url = found[0]

    def get(self, path: str) -> tuple[int, str]:
        """Ask for health or metrics, which show no key."""
        answer = urllib3.request("GET", self.url + path, retries=False, timeout=TIMEOUT)
        text = answer.data.decode()
        assert not any(key in text for key in self.keys)
        return answer.status, text

    def problems(self) -> list[str]:
        status, text = self.get("/healthz")
        problems: list[str] = json.loads(text)["problems"]
        assert status == (503 if problems else 200)
        return problems

    def metric(self, name: str, **labels: str) -> float:
        wanted = ",".join(f'{label}="{value}"' for label, value in labels.items())
        text = self.get("/metrics")[1]
        found = re.search(rf"^{name}{re.escape('{' + wanted + '}') if wanted else ''} (.*)$", text, re.MULTILINE)
        assert found, text
        return float(found[1])

    def end(self, number: signal.Signals = signal.SIGTERM) -> str:
        """End it, and return what it has said. It must end well."""
        self.process.send_signal(number)
        out, errors = self.process.communicate(timeout=TIMEOUT + 15.0)
        assert self.process.returncode == 0, out + errors
        assert not any(key in out + errors + self.welcome for key in self.keys)
        return out + errors


Start = Callable[..., Service]


@pytest.fixture
def start(home: Path) -> Iterator[Start]:
    """Yield a function that starts a service for a sandbox."""
    services = []

    def started(sandbox: Sandbox, *arguments: str) -> Service:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("OPENMONETIZE")}
        environment |= {
            "OPENMONETIZE_API_KEY": KEY,
            "OPENMONETIZE_BASE_URL": sandbox.url,
            "HOME": str(home),
            "XDG_CONFIG_HOME": str(home),
        }
        services.append(Service(arguments, environment))
        return services[-1]

    yield started
    for service in services:
        service.process.kill()
        service.process.communicate(timeout=TIMEOUT)


@pytest.fixture
def platform() -> Iterator[Sandbox]:
    """Yield a sandbox without events."""
    with Sandbox(key=KEY) as running:
        yield running


def wait_until(condition: Callable[[], Any]) -> Any:
    deadline = time.monotonic() + TIMEOUT
    while not (found := condition()):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return found


def rows(url: str, sql: str) -> Any:
    import psycopg

    with psycopg.connect(url, autocommit=True) as connection:
        return connection.execute(sql.encode()).fetchall()


def other_key(platform: Sandbox) -> str:
    """Return the key of another customer."""
    with OpenMonetize(KEY, platform.url) as om:
        key = om.customers.register(name="Other", email="other@example.com").data.api_key
    assert key is not None
    return key


def keys_file(folder: Path, **keys: str) -> str:
    path = folder / "keys"
    path.write_text("# of the tests\n\n" + "".join(f"{name} = {key}\n" for name, key in keys.items()))
    path.chmod(0o600)
    return str(path)


def test_it_delivers_what_comes_in(platform: Sandbox, database: str, start: Start) -> None:
    service = start(platform, "--dsn", database)
    assert service.problems() == []
    die(database, KEY, platform.url, 3)
    wait_until(lambda: len(platform.events()) == 3)
    wait_until(lambda: service.metric("openmonetize_outbox_events", account="default", state="accepted") == 3)
    delivered = {"account": "default", "outcome": "accepted"}
    wait_until(lambda: service.metric("openmonetize_delivered_events_total", **delivered) == 3)
    assert service.metric("openmonetize_outbox_events", account="default", state="queued") == 0
    assert service.metric("openmonetize_outbox_oldest_seconds", account="default") == 0
    assert service.metric("openmonetize_outbox_other_events") == 0
    assert 0 <= service.metric("openmonetize_last_delivery_seconds", account="default") < TIMEOUT
    assert service.metric("openmonetize_outbox_up") == 1
    assert service.get("/")[0] == 404
    assert "default: 3 accepted, 0 duplicates, 0 refused" in service.end(signal.SIGINT)


def test_it_delivers_what_a_process_has_left_in_a_directory(platform: Sandbox, tmp_path: Path, start: Start) -> None:
    path = str(tmp_path / "outbox")
    die(path, KEY, platform.url, 3)
    service = start(platform, path)
    wait_until(lambda: len(platform.events()) == 3)
    wait_until(lambda: service.metric("openmonetize_outbox_events", account="default", state="accepted") == 3)
    assert service.problems() == []
    assert "default: 3 accepted, 0 duplicates, 0 refused" in service.end()


def test_two_services_with_two_accounts_bill_each_event_once(
    platform: Sandbox, database: str, tmp_path: Path, start: Start
) -> None:
    keys = {"acme": KEY, "other": other_key(platform)}
    services = [start(platform, "--dsn", database, "--accounts", keys_file(tmp_path, **keys)) for _ in range(2)]
    for service in services:
        service.keys.append(keys["other"])
    for key in [*keys.values(), *keys.values()]:
        die(database, key, platform.url, 700)
    wait_until(lambda: len(platform.events()) == 2800)
    wait_until(lambda: not rows(database, "SELECT 1 FROM openmonetize.events"))
    said = [re.findall(r"^(acme|other): ([\d,]+) accepted, 0 dup", service.end(), re.MULTILINE) for service in services]
    delivered = [(name, int(count.replace(",", ""))) for lines in said for name, count in lines]
    for name in keys:
        assert sum(count for its, count in delivered if its == name) == 1400
    events = platform.events()
    assert len({event["event_id"] for event in events}) == 2800
    owners = [event["customer_id"] for event in events]
    assert sorted(owners.count(owner) for owner in set(owners)) == [1400, 1400]


def test_sigterm_waits_for_the_request_under_way(platform: Sandbox, database: str, start: Start) -> None:
    service = start(platform, "--dsn", database)
    platform.fail_next("slow=2s:path=/v1/events")
    die(database, KEY, platform.url, 3)
    wait_until(lambda: rows(database, "SELECT 1 FROM openmonetize.events WHERE leased"))
    die(database, KEY, platform.url, 2)  # for the next
    assert "default: 3 accepted" in service.end()
    assert rows(database, "SELECT leased, attempts FROM openmonetize.events") == [(False, 0)] * 2
    assert len(platform.events()) == 3


def test_a_refused_account_is_told_and_its_leases_are_given_back(
    platform: Sandbox, database: str, start: Start
) -> None:
    platform.fail_next("402:path=/v1/events", times=100)
    die(database, KEY, platform.url, 3)
    service = start(platform, "--dsn", database)
    (problem,) = wait_until(service.problems)
    assert problem.startswith("the platform refuses account 'default'")
    assert service.metric("openmonetize_account_refused", account="default") == 1
    assert service.metric("openmonetize_warnings_total", account="default", kind="parked") == 1
    service.end()
    assert rows(database, "SELECT leased FROM openmonetize.events") == [(False,)] * 3


def test_a_wrong_key_is_told_and_the_others_go_on(
    platform: Sandbox, database: str, tmp_path: Path, start: Start
) -> None:
    path = keys_file(tmp_path, wrong=_WRONG, acme=KEY)
    service = start(platform, "--dsn", database, "--accounts", path)
    (problem,) = wait_until(service.problems)
    assert problem.startswith("the platform refuses account 'wrong'")
    assert service.metric("openmonetize_account_refused", account="acme") == 0
    die(database, KEY, platform.url, 3)
    wait_until(lambda: len(platform.events()) == 3)
    said = service.end()
    assert "the platform refuses account 'wrong'" in said
    assert "acme: 3 accepted" in said


def test_a_database_may_be_down_for_some_time(
    platform: Sandbox, database: str, postgres_url: str, start: Start
) -> None:
    import psycopg

    service = start(platform, "--dsn", database)
    name = re.search(r"outbox_\w+", database)[0]  # type: ignore[index]
    with psycopg.connect(postgres_url, autocommit=True) as server:
        server.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false".encode())
        server.execute(b"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (name,))
        (problem,) = wait_until(service.problems)
        assert "the outbox in PostgreSQL cannot be used" in problem
        assert service.metric("openmonetize_outbox_up") == 0
        server.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true".encode())
    die(database, KEY, platform.url, 3)
    wait_until(lambda: len(platform.events()) == 3)
    wait_until(lambda: not service.problems())
    assert "default: 3 accepted" in service.end()


def test_a_backlog_that_does_not_move_is_told(database: str, start: Start) -> None:
    with Sandbox(key=KEY) as platform:
        die(database, KEY, platform.url, 3)
        platform.fail_next("503:path=/v1/events", times=1000)
        service = start(platform, "--dsn", database, "--stalled-after", "1")
        (problem,) = wait_until(service.problems)
        assert re.match(r"account 'default': nothing was delivered for \d+ seconds, and 3 events wait", problem)
        service.end()


def test_accounts_of_profiles_are_drained_together(om: Run, platform: Sandbox, database: str, home: Path) -> None:
    key = other_key(platform)
    (home / "openmonetize").mkdir()
    (home / "openmonetize" / "config.toml").write_text(
        f'[profiles.acme]\nbase_url = "{platform.url}"\napi_key = "{KEY}"\noutbox = "{database}"\n'
        f'[profiles.other]\nbase_url = "{platform.url}"\napi_key = "{key}"\n'
        f'[profiles.same]\nbase_url = "{platform.url}"\napi_key = "{KEY}"\n'
    )
    for each in (KEY, key, _WRONG):
        die(database, each, platform.url, 2)
    done = om("outbox", "drain", "--profile", "acme", "--profiles", "acme,other", OPENMONETIZE_API_KEY=None)
    assert done.stdout == (
        "acme: 2 accepted, 0 duplicates, 0 refused, 0 left\nother: 2 accepted, 0 duplicates, 0 refused, 0 left\n"
    )
    assert done.returncode == 0
    assert done.stderr.endswith(f"\n2 events wait for another key, of {platform.url}\n")
    done = om("outbox", "drain", database, "--profiles", "acme,same")
    assert (done.returncode, "'acme' and 'same' have the same key" in done.stderr) == (2, True)


def test_keys_that_others_may_read_are_refused(om: Run, tmp_path: Path, database: str) -> None:
    path = keys_file(tmp_path, acme=KEY)
    os.chmod(path, 0o644)
    done = om("outbox", "drain", database, "--accounts", path)
    assert (done.returncode, f"others may read the keys in {path} (chmod 600 {path})" in done.stderr) == (2, True)


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["--health", "0"], "--health needs --watch"),
        (["--dsn", "postgresql://127.0.0.1/usage"], "--dsn and the argument exclude each other"),
        (["--watch", "--timeout", "3"], "--watch and --timeout exclude each other"),
        (["--watch", "--health", "here"], "'here' is no address"),
        (["--watch", "--health", "192.0.2.1:0"], "cannot listen on 192.0.2.1:0"),
        (["--accounts", "keys", "--profiles", "a,b"], "--accounts and --profiles exclude each other"),
        (["--keep", "long"], "keep must be a time"),
    ],
)
def test_what_does_not_fit_is_refused(om: Run, database: str, arguments: list[str], text: str) -> None:
    done = om("outbox", "drain", database, *arguments)
    assert (done.returncode, text in done.stderr) == (2, True), done.stderr

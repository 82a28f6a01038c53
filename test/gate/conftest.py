"""The four stores of holds, and clean sandboxes with clients."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Callable

import pytest

from openmonetize import OpenMonetize
from openmonetize._http.redaction import Secret
from openmonetize._stores.opening import named_place
from openmonetize.gate.holds import HoldStore
from openmonetize.gate.holds.opening import open_store
from openmonetize.sandbox import Sandbox

STORES = ("in process", "sqlite", "postgres", "redis")
SHARED = STORES[1:]

Open = Callable[..., OpenMonetize]


@pytest.fixture(params=STORES)
def kind(request: pytest.FixtureRequest) -> str:
    """The kind of store; a test may choose fewer of them."""
    return str(request.param)


@pytest.fixture
def setting(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    """What `OpenMonetize(holds=...)` takes for this kind of store."""
    if kind == "sqlite":
        return str(tmp_path / "holds.sqlite3")
    return None if kind == "in process" else request.getfixturevalue(f"{kind}_url")


def open_holds(setting: Any) -> HoldStore:
    """Return the store that a setting names."""
    return open_store(named_place("holds", setting), Secret(None))


@pytest.fixture
def stores(kind: str, setting: Any) -> Iterator[Callable[[], HoldStore]]:
    """Yield a function that opens the store, as another process would; in process it is the same one each time."""
    made: list[HoldStore] = []

    def open_one() -> HoldStore:
        if setting is not None or not made:
            made.append(open_holds(setting))
        return made[-1]

    yield open_one
    for store in made:
        store.close()


@pytest.fixture
def wallet() -> str:
    """The name of a wallet that no other test has."""
    return uuid.uuid4().hex


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """A sandbox with the present servers' defects, which bills a moment after it accepts."""
    with Sandbox(mode="faithful", processing_delay=0.2) as running:
        yield running


@pytest.fixture
def opened(sandbox: Sandbox) -> Iterator[Open]:
    """Yield a function that makes clients of the sandbox, which are closed after the test."""
    made: list[OpenMonetize] = []

    def opened(**options: Any) -> OpenMonetize:
        om = OpenMonetize(sandbox.key, sandbox.url, **{"flush_interval": 0.02, **options})
        made.append(om)
        return om

    yield opened
    for om in made:
        om.close(5.0)


@pytest.fixture
def om(opened: Open) -> OpenMonetize:
    return opened()


@pytest.fixture
def user(om: OpenMonetize) -> str:
    """A user with 100 credits, whom no other test has."""
    name = f"acme-{uuid.uuid4().hex}"
    om.credits.grant(user_id=name, amount=100)
    return name

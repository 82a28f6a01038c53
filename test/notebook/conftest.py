"""An account with 30 days of usage, in a sandbox of its own."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta, timezone

import pytest

from openmonetize import OpenMonetize
from openmonetize.sandbox import Sandbox

MODELS = [("OPENAI", "gpt-4o"), ("OPENAI", "gpt-4o-mini"), ("ANTHROPIC", "claude-4.5-sonnet")]
DAYS = 30
# Of each day there are two events, one of each user.
EVENTS = 2 * DAYS
USERS = ("acme_ada", "acme_bob")
SCRIPT = "<script>alert('x')</script>"


@pytest.fixture(scope="package")
def server() -> Iterator[Sandbox]:
    with Sandbox() as running:
        yield running


@pytest.fixture(scope="package")
def key(server: Sandbox) -> str:
    return str(server.key)


@pytest.fixture(scope="package")
def om(server: Sandbox, key: str) -> Iterator[OpenMonetize]:
    with OpenMonetize(api_key=key, base_url=server.url) as om:
        for user in USERS:
            om.credits.grant(user_id=user, amount=50_000)
        now = datetime.now(timezone.utc)
        for day in range(DAYS):
            for number, user in enumerate(USERS):
                provider, model = MODELS[(day + number) % 3]
                om.track_token_usage(
                    user_id=user,
                    feature_id=SCRIPT if number else "chat",
                    provider=provider,
                    model=model,
                    input_tokens=1000 * (1 + day % 5),
                    output_tokens=200,
                    timestamp=now - timedelta(days=day, minutes=5),
                    metadata={"day": day},
                )
        assert om.flush().accepted == EVENTS
        om.wait_billed()
        yield om

"""An hour of real LLM traffic for a sandbox to start with: the Azure LLM inference trace 2023 (CC BY 4.0).

Patel et al., "Splitwise", ISCA 2024. The trace names no model and no user: one model is assumed for each of its two
files, and five users take turns. It is moved in time, so that it ends now.
"""

from __future__ import annotations

import csv
import gzip
import itertools
import uuid
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from openmonetize.sandbox.accounts.customers import Customer
from openmonetize.sandbox.accounts.users import find_or_add_user
from openmonetize.sandbox.billing.ingestion import Ingestion
from openmonetize.sandbox.billing.ledger import add_credits, find_grant, open_wallet
from openmonetize.sandbox.clock import iso, to_ms
from openmonetize.sandbox.errors import SandboxDataError
from openmonetize.sandbox.state import State

# In an installed package, and in the repository.
_FOLDERS = (Path(__file__).parent / "demo_data", Path(__file__).parents[2] / "examples" / "data")
# A file of the trace, and what is assumed for it.
_TRACES = {
    "AzureLLMInferenceTrace_conv.csv.gz": ("OPENAI", "gpt-4o", "chat"),
    "AzureLLMInferenceTrace_code.csv.gz": ("ANTHROPIC", "claude-4.5-sonnet", "code-completion"),
}
USERS = ("demo_ada", "demo_grace", "demo_edsger", "demo_barbara", "demo_donald")
GRANT = 60_000  # credits for each user
_NAMESPACE = uuid.UUID("5f0b7a6e-2b35-4ab8-9a0f-6a1c8f5d4e21")
_BATCH = 1000  # events


def load(state: State, ingestion: Ingestion, customer: Customer) -> int:
    """Credit the users' wallets, and store the events. Return how many are new: none if they were loaded before.

    Raises:
        SandboxDataError: the data is not there.
    """
    events = list(_events(state))
    for user in USERS:
        _grant(state, customer, user)
    accepted, remaining = 0, iter(events)
    while batch := list(itertools.islice(remaining, _BATCH)):
        accepted += ingestion.accept(customer, batch, clean=True).accepted
    return accepted


def _grant(state: State, customer: Customer, user: str) -> None:
    key = f"demo hour {customer.id} {user}"
    if find_grant(state, key) is not None:
        return
    with state.db.transaction():
        find_or_add_user(state, customer.pk, user)
        wallet = open_wallet(state, customer.pk, user)
        add_credits(state, wallet, "GRANT", GRANT, "demo", {}, key)


def _events(state: State) -> Iterator[dict[str, Any]]:
    """Yield the events of both files, each in its order."""
    requests = [
        (*row, *assumed, f"{name} {number}") for name, assumed in _TRACES.items() for number, row in _rows(name)
    ]
    shift = state.clock.now() - max(ms for ms, *_ in requests)
    for number, (ms, tokens_in, tokens_out, provider, model, feature, source) in enumerate(requests):
        event_id = str(uuid.uuid5(_NAMESPACE, source))
        yield {
            "event_id": event_id,
            "idempotency_key": event_id,
            "event_type": "TOKEN_USAGE",
            "user_id": USERS[number % len(USERS)],
            "feature_id": feature,
            "provider": provider,
            "model": model,
            "input_tokens": tokens_in,
            "output_tokens": tokens_out,
            "timestamp": iso(ms + shift),
            "metadata": {},
        }


def _rows(name: str) -> Iterator[tuple[int, tuple[int, int, int]]]:
    path = next((folder / name for folder in _FOLDERS if (folder / name).is_file()), None)
    if path is None:
        raise SandboxDataError(
            f"the demo needs the file {name}, which is in the published package and in the repository"
        )
    with gzip.open(path, "rt", encoding="ascii") as lines:
        for number, row in enumerate(csv.DictReader(lines)):
            moment = datetime.fromisoformat(row["TIMESTAMP"][:26].ljust(26, "0")).replace(tzinfo=timezone.utc)
            yield number, (to_ms(moment), int(row["ContextTokens"]), int(row["GeneratedTokens"]))

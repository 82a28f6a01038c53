"""The reasons explain the whole difference, and the rows have the whole sums, whatever was recorded and charged."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from functools import partial
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from openmonetize import Charge
from openmonetize.reconcile import REASONS, grouping
from openmonetize.reconcile.joining import Join
from openmonetize.reconcile.kinds import OTHER, TOKEN_KINDS
from openmonetize.reconcile.known_events import ACCEPTED, DEAD, KnownEvent, recorded_events, stored_events
from openmonetize.reconcile.reasons import gaps, known_by_place, provided
from openmonetize.reconcile.result import BY
from openmonetize.reconcile.statement import Place, Statement

DAYS = (date(2026, 3, 1), date(2026, 3, 2))
UNPRICED = ("OPENAI", "o3")
MODELS = (("OPENAI", "gpt-4o"), ("ANTHROPIC", "claude-4.5-haiku"), ("GOOGLE", "gemini-2.5-flash"))
COUNTS = st.integers(0, 200_000)
EVENTS = st.lists(
    st.fixed_dictionaries(
        {
            "day": st.sampled_from(DAYS),
            "model": st.sampled_from((*MODELS, UNPRICED, (None, None))),
            "feature": st.sampled_from(("chat", "search", "")),
            "user": st.sampled_from(("ada", "nobody", None)),
            "tokens": st.tuples(COUNTS, COUNTS),
            "caches": st.tuples(COUNTS, COUNTS),
            "credits": st.tuples(st.integers(0, 500), st.integers(0, 500)),
            "where": st.sampled_from(("both", "recorded", "dead", "stored", "twice")),
            "partial": st.booleans(),
            "batch": st.booleans(),
        }
    ),
    max_size=12,
)
CHARGES = st.lists(
    st.tuples(
        st.sampled_from(DAYS),
        st.sampled_from((*MODELS[:2], UNPRICED)),
        st.sampled_from((*TOKEN_KINDS, OTHER)),
        COUNTS,
        st.decimals(0, 5, places=6),
        st.integers(0, 5),
        st.booleans(),
    ),
    max_size=12,
)


def price(provider: str, model: str, kind: str) -> Decimal | None:
    return Decimal("0.000002") if model != "o3" else None


def statement_of(charges: Sequence[Any]) -> Statement:
    found = Statement(lambda provider, model: model, price)
    found.providers |= {"OPENAI", "ANTHROPIC"}
    for day, (provider, model), kind, count, usd, requests, batch in charges:
        place = found.place(day, provider, model)
        if kind != OTHER:
            found.add_tokens(place, {kind: count}, batch)
        found.add_usd(place, kind, usd)
        if provider == "OPENAI":
            found.requests[place] += requests
    found.finish()
    return found


def sides(events: Sequence[Any], statement: Statement) -> tuple[list[KnownEvent], list[KnownEvent]]:
    """Return what was recorded, and what is stored."""
    recorded: list[KnownEvent] = []
    stored: list[KnownEvent] = []
    for each in events:
        provider, model = each["model"]
        metadata: dict[str, Any] = dict(
            zip(("gen_ai.usage.cache_read.input_tokens", "gen_ai.usage.cache_write.input_tokens"), each["caches"])
        )
        if each["partial"]:
            metadata["usage_completeness"] = "partial"
        if each["batch"]:
            metadata["gen_ai.response.batch"] = True
        event: dict[str, Any] = {
            "event_id": str(uuid.uuid4()),
            "event_type": "TOKEN_USAGE",
            "timestamp": f"{each['day']}T12:00:00Z",
            "provider": provider,
            "model": model,
            "user_id": each["user"],
            "feature_id": each["feature"],
            "input_tokens": each["tokens"][0],
            "output_tokens": each["tokens"][1],
            "metadata": metadata,
        }
        state = DEAD if each["where"] == "dead" else ACCEPTED
        charge = Charge(each["credits"][0], Decimal(each["credits"][0]) / 1000 - Decimal("0.0004"), "row")
        estimate = partial(_same, charge)
        made = list(recorded_events([event], state, statement, estimate, *DAYS))
        if each["where"] != "stored":
            recorded += made * (2 if each["where"] == "twice" else 1)
        if each["where"] in ("both", "stored", "twice"):
            stored += list(stored_events([_Row(event, each["credits"][1])], statement, estimate, *DAYS))
    return recorded, stored


def _same(charge: Charge, event: Any) -> Charge:
    return charge


class _Row:
    """A row of the platform's list."""

    def __init__(self, event: dict[str, Any], credits: int) -> None:
        self.id, self.timestamp, self.metadata = event["event_id"], event["timestamp"], event["metadata"]
        self.event_type = event["event_type"]
        self.provider, self.model, self.feature_id = event["provider"], event["model"], event["feature_id"]
        self.input_tokens, self.output_tokens = event["input_tokens"], event["output_tokens"]
        self.credits_burned, self.cost_usd = credits, Decimal(credits) / 1000 - Decimal("0.0003")


@settings(max_examples=60)
@given(EVENTS, CHARGES, st.lists(st.sampled_from(BY), min_size=1, unique=True))
def test_the_reasons_are_the_whole_difference(events: Any, charges: Any, by: list[str]) -> None:
    statement = statement_of(charges)
    recorded, stored = sides(events, statement)
    with Join() as join:
        join.load("recorded", recorded, {"nobody"})
        join.load("stored", stored)
        join.run(0.0)
        sums, reasons = join.sums(), join.reasons()
    charged, known = provided(statement), known_by_place(sums)
    rows = grouping.rows(by, sums, charged, known, statement.providers)
    differences = grouping.differences(by, [*reasons, *gaps(statement, charged, known)])
    assert {each.reason for each in differences} <= set(REASONS)

    total = sum((row.provider_usd for row in rows if row.provider_usd is not None), Decimal(0))
    assert total == pytest.approx(sum(statement.usd.values(), Decimal(0)), abs=Decimal("1e-9"))
    assert sum(row.platform_events for row in rows) == len(stored)
    assert sum(row.recorded_events for row in rows) == len({event.id for event in recorded})
    assert sum(row.provider_requests or 0 for row in rows) == sum(statement.requests.values())

    asked = {place for place in known if place.provider in statement.providers}
    due = sum(statement.usd.values(), Decimal(0))
    due += sum((_expected(sums, recorded, stored, place) for place in known if place not in asked), Decimal(0))
    paid = sum((Decimal(each.paid_credits) / 1000 for each in sums), Decimal(0))
    explained = sum((each.usd for each in differences), Decimal(0))
    assert explained == pytest.approx(due - paid, abs=Decimal("1e-6"))


def _expected(sums: Any, recorded: list[KnownEvent], stored: list[KnownEvent], place: Place) -> Decimal:
    """Return what the events of a place should burn, in US dollars: as recorded, else as stored."""
    credits = {event.id: event.credits for event in (*stored, *recorded) if event.place == place}
    return Decimal(sum(credits.values())) / 1000
